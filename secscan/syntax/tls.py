"""TLS as it is spoken before anything is encrypted: a ClientHello to send, and what a server answers to it.

Written out by hand because no library of today still offers what must not be offered any more: SSLv3, RC4, anonymous keys,
compression. It reads what servers say in clear and keeps no secret. RFC 8446, 5246, 6101, 6066, 5746; SSLv2 from its 1995 draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secscan.probing import Unreadable

VERSIONS = {"TLSv1.3": 0x0304, "TLSv1.2": 0x0303, "TLSv1.1": 0x0302, "TLSv1.0": 0x0301, "SSLv3": 0x0300, "SSLv2": 0x0002}
"""Every version, newest first, with its number on the wire."""
_NAMES = {number: name for name, number in VERSIONS.items()}
_SUITES = """
    C0AC:ECDHE_ECDSA_WITH_AES_128_CCM C0AE:ECDHE_ECDSA_WITH_AES_128_CCM_8 C02B:ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    C0AD:ECDHE_ECDSA_WITH_AES_256_CCM C0AF:ECDHE_ECDSA_WITH_AES_256_CCM_8 C02C:ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    C05C:ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256 C05D:ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384
    CCA9:ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 C02F:ECDHE_RSA_WITH_AES_128_GCM_SHA256 C030:ECDHE_RSA_WITH_AES_256_GCM_SHA384
    C060:ECDHE_RSA_WITH_ARIA_128_GCM_SHA256 C061:ECDHE_RSA_WITH_ARIA_256_GCM_SHA384 CCA8:ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    C009:ECDHE_ECDSA_WITH_AES_128_CBC_SHA C023:ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 C00A:ECDHE_ECDSA_WITH_AES_256_CBC_SHA
    C024:ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 C072:ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256
    C073:ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384 C013:ECDHE_RSA_WITH_AES_128_CBC_SHA C027:ECDHE_RSA_WITH_AES_128_CBC_SHA256
    C014:ECDHE_RSA_WITH_AES_256_CBC_SHA C028:ECDHE_RSA_WITH_AES_256_CBC_SHA384 C076:ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256
    C077:ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384 00A2:DHE_DSS_WITH_AES_128_GCM_SHA256 00A3:DHE_DSS_WITH_AES_256_GCM_SHA384
    C056:DHE_DSS_WITH_ARIA_128_GCM_SHA256 C057:DHE_DSS_WITH_ARIA_256_GCM_SHA384 C09E:DHE_RSA_WITH_AES_128_CCM
    C0A2:DHE_RSA_WITH_AES_128_CCM_8 009E:DHE_RSA_WITH_AES_128_GCM_SHA256 C09F:DHE_RSA_WITH_AES_256_CCM
    C0A3:DHE_RSA_WITH_AES_256_CCM_8 009F:DHE_RSA_WITH_AES_256_GCM_SHA384 C052:DHE_RSA_WITH_ARIA_128_GCM_SHA256
    C053:DHE_RSA_WITH_ARIA_256_GCM_SHA384 CCAA:DHE_RSA_WITH_CHACHA20_POLY1305_SHA256 0032:DHE_DSS_WITH_AES_128_CBC_SHA
    0040:DHE_DSS_WITH_AES_128_CBC_SHA256 0038:DHE_DSS_WITH_AES_256_CBC_SHA 006A:DHE_DSS_WITH_AES_256_CBC_SHA256
    0044:DHE_DSS_WITH_CAMELLIA_128_CBC_SHA 00BD:DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256 0087:DHE_DSS_WITH_CAMELLIA_256_CBC_SHA
    00C3:DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256 0033:DHE_RSA_WITH_AES_128_CBC_SHA 0067:DHE_RSA_WITH_AES_128_CBC_SHA256
    0039:DHE_RSA_WITH_AES_256_CBC_SHA 006B:DHE_RSA_WITH_AES_256_CBC_SHA256 0045:DHE_RSA_WITH_CAMELLIA_128_CBC_SHA
    00BE:DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 0088:DHE_RSA_WITH_CAMELLIA_256_CBC_SHA 00C4:DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256
    C09C:RSA_WITH_AES_128_CCM C0A0:RSA_WITH_AES_128_CCM_8 009C:RSA_WITH_AES_128_GCM_SHA256 C09D:RSA_WITH_AES_256_CCM
    C0A1:RSA_WITH_AES_256_CCM_8 009D:RSA_WITH_AES_256_GCM_SHA384 C050:RSA_WITH_ARIA_128_GCM_SHA256
    C051:RSA_WITH_ARIA_256_GCM_SHA384 C004:ECDH_ECDSA_WITH_AES_128_CBC_SHA C005:ECDH_ECDSA_WITH_AES_256_CBC_SHA
    C00E:ECDH_RSA_WITH_AES_128_CBC_SHA C00F:ECDH_RSA_WITH_AES_256_CBC_SHA 002F:RSA_WITH_AES_128_CBC_SHA
    003C:RSA_WITH_AES_128_CBC_SHA256 0035:RSA_WITH_AES_256_CBC_SHA 003D:RSA_WITH_AES_256_CBC_SHA256
    0041:RSA_WITH_CAMELLIA_128_CBC_SHA 00BA:RSA_WITH_CAMELLIA_128_CBC_SHA256 0084:RSA_WITH_CAMELLIA_256_CBC_SHA
    00C0:RSA_WITH_CAMELLIA_256_CBC_SHA256 C006:ECDHE_ECDSA_WITH_NULL_SHA C007:ECDHE_ECDSA_WITH_RC4_128_SHA
    C010:ECDHE_RSA_WITH_NULL_SHA C011:ECDHE_RSA_WITH_RC4_128_SHA C008:ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
    C012:ECDHE_RSA_WITH_3DES_EDE_CBC_SHA 0011:DHE_DSS_EXPORT_WITH_DES40_CBC_SHA 0013:DHE_DSS_WITH_3DES_EDE_CBC_SHA
    0012:DHE_DSS_WITH_DES_CBC_SHA 0099:DHE_DSS_WITH_SEED_CBC_SHA 0014:DHE_RSA_EXPORT_WITH_DES40_CBC_SHA
    0016:DHE_RSA_WITH_3DES_EDE_CBC_SHA 0015:DHE_RSA_WITH_DES_CBC_SHA 009A:DHE_RSA_WITH_SEED_CBC_SHA
    0017:DH_anon_EXPORT_WITH_RC4_40_MD5 00A6:DH_anon_WITH_AES_128_GCM_SHA256 00A7:DH_anon_WITH_AES_256_GCM_SHA384
    0018:DH_anon_WITH_RC4_128_MD5 C001:ECDH_ECDSA_WITH_NULL_SHA C002:ECDH_ECDSA_WITH_RC4_128_SHA C00B:ECDH_RSA_WITH_NULL_SHA
    C00C:ECDH_RSA_WITH_RC4_128_SHA C015:ECDH_anon_WITH_NULL_SHA C016:ECDH_anon_WITH_RC4_128_SHA 0003:RSA_EXPORT_WITH_RC4_40_MD5
    0001:RSA_WITH_NULL_MD5 0002:RSA_WITH_NULL_SHA 003B:RSA_WITH_NULL_SHA256 0004:RSA_WITH_RC4_128_MD5 0005:RSA_WITH_RC4_128_SHA
    0019:DH_anon_EXPORT_WITH_DES40_CBC_SHA 001B:DH_anon_WITH_3DES_EDE_CBC_SHA 0034:DH_anon_WITH_AES_128_CBC_SHA
    006C:DH_anon_WITH_AES_128_CBC_SHA256 003A:DH_anon_WITH_AES_256_CBC_SHA 006D:DH_anon_WITH_AES_256_CBC_SHA256
    0046:DH_anon_WITH_CAMELLIA_128_CBC_SHA 00BF:DH_anon_WITH_CAMELLIA_128_CBC_SHA256 0089:DH_anon_WITH_CAMELLIA_256_CBC_SHA
    00C5:DH_anon_WITH_CAMELLIA_256_CBC_SHA256 001A:DH_anon_WITH_DES_CBC_SHA 009B:DH_anon_WITH_SEED_CBC_SHA
    C003:ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA C00D:ECDH_RSA_WITH_3DES_EDE_CBC_SHA C017:ECDH_anon_WITH_3DES_EDE_CBC_SHA
    C018:ECDH_anon_WITH_AES_128_CBC_SHA C019:ECDH_anon_WITH_AES_256_CBC_SHA 0008:RSA_EXPORT_WITH_DES40_CBC_SHA
    0006:RSA_EXPORT_WITH_RC2_CBC_40_MD5 000A:RSA_WITH_3DES_EDE_CBC_SHA 0009:RSA_WITH_DES_CBC_SHA 0007:RSA_WITH_IDEA_CBC_SHA
    0096:RSA_WITH_SEED_CBC_SHA
