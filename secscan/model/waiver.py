"""What people have accepted: which failures, where, why, until when, and for which observed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Scope:
    """Which subjects a waiver is about: all that match every given selector. Host names are patterns with * and ?.

    With `services` it is about these services of the organization and about nothing else.
    """

    hosts: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted failure. Times are seconds since the epoch, UTC; it holds from `starts_at` until just before `expires_at`.

    `checks` are patterns of check ids; `requirements` stand for every check that serves one of them. `observed` is the
    fingerprints of the accepted values by subject and check; `any_value` says instead that the value does not matter.
    `renamed` are checks that its file calls as they were called before, with the ids that they have now.
    """

    id: str
    justification: str
    owner: str
    approver: str
    starts_at: float
    expires_at: float
    checks: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    scope: Scope = Scope()
    ticket: str = ""
    observed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    any_value: bool = False
    outcomes: tuple[str, ...] = ("fail",)
    path: str = ""
    line: int = 0
    renamed: Mapping[str, str] = field(default_factory=dict)

    def accepts(self, subject: str, check: str, fingerprint: str) -> bool:
        """Whether the waiver was given for the value that is observed now."""
        return self.any_value or (fingerprint != "" and self.observed.get(subject, {}).get(check) == fingerprint)
