"""Asking an SSH server what it offers to everybody before anybody signs in (RFC 4253, 4.2 and 7.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import Peer, Unanswered, address_of, connect

_BANNER_LINES = 50
_KEXINIT = 20
_PACKET = 35_000
_LISTS = (
    "kex", "host_keys", "ciphers_in", "ciphers_out", "macs_in", "macs_out", "compression_in", "compression_out",
)  # fmt: skip


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """The server's greeting and its first packet; then the connection is closed."""

    def ask() -> Iterator[str]:
        with connect(address_of(call, place), int(call["port"] or place.ssh_port), deadline_s) as peer:
            banner = _banner(peer)
            yield f"banner {one_line(banner)}"
            if banner.startswith(("SSH-2.0-", "SSH-1.99-")):
                peer.send(b"SSH-2.0-secscan\r\n")
                for name, algorithms in zip(_LISTS, _first_packet(peer), strict=False):
                    yield f"{name} {one_line(algorithms) if len(algorithms) <= 500 else _clean(algorithms)}".rstrip()
        yield "end"

    return written(ask)


def _clean(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:8000]


def _banner(peer: Peer) -> str:
    for _ in range(_BANNER_LINES):
        line = peer.line()
        if line.startswith("SSH-"):
            return line
    raise Unanswered("it does not answer as an SSH server does")


def _first_packet(peer: Peer) -> list[str]:
    """The name-lists of SSH_MSG_KEXINIT."""
    size = int.from_bytes(peer.exactly(4), "big")
    if not 22 < size <= _PACKET:
        raise Unanswered("it does not answer as an SSH server does")
    packet = peer.exactly(size)
    if packet[1] != _KEXINIT:
        raise Unanswered("its first packet is no offer of algorithms")
    payload, found = packet[18 : size - packet[0]], []
    for _ in _LISTS:
        length = int.from_bytes(payload[:4], "big")
        if len(payload) < 4 + length:
            raise Unanswered("its offer of algorithms is cut off")
        found.append(payload[4 : 4 + length].decode("ascii", "replace"))
        payload = payload[4 + length :]
    return found


INQUIRY = inquire
