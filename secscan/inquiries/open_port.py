"""Trying to connect to ports, a few at a time; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from multiprocessing.pool import ThreadPool
from typing import Any

from secscan.model.inquiry import Place
from secscan.peers.answers import written
from secscan.peers.connection import Refused, Unanswered, address_of, connect, first_address
from secscan.syntax.endpoints import parse_ports

_AT_ONCE = 16


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """`open PORT...`, `closed PORT...` and `silent PORT...`."""

    def ask() -> Iterator[str]:
        address = first_address(address_of(call, place))
        ports = parse_ports(call["ports"])
        with ThreadPool(min(_AT_ONCE, len(ports))) as pool:
            found = dict(zip(ports, pool.map(partial(_try, address, deadline_s), ports, chunksize=1), strict=True))
        for state in ("open", "closed", "silent"):
            yield " ".join([state, *(str(port) for port in ports if found[port] == state)])
        yield "end"

    return written(ask)


def _try(address: str, deadline_s: float, port: int) -> str:
    try:
        with connect(address, port, deadline_s):
            return "open"
    except Refused:
        return "closed"
    except Unanswered:
        return "silent"


INQUIRY = inquire
