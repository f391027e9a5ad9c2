"""What the beginning of a certificate revocation list says: who issued it, when, and when the next one is due. RFC 5280, 5.1.

Lists may be as long as their authority is old; what is revoked comes last, so the first kilobytes tell everything that ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from secscan.model.probe import Attribute
from secscan.model.values import Absent, Record, Type

_INTEGER, _UTC_TIME, _TIME, _SEQUENCE = 0x02, 0x17, 0x18, 0x30
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_NAMES = {
    "550403": "CN", "550406": "C", "550407": "L", "550408": "ST", "55040a": "O", "55040b": "OU", "0992268993f22c640119": "DC",
    "2a864886f70d010901": "1.2.840.113549.1.9.1",
}  # fmt: skip
_SPECIAL, _ESCAPED = re.compile(r'[,+"<>;\\]'), r"\\\g<0>"
FACTS = (
    Attribute("issuer", Type.TEXT, "the authority that issued it (RFC 4514)"),
    Attribute("issued", Type.TIMESTAMP, "when it was issued"),
    Attribute("next_update", Type.TIMESTAMP, "until when the next one is due: who demands a list refuses everybody then; absent "
              "where it does not say"),
)  # fmt: skip


def list_facts(der: bytes) -> Record:
    """The fields of FACTS from the first bytes of a list in DER; ValueError when they are no list."""
    _, start, _ = _element(der, 0, _SEQUENCE)
    _, place, _ = _element(der, start, _SEQUENCE)
    if der[place : place + 1] == bytes([_INTEGER]):
        _, _, place = _element(der, place, _INTEGER)
    _, _, place = _element(der, place, _SEQUENCE)  # the algorithm of the signature
    _, start, place = _element(der, place, _SEQUENCE)
    name = der[start:place]
    issued, place = _moment(der, place)
    following: float | Absent = Absent("a day on which the next one is due")
    if der[place : place + 1] in {bytes([_UTC_TIME]), bytes([_TIME])}:
        following, _ = _moment(der, place)
    return {"issuer": ",".join(reversed(list(_parts(name)))), "issued": issued, "next_update": following}


def _parts(name: bytes) -> Iterator[str]:
    """The parts of a distinguished name, `CN=Example`."""
    place = 0
    while place < len(name):
        _, start, place = _element(name, place, 0x31)
        _, start, _ = _element(name, start, _SEQUENCE)
        _, begin, end = _element(name, start, 0x06)
        kind = name[begin:end].hex()
        tag, begin, end = _element(name, end)
        text = name[begin:end].decode(_TEXTS.get(tag, "latin-1"), "replace")
        yield f"{_NAMES.get(kind, kind)}={_SPECIAL.sub(_ESCAPED, text)}"


def _moment(der: bytes, place: int) -> tuple[float, int]:
    tag, start, end = _element(der, place)
    text = der[start:end].decode("ascii", "replace")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _TIME:
        raise ValueError("it does not say when it was issued")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp(), end


def _element(der: bytes, place: int, wanted: int | None = None) -> tuple[int, int, int]:
    """Tag of an element, where its content begins, and where it ends: that may be beyond what is there."""
    if place + 2 > len(der) or (wanted is not None and der[place] != wanted):
        raise ValueError("it is no revocation list")
    length, start = der[place + 1], place + 2
    if length & 0x80:
        wide = length & 0x7F
        length, start = int.from_bytes(der[start : start + wide]), start + wide
    return der[place], start, start + length
