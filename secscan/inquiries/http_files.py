"""Asking a web server for files that nobody should get. What they hold stays there: only what kind of thing it is is told."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from secscan.model.inquiry import Place
from secscan.peers.answers import written
from secscan.peers.connection import address_of, name_of
from secscan.peers.web import Site, fetch

_KINDS: tuple[tuple[str, bytes], ...] = (
    ("git", rb"\A(ref: refs/|[0-9a-f]{40}\s*\Z|\[core\])"),
    ("archive", rb"\A(PK\x03\x04|\x1f\x8b|7z\xbc\xaf|BZh|\xfd7zXZ|SQLite format 3|.{257}ustar)"),
    ("dump", rb"(?i)\A\s*(-- (mysql|mariadb|postgresql|phpmyadmin)|/\*[^*]*mariadb dump)|^(create table|insert into) "),
    ("server status", rb"(?i)<title>[^<]*(apache|server) status|^server version: |^active connections: "),
    ("phpinfo", rb"(?i)<title>[^<]*phpinfo|>php version "),
    ("listing", rb"(?i)<title>index of /"),
    ("page", rb"(?i)\A\s*(<!doctype|<html|<head|<\?xml|<body|<!--)"),
    ("settings", rb"(?m)\A(\s*(#.*)?\n)*\s*(export )?[A-Za-z_][A-Za-z0-9_.]*\s*="),
)


def inquire(call: Mapping[str, Any], place: Place, deadline_s: float) -> bytes:
    """First a path that cannot be there, to know how the server says no; then each of the named ones."""

    def ask() -> Iterator[str]:
        address = address_of(call, place)
        secure = call["scheme"] == "https"
        site = Site(address, int(call["port"] or (443 if secure else 80)), secure, name_of(call, place) or address)
        yield f"nothing {_told(site, f'/{secrets.token_hex(12)}.txt', deadline_s)}"
        for path in call["paths"]:
            yield f"path {path} {_told(site, path, deadline_s)}"
        yield "end"

    return written(ask)


def _told(site: Site, path: str, deadline_s: float) -> str:
    page = fetch(site, path, deadline_s)
    kind = next((kind for kind, pattern in _KINDS if re.search(pattern, page.body[:4096], re.MULTILINE | re.DOTALL)), "other")
    return f"{page.status} {kind if page.body else 'empty'}"


INQUIRY = inquire
