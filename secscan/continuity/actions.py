"""Actions that statements about exercises and incidents leave open, and how long they have been overdue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Verdict
from secscan.model.attestation import DAY_S


@dataclass(frozen=True, slots=True)
class OpenActions:
    """Every open action as STATEMENT/ACTION, missed when overdue. `median_days` is that of the overdue ones, None without one."""

    verdicts: Mapping[str, Verdict]
    overdue: int
    median_days: float | None


def open_actions(evidence: Evidence) -> OpenActions:
    """What is still to be done of what statements have found."""
    due = {f"{each.id}/{action.id}": action.due_at for each in evidence.attestations for action in each.actions if action.open}
    late = [(evidence.now - moment) / DAY_S for moment in due.values() if moment <= evidence.now]
    verdicts = {name: Verdict.MISSED if moment <= evidence.now else Verdict.MET for name, moment in due.items()}
    return OpenActions(verdicts, len(late), median(late) if late else None)
