"""The register of oversight recommendations: reading, proposals from results, ageing, and the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_content import Small, said, write_checks

from secscan.cli import run
from secscan.documents import parse_document
from secscan.errors import InputError
from secscan.model.recommendation import DAY_S, Recommendation, Status
from secscan.oversight.ageing import BANDS, group_by, order_by_age
from secscan.oversight.proposing import propose
from secscan.oversight.reading import Known, read_registers
from secscan.oversight.schema import register_schema

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
KNOWN = Known({"sshd_root_login_disabled", "recovery_exercised"}, {"UNC-IS-01"})
ENTRY = {
    "id": "JIU-2021-3-R4", "source": "JIU/REP/2021/3, recommendation 4", "recommendation": "Report on cybersecurity.",
    "status": "in_progress", "owner": "Chief of ICT", "root_cause": "Nobody was asked to.", "raised": "2024-01-15",
    "due": "2026-11-20", "checks": ["sshd_root_login_disabled"],
}  # fmt: skip


def entry(**told) -> dict:
    return {key: value for key, value in {**ENTRY, **told}.items() if value is not None}


def read(tmp_path, *entries: object, known: Known = KNOWN) -> tuple[Recommendation, ...]:
    (tmp_path / "oversight.yml").write_text(json.dumps({"register": list(entries)}, indent=1))
    return read_registers([tmp_path / "oversight.yml"], known)


def problems(tmp_path, *entries: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, *entries)
    return [str(problem) for problem in caught.value.problems]


def test_a_recommendation_is_read_with_its_days_owner_cause_and_links(tmp_path):
    (found,) = read(tmp_path, entry(requirements=["UNC-IS-01"], note="half of it"))
    assert (found.id, found.status, found.owner, found.root_cause) == (
        "JIU-2021-3-R4", Status.IN_PROGRESS, "Chief of ICT", "Nobody was asked to.",
    )  # fmt: skip
    assert datetime.fromtimestamp(found.due_at, UTC) == datetime(2026, 11, 21, tzinfo=UTC)
    assert (found.checks, found.requirements, found.note) == (("sshd_root_login_disabled",), ("UNC-IS-01",), "half of it")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"status": "done"}, "'status' cannot be 'done'"),
        ({"status": "in_progres"}, "did you mean 'in_progress'"),
        ({"due": "2023-01-01"}, "cannot be due before it is raised"),
        ({"due": "soon"}, "'due' cannot be 'soon'"),
        ({"due": "2026-02-30"}, "'due' cannot be '2026-02-30'"),
        ({"status": "implemented"}, "needs 'closed'"),
        ({"closed": "2026-01-01"}, "has no day on which it was closed"),
        ({"status": "implemented", "closed": "2020-01-01"}, "cannot be closed before it is raised"),
        ({"checks": ["sshd_root_login_disable"]}, "did you mean 'sshd_root_login_disabled'"),
        ({"requirements": ["UNC-XX-99"]}, "no requirement is named"),
        ({"owner": None}, "a recommendation has no 'owner'"),
        ({"owner": ""}, "'owner' must be text"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"id": "a b"}, "cannot be an id"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, told, message):
    (problem,) = problems(tmp_path, entry(**told))
    assert message in problem
    assert problem.startswith(str(tmp_path / "oversight.yml") + ":")
    assert problem.split(":")[1:3] != ["0", "0"]


def test_all_problems_of_all_entries_are_told_at_once(tmp_path):
    assert len(problems(tmp_path, entry(status="done", due="x"), entry(id="B", owner=None), "no mapping")) >= 4


def test_an_id_stands_in_a_register_once(tmp_path):
    assert "stands in" in problems(tmp_path, entry(), entry())[0]


@pytest.mark.parametrize("text", ["", "[]", "register: x", "a: b", "register: [1, [2]]", "register: [{id: [a]}]"])
def test_no_file_breaks_the_reader(tmp_path, text):
    (tmp_path / "r.yml").write_text(text)
    with pytest.raises(InputError):
        read_registers([tmp_path / "r.yml"], KNOWN)


def recommendation(**told) -> Recommendation:
    fields = {
        "id": "R", "source": "JIU", "text": "", "status": Status.IN_PROGRESS, "owner": "Ann", "root_cause": "",
        "raised_at": NOW - 400 * DAY_S, "due_at": NOW + DAY_S, "checks": ("a",),
    }  # fmt: skip
    return Recommendation(**{**fields, **told})


def assessment(*results: tuple[str, str] | tuple[str, str, str], unreachable: str = "") -> dict:
    told = [
        {"check": each[0], "outcome": each[1], "disposition": each[2] if len(each) > 2 else "none", "requirements": ["UNC-1"]}
        for each in results
    ]
    return {"unreachable": unreachable, "results": told}


@pytest.mark.parametrize(
    ("documents", "status"),
    [
        ([assessment(("a", "pass")), assessment(("a", "pass"))], Status.IMPLEMENTED),
        ([assessment(("a", "pass")), assessment(("a", "not_applicable"))], Status.IMPLEMENTED),
        ([assessment(("a", "pass")), assessment(("a", "fail"))], Status.IN_PROGRESS),
        ([assessment(("a", "fail"))], Status.NOT_STARTED),
        ([assessment(("a", "fail", "waived"))], Status.NOT_STARTED),
        ([assessment(("a", "manual", "attested"))], Status.IMPLEMENTED),
        ([assessment(("a", "manual", "attested_fail"))], Status.NOT_STARTED),
        ([assessment(("a", "pass")), assessment(("a", "error"))], None),
        ([assessment(("a", "manual"))], None),
        ([assessment(("a", "pass")), assessment(unreachable="time out")], None),
        ([assessment(("a", "not_applicable"))], None),
        ([assessment(("b", "pass"))], None),
        ([], None),
    ],
    ids=[
        "all pass", "one does not apply", "one fails", "all fail", "a waived failure fails", "attested", "attested to fail",
        "one not judged", "nobody said", "a host not reached", "nothing applies", "not asked", "no results",
    ],
)  # fmt: skip
def test_a_status_is_proposed_only_from_what_was_judged(documents, status):
    (proposal,) = propose([recommendation()], documents)
    assert proposal.status is status
    assert proposal.why


def test_nothing_is_implemented_while_a_linked_check_has_no_result():
    (proposal,) = propose([recommendation(checks=("a", "b"))], [assessment(("a", "pass"))])
    assert proposal.status is None
    assert "no result for b" in proposal.why


def test_results_that_serve_a_linked_requirement_count():
    (proposal,) = propose([recommendation(checks=(), requirements=("UNC-1",))], [assessment(("z", "pass"))])
    assert proposal.status is Status.IMPLEMENTED


def test_what_is_linked_to_nothing_gets_no_proposal():
    assert propose([recommendation(checks=())], [assessment(("a", "pass"))])[0].status is None


@pytest.mark.parametrize(("status", "at_odds"), [(Status.IMPLEMENTED, True), (Status.IN_PROGRESS, False)])
def test_a_register_that_says_more_than_results_do_is_told(status, at_odds):
    each = recommendation(status=status)
    (proposal,) = propose([each], [assessment(("a", "fail"))])
    assert proposal.at_odds is at_odds
    assert proposal.recommendation.status is status


OUTCOMES = st.sampled_from(["pass", "fail", "error", "not_applicable", "manual", "skipped"])


@given(st.lists(OUTCOMES, max_size=6))
def test_implemented_is_never_proposed_with_anything_but_passes_and_what_does_not_apply(outcomes):
    (proposal,) = propose([recommendation()], [assessment(("a", outcome)) for outcome in outcomes])
    if proposal.status is Status.IMPLEMENTED:
        assert set(outcomes) <= {"pass", "not_applicable"}
        assert "pass" in outcomes


def test_days_are_counted_from_the_day_it_was_raised_and_past_the_end_of_its_last_day():
    due_today = recommendation(raised_at=NOW - 10 * DAY_S, due_at=NOW + 1)
    assert (due_today.days_open(NOW), due_today.days_overdue(NOW)) == (10, 0)
    assert recommendation(due_at=NOW).days_overdue(NOW) == 1
    closed = recommendation(status=Status.IMPLEMENTED, closed_at=NOW - 300 * DAY_S, due_at=NOW - 500 * DAY_S)
    assert (closed.days_open(NOW), closed.days_overdue(NOW)) == (100, 0)


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(-500, 500), st.sampled_from(Status)), max_size=12))
def test_every_open_recommendation_is_counted_in_one_band_and_none_that_is_closed(told):
    found = [
        recommendation(id=str(number), raised_at=NOW - age * DAY_S, due_at=NOW - late * DAY_S + 1, status=status)
        for number, (age, late, status) in enumerate(told)
    ]
    still = [each for each in found if each.status.is_open]
    assert len(order_by_age(found, NOW)) == len(still)
    groups = group_by(found, lambda each: each.owner, NOW)
    assert sum(sum(group.bands) for group in groups) == sum(group.open for group in groups) == len(still)
    assert all(len(group.bands) == len(BANDS) + 1 for group in groups)


def test_the_longest_overdue_stands_first():
    found = [recommendation(id="late", due_at=NOW - 5 * DAY_S), recommendation(id="later", due_at=NOW - 50 * DAY_S)]
    assert [each.id for each in order_by_age([*found, recommendation(id="in time")], NOW)] == ["later", "late", "in time"]


def test_the_schema_takes_what_the_reader_takes():
    jsonschema = pytest.importorskip("jsonschema")
    schema = register_schema(KNOWN.checks, KNOWN.requirements)
    validator = jsonschema.Draft202012Validator(schema)
    data = parse_document(json.dumps({"register": [entry()]}), "r").data
    assert validator.is_valid(data)
    assert not validator.is_valid({"register": [entry(status="done")]})
    assert not validator.is_valid({"register": [entry(owner=None)]})


REGISTER = """register:
  - id: R1
    source: JIU/REP/2021/3, recommendation 4
    recommendation: Nobody signs in as root.
    status: implemented
    closed: 2022-01-01
    owner: Chief of ICT
    root_cause: It was never asked for.
    raised: 2021-10-01
    due: 2022-01-01
    checks: [sshd_root_login_disabled]
  - {id: R2, source: "BOA, 2023", recommendation: x, status: in_progress, owner: Ann, root_cause: y,
     raised: 2023-01-01, due: 2024-01-01}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oversight.yml").write_text(REGISTER)
    return tmp_path


