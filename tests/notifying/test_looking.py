"""What is so: failures that count, hosts that are lost, ends that are near, runs that were left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from news_items import DAY, NOW

from secscan.history.records import Change, Diff, Run
from secscan.history.states import Kind, Status
from secscan.model.attestation import Attestation, Demand, EvidenceFile, FileState, Person, Stated, StatementScope
from secscan.model.waiver import Waiver
from secscan.notifying.looking import endings, look, missed
from secscan.notifying.news import Topic

RUN = Run(1, "run-1", "base", "x", NOW - DAY, NOW - DAY + 60, 2, "/out")


def result(check: str, outcome: str = "fail", disposition: str = "none", subject: str = "one") -> dict[str, str]:
    return {"check": check, "outcome": outcome, "disposition": disposition, "subject": subject, "severity": "high"}


def document(*results: dict[str, str], host: str = "one", unreachable: str = "") -> dict[str, object]:
    texts = {each["check"]: {"title": f"Title of {each['check']}"} for each in results}
    return {"host": {"name": host}, "unreachable": unreachable, "results": results, "checks": texts}


def diff(*changes: Change, gone: tuple[str, ...] = (), unreached: tuple[str, ...] = ()) -> Diff:
    return Diff(RUN, replace(RUN, id=2, name="run-2"), changes, 0, (), gone, unreached, ())


def test_what_people_have_settled_is_no_news_and_what_they_state_to_fail_is():
    found = look(
        [
            document(
                result("open"), result("waived", disposition="waived"), result("expired", disposition="expired"),
                result("changed", disposition="needs_review"), result("passes", "pass"), result("unknown", "error"),
                result("asked", "manual"), result("stated", "manual", "attested_fail"), result("fine", "manual", "attested"),
            )
        ],
        "base", None, whole=True,
    )  # fmt: skip
    assert [item.name for item in found.items] == ["open", "expired", "changed", "stated"]
    assert all(item.fresh for item in found.items)
    assert found.items[0].title == "Title of open"


def test_what_failed_before_is_not_fresh_and_what_is_asked_for_the_first_time_is():
    fails, passes = Status("fail"), Status("pass")
    since = diff(
        Change("one", "new", "", Kind.NEW, passes, fails),
        Change("one", "added", "", Kind.CHECK_ADDED, None, fails),
        Change("one", "other_value", "", Kind.CHANGED_VALUE, fails, fails),
        Change("one", "port", "443", Kind.NEW, passes, fails),
        Change("one", "stricter", "", Kind.NEW, passes, fails, content=True),
    )
    names = ("stricter", "new", "added", "other_value", "old")
    results = [*map(result, names), result("port", subject="443"), result("port")]
    found = look([document(*results)], "base", since, whole=True)
    assert [(item.name, item.subject, item.fresh) for item in found.items] == [
        ("stricter", "", True), ("new", "", True), ("added", "", True), ("other_value", "", False), ("old", "", False),
        ("port", "443", True), ("port", "", False),
    ]  # fmt: skip
    assert [item.name for item in found.items if item.by_content] == ["stricter", "added"]
    assert len({item.key for item in found.items}) == 7


def test_of_a_host_that_was_not_reached_only_that_is_told():
    documents = [document(result("a", "unreachable"), host="two", unreachable="connection refused"), document(result("a"))]
    found = look(documents, "base", diff(gone=("three", "one")), whole=True)
    assert [(item.topic, item.host) for item in found.items] == [
        (Topic.UNREACHED, "two"), (Topic.FAILURE, "one"), (Topic.GONE, "three"),
    ]  # fmt: skip
    assert found.seen.reached == {"one"}
    assert found.seen.asked == {"one", "two"}
    assert look(documents, "base", diff(gone=("three",)), whole=False).items == found.items[:2]


@pytest.mark.parametrize(
    ("days", "stage"), [(31, None), (29.9, "near"), (7.1, "near"), (6.9, "week"), (0.01, "week"), (0, "over"), (-400, "over")]
)
def test_a_waiver_is_near_its_end_for_a_month_in_its_last_week_and_then_over(days, stage):
    waiver = Waiver("W-1", "because", "a", "b", NOW - 500 * DAY, NOW + days * DAY)
    assert [item.what.split()[-1] for item in endings([waiver], [], {}, NOW, 30 * DAY)] == ([stage] if stage else [])


def test_a_waiver_that_does_not_hold_yet_does_not_end_yet():
    assert not list(endings([Waiver("W-1", "because", "a", "b", NOW + DAY, NOW + 2 * DAY)], [], {}, NOW, 30 * DAY))


def statement(name: str, days: float, **more: object) -> Attestation:
    shown = EvidenceFile("a.pdf", "0" * 64, FileState.KEPT, "0" * 64)
    whole = Attestation(
        name, ("plan_tested",), StatementScope(), "It was tested", NOW - 400 * DAY, NOW + days * DAY, Person("A"), Person("B"),
        Stated.PASS, {}, {}, (shown,),
    )  # fmt: skip
    return replace(whole, **more)


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([statement("S-1", 10)], ["S-1"]),
        ([statement("S-1", -10)], ["S-1"]),
        ([statement("S-1", 100)], []),
        ([statement("S-1", -10), statement("S-2", 100)], []),
        ([statement("S-1", 10), statement("S-2", 20)], ["S-2"]),
        ([statement("S-1", 10), statement("S-2", 20, scope=StatementScope(sites=("gva",)))], ["S-1", "S-2"]),
        ([statement("S-1", 10, approver=None)], []),
        ([statement("S-1", 10, checks=("plan_tested", "short_lived", "nobody_asks"))], ["S-1"]),
    ],
    ids=["near", "over", "far", "replaced", "the later one", "another site", "never signed", "of several checks"],
)
def test_a_statement_ends_where_no_later_one_about_the_same_takes_its_place(statements, told):
    demands = {"plan_tested": Demand(()), "short_lived": Demand((), 405 * DAY)}
    found = list(endings([], statements, demands, NOW, 30 * DAY))
    assert [item.name for item in found] == told
    if "short_lived" in statements[0].checks:
        assert found[0].ends == pytest.approx(NOW + 6 * DAY)


@pytest.mark.parametrize(("last", "late"), [(None, True), (NOW - 27 * 3600, True), (NOW - 26 * 3600, False), (NOW + DAY, False)])
def test_a_run_did_not_happen_when_the_last_one_is_too_long_ago(last, late):
    item = missed("run-1" if last else "", last, NOW, 26 * 3600)
    assert (item is not None) is late
