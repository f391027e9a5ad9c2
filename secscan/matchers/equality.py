"""Is it this, or one of these?"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from secscan.model.matcher import FAILS, HOLDS, Match, Matcher, OperandKind, Setting
from secscan.model.values import Type, read_value

_LISTABLE = frozenset(Type) - {Type.RECORDS, Type.LIST, Type.BOOLEAN}


def equals(value: Any, operand: Any, setting: Setting) -> Match:
    """Same value; lists: the same elements in the same order."""
    if setting.type is Type.LIST:
        missing = tuple(item for item in operand if item not in value)
        extra = tuple(item for item in value if item not in operand)
        return Match(value == operand, missing=missing, extra=extra)
    return HOLDS if value == operand else FAILS


def is_in(value: Any, operand: Any, setting: Setting) -> Match:
    """One of the listed values, each read as the attribute's type."""
    try:
        return HOLDS if value in _read_all(setting.type, operand) else FAILS
    except ValueError:
        return Match(None, f"the list of allowed values has one that is not of type {setting.type}")


def not_in(value: Any, operand: Any, setting: Setting) -> Match:
    """None of the listed values."""
    match = is_in(value, operand, setting)
    return match if match.holds is None else FAILS if match.holds else HOLDS


@lru_cache(maxsize=1024)
def _read_all(kind: Type, items: tuple[str, ...]) -> frozenset[Any]:
    """The listed values; the same list is laid on every record of a collection, so it is read once."""
    return frozenset(read_value(kind, item) for item in items)


MATCHERS = (
    Matcher(
        "equals",
        "is exactly this value",
        frozenset(Type) - {Type.RECORDS},
        OperandKind.SAME,
        equals,
        timeless=True,
        example='equals: "no"',
    ),
    Matcher(
        "in", "is one of these values", _LISTABLE, OperandKind.ITEMS, is_in, timeless=True, example='in: ["no", prohibit-password]'
    ),
    Matcher(
        "not_in",
        "is none of these values",
        _LISTABLE,
        OperandKind.ITEMS,
        not_in,
        timeless=True,
        example="not_in: [empty, des, md5]",
    ),
)
