"""OpenPGP keys and signatures as files hold them (RFC 9580): which keys can sign, until when, and who made a signature.

Nothing is verified here: the package manager that trusts a key does that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_SIGNATURE, _KEY, _USER, _SUBKEY = 2, 6, 13, 14
_CERTIFIES = range(0x10, 0x14)
_ABOUT_KEY, _BINDS, _REVOKES, _REVOKES_SUBKEY = 0x1F, 0x18, 0x20, 0x28
_CREATED, _KEY_LASTS, _ISSUER, _FLAGS, _ISSUER_FINGERPRINT = 2, 9, 16, 27, 33
_MAY_SIGN = 0x02
_NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that can sign: the key of `name` itself, or one below it. `ends` is in seconds since 1970, None for one that does not.

    `fingerprint` is in capital hexadecimals; what it signs names the last 16 of them for version 4, the first 16 for version 6.
    """

    name: str
    fingerprint: str
    key_id: str
    ends: float | None
    revoked: bool


@dataclass(slots=True)
class _Part:
    """A key or a key below it, with the newest of what it says of itself."""

    version: int
    fingerprint: str
    created: int
    said: _Signature | None = None
    revoked: bool = False

    @property
    def key_id(self) -> str:
        return self.fingerprint[:16] if self.version == 6 else self.fingerprint[-16:]

    @property
    def ends(self) -> float | None:
        lasts = self.said.lasts if self.said else 0
        return float(self.created + lasts) if lasts else None


@dataclass(slots=True)
class _Signature:
    kind: int
    created: int = 0
    lasts: int = 0
    flags: int | None = None
    issuers: list[str] = field(default_factory=list)

    @property
    def tells_of_the_key(self) -> bool:
        """It says what the key may do and how long it lasts; one that only names who may revoke it does not."""
        return self.kind in _CERTIFIES or self.kind == _BINDS or (self.kind == _ABOUT_KEY and bool(self.flags or self.lasts))


