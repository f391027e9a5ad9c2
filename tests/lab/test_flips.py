"""One host is set up wrong in one way per check and put right again; the verdicts must follow, and no others may.

flips/table.yaml has the ways, flips/ways.sh the words it is written in, flips/good.sh what makes all of its checks hold at first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from .conftest import give_up
from .flipping import (
    SERVICES,
    Outcomes,
    Round,
    load_checks_of_hosts,
    play_machine,
    put_right,
    read_rounds,
    ready_to_scan,
    scan,
    set_up_well,
    set_wrong,
    what_is_there,
)
from .hosts import Host, Shape
from .lab import Lab
from .roots import NoRootError, Recipe, debian_root

pytestmark = pytest.mark.lab

PARAMETERS = {
    "listening_ports_expected": "{expected: [tcp/22, tcp/25, tcp/3306]}",
    "mail_queue_drains": "{messages: 2}",
    "mail_taken_from_this_host_only": '{served: ["25"]}',
    "postgresql_not_near_standstill": "{connections: 5}",
}
AT_LEAST = 240
PLAYED_AT_MOST = 40
PLAYED = re.compile(
    r"^kernel |audit-status|modprobe[.]d|efivars|lib/modules", re.MULTILINE
)  # the machine's kernel, played by files


@dataclass(frozen=True, slots=True)
class Story:
    """What was seen: the good host, then for each round the host when it was wrong and when it had been put right."""

    good: Outcomes
    rounds: Sequence[tuple[Round, Outcomes, Outcomes]]

    def flipped(self) -> set[str]:
        """Checks that passed, failed in every round that names them, and passed again."""
        named = {check for a_round, _, _ in self.rounds for check in a_round.wrong}
        return {
            check
            for check in named
            if self.good[check] == "pass"
            and all((bad[check], right[check]) == ("fail", "pass") for each, bad, right in self.rounds if check in each.wrong)
        }


@pytest.fixture(scope="module")
def host(lab: Lab) -> Host:
    """Debian 12 with more services than the other hosts, set up well."""
    try:
        root = debian_root(Recipe("bookworm", SERVICES))
    except NoRootError as error:
        give_up(str(error))
        raise
    host = lab.boot("flips", root, Shape(nspawn=("--capability=CAP_NET_ADMIN",)))
    play_machine(host)
    set_up_well(host)
    return host


@pytest.fixture(scope="module")
def story(lab: Lab, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole of it: one scan, and two for each round."""
    engine = load_checks_of_hosts(tmp_path_factory.mktemp("flips"), PARAMETERS)
    with ready_to_scan(lab):
        good = scan(lab, engine, host)
        rounds = []
        for each in read_rounds():
            possible = what_is_there(each, host)
            set_wrong(host, possible)
            wrong = scan(lab, engine, host)
            put_right(host)
            rounds.append((possible, wrong, scan(lab, engine, host)))
        yield Story(good, rounds)


def test_every_check_of_the_table_holds_on_a_good_host(story):
    named = {check for each, _, _ in story.rounds for check in each.wrong}
    assert {check: story.good[check] for check in sorted(named) if story.good[check] != "pass"} == {}


def test_every_check_fails_when_what_it_looks_at_is_wrong(story):
    still = {
        check: (each.wrong[check], wrong[check])
        for each, wrong, _ in story.rounds
        for check in each.wrong
        if wrong[check] != "fail"
    }
    assert still == {}


def test_a_wrong_setting_changes_no_verdict_that_has_nothing_to_do_with_it(story):
    for each, wrong, _ in story.rounds:
        assert {check for check, outcome in wrong.items() if outcome != story.good[check]} == {*each.wrong, *each.also}


def test_every_verdict_is_as_before_when_all_is_put_right(story):
    for _, _, right in story.rounds:
        assert {check: (outcome, right[check]) for check, outcome in story.good.items() if right[check] != outcome} == {}


def test_enough_checks_flip_both_ways_on_a_real_host(story):
    for number, (each, wrong, right) in enumerate(story.rounds, 1):
        for check, command in each.wrong.items():
            print(f"{number}  {check:44} {story.good[check]} -> {wrong[check]} -> {right[check]}  {first_line(command)}")  # noqa: T201 - the table
    flipped = story.flipped()
    played = {check for each, _, _ in story.rounds for check, command in each.wrong.items() if PLAYED.search(command)}
    print(f"{len(flipped)} of {len(story.good)} checks of hosts flip both ways; for {len(played)} of them files play the kernel")  # noqa: T201 - as above
    assert len(flipped) >= AT_LEAST
    assert len(played) <= PLAYED_AT_MOST


def first_line(command: str) -> str:
    """What a command begins with, as one short line."""
    line = next(line for line in command.splitlines() if not line.startswith((": needs", "undo")))
    return line if len(line) <= 90 else f"{line[:89]}…"
