"""How long failures lasted: from the scan that first saw one to the scan that first saw it mended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

MENDED = frozenset({"pass", "not_applicable"})
_GONE = "removed"  # the outcome of a check that is asked no more
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Step:
    """One outcome that a place came to. `at` is in seconds since the epoch."""

    at: float
    outcome: str
    severity: str


@dataclass(frozen=True, slots=True)
class Spell:
    """One failure of a host, in seconds since the epoch. `ended` is None while it lasts.

    It lasts on while it cannot be judged. `mended` is False where nobody asks any more.
    """

    host: str
    severity: str
    began: float
    ended: float | None = None
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A time after `start`, up to `end`, in seconds since the epoch; `start` is None where it has none."""

    start: float | None
    end: float

    @classmethod
    def between(cls, before: str, end: str) -> Window:
        """From the end of an earlier period, empty where there is none, to the end of a period; both are RFC 3339 moments."""
        return cls(_seconds(before) if before else None, _seconds(end))

    @property
    def earlier(self) -> Window | None:
        """The window before it, as long as it is; None where it has no start."""
        return None if self.start is None else Window(2 * self.start - self.end, self.start)


def spells_of(host: str, steps: Iterable[Step]) -> Iterator[Spell]:
    """The failures of one check on one subject, from its outcomes in the order of their scans."""
    failing: Step | None = None
    for step in steps:
        if step.outcome == "fail":
            failing = failing or step
        elif failing and (step.outcome in MENDED or step.outcome == _GONE):
            yield Spell(host, failing.severity, failing.at, step.at, step.outcome in MENDED)
            failing = None
    if failing:
        yield Spell(host, failing.severity, failing.at)


def days_to_mend(spells: Iterable[Spell], window: Window) -> list[float]:
    """How many days each failure lasted that was mended within a window."""
    return [
        (spell.ended - spell.began) / _DAY_S
        for spell in spells
        if spell.mended and spell.ended is not None and (window.start or 0.0) < spell.ended <= window.end
    ]


def days_open(spells: Iterable[Spell], window: Window) -> list[float]:
    """How many days each failure had lasted that was open when a window ended."""
    return [
        (window.end - spell.began) / _DAY_S
        for spell in spells
        if spell.began <= window.end and (spell.ended is None or spell.ended > window.end)
    ]


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
