"""Is it there at all, and is there anything in it?"""

from __future__ import annotations

from typing import Any

from secscan.model.matcher import FAILS, HOLDS, Match, Matcher, OperandKind, Setting
from secscan.model.values import Absent, Type

_ALL = frozenset(Type)


def present(value: Any, operand: Any, setting: Setting) -> Match:
    """It was looked for and found (`present: false`: and not found)."""
    return HOLDS if isinstance(value, Absent) != operand else FAILS


def absent(value: Any, operand: Any, setting: Setting) -> Match:
    """It was looked for and is not there (`absent: false`: is there)."""
    return HOLDS if isinstance(value, Absent) == operand else FAILS


def empty(value: Any, operand: Any, setting: Setting) -> Match:
    """Nothing in it: no characters but blanks, no elements, no records."""
    return HOLDS if (not (value.strip() if isinstance(value, str) else value)) == operand else FAILS


MATCHERS = (
    Matcher(
        "present",
        "was looked for and found",
        _ALL,
        OperandKind.FLAG,
        present,
        takes_absent=True,
        timeless=True,
        example="present: true",
    ),
    Matcher(
        "absent",
        "was looked for and is not there",
        _ALL,
        OperandKind.FLAG,
        absent,
        takes_absent=True,
        timeless=True,
        example="absent: true",
    ),
    Matcher(
        "empty",
        "has nothing in it",
        frozenset({Type.TEXT, Type.LIST, Type.RECORDS}),
        OperandKind.FLAG,
        empty,
        timeless=True,
        example="empty: true",
    ),
)
