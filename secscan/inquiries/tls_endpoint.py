"""Asking TLS servers what they offer: every version, the suites of the newest before 1.3, the chain, its authority, a staple."""

from __future__ import annotations

import base64
import ssl
import textwrap
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import Refused, Unanswered, address_of
from secscan.peers.handshakes import Endpoint, fetch_chain, greet
from secscan.peers.starttls import PlainOnly
from secscan.probing import Unreadable
from secscan.syntax.endpoints import parse_endpoint
from secscan.syntax.tls import SUITES, VERSIONS, Said

_MOST_SUITES = 60


@dataclass(slots=True)
class _Findings:
    """What one server said to the hellos."""

    offered: dict[str, Said] = field(default_factory=dict)
    refused: dict[str, bool] = field(default_factory=dict)  # version -> whether it said so with an alert
    unknown: dict[str, str] = field(default_factory=dict)
    suites: list[str] = field(default_factory=list)
    suites_unknown: str = ""
    closed_while_listing: bool = False
    chains: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)  # by the server's own certificate, all that were shown


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """Each endpoint after the other; each has its share of the time."""

    def ask() -> Iterator[str]:
        address = address_of(call, place)
        endpoints = call["endpoints"]
        for number, text in enumerate(endpoints):
            now_s = time.monotonic()
            share_s = now_s + (deadline_s - now_s) / (len(endpoints) - number)
            name, port, protocol = parse_endpoint(text)
            name = name or str(call.get("host") or "") or place.name
            yield f"endpoint {text} {name}".rstrip()
            yield from _ask_endpoint(Endpoint(address, port, protocol, name), str(call.get("authorities") or ""), share_s)
        yield "end"

    return written(ask)


def _ask_endpoint(endpoint: Endpoint, authorities: str, deadline_s: float) -> Iterator[str]:
    try:
        findings = _ask_versions(endpoint, deadline_s)
    except Refused:
        yield "closed"
    except PlainOnly as error:
        yield f"plain {one_line(error)}"
    except Unanswered as error:
        yield f"silent {one_line(error)}"
    else:
        _list_suites(endpoint, findings, deadline_s)
        _confirm(endpoint, findings, deadline_s)
        yield from _tell(findings)
        yield from _tell_chain(endpoint, findings, authorities, deadline_s)
        yield "done"


def _ask_versions(endpoint: Endpoint, deadline_s: float) -> _Findings:
    """A hello for each version. Raises Refused, PlainOnly, Unanswered when the server speaks no TLS at all, or nobody knows."""
    findings = _Findings()
    no_tls, alerted = "", False
    for version in VERSIONS:
        try:
            said = greet(endpoint, version, list(SUITES), deadline_s)
        except Unreadable as error:
            no_tls = str(error)
            findings.refused[version] = True
            continue
        except Unanswered as error:
            if findings.unknown and not findings.offered:
                raise
            findings.unknown[version] = str(error)
            continue
        except (Refused, PlainOnly) as error:
            if not (findings.offered or findings.refused or findings.unknown):
                raise
            findings.unknown[version] = str(error) or "the connection was refused"
            continue
        if said and said.version == version:
            findings.offered[version] = said
        else:
            findings.refused[version] = said is not None
            alerted = alerted or said is not None
    if not findings.offered:
        raise _why_none(findings, f"the name asked for was {endpoint.name or 'none'}" if alerted else "", no_tls)
    return findings


def _why_none(findings: _Findings, alerted: str, no_tls: str) -> Exception:
    """What is known of a server that took no hello: only one that answered in another language is without TLS."""
    if findings.unknown:
        return Unanswered(next(iter(findings.unknown.values())))
    if alerted:
        return Unanswered(f"it speaks TLS and refuses every hello; {alerted}")
    return PlainOnly(no_tls) if no_tls else Unanswered("it closes every connection without a word")


def _newest_old(findings: _Findings) -> str:
    """The newest version before TLS 1.3 whose suites can be listed; empty when there is none."""
    return next((version for version in findings.offered if version not in ("TLSv1.3", "SSLv2")), "")


