"""What a domain publishes about its mail: SPF (RFC 7208), DKIM keys (RFC 6376), DMARC (RFC 7489), MTA-STS (RFC 8461)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping

_LOOKUPS = ("include", "a", "mx", "ptr", "exists")
_TERM = re.compile(
    r"(?i)[+?~-]?(?:all|(?:a|mx)(?::[^/]+)?(?:/\d+)?(?://\d+)?|ptr(?::.+)?|(?:include|exists):.+|ip4:[0-9.]+(?:/\d+)?"
    r"|ip6:[0-9a-f:.]+(?:/\d+)?)|[a-z][a-z0-9._-]*=.*"
)
_WIDE = re.compile(r"(?i)[+?~-]?(?:ip4:|ip6:|a\b|mx\b)[^/]*/{1,2}[0-7]")  # no network of that size is one organisation's own


def spf_records(texts: Iterable[str]) -> list[str]:
    """The TXT records that are SPF's."""
    return [text for text in texts if re.match(r"(?i)v=spf1(\s|$)", text)]


def spf_terms(record: str) -> list[tuple[str, str, str]]:
    """Qualifier, mechanism and value of each term.

    >>> spf_terms("v=spf1 include:_spf.example.net a:b ip4:192.0.2.0/24 -all")[-1]
    ('-', 'all', '')
    """
    terms = []
    for word in record.split()[1:]:
        found = re.fullmatch(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*)(?:[:=/](.*))?", word)
        if found:
            terms.append((found[1] or "+", found[2].lower(), (found[3] or "").rstrip(".").lower()))
    return terms


def spf_follows(record: str) -> list[str]:
    """The names whose records count as part of this one; macros are not expanded."""
    return [
        value for _, mechanism, value in spf_terms(record) if mechanism in ("include", "redirect") and value and "%" not in value
    ]


def spf_lookups(name: str, texts: Mapping[str, Iterable[str]], seen: frozenset[str] = frozenset()) -> int:
    """How many look-ups the record of a name costs, those of what it includes counted; 99 when it includes itself."""
    total = 0
    for record in spf_records(texts.get(name, ()))[:1]:
        terms = spf_terms(record)
        has_all = any(mechanism == "all" for _, mechanism, _ in terms)
        for _, mechanism, value in terms:
            if mechanism == "redirect" and has_all:  # RFC 7208, 6.1: then it is ignored
                continue
            if mechanism in _LOOKUPS or mechanism == "redirect":
                total += 1
            if mechanism in ("include", "redirect") and value in texts:
                if value in seen or value == name:
                    return 99
                total += spf_lookups(value, texts, seen | {name})
    return min(total, 99)


def spf_all(name: str, texts: Mapping[str, Iterable[str]], depth: int = 0) -> str:
    """What the record says of all others: - ~ ? or +; `?` when it says nothing or is not valid. Redirects are followed.

    What fits everybody decides before `all` does: a network of half the world, or a record that it includes and that passes all.
    """
    records = spf_records(texts.get(name, ()))
    if not records or depth > 10 or not all(map(_TERM.fullmatch, records[0].split()[1:])):
        return "?"
    for word, (qualifier, mechanism, value) in zip(records[0].split()[1:], spf_terms(records[0]), strict=True):
        if mechanism == "all" or _WIDE.fullmatch(word):
            return qualifier
        if mechanism == "include" and value in texts:
            if len(spf_records(texts[value])) != 1:
                return "?"  # RFC 7208, 5.2: then nothing is known of anybody
            if spf_all(value, texts, depth + 1) == "+":
                return qualifier
    onward = next((value for _, mechanism, value in spf_terms(records[0]) if mechanism == "redirect"), "")
    return spf_all(onward, texts, depth + 1) if onward else "?"


def tags(record: str) -> dict[str, str]:
    """The tags of a DKIM, DMARC, MTA-STS or TLS-RPT record; the first of each name.

    >>> tags("v=DMARC1; p=reject; rua=mailto:a@example.org")["p"]
    'reject'
    """
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def starts_with_version(record: str, version: str) -> bool:
    """Whether a record begins with `v=VERSION`, as these must."""
    return re.match(rf"\s*v\s*=\s*{re.escape(version)}\s*(;|$)", record) is not None


def dkim_key(record: str) -> tuple[str, int]:
    """Kind and bits of the key in a DKIM record; 0 bits when it was revoked. Raises ValueError when it is none."""
    told = tags(record)
    kind = told.get("k", "rsa").lower()
    encoded = re.sub(r"\s", "", told.get("p", ""))
    if "p" not in told or told.get("v", "DKIM1") != "DKIM1":
        raise ValueError("no DKIM record")
    if not encoded:
        return kind, 0
    data = base64.b64decode(encoded, validate=True)
    if kind == "ed25519":
        return kind, len(data) * 8
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 - slow, and only DKIM needs it
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 - as above

    key = load_der_public_key(data)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return kind, key.key_size


def organisation_names(domain: str) -> list[str]:
    """The domain and the ones above it that may speak for it, down to two labels, at most five.

    >>> organisation_names("mail.unit.example.org")
    ['mail.unit.example.org', 'unit.example.org', 'example.org']
    """
    labels = domain.rstrip(".").split(".")
    return [".".join(labels[start:]) for start in range(max(0, len(labels) - 5), max(1, len(labels) - 1))]
