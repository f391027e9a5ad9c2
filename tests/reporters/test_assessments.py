"""Assessments as JSON: what is written can be read again, and what cannot be read says where and why."""

import json
from datetime import datetime

import pytest
import samples
from jsonschema import Draft202012Validator

from secscan.assessments import (
    FORMAT,
    WrittenDocument,
    assessment_schema,
    parse_document,
    read_document,
    read_written,
    to_document,
    validate_document,
    write_assessment,
    write_compactly,
    write_document,
)
from secscan.errors import InputError
from secscan.model.assessment import Finding, Outcome

EVERY_SAMPLE = {
    "ordinary": samples.assessment,
    "hostile": samples.hostile,
    "unreachable": lambda: samples.unreachable("x", "no route to host"),
    "nothing judged": samples.nothing_judged,
}


ODD_VALUES = {
    "not a number": float("nan"),
    "endless": [1, {"deep": float("inf")}],
    "half a character": "\ud800",
    "half a character in a key": {"\udfff": 1},
    "line ends": 'a\n,\n"b": \u2028\x85}\n',
}


@pytest.fixture(params=EVERY_SAMPLE.values(), ids=EVERY_SAMPLE)
def document(request):
    return to_document(request.param())


def test_every_document_validates_and_comes_back_from_its_file_unchanged(document, tmp_path):
    path = tmp_path / "host.json"
    path.write_text(write_document(document), encoding="utf-8")
    assert read_document(path) == document


@pytest.mark.parametrize("sample", EVERY_SAMPLE.values(), ids=EVERY_SAMPLE)
def test_an_assessment_is_written_as_its_document_would_be(sample):
    assessment = sample()
    document = to_document(assessment)
    assert write_assessment(assessment) == write_document(document)
    document["provenance"]["run"] = "20261101T090000Z-abc123"
    assert write_assessment(assessment, "20261101T090000Z-abc123") == write_document(document)


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
def test_odd_values_are_written_as_a_document_has_them(value):
    finding = Finding("load.value", "at_most", 4, value, holds=False)
    assessment = samples.assessment(results=(samples.result("auditd_runs", Outcome.FAIL, findings=(finding,)),))
    written = write_assessment(assessment)
    assert written == write_document(to_document(assessment))
    assert WrittenDocument(written) == to_document(assessment)


def test_a_written_document_is_the_document(document):
    written = WrittenDocument(write_document(document))
    assert dict(written) == document
    assert list(written) == list(document)
    assert write_document(written) == write_document(document)
    assert write_compactly(written) == write_compactly(document)


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_document_that_was_written_otherwise_is_read_as_well(document, indent, tmp_path):
    path = tmp_path / "host.json"
    path.write_text(json.dumps(document, indent=indent), encoding="utf-8")
    assert read_written(path) == document


def test_times_are_rfc_3339_in_utc(document):
    assert document["started_at"] == "2026-11-01T09:00:00.250Z"
    assert datetime.fromisoformat(document["finished_at"]).utcoffset().total_seconds() == 0


def test_a_host_with_nothing_judged_has_no_score():
    for assessment in (samples.nothing_judged(), samples.unreachable("x", "no route")):
        assert to_document(assessment)["tally"]["compliance"] is None


def test_numbers_that_json_does_not_know_become_texts():
    finding = Finding("load.value", "at_most", 4, float("nan"), holds=False)
    result = samples.result("auditd_runs", Outcome.FAIL, findings=(finding,))
    document = to_document(samples.assessment(results=(result,)))
    assert document["results"][0]["findings"][0]["actual"] == "nan"
    json.loads(write_document(document), parse_constant=pytest.fail)


def test_half_characters_do_not_reach_the_file():
    write_document(to_document(samples.hostile())).encode("utf-8")


OPTIONAL = {"": {"since"}, "/attestation": {"actions"}, "/provenance": {"redacted", "run"}, "/since_change": {"failed_before"}}
"""What only some documents have: those of a run that is remembered, and those that were redacted; and only some changes."""


def test_the_schema_is_valid_closed_and_describes_everything():
    schema = assessment_schema()
    Draft202012Validator.check_schema(schema)
    for place, part in _parts("", schema):
        assert "description" in part or "$ref" in part, place
        if "properties" in part:
            assert part["additionalProperties"] is False, place
            assert set(part["properties"]) - set(part["required"]) == OPTIONAL.get(place, set()), place


def _parts(place, schema):
    if "$ref" not in schema:
        yield place, schema
    inner = {**schema.get("properties", {}), **schema.get("$defs", {})}
    for name, part in inner.items():
        yield from _parts(f"{place}/{name}", part)


def _change(document, *keys, to):
    changed = json.loads(json.dumps(document))
    place = changed
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    return changed


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("format",), "secscan.assessment/2", "saved.json#/format: not an assessment: 'secscan.assessment/2'; allowed: " + FORMAT),
        (("results", 3, "outcome"), "passed", "saved.json#/results/3/outcome: 'passed' is not known; allowed: pass, fail, error,"),
        (("results", 0, "check"), "unheard_of", "saved.json#/results/0/check: the check 'unheard_of' is not among"),
        (("results", 0, "proofs"), [99], "saved.json#/results/0/proofs: there are only 9 proofs"),
        (("started_at",), "yesterday", "saved.json#/started_at: 'yesterday' does not match"),
        (("extra",), 1, "'extra' was unexpected"),
        (("host",), [], "saved.json#/host: [] is not of type 'object'"),
    ],
    ids=[
        "another version",
        "unknown outcome",
        "check without text",
        "proof that is not there",
        "no time",
        "unknown key",
        "wrong type",
    ],
)
def test_a_wrong_document_says_where_and_what_is_allowed(keys, value, message):
    wrong = _change(to_document(samples.assessment()), *keys, to=value)
    with pytest.raises(InputError) as caught:
        validate_document(wrong, "saved.json")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"format": ', "saved.json:1:12: not valid JSON"),
        (b"\xff\xfe", "is not UTF-8 text (byte 0)"),
        (b"[" * 100_000, "not usable JSON"),
        (b"[]", "is not of type 'object'"),
        (b"null", "is not of type 'object'"),
    ],
    ids=["cut", "binary", "nested without end", "a list", "nothing"],
)
def test_a_file_that_is_no_document_is_one_clear_error(data, message):
    with pytest.raises(InputError) as caught:
        parse_document(data, "saved.json")
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_document(tmp_path / "none.json")
