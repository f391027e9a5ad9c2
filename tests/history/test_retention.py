"""Which runs are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.errors import UsageError
from secscan.history.citing import Citations
from secscan.history.records import Run
from secscan.history.retention import Policy, kept_runs, parse_policy, superfluous_runs

END = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
YEARS = {str(day): (END - timedelta(days=day)).timestamp() for day in range(3 * 365)}  # one run each night, "0" the newest


def test_thirty_days_twelve_weeks_and_seven_years_of_nightly_runs():
    kept = kept_runs(YEARS, parse_policy("daily 30, weekly 12, yearly 7"))
    assert {str(day) for day in range(30)} <= kept
    weeks = {datetime.fromtimestamp(YEARS[run], UTC).strftime("%G-W%V") for run in kept}
    assert len(weeks) >= 12
    years = {datetime.fromtimestamp(YEARS[run], UTC).year for run in kept}
    assert years == {2023, 2024, 2025, 2026}
    assert len(kept) < 30 + 12 + 7


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0, 2e9), max_size=20),
    st.dictionaries(st.sampled_from(["daily", "weekly", "monthly", "yearly"]), st.integers(1, 5)),
)
def test_each_period_keeps_its_newest_run_and_no_more(runs: dict[str, float], periods: dict[str, int]):
    kept = kept_runs(runs, Policy(1, periods))
    assert kept <= runs.keys()
    assert not runs or max(runs, key=lambda run: (runs[run], run)) in kept
    assert len(kept) <= 1 + sum(periods.values())
    shapes = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}
    for period, count in periods.items():
        newest: dict[str, str] = {}
        for run in sorted(runs, key=lambda run: (runs[run], run)):
            newest[datetime.fromtimestamp(runs[run], UTC).strftime(shapes[period])] = run
        assert {newest[name] for name in sorted(newest)[-count:]} <= kept


NOBODY = Citations(frozenset(), frozenset(), ())
LAST = parse_policy("last 1")


def runs(*told: tuple[str, str, bool], folder: str = "/out") -> list[Run]:
    """Runs by name, baseline, and whether they came to their end, a day apart."""
    return [
        Run(number, name, baseline, "", number * 86400.0, number * 86400.0 + 60 if whole else None, 1, folder)
        for number, (name, baseline, whole) in enumerate(told)
    ]


def names(found: list[Run]) -> list[str]:
    return [run.name for run in found]


def test_a_job_does_not_push_out_another_one_that_is_remembered_in_the_same_place():
    two = runs(("a1", "a", True), ("b1", "b", True), ("a2", "a", True), ("b2", "b", True))
    assert names(superfluous_runs(two, LAST, NOBODY)) == ["a1", "b1"]
    elsewhere = [replace(two[0], folder="/elsewhere"), *two[1:]]
    assert names(superfluous_runs(elsewhere, LAST, NOBODY)) == ["b1"]


def test_a_run_over_a_part_of_the_inventory_does_not_push_out_that_of_the_night():
    day = [
        replace(run, started_at=9000.0 + run.id) for run in runs(("night", "a", True), ("noon", "a", True), ("later", "a", True))
    ]
    day[1:] = [replace(run, partial=True) for run in day[1:]]
    assert names(superfluous_runs(day, parse_policy("daily 1, last 1"), NOBODY)) == ["noon"]


def test_the_two_newest_runs_stay_even_of_one_day_unless_said_otherwise():
    today = [replace(run, started_at=9000.0 + run.id) for run in runs(*((f"r{number}", "a", True) for number in range(4)))]
    assert names(superfluous_runs(today, parse_policy("daily 1"), NOBODY)) == ["r0", "r1"]
    assert names(superfluous_runs(today, parse_policy("daily 1, last 1"), NOBODY)) == ["r0", "r1", "r2"]


@pytest.mark.parametrize("policy", ["last 2", "daily 2, last 1", "daily 3, weekly 2"])
def test_runs_of_a_clock_that_was_ahead_push_out_none_of_today_and_stay_until_their_day_is_over(policy: str):
    nights = runs(*((f"r{number}", "a", True) for number in range(9)))
    ahead = {number: replace(nights[number], started_at=(500 + number) * 86400.0) for number in (3, 4, 5)}
    found = names(superfluous_runs([ahead.get(run.id, run) for run in nights], parse_policy(policy), NOBODY))
    timely = [run for run in nights if run.id not in ahead]
    assert found == names(superfluous_runs(timely, parse_policy(policy), NOBODY)), "they take nobody's place"
    assert "r8" not in found


def test_a_night_whose_clock_is_far_behind_forgets_nothing():
    nights = runs(*((f"r{number}", "a", True) for number in range(9)))
    behind = replace(nights[8], started_at=-3600.0)
    assert superfluous_runs([*nights[:8], behind], parse_policy("daily 2"), NOBODY) == []


def test_a_run_that_broke_off_takes_the_place_of_no_whole_one_and_stays_as_long_as_it_can_be_taken_up():
    broken = runs(("old", "a", False), ("whole", "a", True), ("broken", "a", False))
    assert names(superfluous_runs(broken, LAST, NOBODY)) == ["old"]
    later = replace(broken[1], id=9, name="next", started_at=9 * 86400.0)
    assert names(superfluous_runs([*broken, later], LAST, NOBODY)) == ["old", "whole", "broken"]


def test_a_run_that_something_cites_is_kept_whatever_its_age_and_even_when_it_broke_off():
    many = runs(("broken", "a", False), *((f"r{number}", "a", True) for number in range(9)))
    assert names(superfluous_runs(many, LAST, replace(NOBODY, runs=frozenset(["r3", "broken", "no such run"])))) == [
        "r0", "r1", "r2", "r4", "r5", "r6", "r7",
    ]  # fmt: skip
    assert "r5" not in names(superfluous_runs(many, LAST, NOBODY, ["r5"]))
    assert "r4" not in names(superfluous_runs(many, LAST, replace(NOBODY, days=(4.5 * 86400,))))


@pytest.mark.parametrize("text", ["", "daily", "daily 0", "hourly 3", "daily 3, daily 4", "daily 3;"])
def test_a_policy_that_cannot_be_read_is_told(text: str):
    with pytest.raises(UsageError, match="allowed: words such as daily 30"):
        parse_policy(text)
