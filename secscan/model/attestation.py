"""What people have stated: what they looked at, when, with which result, who signed it off, and which files show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

DAY_S = 86400.0
_FIRST_ZONE_S = 14 * 3600.0  # a day begins first at UTC+14: what is dated today there is no mistake here
VALID_FOR = "valid_for"
"""The parameter of a check that says how long a statement about it holds at most."""


class Stated(StrEnum):
    """What a statement says of its checks."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


class Standing(StrEnum):
    """Whether a statement can be relied on; of several faults the first of this list is told."""

    HOLDS = "holds"
    BACKWARDS = "backwards"  # it ends before the day that it is about
    FUTURE = "future"  # it is about a day that is still to come
    UNSIGNED = "unsigned"  # nobody signed it off, or its owner did
    EVIDENCE_CHANGED = "evidence_changed"  # a file is not the one that was signed for
    EVIDENCE_MISSING = "evidence_missing"  # a file is not there, or cannot be read
    CLAIMED = "claimed"  # no file with a digest shows it
    UNANSWERED = "unanswered"  # it leaves questions of the check open
    EXPIRED = "expired"


class FileState(StrEnum):
    """What became of an evidence file since its digest was written down."""

    KEPT = "kept"
    CHANGED = "changed"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    WITHOUT_DIGEST = "without_digest"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who answers for a statement."""

    name: str
    role: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.role}" if self.role else self.name


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that shows what is stated. `sha256` is what was signed for, `found` what the file has now (empty: not told)."""

    file: str
    sha256: str
    state: FileState
    found: str = ""
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was found and must be done. `due_at` is the end of its last day, seconds since the epoch, UTC."""

    id: str
    owner: str
    due_at: float
    open: bool
    root_cause: str = ""


@dataclass(frozen=True, slots=True)
class StatementScope:
    """What a statement is about: the whole organization when nothing is given, else what matches every given selector."""

    hosts: tuple[str, ...] = ()  # patterns with * and ?
    sites: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it is the organization and everything in it."""
        return not (self.hosts or self.sites or self.services)

    def __str__(self) -> str:
        """What it is about, as reports name it: `site gva`, `services erp, mail; site gva`."""
        parts = [
            f"{word if len(names) == 1 else word + 's'} {', '.join(names)}"
            for word, names in (("service", self.services), ("site", self.sites), ("host", self.hosts))
            if names
        ]
        return "; ".join(parts) or "organization"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a check asks of a statement: answers to its questions, and how many seconds the statement holds at most."""

    questions: tuple[str, ...]
    valid_for: float | None = None


@dataclass(frozen=True, slots=True)
class Attestation:
    """One statement. Times are seconds since the epoch, UTC; `performed_at` begins its day, `valid_until` ends it.

    `approver` is None as long as nobody has signed it off; `answers` are by question.
    """

    id: str
    checks: tuple[str, ...]
    scope: StatementScope
    statement: str
    performed_at: float
    valid_until: float
    owner: Person
    approver: Person | None
    result: Stated
    answers: Mapping[str, str]
    metrics: Mapping[str, float]
    evidence: tuple[EvidenceFile, ...]
    actions: tuple[Action, ...] = ()
    path: str = ""

    def expires_at(self, demand: Demand) -> float:
        """When it ends for a check: with its own last day, or earlier where the check allows less."""
        if demand.valid_for is None:
            return self.valid_until
        return min(self.valid_until, self.performed_at + demand.valid_for + DAY_S)

    def unanswered(self, demand: Demand) -> tuple[str, ...]:
        """The questions of a check that it does not answer."""
        return tuple(question for question in demand.questions if not self.answers.get(" ".join(question.split())))

    def faults(self, demand: Demand, now: float) -> tuple[Standing, ...]:
        """Everything that keeps it from being relied on for a check, at a moment; nothing when it holds.

        That something does not hold is believed without evidence; that it holds, or does not apply, is not.
        """
        states = {each.state for each in self.evidence}
        found = {
            Standing.BACKWARDS: self.valid_until <= self.performed_at,
            Standing.FUTURE: self.performed_at - _FIRST_ZONE_S > now,
            Standing.UNSIGNED: self.approver is None or self.approver.name.casefold() == self.owner.name.casefold(),
            Standing.EVIDENCE_CHANGED: FileState.CHANGED in states,
            Standing.EVIDENCE_MISSING: not states.isdisjoint((FileState.MISSING, FileState.UNREADABLE)),
            Standing.CLAIMED: self.result is not Stated.FAIL and (not states or FileState.WITHOUT_DIGEST in states),
            Standing.UNANSWERED: self.result is not Stated.NOT_APPLICABLE and bool(self.unanswered(demand)),
            Standing.EXPIRED: now >= self.expires_at(demand),
        }
        return tuple(standing for standing, is_so in found.items() if is_so)

    def standing(self, demand: Demand, now: float) -> Standing:
        """Whether it can be relied on for a check, at a moment."""
        return next(iter(self.faults(demand, now)), Standing.HOLDS)
