"""The examples inside a check: raw answers by name, and the outcome they must lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secscan.content.asks import RESERVED
from secscan.content.parameters import read_parameter_value
from secscan.content.reading import Cursor, written
from secscan.documents import did_you_mean
from secscan.model.assessment import Outcome
from secscan.model.check import Ask, Case, Condition, Parameter
from secscan.model.probe import Answer
from secscan.model.values import WRITTEN, Scalar, Type, read_timestamp

OUTCOMES = tuple(outcome.value for outcome in Outcome if outcome not in {Outcome.SKIPPED, Outcome.UNREACHABLE})
ANSWER_KEYS = ("stdout", "stderr", "exit", "uid")
MOMENT = 1_767_225_600.0  # 2026-01-01T00:00:00Z: the host's clock where a case names none
_NUMBERS = {"exit": (0, 255), "uid": (0, 2**32 - 1)}


def read_cases(
    cursor: Cursor,
    asks: tuple[Ask, ...],
    parameters: Mapping[str, Parameter],
    conditions: tuple[Condition, ...],
    broken: frozenset[str] = frozenset(),
) -> tuple[Case, ...]:
    """Every case; at least one passes and one fails, so that the check is known to be able to do both.

    `broken` names what is declared but has problems of its own: a case may speak of it.
    """
    names = [*(ask.name for ask in asks), *broken]
    kinds = {condition.kind for condition in conditions}
    items = cursor.items()
    lines = cursor.document.lines(cursor.keys) or [0] * len(items)
    read = (_read_case(item, line, names, parameters, kinds) for item, line in zip(items, lines, strict=True))
    cases = [case for case in read if case]
    outcomes = {case.outcome for case in cases}
    for needed in ("pass", "fail"):
        if cases and needed not in outcomes:
            cursor.report(f"no case leads to {needed}", "at least one pass and one fail")
    seen: set[str] = set()
    for number, case in enumerate(cases):
        if case.name in seen:
            cursor.at(number).report(f"two cases are named {case.name!r}", "a name of its own for each")
        seen.add(case.name)
    return tuple(cases)


def _read_case(
    cursor: Cursor, line: int, names: list[str], parameters: Mapping[str, Parameter], conditions: set[str]
) -> Case | None:
    case = cursor.mapping((*RESERVED, *names), ("name", "outcome"))
    if not case:
        return None
    outcome = case.get("outcome")
    if outcome not in OUTCOMES and cursor.has("outcome"):
        near = did_you_mean(str(outcome), OUTCOMES)
        cursor.at("outcome").report(f"no outcome is named {written(outcome)}{near}", ", ".join(OUTCOMES))
    applies = _read_applies(cursor.at("applies_to")) if "applies_to" in case else True
    _demand_sense(cursor, str(outcome), applies, conditions)
    return Case(
        name=cursor.at("name").folded() if "name" in case else "",
        outcome=str(outcome),
        answers={name: answer for name in names if name in case and (answer := _read_answer(cursor, name))},
        parameters=_read_parameters(cursor.at("parameters"), parameters) if "parameters" in case else {},
        applies=applies,
        at=_read_moment(cursor.at("at")) if "at" in case else MOMENT,
        line=line,
    )


def _demand_sense(cursor: Cursor, outcome: str, applies: bool | None, conditions: set[str]) -> None:
    """A case must not claim what its answers and conditions cannot lead to."""
    if applies is not True and not conditions:
        cursor.at("applies_to").report("the check has no 'applies_to', so it applies everywhere", "a case without applies_to")
        return
    decided = {False: "not_applicable", None: "error"}.get(applies)
    if decided and outcome != decided and outcome in OUTCOMES:
        cursor.at("outcome").report(
            f"where 'applies_to' is {written(cursor.value['applies_to'])} the outcome is {decided}", decided
        )
    if outcome == "not_applicable" and applies is True and "when" not in conditions:
        cursor.at("outcome").report(
            "answers cannot make this check not applicable", "applies_to: false beside outcome: not_applicable"
        )


def _read_moment(cursor: Cursor) -> float:
    try:
        return read_timestamp(cursor.text())
    except ValueError:
        cursor.report(f"not a moment: {written(cursor.value)}", WRITTEN[Type.TIMESTAMP])
        return MOMENT


def _read_applies(cursor: Cursor) -> bool | None:
    if cursor.value == "unknown":
        return None
    if not isinstance(cursor.value, bool):
        cursor.report(f"'applies_to' of a case cannot be {written(cursor.value)}", "true, false or unknown")
    return bool(cursor.value)


def _read_answer(case: Cursor, name: str) -> Answer | None:
    value = case.value[name]
    if type(value) in {str, int}:
        text = str(value)
        return Answer((text if text.endswith("\n") or not text else text + "\n").encode(), uid=0)
    cursor = case.at(name)
    if not isinstance(value, dict):
        cursor.report("a raw answer is text or a mapping", f"text, or {{{', '.join(ANSWER_KEYS)}}}")
        return None
    cursor.mapping(ANSWER_KEYS)
    said = {key: _read_output(cursor.at(key)) if cursor.has(key) else b"" for key in ("stdout", "stderr")}
    numbers = {key: _read_number(cursor.at(key), *_NUMBERS[key]) if cursor.has(key) else 0 for key in ("exit", "uid")}
    return Answer(said["stdout"], said["stderr"], numbers["exit"], uid=numbers["uid"])


def _read_output(cursor: Cursor) -> bytes:
    if isinstance(cursor.value, str | int) and not isinstance(cursor.value, bool):
        return str(cursor.value).encode()
    cursor.report(f"{cursor.name} must be text", "text as the host printed it")
    return b""


def _read_number(cursor: Cursor, least: int, most: int) -> int:
    value: Any = cursor.value
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    cursor.report(f"{cursor.name} must be a whole number, not {written(value)}", f"{least} to {most}")
    return 0


def _read_parameters(cursor: Cursor, parameters: Mapping[str, Parameter]) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for name in cursor.mapping(parameters):
        if name in parameters:
            value = read_parameter_value(cursor.at(name), parameters[name])
            if value is not None:
                values[name] = value
    return values
