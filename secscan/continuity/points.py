"""Restore points: what can be brought back, as of when, from where, and how surely that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from secscan.model.service import Repository


class Integrity(StrEnum):
    """Whether a restore point can be brought back."""

    WHOLE = "whole"  # the run that made it ended well, and nothing newer found damage
    UNVERIFIED = "unverified"  # nothing tells
    BROKEN = "broken"  # known to be damaged, incomplete, or of a time that cannot be


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """One moment of a data set that a repository holds.

    `time` is the moment as of which the data is consistent, by the scanner's clock. `doubt` says why it is not known well enough
    to count as measured. `immutable_until` is 0 for a point that can be changed and infinite for one that never can; None when
    that is not known. `immutable_claimed`: somebody said so, and nothing on the host shows it. `size` is in bytes, None when the
    program does not tell it.
    """

    data_set: str
    method: str
    host: str
    location: str
    time: float
    integrity: Integrity = Integrity.WHOLE
    encrypted: bool | None = None
    immutable_until: float | None = None
    immutable_claimed: bool = False
    doubt: str = ""
    name: str = ""
    kind: str = ""
    size: int | None = None

    @property
    def restorable(self) -> bool:
        """Nothing says that it cannot be brought back."""
        return self.integrity is not Integrity.BROKEN


@dataclass(frozen=True, slots=True)
class Copy:
    """One repository as a place where a data set is saved. `fault` says why it is not known what it holds; then it has no points.

    `claimed` is the newest time that a client remembers, which proves nothing. `errors` counts what verification found damaged;
    None when nothing tells. `left_out` says what of the data set its program is told not to save; then it has no points either.
    `identity` is the repository's own id.
    """

    repository: Repository
    points: tuple[RestorePoint, ...] = ()
    fault: str = ""
    claimed: float | None = None
    errors: int | None = None
    notes: tuple[str, ...] = ()
    left_out: str = ""
    left_out_in_part: bool = False
    identity: str = ""

    @property
    def restorable(self) -> tuple[RestorePoint, ...]:
        """Its points that are not known to be broken."""
        return tuple(point for point in self.points if point.restorable)