"""
SUITES: dict[int, str] = {int(number, 16): f"TLS_{name}" for number, name in (pair.split(":") for pair in _SUITES.split())}
"""The suites up to TLS 1.2 that work with certificates or without any proof, best first: number -> IANA's name."""
_SUITES_1_3 = {
    0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256", 0x1305: "TLS_AES_128_CCM_8_SHA256",
}  # fmt: skip
_GROUPS = {
    0x001D: "x25519", 0x0017: "secp256r1", 0x0018: "secp384r1", 0x0019: "secp521r1", 0x001E: "x448",
    0x0100: "ffdhe2048", 0x0101: "ffdhe3072", 0x0102: "ffdhe4096", 0x11EC: "X25519MLKEM768",
    0x0016: "secp256k1", 0x0015: "secp224r1", 0x0013: "secp192r1", 0x0012: "secp192k1", 0x000E: "sect571r1",
}  # fmt: skip
_OFFERED_GROUPS = [group for group in _GROUPS if group != 0x11EC]  # its answer would need the share of a key of its own
_SIGNATURES = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
    0x0402, 0x0303, 0x0301, 0x0203, 0x0201, 0x0202, 0x0101,
)  # fmt: skip
_RENEGOTIATION = 0x00FF  # the signalling suite of RFC 5746
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_SSL2_CIPHERS = bytes.fromhex("010080 020080 030080 040080 050080 060040 0700c0")
HANDSHAKE, ALERT = 22, 21
_WARNING, _CLOSES = 1, 0  # the level of an alert that ends nothing; the alert that ends the connection whatever its level
_SERVER_HELLO, _CERTIFICATE, _KEY_EXCHANGE, _DONE, _STATUS = 2, 11, 12, 14, 22


