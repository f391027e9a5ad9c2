"""What the history tells: runs, changes, stories. Tuples where a large fleet has a hundred thousand: they are made fastest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

from secscan.history.states import Kind, Status


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `finished_at` None: under way, or broken off. `recorded` hosts of `targets` are in the history.

    `partial`: somebody had it ask only some hosts of its inventory, so that it says nothing of the others.
    """

    id: int
    name: str
    baseline: str
    content_sha256: str
    started_at: float
    finished_at: float | None
    targets: int
    folder: str
    recorded: int = 0
    partial: bool = False

    @property
    def series(self) -> tuple[str, str]:
        """What makes runs comparable: the same baseline, into the same folder."""
        return self.baseline, self.folder

    @property
    def whole(self) -> bool:
        """Whether it came to its end, and asked its whole inventory."""
        return self.finished_at is not None and not self.partial


class Change(NamedTuple):
    """What changed about one check on one subject of a host between two runs. `content`: the check itself changed too.

    `failed_before` is what failed before `before` could not be judged, where that is what `after` is compared with.
    """

    host: str
    check: str
    subject: str
    kind: Kind
    before: Status | None
    after: Status | None
    content: bool = False
    failed_before: Status | None = None

    @property
    def told(self) -> bool:
        """Whether people are told of it: all that is asked of an added host is new, so only what fails there."""
        return self.kind is not Kind.HOST_ADDED or (self.after is not None and self.after.outcome == "fail")


@dataclass(frozen=True, slots=True)
class Diff:
    """Two runs compared. Hosts by name; `unreached` were reached before and are not now.

    Those that were asked before and are reached for the first time count as added, because nothing was known of them.
    """

    before: Run
    after: Run
    changes: tuple[Change, ...]
    still_failing: int
    hosts_added: tuple[str, ...]
    hosts_gone: tuple[str, ...]
    unreached: tuple[str, ...]
    reached_again: tuple[str, ...]

    def with_added_hosts_apart(self) -> Diff:
        """The same; what a host that is new is asked for the first time is told as that, because no check was added."""
        added = frozenset(self.hosts_added)
        if not added:
            return self
        first = (each.kind is Kind.CHECK_ADDED and each.host in added for each in self.changes)
        changes = [each._replace(kind=Kind.HOST_ADDED) if new else each for each, new in zip(self.changes, first, strict=True)]
        return replace(self, changes=tuple(sorted(changes, key=attrgetter("kind", "host", "check", "subject"))))


@dataclass(frozen=True, slots=True)
class Chapter:
    """One change in the story of a check on a host."""

    at: float
    run: str
    baseline: str
    subject: str
    status: Status


class Failing(NamedTuple):
    """One check that fails on one subject now. Moments are seconds since the epoch, UTC, as of a State."""

    host: str
    baseline: str
    check: str
    subject: str
    severity: str
    disposition: str
    since: float  # when it began; while it could not be judged it went on
    reopened: int
    flapping: bool
