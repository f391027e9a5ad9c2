"""One TCP connection with a deadline and a limit of bytes, whatever the other side does."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from secscan.model.inquiry import Place

CONNECT_S = 6.0  # three attempts of Linux: at 0, 1 and 3 seconds
BYTES = 262_144
_LINE = 8192
_PIECE = 16_384
_NO_WAY = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class Refused(Exception):
    """The host said that nothing listens on that port."""


class Unanswered(Exception):
    """Nobody knows: no address, no route, silence, an answer that is cut off, endless or none at all. The text says which."""


def address_of(call: Mapping[str, Any], place: Place) -> str:
    """The address to contact: the argument `host`, else that of the target. Raises Unanswered when there is none."""
    address = str(call.get("host") or "") or place.address
    if not address:
        raise Unanswered(place.reason or "the target has no address to be asked at")
    return address


def name_of(call: Mapping[str, Any], place: Place) -> str:
    """What clients call the server: the argument `name`, else the target's name where it is the target that is asked."""
    return str(call.get("name") or "") or str(call.get("host") or "") or place.name


class Peer:
    """A connection. Every method raises Unanswered when the deadline passes or more than `limit` bytes come."""

    def __init__(self, stream: socket.socket, deadline_s: float, limit: int = BYTES) -> None:
        self._stream = stream
        self._deadline_s = deadline_s
        self._left = limit
        self._buffer = b""
        self.address = str(stream.getpeername()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._arm()
        try:
            self._stream.sendall(data)
        except TimeoutError as error:
            raise Unanswered("it takes nothing within the time limit") from error
        except OSError as error:
            raise Unanswered(f"the connection broke: {_words(error)}") from error

    def receive(self) -> bytes:
        """The next piece; empty at the end of the connection, also when the other side resets it."""
        if self._buffer:
            piece, self._buffer = self._buffer, b""
            return piece
        self._arm()
        try:
            piece = self._stream.recv(_PIECE)
        except TimeoutError as error:
            raise Unanswered("no whole answer within the time limit") from error
        except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError):
            return b""
        except OSError as error:
            raise Unanswered(f"the connection broke: {_words(error)}") from error
        self._left -= len(piece)
        if self._left < 0:
            raise Unanswered("the answer does not end: too many bytes")
        return piece

    def line(self) -> str:
        """The next line without its end. Raises Unanswered when it is longer than 8 KiB or the connection ends before."""
        gathered = b""
        while b"\n" not in gathered:
            piece = self.receive()
            if not piece:
                raise Unanswered("the connection ended within an answer" if gathered else "the connection ended without an answer")
            gathered += piece
            if len(gathered) > _LINE + _PIECE or (b"\n" not in gathered and len(gathered) > _LINE):
                raise Unanswered("the answer does not end: a line of more than 8 KiB")
        line, _, self._buffer = gathered.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def exactly(self, count: int) -> bytes:
        """So many bytes. Raises Unanswered when the connection ends before."""
        gathered = b""
        while len(gathered) < count:
            piece = self.receive()
            if not piece:
                raise Unanswered("the connection ended within an answer")
            gathered += piece
        self._buffer = gathered[count:]
        return gathered[:count]

    def secure(self, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
        """Go on over TLS. Raises ssl.SSLError, Unanswered."""
        self._arm()
        if self._buffer:
            raise Unanswered("it said more than it was asked before TLS began")
        try:
            secured = context.wrap_socket(self._stream, server_hostname=name or None)
        except TimeoutError as error:
            raise Unanswered("no whole answer within the time limit") from error
        except ssl.SSLError:
            raise
        except OSError as error:
            raise Unanswered(f"the connection broke: {_words(error)}") from error
        self._stream = secured
        return secured

    def _arm(self) -> None:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise Unanswered("no whole answer within the time limit")
        self._stream.settimeout(left_s)


def connect(address: str, port: int, deadline_s: float, limit: int = BYTES) -> Peer:
    """A connection to the first of the host's addresses that takes one. Raises Refused, Unanswered."""
    refused = 0
    said: list[str] = []
    for family, kind, protocol, _, place in _resolve(address, port):
        left_s = min(CONNECT_S, deadline_s - time.monotonic())
        if left_s <= 0:
            raise Unanswered("no whole answer within the time limit")
        stream = socket.socket(family, kind, protocol)
        stream.settimeout(left_s)
        try:
            stream.connect(place)
            return Peer(stream, deadline_s, limit)
        except OSError as error:
            stream.close()
            if isinstance(error, ConnectionRefusedError):
                refused += 1
            elif error.errno not in _NO_WAY:
                said.append("no answer" if isinstance(error, TimeoutError) else _words(error))
    if refused and not said:
        raise Refused
    raise Unanswered(f"port {port} cannot be reached: {said[0] if said else 'no route'}")


def first_address(address: str) -> str:
    """The address that a name stands for, the best first one. Raises Unanswered."""
    return str(_resolve(address, 0)[0][4][0])


def _resolve(address: str, port: int) -> list[tuple[Any, Any, int, str, Any]]:
    try:
        return socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unanswered(f"the name {address} cannot be resolved: {_words(error)}") from error


def _words(error: BaseException) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())[:120]
