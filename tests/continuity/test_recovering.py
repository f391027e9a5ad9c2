"""Restores, drills and statements, and the recovery time that they show."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from declared import DAY, ERP, FILES, GIB, HOUR, NOW, after, evidence, look, recovery, restored, statement, view
from hypothesis import given
from hypothesis import strategies as st

from secscan.continuity.figures import Knowledge, Verdict
from secscan.continuity.trials import find_trials
from secscan.model.attestation import EvidenceFile, FileState, Person, StatementScope
from secscan.model.values import Unobservable


def test_a_restore_of_everything_is_a_measured_recovery_time():
    found = recovery(after(restored()))
    assert (found.seconds, found.knowledge, found.verdict) == (HOUR, Knowledge.MEASURED, Verdict.MET)


def test_a_restore_of_a_part_is_scaled_to_the_whole_and_steps_are_added():
    service = replace(ERP, steps={"decide": HOUR})
    found = recovery(after(restored(bytes=GIB), size=4 * GIB), service)
    assert (found.seconds, found.knowledge) == (5 * HOUR, Knowledge.MEASURED)


def test_a_restore_of_a_part_of_nobody_knows_how_much_is_only_an_estimate():
    assert recovery(after(restored(bytes=GIB))).verdict is Verdict.PARTLY


@given(st.floats(90 * DAY + 2 * HOUR, 3000 * DAY))
def test_a_restore_test_that_is_older_than_its_limit_does_not_count_as_tested(age):
    old = restored(started=NOW - age, finished=NOW - age + HOUR)
    assert recovery(after(old)).verdict is not Verdict.MET
    assert recovery(after(old, size=GIB)).knowledge is Knowledge.ESTIMATED


def test_other_data_may_have_been_tested_up_to_a_year_ago():
    half = restored(started=NOW - 180 * DAY, finished=NOW - 180 * DAY + HOUR)
    assert recovery(after(half), replace(ERP, criticality="low")).verdict is Verdict.MET


def test_a_restore_that_failed_later_undoes_the_one_that_worked():
    failed = restored(started=NOW - DAY, finished=NOW - DAY + 60, passed=False)
    found = recovery(after(restored(), failed))
    assert (found.seconds, found.verdict) == (math.inf, Verdict.MISSED)


def test_what_another_host_says_of_a_restore_counts_only_where_the_inventory_names_it():
    told = view("web1", look("restore_tests", tests=(restored(),), count=1))
    quiet = [view(host, look("restore_tests", tests=(), count=0)) for host in ("db1", "vault")]
    assert find_trials(ERP, FILES, evidence(*quiet, told)).found == ()
    assert find_trials(ERP, replace(FILES, tested_on=("web1",)), evidence(*quiet, told)).found != ()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"finished": NOW + HOUR}, "dated in the future"),
        ({"finished": Unobservable("a.json: it finished before it started")}, "before it started"),
        ({"bytes": 0}, "nothing was restored"),
    ],
)
def test_a_record_that_cannot_be_is_told_and_does_not_count(told, why):
    trials = find_trials(ERP, FILES, after(restored(**told)))
    assert trials.found == ()
    assert why in trials.notes[0]


def test_a_record_that_is_about_nothing_declared_is_told_and_leaves_what_is_known_as_it_was():
    trials = find_trials(ERP, FILES, after(restored(), restored(file="b.json", data_set="filse", service="erp")))
    assert [trial.source for trial in trials.found] == ["a.json on db1"]
    assert trials.strays == ("db1: b.json: no service declares the data set 'filse' of 'erp'",)
    assert trials.notes == ()


def test_a_record_that_cannot_be_read_may_be_about_the_data_set_and_is_told():
    broken = {name: Unobservable("b.json: is not valid JSON") for name in restored()} | {"file": "b.json"}
    trials = find_trials(ERP, FILES, after(broken))
    assert trials.notes == ("db1: b.json: is not valid JSON",)
    assert not trials.strays


def test_a_restore_on_a_host_without_a_clock_is_no_measurement():
    assert recovery(after(restored(), offset=None)).verdict is Verdict.PARTLY


def test_the_clock_of_the_host_does_not_change_when_a_restore_was_tested():
    moved = restored(started=NOW - 2 * DAY + 500, finished=NOW - 2 * DAY + HOUR + 500)
    assert find_trials(ERP, FILES, after(moved, offset=500.0)).found[0].finished == NOW - 2 * DAY + HOUR


def test_a_drill_is_better_evidence_than_a_restore_test_and_is_attested():
    found = recovery(replace(after(restored()), attestations=(statement(),)))
    assert (found.seconds, found.knowledge, found.verdict) == (95 * 60, Knowledge.ATTESTED, Verdict.MET)


@pytest.mark.parametrize(
    "told",
    [
        {"valid_until": NOW - 1},
        {"approver": None},
        {"approver": Person("Ann")},
        {"evidence": ()},
        {"evidence": (EvidenceFile("f", "0" * 64, FileState.CHANGED),)},
        {"scope": StatementScope()},
        {"scope": StatementScope(services=("mail",))},
        {"metrics": {"achieved_rto_minutes": -5.0}},
    ],
    ids=[
        "expired",
        "unsigned",
        "signed by its owner",
        "without evidence",
        "evidence changed",
        "of no service",
        "of another",
        "backwards",
    ],
)
def test_a_statement_that_cannot_be_relied_on_tells_no_recovery_time(told):
    assert recovery(evidence(attestations=(statement(**told),))).knowledge is Knowledge.UNKNOWN


def test_nothing_at_all_is_unknown_and_says_who_was_not_read():
    found = recovery(evidence())
    assert (found.seconds, found.verdict) == (None, Verdict.UNKNOWN)
    assert "db1 was not read" in found.why
