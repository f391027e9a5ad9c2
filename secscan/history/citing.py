"""Which runs open decisions rest on, so that retention keeps them whatever their age. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secscan.model.attestation import DAY_S, Attestation
from secscan.model.waiver import Waiver

_RUN = re.compile(r"(?<![0-9A-Za-z])[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}(?![0-9A-Za-z])")
_DIGEST = re.compile(r"(?<![0-9A-Fa-f])[0-9a-f]{64}(?![0-9A-Fa-f])")


@dataclass(frozen=True, slots=True)
class Citations:
    """What open decisions cite: runs by name, evidence by digest, and the days on which somebody decided."""

    runs: frozenset[str]
    digests: frozenset[str]
    days: tuple[float, ...]

    def runs_in_force(self, runs: Mapping[str, float]) -> set[str]:
        """For each day the last run before its end; the first one when there was none. `runs` are start times by name."""
        return {_in_force(runs, day) for day in self.days} if runs else set()


def citations(waivers: Iterable[Waiver], attestations: Iterable[Attestation], now: float) -> Citations:
    """What waivers that are not over cite, and statements that are not over or have open actions."""
    waived = [waiver for waiver in waivers if waiver.expires_at > now]
    stated = [each for each in attestations if each.valid_until > now or any(action.open for action in each.actions)]
    texts = [text for each in stated for text in _texts(each)]
    texts += [text for waiver in waived for text in (waiver.justification, waiver.ticket)]
    return Citations(
        frozenset(found for text in texts for found in _RUN.findall(text)),
        frozenset(found for text in texts for found in _DIGEST.findall(text)),
        (*(waiver.starts_at for waiver in waived), *(each.performed_at for each in stated)),
    )


def _texts(attestation: Attestation) -> Iterator[str]:
    """Everything in a statement that can name a run, or the evidence of a host, which is named by its digest."""
    yield attestation.statement
    yield from attestation.answers.values()
    for each in attestation.evidence:
        yield from (each.file, each.sha256, *each.locations)


def _in_force(runs: Mapping[str, float], day: float) -> str:
    before = [name for name, started_at in runs.items() if started_at <= day + DAY_S]
    return max(before, key=runs.__getitem__) if before else min(runs, key=runs.__getitem__)