def client_hello(version: str, suites: Sequence[int], name: str, random: bytes) -> bytes:
    """A record that asks for one version, with these suites, of the server that is called `name`. `random`: 64 bytes."""
    if version == "SSLv2":
        body = b"\x01\x00\x02" + len(_SSL2_CIPHERS).to_bytes(2, "big") + b"\x00\x00\x00\x10" + _SSL2_CIPHERS + random[:16]
        return (0x8000 | len(body)).to_bytes(2, "big") + body
    modern = version == "TLSv1.3"
    legacy = min(VERSIONS[version], VERSIONS["TLSv1.2"])
    numbers = list(_SUITES_1_3) if modern else [*suites, _RENEGOTIATION]
    body = (
        legacy.to_bytes(2, "big")
        + random[:32]
        + _sized(1, random[:32] if modern else b"")
        + _sized(2, b"".join(number.to_bytes(2, "big") for number in numbers))
        + (b"\x01\x00" if modern else b"\x02\x01\x00")
    )
    if version != "SSLv3":
        body += _sized(2, _extensions(modern, name, random[32:64]))
    message = b"\x01" + _sized(3, body)
    return bytes([HANDSHAKE]) + min(legacy, 0x0301).to_bytes(2, "big") + _sized(2, message)


def _extensions(modern: bool, name: str, share: bytes) -> bytes:
    groups = b"".join(group.to_bytes(2, "big") for group in _OFFERED_GROUPS)
    signatures = b"".join(signature.to_bytes(2, "big") for signature in _SIGNATURES)
    found = [(10, _sized(2, groups)), (11, b"\x01\x00"), (13, _sized(2, signatures)), (5, b"\x01\x00\x00\x00\x00")]
    if name:
        found.insert(0, (0, _sized(2, b"\x00" + _sized(2, name.encode("idna")))))
    if modern:
        found += [(43, b"\x02\x03\x04"), (51, _sized(2, b"\x00\x1d" + _sized(2, share)))]
    else:
        found.append((23, b""))
    return b"".join(kind.to_bytes(2, "big") + _sized(2, data) for kind, data in found)


