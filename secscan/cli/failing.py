"""What makes a run end with another code than 0: --fail-on and the exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secscan.errors import UsageError

if TYPE_CHECKING:
    from secscan.cli.kept import Run

_SEVERITIES = ("low", "medium", "high", "critical")
_OTHERS = ("error", "manual", "unreachable", "never")


@dataclass(frozen=True, slots=True)
class FailOn:
    """What makes a run exit with 1: failures from a severity upwards (None: never), and other outcomes."""

    severity: int | None
    outcomes: frozenset[str]


def severity_rank(severity: str) -> int:
    """How bad a severity is; what has none is as bad as the least."""
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else 0


def parse_fail_on(text: str) -> FailOn:
    """`high`, `medium,error`, `never`; UsageError for other words."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or any(word not in (*_SEVERITIES, *_OTHERS) for word in words):
        raise UsageError(
            "--fail-on cannot be {text!r}; allowed: {allowed}, joined by commas", text=text, allowed=[*_SEVERITIES, *_OTHERS]
        )
    severities = [_SEVERITIES.index(word) for word in words if word in _SEVERITIES]
    if "never" in words:
        return FailOn(None, frozenset())
    return FailOn(min(severities, default=0), frozenset(words) & set(_OTHERS))


def exit_code(run: Run, rule: FailOn) -> int:
    """1 something fails, 3 a target was not reached, 4 something could not be judged, 0 all hold; in that order."""
    hosts = run.kept.values()
    if rule.severity is not None:
        if any(_SEVERITIES.index(severity) >= rule.severity for kept in hosts for severity in kept.failed_severities):
            return 1
        if any(kept.counts.get(outcome) for kept in hosts for outcome in rule.outcomes):
            return 1
    if not all(kept.reached for kept in hosts):
        return 3
    return 4 if any(kept.counts.get("error") for kept in hosts) else 0
