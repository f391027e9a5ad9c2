"""The API server of Kubernetes on this host, by the flags it runs with. Keys of the encryption are never told, only their kind."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.kubernetes import FLAGS, read_switch, read_told

_SWITCHES = "anonymous-auth"
_FLAGS = (
    "authentication-config authorization-config authorization-mode token-auth-file basic-auth-file insecure-port client-ca-file "
    "audit-policy-file audit-log-path audit-webhook-config-file encryption-provider-config etcd-servers etcd-certfile "
    "enable-admission-plugins disable-admission-plugins kubelet-certificate-authority"
)
_PROVIDERS = "identity|aescbc|aesgcm|secretbox|kms"
# In the file of the encryption a list item names either a resource or a provider; what stands below a provider is never printed.
_SCRIPT = rf"""{FLAGS}
list_encryption() {{
  if [ ! -r "$1" ]; then printf 'fault the configuration of the encryption cannot be read\n'; return 0; fi
  head -c 65536 "$1" | awk '
    {{ sub(/#.*/, ""); gsub(/["\047]/, "") }}
    /^ *-? *resources *:/ {{
      inside = 1; match($0, /^ */)
      if (sub(/^.*\[/, "") && sub(/\].*/, "")) {{
        gsub(/,/, " "); n = split($0, w, " "); inside = 0
        for (i = 1; i <= n; i++) print "resource " w[i]
      }}
      next
    }}
    /^ *-? *providers *:/ {{ inside = 0; next }}
    inside && /^ *- *[A-Za-z*][A-Za-z0-9.*-]* *$/ {{ sub(/^ *- */, ""); sub(/ *$/, ""); print "resource " $0; next }}
    /^ *- *({_PROVIDERS}) *:/ {{ sub(/^ *- */, ""); sub(/ *:.*/, ""); print "provider " $0 }}'
}}
if [ ! -r /proc/self/stat ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
if find_process kube-apiserver; then
  if [ "$(id -u)" != 0 ]; then printf 'unobservable: needs root to read what the API server reads\n'
  elif ! have awk; then printf 'unobservable: there is no awk command\n'
  else
    flags=$(list_flags '{_SWITCHES}' '{_FLAGS}')
    printf 'runs\n%s%s' "$flags" "${{flags:+
}}"
    file=$(printf '%s\n' "$flags" | sed -n 's/^flag encryption-provider-config //p' | tail -n 1)
    if [ -n "$file" ]; then list_encryption "/proc/$pid/root$file"; fi
    printf 'end\n'
  fi
elif find_process k3s-server; then
  printf 'unobservable: k3s runs the API server within its own process and shows its settings to nobody\n'
elif [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ]; then
  printf 'unobservable: the host is set up for an API server of Kubernetes, and none runs\n'
else printf 'absent\n'; fi
part 0 0"""
_KEPT = re.compile(r"(resource|provider) (\S{1,120})")
# Those that the API server has on without being told; source: kubernetes.io, "Admission Control in Kubernetes". Not among them:
_NOT_DEFAULT = "NodeRestriction"


def ask(calls: Sequence[Arguments]) -> Question:
    """The command line of the process, and the file that it names for the encryption."""
    return Question(_SCRIPT, ("/proc/*/{comm,cmdline}", "the file that --encryption-provider-config names", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`runs`, `flag NAME VALUE` of its command line, `resource NAME` and `provider NAME` of its encryption, then `end`."""
    said = reply(answer, "an API server of Kubernetes")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    if head != "runs":
        raise Unreadable("the answer does not say that an API server runs")
    kept = [match for line in lines if (match := _KEPT.fullmatch(line))]
    try:
        flags, _ = read_told(line for line in lines if not _KEPT.fullmatch(line))
    except LookupError as reason:
        return Unobservable(str(reason.args[0]))
    servers = [server for server in flags.get("etcd-servers", "").split(",") if server]
    modes = tuple(mode for mode in flags.get("authorization-mode", "AlwaysAllow").split(",") if mode)
    port = flags.get("insecure-port", "0")
    return Observed({
        "authorization": Unobservable("it is set in a file, which is not read") if "authorization-config" in flags else modes,
        "anonymous": Unobservable("it is set in a file, which is not read")
        if "authentication-config" in flags and "anonymous-auth" not in flags
        else read_switch(flags.get("anonymous-auth"), default=True),
        "static_passwords": bool(flags.get("token-auth-file") or flags.get("basic-auth-file")),
        "plain_port": port != "0",
        "restricts_nodes": _NOT_DEFAULT in flags.get("enable-admission-plugins", "").split(",")
        and _NOT_DEFAULT not in flags.get("disable-admission-plugins", "").split(","),
        "verifies_nodes": bool(flags.get("kubelet-certificate-authority")),
        "audited": bool(flags.get("audit-policy-file") and (flags.get("audit-log-path") or flags.get("audit-webhook-config-file"))),
        "secrets_encrypted_by": _encryption([(match[1], match[2]) for match in kept], "encryption-provider-config" in flags),
        "store_encrypted": bool(servers and flags.get("etcd-certfile")) and all(url.startswith("https://") for url in servers),
    })  # fmt: skip


def _encryption(kept: Sequence[tuple[str, str]], is_set: bool) -> Value:
    """What secrets are written with: the first provider of the first entry whose resources have them."""
    if not is_set:
        return Absent("an encryption of secrets")
    meant, before = False, "provider"
    for kind, name in kept:
        if kind == "resource":
            meant = (before == "resource" and meant) or name in {"secrets", "*.", "*.*"}
        elif meant:
            return name
        before = kind
    if not kept:
        return Unobservable("the configuration of the encryption is not understood")
    return Absent("an encryption of secrets")


PROBE = Probe(
    name="kubernetes_api",
    summary="The API server of Kubernetes on the host, by the flags it runs with",
    arguments=(),
    attributes=(
        Attribute("authorization", Type.LIST, "who decides what one may, such as Node and RBAC; AlwaysAllow: everybody may all"),
        Attribute("anonymous", Type.BOOLEAN, "requests without any proof of who asks are let in, as system:anonymous"),
        Attribute("static_passwords", Type.BOOLEAN, "a file of passwords or tokens that never end opens it"),
        Attribute("plain_port", Type.BOOLEAN, "a port without TLS is open, where everybody may all"),
        Attribute("restricts_nodes", Type.BOOLEAN, "a node can change only itself and its own pods (NodeRestriction)"),
        Attribute("verifies_nodes", Type.BOOLEAN, "it makes sure that a kubelet it talks to is the right one"),
        Attribute("audited", Type.BOOLEAN, "requests are recorded by a policy, in a file or at a collector"),
        Attribute("secrets_encrypted_by", Type.TEXT, "aescbc, aesgcm, secretbox, kms; identity: in clear; absent without any"),
        Attribute("store_encrypted", Type.BOOLEAN, "it talks to etcd over TLS only, with a certificate of its own"),
    ),
    ask=ask,
    read=read,
    example=(
        "runs\nflag authorization-mode Node,RBAC\nflag etcd-certfile /etc/kubernetes/pki/apiserver-etcd-client.crt\n"
        "flag etcd-servers https://127.0.0.1:2379\nflag enable-admission-plugins NodeRestriction\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)  # fmt: skip
