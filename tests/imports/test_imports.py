"""Results of other scanners become assessments that say whose judgement they are."""

import json
import re
import shutil
from pathlib import Path

import decided
import pytest
import samples

from secscan.assessments import to_document, validate_document
from secscan.cli import run
from secscan.history.store import History
from secscan.imports import read_results
from secscan.languages import LANGUAGES, wording
from secscan.model.assessment import Disposition, Outcome
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


DESCRIBED = """<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2">
<Rule id="xccdf_x_rule_a" severity="high"><title>A</title>
<description>Set <code>A yes</code>.</description><rationale>Why</rationale></Rule>
<Rule id="xccdf_x_rule_b" severity="high"><title>B</title></Rule>
<TestResult id="t" end-time="2026-01-01T00:00:00"><target>web</target>
<rule-result idref="xccdf_x_rule_a"><result>fail</result></rule-result>
<rule-result idref="xccdf_x_rule_b"><result>fail</result></rule-result></TestResult></Benchmark>"""


def test_how_it_should_be_is_the_remedy_where_a_rule_tells_why_and_no_other_remedy(tmp_path):
    path = tmp_path / "scap.xml"
    path.write_text(DESCRIBED)
    (found,) = read_results(path, "1.0")
    assert [(check.rationale, check.remedy) for check in found.checks.values()] == [("Why", "Set A yes."), ("", "")]


@pytest.mark.parametrize("name", ["text", "html", "junit"])
def test_what_another_tool_does_not_tell_leaves_no_empty_words_in_a_report(name, tmp_path):
    path = tmp_path / "scap.xml"
    path.write_text(DESCRIBED)
    (found,) = read_results(path, "1.0")
    shown = re.sub("<[^>]*>", " ", "".join(reporter(name).render([to_document(found)])))
    for empty in ("Remedy ()", "over ?"):
        assert empty not in shown
    assert shown.count("How to mend it") == (1 if name == "html" else 0)
    assert name == "html" or shown.count("Remedy") == 1
    assert name == "junit" or "not known" in shown


OVER, RUNNING = "2020-01-31T00:00:00Z", "2999-01-31T00:00:00Z"


def _waived_in_hdf(ends):
    waiver = {"justification": "later", "expiration_date": ends}
    control = {"id": "c", "impact": 0.5, "waiver_data": waiver, "results": [{"status": "failed"}]}
    return {"profiles": [{"name": "p", "controls": [control]}]}


def _waived_in_sarif(ends):
    own = {"starts_at": "2019-01-01T00:00:00Z", "expires_at": ends}
    result = {"ruleId": "c", "message": {"text": "no"}, "suppressions": [{"status": "accepted", "properties": own}]}
    return {"runs": [{"tool": {"driver": {"name": "T"}}, "results": [result]}]}


@pytest.mark.parametrize("waived", [_waived_in_hdf, _waived_in_sarif])
@pytest.mark.parametrize(("ends", "disposition"), [(OVER, Disposition.EXPIRED), (RUNNING, Disposition.WAIVED)])
def test_a_waiver_that_is_over_counts_for_nothing_in_a_file_that_tells_no_time(waived, ends, disposition, tmp_path):
    path = tmp_path / "timeless.json"
    path.write_text(json.dumps(waived(ends)))
    (found,) = read_results(path, "1.0")
    assert [result.disposition for result in found.results] == [disposition]
    assert found.started_at == pytest.approx(path.stat().st_mtime)


def test_an_impact_that_is_no_number_makes_nothing_inapplicable(tmp_path):
    path = tmp_path / "x.json"
    control = {"id": "c", "impact": False, "results": [{"status": "failed"}]}
    path.write_text(json.dumps({"profiles": [{"name": "p", "controls": [control]}]}))
    (found,) = read_results(path, "1.0")
    assert [result.outcome for result in found.results] == [Outcome.FAIL]


def test_hosts_of_one_name_at_two_sites_of_one_file_are_both_kept(tmp_path):
    sites = ("geneva", "nairobi")
    documents = [to_document(samples.assessment(samples.host("web", site=site))) for site in sites]
    path = tmp_path / "two.xml"
    path.write_text("".join(reporter("xccdf").render(documents)), encoding="utf-8")
    for _ in range(2):  # again takes the same names
        assert run(["import", str(path), "-o", str(tmp_path / "out"), "--history", str(tmp_path / "history.sqlite")]) == 0
        kept = [json.loads(each.read_text()) for each in (tmp_path / "out" / "hosts").iterdir()]
        assert sorted(document["host"]["site"] for document in kept) == list(sites)


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


