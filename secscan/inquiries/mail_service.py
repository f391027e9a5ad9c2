"""Asking a mail server what it offers before and after encryption: SMTP, IMAP or POP3. Nobody signs in, no mail is sent."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secscan.addresses import is_address
from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import Peer, Unanswered, address_of, connect, name_of
from secscan.peers.handshakes import old_context
from secscan.peers.starttls import GREETING_NAME, PlainOnly, imap_greeting, imap_reply, pop3_greeting, pop3_reply, smtp_reply

_LINES = 100


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """The greeting, what is offered in clear, whether TLS can begin, and what is offered then."""

    def ask() -> Iterator[str]:
        greet, offer, start = _PROTOCOLS[str(call["protocol"])]
        with connect(address_of(call, place), int(call["port"]), deadline_s) as peer:
            if call["tls"]:
                _secure(peer, name_of(call, place))
            yield f"greeting {one_line(greet(peer))}"
            yield from (f"{'after' if call['tls'] else 'before'} {one_line(line)}" for line in offer(peer))
            if not call["tls"]:
                yield from _upgrade(peer, name_of(call, place), start, offer)
        yield "end"

    return written(ask)


def _upgrade(peer: Peer, name: str, start: Callable[[Peer], bool], offer: Callable[[Peer], list[str]]) -> Iterator[str]:
    try:
        begins = start(peer)
    except PlainOnly:
        begins = False
    except Unanswered as error:
        yield f"tls failed {one_line(error)}"
        return
    if not begins:
        yield "tls no"
        return
    try:
        _secure(peer, name)
    except Unanswered as error:
        yield f"tls failed {one_line(error)}"
        return
    yield "tls yes"
    yield from (f"after {one_line(line)}" for line in offer(peer))


def _secure(peer: Peer, name: str) -> None:
    try:
        peer.secure(old_context(), "" if is_address(name) else name)
    except ssl.SSLError as error:
        raise Unanswered(f"no TLS there: {error.reason or error}") from error


def _greet_smtp(peer: Peer) -> str:
    code, lines = smtp_reply(peer)
    if code != 220:
        raise Unanswered(f"it turns the scanner away: {code} {lines[0][:120]}")
    return f"{code} {lines[0]}"


def _offer_smtp(peer: Peer) -> list[str]:
    peer.send(f"EHLO {GREETING_NAME}\r\n".encode())
    code, lines = smtp_reply(peer)
    if code != 250:
        raise Unanswered(f"it answers EHLO with {code}")
    return lines[1:]


def _start_smtp(peer: Peer) -> bool:
    peer.send(b"STARTTLS\r\n")
    code, lines = smtp_reply(peer)
    if 400 <= code < 500:
        raise Unanswered(f"it does not begin TLS now: {code} {lines[0][:120]}")
    return code == 220


def _offer_imap(peer: Peer) -> list[str]:
    peer.send(b"b CAPABILITY\r\n")
    good, lines = imap_reply(peer, "b")
    told = [line for line in lines if line.upper().startswith("CAPABILITY ")]
    if not good or not told:
        raise Unanswered("it does not tell its capabilities")
    return told[0].split()[1:]


def _start_imap(peer: Peer) -> bool:
    peer.send(b"c STARTTLS\r\n")
    return imap_reply(peer, "c")[0]


def _offer_pop3(peer: Peer) -> list[str]:
    peer.send(b"CAPA\r\n")
    try:
        pop3_reply(peer)
    except PlainOnly as error:
        raise Unanswered("it does not tell its capabilities") from error
    found: list[str] = []
    while (line := peer.line()) != ".":
        found.append(line)
        if len(found) > _LINES:
            raise Unanswered("the answer does not end: too many lines")
    return found


def _start_pop3(peer: Peer) -> bool:
    peer.send(b"STLS\r\n")
    pop3_reply(peer)
    return True


_PROTOCOLS: Mapping[str, tuple[Callable[[Peer], str], Callable[[Peer], list[str]], Callable[[Peer], bool]]] = {
    "smtp": (_greet_smtp, _offer_smtp, _start_smtp),
    "imap": (imap_greeting, _offer_imap, _start_imap),
    "pop3": (pop3_greeting, _offer_pop3, _start_pop3),
}
INQUIRY = inquire
