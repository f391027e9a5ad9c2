"""Recovery time by the best evidence there is: an outage or drill, else a restore test scaled to the whole, else an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secscan.continuity.figures import Figure, Knowledge, Verdict, judge_best


@dataclass(frozen=True, slots=True)
class Outage:
    """The time line of a real incident or a drill, in seconds since 1970. ValueError when it ends before it starts."""

    declared: float
    restored: float
    knowledge: Knowledge = Knowledge.ATTESTED
    source: str = ""

    def __post_init__(self) -> None:
        if self.restored < self.declared:
            raise ValueError("restored before it was declared")


@dataclass(frozen=True, slots=True)
class RestoreTest:
    """A restore of `tested_bytes` out of `full_bytes`; `fixed_s` are steps that do not grow with the size.

    ValueError when it ends before it starts, or when nothing was restored.
    """

    started: float
    finished: float
    tested_bytes: int
    full_bytes: int
    fixed_s: float = 0.0
    knowledge: Knowledge = Knowledge.MEASURED

    def __post_init__(self) -> None:
        if self.finished < self.started:
            raise ValueError("finished before it started")
        if self.tested_bytes <= 0 or self.full_bytes < 0 or self.fixed_s < 0:
            raise ValueError("a restore test restores something, and takes no negative time")

    @property
    def seconds(self) -> float:
        """What the whole would take: never less than what the test took."""
        return (self.finished - self.started) * max(1.0, self.full_bytes / self.tested_bytes) + self.fixed_s


@dataclass(frozen=True, slots=True)
class RecoveryEstimate:
    """Bytes by a rate of reading, in bytes a second, and the seconds of every other step: detect, decide, provision, ..."""

    restored_bytes: int
    rate: float
    steps: Mapping[str, float]

    @property
    def seconds(self) -> float | None:
        """All steps in sum; None without a rate."""
        return self.restored_bytes / self.rate + sum(self.steps.values()) if self.rate > 0 else None


def recovery_time(
    objective: float, outages: Sequence[Outage] = (), tests: Sequence[RestoreTest] = (), estimate: RecoveryEstimate | None = None
) -> Figure:
    """The recovery time by the latest record of the best kind; an estimate is at most partly met."""
    if outages:
        outage = max(outages, key=lambda each: each.restored)
        return judge_best([(outage.restored - outage.declared, outage.knowledge)], objective, (), "the last outage or drill")
    if tests:
        test = max(tests, key=lambda each: each.finished)
        return judge_best([(test.seconds, test.knowledge)], objective, (), "the last restore test, scaled to the whole")
    seconds = estimate.seconds if estimate else None
    if seconds is None:
        return Figure(None, Knowledge.UNKNOWN, Verdict.UNKNOWN, "no drill, no restore test and no rate to estimate by")
    return judge_best([(seconds, Knowledge.ESTIMATED)], objective, (), "estimated from size, rate and steps")
