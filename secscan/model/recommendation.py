"""Recommendations of oversight bodies (A/RES/78/243, para. 4): what was asked, who answers, until when, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DAY_S = 86400.0


class Status(StrEnum):
    """What the organization says of a recommendation; only people set it."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    IMPLEMENTED = "implemented"
    OVERTAKEN = "overtaken"  # by events
    NOT_ACCEPTED = "not_accepted"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self in {Status.NOT_STARTED, Status.IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One entry of a register. Times are seconds since the epoch, UTC: `raised_at` begins its day, `due_at` and `closed_at` end it.

    `checks` and `requirements` name what shows whether it is implemented. `closed_at` is None while it is open.
    """

    id: str
    source: str
    text: str
    status: Status
    owner: str
    root_cause: str
    raised_at: float
    due_at: float
    closed_at: float | None = None
    checks: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    note: str = ""
    path: str = ""
    line: int = 0

    def days_open(self, now: float) -> int:
        """Whole days since it was raised, up to its end where it has one."""
        until = now if self.closed_at is None else min(self.closed_at, now)
        return max(0, int((until - self.raised_at) // DAY_S))

    def days_overdue(self, now: float) -> int:
        """Whole days since the end of its due date, begun ones counted; 0 while there is time left and once it is closed."""
        if not self.status.is_open or now < self.due_at:
            return 0
        return int((now - self.due_at) // DAY_S) + 1
