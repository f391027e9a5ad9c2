"""Statements: read with places, relied on by one rule, laid on results without touching them, and looked after."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from secscan import plugins
from secscan.assessments import to_document, validate_document
from secscan.attestations.reading import read_attestations
from secscan.attestations.schema import attestation_schema
from secscan.cli import run
from secscan.decide import attest, attest_organization, decide
from secscan.decisions import write_decision
from secscan.errors import InputError
from secscan.ical import Entry, write_calendar
from secscan.model.assessment import Assessment, CheckText, Disposition, Host, Outcome, Result, Tally
from secscan.model.attestation import Attestation, Demand, EvidenceFile, FileState, Person, Standing, Stated, StatementScope
from secscan.model.waiver import Waiver
from secscan.terms import DISPOSITIONS, STANDINGS
from secscan.wording import ENGLISH

DAY = 86400.0
NOW = 1_800_000_000.0
QUESTION = "On which day was it restored?"
DEMAND = Demand((QUESTION,), 90 * DAY)
KEPT = EvidenceFile("record.pdf", "0" * 64, FileState.KEPT, "0" * 64)
FILE = """\
id: drill-2026
checks: [drill_held]
scope: organization
statement: Fail-over of the ERP database to the second site.
performed_on: 2026-09-14
valid_until: 2027-09-14
owner: {name: Ann, role: Head of operations}
approver: {name: Bob, role: Chief information security officer}
result: pass
answers:
- question: On which day was it restored?
  answer: 2026-09-14
