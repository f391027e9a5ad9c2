"""From calls to a plan: each call once, grouped by probe, in a stable order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secscan.model.probe import Call, Probe
from secscan.plan.script import PlannedBatch, questions_sha256, write_script

CALLS_PER_BATCH = 400
SCRIPT_LIMIT = 100_000  # bytes; a watched question is one argument of `sh -c`, and Linux takes at most 128 KiB there
INQUIRY_LIMIT_S = 20
PLATFORM = Call.of("platform", {})


@dataclass(frozen=True, slots=True)
class PlannedInquiry:
    """One question that is asked from the scanner's side. `contacts` says whom it contacts, for people."""

    number: int
    call: Call
    time_limit_s: int
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every question for one target, once, and the script that asks them.

    `questions_sha256` is the digest of what is asked, as the collector's greeting tells it. `inquiries` are asked from the
    scanner's side: they are no part of the script and of its digests.
    """

    batches: tuple[PlannedBatch, ...]
    script: str
    questions_sha256: str
    inquiries: tuple[PlannedInquiry, ...] = ()

    @property
    def script_sha256(self) -> str:
        """Digest of the whole script: what a sudoers rule or a forced command pins."""
        return hashlib.sha256(self.script.encode()).hexdigest()

    @property
    def calls(self) -> int:
        """How many questions the script asks."""
        return sum(len(batch.calls) for batch in self.batches)


def compile_plan(calls: Iterable[Call], probes: Mapping[str, Probe]) -> Plan:
    """The plan for a set of calls. The platform is always asked, first; expensive (watched) questions come last."""
    wanted: dict[str, dict[Call, None]] = {}
    for call in (PLATFORM, *calls):
        wanted.setdefault(call.probe, {})[call] = None
    names = sorted(wanted, key=lambda name: (name != PLATFORM.probe, probes[name].time_limit_s is not None, name))
    batches: list[PlannedBatch] = []
    outside: list[Call] = []
    for name in names:
        ordered = sorted(wanted[name], key=lambda call: repr(call.arguments))
        if probes[name].outside:
            outside += ordered
            continue
        for start in range(0, len(ordered), CALLS_PER_BATCH):
            batches += _plan_batches(len(batches) + 1, probes[name], tuple(ordered[start : start + CALLS_PER_BATCH]))
    digest = questions_sha256(batches)
    inquiries = tuple(_plan_inquiry(number, call, probes[call.probe]) for number, call in enumerate(outside, len(batches) + 1))
    return Plan(tuple(batches), write_script(batches, digest), digest, inquiries)


def _plan_inquiry(number: int, call: Call, probe: Probe) -> PlannedInquiry:
    return PlannedInquiry(number, call, probe.time_limit_s or INQUIRY_LIMIT_S, probe.ask([call.mapping()]).touches)


def _plan_batches(number: int, probe: Probe, calls: tuple[Call, ...]) -> list[PlannedBatch]:
    """One batch, or more where its shell text would be too long for one."""
    question = probe.ask([call.mapping() for call in calls])
    if len(question.script.encode()) > SCRIPT_LIMIT and len(calls) > 1:
        first = _plan_batches(number, probe, calls[: len(calls) // 2])
        return first + _plan_batches(number + len(first), probe, calls[len(calls) // 2 :])
    return [PlannedBatch(number, probe.name, calls, question.script, probe.time_limit_s or 0, question.touches)]
