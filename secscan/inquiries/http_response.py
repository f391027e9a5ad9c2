"""Asking a web server for one page: the status, the headers and the beginning of the text, as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secscan.model.inquiry import Place
from secscan.peers.answers import one_line, written
from secscan.peers.connection import address_of, name_of
from secscan.peers.web import Site, fetch

_BODY_LINES = 60


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """One request, never a second: redirects are told, not followed."""

    def ask() -> Iterator[str]:
        address = address_of(call, place)
        secure = call["scheme"] == "https"
        site = Site(address, int(call["port"] or (443 if secure else 80)), secure, name_of(call, place) or address)
        page = fetch(site, str(call["path"]), deadline_s)
        yield f"url {call['scheme']}://{site.shown}{call['path']}"
        yield f"status {page.status}"
        yield from (f"header {one_line(name)}: {_value(name, value)}".rstrip() for name, value in page.headers)
        yield f"bytes {len(page.body)}"
        if call["text"]:
            yield from (f"| {one_line(line)}" for line in page.body.decode("utf-8", "replace").splitlines()[:_BODY_LINES])
        yield "end"

    return written(ask)


def _value(name: str, value: str) -> str:
    """A header's value; what a cookie holds is nobody's business here, its flags are."""
    if name.lower() != "set-cookie":
        return "".join(sign if sign.isprintable() else "�" for sign in value)[:2000]
    pair, semicolon, flags = value.partition(";")
    return one_line(f"{pair.partition('=')[0]}=***{semicolon}{flags}")


INQUIRY = inquire
