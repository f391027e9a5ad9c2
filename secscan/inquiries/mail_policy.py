"""Asking the name service what a domain says about its mail, and its web server for the MTA-STS policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dns.flags

from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import Refused, Unanswered
from secscan.peers.names import NameServer, addresses, lookup, resolve, resolvers, texts, validates
from secscan.peers.web import NoTls, Site, fetch
from secscan.syntax.mail_policy import organisation_names, spf_follows, spf_records

_FOLLOWED = 15
_EXCHANGERS = 10
_POLICY_LINES = 40


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """SPF with what it includes, DMARC up to the organisation's domain, DKIM selectors, exchangers, MTA-STS, TLS reports."""

    def ask() -> Iterator[str]:
        domain = str(call["domain"] or place.domain).lower()
        if not domain:
            yield from ("undeclared", "end")
            return
        servers = resolvers(call)
        yield f"domain {domain}"
        yield from _tell_spf(servers, domain, deadline_s)
        for name in organisation_names(domain):
            yield from _tell_texts(servers, f"_dmarc.{name}", deadline_s)
        for selector in call["selectors"]:
            yield from _tell_texts(servers, f"{selector}._domainkey.{domain}", deadline_s)
        yield from _tell_texts(servers, f"_smtp._tls.{domain}", deadline_s)
        yield from _tell_exchangers(servers, domain, deadline_s)
        yield from _tell_texts(servers, f"_mta-sts.{domain}", deadline_s)
        yield from _tell_policy(servers, domain, bool(call["fetch"]), deadline_s)
        yield "end"

    return written(ask)


def _tell_texts(servers: list[NameServer], name: str, deadline_s: float) -> list[str]:
    """`txt NAME VALUE` for each record, `none NAME`, or `unknown NAME WHY`."""
    try:
        found = lookup(servers, name, "TXT", deadline_s)
    except Unanswered as error:
        return [f"unknown {name} {one_line(error)}"]
    return [f"txt {name} {_plain(text)}" for text in found[:50]] or [f"none {name}"]


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text)[:4096]


def _tell_spf(servers: list[NameServer], domain: str, deadline_s: float) -> Iterator[str]:
    """The record of the domain and of every name that it includes, each once."""
    waiting, seen = [domain], set[str]()
    while waiting and len(seen) < _FOLLOWED:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        lines = _tell_texts(servers, name, deadline_s)
        yield from lines
        values = [line.split(" ", 2)[2] for line in lines if line.startswith("txt ")]
        waiting += [onward for record in spf_records(values)[:1] for onward in spf_follows(record)]
    yield from (f"unknown {name} more than {_FOLLOWED} names are included" for name in dict.fromkeys(waiting) if name not in seen)


def _tell_exchangers(servers: list[NameServer], domain: str, deadline_s: float) -> Iterator[str]:
    """`exchanger PREFERENCE NAME ADDRESSES TLSA`, `exchangers none`, or `exchangers unknown WHY`."""
    try:
        found = [value.split() for value in lookup(servers, domain, "MX", deadline_s)]
    except Unanswered as error:
        yield f"exchangers unknown {one_line(error)}"
        return
    for preference, name in sorted(found, key=lambda pair: (int(pair[0]), pair[1]))[:_EXCHANGERS]:
        if name == ".":
            yield f"exchanger {preference} . - tlsa=no"
            continue
        try:
            shown = ",".join(addresses(servers, name, deadline_s)) or "unresolved"
        except Unanswered:
            shown = "unknown"
        yield f"exchanger {preference} {name.rstrip('.')} {shown} tlsa={_tlsa(servers, name, deadline_s)}"
    yield "exchangers all" if found else "exchangers none"


def _tlsa(servers: list[NameServer], name: str, deadline_s: float) -> str:
    """Only what is signed counts (RFC 7672, 2.1.1): whether it is, a resolver that validates must say."""
    try:
        answer = resolve(servers, f"_25._tcp.{name}", "TLSA", deadline_s)
        if not texts(answer, "TLSA"):
            return "no"
    except Unanswered:
        return "unknown"
    if answer.flags & dns.flags.AD:
        return "yes"
    return "no" if validates(servers, deadline_s) else "unknown"


def _tell_policy(servers: list[NameServer], domain: str, wanted: bool, deadline_s: float) -> Iterator[str]:
    """The MTA-STS policy as a mail server would fetch it, certificate and all, in lines after `| `."""
    if not wanted:
        yield "policy unknown not asked for"
        return
    host = f"mta-sts.{domain}"
    try:
        if not addresses(servers, host, deadline_s):
            yield f"policy none {host} has no address"
            return
        page = fetch(Site(host, 443, True, host, verified=True), "/.well-known/mta-sts.txt", deadline_s)
    except (NoTls, Refused) as error:
        yield f"policy none {one_line(error) or 'the connection was refused'}"
        return
    except Unanswered as error:
        yield f"policy unknown {one_line(error)}"
        return
    yield f"policy status {page.status}"
    if page.status == 200:
        yield from (f"| {one_line(line)}" for line in page.body.decode("utf-8", "replace").splitlines()[:_POLICY_LINES])


INQUIRY = inquire
