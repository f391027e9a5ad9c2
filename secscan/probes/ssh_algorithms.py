"""What an SSH server offers to everybody who connects, before anybody signs in. Asked from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import HOST

_STRICT = "kex-strict-s-v00@openssh.com"
_MARKERS = {
    _STRICT,
    "ext-info-s",
    "ext-info-c",
    "kex-strict-c-v00@openssh.com",
}  # no methods: they tell what else is understood
_LISTS = ("kex", "host_keys", "ciphers_in", "ciphers_out", "macs_in", "macs_out", "compression_in", "compression_out")


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"{call['host'] or 'the target'} TCP port {call['port'] or 'of SSH'}" for call in calls))


def read(call: Arguments, answer: Answer) -> Observation:
    """`banner SSH-2.0-...`, a line for each kind of algorithm (`kex a,b`, `ciphers_in ...`), `end`."""
    said = reply(answer, "an SSH server")
    if said:
        return said
    lines = closed_lines(answer)
    told = {name: rest for name, _, rest in (line.partition(" ") for line in lines)}
    banner = told.pop("banner", "")
    version = re.match(r"SSH-(\d+\.\d+)-(.*)", banner)
    if not version or (set(told) != set(_LISTS) and told) or (not told and version[1] in ("2.0", "1.99")):
        raise Unreadable("expected a banner and the lists of algorithms")
    found = {name: tuple(word for word in told.get(name, "").split(",") if word) for name in _LISTS}
    return Observed({
        "banner": banner,
        "protocol": version[1],
        "software": version[2].strip(),
        "kex": tuple(word for word in found["kex"] if word not in _MARKERS),
        "host_keys": found["host_keys"],
        "ciphers": tuple(dict.fromkeys((*found["ciphers_in"], *found["ciphers_out"]))),
        "macs": tuple(dict.fromkeys((*found["macs_in"], *found["macs_out"]))),
        "compression": tuple(dict.fromkeys((*found["compression_in"], *found["compression_out"]))),
        "strict_kex": _STRICT in found["kex"],
    })  # fmt: skip


PROBE = Probe(
    name="ssh_algorithms",
    summary="What an SSH server offers before anybody signs in",
    arguments=(
        Argument("port", Type.INTEGER, "port; the one that the target is signed in to, or 22, unless said"),
        Argument("host", Type.TEXT, "another host than the target", pattern=HOST),
    ),
    attributes=(
        Attribute("protocol", Type.TEXT, "2.0; 1.99 where version 1 is offered too"),
        Attribute("banner", Type.TEXT, "its first line"),
        Attribute("software", Type.TEXT, "the part of it after the protocol"),
        Attribute("kex", Type.LIST, "key exchange methods"),
        Attribute("host_keys", Type.LIST, "algorithms of host keys"),
        Attribute("ciphers", Type.LIST, "ciphers, of both directions"),
        Attribute("macs", Type.LIST, "message authentication codes, of both directions"),
        Attribute("compression", Type.LIST, "compression methods, of both directions"),
        Attribute("strict_kex", Type.BOOLEAN, "the strict key exchange that stops the Terrapin attack is offered"),
    ),
    ask=ask,
    read=read,
    example=(
        "banner SSH-2.0-OpenSSH_9.2p1\nkex curve25519-sha256,kex-strict-s-v00@openssh.com\nhost_keys ssh-ed25519\n"
        "ciphers_in aes256-gcm@openssh.com\nciphers_out aes256-gcm@openssh.com\nmacs_in hmac-sha2-256-etm@openssh.com\n"
        "macs_out hmac-sha2-256-etm@openssh.com\ncompression_in none\ncompression_out none\nend\n"
    ),
    time_limit_s=20,
    outside=True,
)  # fmt: skip
