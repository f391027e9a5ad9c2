"""Asking every name server of a domain: does it answer, with which serial, and what does it give to strangers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dns.flags
import dns.rcode
import dns.rdatatype

from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import Unanswered
from secscan.peers.names import NameServer, addresses, lookup, resolvers

_MOST = 16


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """Three short questions to each address: the serial, a name of others, the whole zone."""

    def ask() -> Iterator[str]:
        zone = str(call["domain"] or place.domain)
        if not zone:
            yield from ("undeclared", "end")
            return
        resolving = resolvers(call)
        names = sorted(lookup(resolving, zone, "NS", deadline_s))
        if not names:
            raise Unanswered(f"{zone} has no name servers of its own; allowed: the name of a zone")
        yield f"zone {zone}"
        for name in names[:_MOST]:
            try:
                found = addresses(resolving, name, deadline_s)
            except Unanswered as error:
                yield f"server {name} ? unknown {one_line(error)}"
                continue
            if not found:
                yield f"server {name} ? unresolved"
            for address in found[:4]:
                server = NameServer(address, int(call["port"]))
                yield f"server {name} {address} {_told(server, zone, str(call['stranger']), deadline_s)}"
        yield f"more {len(names) - _MOST}" if len(names) > _MOST else "end"

    return written(ask)


def _told(server: NameServer, zone: str, stranger: str, deadline_s: float) -> str:
    try:
        answer = server.ask(zone, "SOA", deadline_s, recursion=False)
    except Unanswered as error:
        return f"silent {one_line(error)}"
    serials = [item.serial for rrset in answer.answer if rrset.rdtype == dns.rdatatype.SOA for item in rrset]
    authoritative = bool(answer.flags & dns.flags.AA) and bool(serials)
    words = [f"authoritative={'yes' if authoritative else 'no'}", f"serial={serials[0] if serials else 'none'}"]
    return " ".join(
        [*words, f"recursion={_recursion(server, stranger, deadline_s)}", f"transfer={_transfer(server, zone, deadline_s)}"]
    )


def _recursion(server: NameServer, stranger: str, deadline_s: float) -> str:
    try:
        answer = server.ask(stranger, "A", deadline_s)
    except Unanswered:
        return "unknown"
    if not answer.flags & dns.flags.RA or answer.rcode() == dns.rcode.REFUSED:
        return "no"
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return "unknown"  # it would ask others, and failed at that
    return "yes" if answer.answer or answer.rcode() == dns.rcode.NXDOMAIN else "no"


def _transfer(server: NameServer, zone: str, deadline_s: float) -> str:
    try:
        return server.transfer(zone, deadline_s)
    except Unanswered:
        return "unknown"


INQUIRY = inquire
