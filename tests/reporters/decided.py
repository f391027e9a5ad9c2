"""One host with every outcome under every disposition."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import samples

from secscan.assessments import to_document
from secscan.model.assessment import Disposition, Finding, Outcome, Result

OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.UNREACHABLE]
PAIRS = list(itertools.product(OUTCOMES, Disposition))
"""Every pair that a host which was reached can have."""


def check_id(outcome: str, disposition: str) -> str:
    return f"is_{outcome}_and_{disposition}"


def document() -> dict[str, Any]:
    """The host; checks are named by their outcome and disposition."""
    text = samples.CHECKS["sshd_root_login_disabled"]
    results = tuple(_result(outcome, disposition) for outcome, disposition in PAIRS)
    checks = {result.check: replace(text, id=result.check, title=result.check.replace("_", " ")) for result in results}
    return to_document(samples.assessment(results=results, checks=checks, proofs=()))


def _result(outcome: Outcome, disposition: Disposition) -> Result:
    decided = disposition not in {Disposition.NONE, Disposition.ATTESTED}
    return Result(
        check_id(outcome, disposition),
        "geneva-web-01",
        outcome,
        "high",
        findings=(Finding("root_login.value", "in", ["no"], "yes", False),) if outcome is Outcome.FAIL else (),
        reason="" if outcome is Outcome.PASS else "it was so",
        requirements=("UNC-IS-01",),
        disposition=disposition,
        waiver="W-2026-007" if decided else "",
    )
