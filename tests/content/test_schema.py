"""What a schema rejects, the loader rejects; what the loader accepts, the schema accepts: shipped files and their mutations."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import PurePath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from secscan import places, plugins
from secscan.content.baselines import Shelf, read_baseline
from secscan.content.checks import read_check
from secscan.content.library import Library, Reading, read_library
from secscan.content.reading import Vocabulary
from secscan.content.schema import check_schema
from secscan.content.schema_baseline import baseline_schema
from secscan.documents import Document, parse_document

VOCABULARY = Vocabulary(plugins.probes(), plugins.matchers())


@cache
def shipped() -> Reading:
    reading = read_library([places.checks()], [places.baselines()], VOCABULARY)
    assert not reading.problems, reading.problems
    return reading


@cache
def check_validator() -> Draft202012Validator:
    schema = check_schema(VOCABULARY)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@cache
def baseline_validator() -> Draft202012Validator:
    reading = shipped()
    schema = baseline_schema(Library(reading.checks, reading.baselines, reading.requirements, ""))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def load_check(path: str, data: Any) -> list[str]:
    document = Document(path, data, None)
    read_check(document, VOCABULARY)
    return [problem.message for problem in document.problems]


def load_baseline(name: str, data: Any) -> list[str]:
    reading = shipped()
    documents = {**reading.baselines, name: Document(f"{name}.yaml", data, None)}
    read_baseline(name, Shelf(documents, reading.checks, reading.requirements))
    return [problem.message for document in documents.values() for problem in document.problems]


def refusals(validator: Draft202012Validator, data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(data)]


junk = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        5,
        10**18,
        "",
        " ",
        "x",
        "no",
        "5m",
        "0640",
        "10GiB",
        "2026-01-31",
        "^a(",
        "unknown",
        "a.b",
        [],
        ["x"],
        [1],
        [None],
        [[]],
        {},
        {"parameter": "x"},
        {"observed": "x"},
        {"parameter": "x", "observed": "y"},
        {"probe": "sysctl"},
        {"stdout": "x"},
        {"exit": 300},
        {"not_automated": "so"},
    ]
)
words = st.sampled_from(
    [
        "probe",
        "that",
        "any",
        "all",
        "none",
        "each",
        "no",
        "where",
        "expect",
        "equals",
        "in",
        "matches",
        "present",
        "name",
        "outcome",
        "at",
        "stdout",
        "exit",
        "severity",
        "attest",
        "reason",
        "approver",
        "stricter",
        "choices",
        "key",
        "path",
        "label",
        "when",
        "package",
        "Überschrift",
        "x y",
        "x",
    ]
)


def places_in(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inside for place in places_in(value, (*path, key)))]


@st.composite
def mutations(draw: st.DrawFn, original: Any) -> Any:
    data = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places_in(data)))
        if not path:
            continue
        inside = data
        for key in path[:-1]:
            inside = inside[key]
        match draw(st.sampled_from(["replace", "replace", "remove", "rename", "add", "wrap", "copy"])):
            case "replace":
                inside[path[-1]] = copy.deepcopy(draw(junk))
            case "remove":
                del inside[path[-1]]
            case "rename" if isinstance(inside, dict):
                inside[draw(words)] = inside.pop(path[-1])
            case "add" if isinstance(inside, dict):
                inside[draw(words)] = copy.deepcopy(draw(junk))
            case "wrap":
                inside[path[-1]] = [inside[path[-1]]]
            case "copy" if isinstance(inside, list):
                inside.append(copy.deepcopy(inside[path[-1]]))
    return data


@pytest.mark.parametrize("name", sorted(shipped().checks))
def test_the_schema_accepts_every_shipped_check(name: str):
    assert not refusals(check_validator(), shipped().documents[name].data)


@pytest.mark.parametrize("name", sorted(shipped().baselines))
def test_the_schema_accepts_every_shipped_baseline(name: str):
    assert not refusals(baseline_validator(), shipped().baselines[name].data)


@settings(max_examples=4 * settings().max_examples)
@given(st.data())
def test_what_the_schema_of_checks_rejects_the_loader_rejects(data: st.DataObject):
    name = data.draw(st.sampled_from(sorted(shipped().checks)))
    document = shipped().documents[name]
    mutated = data.draw(mutations(document.data))
    if rejected := refusals(check_validator(), mutated):
        assert load_check(document.path, mutated), rejected


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_what_the_schema_of_baselines_rejects_the_loader_rejects(data: st.DataObject):
    name = data.draw(st.sampled_from(sorted(shipped().baselines)))
    mutated = data.draw(mutations(shipped().baselines[name].data))
    if rejected := refusals(baseline_validator(), mutated):
        assert load_baseline(name, mutated), rejected


CHECK = """
id: example_check
title: The example holds
severity: low
rationale: Because.
remediation: {text: Mend it., effort: minutes, when: runtime}
parameters:
  least: {type: integer, default: 1, describe: the least, stricter: higher}
  wanted: {type: list, default: [a], describe: the list}
