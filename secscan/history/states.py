"""How the state of one check on one subject moves from scan to scan. Pure.

Only changes are kept: a state that stays as it is costs nothing. A host that was not reached moves no state, because nothing was
asked: its checks keep what was last known of them, and the host itself is told as not reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

JUDGED = frozenset({"pass", "fail"})
UNJUDGED = frozenset({"error", "manual", "skipped"})  # nobody could tell, or nobody asked: what was known before goes on
REMOVED = "removed"  # the outcome of a check that is asked no more


class Status(NamedTuple):
    """What one scan says of one check: outcome, what people decided, what was seen, and which version of the check asked.

    `version` is the digest of the check and its parameters: where it changed, the content changed and not the host.
    """

    outcome: str
    disposition: str = "none"
    fingerprint: str = ""
    version: str = ""
    severity: str = ""


class Failure(NamedTuple):
    """A failure: what was seen of it last, and when it began."""

    status: Status
    since: float


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one check on one subject. Moments are seconds since the epoch, UTC.

    `since` is when the present outcome began, `changed_at` when anything last changed; `reopened` counts how often it failed
    again after it had been mended. `hidden` is the failure that was there before it could not be judged any more: nothing says
    that it was mended, and when it is seen again it is the same.
    """

    status: Status
    first_seen: float
    since: float
    changed_at: float
    reopened: int = 0
    mended: bool = False  # it failed once, and then passed
    hidden: Failure | None = None

    @property
    def failing(self) -> bool:
        """Whether it fails now."""
        return self.status.outcome == "fail"

    @property
    def failure(self) -> Failure | None:
        """The failure that is there, whether it can be seen or not."""
        return Failure(self.status, self.since) if self.failing else self.hidden


class Kind(StrEnum):
    """What a change means for somebody who answers for the host."""

    NEW = "new"  # fails, and did not before
    FIXED = "fixed"  # passes, and failed before
    CHANGED_VALUE = "changed_value"  # still fails, with another value
    STILL_FAILING = "still_failing"  # fails as before
    UNJUDGEABLE = "unjudgeable"  # had a verdict, and has none now
    JUDGED_AGAIN = "judged_again"  # passes, and had no verdict before
    NO_LONGER_APPLIES = "no_longer_applies"  # failed, and does not apply now
    DECIDED = "decided"  # only what people decided about it changed
    HOST_ADDED = "host_added"  # first heard of a host that was not asked, or not reached, before
    CHECK_ADDED = "check_added"
    CHECK_REMOVED = "check_removed"
    OTHER = "other"


def advance(state: State | None, status: Status, moment: float) -> tuple[State, bool]:
    """The state after one more scan, and whether it changed."""
    if state is None:
        return State(status, moment, moment, moment), True
    if state.status == status:
        return state, False
    if state.status.outcome == status.outcome:
        return replace(state, status=status, changed_at=moment), True
    failure, fails = state.failure, status.outcome == "fail"
    moved = State(
        status,
        state.first_seen,
        since=failure.since if fails and failure else moment,
        changed_at=moment,
        reopened=state.reopened + (fails and state.mended),
        mended=not fails and (state.mended or (failure is not None and status.outcome == "pass")),
        hidden=failure if status.outcome in UNJUDGED else None,
    )
    return moved, True


def hidden_failure(story: Iterable[tuple[float, Status]]) -> Failure | None:
    """What State.hidden is after a story: when each status was taken in, and what it was."""
    failure = None
    for moment, status in story:
        if status.outcome == "fail":
            failure = Failure(status, failure.since if failure else moment)
        elif status.outcome not in UNJUDGED:
            failure = None
    return failure


def classify(before: Status | None, after: Status | None, hidden: Status | None = None) -> Kind | None:
    """What it means that a status became another one; None where nothing changed and nothing fails.

    `hidden` is the failure that was there before `before`, which tells of none because it could not be judged.
    """
    if before is None or after is None:
        return Kind.CHECK_ADDED if after else Kind.CHECK_REMOVED if before else None
    if after.outcome not in UNJUDGED:
        before = hidden or before
    if before.outcome == after.outcome:
        return _classify_same(before, after)
    if after.outcome == "fail":
        return Kind.NEW
    if after.outcome == "pass":
        return Kind.FIXED if before.outcome == "fail" else Kind.JUDGED_AGAIN if before.outcome != "not_applicable" else Kind.OTHER
    if after.outcome == "not_applicable":
        return Kind.NO_LONGER_APPLIES if before.outcome == "fail" else Kind.OTHER
    return Kind.UNJUDGEABLE if before.outcome in JUDGED else Kind.OTHER


def _classify_same(before: Status, after: Status) -> Kind | None:
    if after.outcome == "fail" and before.fingerprint != after.fingerprint:
        return Kind.CHANGED_VALUE
    if before.disposition != after.disposition:
        return Kind.DECIDED
    return Kind.STILL_FAILING if after.outcome == "fail" else None


def by_content(before: Status | None, after: Status | None) -> bool:
    """Whether the check itself changed between two statuses, so that the change may not be the host's doing."""
    return before is not None and after is not None and before.version != after.version
