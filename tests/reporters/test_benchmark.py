"""Figures for others: what they tell, what they do not, and how ours stand among them."""

from __future__ import annotations

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import samples
from jsonschema import Draft202012Validator

from secscan import places
from secscan.assessments import to_document, write_document
from secscan.benchmark import benchmark, compare
from secscan.cli import run
from secscan.model.assessment import ATTESTATION
from secscan.redaction import Published

PUBLISHED = Published(
    frozenset(check.sha256 for check in samples.CHECKS.values() if check.sha256),
    frozenset({"ssh", "accounts", *(requirement.title for requirement in samples.REQUIREMENTS.values())}),
)


def host(number: int = 0) -> dict[str, Any]:
    return to_document(samples.assessment(samples.host(f"geneva-{number}", site="Geneva")))


def figures(count: int = 1) -> dict[str, Any]:
    return benchmark([host(number) for number in range(count)], PUBLISHED)


def test_an_export_is_what_its_schema_says():
    schema = json.loads((places.schemas() / "benchmark-1.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(figures())) == []


def test_an_export_names_no_host_site_or_own_check():
    document = host()
    name = next(iter(document["checks"]))
    document["checks"][name] |= {"domain": "acme", "sha256": "", "references": {"acme_catalogue": ["1"]}}
    document["requirements"] = {key: text | {"title": "of our own"} for key, text in document["requirements"].items()}
    text = json.dumps(benchmark([document], PUBLISHED)).lower()
    assert [word for word in ("geneva", "acme", "unc-", document["baseline"]["id"], name) if word in text] == []
    assert '"own"' in text


def test_rates_are_those_of_the_assessment():
    document = host()
    told = figures()
    assert told["compliance"] == pytest.approx(document["tally"]["compliance"], abs=0.001)
    assert told["coverage"] == pytest.approx(document["tally"]["coverage"], abs=0.001)
    assert set(told["requirements"]) == set(itertools.chain.from_iterable(each["requirements"] for each in document["results"]))


@pytest.mark.parametrize(("count", "band"), [(1, "1-9"), (9, "1-9"), (10, "10-49"), (50, "50-99")])
def test_the_number_of_hosts_is_a_band(count, band):
    assert figures(count)["hosts"] == band


def test_two_fleets_of_the_same_state_cannot_be_told_apart_within_a_band():
    assert figures(2) == figures(7)


def test_the_organization_is_no_host():
    document = host()
    document["host"]["transport"] = ATTESTATION
    assert benchmark([document], PUBLISHED)["hosts"] == "0"


def test_ours_stand_beside_the_median_and_the_quartiles_of_others():
    ours, others = figures(), [copy.deepcopy(figures()) for _ in range(5)]
    for each, rate in zip(others, (0.1, 0.2, 0.3, 0.4, None), strict=True):
        each["compliance"] = rate
    (row,) = (row for row in compare(ours, others) if (row.group, row.figure) == ("", "compliance"))
    assert (row.ours, row.others, row.median) == (ours["compliance"], 4, pytest.approx(0.25))
    assert (row.low, row.high) == (pytest.approx(0.175), pytest.approx(0.325))


def test_what_one_other_alone_has_makes_no_quartiles_and_what_nobody_has_no_median():
    ours, other = figures(), figures() | {"requirements": {}}
    rows = compare(ours, [other])
    assert {(row.median is None, row.others) for row in rows if row.group == "requirements"} == {(True, 0)}
    assert {row.low for row in rows} == {None}


def test_what_is_exported_can_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts/a.json").write_text(write_document(host()))
    mine = str(tmp_path / "ours.json")
    assert run(["benchmark", "export", str(tmp_path), "-o", mine]) == 0
    assert run(["benchmark", "compare", mine, mine, mine]) == 0
    assert "compliance" in capsys.readouterr().out
    assert run(["benchmark", "compare", mine, mine, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["others"] == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "secscan.benchmark/1"}', "\u202e"])
def test_a_file_that_is_no_benchmark_is_said_to_be_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str], text):
    path = tmp_path / "theirs.json"
    path.write_text(text)
    assert run(["benchmark", "compare", str(path), str(path)]) == 2
    assert str(path) in capsys.readouterr().err
