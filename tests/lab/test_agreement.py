"""OpenSCAP with Debian's own rules judges the same host as secscan: as installed, set up well, and wrong in many ways at once.

Each disagreement stands in agreement/disagreements.yaml with its reason. `pytest --force-regen` writes down what both said now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from . import openscap
from .agreement.record import VERDICTS, Terms, Verdict, read_terms, read_verdicts, write_verdicts
from .conftest import give_up
from .flipping import (
    SERVICES,
    load_checks_of_hosts,
    play_machine,
    put_right,
    read_rounds,
    ready_to_scan,
    scan,
    set_up_well,
    set_wrong,
    ways,
    what_is_there,
)
from .hosts import Host, Shape
from .lab import Lab
from .roots import NoRootError, Recipe, debian_root

pytestmark = pytest.mark.lab

# OpenSCAP takes a host without them for a container, or passes over what belongs to them.
PRESENT = "package linux-base grub2-common aide apparmor\n"
CHECKS_AT_LEAST = 100


@pytest.fixture(scope="module")
def terms() -> Terms:
    """The reasons on record."""
    return read_terms()


@pytest.fixture(scope="module")
def host(lab: Lab) -> Host:
    """Debian 12 with OpenSCAP and more services than the other hosts."""
    try:
        root = debian_root(Recipe("bookworm", SERVICES))
        rules = openscap.stream_file()
    except NoRootError as error:
        give_up(str(error))
        raise
    host = lab.boot("agreement", root, Shape(nspawn=("--capability=CAP_NET_ADMIN",), files={openscap.STREAM: rules}))
    play_machine(host)
    host.run(f"{ways()}{PRESENT}")
    return host


@pytest.fixture(scope="module")
def verdicts(lab: Lab, host: Host, terms: Terms, tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """What both say of each check, in every state of the host."""
    engine = load_checks_of_hosts(tmp_path_factory.mktemp("agreement"), {})
    known = openscap.rules_of(host.shape.files[openscap.STREAM].text)
    checks = engine.library.checks.values()
    references = {check.id: [rule for rule in check.references.get("ssg", ()) if rule in known] for check in checks}
    with ready_to_scan(lab):
        told: list[Verdict] = []
        for state in states(host):
            theirs = openscap.judge(host, {rule for rules in references.values() for rule in rules}, terms.values)
            told += terms.compare(references, state, scan(lab, engine, host), theirs)
        return told


def states(host: Host) -> Iterator[str]:
    """Bring the host into one state after the other."""
    yield "installed"
    set_up_well(host)
    yield "good"
    for number, each in enumerate(read_rounds(), 1):
        set_wrong(host, what_is_there(each, host))
        yield f"wrong{number}"
        put_right(host)


def keys(verdicts: Sequence[Verdict]) -> set[tuple[str, str, str, str]]:
    """Those on which the two disagree, as reasons name them."""
    return {(each.check, each.host, each.ours, each.theirs) for each in verdicts if not each.agrees}


def told(verdicts: Sequence[Verdict], which: set[tuple[str, str, str, str]]) -> Mapping[str, list[str]]:
    """Disagreements with the rules that say otherwise, for a person."""
    by_key = {(each.check, each.host, each.ours, each.theirs): each for each in verdicts}
    return {" ".join(key): by_key[key].others() if key in by_key else [] for key in sorted(which)}


def test_every_disagreement_with_openscap_has_a_reason_on_record(verdicts, terms):
    explained = {key for reason in terms.reasons for key in reason.keys()}  # noqa: SIM118 - a method of its own
    assert told(verdicts, keys(verdicts) - explained) == {}


def test_no_disagreement_on_record_is_gone(verdicts, terms):
    explained = {key for reason in terms.reasons for key in reason.keys()}  # noqa: SIM118 - a method of its own
    assert told(verdicts, explained - keys(verdicts)) == {}


def test_every_disagreement_has_one_reason(terms):
    explained = [key for reason in terms.reasons for key in reason.keys()]  # noqa: SIM118 - a method of its own
    assert len(explained) == len(set(explained))


def test_no_pass_of_secscan_is_known_to_be_wrong(terms):
    assert [reason.why for reason in terms.reasons if reason.ours == "pass" and reason.right == "openscap"] == []


def test_the_verdicts_on_record_are_those_of_today(verdicts, file_regression: FileRegressionFixture):
    file_regression.check(write_verdicts(verdicts), fullpath=VERDICTS)


def test_enough_checks_are_judged_by_both(verdicts):
    assert len({each.check for each in verdicts}) >= CHECKS_AT_LEAST


def test_the_record_is_read_as_it_was_written():
    assert write_verdicts(read_verdicts()) == VERDICTS.read_text()
