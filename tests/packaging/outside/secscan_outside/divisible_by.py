"""A matcher: no remainder."""

from secscan.model.matcher import Match, Matcher, OperandKind
from secscan.model.values import Type


def divisible_by(value, operand, setting):
    """Unknown, not false, when the question makes no sense."""
    if operand == 0:
        return Match(None, "nothing is divisible by zero")
    return Match(value % operand == 0)


MATCHER = Matcher(
    "divisible_by", "leaves no remainder when divided by this", frozenset({Type.INTEGER}), OperandKind.SAME, divisible_by,
    timeless=True, example="divisible_by: 2",
)  # fmt: skip
