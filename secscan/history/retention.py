"""Which runs to keep: the newest of each of the last days, weeks and so on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from secscan.errors import UsageError

PERIODS = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}
ALLOWED = "words such as daily 30, weekly 12, monthly 24, yearly 7, or last 10"
_RULE = re.compile(r"(last|daily|weekly|monthly|yearly)\s+([1-9][0-9]{0,4})\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """How many periods of each kind keep their newest run; `last` keeps that many runs whatever their age."""

    last: int = 1
    periods: Mapping[str, int] = field(default_factory=dict)


def parse_policy(text: str) -> Policy:
    """`daily 30, weekly 12, yearly 7`; UsageError for anything else. The newest run is always kept."""
    counts: dict[str, int] = {}
    for part in text.split(","):
        rule = _RULE.match(part.strip())
        if not rule or rule[1] in counts:
            raise UsageError(f"cannot keep {text!r}; allowed: {ALLOWED}, joined by commas, each word once")
        counts[rule[1]] = int(rule[2])
    return Policy(counts.pop("last", 1), counts)


def kept_runs(runs: Mapping[str, float], policy: Policy, needed: Iterable[str] = ()) -> set[str]:
    """The runs that stay. `runs` are start times by id, in seconds since the epoch; `needed` are kept whatever their age."""
    newest_first = sorted(runs, key=lambda run: (runs[run], run), reverse=True)
    kept = {run for run in needed if run in runs} | set(newest_first[: policy.last])
    for period, count in policy.periods.items():
        seen: dict[str, str] = {}
        for run in newest_first:
            name = datetime.fromtimestamp(runs[run], UTC).strftime(PERIODS[period])
            if name not in seen and len(seen) == count:
                break
            seen.setdefault(name, run)
        kept.update(seen.values())
    return kept
