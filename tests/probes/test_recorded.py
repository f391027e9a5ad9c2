"""Every probe reads what real hosts answered, and reads nothing out of less."""

from __future__ import annotations

import pytest
from recorded import PROBES, Recorded, all_recorded

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Observed
from secscan.model.values import Absent, Type, Unobservable, write_value

RECORDED = all_recorded()
ids = [recorded.where for recorded in RECORDED]
PYTHON_TYPES = {
    Type.TEXT: str, Type.VERSION: str, Type.INTEGER: int, Type.MODE: int, Type.SIZE: int, Type.BOOLEAN: bool,
    Type.NUMBER: (int, float), Type.DURATION: (int, float), Type.TIMESTAMP: (int, float), Type.LIST: tuple, Type.RECORDS: tuple,
}  # fmt: skip


def as_written(kind, value, fields=()):
    if isinstance(value, Absent):
        return "absent"
    if isinstance(value, Unobservable):
        return {"unobservable": value.reason}
    if kind is Type.RECORDS:
        types = {field.name: field for field in fields}
        return [{name: as_written(types[name].type, item, types[name].fields) for name, item in record.items()} for record in value]
    return write_value(kind, value)


def matches(expected, actual) -> bool:
    """Expected may name only some attributes; `unobservable:` expects a part of the reason; texts of numbers count as numbers."""
    if isinstance(expected, dict) and set(expected) == {"unobservable"}:
        return isinstance(actual, dict) and set(actual) == {"unobservable"} and expected["unobservable"] in actual["unobservable"]
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(name in actual and matches(value, actual[name]) for name, value in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and all(map(matches, expected, actual))
    if isinstance(actual, float) and isinstance(expected, str | int) and not isinstance(expected, bool):
        return float(expected) == actual
    return expected == actual


@pytest.mark.parametrize("recorded", RECORDED, ids=ids)
def test_a_recorded_answer_is_read_as_expected(recorded: Recorded):
    observation = observe(recorded.probe, recorded.call, recorded.answer)
    if recorded.expected == "absent":
        assert isinstance(observation, Absent), observation
    elif isinstance(recorded.expected, dict) and set(recorded.expected) == {"unobservable"}:
        assert isinstance(observation, Unobservable), observation
        assert recorded.expected["unobservable"] in observation.reason
    else:
        assert isinstance(observation, Observed), observation
        declared = {attribute.name: attribute for attribute in recorded.probe.attributes}
        actual = {
            name: as_written(declared[name].type, value, declared[name].fields) for name, value in observation.attributes.items()
        }
        assert matches(recorded.expected, actual), actual


@pytest.mark.parametrize("recorded", RECORDED, ids=ids)
def test_an_observation_has_the_declared_attributes_and_types(recorded: Recorded):
    observation = observe(recorded.probe, recorded.call, recorded.answer)
    if isinstance(observation, Observed):
        check_types(observation.attributes, recorded.probe.attributes)


def check_types(values, attributes):
    assert set(values) == {attribute.name for attribute in attributes}
    for attribute in attributes:
        value = values[attribute.name]
        if isinstance(value, Absent | Unobservable):
            continue
        assert isinstance(value, PYTHON_TYPES[attribute.type]), (attribute.name, value)
        if attribute.type is Type.RECORDS:
            for record in value:
                check_types(record, attribute.fields)


@pytest.mark.parametrize("recorded", RECORDED, ids=ids)
def test_no_shortened_answer_says_anything(recorded: Recorded):
    whole = recorded.answer.stdout
    cuts = (
        range(len(whole)) if len(whole) < 1500 else [*range(0, len(whole), len(whole) // 700), *range(len(whole) - 60, len(whole))]
    )
    for cut in cuts:
        shortened = Answer(whole[:cut], recorded.answer.stderr, recorded.answer.exit, uid=recorded.answer.uid)
        observation = observe(recorded.probe, recorded.call, shortened)
        assert isinstance(observation, Unobservable), (whole[:cut], observation)


GARBAGE = [
    b"",
    b"\n",
    b"garbage\n",
    b"\x00\xff\xfe\n",
    b"<html>captive portal</html>\n",
    b"end\n",
    b"end",
    b"0\n",
    b"sh: syntax error\n" * 50,
]


@pytest.mark.parametrize("recorded", RECORDED, ids=ids)
def test_garbage_never_looks_like_absence(recorded: Recorded):
    for garbage in GARBAGE:
        observation = observe(recorded.probe, recorded.call, Answer(garbage))
        assert not isinstance(observation, Absent), garbage


def test_every_probe_has_recorded_answers():
    assert sorted({recorded.probe.name for recorded in RECORDED}) == sorted(PROBES)


@pytest.mark.parametrize("name", sorted(PROBES))
def test_a_probe_declares_itself_well(name: str):
    probe = PROBES[name]
    assert probe.name == name
    assert probe.attributes
    assert probe.summary
    assert not probe.summary.endswith(".")
    for described in (*probe.arguments, *probe.attributes):
        assert described.describe
    assert not probe.condition or probe.argument(probe.condition) or probe.attribute(probe.condition)
