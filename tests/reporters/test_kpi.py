"""Indicators, the annual report and the risk register tell what the assessments say, and no more."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import samples

from secscan import places
from secscan.assessments import to_document, write_document
from secscan.cli import run
from secscan.errors import InputError
from secscan.history.store import History
from secscan.kpi.annual import Annual, write_markdown, write_value
from secscan.kpi.definitions import Governance, OwnRisk, definitions, read_governance
from secscan.kpi.measure import measure, read_period
from secscan.kpi.register import likelihood, register, residual
from secscan.kpi.spells import Spell, Step, spells_of
from secscan.languages import LANGUAGES, wording
from secscan.reporters.html.annual import write_page

NOW = "2026-11-21T00:00:00Z"


def document(outcomes: dict[str, str], name: str = "geneva", **more: Any) -> dict[str, Any]:
    """A host with one result for each check, by outcome."""
    made = to_document(samples.assessment(samples.host(name)))
    text, result = next(iter(made["checks"].values())), made["results"][0]
    made["checks"] = {check: text | {"id": check, "title": check} for check in outcomes}
    made["results"] = [
        {
            **result,
            "check": check,
            "subject": name,
            "outcome": outcome,
            "disposition": "none",
            "waiver": "",
            "findings": [],
            "proofs": [],
            **more,
        }
        for check, outcome in outcomes.items()
    ]
    return made


def value(name: str, *documents: dict[str, Any], before: list[dict[str, Any]] | None = None) -> float | None:
    found = measure(definitions()[1], read_period(documents), read_period(before) if before else None)
    return next(each.value for each in found if each.definition.id == name)


def test_every_check_that_an_indicator_counts_is_there():
    known = {path.stem for path in places.checks().rglob("*.yaml")}
    counted = {check for each in definitions()[1] if each.measure[0] == "met" for check in each.measure[1]}
    assert counted - known == set()
    assert counted


def test_definitions_are_whole_and_their_ids_are_unique():
    version, found = definitions()
    assert version >= 1
    assert len({each.id for each in found}) == len(found)
    assert {each.direction for each in found} <= {"up", "down"}
    assert {each.unit for each in found} <= {"percent", "count", "days"}
    assert all(each.source and each.formula for each in found)


def test_what_nothing_is_known_of_is_no_data_and_reaches_no_target():
    for each in measure(definitions()[1], read_period([])):
        assert (each.value, each.reached) == (None, None)


@pytest.mark.parametrize(
    ("outcome", "met"),
    [("pass", 100.0), ("fail", 0.0), ("error", 0.0), ("manual", 0.0), ("not_applicable", None), ("skipped", None)],
)
def test_only_what_holds_is_met_and_what_does_not_apply_is_not_wanted(outcome, met):
    assert value("rto_met", document({"service_recovers_in_time": outcome})) == met


def test_a_statement_that_holds_meets_an_indicator_and_one_that_does_not_meets_none():
    assert value("exercises", document({"recovery_exercised": "manual"}, disposition="attested")) == 100.0
    assert value("exercises", document({"recovery_exercised": "manual"}, disposition="attested_fail")) == 0.0
    assert value("exercises", document({"recovery_exercised": "manual"}, disposition="attested_not_applicable")) is None


def test_accepted_failures_are_not_open():
    assert value("critical_open", document({"a": "fail", "b": "fail"}, severity="critical")) == 2
    assert value("critical_open", document({"a": "fail"}, severity="critical", disposition="waived")) == 0


def test_what_was_not_judged_again_is_not_mended():
    before = [document({"a": "fail", "b": "fail", "c": "fail", "d": "pass"})]
    assert value("mended", document({"a": "pass", "b": "fail", "c": "error"}), before=before) == 50.0
    assert value("mended", document({"c": "unreachable"}), before=before) is None


def test_fewer_open_failures_are_better_and_less_compliance_is_worse():
    found = measure(
        definitions()[1],
        read_period([document({"a": "fail", "b": "error"}, severity="critical")]),
        read_period([document({"a": "fail", "b": "fail", "c": "pass", "d": "pass"}, severity="critical")]),
    )
    better = {each.definition.id: each.better for each in found}
    assert (better["critical_open"], better["compliance"], better["reached"]) == (True, False, None)


def test_an_organizations_target_goes_before_ours(tmp_path):
    path = tmp_path / "governance.yml"
    path.write_text(
        "targets: {compliance: 40}\nrisks: {a: {owner: CISO, treatment: transfer, residual: 3}}\nadjustments: [more staff]\n"
    )
    own = read_governance(path)
    (found,) = (
        each for each in measure(definitions()[1], read_period([document({"a": "pass", "b": "fail"})]), None, own)
        if each.definition.id == "compliance"
    )  # fmt: skip
    assert (found.target, found.reached) == (40.0, True)
    (risk,) = register([document({"a": "fail"})], own)
    assert (risk.owner, risk.treatment, risk.residual) == ("CISO", "transfer", 3)


@pytest.mark.parametrize(
    "text",
    ["[]", "targets: {complience: 4}", "targets: {compliance: much}", "targets: []", "risks: []", "risks: {a: 5}",
     "risks: {a: {owner: 5}}", "risks: {a: {likelihood: 5}}",
     "risks: {a: {treatment: pray}}", "risks: {a: {colour: red}}", "adjustments: many"],
)  # fmt: skip
def test_what_is_wrong_in_an_organizations_file_is_said(tmp_path, text):
    path = tmp_path / "governance.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"governance\.yml"):
        read_governance(path)


def test_a_risk_is_as_likely_as_many_fail_and_as_bad_as_its_severity():
    documents = [document({"a": "fail" if number == 0 else "pass"}, f"host{number}", severity="critical") for number in range(10)]
    (risk,) = register(documents)
    assert (risk.likelihood, risk.impact, risk.score, risk.treatment, risk.residual) == (2, 4, 8, "mitigate", 1)
    assert [likelihood(failing, 100) for failing in (1, 5, 6, 25, 26, 50, 51, 100)] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_what_is_accepted_remains():
    (risk,) = register([document({"a": "fail"}, severity="high", disposition="waived")])
    assert (risk.treatment, risk.residual, risk.accepted) == ("accept", risk.score, 1)
    assert residual(4, 4, failing=4, accepted=1) == 4


def test_a_risk_is_due_on_the_last_day_of_its_waiver_and_its_remedy_stands_on_one_line():
    made = document({"a": "fail"}, disposition="waived")
    made["results"][0]["waiver"] = "W-1"
    made["waivers"]["W-1"] = to_document(samples.assessment())["waivers"]["W-2026-007"] | {"id": "W-1"}
    made["checks"]["a"]["remedy"] = "Write this,\nand\n\n  load it.\n"
    (risk,) = register([made])
    assert (risk.due, risk.remedy) == ("2026-12-31", "Write this, and load it.")


def test_the_register_has_no_cell_that_a_spreadsheet_would_compute(tmp_path, capsys):
    made = document({"a": "fail"})
    made["checks"]["a"]["title"] = "=cmd|' /C calc'!A0"
    made["host"]["labels"] = {"owner": "@SUM(1)"}
    (tmp_path / "a.json").write_text(write_document(made))
    assert run(["kpi", "risks", str(tmp_path / "a.json")]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out.removeprefix("\ufeff"))))
    assert rows[0]["check"] == "a"
    assert [cell for cell in rows[0].values() if cell[:1] in {"=", "+", "-", "@"}] == []


def annual(**more: Any) -> Annual:
    period = read_period([document({"service_recovers_in_time": "pass", "b": "fail"})])
    hostile = [document({"c": "fail"})]
    hostile[0]["checks"]["c"]["title"] = samples.HOSTILE
    own = Governance(risks={"c": OwnRisk(owner=samples.HOSTILE)}, adjustments=(samples.HOSTILE,))
    risks = register(hostile, own)
    return Annual(1, measure(definitions()[1], period, period, own), risks, own.adjustments, (NOW, NOW), (NOW, NOW))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_annual_report_speaks_every_language_and_obeys_nothing(language):
    words = wording(language)
    page, text = "".join(write_page(annual(), words)), "".join(write_markdown(annual(), words))
    assert f'lang="{words.language}"' in page
    for each in definitions()[1]:
        assert words.translate(each.title) in text
        assert language == "en" or words.translate(each.title) != each.title or language == "fr"
        assert language == "en" or each.formula not in page
        assert words.translate(each.formula) in page
    for said in (page, text):
        assert "<script>alert" not in said
        assert "\x1b" not in said
        assert "\u202e" not in said


def test_the_annual_report_asks_nobody_for_anything():
    page = "".join(write_page(annual(), wording("en")))
    assert [word for word in ("http://", "https://", "<script", "<link", "url(http") if word in page] == []
    assert "default-src &#39;none&#39;;" in page


def test_indicators_and_reports_are_written(tmp_path: Path, capsys):
    path = tmp_path / "a.json"
    path.write_text(write_document(document({"service_recovers_in_time": "pass"})))
    assert run(["kpi", "show", str(path), "--before", str(path)]) == 0
    assert "Recovery time objectives met" in capsys.readouterr().out
    assert run(["kpi", "show", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["indicators"]
    assert next(each for each in told if each["id"] == "rto_met")["checks"] == ["service_recovers_in_time"]
    assert run(["kpi", "report", str(path), "-o", str(tmp_path / "out"), "--language", "ar"]) == 0
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"annual.html", "annual.md"}


DAY = 86400.0
END = "2026-11-21T00:00:00.000Z"
END_S = 1_795_219_200.0


def steps(*told: tuple[float, str], severity: str = "high") -> list[Step]:
    """Outcomes, each with how many days before the end it was seen."""
    return [Step(END_S - days * DAY, outcome, severity) for days, outcome in told]


def lasting(name: str, found: dict[str, tuple[Spell, ...]] | None, before: str = "") -> tuple[float | None, float | None]:
    """An indicator of how long failures last, and that of the earlier period."""
    now = document({"a": "fail"}) | {"finished_at": END}
    earlier = read_period([document({"a": "fail"}) | {"finished_at": before}]) if before else None
    (indicator,) = (
        each for each in measure(definitions()[1], read_period([now]), earlier, None, found) if each.definition.id == name
    )
    return indicator.value, indicator.before


def test_a_failure_lasts_from_the_first_scan_that_saw_it_to_the_first_that_saw_it_mended():
    found = list(spells_of("geneva", steps((9, "pass"), (8, "fail"), (7, "fail"), (6, "error"), (4, "pass"), (2, "fail"))))
    assert found == [
        Spell("geneva", "high", END_S - 8 * DAY, END_S - 4 * DAY, mended=True),
        Spell("geneva", "high", END_S - 2 * DAY),
    ]


def test_a_check_that_nobody_asks_any_more_was_not_mended():
    (spell,) = spells_of("geneva", steps((8, "fail"), (4, "removed")))
    assert (spell.mended, spell.ended) == (False, END_S - 4 * DAY)
    assert lasting("days_to_mend", {"geneva": (spell,)}) == (None, None)
    assert lasting("days_open", {"geneva": (spell,)}) == (0.0, None)


def test_days_to_mend_are_the_mean_of_what_was_mended_since_the_earlier_period():
    told = [((20, "fail"), (14, "pass")), ((9, "fail"), (5, "pass")), ((6, "fail"), (4, "not_applicable")), ((3, "fail"),)]
    found = {"geneva": tuple(spell for each in told for spell in spells_of("geneva", steps(*each)))}
    assert lasting("days_to_mend", found) == (4.0, None)
    assert lasting("days_to_mend", found, before="2026-11-11T00:00:00.000Z") == (3.0, 6.0)
    assert lasting("days_open", found, before="2026-11-14T00:00:00.000Z") == (3.0, 2.0)


def test_only_failures_that_count_of_hosts_that_were_asked_are_measured():
    found = {
        "nairobi": tuple(spells_of("nairobi", steps((9, "fail")))),
        "geneva": tuple(spells_of("geneva", steps((9, "fail"), severity="low"))),
    }
    assert lasting("days_open", found) == (0.0, None)
    assert lasting("days_open", {"nairobi": found["nairobi"]}) == (None, None)
    assert lasting("days_open", None) == (None, None)


def test_days_are_rounded_up_so_that_no_target_is_reached_by_rounding():
    found = {"geneva": tuple(spells_of("geneva", steps((30.01, "fail"))))}
    assert lasting("days_open", found) == (30.1, None)
    assert write_value(30.1, "days", wording("en")) == "30.1"
    assert write_value(30.1, "days", wording("fr")) == "30,1"


def test_the_history_tells_how_long_failures_lasted(tmp_path, capsys):
    history = History(f"sqlite:///{tmp_path / 'history.sqlite'}")
    for number, (day, outcome) in enumerate((("2026-11-01", "fail"), ("2026-11-05", "pass"), ("2026-11-20", "fail"))):
        made = document({"a": outcome}) | {"started_at": f"{day}T00:00:00.000Z", "finished_at": f"{day}T00:00:00.000Z"}
        run_of_it = history.begin(f"run-{number}", made["baseline"]["id"], "", END_S, 1, "")
        history.record(run_of_it, made)
        (tmp_path / "last.json").write_text(write_document(made))
    baseline = made["baseline"]["id"]
    severity = made["results"][0]["severity"]
    assert [(each.severity, each.mended) for each in history.spells([baseline])["geneva"]] == [(severity, True), (severity, False)]
    assert history.spells(["another"]) == {}
    history.close()
    command = ["kpi", "show", str(tmp_path / "last.json"), "--json", "--history", str(tmp_path / "history.sqlite")]
    assert run(command) == 0
    told = {each["id"]: each["value"] for each in json.loads(capsys.readouterr().out)["indicators"]}
    assert (told["days_to_mend"], told["days_open"]) == (4.0, 0.0)
    assert run([*command[:-1], str(tmp_path / "none.sqlite")]) == 0
    told = {each["id"]: each["value"] for each in json.loads(capsys.readouterr().out)["indicators"]}
    assert (told["days_to_mend"], told["days_open"]) == (None, None)
    assert not (tmp_path / "none.sqlite").exists()


def test_a_redacted_annual_report_and_register_name_nobody_and_say_so(tmp_path, capsys):
    made = document({"vault_corp_example": "fail"}, "vault.corp.example")
    made["checks"]["vault_corp_example"] |= {"sha256": "0" * 64, "remedy": "Ask Ms Canary."}
    made["host"]["labels"] = {"owner": "Ms Canary"}
    (tmp_path / "a.json").write_text(write_document(made))
    own = tmp_path / "governance.yml"
    own.write_text(
        "risks: {vault_corp_example: {owner: Ms Canary, treatment: transfer, note: ask Canary}}\nadjustments: [Ms Canary]\n"
    )
    common = [str(tmp_path / "a.json"), "--governance", str(own), "--redact"]
    assert run(["kpi", "risks", *common]) == 0
    text = capsys.readouterr().out
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["treatment"], row["owner"], row["redacted"]) == ("transfer", "left out", "yes")
    assert run(["kpi", "report", *common, "-o", str(tmp_path / "out")]) == 0
    said = [text, *(path.read_text() for path in (tmp_path / "out").iterdir())]
    assert len(said) == 3
    for each in said:
        assert not {"canary", "vault"} & set(re.findall("[a-z]+", each.lower()))
    assert all("pseudonyms" in each for each in said[1:])
