"""secscan's own checks and baselines: everything loads, every case holds, every check is proven and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secscan import places, plugins
from secscan.cases import run_cases
from secscan.content.baselines import Shelf, read_baseline
from secscan.content.coverage import Served, cover
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from secscan.content.requirements import read_requirements
from secscan.content.sources import read_catalogues
from secscan.documents import parse_document
from secscan.judge.rulebook import Rulebook
from secscan.model.check import Stricter, Subject
from secscan.plan.compile import compile_plan

VOCABULARY = Vocabulary(plugins.probes(), plugins.matchers())
LIBRARY = load_library([places.checks()], [places.baselines()], VOCABULARY, None)
CHECKS = [LIBRARY.checks[name] for name in sorted(LIBRARY.checks)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_case_of_a_check_holds_and_no_spoilt_answer_passes(check):
    broken = [result for result in run_cases(check, VOCABULARY.probes, VOCABULARY.matchers) if not result.holds]
    assert not broken


@pytest.mark.parametrize("name", sorted(LIBRARY.baselines))
def test_a_baseline_compiles_into_a_plan_of_one_exchange(name: str):
    baseline = LIBRARY.baseline(name)
    rulebook = Rulebook(baseline, LIBRARY.checks, VOCABULARY.probes, VOCABULARY.matchers, {})
    plan = compile_plan(rulebook.calls(), VOCABULARY.probes)
    asks_hosts = any(LIBRARY.checks[selection.check].subject is Subject.HOST for selection in baseline.selections)
    assert plan.calls >= len(plan.batches) >= 1
    assert (plan.calls + len(plan.inquiries) > 1) is asks_hosts


def test_every_check_stands_in_a_folder_named_after_its_domain():
    assert {Path(check.path).parent.name for check in CHECKS} == {check.domain for check in CHECKS}


def test_every_check_is_in_a_baseline():
    used = {selection.check for name in LIBRARY.baselines for selection in LIBRARY.baseline(name).selections}
    assert sorted(set(LIBRARY.checks) - used) == []


def test_no_requirement_is_open():
    requirements, problems = read_requirements(source.document() for source in read_catalogues([places.baselines()]))
    covered = cover(requirements, [LIBRARY.baseline(name) for name in sorted(LIBRARY.baselines)], LIBRARY.checks)
    assert not problems
    assert [name for name, each in covered.items() if each.served is Served.OPEN] == []


@pytest.mark.parametrize("check", [check for check in CHECKS if check.questions], ids=lambda check: check.id)
def test_what_people_are_asked_can_be_answered_with_days_and_numbers_and_ends(check):
    assert check.subject is Subject.ORGANIZATION
    assert len(check.questions) >= 3
    assert all(question.endswith("?") for question in check.questions)
    asked = " ".join(check.questions)
    assert re.search(r"\b(day|days|months)\b", asked)
    assert re.search(r"\b([Hh]ow many|hours|[Ww]ho)\b", asked)
    assert check.parameters["valid_for"].stricter is Stricter.LOWER


def test_a_requirement_that_one_parent_serves_has_no_reason_from_another_why_it_is_not():
    both = "id: both\ntitle: Both\nextends: [un_minimum, un_governance]\n"
    shelf = Shelf({**LIBRARY.baselines, "both": parse_document(both, "both.yaml")}, LIBRARY.checks, LIBRARY.requirements)
    baseline = read_baseline("both", shelf)
    served = {name for selection in baseline.selections for name in selection.requirements}
    assert "UNC-DR-01" in LIBRARY.baseline("un_minimum").not_automated
    assert served.isdisjoint(baseline.not_automated)