def arf(tmp_path, day, outcome="pass", host="vienna-db-02"):
    """The ARF report of a day, with one outcome in place of what was found first."""
    text = (FILES / "openscap_arf.xml").read_text(encoding="utf-8")
    text = re.sub(r"20\d\d-\d\d-\d\dT", f"{day}T", text).replace("vienna-db-02", host)
    path = tmp_path / f"{day}-{host}.xml"
    path.write_text(text.replace("<result>fail</result>", f"<result>{outcome}</result>", 1), encoding="utf-8")
    return path


def imported(tmp_path, *files):
    """The documents of an import into a history."""
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert run(["import", *map(str, files), "-o", str(tmp_path / "out"), "--history", str(tmp_path / "history.sqlite")]) == 0
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((tmp_path / "out" / "hosts").iterdir())]


def remembered(tmp_path):
    history = History(f"sqlite:///{tmp_path / 'history.sqlite'}")
    try:
        return [(found.name, found.recorded) for found in history.runs()]
    finally:
        history.close()


def test_what_was_imported_is_remembered_and_tells_what_changed_since_the_import_before(tmp_path):
    (first,) = imported(tmp_path, arf(tmp_path, "2026-01-01", "fail"))
    assert "since" not in first
    (second,) = imported(tmp_path, arf(tmp_path, "2026-02-01"))
    assert second["since"]["run"] == first["provenance"]["run"] == remembered(tmp_path)[0][0]
    assert [change["kind"] for change in second["since"]["changes"]] == ["fixed"]
    validate_document(second, "second")


def test_importing_a_file_again_remembers_it_once(tmp_path):
    for _ in range(2):
        (found,) = imported(tmp_path, arf(tmp_path, "2026-01-01"))
    assert remembered(tmp_path) == [(found["provenance"]["run"], 1)]


def test_results_that_are_older_than_what_is_known_change_nothing_in_the_history(tmp_path, capsys):
    imported(tmp_path, arf(tmp_path, "2026-02-01"))
    (found,) = imported(tmp_path, arf(tmp_path, "2026-01-01", "fail"))
    assert len(remembered(tmp_path)) == 1
    assert "run" not in found["provenance"]
    assert "not remembered: vienna-db-02" in capsys.readouterr().err


def test_files_of_several_hosts_are_one_run_and_two_of_one_host_are_two(tmp_path):
    imported(tmp_path, arf(tmp_path, "2026-01-01"), arf(tmp_path, "2026-01-01", host="vienna-db-03"))
    assert [recorded for _, recorded in remembered(tmp_path)] == [2]
    imported(tmp_path, arf(tmp_path, "2026-02-01"), arf(tmp_path, "2026-03-01"))
    assert [recorded for _, recorded in remembered(tmp_path)] == [2, 1, 1]


def test_a_name_that_is_longer_than_the_history_has_room_for_keeps_its_own_place(tmp_path):
    long = "a" * 200
    texts = [arf(tmp_path, day, outcome) for day, outcome in (("2026-01-01", "fail"), ("2026-02-01", "pass"))]
    for path in texts:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("content_rule_sshd_disable_root_login", f"content_rule_{long}"), encoding="utf-8")
    imported(tmp_path, texts[0])
    (second,) = imported(tmp_path, texts[1])
    assert max(len(change["check"]) for change in second["since"]["changes"]) <= 80


def test_what_is_not_to_be_remembered_is_not(tmp_path):
    place = tmp_path / "history.sqlite"
    command = ["import", str(FILES / "openscap_arf.xml"), "-o", str(tmp_path / "out"), "--history", str(place), "--no-history"]
    assert run(command) == 0
    assert not place.exists()


def test_a_history_that_cannot_be_used_does_not_keep_results_from_being_written(tmp_path, capsys):
    place = tmp_path / "history.sqlite"
    place.write_bytes(b"garbage, and long enough to be a header")
    command = ["import", str(FILES / "openscap_arf.xml"), "-o", str(tmp_path / "out"), "--history", str(place)]
    assert run(command) == 0
    assert "not remembered" in capsys.readouterr().err
    assert len(list((tmp_path / "out" / "hosts").iterdir())) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_say_at_their_top_and_among_their_sources_that_another_tool_judged(language):
    (found,) = read_results(FILES / "openscap_arf.xml", "1.0")
    words = wording(language)
    page = "".join(reporter("html").write([to_document(found)], words))
    assert words.translate("Judged by another tool, so that there is no evidence here:") in page.split("</header>")[0]
    documents = [to_document(found), to_document(samples.assessment())]
    pages = {path: "".join(pieces) for path, pieces in reporter("portal").files(documents, words)}
    assert "openscap 1.3.7" in pages["hosts/vienna-db-02/index.html"].split("</header>")[0]
    assert words.translate("Judged by other tools") in pages["method.html"]
    assert "openscap 1.3.7" in pages["method.html"]
    assert "openscap" not in pages["hosts/geneva-web-01/index.html"]
