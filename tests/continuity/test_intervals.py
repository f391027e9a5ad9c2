"""Gaps, windows and unions of restore points, against models too simple to be wrong."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from secscan.continuity.composition import measure_depth
from secscan.continuity.intervals import gaps, quantile, share_held, uncovered, union
from secscan.model.values import read_timestamp

NOW = 60
MOMENTS = st.integers(0, 70)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=8)
TIMES = st.lists(MOMENTS, max_size=8)
ZONES = st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"])


def seconds(spans) -> set[int]:
    return {second for start, end in spans for second in range(start, end)}


@given(SPANS)
def test_a_union_holds_the_same_seconds_in_spans_that_do_not_meet(spans):
    merged = union(spans)
    assert seconds(merged) == seconds(spans)
    assert all(before[1] < after[0] for before, after in pairwise(merged))
    assert union(merged) == merged


@given(SPANS, MOMENTS, MOMENTS)
def test_what_is_uncovered_is_every_second_of_the_window_that_no_span_holds(spans, start, end):
    rest = uncovered(spans, (start, end))
    assert seconds(rest) == set(range(start, end)) - seconds(spans)
    assert union(rest) == rest


@given(TIMES, st.integers(1, 30), st.integers(1, NOW))
def test_the_share_held_is_that_of_the_seconds_whose_newest_point_was_young_enough(times, objective, window):
    held = [second for second in range(NOW - window, NOW) if any(0 <= second - time < objective for time in times)]
    assert math.isclose(share_held(times, objective, (NOW - window, NOW)), len(held) / window, abs_tol=1e-9)


@given(TIMES, st.integers(1, NOW))
@example([NOW], 1)
@example([NOW + 1], 1)
def test_the_worst_gap_is_the_most_that_could_have_been_lost_at_any_second_of_the_window(times, window):
    known = [time for time in times if time <= NOW]
    inside = [time for time in known if time >= NOW - window]
    if not known:
        expected = math.inf
    elif not inside:
        expected = NOW - max(known)
    else:
        marks = [*inside, NOW - window] if min(known) < NOW - window else inside
        ages = [second - max(mark for mark in marks if mark < second) for second in range(min(marks) + 1, NOW + 1)]
        expected = max(ages, default=0)
    assert max(gaps(times, NOW, window)) == expected


@given(TIMES, MOMENTS, st.integers(1, NOW))
def test_one_more_restore_point_inside_the_history_never_makes_the_worst_gap_longer(times, more, window):
    if times and min(times) <= more <= NOW and any(time <= NOW for time in times):
        assert max(gaps([*times, more], NOW, window)) <= max(gaps(times, NOW, window))


@given(TIMES, st.integers(1, NOW), st.integers(-(10**9), 10**9))
def test_gaps_do_not_change_when_every_clock_is_moved_by_the_same(times, window, offset):
    assert gaps([time + offset for time in times], NOW + offset, window) == gaps(times, NOW, window)


@given(st.lists(st.integers(1_700_000_000, 1_800_000_000), min_size=1, max_size=6), ZONES, st.integers(1, 10**8))
def test_gaps_are_the_same_from_whatever_zone_the_moments_were_written_in(times, zone, window):
    written = [datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(zone)).isoformat() for time in times]
    read = [read_timestamp(text) for text in written]
    assert read == times
    assert gaps(read, 1_800_000_000, window) == gaps(times, 1_800_000_000, window)


def test_a_night_with_a_change_to_summer_time_is_an_hour_shorter_and_one_back_an_hour_longer():
    zone = ZoneInfo("Europe/Zurich")
    for day, hours in ((datetime(2026, 3, 28, 23, tzinfo=zone), 23), (datetime(2026, 10, 24, 23, tzinfo=zone), 25)):
        evening, next_evening = day.timestamp(), (day + timedelta(days=1)).timestamp()
        assert gaps([evening], next_evening, 7 * 86400) == (hours * 3600.0,)


@given(st.lists(st.integers(0, 400 * 86400), max_size=12), st.integers(-12, 14))
def test_days_weeks_and_months_are_counted_in_utc_wherever_the_scanner_is(offsets, hours):
    base = 1_700_000_000
    times = [float(base + offset) for offset in offsets]
    depth = measure_depth(times, base + 401 * 86400.0, incomplete=False)
    local = [datetime.fromtimestamp(time, timezone(timedelta(hours=hours))) for time in times]
    again = [moment.astimezone(UTC) for moment in local]
    assert depth.days == len({moment.strftime("%F") for moment in again})
    assert depth.weeks == len({moment.strftime("%G-%V") for moment in again})
    assert depth.months == len({moment.strftime("%Y-%m") for moment in again})


@given(st.lists(st.integers(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_enough_of_the_values_do_not_exceed(values, share):
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9
