"""Records of the name service, with what a validating resolver makes of their signatures. Asked from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value, read_timestamp
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import NAME_OR_NONE, RESOLVER, UNDECLARED

_TYPES = ("A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "MX", "NS", "PTR", "SOA", "SRV", "SSHFP", "TLSA", "TXT")
_LINE = re.compile(
    r"(?:question|status|authenticated|validating) .+|record [A-Z0-9]+ \d+ .*"
    r"|inherited \S+|lifetime (?:\d+|unknown .+)|signature [A-Z0-9]+ \S+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
)
_WRONG = Unobservable("its signatures are wrong")
_NOT_VALIDATING = Unobservable("the resolver does not validate signatures: name one that does in argument resolver")


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question(
        "",
        tuple(
            f"name server {call['resolver'] or 'of the scanner'}: {call['name'] or 'the declared domain'} {call['type']}"
            for call in calls
        ),
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """`question NAME TYPE`, `status NOERROR`, `authenticated yes|no`, `validating yes|no`, records, signatures, `end`.

    `inherited NAME`: the records stand there; `lifetime SECONDS`: of the domain's own servers, where the answer was from memory.
    A record is `record TYPE TTL VALUE`, a signature `signature TYPE ALGORITHM ITS-END`; `undeclared`: no name is known.
    """
    said = reply(answer, str(call["name"]))
    if said:
        return said
    lines = closed_lines(answer)
    if lines == ["undeclared"] and not call["name"]:
        return Observed({**{each.name: UNDECLARED for each in PROBE.attributes}, "name": Absent("a declared domain")})
    asked = lines[0].split(" ") if lines else []
    if not all(map(_LINE.fullmatch, lines)) or len(asked) != 3 or asked[2] != call["type"] or call["name"] not in ("", asked[1]):
        raise Unreadable(f"expected the answer to 'question {call['name']} {call['type']}'")
    told = dict(line.split(" ", 1) for line in lines if line.startswith(("status ", "authenticated ", "validating ")))
    if "status" not in told:
        raise Unreadable("expected a line about the status")
    records = [line.split(" ", 3)[1:] for line in lines if line.startswith("record ")]
    signatures = [line.split(" ")[1:] for line in lines if line.startswith("signature ")]
    wanted = [record for record in records if record[0] == call["type"]]
    aliases = [value for kind, _, value in records if kind == "CNAME"]
    ends = [read_timestamp(end) for kind, _, end in signatures if kind == call["type"]]
    bogus = told["status"] == "BOGUS"
    return Observed({
        "values": _WRONG if bogus else tuple(value for _, _, value in wanted),
        "name": asked[1],
        "ttl": _ttl(wanted, lines),
        "alias": aliases[-1] if aliases and call["type"] != "CNAME" else Absent("an alias"),
        "authenticated": False if bogus else _authenticated(told),
        "signed": bool(ends),
        "signature_expires": min(ends) if ends else Absent("a signature"),
        "issuers": _issuers(call, wanted, bogus=bogus),
        "algorithms": tuple(dict.fromkeys(algorithm for kind, algorithm, _ in signatures if kind == call["type"])),
    })  # fmt: skip


def _ttl(wanted: Sequence[Sequence[str]], lines: Sequence[str]) -> Value:
    lifetime = next((line.removeprefix("lifetime ") for line in lines if line.startswith("lifetime ")), "")
    if not wanted:
        return Absent("a record")
    if lifetime.startswith("unknown "):
        return Unobservable(f"only an answer from memory is known: {lifetime.removeprefix('unknown ')}")
    return int(lifetime) if lifetime else min(int(ttl) for _, ttl, _ in wanted)


def _issuers(call: Arguments, wanted: Sequence[Sequence[str]], *, bogus: bool) -> Value:
    """What stands after `issue`: without that property, everybody may issue certificates for the name (RFC 8659, 4.2)."""
    if call["type"] != "CAA":
        return Absent("records of type CAA")
    if bogus:
        return _WRONG
    found = (re.fullmatch(r'\d+ issue "(.*)"', value, re.IGNORECASE) for _, _, value in wanted)
    return tuple(match[1] for match in found if match)


def _authenticated(told: dict[str, str]) -> Value:
    if told.get("authenticated") == "yes":
        return True
    if told.get("authenticated") != "no" or told.get("validating") not in {"yes", "no"}:
        raise Unreadable("expected the lines authenticated and validating")
    return False if told["validating"] == "yes" else _NOT_VALIDATING


PROBE = Probe(
    name="dns_record",
    summary="Records of the name service, and whether they are signed and authentic",
    arguments=(
        Argument("name", Type.TEXT, "the name; else what the host's label `domain` declares", default="", pattern=NAME_OR_NONE),
        Argument("type", Type.TEXT, "type of record", required=True, choices=_TYPES),
        Argument("port", Type.INTEGER, "port of the domain's own name servers", default=53),
        Argument("resolver", Type.TEXT, "name server to ask, ADDRESS[:PORT]; else the scanner's own", default="", pattern=RESOLVER),
    ),
    attributes=(
        Attribute("values", Type.LIST, "the records as text, empty when there are none; the strings of a TXT record joined"),
        Attribute("name", Type.TEXT, "the name that was asked for; absent when none is declared"),
        Attribute("ttl", Type.DURATION, "how long the answer may be kept, the shortest"),
        Attribute("alias", Type.TEXT, "the last name that the name is an alias of"),
        Attribute("authenticated", Type.BOOLEAN, "a validating resolver found the signatures right, up to the root"),
        Attribute("signed", Type.BOOLEAN, "signatures came with the records"),
        Attribute("signature_expires", Type.TIMESTAMP, "when the first of them ends"),
        Attribute("issuers", Type.LIST, "authorities that records of type CAA allow; `;`: none; empty where all may issue"),
        Attribute("algorithms", Type.LIST, "how they are signed, such as ECDSAP256SHA256"),
    ),
    ask=ask,
    read=read,
    example="question example.org NS\nstatus NOERROR\nauthenticated no\nvalidating yes\nrecord NS 3600 ns1.example.org.\nend\n",
    time_limit_s=20,
    outside=True,
)  # fmt: skip
