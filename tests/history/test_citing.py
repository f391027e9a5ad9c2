"""Retention keeps what open decisions rest on, and nothing for decisions that are over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from documents import DAY, START, document

from secscan.history.citing import citations
from secscan.history.store import History
from secscan.model.attestation import Action, Attestation, EvidenceFile, FileState, Person, Stated, StatementScope
from secscan.model.waiver import Waiver

NOW = START + 100 * DAY
NAME = "20261121T023000Z-1a2b3c"
DIGEST = "ab" * 32
RUNS = {f"run-{number}": START + number * DAY for number in range(100)}
WAIVER = Waiver("W-1", "accepted", "a", "b", START + 10 * DAY, NOW + DAY)
STATEMENT = Attestation(
    "S-1", ("plan_tested",), StatementScope(), "It was tested", START + 20 * DAY, NOW + DAY, Person("A"), Person("B"), Stated.PASS,
    {}, {}, (),
)  # fmt: skip


def evidence(file: str = "report.pdf", sha256: str = "cd" * 32, *locations: str) -> EvidenceFile:
    return EvidenceFile(file, sha256, FileState.KEPT, sha256, locations)


def test_the_last_run_before_the_end_of_the_day_of_a_decision_is_kept():
    found = citations([WAIVER], [STATEMENT], NOW)
    assert found.runs_in_force(RUNS) == {"run-11", "run-21"}
    late = {name: moment for name, moment in RUNS.items() if moment > START + 30 * DAY}
    assert found.runs_in_force(late) == {"run-31"}, "the first one, where there was none before"
    assert found.runs_in_force({}) == set()


def test_a_decision_that_is_over_keeps_nothing_but_one_with_open_actions_does():
    over = replace(STATEMENT, valid_until=NOW - DAY, statement=f"as in run {NAME}")
    assert citations([replace(WAIVER, expires_at=NOW)], [over], NOW).days == ()
    busy = replace(over, actions=(Action("A-1", "a", NOW - DAY, open=True),))
    done = replace(over, actions=(Action("A-1", "a", NOW - DAY, open=False),))
    assert citations([], [busy], NOW).runs == {NAME}
    assert citations([], [done], NOW).runs == frozenset()


@pytest.mark.parametrize(
    "statement",
    [
        replace(STATEMENT, statement=f"Seen in {NAME}."),
        replace(STATEMENT, answers={"Where?": f"runs/{NAME}/report.html"}),
        replace(STATEMENT, evidence=(evidence(f"{NAME}.pdf"),)),
        replace(STATEMENT, evidence=(evidence("a.pdf", "cd" * 32, f"page 3 of run {NAME}"),)),
    ],
    ids=["the statement", "an answer", "a file", "a place in a file"],
)
def test_a_run_that_is_named_anywhere_in_a_statement_is_kept(statement):
    assert citations([], [statement], NOW).runs == {NAME}


def test_a_name_inside_another_word_is_none():
    assert citations([], [replace(STATEMENT, statement=f"x{NAME} {NAME}0 {DIGEST}00")], NOW).runs == frozenset()


@pytest.mark.parametrize(
    "cited",
    [evidence(f"evidence/{DIGEST}.bundle.json.gz"), evidence("copy.gz", DIGEST), evidence("a", "cd" * 32, f"sha256:{DIGEST}")],
)
def test_a_run_whose_evidence_is_cited_by_its_digest_is_kept(history: History, cited: EvidenceFile):
    for number, digest in enumerate((DIGEST, "ef" * 32)):
        run = history.begin(f"run-{number}", "base", "0" * 64, START + number * DAY, 1, "")
        found = document("one", {"check": ("pass", "", "1")}, START + number * DAY)
        found["provenance"]["bundle_sha256"] = digest
        history.record(run, found)
    digests = citations([], [replace(STATEMENT, evidence=(cited,))], NOW).digests
    assert history.runs_with(digests) == {"run-0"}
    assert history.runs_with(()) == set()
