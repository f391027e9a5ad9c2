"""The recovery time of a service by the best evidence there is: an outage or drill, restores that were tried, an estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Figure, Knowledge, Verdict, judge_best
from secscan.continuity.recovery import RecoveryEstimate, RestoreTest, recovery_time
from secscan.continuity.trials import Trial, Trials, find_outages, limit_for
from secscan.model.service import Service

_KNOWLEDGE = list(Knowledge)


def recover_service(service: Service, trials: Mapping[str, Trials], sizes: Mapping[str, int | None], evidence: Evidence) -> Figure:
    """How long a service takes to come back. `trials` and `sizes` (bytes, None: not known) are those of its data sets by id.

    Data sets are taken to be restored one after the other. A restore test that is older than its limit, or that failed, does not
    count as tested; the rate of one that is only too old still serves to estimate.
    """
    outages = find_outages(service, evidence)
    if outages:
        newest = max(outages, key=lambda outage: outage.restored)
        return replace(recovery_time(service.rto, outages), why=f"outage or drill of {_day(newest.restored)} ({newest.source})")
    failed = {name: each.newest for name, each in trials.items() if each.newest and not each.newest.passed}
    if failed:
        name, trial = max(failed.items(), key=lambda pair: pair[1].finished)
        why = f"the last restore of {name} failed on {_day(trial.finished)} ({trial.source})"
        return Figure(math.inf, trial.knowledge, Verdict.MISSED, why)
    current = {name: each.current(evidence.now, limit_for(service)) for name, each in trials.items()}
    tested = {name: trial for name, trial in current.items() if trial}
    if current and len(tested) == len(current):
        return _by_tests(service, tested, sizes)
    untested = sorted(current.keys() - tested.keys())
    faults = [fault for name in untested for fault in trials[name].faults]
    return _by_estimate(service, trials, sizes, untested, faults)


def _by_tests(service: Service, tested: Mapping[str, Trial], sizes: Mapping[str, int | None]) -> Figure:
    total, knowledge, guessed = sum(service.steps.values()), Knowledge.MEASURED, []
    for name, trial in tested.items():
        full = trial.full_bytes if trial.full_bytes is not None else sizes.get(name)
        part = trial.restored_bytes
        if part is None:  # everything was restored
            total += trial.finished - trial.started
            known = trial.knowledge
        else:
            total += RestoreTest(trial.started, trial.finished, part, full or part).seconds
            known = trial.knowledge if full is not None else Knowledge.ESTIMATED
            guessed += [name] if full is None else []
        knowledge = max(knowledge, known, key=_KNOWLEDGE.index)
    oldest = min(tested.values(), key=lambda trial: trial.finished)
    why = f"restore tests, the oldest of {_day(oldest.finished)}, scaled to the whole" + _steps(service)
    if guessed:
        why += f"; how large {', '.join(guessed)} is, is not known"
    return judge_best([(total, knowledge)], service.rto, (), why)


def _by_estimate(
    service: Service, trials: Mapping[str, Trials], sizes: Mapping[str, int | None], untested: Sequence[str], faults: Sequence[str]
) -> Figure:
    """An estimate by sizes and the rates of earlier restores, when all of them are known; else unknown."""
    rates = {name: rate for name, each in trials.items() for rate in [_rate(each, sizes.get(name))] if rate}
    slowest = min(rates.values(), default=0.0)
    estimates = [RecoveryEstimate(size, rates.get(name, slowest), {}).seconds for name, size in _known(sizes)]
    unsure = f"{', '.join(untested)}: no restore was tested in time" if untested else "no data set is declared"
    complete = len(estimates) == len(trials) and bool(trials or service.steps)
    seconds = sum(each for each in estimates if each is not None) + sum(service.steps.values())
    if not complete or None in estimates:
        reasons = [*faults, f"{unsure}, and there is no drill and no size and rate to estimate by"]
        return Figure(None, Knowledge.UNKNOWN, Verdict.UNKNOWN, "; ".join(dict.fromkeys(reasons)))
    why = f"estimated from size and the rate of earlier restores{_steps(service)}: {unsure}"
    return judge_best([(seconds, Knowledge.ESTIMATED)], service.rto, faults, why)


def _known(sizes: Mapping[str, int | None]) -> list[tuple[str, int]]:
    return [(name, size) for name, size in sizes.items() if size is not None]


def _rate(trials: Trials, size: int | None) -> float | None:
    """Bytes a second of the newest restore that passed, however old; None when that is not known."""
    for trial in trials.found:
        restored = trial.restored_bytes or trial.full_bytes or size
        if trial.passed and restored and trial.finished > trial.started:
            return restored / (trial.finished - trial.started)
    return None


def _steps(service: Service) -> str:
    return f", and {', '.join(service.steps)}" if service.steps else ", and no other step, for none is declared"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
