"""What stands in a text or a list. Regular expressions run on RE2: linear time on whatever a host sends."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from secscan.model.matcher import FAILS, HOLDS, Match, Matcher, OperandKind, Setting
from secscan.model.values import MASK, Type

_MASKED = "part of it was masked on the host"
_SHORT = 200  # characters; nobody's long texts are kept
_TEXTS = frozenset({Type.TEXT, Type.VERSION})


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Any:
    """A compiled RE2 pattern; re2.error when it is not one."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _search(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).search(text) is not None


_finds = lru_cache(maxsize=16_384)(_search)
"""The same for short texts, most of which come back: names of packages, users and services are the same on many hosts."""


def matches(value: Any, operand: Any, setting: Setting) -> Match:
    """The pattern is found somewhere in the text; anchor it with ^ and $ to mean the whole."""
    if (_finds if len(value) <= _SHORT else _search)(operand, value):
        return HOLDS
    return Match(None, _MASKED) if _is_masked(value) else FAILS


def contains(value: Any, operand: Any, setting: Setting) -> Match:
    """A list has the element; a text has the piece."""
    if operand in value:
        return HOLDS
    return Match(None, _MASKED) if _is_masked(value) else Match(False, missing=(operand,))


def lacks(value: Any, operand: Any, setting: Setting) -> Match:
    """A list has no such element; a text has no such piece."""
    if operand in value:
        return Match(False, extra=(operand,))
    return Match(None, _MASKED) if _is_masked(value) else HOLDS


def _is_masked(value: Any) -> bool:
    """Whether something in a text or a list was hidden, so that not finding a piece does not mean that it is not there."""
    return MASK in value if isinstance(value, str) else any(MASK in each for each in value)


MATCHERS = (
    Matcher(
        "matches",
        "a regular expression (RE2) is found in the text",
        _TEXTS,
        OperandKind.PATTERN,
        matches,
        timeless=True,
        example="matches: ^prohibit",
    ),
    Matcher(
        "contains",
        "a list has this element, a text this piece",
        _TEXTS | {Type.LIST},
        OperandKind.ITEM,
        contains,
        timeless=True,
        example="contains: nosuid",
    ),
    Matcher(
        "lacks",
        "a list has no such element, a text no such piece",
        _TEXTS | {Type.LIST},
        OperandKind.ITEM,
        lacks,
        timeless=True,
        example="lacks: arcfour",
    ),
)
