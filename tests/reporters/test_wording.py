"""Findings in sentences."""

import pytest
import samples

from secscan.figures import write_seconds
from secscan.findings import gathered, write_expected, write_finding, write_record, write_value
from secscan.model.assessment import Disposition, Outcome
from secscan.model.check import Effort, Severity, When
from secscan.plugins import matchers
from secscan.terms import DISPOSITIONS, EFFORTS, OUTCOMES, SEVERITIES, WHENS
from secscan.wording import ENGLISH, Wording


def finding(that="root_login.value", matcher="in", expected=("no",), actual="yes", **more):
    base = {"that": that, "matcher": matcher, "expected": expected, "actual": actual, "holds": False, "reason": "", "item": None}
    base |= {"missing": [], "extra": [], "expected": list(expected) if isinstance(expected, tuple) else expected}
    return base | more


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (finding(), 'root_login.value: expected one of "no", got "yes"'),
        (finding(matcher="at_least", expected=14, actual=8), "root_login.value: expected at least 14, got 8"),
        (finding(matcher="newer_than", expected=93600.0, actual="2026-10-01T00:00:00Z"),
         'root_login.value: expected no longer than 26h ago, got "2026-10-01T00:00:00Z"'),
        (finding(matcher="present", expected=True, actual={"absent": "service auditd"}),
         "root_login.value: expected to be there, got nothing (not there: service auditd)"),
        (finding(matcher="mode_at_most", expected="0640", actual="0644", extra=["others read"]),
         'root_login.value: expected permissions of at most "0640", got "0644"; too much: "others read"'),
        (finding(matcher="superset_of", expected=("nodev", "nosuid"), actual=["nodev"], missing=["nosuid"]),
         'root_login.value: expected all of "nodev", "nosuid", got "nodev"; missing: "nosuid"'),
        (finding(matcher="no", expected=None, actual=None, item={"user": "games", "uid": 5}),
         "root_login.value (user=games uid=5): must not be there"),
        (finding(matcher="none equals", expected="x", actual="x"), 'root_login.value: expected not: "x", got "x"'),
        (finding(that="timers.timers", matcher="none no", expected=None, actual=None),
         "timers.timers: expected a record like this, got nothing"),
        (finding(matcher="left_at_least", expected=1209600.0, actual="2026-01-03T00:00:00Z"),
         'root_login.value: expected at least 14d from now, got "2026-01-03T00:00:00Z"'),
        (finding(holds=None, reason="permission denied"), "root_login.value: cannot be told: permission denied"),
        (finding(matcher="empty", expected=True, actual=[]), "root_login.value: expected to be empty, got an empty list"),
        (finding(matcher="shiny", expected=3, actual=None), "root_login.value: expected shiny 3, got nothing"),
        (finding(actual={"records": 3}), 'root_login.value: expected one of "no", got 3 records'),
        (finding(actual="{expected}"), 'root_login.value: expected one of "no", got "{expected}"'),
    ],
)  # fmt: skip
def test_a_finding_reads_as_a_sentence(given, sentence):
    assert write_finding(ENGLISH, given) == sentence


def test_findings_that_say_the_same_of_several_attributes_are_one():
    given = [
        finding("agent.active", actual=None),
        finding("agent.enabled", actual=None),
        finding("agent.active", actual=None),
        finding("agent.unit", actual="x"),
    ]
    assert [(each["that"], count) for each, count in gathered(given)] == [("agent.active, agent.enabled", 3), ("agent.unit", 1)]


def test_findings_about_different_records_stay_apart():
    given = [finding("users.home", item={"name": name}) for name in ("ann", "bob")] + [finding("users.shell", item={"name": "bob"})]
    assert [(each["that"], each["item"]["name"], count) for each, count in gathered(given)] == [
        ("users.home", "ann", 1),
        ("users.home", "bob", 1),
        ("users.shell", "bob", 1),
    ]


def test_a_record_says_what_was_not_there_and_what_nobody_could_see_in_one_sign_each():
    record = {"name": "sync", "uid": 4, "shell": {"absent": "a shell"}, "hash": {"unobservable": "/etc/shadow cannot be read"}}
    assert write_record(ENGLISH, record) == "name=sync uid=4 shell=- hash=?"


def test_every_installed_matcher_has_its_words():
    for name in matchers():
        words = {write_expected(ENGLISH, finding(matcher=name, expected=value)) for value in ("x", True)}
        assert not any(word.startswith(f"{name} ") for word in words) or len(words) > 1, name


@pytest.mark.parametrize(
    ("rate", "words"),
    [(None, "not judged"), (1.0, "100.0%"), (0.9999, "99.9%"), (0.0, "0.0%"), (0.29, "29.0%"), (2 / 3, "66.6%")],
)
def test_only_everything_is_a_hundred_percent_and_nothing_judged_is_no_number(rate, words):
    assert ENGLISH.rate(rate) == words


def test_every_outcome_severity_decision_effort_and_effect_has_a_word():
    assert {term.key for term in OUTCOMES} == set(Outcome)
    assert {term.key for term in SEVERITIES} == set(Severity)
    assert {term.key for term in DISPOSITIONS} == set(Disposition)
    assert set(EFFORTS) == set(Effort)
    assert set(WHENS) == set(When)


def test_no_two_outcomes_share_word_or_sign():
    assert len({term.word for term in OUTCOMES}) == len({term.sign for term in OUTCOMES}) == len(OUTCOMES)


def test_another_language_needs_nothing_but_a_translation():
    french = Wording(
        {
            "{where}: expected {expected}, got {actual}": "{where} : {actual} au lieu de {expected}",
            "one of {expected}": "{expected}",
        }.get
    )
    assert write_finding(french, finding()) == 'root_login.value : "yes" au lieu de "no"'


def test_values_of_any_size_stay_short_and_say_what_is_missing():
    assert write_value(ENGLISH, "A" * 10_000_000).endswith('…" (9,999,702 more characters)')
    assert len(write_value(ENGLISH, [samples.HOSTILE] * 1000)) < 400


@pytest.mark.parametrize(("seconds", "text"), [(93600, "26h"), (1209600, "14d"), (90, "90s"), (0.4, "0.4s"), (600, "10m")])
def test_seconds_read_as_checks_write_them(seconds, text):
    assert write_seconds(seconds) == text


def test_moments_read_without_fractions():
    assert ENGLISH.moment("2026-11-01T09:00:00.250Z") == "2026-11-01 09:00 UTC"


@pytest.mark.parametrize(
    ("ends", "day"),
    [
        ("2027-01-01T00:00:00.000Z", "2026-12-31"),
        ("2027-01-01T12:00:00.000Z", "2027-01-01"),
        ("2028-03-01T00:00:00.000Z", "2028-02-29"),
        ("0001-01-01T00:00:00.000Z", "0001-01-01"),
    ],
)
def test_what_ends_at_midnight_holds_through_the_day_before(ends, day):
    assert ENGLISH.last_day(ends) == day
