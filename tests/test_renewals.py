"""Waivers that follow each other: together they may be longer than headquarters allows, and then it is told, and nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.model.check import Baseline, Selection, Severity
from secscan.model.waiver import Scope, Waiver
from secscan.renewals import _can_match_both, renewals

DAY = 86400.0
NOW = 1_800_000_000.0
PRINT, OTHER = "0123456789abcdef", "fedcba9876543210"
BASELINE = Baseline(
    "own", "Own", "", (Selection("one", {}, Severity.HIGH, ("R-1",)), Selection("mild", {}, Severity.LOW, ("R-1", "R-2"))),
    not_automated={}, waiver_limits={"high": 90 * DAY},
)  # fmt: skip


def waiver(name: str, start: float, end: float, **more) -> Waiver:
    """A waiver between two days from now."""
    values = {"checks": ("one",), "any_value": True, **more}
    return Waiver(name, "j", "a", "b", NOW + start * DAY, NOW + end * DAY, **values)


def told(*waivers: Waiver, baseline: Baseline = BASELINE) -> list[tuple[str, ...]]:
    """The names of every chain that is too long, whatever the order of the file."""
    found = sorted((*(each.id for each in chain.earlier), chain.last.id) for chain in renewals(waivers, baseline, NOW))
    again = sorted((*(each.id for each in chain.earlier), chain.last.id) for chain in renewals(waivers[::-1], baseline, NOW))
    assert found == again
    return found


FIRST = waiver("W-1", -80, 10)
CHAIN = [("W-1", "W-2")]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (waiver("W-2", 10, 100), CHAIN),
        (waiver("W-2", 5, 20), CHAIN),
        (waiver("W-2", -20, 10), []),
        (waiver("W-2", 10.5, 20), CHAIN),
        (waiver("W-2", 11, 20), []),
        (waiver("W-2", 10, 11, checks=("two",)), []),
        (waiver("W-2", 10, 11, checks=("o*",)), CHAIN),
        (waiver("W-2", 10, 11, checks=(), requirements=("R-1",)), CHAIN),
        (waiver("W-2", 10, 11, checks=(), requirements=("R-2",)), []),
        (waiver("W-2", 10, 11, outcomes=("error",)), []),
        (waiver("W-2", 10, 11, outcomes=("error", "fail")), CHAIN),
        (waiver("W-2", 10, 101), []),
    ],
    ids=[
        "from the end", "overlapping", "together short enough", "a break of half a day", "a break of a day", "another check",
        "a pattern", "by requirement", "another requirement", "another outcome", "more outcomes", "too long alone, told as such",
    ],
)  # fmt: skip
def test_two_waivers_are_a_chain_where_they_leave_no_break_for_the_same_check(second: Waiver, expected: list[tuple[str, ...]]):
    assert told(FIRST, second) == expected


def scoped(scope: Scope, name: str = "W-1") -> Waiver:
    return waiver(name, *((-80, 10) if name == "W-1" else (10, 100)), scope=scope)


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (Scope(), Scope(("web1",)), True),
        (Scope(("web1",)), Scope(("web1",)), True),
        (Scope(("web1",)), Scope(("web2",)), False),
        (Scope(("web1", "web2")), Scope(("web2",)), True),
        (Scope(("web*",)), Scope(("*1",)), True),
        (Scope((), ("geneva",)), Scope((), ("nairobi",)), False),
        (Scope((), ("geneva",)), Scope(("web1",)), True),
        (Scope(labels={"role": ("web",)}), Scope(labels={"role": ("db", "web")}), True),
        (Scope(labels={"role": ("web",)}), Scope(labels={"role": ("db",)}), False),
        (Scope(labels={"role": ("web",)}), Scope(labels={"tier": ("db",)}), True),
        (Scope(services=("mail",)), Scope(services=("mail", "web")), True),
        (Scope(services=("mail",)), Scope(services=("web",)), False),
    ],
)
def test_waivers_that_can_be_about_no_host_or_service_together_are_no_chain(first: Scope, second: Scope, meet: bool):
    assert told(scoped(first), scoped(second, "W-2")) == (CHAIN if meet else [])


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ({"web1": {"one": PRINT}}, {"web1": {"one": OTHER}}, True),
        ({"web1": {"one": PRINT}}, {"web2": {"one": PRINT}}, False),
        ({"web1": {"one": PRINT}}, {"web1": {"mild": PRINT}}, False),
        ({"web1": {"one": PRINT}}, {}, True),
    ],
    ids=["another value", "another host", "another check", "any value"],
)
def test_waivers_for_values_are_a_chain_where_the_values_are_of_the_same_host(first, second, meet: bool):
    one, two = (
        waiver(name, start, start + 90, observed=observed, any_value=not observed)
        for name, start, observed in (("W-1", -80, first), ("W-2", 10, second))
    )
    assert told(one, two) == (CHAIN if meet else [])


def test_a_chain_is_told_whole_and_once_and_each_of_two_that_part():
    second, third = waiver("W-2", 10, 100), waiver("W-3", 100, 190)
    assert told(FIRST, second, third) == [("W-1", "W-2", "W-3")]
    (found,) = renewals([FIRST, second, third], BASELINE, NOW)
    assert (found.severity, found.checks, found.length_s) == ("high", ("one",), 270 * DAY)
    here, there = waiver("W-2", 10, 100, scope=Scope(("a",))), waiver("W-3", 10, 100, scope=Scope(("b",)))
    assert told(FIRST, here, there) == [("W-1", "W-2"), ("W-1", "W-3")]


def test_a_waiver_in_the_middle_of_a_chain_for_one_host_is_the_end_of_one_for_another():
    first, second = waiver("W-1", -80, 10, scope=Scope(("b",))), waiver("W-2", 10, 100, scope=Scope(("a", "b")))
    assert told(first, second, waiver("W-3", 100, 190, scope=Scope(("a",)))) == [("W-1", "W-2"), ("W-2", "W-3")]


def test_what_is_over_is_told_as_the_beginning_of_a_chain_and_not_as_its_end():
    assert told(waiver("W-1", -180, -90), waiver("W-2", -90, 0)) == []
    assert told(waiver("W-1", -180, -90), waiver("W-2", -90, -0.5), waiver("W-3", -0.5, 1)) == [("W-1", "W-2", "W-3")]


def test_where_headquarters_sets_no_limit_nothing_is_told():
    assert told(FIRST, waiver("W-2", 10, 100), baseline=Baseline("own", "Own", "", BASELINE.selections, {})) == []


patterns = st.text("ab*?", max_size=6)


@given(patterns, patterns, st.lists(st.text("ab", max_size=6), max_size=20))
def test_patterns_that_match_the_same_name_are_known_to(first: str, second: str, names: list[str]):
    both = [name for name in names if fnmatchcase(name, first) and fnmatchcase(name, second)]
    assert _can_match_both(first, second) == _can_match_both(second, first)
    assert _can_match_both(first, second) or not both


@given(st.text("ab?", max_size=4), patterns)
def test_patterns_that_are_said_to_meet_do(plain: str, pattern: str):
    names = [""]
    for sign in plain:
        names = [name + each for name in names for each in ("ab" if sign == "?" else sign)]
    assert _can_match_both(plain, pattern) == any(fnmatchcase(name, pattern) for name in names)


def test_brackets_of_a_pattern_are_taken_for_any_character():
    assert _can_match_both("web[12]", "web[2-4]")
    assert not _can_match_both("web[12]", "web10")