def _list_suites(endpoint: Endpoint, findings: _Findings, deadline_s: float) -> None:
    """Ask again without what was chosen, until nothing is left to choose."""
    version = _newest_old(findings)
    left = dict(SUITES)
    said: Said | None = findings.offered[version] if version else None
    while said and said.version:
        if said.suite_number not in left:
            findings.suites_unknown = "it chose a suite that was not offered"
            return
        if said.chain:
            findings.chains.setdefault(said.chain[0], said.chain)
        findings.suites.append(f"{left.pop(said.suite_number)} {said.group}".rstrip())
        if len(findings.suites) > _MOST_SUITES:
            findings.suites_unknown = f"it takes more than {_MOST_SUITES} suites"
            return
        try:
            said = greet(endpoint, version, list(left), deadline_s)
        except (Unanswered, Refused, PlainOnly, Unreadable) as error:
            findings.suites_unknown = str(error) or "the connection was refused"
            return
    findings.closed_while_listing = bool(version) and said is None


def _confirm(endpoint: Endpoint, findings: _Findings, deadline_s: float) -> None:
    """A server that closes without a word may have refused, or had enough of us: what it took before, it must still take."""
    doubtful = [version for version, told in findings.refused.items() if not told]
    if not doubtful and not findings.closed_while_listing:
        return
    version = next(iter(findings.offered))
    try:
        said = greet(endpoint, version, list(SUITES), deadline_s)
    except (Unanswered, Refused, PlainOnly, Unreadable):
        said = None
    if said and said.version == version:
        return
    reason = "it closes connections without a word, also where it answered before"
    for each in doubtful:
        del findings.refused[each]
        findings.unknown[each] = reason
    findings.suites_unknown = findings.suites_unknown or reason


def _tell(findings: _Findings) -> Iterator[str]:
    for version in VERSIONS:
        if version in findings.offered:
            said = findings.offered[version]
            yield f"offers {version} {said.suite} {said.group}".rstrip()
        elif version in findings.refused:
            yield f"refuses {version}"
        else:
            yield f"unknown {version} {one_line(findings.unknown[version])}"
    yield from (f"suite {suite}" for suite in findings.suites)
    yield f"suites unknown {one_line(findings.suites_unknown)}" if findings.suites_unknown else "suites all"
    old = [said for version, said in findings.offered.items() if version not in ("TLSv1.3", "SSLv2")]
    yield f"renegotiation {'secure' if all(said.secure_renegotiation for said in old) else 'insecure'}"
    yield f"compression {'yes' if any(said.compression for said in old) else 'no'}"


def _tell_chain(endpoint: Endpoint, findings: _Findings, authorities: str, deadline_s: float) -> Iterator[str]:
    version = _newest_old(findings)
    said = findings.offered[version] if version else None
    try:
        chain, fault = fetch_chain(endpoint, authorities, deadline_s)
        yield f"trust no {one_line(fault)}" if fault else "trust yes"
    except (ssl.SSLError, Unanswered, Refused, PlainOnly) as error:
        chain = said.chain if said else ()
        yield f"trust unknown {one_line(error) or 'the connection was refused'}"
    yield from _tell_chains(chain, findings)
    if said is None or version == "SSLv3":
        yield "staple unknown the server shows it only where nothing is in clear"
    elif said.staple:
        yield from _encoded("staple", said.staple)
    else:
        yield "staple none"


def _tell_chains(chain: tuple[bytes, ...], findings: _Findings) -> Iterator[str]:
    """The chain of a whole handshake, then those for other suites: a server may have a certificate for each kind of key."""
    for shown in (chain, *(other for own, other in findings.chains.items() if own not in chain[:1])):
        for position, der in enumerate(shown):
            yield from _encoded("further" if shown is not chain and not position else "certificate", der)


def _encoded(word: str, data: bytes) -> Iterator[str]:
    """Bytes in lines that a person can keep in a file; further lines begin with two blanks."""
    first, *more = textwrap.wrap(base64.b64encode(data).decode(), 100) or [""]
    yield f"{word} {first}"
    yield from (f"  {line}" for line in more)


INQUIRY = inquire
