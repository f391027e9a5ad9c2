"""Which runs are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.errors import UsageError
from secscan.history.retention import Policy, kept_runs, parse_policy

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


def test_a_run_that_something_cites_is_kept_whatever_its_age():
    assert "1000" in kept_runs(YEARS, Policy(), needed=["1000", "no such run"])


@pytest.mark.parametrize("text", ["", "daily", "daily 0", "hourly 3", "daily 3, daily 4", "daily 3;"])
def test_a_policy_that_cannot_be_read_is_told(text: str):
    with pytest.raises(UsageError, match="allowed: words such as daily 30"):
        parse_policy(text)
