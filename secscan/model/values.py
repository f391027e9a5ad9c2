"""What a value may be, and how durations, sizes, modes and moments are written.

The types here are the whole type system of checks: attributes of probes, parameters and operands of matchers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from secscan.messages import Message


class Type(StrEnum):
    """The types of attributes, arguments and parameters."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"  # of text
    MODE = "mode"  # permission bits, an int; written "0644"
    DURATION = "duration"  # seconds, a number; written 26h, 90d
    SIZE = "size"  # bytes, an int; written 10GiB
    TIMESTAMP = "timestamp"  # seconds since 1970-01-01 UTC, a number; written 2026-01-31 or RFC 3339
    VERSION = "version"  # text, ordered as Debian orders versions
    RECORDS = "records"  # a collection: a tuple of mappings


@dataclass(frozen=True, slots=True)
class Absent:
    """Looked, and it is not there. `what` names the thing that was looked for."""

    what: str = ""


@dataclass(frozen=True, slots=True)
class Unobservable:
    """Could not look; `reason` says why. Never the same as Absent."""

    reason: str


Scalar: TypeAlias = "str | int | float | bool | tuple[str, ...]"
Record: TypeAlias = "dict[str, Value]"
Value: TypeAlias = "Scalar | tuple[Record, ...] | Absent | Unobservable"

_NO_VALUES = (Absent, Unobservable)
MASK = "********"
"""What stands in an answer where a secret was; the host puts it there (see probing.MASK_AWK)."""
_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31557600}
_SIZE_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
WRITTEN = {
    Type.TEXT: "text",
    Type.INTEGER: "a whole number",
    Type.NUMBER: "a number",
    Type.BOOLEAN: "true or false",
    Type.LIST: "a list of texts",
    Type.MODE: 'an octal mode such as "0640"',
    Type.DURATION: Message("a duration such as 90s, 15m, 26h, 90d, 2w or 1y"),
    Type.SIZE: "a size such as 512B, 64KiB, 10GiB or 1TB",
    Type.TIMESTAMP: Message("a moment such as 2026-01-31 or 2026-01-31T08:00:00Z"),
    Type.VERSION: 'a version such as "2.14"',
    Type.RECORDS: "a collection",
}
PATTERNS = {
    Type.INTEGER: r"-?[0-9]{1,18}",
    Type.NUMBER: r"-?[0-9]{1,15}(\.[0-9]{1,15})?",
    Type.MODE: r"0?[0-7]{3,4}",
    Type.DURATION: r"([0-9]{1,9}(\.[0-9]{1,9})?[smhdwy]){1,9}",
    Type.SIZE: r"[0-9]{1,15}(\.[0-9]{1,9})? ?(B|[KMGT]iB|[kMGT]B)",
    Type.TIMESTAMP: r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
}
"""How values of a type are written, in regular expressions that Python and JSON Schema read alike; the whole text must match."""
_COMPILED = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}


def read_duration(text: str) -> float:
    """Seconds of `26h`, `90d`, `1h30m`; ValueError otherwise. A year is 365.25 days, a month has no unit."""
    _demand(Type.DURATION, text)
    return sum(float(number) * _DURATION_UNITS[unit] for number, unit in re.findall(r"([0-9.]+)([a-z])", text))


def read_size(text: str) -> int:
    """Bytes of `10GiB`, `512B`; ValueError otherwise."""
    _demand(Type.SIZE, text)
    number = text.rstrip("BKMGTik ")
    unit = _SIZE_UNITS[text[len(number) :].strip()]
    return int(number) * unit if number.isdigit() else int(float(number) * unit)


def read_timestamp(text: str) -> float:
    """Seconds since the epoch of `2026-01-31` (midnight UTC) or an RFC 3339 moment; ValueError otherwise."""
    _demand(Type.TIMESTAMP, text)
    moment = datetime.fromisoformat(text)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError as error:
        raise ValueError(text) from error


def _demand(kind: Type, text: str) -> None:
    if not _COMPILED[kind].fullmatch(text):
        raise ValueError(text)


def read_value(kind: Type, written: object) -> Scalar:
    """The value of what a person wrote in YAML for a given type.

    Raises ValueError when it cannot be one; WRITTEN[kind] says what is allowed.
    """
    if kind is Type.LIST:
        if not isinstance(written, list | tuple) or any(isinstance(item, list | dict | bool) or item is None for item in written):
            raise ValueError(written)
        return tuple(str(item) for item in written)
    if kind is Type.BOOLEAN:
        if not isinstance(written, bool):
            raise ValueError(written)
        return written
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise ValueError(written)
    text = str(written)
    if kind in _COMPILED:
        _demand(kind, text)
    return _READERS[kind](text)


_READERS: dict[Type, Callable[[str], Scalar]] = {
    Type.TEXT: str,
    Type.VERSION: str,
    Type.INTEGER: int,
    Type.NUMBER: float,
    Type.MODE: lambda text: int(text, 8),
    Type.DURATION: read_duration,
    Type.SIZE: read_size,
    Type.TIMESTAMP: read_timestamp,
}


def write_value(kind: Type, value: object) -> object:
    """The inverse of read_value, for reports and JSON: modes as "0644", moments as RFC 3339, tuples as lists."""
    if value is None or isinstance(value, _NO_VALUES):
        return None
    if kind is Type.MODE and isinstance(value, int):
        return f"{value:04o}"
    if kind is Type.TIMESTAMP and isinstance(value, int | float):
        return _write_moment(value)
    if isinstance(value, tuple):
        return list(value)
    return value


def write_duration(seconds: float) -> str:
    """Seconds as a person writes them, in the largest units that fit: 900 -> 15m, 93600 -> 1d2h, 0.25 -> 0.25s.

    >>> write_duration(93600), write_duration(0), write_duration(0.25)
    ('1d2h', '0s', '0.25s')
    """
    if seconds < 0:
        return "-" + write_duration(-seconds)
    rest, parts = float(seconds), []
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, _DURATION_UNITS[unit])
        if count:
            parts.append(f"{int(count)}{unit}")
    if rest or not parts:
        parts.append(f"{round(rest, 3):g}s")
    return "".join(parts)


def _write_moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds since 1970"
