"""The key-value store etcd on this host: where it listens and whose certificates it demands, by what it was started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.kubernetes import FLAGS, read_switch, read_told

_SWITCHES = "client-cert-auth peer-client-cert-auth auto-tls peer-auto-tls"
_FLAGS = "config-file listen-client-urls listen-peer-urls trusted-ca-file peer-trusted-ca-file"
# Of its environment only these variables are printed. A flag holds before a variable.
_SCRIPT = rf"""{FLAGS}
if [ ! -r /proc/self/stat ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
if find_process etcd; then
  if ! variables=$(tr '\n\000' ' \n' 2>/dev/null <"/proc/$pid/environ"); then
    printf 'unobservable: needs root to read what etcd was started with\n'
  elif ! have awk; then printf 'unobservable: there is no awk command\n'
  else
    printf 'runs\n'
    for name in {_SWITCHES} {_FLAGS}; do
      variable=ETCD_$(printf '%s' "$name" | tr 'a-z-' 'A-Z_')
      printf '%s\n' "$variables" | sed -n "s|^$variable=\\(..*\\)|flag $name \\1|p"
    done
    list_flags '{_SWITCHES}' '{_FLAGS}'
    printf 'end\n'
  fi
else printf 'absent\n'; fi
part 0 0"""
_LOOPBACK = ("127.", "localhost:", "[::1]:")


def ask(calls: Sequence[Arguments]) -> Question:
    """The command line and the environment of the process."""
    return Question(_SCRIPT, ("/proc/*/{comm,cmdline}", "variables ETCD_* in /proc/PID/environ of etcd", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`runs`, `flag NAME VALUE` of its environment and its command line, then `end`."""
    said = reply(answer, "an etcd that runs")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    if head != "runs":
        raise Unreadable("the answer does not say that etcd runs")
    flags, _ = read_told(lines)
    if flags.get("config-file"):
        return Unobservable("etcd takes its settings from a file, which is not read")
    clients = _urls(flags, "listen-client-urls", "http://localhost:2379")
    peers = _urls(flags, "listen-peer-urls", "http://localhost:2380")
    return Observed({
        "client_certificates": _certificates(flags, ""),
        "peer_certificates": _certificates(flags, "peer-"),
        "clients_at": clients,
        "peers_at": peers,
        "in_clear": tuple(url for url in clients if url.startswith("http:"))
        + tuple(url for url in peers if url.startswith("http:") and not _is_local(url)),
        "peers_local": all(map(_is_local, peers)),
    })  # fmt: skip


def _urls(flags: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    return tuple(url for url in flags.get(name, default).split(",") if url)


def _is_local(url: str) -> bool:
    kind, _, place = url.partition("://")
    return kind.startswith("unix") or place.startswith(_LOOPBACK)


def _certificates(flags: Mapping[str, str], who: str) -> Value:
    """Whether a certificate of an authority of one's own is demanded; with certificates made by themselves nobody is."""
    if read_switch(flags.get(f"{who}auto-tls"), default=False) is True:
        return False
    demanded = read_switch(flags.get(f"{who}client-cert-auth"), default=False)
    return demanded if isinstance(demanded, Unobservable) else demanded is True or bool(flags.get(f"{who}trusted-ca-file"))


PROBE = Probe(
    name="etcd",
    summary="The key-value store etcd on the host: where it listens, and whose certificates it demands",
    arguments=(),
    attributes=(
        Attribute("client_certificates", Type.BOOLEAN, "clients must show a certificate of the authority that etcd trusts"),
        Attribute("peer_certificates", Type.BOOLEAN, "so must the other members"),
        Attribute("clients_at", Type.LIST, "where it listens for clients"),
        Attribute("peers_at", Type.LIST, "where it listens for the other members"),
        Attribute("in_clear", Type.LIST, "where clients, or members on other hosts, come in without TLS"),
        Attribute("peers_local", Type.BOOLEAN, "it listens for other members on this host only"),
    ),
    ask=ask,
    read=read,
    example=(
        "runs\nflag client-cert-auth true\nflag peer-client-cert-auth true\n"
        "flag listen-client-urls https://127.0.0.1:2379,https://10.0.0.5:2379\nflag listen-peer-urls https://10.0.0.5:2380\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)  # fmt: skip
