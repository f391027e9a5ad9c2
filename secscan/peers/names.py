"""Asking name servers, by dnspython: the system's, or one that is named; each question bounded in time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from secscan.addresses import is_address
from secscan.peers.connection import Unanswered

_TRY_S = 4.0
_SERVERS = 3
_PAYLOAD = 1232


@dataclass(frozen=True, slots=True)
class NameServer:
    """Where questions go."""

    address: str
    port: int = 53

    def ask(self, name: str, kind: str, deadline_s: float, recursion: bool = True, unchecked: bool = False) -> dns.message.Message:
        """One question over UDP, and over TCP where the answer is cut off. Raises Unanswered."""
        left_s = min(_TRY_S, deadline_s - time.monotonic())
        if left_s <= 0:
            raise Unanswered("no whole answer within the time limit")
        try:
            query = dns.message.make_query(name, kind, want_dnssec=True, payload=_PAYLOAD)
            query.flags |= dns.flags.AD
            if not recursion:
                query.flags &= ~dns.flags.RD
            if unchecked:
                query.flags |= dns.flags.CD
            answer, _ = dns.query.udp_with_fallback(query, self.address, timeout=left_s, port=self.port)
        except dns.exception.Timeout as error:
            raise Unanswered(f"name server {self.address} does not answer") from error
        except (dns.exception.DNSException, OSError, ValueError, EOFError) as error:
            raise Unanswered(f"name server {self.address}: {type(error).__name__} {error}") from error
        return answer

    def transfer(self, zone: str, deadline_s: float) -> str:
        """`open` when a stranger gets the zone, `refused` when not. Raises Unanswered."""
        left_s = min(_TRY_S, deadline_s - time.monotonic())
        try:
            answer = dns.query.tcp(dns.message.make_query(zone, "AXFR"), self.address, timeout=max(left_s, 0.1), port=self.port)
        except (ConnectionError, EOFError):
            return "refused"
        except dns.exception.Timeout as error:
            raise Unanswered(f"name server {self.address} does not answer") from error
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Unanswered(f"name server {self.address}: {type(error).__name__} {error}") from error
        return "open" if answer.rcode() == dns.rcode.NOERROR and answer.answer else "refused"


def resolvers(call: Mapping[str, Any]) -> list[NameServer]:
    """The argument `resolver`, else what the scanner itself uses. Raises Unanswered when that is nothing."""
    written = str(call.get("resolver") or "")
    if written:
        found = re.fullmatch(r"\[?([0-9A-Fa-f:.]+?)\]?(?::(\d{1,5}))?", written)
        bare = is_address(written)
        if not found and not bare:
            raise Unanswered(f"{written!r} is no address of a name server")
        return [NameServer(written)] if bare or not found else [NameServer(found[1], int(found[2] or 53))]
    try:
        system = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise Unanswered(f"the scanner has no name server: {error}") from error
    return [NameServer(str(server), system.port) for server in system.nameservers[:_SERVERS]]


def resolve(servers: list[NameServer], name: str, kind: str, deadline_s: float, unchecked: bool = False) -> dns.message.Message:
    """The answer of the first server that gives one. Raises Unanswered."""
    said = "the scanner has no name server"
    for server in servers:
        try:
            return server.ask(name, kind, deadline_s, unchecked=unchecked)
        except Unanswered as error:
            said = str(error)
    raise Unanswered(said)


def texts(answer: dns.message.Message, kind: str) -> list[str]:
    """The values of one type as text, at the end of any aliases. The strings of a TXT record are joined, as its users do.

    Raises Unanswered when the server could not find out.
    """
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise Unanswered(f"the name server answers {dns.rcode.to_text(answer.rcode())}")
    wanted = dns.rdatatype.from_text(kind)
    found: list[str] = []
    for rrset in answer.answer:
        if rrset.rdtype == wanted:
            found += [b"".join(item.strings).decode("utf-8", "replace") if kind == "TXT" else item.to_text() for item in rrset]
    return found


def lookup(servers: list[NameServer], name: str, kind: str, deadline_s: float) -> list[str]:
    """The values of one type under a name; empty when there are none. Raises Unanswered."""
    return texts(resolve(servers, name, kind, deadline_s), kind)


def validates(servers: list[NameServer], deadline_s: float) -> bool:
    """Whether the resolver looks at signatures: the root is signed, so it says that the root's records are authentic."""
    try:
        return bool(resolve(servers, ".", "SOA", deadline_s).flags & dns.flags.AD)
    except Unanswered:
        return False


def addresses(servers: list[NameServer], name: str, deadline_s: float) -> list[str]:
    """The addresses of a name, of both kinds. Raises Unanswered."""
    return [*lookup(servers, name, "A", deadline_s), *lookup(servers, name, "AAAA", deadline_s)]