observe:
  setting: {probe: sysctl, key: kernel.example}
expect:
  - that: setting.number
    at_least: {parameter: least}
cases:
  - {name: one, outcome: pass, setting: "kernel.example = 1"}
  - {name: none, outcome: fail, setting: "kernel.example = 0"}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity: low", "severity: bad"),
        ("effort: minutes", "effort: hour"),
        ("title: The example holds", "title: The example holds."),
        ("rationale: Because.", ""),
        ("key: kernel.example}", "kye: kernel.example}"),
        ("probe: sysctl, ", ""),
        ("probe: sysctl", "probe: sysctrl"),
        ("probe: sysctl", "probe: [sysctl]"),
        (", key: kernel.example", ""),
        ("key: kernel.example}", "key: a b}"),
        ("at_least", "atleast"),
        ("{parameter: least}", "{parametr: least}"),
        ("{parameter: least}", "{parameter: [least]}"),
        ("{parameter: least}", "[1]"),
        ("type: integer", "type: int"),
        ("default: 1,", "default: one,"),
        ("default: 1,", ""),
        ("stricter: higher", "stricter: subset"),
        ("least: {", "severity: {"),
        ("setting: {", "name: {"),
        ("outcome: pass", "outcome: passed"),
        ("outcome: fail", "outcome: pass"),
        ("- that: setting.number\n", "- tht: setting.number\n"),
        ("    at_least: {parameter: least}\n", ""),
        ('"kernel.example = 0"', "[kernel.example]"),
        ('"kernel.example = 0"', "{exit: 256}"),
        ("observe:", "attest: [Is it so?]\nobserve:"),
        ("severity: low", "severity: low\nseverities: low"),
    ],
)
def test_the_schema_and_the_loader_both_see_this(old: str, new: str):
    assert load_check("x/example_check.yaml", parse_document(CHECK, "x").data) == []
    assert old in CHECK
    document = parse_document(CHECK.replace(old, new, 1), "x/example_check.yaml")
    assert not document.problems
    assert load_check(document.path, document.data)
    assert refusals(check_validator(), document.data)


def test_every_probe_argument_matcher_and_reference_is_in_the_schema_with_its_description():
    schema = check_validator().schema
    for probe in VOCABULARY.probes.values():
        definition = schema["$defs"][f"probe_{probe.name}"]
        assert set(definition["properties"]) == {"probe", *(argument.name for argument in probe.arguments)}
        assert all(definition["properties"][argument.name]["description"] == argument.describe for argument in probe.arguments)
        assert all(attribute.describe in definition["markdownDescription"] for attribute in probe.attributes)
    that = schema["$defs"]["form_that"]["properties"]
    assert {matcher.name: matcher.summary for matcher in VOCABULARY.matchers.values()} == {
        name: each["description"] for name, each in that.items() if name != "that"
    }
    assert set(schema["properties"]["applies_to"]["properties"]) == {
        "label",
        "when",
        *(probe.name for probe in VOCABULARY.probes.values() if probe.condition),
    }


def test_the_schema_of_baselines_knows_every_check_parameter_and_requirement():
    schema, reading = baseline_validator().schema, shipped()
    assert schema["$defs"]["check_id"]["enum"] == sorted(reading.checks)
    assert set(schema["properties"]["requirements"]["properties"]) == set(reading.requirements)
    for name, check in reading.checks.items():
        assert set(check.parameters) < set(schema["$defs"]["settings"]["properties"][name]["properties"])


@pytest.mark.parametrize("name", sorted(shipped().checks))
def test_the_file_name_says_which_check_it_is(name: str):
    assert PurePath(shipped().checks[name].path).stem == name