def test_the_list_changes_nothing_in_the_register(folder, capsys):
    assert run(["oversight", "list"]) == 0
    assert "implemented  closed 2022-01-01  R1" in capsys.readouterr().out
    assert (folder / "oversight.yml").read_text() == REGISTER


def test_one_recommendation_is_shown_whole_and_a_near_name_is_suggested(folder, capsys):
    assert run(["oversight", "show", "R1"]) == 0
    shown = capsys.readouterr().out
    for told in ("Nobody signs in as root.", "It was never asked for.", "closed 2022-01-01", "oversight.yml:2"):
        assert told in shown
    assert run(["oversight", "show", "R12"]) == 2
    assert "allowed: secscan oversight list" in capsys.readouterr().err


def test_ageing_tells_what_is_overdue_by_its_exit_code(folder, capsys):
    assert run(["oversight", "ageing"]) == 1
    shown = capsys.readouterr().out
    assert "overdue" in shown
    assert "R1 " not in shown
    assert run(["oversight", "ageing", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in told["open"]] == ["R2"]
    assert told["by_source"][0]["overdue"] == 1


def test_a_register_that_is_wrong_or_missing_exits_2(folder, capsys):
    (folder / "oversight.yml").write_text(REGISTER.replace("closed: 2022-01-01", "closed: never"))
    assert run(["oversight", "list"]) == 2
    assert "oversight.yml:6:" in capsys.readouterr().err
    assert run(["oversight", "list", "--register", "none.yml"]) == 2
    assert "there is no register" in capsys.readouterr().err


def test_the_schema_of_a_register_is_printed(capsys):
    assert run(["schema", "register"]) == 0
    entry_schema = json.loads(capsys.readouterr().out)["properties"]["register"]["items"]
    assert "sshd_root_login_disabled" in entry_schema["properties"]["checks"]["items"]["enum"]


def test_the_list_tells_what_a_saved_run_proposes_and_where_the_register_says_otherwise(folder, capsys):
    write_checks(folder / "own", Small("bad_one", said("echo bad"), [{"that": "said.output", "contains": "good"}]))
    (folder / "oversight.yml").write_text(REGISTER.replace("sshd_root_login_disabled", "bad_one"))
    assert run(["scan", "local", "-b", "only_bad_one", "--content", "own", "-o", "out", "-f", "json", "-q"]) == 1
    capsys.readouterr()
    assert run(["oversight", "list", "--content", "own", "--saved", "out"]) == 1
    shown = capsys.readouterr().out
    assert "results propose not_started: 1 of 1 linked results fail; the register says otherwise" in shown
    assert "results propose nothing: it is linked to nothing that is checked" in shown
