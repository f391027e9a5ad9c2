"""More, less, newer version. A text that should be a number and is none cannot be judged."""

from __future__ import annotations

import re
from typing import Any

from secscan.model.matcher import Match, Matcher, OperandKind, Setting
from secscan.model.values import Type

_ORDERED = frozenset({Type.INTEGER, Type.NUMBER, Type.DURATION, Type.SIZE, Type.TIMESTAMP})


def at_least(value: Any, operand: Any, setting: Setting) -> Match:
    """Not smaller than the operand; of moments, not before it."""
    return Match(value >= operand)


def at_most(value: Any, operand: Any, setting: Setting) -> Match:
    """Not larger than the operand; of moments, not after it."""
    return Match(value <= operand)


def version_at_least(value: Any, operand: Any, setting: Setting) -> Match:
    """Not older than the operand, in Debian's order of versions: epoch, then parts, `~` before everything."""
    return Match(version_key(value) >= version_key(operand))


def version_key(version: str) -> tuple[Any, ...]:
    """A sort key for a version as Debian policy 5.6.12 orders them.

    >>> version_key("1.0~rc1") < version_key("1.0") < version_key("1.0a") < version_key("1.10") < version_key("1:0.5")
    True
    """
    epoch, colon, rest = version.partition(":")
    if not colon or not re.fullmatch("[0-9]+", epoch):
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return (_number(epoch), _parts(upstream), _parts(revision or "0"))


def _parts(text: str) -> tuple[tuple[tuple[int, ...], tuple[int, str]], ...]:
    return tuple(((*map(_weight, piece), 0), _number(digits)) for piece, digits in re.findall(r"([^0-9]*)([0-9]*)", text))


def _number(digits: str) -> tuple[int, str]:
    """Digits as something that sorts like the number, however many a host sends: int() refuses more than 4,300."""
    significant = digits.lstrip("0")
    return (len(significant), significant)


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


MATCHERS = (
    Matcher("at_least", "is not smaller than this", _ORDERED, OperandKind.SAME, at_least, timeless=True, example="at_least: 14"),
    Matcher("at_most", "is not larger than this", _ORDERED, OperandKind.SAME, at_most, timeless=True, example="at_most: 15m"),
    Matcher(
        "version_at_least",
        "is this version or a newer one",
        frozenset({Type.VERSION, Type.TEXT}),
        OperandKind.SAME,
        version_at_least,
        timeless=True,
        example='version_at_least: "9.2"',
    ),
)
