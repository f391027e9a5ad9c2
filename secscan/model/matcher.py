"""What a matcher is: a typed predicate over one value and one operand, three-valued, that also tells what is missing or extra."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from secscan.model.values import Absent, Scalar, Type, Value


class OperandKind(StrEnum):
    """What a matcher's operand is, given the type of the attribute it is laid on."""

    SAME = "same"  # a value of the attribute's type
    ITEMS = "items"  # a list of values of the attribute's type (of elements, for a list)
    ITEM = "item"  # one element of a list, or a piece of a text
    PATTERN = "pattern"  # an RE2 regular expression
    DURATION = "duration"
    FLAG = "flag"  # true or false


@dataclass(frozen=True, slots=True)
class Setting:
    """What a matcher may know besides value and operand: the attribute's type and the host's clock (epoch seconds)."""

    type: Type
    now: float


@dataclass(frozen=True, slots=True)
class Match:
    """Holds, does not hold, or (None) cannot be told for `reason`."""

    holds: bool | None
    reason: str = ""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


HOLDS, FAILS = Match(True), Match(False)
"""What most matches are, with nothing more to tell: matchers give these two for each of many thousand records."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A predicate. Only one with `takes_absent` is ever given Absent; none is given Unobservable.

    A `timeless` one says the same of the same value and operand at any time; what it has said is not asked again.
    """

    name: str
    summary: str
    accepts: frozenset[Type]
    operand: OperandKind
    test: Callable[[Scalar | tuple[dict[str, Value], ...] | Absent, Scalar, Setting], Match]
    takes_absent: bool = False
    timeless: bool = False
    example: str = ""

    def operand_type(self, kind: Type) -> Type:
        """The type of the operand when laid on an attribute of a type."""
        return kind if self.operand is OperandKind.SAME else _OPERAND_TYPES[self.operand]


_OPERAND_TYPES = {
    OperandKind.ITEMS: Type.LIST,
    OperandKind.ITEM: Type.TEXT,
    OperandKind.PATTERN: Type.TEXT,
    OperandKind.DURATION: Type.DURATION,
    OperandKind.FLAG: Type.BOOLEAN,
}
