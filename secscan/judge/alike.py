"""What answers were found to say, so that hosts of a fleet which answer alike are judged once: most answers are the same on most.

Nothing but answers that are alike byte for byte are taken for the same, and nothing that depends on anything else is kept.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from secscan.model.assessment import Finding, Outcome, Proof
from secscan.model.probe import Answer, Call, Observation

_ANSWER_BYTES = 4096  # longer ones are hardly ever alike
_ALL_BYTES = 4 * 2**20
_EACH_BYTES = 500  # what keeping an answer costs besides
_VERDICTS = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is judged of a check, whatever the host is called. `applies` is False where its conditions had the last word."""

    applies: bool
    outcome: Outcome
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    findings_total: int = 0
    examined: int | None = None
    fingerprint: str = ""


class Known:
    """What is known of answers by their numbers. No number ever comes back, so what is forgotten is not mixed up.

    Threads share it: what two of them find at the same time is the same, and either may be kept.
    """

    def __init__(self) -> None:
        self.observations: dict[int, Observation] = {}
        self.proofs: dict[tuple[str, int], Proof] = {}
        self.verdicts: dict[tuple[int, ...], Verdict] = {}
        self._numbers: dict[tuple[Call, Answer | None], int] = {}
        self._fresh = itertools.count(1)
        self._bytes = 0

    def number(self, call: Call, answer: Answer | None) -> int:
        """The number of an answer to a call (None: not asked), the same for all that are alike; 0 for one too long to be kept."""
        key = (call, answer)
        number = self._numbers.get(key)
        if number is None:
            size = len(answer.stdout) + len(answer.stderr) if answer else 0
            if size > _ANSWER_BYTES:
                return 0
            self._bytes += size + _EACH_BYTES
            number = self._numbers[key] = next(self._fresh)
        return number

    def make_room(self) -> None:
        """Forget everything when it is too much: memory does not grow with the number of hosts."""
        if self._bytes > _ALL_BYTES or len(self.verdicts) > _VERDICTS:
            self._bytes = 0
            for kept in (self._numbers, self.observations, self.proofs, self.verdicts):
                kept.clear()
