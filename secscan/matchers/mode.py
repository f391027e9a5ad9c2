"""Permission bits: no more permissive than, bit by bit."""

from __future__ import annotations

from typing import Any

from secscan.model.matcher import Match, Matcher, OperandKind, Setting
from secscan.model.values import Type

_BITS = (
    (0o4000, "set-user-ID"), (0o2000, "set-group-ID"), (0o1000, "sticky"),
    (0o400, "owner read"), (0o200, "owner write"), (0o100, "owner execute"),
    (0o040, "group read"), (0o020, "group write"), (0o010, "group execute"),
    (0o004, "others read"), (0o002, "others write"), (0o001, "others execute"),
)  # fmt: skip


def mode_at_most(value: Any, operand: Any, setting: Setting) -> Match:
    """No bit is set that the operand lacks. 0700 is not at most 0644: it lets the owner execute. Sticky never counts as more."""
    surplus = value & ~operand & ~0o1000
    return Match(surplus == 0, extra=tuple(name for bit, name in _BITS if surplus & bit))


MATCHERS = (
    Matcher(
        "mode_at_most", "grants nothing that this mode does not grant", frozenset({Type.MODE}), OperandKind.SAME, mode_at_most,
        timeless=True,
        example='mode_at_most: "0640"',
    ),
)  # fmt: skip
