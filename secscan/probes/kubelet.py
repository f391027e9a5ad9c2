"""The agent of Kubernetes on a node: whom it lets in, as its flags and its configuration file say together."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.kubernetes import FLAGS, SETTINGS, read_number, read_switch, read_told

_SWITCHES = "anonymous-auth rotate-certificates rotate-server-certificates protect-kernel-defaults"
_FLAGS = "config config-dir authorization-mode read-only-port client-ca-file tls-cert-file tls-min-version"
_KEYS = (
    "authentication.anonymous.enabled authentication.x509.clientCAFile authorization.mode readOnlyPort rotateCertificates "
    "serverTLSBootstrap tlsCertFile tlsMinVersion protectKernelDefaults"
)
# The file is read as the kubelet sees it, which may live in a container of its own.
_SCRIPT = rf"""{FLAGS}
{SETTINGS}
if [ ! -r /proc/self/stat ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
if find_process kubelet; then
  if [ "$(id -u)" != 0 ]; then printf 'unobservable: needs root to read what the kubelet reads\n'
  elif ! have awk; then printf 'unobservable: there is no awk command\n'
  else
    printf 'runs\n'
    flags=$(list_flags '{_SWITCHES}' '{_FLAGS}')
    config='' more=''
    while IFS= read -r line; do
      case $line in
        'flag config '*) config=${{line#flag config }} ;;
        'flag config-dir '*) more=${{line#flag config-dir }} ;;
      esac
    done <<END
$flags
END
    case $config in '' | /*) ;; *) config=$(readlink "/proc/$pid/cwd")/$config ;; esac
    if [ -n "$config" ]; then list_settings "/proc/$pid/root$config" '{_KEYS}'; fi
    if [ -n "$more" ]; then
      for file in "/proc/$pid/root$more"/*.conf; do
        if [ -e "$file" ]; then list_settings "$file" '{_KEYS}'; fi
      done
    fi
    if [ -n "$flags" ]; then printf '%s\n' "$flags"; fi
    printf 'end\n'
  fi
elif find_process k3s-server || find_process k3s-agent; then
  printf 'unobservable: k3s runs the kubelet within its own process and shows its settings to nobody\n'
elif [ -e /var/lib/kubelet/config.yaml ]; then printf 'unobservable: a kubelet is set up here and does not run\n'
else printf 'absent\n'; fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The command line of the process, and the file that it names."""
    return Question(_SCRIPT, ("/proc/*/{comm,cmdline}", "the files that --config and --config-dir of the kubelet name", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`runs`, then `set KEY VALUE` or `json TEXT` of its files and `flag NAME VALUE` of its command line; then `end`.

    A flag holds before the files. Without any file the defaults are others, and open: source: kubernetes.io, "kubelet".
    """
    said = reply(answer, "a kubelet")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    if head != "runs":
        raise Unreadable("the answer does not say that a kubelet runs")
    try:
        flags, settings = read_told(lines)
    except LookupError as reason:
        return Unobservable(str(reason.args[0]))
    of_file = "config" in flags
    nested = next(
        (key for key in settings if key in {"authentication", "authentication.anonymous", "authentication.x509", "authorization"}),
        "",
    )
    if nested:
        return Unobservable(f"{nested} is not written in block style, which is not understood")
    mode = flags.get("authorization-mode") or settings.get("authorization.mode") or ("Webhook" if of_file else "AlwaysAllow")
    return Observed({
        "anonymous": read_switch(flags.get("anonymous-auth", settings.get("authentication.anonymous.enabled")), not of_file),
        "authorization": mode,
        "read_only_port": read_number(flags.get("read-only-port", settings.get("readOnlyPort")), 0 if of_file else 10255),
        "client_ca": _path(flags.get("client-ca-file", settings.get("authentication.x509.clientCAFile"))),
        "rotates_certificate": read_switch(flags.get("rotate-certificates", settings.get("rotateCertificates")), default=False),
        "server_certificate": _server_certificate(flags, settings),
        "protects_kernel_defaults": read_switch(
            flags.get("protect-kernel-defaults", settings.get("protectKernelDefaults")), default=False
        ),
    })  # fmt: skip


def _path(value: str | None) -> Value:
    return value or Absent("a setting for it")


def _server_certificate(flags: dict[str, str], settings: dict[str, str]) -> Value:
    if flags.get("tls-cert-file", settings.get("tlsCertFile")):
        return "file"
    signed = read_switch(flags.get("rotate-server-certificates", settings.get("serverTLSBootstrap")), default=False)
    return signed if isinstance(signed, Unobservable) else "signed" if signed else "self-signed"


PROBE = Probe(
    name="kubelet",
    summary="The agent of Kubernetes on the node, and whom it lets in",
    arguments=(),
    attributes=(
        Attribute("anonymous", Type.BOOLEAN, "requests without any proof of who asks are let in"),
        Attribute("authorization", Type.TEXT, "Webhook: the control plane is asked whether one may; AlwaysAllow: everybody may"),
        Attribute("read_only_port", Type.INTEGER, "a port that tells everybody about pods, without TLS; 0: there is none"),
        Attribute("client_ca", Type.TEXT, "the authority whose certificates prove who asks; absent without one"),
        Attribute("rotates_certificate", Type.BOOLEAN, "it renews its own client certificate before that ends"),
        Attribute("server_certificate", Type.TEXT, "signed by the cluster's authority, from a file, or self-signed"),
        Attribute("protects_kernel_defaults", Type.BOOLEAN, "it stops when the kernel is not set as it needs, and changes nothing"),
    ),
    ask=ask,
    read=read,
    example=(
        "runs\nset authentication.anonymous.enabled false\nset authentication.x509.clientCAFile /etc/kubernetes/pki/ca.crt\n"
        "set authorization.mode Webhook\nset rotateCertificates true\nflag config /var/lib/kubelet/config.yaml\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)  # fmt: skip
