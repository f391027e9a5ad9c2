"""One host is set up wrong in one way per check and put right again; the verdicts must follow, and no others may.

flips/table.yaml has the ways, flips/ways.sh the words it is written in, flips/good.sh what makes all of its checks hold at first.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import secscan
from secscan.model.target import Become, Target

from .conftest import HARDEN, give_up
from .hosts import Host, Shape
from .lab import Lab
from .roots import PACKAGES, PASSWORD, NoRootError, Recipe, debian_root

pytestmark = pytest.mark.lab

FLIPS = Path(__file__).with_name("flips")
ROOT = Recipe("bookworm", (*PACKAGES, "at", "auditd", "fail2ban", "libpam-google-authenticator", "libpam-pwquality", "logrotate",
                           "mariadb-server", "opendoas", "postfix", "postgresql", "unattended-upgrades"))  # fmt: skip
LABELS = {"backup": "files", "role": "mail", "risk": "high", "criticality": "critical"}
PARAMETERS = {
    "listening_ports_expected": "{expected: [tcp/22, tcp/25, tcp/3306]}",
    "mail_queue_drains": "{messages: 2}",
    "mail_taken_from_this_host_only": '{served: ["25"]}',
    "postgresql_not_near_standstill": "{connections: 5}",
}
AT_LEAST = 225
PLAYED_AT_MOST = 40
PLAYED = re.compile(
    r"^kernel |audit-status|modprobe[.]d|efivars|lib/modules", re.MULTILINE
)  # the machine's kernel, played by files
Outcomes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """What is set up wrong at once: a command by check. `also`: checks that must change too, with the reason."""

    wrong: Mapping[str, str]
    also: Mapping[str, str]


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


def read_rounds(text: str) -> list[Round]:
    """The rounds of a table. Raises ValueError when one names a check twice, which YAML would pass over."""
    rounds = [Round(each["wrong"], each.get("also", {})) for each in yaml.load(text, yaml.BaseLoader)]
    written = re.findall(r"^    ([a-z0-9_]+):", text, re.MULTILINE)
    if len(written) != sum(len(each.wrong) + len(each.also) for each in rounds):
        raise ValueError("a check is named twice in a round")
    return rounds


def what_is_there(each: Round, host: Host) -> Round:
    """The round without what this machine's kernel has no place for: a line `: needs PATH` says so."""
    needs = {check: re.findall(r"^: needs (\S+)$", command, re.MULTILINE) for check, command in each.wrong.items()}
    there = {
        check: command for check, command in each.wrong.items() if all(Path(f"{host.root}{path}").exists() for path in needs[check])
    }
    return Round(there, each.also)


def set_wrong(host: Host, each: Round) -> None:
    """Run a round's commands. Raises RuntimeError with the check whose command fails."""
    commands = "".join(f"echo {check} >$state/at\n(\n{command}\n)\n" for check, command in each.wrong.items())
    try:
        host.run(f"{ways()}{commands}", timeout_s=300)
    except RuntimeError as error:
        raise RuntimeError(f"{host.run('cat /run/flips/at').strip()} was not set up wrong: {error}") from error


def ways() -> str:
    """The words of the table."""
    return (FLIPS / "ways.sh").read_text()


@pytest.fixture(scope="module")
def host(lab: Lab) -> Host:
    """Debian 12 with more services than the other hosts, set up well."""
    try:
        root = debian_root(ROOT)
    except NoRootError as error:
        give_up(str(error))
        raise
    host = lab.boot("flips", root, Shape(nspawn=("--capability=CAP_NET_ADMIN",)))
    host.run(HARDEN.read_text())
    host.run(f"{ways()}{(FLIPS / 'good.sh').read_text()}", timeout_s=300)
    return host


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> secscan.Engine:
    """Every check that is asked on a host itself."""
    folder = tmp_path_factory.mktemp("flips")
    shipped = secscan.load_engine(cache=folder / "cache")
    probes = shipped.vocabulary.probes
    checks = [check.id for check in shipped.library.checks.values() if not any(probes[ask.probe].outside for ask in check.asks)]
    lines = "".join(
        f"    - {{{check}: {PARAMETERS[check]}}}\n" if check in PARAMETERS else f"    - {check}\n" for check in sorted(checks)
    )
    (folder / "flips.yaml").write_text(f"id: flips\ntitle: Every check of hosts\nrequirements:\n  UNC-IS-07:\n{lines}")
    return secscan.load_engine("flips", baseline_folders=[folder], cache=folder / "cache")


@pytest.fixture(scope="module")
def story(lab: Lab, host: Host, engine: secscan.Engine) -> Iterator[Story]:
    """The whole of it: one scan, and two for each round."""
    options = {"ssh_config": str(lab.client.config)}
    target = Target("flips", "ssh", "flips", user="scanpw", labels=LABELS, become=Become(password=PASSWORD), options=options)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in lab.client.environment.items():
            patch.setenv(name, value)
        good = scan(lab, engine, target)
        rounds = []
        for each in read_rounds((FLIPS / "table.yaml").read_text()):
            possible = what_is_there(each, host)
            set_wrong(host, possible)
            wrong = scan(lab, engine, target)
            host.run(f"{ways()}put_right\n", timeout_s=300)
            rounds.append((possible, wrong, scan(lab, engine, target)))
        yield Story(good, rounds)


def scan(lab: Lab, engine: secscan.Engine, target: Target) -> Outcomes:
    """Outcome by check of a scan in this process, by a thread that goes to the lab's network."""
    told: list[Outcomes] = []

    def go() -> None:
        lab.enclosure.enter_network()
        assessment, _ = secscan.scan(engine, target)
        told.append({result.check: str(result.outcome) for result in assessment.results})

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    return told[0]


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
