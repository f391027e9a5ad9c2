"""What is derived from all hosts, written as a raw answer and read back: one JSON object of attributes, then `end`.

What stands in it is kept as evidence, and a case of a check can say it too. `{"absent": WHAT}` and `{"unobservable": REASON}` stand
for values that are not there or not known; an attribute that is left out is not known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Call, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

_KINDS: Mapping[Type, tuple[type, ...]] = {
    **dict.fromkeys((Type.TEXT, Type.VERSION), (str,)),
    **dict.fromkeys((Type.INTEGER, Type.MODE, Type.SIZE), (int,)),
    **dict.fromkeys((Type.NUMBER, Type.DURATION, Type.TIMESTAMP), (int, float)),
    Type.BOOLEAN: (bool,),
}
_UNTOLD = Unobservable("this is not told")


def derived_probe(
    name: str, summary: str, about: str, attributes: tuple[Attribute, ...], example: Mapping[str, Any], needs: tuple[Call, ...] = ()
) -> Probe:
    """A probe whose answer is made of what all hosts said. `needs` are the calls that they must be asked for it."""

    def read(call: Arguments, answer: Answer) -> Observation:
        return read_told(attributes, answer, summary)

    return Probe(
        name=name,
        summary=summary,
        arguments=(),
        attributes=attributes,
        ask=_ask_nobody,
        read=read,
        example=write_told(example).text,
        derived=about,
        needs=needs,
    )


def write_told(told: Mapping[str, Any] | Absent | Unobservable) -> Answer:
    """The raw answer that says this, with attributes in their order. An endless length of time cannot be told: it is Absent."""
    if isinstance(told, Absent):
        return Answer(b"absent\n", uid=-1)
    if isinstance(told, Unobservable):
        return Answer(f"unobservable: {' '.join(told.reason.split())}\n".encode(), uid=-1)
    lines = [f" {json.dumps(name)}: {json.dumps(_plain(value), allow_nan=False)}" for name, value in told.items()]
    return Answer(("{\n" + ",\n".join(lines) + "\n}\nend\n").encode(), uid=-1)


def read_told(attributes: Sequence[Attribute], answer: Answer, what: str = "") -> Observation:
    """The observation that an answer tells. Raises Unreadable for anything that is not of the declared attributes and types."""
    said = reply(answer, what)
    if said:
        return said
    try:
        told = json.loads("\n".join(closed_lines(answer)))
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unreadable("not a JSON object of attributes") from error
    return Observed(_read_record(attributes, told))


def _ask_nobody(calls: Sequence[Arguments]) -> Question:
    return Question("", ("what all hosts said",))


def _plain(value: object) -> object:
    if isinstance(value, Absent):
        return {"absent": value.what}
    if isinstance(value, Unobservable):
        return {"unobservable": value.reason}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _read_record(attributes: Iterable[Attribute], told: object) -> dict[str, Value]:
    if not isinstance(told, dict) or not told:
        raise Unreadable("not an object of attributes")
    declared = {attribute.name: attribute for attribute in attributes}
    if unknown := sorted(told.keys() - declared.keys()):
        raise Unreadable(f"unknown attributes: {', '.join(map(str, unknown))[:200]}")
    return {name: _read_value(attribute, told[name]) if name in told else _UNTOLD for name, attribute in declared.items()}


def _read_value(attribute: Attribute, value: object) -> Value:
    if isinstance(value, dict) and len(value) == 1:
        ((word, text),) = value.items()
        if word in {"absent", "unobservable"} and isinstance(text, str):
            return Absent(text) if word == "absent" else Unobservable(text)
    if attribute.type is Type.RECORDS and isinstance(value, list):
        return tuple(_read_record(attribute.fields, each) for each in value)
    if attribute.type is Type.LIST and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    kinds = _KINDS.get(attribute.type, ())
    if isinstance(value, kinds) and (isinstance(value, bool) == (attribute.type is Type.BOOLEAN)):
        if isinstance(value, float) and not math.isfinite(value):
            raise Unreadable(f"{attribute.name} is no number")
        return value  # type: ignore[return-value] # of one of the types just looked at
    raise Unreadable(f"{attribute.name} is not {attribute.type}: {str(value)[:120]}")
