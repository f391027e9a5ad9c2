"""What protocols say to each other before TLS begins on a connection that began in clear."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from secscan.peers.connection import Peer, Unanswered

GREETING_NAME = "scanner.invalid"  # RFC 2606: a name that is nobody's
_LINES = 100
_NOT_KNOWN = {500, 502}  # a server of 1982, which knows no EHLO and so no STARTTLS


class PlainOnly(Exception):
    """The server answers in its protocol and does not offer TLS."""


def smtp_reply(peer: Peer) -> tuple[int, list[str]]:
    """Code and lines of one reply of SMTP or FTP. Raises Unanswered when it is none."""
    lines: list[str] = []
    while len(lines) < _LINES:
        line = peer.line()
        found = re.fullmatch(r"(\d{3})([ -]?)(.*)", line)
        if not found:
            raise Unanswered("it does not answer as a server of this protocol does")
        lines.append(found[3])
        if found[2] != "-":
            return int(found[1]), lines
    raise Unanswered("the answer does not end: too many lines")


def imap_reply(peer: Peer, tag: str) -> tuple[bool, list[str]]:
    """Whether a command of IMAP succeeded, and the lines before its result."""
    lines: list[str] = []
    while len(lines) < _LINES:
        line = peer.line()
        if line.startswith(f"{tag} "):
            return line[len(tag) + 1 :].upper().startswith("OK"), lines
        if not line.startswith("* "):
            raise Unanswered("it does not answer as a server of this protocol does")
        lines.append(line[2:])
    raise Unanswered("the answer does not end: too many lines")


def imap_greeting(peer: Peer) -> str:
    """The greeting of IMAP."""
    line = peer.line()
    if not re.match(r"\* (OK|PREAUTH)\b", line):
        raise Unanswered("it does not answer as a server of this protocol does")
    return line[2:]


def pop3_greeting(peer: Peer) -> str:
    """The greeting of POP3."""
    try:
        return pop3_reply(peer)
    except PlainOnly as error:
        raise Unanswered(f"it turns the scanner away: {error}") from error


def pop3_reply(peer: Peer) -> str:
    """The text after +OK; raises PlainOnly after -ERR."""
    line = peer.line()
    if line.startswith("-ERR"):
        raise PlainOnly(line[4:].strip())
    if not line.startswith("+OK"):
        raise Unanswered("it does not answer as a server of this protocol does")
    return line[3:].strip()


def _smtp(peer: Peer) -> None:
    _welcomed(smtp_reply(peer), 220)
    peer.send(f"EHLO {GREETING_NAME}\r\n".encode())
    code, lines = smtp_reply(peer)
    if code not in _NOT_KNOWN:
        _welcomed((code, lines), 250)
    if code in _NOT_KNOWN or "STARTTLS" not in [line.strip().upper() for line in lines]:
        raise PlainOnly("STARTTLS is not offered")
    peer.send(b"STARTTLS\r\n")
    _begins(smtp_reply(peer), 220)


def _ftp(peer: Peer) -> None:
    _welcomed(smtp_reply(peer), 220)
    peer.send(b"AUTH TLS\r\n")
    _begins(smtp_reply(peer), 234)


def _welcomed(reply: tuple[int, list[str]], code: int) -> None:
    """Whoever turns this client away (too many connections, an address on a list) says nothing about TLS."""
    if reply[0] != code:
        raise Unanswered(f"it turns the scanner away: {reply[0]} {' '.join(reply[1])[:120]}")


def _begins(reply: tuple[int, list[str]], code: int) -> None:
    """A refusal for good (5xx) is one; a passing one (4xx) leaves it open whether TLS is there at other times."""
    if reply[0] != code and 400 <= reply[0] < 500:
        raise Unanswered(f"it does not begin TLS now: {reply[0]} {' '.join(reply[1])[:120]}")
    if reply[0] != code:
        raise PlainOnly(f"it answers {reply[0]}, not {code}")


def _imap(peer: Peer) -> None:
    imap_greeting(peer)
    peer.send(b"a STARTTLS\r\n")
    if not imap_reply(peer, "a")[0]:
        raise PlainOnly("STARTTLS is refused")


def _pop3(peer: Peer) -> None:
    pop3_greeting(peer)
    peer.send(b"STLS\r\n")
    pop3_reply(peer)


def _ldap(peer: Peer) -> None:
    """An extended request for 1.3.6.1.4.1.1466.20037 (RFC 4511, 4.14); 0 is success."""
    peer.send(b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037")
    tag, size = peer.exactly(2)
    if tag != 0x30:
        raise Unanswered("it does not answer as a server of this protocol does")
    if size & 0x80:
        width = size & 0x7F
        size = int.from_bytes(peer.exactly(width), "big") if 0 < width <= 2 else 0
    body = peer.exactly(size)
    if not re.match(rb"\x02\x01\x01\x78(\x84....|\x81.|\x82..|[\x00-\x7f])\x0a\x01\x00", body, re.DOTALL):
        raise PlainOnly("StartTLS is refused")


def _postgres(peer: Peer) -> None:
    """SSLRequest: the number 80877103; one byte says yes or no."""
    peer.send(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
    answer = peer.exactly(1)
    if answer == b"N":
        raise PlainOnly("encryption is refused")
    if answer != b"S":
        raise Unanswered("it does not answer as a server of this protocol does")


PROTOCOLS: Mapping[str, Callable[[Peer], None]] = {
    "smtp": _smtp, "imap": _imap, "pop3": _pop3, "ldap": _ldap, "postgres": _postgres, "ftp": _ftp,
}  # fmt: skip
"""What to say first, by protocol. Each raises PlainOnly, Unanswered."""