metrics: {achieved_rto_minutes: 95, achieved_rpo_minutes: 6.5}
evidence:
- {file: files/drill.pdf, sha256: DIGEST, location: [gva, vault-val]}
findings:
- {id: F-1, root_cause: no alternate, owner: Cem, due: 2026-11-30, status: open}
"""
CHECKS = {
    "drill_held": SimpleNamespace(id="drill_held", questions=(QUESTION,), formerly=("exercise_took_place",)),
    "ports_closed": SimpleNamespace(id="ports_closed", questions=(), formerly=()),
}


def stated(**more) -> Attestation:
    values = {
        "id": "A", "checks": ("one",), "scope": StatementScope(), "statement": "s", "performed_at": NOW - 9 * DAY,
        "valid_until": NOW + 9 * DAY, "owner": Person("Ann"), "approver": Person("Bob"), "result": Stated.PASS,
        "answers": {QUESTION: "yesterday"}, "metrics": {}, "evidence": (KEPT,),
    }  # fmt: skip
    return Attestation(**{**values, **more})


def result(**more) -> Result:
    return Result(**{"check": "one", "subject": "h", "outcome": Outcome.MANUAL, "severity": "high", **more})


def assessment(*results: Result, host: Host | None = None) -> Assessment:
    texts = {each.check: CheckText(each.check, "d", "t", "r", "m", "minutes", "runtime", {}, "") for each in results}
    return Assessment("b", "B", "", host or Host("h"), NOW, NOW + 1, results, (), texts, {})


def laid(of: Assessment, *attestations: Attestation) -> Assessment:
    found = attest(of, attestations, {"one": DEMAND})
    validate_document(to_document(found), "attested.json")
    assert [each.outcome for each in found.results] == [each.outcome for each in of.results]
    return found


def file(state: FileState) -> EvidenceFile:
    return replace(KEPT, state=state)


@pytest.mark.parametrize(
    ("given_statement", "expected"),
    [
        pytest.param(stated(), Standing.HOLDS, id="whole"),
        pytest.param(stated(valid_until=NOW), Standing.EXPIRED, id="last-day-is-over"),
        pytest.param(stated(valid_until=NOW + 1), Standing.HOLDS, id="last-second"),
        pytest.param(stated(performed_at=NOW - 91 * DAY), Standing.EXPIRED, id="older-than-the-check-allows"),
        pytest.param(stated(performed_at=NOW - 91 * DAY + 1), Standing.HOLDS, id="as-old-as-the-check-allows"),
        pytest.param(stated(approver=None), Standing.UNSIGNED, id="nobody-signed"),
        pytest.param(stated(approver=Person("ann")), Standing.UNSIGNED, id="owner-signed"),
        pytest.param(stated(performed_at=NOW + 15 * 3600), Standing.FUTURE, id="nowhere-on-earth-yet"),
        pytest.param(stated(performed_at=NOW + 13 * 3600), Standing.HOLDS, id="today-in-kiritimati"),
        pytest.param(stated(performed_at=NOW + 10 * DAY), Standing.BACKWARDS, id="end-before-start"),
        pytest.param(stated(evidence=(KEPT, file(FileState.CHANGED))), Standing.EVIDENCE_CHANGED, id="changed"),
        pytest.param(stated(evidence=(KEPT, file(FileState.MISSING))), Standing.EVIDENCE_MISSING, id="missing"),
        pytest.param(stated(evidence=(KEPT, file(FileState.UNREADABLE))), Standing.EVIDENCE_MISSING, id="unreadable"),
        pytest.param(stated(evidence=()), Standing.CLAIMED, id="no-evidence"),
        pytest.param(stated(evidence=(KEPT, file(FileState.WITHOUT_DIGEST))), Standing.CLAIMED, id="no-digest"),
        pytest.param(stated(evidence=(), result=Stated.NOT_APPLICABLE), Standing.CLAIMED, id="not-needed-needs-evidence"),
        pytest.param(stated(evidence=(), result=Stated.FAIL), Standing.HOLDS, id="failure-needs-no-evidence"),
        pytest.param(stated(answers={}), Standing.UNANSWERED, id="question-left-open"),
        pytest.param(stated(answers={"On which day?": "x"}), Standing.UNANSWERED, id="another-question-answered"),
        pytest.param(stated(answers={}, result=Stated.NOT_APPLICABLE), Standing.HOLDS, id="not-needed-answers-nothing"),
        pytest.param(stated(approver=None, evidence=(), valid_until=NOW), Standing.UNSIGNED, id="several-faults"),
    ],
)
def test_how_a_statement_stands(given_statement: Attestation, expected: Standing):
    assert given_statement.standing(DEMAND, NOW) is expected
    decided = laid(assessment(result()), given_statement).results[0]
    assert (decided.attestation, decided.standing) == ("A", expected.value)
    counts = decided.disposition in (Disposition.ATTESTED, Disposition.ATTESTED_FAIL, Disposition.ATTESTED_NOT_APPLICABLE)
    assert counts is (expected is Standing.HOLDS)
    assert (decided.disposition is Disposition.EXPIRED) is (expected is Standing.EXPIRED)


def test_every_standing_and_disposition_has_words_and_is_told_with_who_and_when():
    assert [term.key for term in STANDINGS] == [standing.value for standing in Standing]
    assert {term.key for term in DISPOSITIONS} == {disposition.value for disposition in Disposition}
    for changed, words in ((stated(), "Attested (A)"), (stated(approver=None), "Not signed off (A)")):
        document = to_document(laid(assessment(result()), changed))
        said = write_decision(ENGLISH, document["results"][0], document)
        assert said.startswith(f"{words}: s (owner Ann, approved by ")
        assert "performed on 2027-01-06, until 2027-01-24 08:00 UTC" in said
    changed = stated(evidence=(KEPT, EvidenceFile("plan.pdf", "1" * 64, FileState.CHANGED)))
    document = to_document(laid(assessment(result()), changed))
    assert write_decision(ENGLISH, document["results"][0], document).startswith("Evidence changed [plan.pdf] (A): s")


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([stated(id="old", performed_at=NOW - 20 * DAY), stated(id="new")], ("new", Disposition.ATTESTED)),
        (
            [stated(id="old", performed_at=NOW - 20 * DAY), stated(id="new", result=Stated.FAIL)],
            ("new", Disposition.ATTESTED_FAIL),
        ),
        ([stated(id="old", performed_at=NOW - 20 * DAY), stated(id="new", approver=None)], ("old", Disposition.ATTESTED)),
        ([stated(id="good"), stated(id="bad", result=Stated.FAIL)], ("bad", Disposition.ATTESTED_FAIL)),
        ([stated(result=Stated.NOT_APPLICABLE)], ("A", Disposition.ATTESTED_NOT_APPLICABLE)),
        ([stated(checks=("two",))], ("", Disposition.NONE)),
        ([stated(scope=StatementScope(sites=("gva",)))], ("", Disposition.NONE)),
        ([stated(scope=StatementScope(hosts=("h*",)))], ("A", Disposition.ATTESTED)),
        ([stated(scope=StatementScope(services=("erp",)))], ("", Disposition.NONE)),
    ],
)
def test_the_newest_statement_that_can_be_relied_on_counts(several: list[Attestation], expected: tuple[str, Disposition]):
    for arranged in (several, several[::-1]):
        found = laid(assessment(result()), *arranged).results[0]
        assert (found.attestation, found.disposition) == expected


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.MANUAL])
def test_a_statement_never_speaks_of_what_a_machine_can_tell(outcome: Outcome):
    assert laid(assessment(result(outcome=outcome)), stated()).results[0] == result(outcome=outcome)


def test_what_is_stated_of_a_part_is_a_result_of_its_own_and_says_nothing_of_the_whole():
    gva = stated(id="gva", scope=StatementScope(sites=("gva",)))
    found = attest_organization(assessment(result(subject="UN"), host=Host("UN")), [gva], {"one": DEMAND})
    told = [(each.subject, each.attestation, each.disposition) for each in found.results]
    assert told == [("UN", "", Disposition.NONE), ("site gva", "gva", Disposition.ATTESTED)]


def test_a_waiver_may_accept_what_no_statement_settles_and_never_hides_one_that_holds():
    accepted = Waiver("W", "j", "a", "b", NOW - DAY, NOW + DAY, checks=("one",), any_value=True, outcomes=("manual",))
    over = replace(accepted, expires_at=NOW)
    for statement, waiver, expected in (
        (stated(), accepted, Disposition.ATTESTED),
        (stated(result=Stated.FAIL), accepted, Disposition.WAIVED),
        (stated(approver=None), accepted, Disposition.WAIVED),
        (stated(approver=None), over, Disposition.NEEDS_REVIEW),
    ):
        assert decide(laid(assessment(result()), statement), [waiver]).results[0].disposition is expected


outcomes = st.lists(st.tuples(st.sampled_from([*Outcome]), st.sampled_from([*Disposition])), max_size=30)


@given(outcomes)
def test_an_attestation_is_no_measurement(found: list[tuple[Outcome, Disposition]]):
    results = [(o.value, d.value if o is Outcome.MANUAL else "none") for o, d in found]
    attested, plain = Tally.of(results), Tally.of((outcome, "none") for outcome, _ in results)
    measured = Tally.of((outcome, "none") for outcome, _ in results if outcome != "manual")
    assert attested.counts == plain.counts
    assert attested.coverage == plain.coverage  # what is stated was not measured
    assert (attested.compliance is None) is (plain.compliance is None)
    if attested.compliance is not None:  # it stops counting against, and never counts for
        assert plain.compliance <= attested.compliance <= measured.compliance


def test_what_is_attested_to_fail_counts_against_compliance():
    base = [("pass", "none"), ("manual", "attested"), ("manual", "attested_not_applicable")]
    assert Tally.of(base).compliance == 1.0
    assert Tally.of([*base, ("manual", "attested_fail")]).compliance == 0.5
    assert Tally.of([*base, ("manual", "expired")]).compliance == 0.5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good statement and its evidence."""
    place = tmp_path / "attestations"
    (place / "files").mkdir(parents=True)
    (place / "files" / "drill.pdf").write_bytes(b"we did it\n")
    (place / "drill-2026.yaml").write_text(FILE.replace("DIGEST", hashlib.sha256(b"we did it\n").hexdigest()))
    return place


