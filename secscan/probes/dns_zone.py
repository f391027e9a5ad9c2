"""The name servers of a domain, each asked for itself: answers, serials, recursion and zone transfer for strangers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import HOST_NAME, NAME_OR_NONE, RESOLVER, UNDECLARED, count_networks

_LINE = re.compile(r"server (\S+) (\S+) (?:(unresolved)|(silent|unknown) (.+)|authoritative=(yes|no) serial=(\d+|none) (.+))")
_GIVEN = re.compile(r"recursion=(yes|no|unknown) transfer=(open|refused|unknown)")


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"every name server of {call['domain'] or 'the declared domain'}" for call in calls))


def read(call: Arguments, answer: Answer) -> Observation:
    """`zone DOMAIN`; `server NAME ADDRESS authoritative=yes serial=1 recursion=no transfer=refused` for each; `end`."""
    said = reply(answer, str(call["domain"]))
    if said:
        return said
    first, *lines = closed_lines(answer) or [""]
    if first == "undeclared" and not lines and not call["domain"]:
        return Observed({**{each.name: UNDECLARED for each in PROBE.attributes}, "domain": Absent("a declared domain")})
    if not re.fullmatch(r"zone \S+", first) or call["domain"] not in ("", first[5:]) or not lines:
        raise Unreadable(f"expected 'zone {call['domain']}' and its servers")
    servers = tuple(map(_record, lines))
    serials = {server["serial"] for server in servers if isinstance(server["serial"], int)}
    unsure = next((value for server in servers if isinstance(value := server["serial"], Unobservable)), None)
    return Observed({
        "servers": servers,
        "domain": first[5:],
        "names": tuple(dict.fromkeys(str(server["name"]) for server in servers)),
        "networks": count_networks(str(server["address"]) for server in servers if server["answers"] is True),
        "serials_agree": False if len(serials) > 1 else unsure or len(serials) == 1,
    })  # fmt: skip


def _record(line: str) -> Record:
    found = _LINE.fullmatch(line)
    given = _GIVEN.fullmatch(found[8]) if found and found[8] else None
    if not found or (found[8] and not given):
        raise Unreadable(f"not a line about a name server: {line[:120]!r}")
    name, address, unresolved, _, why = found.groups()[:5]
    if unresolved or why:
        unknown = Unobservable(str(why or "the name of the server has no address"))
        rest: dict[str, Value] = dict.fromkeys(("authoritative", "serial", "recursion", "transfer"), unknown)
        answers: Value = False if unresolved or found[4] == "silent" else unknown
        where: Value = Absent("an address") if unresolved else unknown if address == "?" else address
        return {"name": name, "address": where, "answers": answers, **rest}
    assert given is not None  # noqa: S101 - for the type checker; looked at above
    doubt = Unobservable("the server does not answer this question")
    return {
        "name": name,
        "address": address,
        "answers": found[6] == "yes",
        "authoritative": found[6] == "yes",
        "serial": int(found[7]) if found[7] != "none" else Absent("a serial"),
        "recursion": doubt if given[1] == "unknown" else given[1] == "yes",
        "transfer": doubt if given[2] == "unknown" else given[2] == "open",
    }


PROBE = Probe(
    name="dns_zone",
    summary="The name servers of a domain: do they answer alike, and what do they give to strangers",
    arguments=(
        Argument("domain", Type.TEXT, "the domain; else what the host's label `domain` declares", default="", pattern=NAME_OR_NONE),
        Argument("stranger", Type.TEXT, "a name that is none of its business", default="www.iana.org", pattern=HOST_NAME),
        Argument("resolver", Type.TEXT, "name server to ask first; else the scanner's own", default="", pattern=RESOLVER),
        Argument("port", Type.INTEGER, "port of the domain's name servers", default=53),
    ),
    attributes=(
        Attribute(
            "servers", Type.RECORDS, "one record for each address of each server",
            (
                Attribute("name", Type.TEXT, "its name"),
                Attribute("address", Type.TEXT, "its address; absent when the name has none"),
                Attribute("answers", Type.BOOLEAN, "it answers for the domain, with authority"),
                Attribute("authoritative", Type.BOOLEAN, "it speaks with authority"),
                Attribute("serial", Type.INTEGER, "serial of the zone it has"),
                Attribute("recursion", Type.BOOLEAN, "it asks others on behalf of strangers"),
                Attribute("transfer", Type.BOOLEAN, "it gives the whole zone to strangers"),
            ),
        ),
        Attribute("domain", Type.TEXT, "the domain that was asked about; absent when none is declared"),
        Attribute("names", Type.LIST, "names of the servers"),
        Attribute("networks", Type.INTEGER, "in how many networks (/24; or /48, where these are more) servers answer"),
        Attribute("serials_agree", Type.BOOLEAN, "all have the same serial"),
    ),
    ask=ask,
    read=read,
    example="zone example.org\nserver ns1.example.org. 192.0.2.1 authoritative=yes serial=7 recursion=no transfer=refused\nend\n",
    time_limit_s=60,
    outside=True,
)  # fmt: skip
