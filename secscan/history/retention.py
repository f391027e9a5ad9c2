"""Which runs to keep: the newest of each of the last days, weeks and so on, and what open decisions cite. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from secscan.errors import UsageError
from secscan.history.citing import Citations
from secscan.history.records import Run
from secscan.messages import Message

PERIODS = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}
ALLOWED = Message("words such as daily 30, weekly 12, monthly 24, yearly 7, or last 10")
_RULE = re.compile(r"(last|daily|weekly|monthly|yearly)\s+([1-9][0-9]{0,4})\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """How many periods of each kind keep their newest run; `last` keeps that many runs whatever their age.

    Unless said, two: what changed since the run before can be asked for, though there were two on one day.
    """

    last: int = 2
    periods: Mapping[str, int] = field(default_factory=dict)


def parse_policy(text: str) -> Policy:
    """`daily 30, weekly 12, yearly 7`; UsageError for anything else. Without `last` the two newest runs are kept."""
    counts: dict[str, int] = {}
    for part in text.split(","):
        rule = _RULE.match(part.strip())
        if not rule or rule[1] in counts:
            raise UsageError(
                "cannot keep {text!r}; allowed: {allowed}, joined by commas, each word once", text=text, allowed=ALLOWED
            )
        counts[rule[1]] = int(rule[2])
    return Policy(counts.pop("last", 2), counts)


def kept_runs(runs: Mapping[str, float], policy: Policy) -> set[str]:
    """The runs that stay by their age. `runs` are start times by name, in seconds since the epoch."""
    newest_first = sorted(runs, key=lambda run: (runs[run], run), reverse=True)
    kept = set(newest_first[: policy.last])
    for period, count in policy.periods.items():
        seen: dict[str, str] = {}
        for run in newest_first:
            name = datetime.fromtimestamp(runs[run], UTC).strftime(PERIODS[period])
            if name not in seen and len(seen) == count:
                break
            seen.setdefault(name, run)
        kept.update(seen.values())
    return kept


def superfluous_runs(runs: Iterable[Run], policy: Policy, cited: Citations, resting_on: Iterable[str] = ()) -> list[Run]:
    """The runs that nothing keeps, in their order.

    Runs of one baseline into one folder are a series, and the policy holds for each series: a job must not push out another one
    that is remembered in the same place, nor a look at one host the run of that night over all of them. A run that broke off
    stands for no day, week or year, and is kept as long as it is the last of its series, because it can be taken up. One that
    claims to be later than the newest, of a clock that was wrong, takes nobody's place, and stays until that moment is past.
    `resting_on` are runs whose evidence is cited.
    """
    series: dict[tuple[str, str, bool], list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.id):
        series.setdefault((*run.series, run.partial), []).append(run)
    needed = {*cited.runs, *resting_on}
    return [run for each in series.values() for run in _superfluous(each, policy, cited, needed)]


def _superfluous(series: Sequence[Run], policy: Policy, cited: Citations, needed: set[str]) -> list[Run]:
    whole = {run.name: run.started_at for run in series if run.finished_at is not None}
    now = next(reversed(whole.values()), 0.0)  # of the newest; clocks jump, and the order of runs does not
    timely = {name: started_at for name, started_at in whole.items() if started_at <= now}
    last = max((number for number, run in enumerate(series) if run.finished_at is not None), default=-1)
    kept = kept_runs(timely, policy) | (whole.keys() - timely.keys()) | {run.name for run in series[last + 1 :]}
    kept |= cited.runs_in_force(whole) | needed
    return [run for run in series if run.name not in kept]
