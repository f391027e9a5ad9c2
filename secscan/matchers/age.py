"""How long ago or how far ahead, by the host's own clock at the time it was asked."""

from __future__ import annotations

from typing import Any

from secscan.model.matcher import Match, Matcher, OperandKind, Setting
from secscan.model.values import Type

TOLERANCE_S = 300.0


def older_than(value: Any, operand: Any, setting: Setting) -> Match:
    """More than the operand ago."""
    return _from_the_future(value, setting) or Match(setting.now - value > operand)


def newer_than(value: Any, operand: Any, setting: Setting) -> Match:
    """At most the operand ago. A moment in the future is no proof of anything."""
    return _from_the_future(value, setting) or Match(setting.now - value <= operand)


def left_at_least(value: Any, operand: Any, setting: Setting) -> Match:
    """Lies at least the operand ahead; a moment that has passed has nothing left, not even for an operand of zero."""
    return Match(value > setting.now and value - setting.now >= operand)


def _from_the_future(value: Any, setting: Setting) -> Match | None:
    if value - setting.now > TOLERANCE_S:
        return Match(None, "the time lies in the future of the host's clock")
    return None


MATCHERS = (
    Matcher(
        "older_than",
        "happened longer ago than this",
        frozenset({Type.TIMESTAMP}),
        OperandKind.DURATION,
        older_than,
        example="older_than: 90d",
    ),
    Matcher(
        "newer_than",
        "happened no longer ago than this",
        frozenset({Type.TIMESTAMP}),
        OperandKind.DURATION,
        newer_than,
        example="newer_than: 26h",
    ),
    Matcher(
        "left_at_least",
        "lies at least this far in the future",
        frozenset({Type.TIMESTAMP}),
        OperandKind.DURATION,
        left_at_least,
        example="left_at_least: 14d",
    ),
)
