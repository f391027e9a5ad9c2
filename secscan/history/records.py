"""What the history tells: runs, changes, stories."""

from __future__ import annotations

from dataclasses import dataclass

from secscan.history.states import Kind, State, Status


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `finished_at` None: under way, or broken off. `recorded` hosts of `targets` are in the history."""

    id: int
    name: str
    baseline: str
    content_sha256: str
    started_at: float
    finished_at: float | None
    targets: int
    folder: str
    recorded: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What changed about one check on one subject of a host between two runs. `content`: the check itself changed too."""

    host: str
    check: str
    subject: str
    kind: Kind
    before: Status | None
    after: Status | None
    content: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """Two runs compared. Hosts by name; `unreached` were reached before and are not now."""

    before: Run
    after: Run
    changes: tuple[Change, ...]
    still_failing: int
    hosts_added: tuple[str, ...]
    hosts_gone: tuple[str, ...]
    unreached: tuple[str, ...]
    reached_again: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One change in the story of a check on a host."""

    at: float
    run: str
    baseline: str
    subject: str
    status: Status


@dataclass(frozen=True, slots=True)
class Known:
    """The present state of one check on one subject."""

    host: str
    baseline: str
    check: str
    subject: str
    state: State
    flapping: bool = False
