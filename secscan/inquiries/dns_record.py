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
from secscan.peers.names import NameServer, resolve, resolvers

_MOST = 200


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """One question, one more about the root to know whether the resolver validates, one more where validation fails."""

    def ask() -> Iterator[str]:
        servers = resolvers(call)
        name, kind = str(call["name"] or place.domain), str(call["type"])
        if not name:
            yield from ("undeclared", "end")
            return
        answer = resolve(servers, name, kind, deadline_s)
        yield f"question {name} {kind}"
        if answer.rcode() == dns.rcode.SERVFAIL:
            yield from _tell_failure(servers, name, kind, deadline_s)
            return
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise Unanswered(f"the name server answers {dns.rcode.to_text(answer.rcode())}")
        yield f"status {dns.rcode.to_text(answer.rcode())}"
        yield f"authenticated {'yes' if answer.flags & dns.flags.AD else 'no'}"
        yield f"validating {'yes' if answer.flags & dns.flags.AD else _validates(servers, deadline_s)}"
        yield from _tell_records(answer)
        yield "end"

    return written(ask)


def _validates(servers: list[NameServer], deadline_s: float) -> str:
    """The root is signed: a resolver that validates says that its records are authentic."""
    try:
        return "yes" if resolve(servers, ".", "SOA", deadline_s).flags & dns.flags.AD else "no"
    except Unanswered:
        return "no"


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
