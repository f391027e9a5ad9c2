"""Results of other scanners become assessments that say whose judgement they are."""

import json
from pathlib import Path

import decided
import pytest
import samples

from secscan.assessments import to_document
from secscan.cli import run
from secscan.imports import read_results
from secscan.model.assessment import Outcome
from secscan.plugins import REPORTERS, reporter

FILES = Path(__file__).parent / "files"


@pytest.mark.parametrize("name", ["xccdf", "hdf", "sarif"])
def test_what_we_write_is_read_as_it_was(name, tmp_path):
    path = tmp_path / "report"
    path.write_text("".join(reporter(name).render([decided.document()])), encoding="utf-8")
    (found,) = read_results(path, "1.0")
    read_back = {result.check: result.outcome.value for result in found.results}
    expected = {decided.check_id(*pair): str(pair[0]) for pair in decided.PAIRS}
    if name == "hdf":  # has one word for both
        expected = {check: "manual" if outcome == "skipped" else outcome for check, outcome in expected.items()}
    if name == "sarif":  # has none for either
        expected = {check: outcome for check, outcome in expected.items() if outcome != "skipped"}
        expected["is_manual_and_attested_not_applicable"] = "not_applicable"
    if name in {"sarif", "hdf"}:  # tell no statement from a verdict
        expected |= {"is_manual_and_attested": "pass", "is_manual_and_attested_fail": "fail"}
    assert read_back == expected
    if name == "xccdf":
        stated = {each.check: each.disposition for each in found.results if "manual_and_attested" in each.check}
        assert stated == {decided.check_id("manual", each): each for each in stated.values()}
    assert found.host.name == "geneva-web-01"
    assert found.baseline_title.startswith("Field office") or found.baseline == "field_office"
    assert found.origin.tool == "secscan 0.1.0"


@pytest.mark.parametrize("name", ["xccdf", "hdf", "sarif"])
def test_several_hosts_stay_several_and_what_was_not_reached_has_no_score(name, tmp_path):
    path = tmp_path / "report"
    path.write_text("".join(reporter(name).render(samples.three_hosts())), encoding="utf-8")
    found = {assessment.host.name: assessment for assessment in read_results(path, "1.0")}
    assert set(found) == {document["host"]["name"] for document in samples.three_hosts()}
    assert found["nairobi-app-09"].tally.compliance is None
    assert found["newyork-app-02"].tally.counts["fail"] == 5


def test_the_worse_of_two_results_on_the_same_place_counts(tmp_path):
    places = [{"ruleId": "R", "kind": kind, "message": {"text": kind}} for kind in ("pass", "fail", "open")]
    path = tmp_path / "x.sarif"
    path.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": places}]}))
    (found,) = read_results(path, "1.0")
    assert [result.outcome for result in found.results] == [Outcome.FAIL]


def test_the_command_writes_assessments_that_report_renders_with_their_origin(tmp_path, capsys):
    output = tmp_path / "out"
    assert run(["import", str(FILES / "openscap_arf.xml"), str(FILES / "inspec.json"), "-o", str(output)]) == 0
    assert "openscap 1.3.7, 1 host" in capsys.readouterr().err
    assert len(list((output / "hosts").glob("*.json"))) == 2
    assert run(["report", str(output), "-f", "csv"]) == 0
    rows = capsys.readouterr().out
    assert "openscap 1.3.7, imported from ARF" in rows
    assert "InSpec 5.22.36, imported from HDF" in rows


def test_importing_again_replaces_and_a_scan_of_the_same_host_stays(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.mkdir()
    (hosts / "vienna-db-02.json").write_text("of a scan")
    for _ in range(2):
        assert run(["import", str(FILES / "openscap_arf.xml"), "-o", str(tmp_path)]) == 0
    assert len(list(hosts.iterdir())) == 2
    assert (hosts / "vienna-db-02.json").read_text() == "of a scan"


def test_nothing_is_written_when_one_of_the_files_cannot_be_read(tmp_path, capsys):
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert run(["import", str(FILES / "inspec.json"), str(bad), "-o", str(tmp_path / "out")]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", sorted(set(REPORTERS) - {"nagios", "poam", "prometheus"}))  # which are about what to do
def test_reports_name_the_tool_that_judged(name):
    (found,) = read_results(FILES / "openscap_arf.xml", "1.0")
    assert "openscap 1.3.7" in "".join(reporter(name).render([to_document(found)]))
