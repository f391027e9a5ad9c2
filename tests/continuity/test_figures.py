"""Verdicts: what is estimated or unknown is never met, and nothing is missed that something unknown may still meet."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.continuity.figures import Figure, Knowledge, Verdict, judge_best, worst_of
from secscan.continuity.recovery import Outage, RecoveryEstimate, RestoreTest, recovery_time

SURE = (Knowledge.MEASURED, Knowledge.ATTESTED)
FOUND = st.lists(st.tuples(st.floats(0, 100), st.sampled_from([*SURE, Knowledge.ESTIMATED])), max_size=6)
UNKNOWN = st.lists(st.sampled_from(["vault was not read", "no right to look"]), max_size=2)


@given(FOUND, st.floats(0, 100), UNKNOWN)
def test_a_figure_is_met_exactly_when_something_measured_or_attested_meets_it(found, objective, unknown):
    figure = judge_best(found, objective, unknown, "why")
    assert (figure.verdict is Verdict.MET) == any(seconds <= objective and kind in SURE for seconds, kind in found)
    if figure.verdict is Verdict.MET:
        assert figure.knowledge in SURE
        assert figure.seconds <= objective


@given(FOUND, st.floats(0, 100), UNKNOWN)
def test_a_figure_is_missed_exactly_when_nothing_known_meets_it_and_nothing_is_unknown(found, objective, unknown):
    figure = judge_best(found, objective, unknown, "why")
    assert (figure.verdict is Verdict.MISSED) == (not unknown and all(seconds > objective for seconds, _ in found))


def test_without_any_method_the_figure_is_infinite_and_missed():
    assert judge_best([], 1e12, [], "none") == Figure(math.inf, Knowledge.MEASURED, Verdict.MISSED, "none")


PARTS = st.lists(st.tuples(FOUND, UNKNOWN), min_size=1, max_size=4)


@given(PARTS, st.floats(0, 100))
def test_a_service_is_met_only_when_all_its_data_sets_are_and_missed_when_one_is(parts, objective):
    figures = [(str(index), judge_best(found, objective, unknown, "")) for index, (found, unknown) in enumerate(parts)]
    whole = worst_of(figures)
    assert (whole.verdict is Verdict.MET) == all(figure.verdict is Verdict.MET for _, figure in figures)
    assert (whole.verdict is Verdict.MISSED) == any(figure.verdict is Verdict.MISSED for _, figure in figures)
    assert whole.knowledge is not Knowledge.UNKNOWN or whole.seconds is None


def test_a_service_without_a_data_set_is_unknown():
    assert worst_of([]).verdict is Verdict.UNKNOWN


def test_recovery_time_is_taken_from_the_best_kind_of_evidence_and_its_latest_record():
    outages = [Outage(0, 100), Outage(1000, 1050)]
    tests = [RestoreTest(0, 10, 100, 1000, 5.0)]
    estimate = RecoveryEstimate(1000, 10, {"detect": 20})
    assert recovery_time(60, outages, tests, estimate).seconds == 50
    tested = recovery_time(60, (), tests, estimate)
    assert (tested.seconds, tested.knowledge, tested.verdict) == (105, Knowledge.MEASURED, Verdict.MISSED)
    assert recovery_time(120, (), (), estimate).verdict is Verdict.PARTLY
    assert recovery_time(119, (), (), estimate).verdict is Verdict.MISSED
    assert recovery_time(1e9).verdict is Verdict.UNKNOWN
    assert recovery_time(1e9, estimate=RecoveryEstimate(1, 0, {})).verdict is Verdict.UNKNOWN


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.floats(0, 1e6))
def test_a_scaled_restore_test_never_promises_less_than_it_took(tested, full, duration):
    assert RestoreTest(0, duration, tested, full).seconds >= duration


def test_what_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="restored before"):
        Outage(10, 9)
    with pytest.raises(ValueError, match="finished before"):
        RestoreTest(10, 9, 1, 1)
    with pytest.raises(ValueError, match="restores something"):
        RestoreTest(0, 1, 0, 1)
