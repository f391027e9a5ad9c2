"""Assessment documents for the history, small enough to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secscan.assessments import to_document
from secscan.model.assessment import Assessment, CheckText, Disposition, Host, Outcome, Result

START = 1_800_000_000.0
DAY = 86_400.0
Statuses = Mapping[str, tuple[str, str, str]]  # check -> outcome, fingerprint, version


def document(host: str, statuses: Statuses, at: float = START, unreachable: str = "", baseline: str = "base") -> dict[str, Any]:
    """An assessment of a host, as it is saved."""
    results = tuple(
        Result(check, host, Outcome(outcome), "high", fingerprint=fingerprint * 16, disposition=Disposition.NONE)
        for check, (outcome, fingerprint, _) in statuses.items()
    )
    texts = {
        check: CheckText(check, "d", "t", "r", "m", "minutes", "runtime", {}, version)
        for check, (_, _, version) in statuses.items()
    }
    return to_document(Assessment(baseline, "B", "", Host(host), at, at + 1, results, (), texts, {}, unreachable=unreachable))