def unarmour(lines: Iterable[str]) -> bytes:
    """The bytes of one armoured block, its BEGIN and END lines included; ValueError for what is none (RFC 9580, 6.2)."""
    body: list[str] = []
    inside = False
    for line in (line.strip() for line in lines):
        if line.startswith("-----"):
            inside = False
        elif inside and not line.startswith("="):
            body.append(line)
        elif not line:
            inside = True  # what stands before the first empty line are headers
    try:
        return base64.b64decode("".join(body), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not an armoured block: {error}") from error


def signing_keys(data: bytes) -> Iterator[SigningKey]:
    """Every key of a key ring that can sign, in order; ValueError for what is no key ring."""
    name, parts = "", list[_Part]()
    for tag, body in _packets(data):
        if tag == _KEY:
            yield from _able(name, parts)
            name, parts = "", [_part(body)]
        elif not parts:
            raise ValueError("it does not begin with a public key")
        elif tag == _USER and not name:
            name = body.decode("utf-8", "replace")[:_NAME_LIMIT]
        elif tag == _SUBKEY:
            parts.append(_part(body))
        elif tag == _SIGNATURE:
            _hear(parts, _signature(body))
    if not parts:
        raise ValueError("it holds no key")
    yield from _able(name, parts)


def issuers(data: bytes) -> frozenset[str]:
    """The ids of the keys that made the signatures in some bytes; ValueError for what is no signature."""
    return frozenset(each for tag, body in _packets(data) if tag == _SIGNATURE for each in _signature(body).issuers)


def _hear(parts: list[_Part], said: _Signature) -> None:
    """What a signature says of the key that it follows. Those of strangers say nothing of how long a key lasts."""
    key, last = parts[0], parts[-1]
    if said.issuers and key.key_id not in said.issuers:
        return
    about = last if said.kind in {_BINDS, _REVOKES_SUBKEY} else key
    if said.kind in {_REVOKES, _REVOKES_SUBKEY}:
        about.revoked = True
    elif said.tells_of_the_key and (about.said is None or said.created >= about.said.created):
        about.said = said


def _able(name: str, parts: list[_Part]) -> Iterator[SigningKey]:
    if not parts:
        return
    key = parts[0]
    for part in parts:
        flags = part.said.flags if part.said else None
        if flags is None and part is not key:
            continue
        if flags is None or flags & _MAY_SIGN:
            moments = [moment for moment in (part.ends, key.ends) if moment is not None]
            yield SigningKey(name, part.fingerprint, part.key_id, min(moments, default=None), revoked=part.revoked or key.revoked)


def _part(body: bytes) -> _Part:
    version = body[0] if body else 0
    if version not in {4, 6} or len(body) < 6:
        raise ValueError(f"a key of version {version}, which is not known here")
    if version == 4:
        digest = hashlib.sha1(b"\x99" + len(body).to_bytes(2) + body, usedforsecurity=False).hexdigest()
    else:
        digest = hashlib.sha256(b"\x9b" + len(body).to_bytes(4) + body).hexdigest()
    return _Part(version, digest.upper(), int.from_bytes(body[1:5]))


def _signature(body: bytes) -> _Signature:
    version = body[0] if body else 0
    if version == 3 and len(body) >= 19:
        return _Signature(body[2], int.from_bytes(body[3:7]), issuers=[body[7:15].hex().upper()])
    if version not in {4, 6}:
        raise ValueError(f"a signature of version {version}, which is not known here")
    said, wide, start = _Signature(_byte(body, 1)), 4 if version == 6 else 2, 4
    for hashed in (True, False):
        end = start + wide + int.from_bytes(body[start : start + wide])
        if end > len(body):
            raise ValueError("a signature is cut off")
        for kind, value in _subpackets(body[start + wide : end]):
            _note(said, kind, value, hashed=hashed)
        start = end
    return said


def _note(said: _Signature, kind: int, value: bytes, *, hashed: bool) -> None:
    """One word of a signature; what anybody could have added to it later only tells who made it."""
    if kind == _ISSUER:
        said.issuers.append(value.hex().upper())
    elif kind == _ISSUER_FINGERPRINT and value:
        digest = value[1:].hex().upper()
        said.issuers.append(digest[:16] if value[0] == 6 else digest[-16:])
    elif hashed and kind == _CREATED:
        said.created = int.from_bytes(value)
    elif hashed and kind == _KEY_LASTS:
        said.lasts = int.from_bytes(value)
    elif hashed and kind == _FLAGS:
        said.flags = value[0] if value else 0


def _subpackets(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(data):
        length, place = _length(data, place)
        if not length or place + length > len(data):
            raise ValueError("a signature is cut off")
        yield data[place] & 0x7F, data[place + 1 : place + length]
        place += length


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each packet; keys and signatures never come in pieces."""
    place = 0
    while place < len(data):
        head = data[place]
        if not head & 0x80:
            raise ValueError("it is no OpenPGP data")
        if head & 0x40:
            tag = head & 0x3F
            length, place = _length(data, place + 1)
        else:
            tag, wide = head >> 2 & 0x0F, 1 << (head & 3)
            if wide == 8:
                raise ValueError("a packet without a length")
            length, place = int.from_bytes(data[place + 1 : place + 1 + wide]), place + 1 + wide
        if place + length > len(data):
            raise ValueError("it is cut off")
        yield tag, data[place : place + length]
        place += length


def _length(data: bytes, place: int) -> tuple[int, int]:
    """A length of one, two or five bytes, and where what it measures begins."""
    first = _byte(data, place)
    if first < 192:
        return first, place + 1
    if first < 224:
        return (first - 192 << 8) + _byte(data, place + 1) + 192, place + 2
    if first == 255:
        return int.from_bytes(data[place + 1 : place + 5]), place + 5
    raise ValueError("a packet in pieces, which no key and no signature is")


def _byte(data: bytes, place: int) -> int:
    if place >= len(data):
        raise ValueError("it is cut off")
    return data[place]
