"""One request to a web server and its answer, bounded in bytes and time. Redirects are not followed."""

from __future__ import annotations

import http.client
import io
import ssl
from dataclasses import dataclass
from typing import Any, cast

from secscan.addresses import is_address
from secscan.peers.connection import Peer, Unanswered, connect
from secscan.peers.handshakes import old_context

_BYTES = 131_072
_HEADERS = 100
_AGENT = "secscan (compliance scanner of this organisation)"


class NoTls(Unanswered):
    """No TLS there, or none with a certificate that is right where that was asked for."""


@dataclass(frozen=True, slots=True)
class Site:
    """A web server: where it is, what clients call it, whether they speak TLS. `verified`: only where its certificate is right."""

    address: str
    port: int
    secure: bool
    name: str
    verified: bool = False

    @property
    def shown(self) -> str:
        """The host as a URL names it."""
        host = f"[{self.name}]" if ":" in self.name else self.name
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Page:
    """What came back. `body` is at most its first 128 KiB."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def fetch(site: Site, path: str, deadline_s: float) -> Page:
    """One page. Raises Refused, Unanswered."""
    with connect(site.address, site.port, deadline_s, _BYTES + 65_536) as peer:
        if site.secure:
            _secure(peer, site)
        peer.send(
            f"GET {path} HTTP/1.1\r\nHost: {site.shown}\r\nUser-Agent: {_AGENT}\r\nAccept: */*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode()
        )
        return _read(_receive(peer))


class _Heard:
    """What http.client reads from instead of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _secure(peer: Peer, site: Site) -> None:

    try:
        context = ssl.create_default_context() if site.verified else old_context()
        peer.secure(context, "" if is_address(site.name) and not site.verified else site.name)
    except ssl.SSLError as error:
        raise NoTls(f"no TLS there: {error.reason or error}") from error


def _receive(peer: Peer) -> bytes:
    """All of it, or its first 128 KiB: headers and the beginning of the text are in there, or it is no answer."""
    data = b""
    while len(data) < _BYTES:
        piece = peer.receive()
        if not piece:
            break
        data += piece
        if _is_whole(data):
            break
    return data


def _is_whole(data: bytes) -> bool:
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return False
    lengths = [line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(lengths) and lengths[0].isdigit() and len(lengths[0]) < 12 and len(body) >= int(lengths[0])


def _read(data: bytes) -> Page:
    if not data.startswith(b"HTTP/"):
        raise Unanswered("it does not answer as a web server does" if data else "the connection ended without an answer")
    if b"\r\n\r\n" not in data and b"\n\n" not in data:
        raise Unanswered("the connection ended within the headers, or they do not end")
    answer = http.client.HTTPResponse(cast("Any", _Heard(data)), method="GET")
    try:
        answer.begin()
    except (http.client.HTTPException, ValueError, OSError) as error:
        raise Unanswered(f"it does not answer as a web server does: {type(error).__name__}") from error
    headers = tuple(answer.getheaders())
    if len(headers) > _HEADERS:
        raise Unanswered(f"it sends more than {_HEADERS} headers")
    try:
        body = answer.read(_BYTES)
    except http.client.IncompleteRead as error:
        body = error.partial
    except (http.client.HTTPException, ValueError, OSError):
        body = b""
    return Page(answer.status, headers, body)
