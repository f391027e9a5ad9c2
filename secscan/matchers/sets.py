"""Lists as sets: nothing else, and nothing less."""

from __future__ import annotations

from typing import Any

from secscan.model.matcher import Match, Matcher, OperandKind, Setting
from secscan.model.values import Type

_LISTS = frozenset({Type.LIST})


def subset_of(value: Any, operand: Any, setting: Setting) -> Match:
    """Every element is one of the operand's."""
    allowed = set(operand)
    extra = tuple(item for item in value if item not in allowed)
    return Match(not extra, extra=extra)


def superset_of(value: Any, operand: Any, setting: Setting) -> Match:
    """Every element of the operand is there."""
    there = set(value)
    missing = tuple(item for item in operand if item not in there)
    return Match(not missing, missing=missing)


MATCHERS = (
    Matcher(
        "subset_of",
        "has no element but these",
        _LISTS,
        OperandKind.ITEMS,
        subset_of,
        timeless=True,
        example="subset_of: [aes256-gcm@openssh.com]",
    ),
    Matcher(
        "superset_of",
        "has all of these elements",
        _LISTS,
        OperandKind.ITEMS,
        superset_of,
        timeless=True,
        example="superset_of: [nodev, nosuid, noexec]",
    ),
)
