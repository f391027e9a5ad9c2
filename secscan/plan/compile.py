"""From calls to a plan: each call once, grouped by probe, in a stable order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secscan.model.probe import Call, Probe
from secscan.plan.script import PlannedBatch, questions_sha256, write_script

CALLS_PER_BATCH = 400
PLATFORM = Call.of("platform", {})


@dataclass(frozen=True, slots=True)
class Plan:
    """Every question for one target, once, and the script that asks them."""

    batches: tuple[PlannedBatch, ...]
    script: str

    @property
    def script_sha256(self) -> str:
        """Digest of the whole script: what a sudoers rule or a forced command pins."""
        return hashlib.sha256(self.script.encode()).hexdigest()

    @property
    def questions_sha256(self) -> str:
        """Digest of what is asked, as the collector's greeting tells it."""
        return questions_sha256(self.batches)

    @property
    def calls(self) -> int:
        """How many questions."""
        return sum(len(batch.calls) for batch in self.batches)


def compile_plan(calls: Iterable[Call], probes: Mapping[str, Probe]) -> Plan:
    """The plan for a set of calls. The platform is always asked, first; expensive (watched) questions come last."""
    wanted: dict[str, dict[Call, None]] = {}
    for call in (PLATFORM, *calls):
        wanted.setdefault(call.probe, {})[call] = None
    names = sorted(wanted, key=lambda name: (name != PLATFORM.probe, probes[name].time_limit_s is not None, name))
    batches: list[PlannedBatch] = []
    for name in names:
        ordered = sorted(wanted[name], key=lambda call: repr(call.arguments))
        for start in range(0, len(ordered), CALLS_PER_BATCH):
            batches.append(_plan_batch(len(batches) + 1, probes[name], tuple(ordered[start : start + CALLS_PER_BATCH])))
    return Plan(tuple(batches), write_script(batches))


def _plan_batch(number: int, probe: Probe, calls: tuple[Call, ...]) -> PlannedBatch:
    question = probe.ask([call.mapping() for call in calls])
    return PlannedBatch(number, probe.name, calls, question.script, probe.time_limit_s or 0, question.touches)
