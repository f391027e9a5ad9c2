"""How likely and how bad: the checks that fail, by the share of hosts on which they do and by severity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secscan.kpi.register import LIKELIHOODS
from secscan.messages import mark
from secscan.summary import CheckSummary
from secscan.terms import SEVERITIES, Term

BANDS = LIKELIHOODS
"""Likelihood: up to so many per cent of the hosts on which a check was wanted fail it."""

LEVELS = (
    Term("severe", mark("Severe"), "4", mark("Mend it before anything else.")),
    Term("serious", mark("Serious"), "3", mark("Mend it next, with a date and somebody who answers for it.")),
    Term("moderate", mark("Moderate"), "2", mark("Plan it.")),
    Term("slight", mark("Slight"), "1", mark("Mend it when the host is touched anyway.")),
)
"""What likelihood and severity come to, the worst first."""

_WANTED = ("pass", "fail", "error", "manual")
_IMPACT = {term.key: len(SEVERITIES) - rank for rank, term in enumerate(SEVERITIES)}
_LEVELS_FROM = (12, 6, 3, 1)  # of likelihood times impact, each 1 to 4


@dataclass(frozen=True, slots=True)
class Risk:
    """A check that fails somewhere. `share` is of the hosts on which it was wanted; `band` indexes BANDS."""

    check: CheckSummary
    share: float
    band: int
    level: Term

    @property
    def failing(self) -> int:
        """How often it fails."""
        return self.check.counts["fail"]


def risks(checks: Iterable[CheckSummary]) -> list[Risk]:
    """Every check that fails, the greatest risk first."""
    found = [_risk(check) for check in checks if check.counts.get("fail")]
    return sorted(found, key=lambda risk: (-_score(risk.check.severity, risk.band), -risk.check.weight, risk.check.check))


def heat(found: Iterable[Risk]) -> Mapping[tuple[str, int], int]:
    """How many risks there are by (severity, band)."""
    cells: dict[tuple[str, int], int] = {}
    for risk in found:
        cells[risk.check.severity, risk.band] = cells.get((risk.check.severity, risk.band), 0) + 1
    return cells


def level_of(severity: str, band: int) -> Term:
    """What a severity and a likelihood come to."""
    score = _score(severity, band)
    return next(level for level, least in zip(LEVELS, _LEVELS_FROM, strict=True) if score >= least)


def _risk(check: CheckSummary) -> Risk:
    share = check.counts["fail"] / sum(check.counts.get(outcome, 0) for outcome in _WANTED)
    band = next(index for index, most in enumerate(BANDS) if share * 100 <= most)
    return Risk(check, share, band, level_of(check.severity, band))


def _score(severity: str, band: int) -> int:
    return _IMPACT[severity] * (band + 1)
