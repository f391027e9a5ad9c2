"""The state of a check moves as the whole sequence of what was found says, which a model that remembers everything tells."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.history.states import Kind, State, Status, advance, by_content, classify, hidden_failure

OUTCOMES = ("pass", "fail", "error", "not_applicable", "manual", "skipped", "removed")
NO_VERDICT = ("error", "manual", "skipped")
statuses = st.builds(
    Status,
    st.sampled_from(OUTCOMES),
    st.sampled_from(["none", "waived"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["1", "2"]),
)


def moved(sequence: list[Status]) -> tuple[State, list[int]]:
    """The state after a sequence, scanned at moments 0, 1, 2, ..., and the moments at which something changed."""
    state, changes = None, []
    for moment, status in enumerate(sequence):
        state, changed = advance(state, status, float(moment))
        changes += [moment] if changed else []
    assert state is not None
    return state, changes


@given(st.lists(statuses, min_size=1, max_size=12))
def test_a_state_is_what_the_whole_sequence_says(sequence: list[Status]):
    state, changes = moved(sequence)
    outcomes = [status.outcome for status in sequence]
    assert state.status == sequence[-1]
    assert state.first_seen == 0
    assert changes == [0, *(number for number, (one, other) in enumerate(pairwise(sequence), 1) if one != other)]
    assert state.changed_at == changes[-1]
    assert state.since == _began(outcomes)
    judged = [outcome for outcome, _ in groupby(outcome for outcome in outcomes if outcome not in NO_VERDICT)]
    reopened = sum(outcome == "fail" and _was_mended(judged[:number]) for number, outcome in enumerate(judged))
    assert state.reopened == reopened


def _began(outcomes: list[str]) -> int:
    """When the last outcome of a sequence began: a failure goes on while it cannot be judged."""
    last = outcomes[-1]
    lasting = (last, *NO_VERDICT) if last == "fail" else (last,)
    start = max((number for number, outcome in enumerate(outcomes, 1) if outcome not in lasting), default=0)
    return outcomes.index(last, start)


def _was_mended(before: list[str]) -> bool:
    """Whether the last failure in a sequence of outcomes was followed at once by a pass."""
    if "fail" not in before:
        return False
    last = len(before) - 1 - before[::-1].index("fail")
    return before[last + 1 : last + 2] == ["pass"]


@given(st.lists(statuses, min_size=1, max_size=12))
def test_what_nights_without_a_verdict_hide_is_in_the_story(sequence: list[Status]):
    state, changes = moved(sequence)
    assert hidden_failure((float(moment), sequence[moment]) for moment in changes) == state.failure
    assert (state.hidden is not None) == (state.failure is not None and not state.failing)


@given(st.lists(statuses, min_size=1, max_size=12), st.lists(st.sampled_from(NO_VERDICT), max_size=3), st.data())
def test_nights_without_a_verdict_reopen_nothing_and_end_no_failure(sequence: list[Status], blind: list[str], data: st.DataObject):
    place = data.draw(st.integers(0, len(sequence)))
    after = [*sequence[place:], Status("fail")]
    state, _ = moved([*sequence[:place], *after])
    disturbed, _ = moved([*sequence[:place], *map(Status, blind), *after])
    assert disturbed.reopened == state.reopened
    late = len(blind) if state.since >= place else 0
    assert disturbed.since == state.since + late


@given(st.lists(statuses, min_size=1, max_size=8))
def test_scanning_again_without_a_change_changes_nothing(sequence: list[Status]):
    once, _ = moved(sequence)
    again, changed = advance(once, sequence[-1], 99.0)
    assert not changed
    assert again == once


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Status("pass"), Status("fail"), Kind.NEW),
        (Status("error"), Status("fail"), Kind.NEW),
        (Status("not_applicable"), Status("fail"), Kind.NEW),
        (Status("fail"), Status("pass"), Kind.FIXED),
        (Status("error"), Status("pass"), Kind.JUDGED_AGAIN),
        (Status("not_applicable"), Status("pass"), Kind.OTHER),
        (Status("fail", fingerprint="a"), Status("fail", fingerprint="a"), Kind.STILL_FAILING),
        (Status("fail", fingerprint="a"), Status("fail", fingerprint="b"), Kind.CHANGED_VALUE),
        (Status("fail"), Status("fail", "waived"), Kind.DECIDED),
        (Status("pass"), Status("error"), Kind.UNJUDGEABLE),
        (Status("fail"), Status("manual"), Kind.UNJUDGEABLE),
        (Status("manual"), Status("error"), Kind.OTHER),
        (Status("fail"), Status("not_applicable"), Kind.NO_LONGER_APPLIES),
        (Status("pass"), Status("pass"), None),
        (None, Status("pass"), Kind.CHECK_ADDED),
        (Status("fail"), None, Kind.CHECK_REMOVED),
        (None, None, None),
    ],
)
def test_what_a_change_means(before: Status | None, after: Status | None, kind: Kind | None):
    assert classify(before, after) is kind


@pytest.mark.parametrize("blind", NO_VERDICT)
@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (Status("fail", fingerprint="a"), Kind.STILL_FAILING),
        (Status("fail", fingerprint="b"), Kind.CHANGED_VALUE),
        (Status("fail", "waived", fingerprint="a"), Kind.DECIDED),
        (Status("pass"), Kind.FIXED),
        (Status("not_applicable"), Kind.NO_LONGER_APPLIES),
        (None, Kind.CHECK_REMOVED),
    ],
)
def test_a_failure_that_could_not_be_judged_for_a_while_is_the_same(blind: str, after: Status | None, kind: Kind):
    assert classify(Status(blind), after, Status("fail", fingerprint="a")) is kind


@pytest.mark.parametrize("blind", NO_VERDICT)
def test_what_cannot_be_judged_either_is_compared_with_what_could_not(blind: str):
    failed = Status("fail")
    assert classify(Status("error"), Status(blind), failed) is (None if blind == "error" else Kind.OTHER)


@given(st.none() | statuses, st.none() | statuses)
def test_whatever_fails_or_changed_its_outcome_is_told(before: Status | None, after: Status | None):
    told = classify(before, after)
    outcomes = [status.outcome if status else None for status in (before, after)]
    assert (told is not None) >= (outcomes[0] != outcomes[1] or outcomes[1] == "fail")


def test_a_changed_check_is_told_apart_from_a_changed_host():
    assert by_content(Status("pass", version="1"), Status("fail", version="2"))
    assert not by_content(Status("pass", version="1"), Status("fail", version="1"))
    assert not by_content(None, Status("fail", version="1"))
