"""What a waiver can be given for on the command line: everything that its file can say, and nothing that no result has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from secscan.model.waiver import Scope, Waiver
from secscan.waivers import read_waivers

GIVEN = ("--justification", "j", "--owner", "Ann", "--approver", "Bob", "--expires", "2099-01-01")


@pytest.fixture
def add(secscan) -> Callable[..., Waiver]:
    """Adds a waiver for any value, and gives what its file says."""

    def added(*words: str) -> Waiver:
        told = secscan("waiver", "add", *words, "--any-value", *GIVEN)
        assert told.code == 0, told.err
        return read_waivers([Path("waivers.yml")])[-1]

    return added


def test_a_waiver_is_limited_to_the_labels_that_are_named_and_to_any_of_the_values_of_one(add):
    read = add("host_says_fail", "--label", "role=web", "--label", "tier= a=b ", "--label", "role=proxy")
    assert read.scope == Scope(labels={"role": ("web", "proxy"), "tier": ("a=b",)})


def test_a_label_without_a_value_is_the_one_that_an_inventory_leaves_empty(add):
    assert add("host_says_fail", "--label", "retired=").scope.labels == {"retired": ("",)}


def test_a_waiver_for_requirements_names_no_check(add, secscan):
    read = add("--requirement", "UNC-IS-18", "--requirement", "UNC-IS-01")
    assert (read.checks, read.requirements) == ((), ("UNC-IS-18", "UNC-IS-01"))
    assert "UNC-IS-18, UNC-IS-01 on every host" in secscan("waiver", "list").out


def test_checks_and_requirements_may_be_waived_together(add):
    read = add("host_says_fail", "--requirement", "UNC-IS-18", "--host", "web*", "--label", "role=web", "--site", "geneva")
    assert (read.checks, read.requirements) == (("host_says_fail",), ("UNC-IS-18",))
    assert read.scope == Scope(("web*",), ("geneva",), {"role": ("web",)})


def test_a_waiver_for_services_is_about_these_and_nothing_else(add, secscan):
    assert add("service_objectives_met", "--service", "mail", "--service", "payroll").scope == Scope(services=("mail", "payroll"))
    assert "on service mail, service payroll" in " ".join(secscan("waiver", "list").out.split())


def test_a_requirement_that_nobody_knows_is_told_at_once(secscan):
    told = secscan("waiver", "add", "--requirement", "UNC-IS-99", "--any-value", *GIVEN)
    assert told.code == 0
    assert "no requirement is named 'UNC-IS-99' (did you mean 'UNC-IS-19'?)" in told.err


def test_a_waiver_by_label_is_bound_to_what_was_seen_where_the_label_is(secscan, own_content):
    Path("inventory.yml").write_text(
        "hosts:\n- {name: one, transport: local, labels: {role: web}}\n- {name: two, transport: local, labels: {role: db}}\n"
    )
    scan = ("scan", "-i", "inventory.yml", "--content", own_content, "-b", "tiny_fail", "-q")
    assert secscan(*scan, "-o", "first").code == 1
    bound = ("--saved", "first", "--content", own_content)
    assert secscan("waiver", "add", "host_says_fail", "--label", "role=web", *bound, *GIVEN).code == 0
    (read,) = read_waivers([Path("waivers.yml")])
    assert list(read.observed) == ["one"]
    told = secscan("waiver", "add", "host_says_fail", "--label", "role=mail", *bound, *GIVEN)
    assert told.code == 2
    assert "nothing that this waiver covers fails there" in told.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "a waiver says nothing about what it waives; allowed: CHECK..., or --requirement ID"),
        (("--site", "geneva"), "a waiver says nothing about what it waives; allowed: CHECK..., or --requirement ID"),
        (("c", "--label", "role"), "--label cannot be 'role'; allowed: NAME=VALUE, as the inventory has it"),
        (("c", "--label", "=web"), "--label cannot be '=web'; allowed: NAME=VALUE, as the inventory has it"),
        (("c", "--label", ""), "--label cannot be ''; allowed: NAME=VALUE, as the inventory has it"),
        (("--requirement", " "), "waivers.yml: 'requirements' must be a list of texts"),
        (("c", "--service", ""), "waivers.yml: 'services' must be a list of texts"),
        *(
            (("c", "--service", "mail", option, value), "--service cannot go with --host, --site or --label, because a service")
            for option, value in (("--host", "web1"), ("--site", "geneva"), ("--label", "role=web"))
        ),
        (("c", "--service", "mail", "--site", "geneva"), "; allowed: --service alone, or a waiver for each"),
    ],
)
def test_a_scope_that_cannot_be_is_refused_with_what_can_be(secscan, words: tuple[str, ...], complaint: str):
    told = secscan("waiver", "add", *words, "--any-value", *GIVEN)
    assert told.code == 2
    assert complaint in told.err
    assert not Path("waivers.yml").exists()


@pytest.fixture
def followed(own_content) -> Path:
    """A project whose baseline allows 90 days, with a waiver of 80 days that is followed by one of 60."""
    (Path("baselines")).mkdir()
    Path("baselines/short.yaml").write_text(
        "id: short\ntitle: Short\nwaivers_at_most: {low: 90d}\nrequirements: {TESTS-1: [host_says_fail]}\n"
    )
    today = datetime.now(UTC).date()
    days = [str(today + timedelta(days=number)) for number in (-40, 39, 40, 99)]
    common = "checks: [host_says_fail], any_value: true, justification: j, owner: Ann, approver: Bob"
    Path("waivers.yml").write_text(
        f"waivers:\n- {{id: W-1, {common}, starts: {days[0]}, expires: {days[1]}}}\n"
        f"- {{id: W-2, {common}, starts: {days[2]}, expires: {days[3]}}}\n"
    )
    Path("secscan.yml").write_text(
        f"baseline: short\ncontent: [{own_content}, .]\noutput: out\nwaivers: [waivers.yml]\ninventory: inventory.yml\n"
    )
    Path("inventory.yml").write_text("hosts: [{name: here, transport: local}]\n")
    return Path("waivers.yml")


TOGETHER = "W-2: follows W-1 without a break: {} together, at most 90d is allowed for high failures (host_says_fail)"


def test_waivers_that_are_together_too_long_are_told_and_count(secscan, followed):
    told = secscan("waiver", "check", "-b", "short")
    assert (told.code, told.out) == (1, "waivers.yml:3: " + TOGETHER.format("140d") + "\n1 to look at\n")
    ended = secscan("run")
    assert "note: waivers.yml:3: " + TOGETHER.format("140d") in ended.err
    assert ended.code == 0, ended.err


def test_a_waiver_that_is_added_to_prolong_another_is_told_at_once(secscan, followed):
    text = followed.read_text()
    followed.write_text("".join(text.splitlines(keepends=True)[:-1]))
    day = str(datetime.now(UTC).date() + timedelta(days=59))
    told = secscan("waiver", "add", "host_says_*", "--any-value", *GIVEN[:-1], day, "--id", "W-2")
    assert told.code == 0
    assert "note: " + TOGETHER.format("100d") in " ".join(told.err.split())