def _sized(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


@dataclass(slots=True)
class Said:
    """What a server answered to one hello. `alert` is its number when it refused with one, -1 otherwise."""

    version: str = ""
    suite: str = ""
    suite_number: int = -1
    group: str = ""
    compression: bool = False
    secure_renegotiation: bool = False
    alert: int = -1
    chain: tuple[bytes, ...] = ()
    staple: bytes = b""


def read_flight(data: bytes) -> tuple[Said, bool]:
    """What a server said so far, and whether it is all that it says in clear. Unreadable when it speaks no TLS."""
    said = Said()
    handshake = b""
    for kind, payload in _records(data):
        if kind == ALERT:
            if len(payload) == 2 and payload[0] == _WARNING and payload[1] != _CLOSES:
                continue  # such as unrecognized_name, after which the server goes on to its hello (RFC 6066, 3)
            said.alert = payload[1] if len(payload) == 2 else 0
            return said, True
        if kind != HANDSHAKE:
            break
        handshake += payload
    for kind, body in _messages(handshake):
        _read_message(said, kind, body)
        if kind == _DONE or said.version == "TLSv1.3":
            return said, True
    return said, False


def _read_message(said: Said, kind: int, body: bytes) -> None:
    if kind == _SERVER_HELLO:
        _read_server_hello(said, body)
    elif kind == _CERTIFICATE:
        said.chain = tuple(_vectors(_vector(body, 0, 3)[0], 3))
    elif kind == _STATUS and body[:1] == b"\x01":
        said.staple = _vector(body, 1, 3)[0]
    elif kind == _KEY_EXCHANGE:
        said.group = _read_group(said.suite, body)


def read_ssl2(data: bytes) -> bool:
    """Whether an answer to the hello of SSLv2 is its SERVER-HELLO. Unreadable when it speaks neither this nor TLS."""
    if len(data) >= 11 and data[0] & 0x80 and data[2] == 4:
        return int.from_bytes(data[9:11], "big") > 0  # a server may answer and yet share no cipher
    read_flight(data)
    return False


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and payload of each whole record."""
    while len(data) >= 5:
        if data[0] not in (20, ALERT, HANDSHAKE, 23) or data[1] != 3 or data[2] > 4:
            raise Unreadable("the answer is no TLS")
        size = int.from_bytes(data[3:5], "big")
        if size > 2**14 + 2048:
            raise Unreadable("the answer is no TLS: a record of more than 16 KiB")
        if len(data) < 5 + size:
            return
        yield data[0], data[5 : 5 + size]
        data = data[5 + size :]
    if data and (data[0] not in (20, ALERT, HANDSHAKE, 23) or (len(data) > 1 and data[1] != 3)):
        raise Unreadable("the answer is no TLS")


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        size = int.from_bytes(data[1:4], "big")
        if len(data) < 4 + size:
            return
        yield data[0], data[4 : 4 + size]
        data = data[4 + size :]


def _vector(data: bytes, at: int, width: int) -> tuple[bytes, int]:
    """A length-prefixed vector and where it ends."""
    start = at + width
    end = start + int.from_bytes(data[at:start], "big")
    if start > len(data) or end > len(data):
        raise Unreadable("the answer is no TLS: a length beyond its message")
    return data[start:end], end


def _vectors(data: bytes, width: int) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        item, at = _vector(data, at, width)
        yield item


def _read_server_hello(said: Said, body: bytes) -> None:
    _, at = _vector(body, 34, 1)
    if len(body) < at + 3:
        raise Unreadable("the answer is no TLS: its hello is too short")
    number = int.from_bytes(body[at : at + 2], "big")
    version = int.from_bytes(body[:2], "big")
    extensions = _read_extensions(body[at + 3 :])
    if 43 in extensions:
        version = int.from_bytes(extensions[43], "big")
    share = extensions.get(51, b"")
    said.version = _NAMES.get(version, f"0x{version:04X}")
    said.suite_number, said.suite = number, SUITES.get(number) or _SUITES_1_3.get(number) or f"0x{number:04X}"
    said.compression = body[at + 2] != 0
    said.secure_renegotiation = 0xFF01 in extensions
    if share:
        said.group = _group_name(int.from_bytes(share[:2], "big"))


def _read_extensions(data: bytes) -> dict[int, bytes]:
    if len(data) < 2:
        return {}
    block, _ = _vector(data, 0, 2)
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        kind = int.from_bytes(block[at : at + 2], "big")
        found[kind], at = _vector(block, at + 2, 2)
    return found


def _read_group(suite: str, body: bytes) -> str:
    """The group of a ServerKeyExchange: a named curve, or the bits of a Diffie-Hellman prime."""
    if "_ECDH" in suite:
        return _group_name(int.from_bytes(body[1:3], "big")) if body[:1] == b"\x03" else "explicit curve"
    prime, _ = _vector(body, 0, 2)
    return f"dh{int.from_bytes(prime, 'big').bit_length()}"


def _group_name(number: int) -> str:
    return _GROUPS.get(number, f"0x{number:04X}")


def is_broken(suite: str) -> bool:
    """Whether a suite gives no protection worth the name: no encryption, no proof, keys or ciphers that can be broken.

    SSLv2 stands for the suites of that version, of which none is better.

    >>> is_broken("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), is_broken("TLS_RSA_WITH_AES_128_CBC_SHA")
    (True, False)
    """
    words = suite.split("_")
    return bool({"SSLv2", "NULL", "anon", "EXPORT", "RC4", "RC2", "DES", "DES40", "3DES", "IDEA", "MD5"} & set(words))


def is_forward_secret(suite: str) -> bool:
    """Whether who steals the server's key later can still not read what was recorded before."""
    return suite in _SUITES_1_3.values() or suite.startswith(("TLS_ECDHE_", "TLS_DHE_"))


def is_authenticated(suite: str) -> bool:
    """Whether encryption and proof of integrity are one (AEAD), as in every suite of TLS 1.3.

    >>> is_authenticated("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), is_authenticated("TLS_RSA_WITH_AES_128_CBC_SHA")
    (True, False)
    """
    return any(word in suite for word in ("_GCM", "_CCM", "POLY1305"))