def test_a_file_is_read_as_it_says(folder: Path):
    (read,) = read_attestations(folder, CHECKS)
    assert (read.performed_at, read.valid_until) == (1_789_344_000.0, 1_820_966_400.0)  # the whole of the last day
    assert read.answers == {QUESTION: "2026-09-14"}
    assert read.metrics == {"achieved_rto_minutes": 95, "achieved_rpo_minutes": 6.5}
    assert (read.evidence[0].state, read.evidence[0].locations) == (FileState.KEPT, ("gva", "vault-val"))
    assert (read.actions[0].open, read.actions[0].root_cause) == (True, "no alternate")
    Draft202012Validator(attestation_schema()).validate(yaml.load((folder / "drill-2026.yaml").read_text(), yaml.BaseLoader))


def _spoil(path: Path, how: str) -> None:
    path.unlink()
    if how == "changed":
        path.write_bytes(b"we did it!\n")
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()
    elif how == "elsewhere":
        path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("changed", FileState.CHANGED),
        ("gone", FileState.MISSING),
        ("elsewhere", FileState.MISSING),
        ("pipe", FileState.UNREADABLE),
        ("folder", FileState.UNREADABLE),
    ],
)
def test_evidence_is_compared_with_what_was_signed_for(folder: Path, how: str, state: FileState):
    _spoil(folder / "files" / "drill.pdf", how)
    assert read_attestations(folder, CHECKS)[0].evidence[0].state is state


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("drill_held", "drill_hold", "drill-2026.yaml:2:10: no check is named 'drill_hold' (did you mean 'drill_held'?)"),
        ("drill_held", "exercise_took_place", "no check is named 'exercise_took_place' (it is 'drill_held' now); allowed: an id"),
        ("drill_held", "ports_closed", "'ports_closed' is measured: what somebody states cannot take the place of that"),
        ("id: drill-2026", "id: drill", "id 'drill' differs from the file name; allowed: id: drill-2026, or rename"),
        ("scope: organization", "scope: everything", "'scope' says what the statement is about"),
        ("scope: organization", "scope: {site: [gva]}", "unknown key 'site' (did you mean 'sites'?)"),
        ("performed_on: 2026-09-14", "performed_on: last week", "'performed_on' cannot be 'last week'; allowed: a day"),
        ("performed_on: 2026-09-14", "performed_on: 2026-02-30", "'performed_on' cannot be '2026-02-30'"),
        ("valid_until: 2027-09-14\n", "", "drill-2026.yaml:1:1: a statement has no 'valid_until'"),
        ("result: pass", "result: passed", "'result' cannot be 'passed' (did you mean 'pass'?); allowed: pass, fail"),
        ("owner: {name: Ann, role: Head of operations}", "owner: Ann", "'owner' must be a mapping"),
        ("owner: {name: Ann, ", "owner: {", "'owner' has no 'name'"),
        ("achieved_rto_minutes: 95", "achieved_rto_minutes: fast", "'achieved_rto_minutes' cannot be 'fast'"),
        ("files/drill.pdf", "../drill.pdf", "evidence '../drill.pdf' lies elsewhere"),
        ("files/drill.pdf", "/etc/passwd", "evidence '/etc/passwd' lies elsewhere"),
        ("sha256: ", "sha256: x", "'sha256' cannot be"),
        ("file: files/drill.pdf", "path: files/drill.pdf", "an entry of 'evidence' has 'file'"),
        ("status: open", "status: soon", "'status' cannot be 'soon'; allowed: open, closed"),
        ("statement: Fail-over of the ERP database to the second site.", "statement:", "'statement' must be text"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(folder: Path, old: str, new: str, problem: str):
    path = folder / "drill-2026.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError) as caught:
        read_attestations(folder, CHECKS)
    assert problem in str(caught.value)


def test_every_problem_of_every_file_is_told_at_once(folder: Path):
    (folder / "empty.yml").write_text("")
    (folder / "drill-2026.yml").write_text((folder / "drill-2026.yaml").read_text())
    (folder / "wrong.yaml").write_text("id: wrong\nchecks: []\nresult: 7\n")
    with pytest.raises(InputError) as caught:
        read_attestations(folder, CHECKS)
    told = str(caught.value)
    assert "drill-2026.yml:1:1: statement 'drill-2026' stands in" in told
    assert "empty.yml:1:1: a statement must be a mapping" in told
    assert "a statement has no 'scope', 'statement', 'performed_on', 'valid_until', 'owner'" in told
    assert "wrong.yaml:2:1: 'checks' must be a list of texts" in told
    assert "wrong.yaml:3:1: 'result' cannot be 7" in told


@given(st.text(), st.text(max_size=300))
def test_a_calendar_has_short_lines_that_unfold_to_what_was_said(summary: str, description: str):
    text = write_calendar("c", [Entry("u@x", datetime(2026, 12, 31, tzinfo=UTC).date(), summary, description)], NOW)
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.encode().split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    unfolded = text.replace("\r\n ", "").split("\r\n")
    said = next(line for line in unfolded if line.startswith("SUMMARY:")).removeprefix("SUMMARY:")
    ends = str.maketrans({"\r": "", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})
    kept = "".join(each for each in summary.translate(ends) if each.isprintable() or each in "\n\t")
    plain = said.replace("\\\\", "\0").replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\0", "\\")
    assert plain == kept
    assert "DTSTART;VALUE=DATE:20261231" in unfolded
    assert "DTEND;VALUE=DATE:20270101" in unfolded


_CHECK = """\
id: {name}
title: The {name} is so
severity: high
rationale: It must be.
remediation: {{text: Do it., effort: days, when: runtime}}
{subject}attest: [On which day was it done?, By whom?]
parameters:
  valid_for: {{type: duration, default: 90d, stricter: lower, describe: how long a statement holds}}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Content with a check about the organization, and one about each host, in baseline `own`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checks" / "own").mkdir(parents=True)
    (tmp_path / "baselines").mkdir()
    for name, subject in (("plan_kept", "subject: organization\n"), ("room_locked", "")):
        (tmp_path / "checks" / "own" / f"{name}.yaml").write_text(_CHECK.format(name=name, subject=subject))
    text = "id: own\ntitle: Own\nrequirements:\n  UNC-DR-01: [{attest: plan_kept}]\n  UNC-GV-07: [{attest: room_locked}]\n"
    (tmp_path / "baselines" / "own.yaml").write_text(text)
    return tmp_path


OWN = ("--content", ".", "-b", "own")


def fill(path: Path, **more) -> None:
    """Answer everything in a statement and sign it off."""
    data = yaml.safe_load(path.read_text())
    data |= {"approver": {"name": "Bob", "role": "Chief"}, "result": "pass"}
    data["answers"] = [{**each, "answer": "2026-01-31"} for each in data["answers"]]
    path.write_text(yaml.safe_dump({**data, **more}))


def documents(output: str) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in Path(output, "hosts").glob("*.json")}


def test_a_statement_from_its_first_draft_to_the_report(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "attestations").mkdir()
    (own / "attestations" / "plan.pdf").write_text("plan")
    assert run(["attest", "due", *OWN]) == 1
    assert "The plan_kept is so: nobody has stated it" in " ".join(capsys.readouterr().out.split())
    assert run(["attest", "new", "plan_kept", *OWN, "--owner", "Ann", "--evidence", "attestations/plan.pdf", "--id", "plan"]) == 0
    assert capsys.readouterr().out == "attestations/plan.yaml\n"
    assert run(["attest", "verify", *OWN]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "attestations/plan.yaml: not signed off: nobody has approved it",
        "attestations/plan.yaml: questions left open: On which day was it done?",
        "attestations/plan.yaml: questions left open: By whom?",
        "0 of 1 statements hold",
    ]
    fill(own / "attestations" / "plan.yaml")
    assert run(["attest", "verify", *OWN]) == 0
    assert run(["attest", "list", *OWN]) == 0
    assert "holds                  plan: pass, plan_kept (organization), until " in capsys.readouterr().out
    assert run(["attest", "due", *OWN]) == 0
    assert "The plan_kept is so: to be stated again" in " ".join(capsys.readouterr().out.split())
    assert run(["attest", "report", *OWN, "--organization", "UN", "-f", "text", "--no-color", "--fail-on", "manual"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Attested (plan): The plan_kept is so (owner Ann, approved by Bob, Chief, performed on" in told
    assert "attested: 1 to hold, 0 not to hold, 0 not to be needed, 0 without a statement that can be relied on" in told
    assert "compliance not judged, coverage 0.0%" in told
    (own / "attestations" / "plan.pdf").write_text("plan, improved")
    assert run(["attest", "verify", *OWN]) == 1
    assert "evidence changed: plan.pdf has SHA-256 " in capsys.readouterr().out
    assert run(["attest", "report", *OWN, "--fail-on", "manual"]) == 1


def test_what_is_asked_of_the_organization_is_asked_once_and_not_of_every_host(own: Path):
    (own / "attestations").mkdir()
    assert run(["attest", "new", "plan_kept", *OWN, "--id", "plan", "--owner", "Ann"]) == 0
    fill(own / "attestations" / "plan.yaml", result="fail")
    scan = ["scan", "local", "chroot:///nowhere", *OWN, "-q", "-o", "out", "--attestations", "attestations", "--organization", "UN"]
    assert run([*scan, "--fail-on", "critical"]) == 3
    assert run(scan) == 1  # somebody has stated that it is not so
    found = documents("out")
    assert set(found) == {"UN", "local", "nowhere"}
    assert {name: [each["check"] for each in document["results"]] for name, document in found.items()} == {
        "UN": ["plan_kept"],
        "local": ["room_locked"],
        "nowhere": ["room_locked"],
    }
    assert found["UN"]["results"][0]["outcome"] == "manual"
    assert found["UN"]["results"][0]["disposition"] == "attested_fail"
    assert found["UN"]["host"]["transport"] == "attestation"
    for name in plugins.reporter_names():
        code = run(["report", "out", "-f", name, *(["-o", "out"] if name == "portal" else [])])
        assert code == (2 if name == "nagios" else 0)  # CRITICAL: a plugin's exit code is its state


def test_a_host_cannot_be_named_as_the_organization(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["scan", "local", *OWN, "-o", "out", "--organization", "local"]) == 2
    assert "a target is named 'local' as the organization" in capsys.readouterr().err


def test_what_is_due_is_written_as_a_calendar(own: Path):
    (own / "attestations").mkdir()
    assert run(["attest", "new", "room_locked", *OWN, "--id", "room", "--owner", "Ann", "--site", "gva"]) == 0
    action = {"id": "F-1", "owner": "Cem", "due": "2020-01-31", "status": "open", "root_cause": "no key; no lock"}
    fill(own / "attestations" / "room.yaml", result="fail", findings=[action])
    assert run(["attest", "due", *OWN, "--ical", "due.ics"]) == 1
    text = (own / "due.ics").read_bytes().decode().replace("\r\n ", "")
    assert "DTSTART;VALUE=DATE:20200131" in text
    assert "SUMMARY:Action F-1: no key\\; no lock" in text
    again = datetime.now(UTC).date() + timedelta(days=90)
    assert f"DTSTART;VALUE=DATE:{again:%Y%m%d}" in text
    assert text.count("BEGIN:VEVENT") == 3
    uids = [line for line in text.split("\r\n") if line.startswith("UID:")]
    assert run(["attest", "due", *OWN, "--ical", "again.ics"]) == 1
    assert [line for line in (own / "again.ics").read_text().splitlines() if line.startswith("UID:")] == uids


def test_what_attest_new_writes_is_what_its_schema_says(own: Path):
    assert run(["attest", "new", "plan_kept", "room_locked", *OWN, "--id", "both", "--performed-on", "2026-01-31"]) == 0
    data = yaml.load((own / "attestations" / "both.yaml").read_text(), yaml.SafeLoader)
    Draft202012Validator(attestation_schema()).validate(
        {**data, **{key: str(data[key]) for key in ("performed_on", "valid_until")}}
    )
    assert str(data["valid_until"]) == "2026-05-01"
    assert len(data["answers"]) == 2  # the same questions once


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("new", "plan_kep"), "baseline own asks people nothing that is named 'plan_kep' (did you mean 'plan_kept'?)"),
        (("new", "plan_kept", "--performed-on", "today"), "--performed-on cannot be 'today'"),
        (("new", "plan_kept", "--evidence", "/etc/hostname"), "/etc/hostname does not lie below attestations"),
        (("list",), "there is no folder 'attestations'"),
        (("due", "--within", "soon"), "--within cannot be 'soon'"),
        (("due", "--attestations", "elsewhere"), "there is no folder 'elsewhere'"),
    ],
)
def test_what_cannot_be_meant_is_refused(own: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str):
    assert run(["attest", *words, *OWN]) == 2
    assert told in capsys.readouterr().err


def test_a_baseline_without_questions_has_no_report_of_them(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["attest", "report", "-b", "un_minimum"]) == 2
    assert "asks nothing of the organization" in capsys.readouterr().err


def test_what_no_host_is_asked_cannot_be_explained_by_one(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["explain", "local", "plan_kept", *OWN]) == 2
    assert "'plan_kept' is about the organization, and no host is asked" in capsys.readouterr().err


def test_a_statement_that_is_there_is_not_written_over(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["attest", "new", "plan_kept", *OWN, "--id", "plan"]) == 0
    assert run(["attest", "new", "plan_kept", *OWN, "--id", "plan"]) == 2
    assert "plan.yaml is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("applies_to: {package: [nginx]}\n", "conditions are asked of hosts, and this check is about the organization"),
        ("subject: planet\n", "'subject' cannot be \"planet\""),
    ],
)
def test_a_check_about_the_organization_cannot_ask_hosts(own: Path, capsys: pytest.CaptureFixture[str], more: str, told: str):
    path = own / "checks" / "own" / "plan_kept.yaml"
    kept = path.read_text() if more.startswith("applies") else path.read_text().replace("subject: organization\n", "")
    path.write_text(kept + more)
    assert run(["baseline", "show", "own", "--content", "."]) == 2
    assert told in capsys.readouterr().err
