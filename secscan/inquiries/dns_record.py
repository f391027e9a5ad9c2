"""Asking the name service for the records of one type, with what it says about their signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dns.dnssec
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import Unanswered
from secscan.peers.names import NameServer, addresses, lookup, resolve, resolvers, validates

_MOST = 200
_SERVERS = 3


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """One question, others about the root and the names above where the answer needs them."""

    def ask() -> Iterator[str]:
        servers = resolvers(call)
        name, kind = str(call["name"] or place.domain), str(call["type"])
        if not name:
            yield from ("undeclared", "end")
            return
        answer = resolve(servers, name, kind, deadline_s)
        yield f"question {name} {kind}"
        if kind == "CAA":
            answer, above = _climb(servers, name, answer, deadline_s)
            yield from [f"inherited {above}"] if above else []
        if answer.rcode() == dns.rcode.SERVFAIL:
            yield from _tell_failure(servers, name, kind, deadline_s)
            return
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise Unanswered(f"the name server answers {dns.rcode.to_text(answer.rcode())}")
        yield f"status {dns.rcode.to_text(answer.rcode())}"
        yield f"authenticated {'yes' if answer.flags & dns.flags.AD else 'no'}"
        yield f"validating {'yes' if answer.flags & dns.flags.AD else _validating(servers, deadline_s)}"
        yield from _tell_records(answer)
        if kind in ("A", "AAAA") and not answer.flags & dns.flags.AA and _holds(answer, kind):
            yield f"lifetime {_lifetime(servers, name, kind, int(call['port']), deadline_s)}"
        yield "end"

    return written(ask)


def _validating(servers: list[NameServer], deadline_s: float) -> str:
    return "yes" if validates(servers, deadline_s) else "no"


def _holds(answer: dns.message.Message, kind: str) -> bool:
    return any(rrset.rdtype == dns.rdatatype.from_text(kind) for rrset in answer.answer)


def _climb(servers: list[NameServer], name: str, answer: dns.message.Message, deadline_s: float) -> tuple[dns.message.Message, str]:
    """What counts for a name without such records stands at the nearest name above it that has some (RFC 8659, 3)."""
    above = name.rstrip(".").partition(".")[2]
    while above and answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) and not _holds(answer, "CAA"):
        found = resolve(servers, above, "CAA", deadline_s)
        if _holds(found, "CAA") or found.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return found, above
        above = above.partition(".")[2]
    return answer, ""


def _lifetime(servers: list[NameServer], name: str, kind: str, port: int, deadline_s: float) -> str:
    """How long the domain's own servers let an answer be kept: one from memory has run down already."""
    zone, reason = name, f"no name server of {name} is known"
    try:
        while zone and not (names := lookup(servers, zone, "NS", deadline_s)):
            zone = zone.partition(".")[2]
        for address in [address for each in names[:_SERVERS] for address in addresses(servers, each, deadline_s)[:2]]:
            try:
                told = NameServer(address, port).ask(name, kind, deadline_s, recursion=False)
            except Unanswered as error:
                reason = str(error)
                continue
            if told.flags & dns.flags.AA and told.answer:
                return str(min(rrset.ttl for rrset in told.answer if rrset.rdtype != dns.rdatatype.RRSIG))
            reason = f"name server {address} does not answer for {name}"
    except Unanswered as error:
        reason = str(error)
    return f"unknown {one_line(reason)}"


def _tell_failure(servers: list[NameServer], name: str, kind: str, deadline_s: float) -> Iterator[str]:
    """A resolver that validates fails where signatures are wrong, and answers when told not to check."""
    unchecked = resolve(servers, name, kind, deadline_s, unchecked=True)
    if unchecked.rcode() != dns.rcode.NOERROR:
        raise Unanswered("the name server answers SERVFAIL")
    yield "status BOGUS"
    yield from _tell_records(unchecked)
    yield "end"


def _tell_records(answer: dns.message.Message) -> Iterator[str]:
    told = 0
    for rrset in answer.answer:
        for item in rrset:
            told += 1
            if told > _MOST:
                raise Unanswered(f"more than {_MOST} records")
            if rrset.rdtype == dns.rdatatype.RRSIG:
                ends = datetime.fromtimestamp(item.expiration, UTC).isoformat().replace("+00:00", "Z")
                covered = dns.rdatatype.to_text(item.type_covered)
                yield f"signature {covered} {dns.dnssec.algorithm_to_text(item.algorithm)} {ends}"
            else:
                kind = dns.rdatatype.to_text(rrset.rdtype)
                text = b"".join(item.strings).decode("utf-8", "replace") if kind == "TXT" else item.to_text()
                yield f"record {kind} {rrset.ttl} {one_line(text)}"


INQUIRY = inquire
