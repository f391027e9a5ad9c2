"""secscan's own checks and baselines: everything loads, every case holds, every check is proven and used."""

from __future__ import annotations

from pathlib import Path

import pytest

from secscan import places, plugins
from secscan.cases import run_cases
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from secscan.judge.assess import Rulebook
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
    assert plan.calls >= len(plan.batches) >= 1
    assert plan.calls + len(plan.inquiries) > 1


def test_every_check_stands_in_a_folder_named_after_its_domain():
    assert {Path(check.path).parent.name for check in CHECKS} == {check.domain for check in CHECKS}


def test_every_check_is_in_a_baseline():
    used = {selection.check for name in LIBRARY.baselines for selection in LIBRARY.baseline(name).selections}
    assert sorted(set(LIBRARY.checks) - used) == []
