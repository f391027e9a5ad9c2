"""Restores that were tried, and outages and drills that people tell of: the proofs that something comes back, and how fast."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Knowledge
from secscan.continuity.reading import TOLERANCE_S
from secscan.continuity.recovery import Outage
from secscan.model.attestation import DAY_S, Attestation, Demand, Standing, Stated
from secscan.model.service import DataSet, Service
from secscan.model.values import Record, Unobservable, Value

PROBE = "restore_tests"
CRITICAL = frozenset({"high", "critical"})
CRITICAL_LIMIT_S = 90 * DAY_S
LIMIT_S = 365 * DAY_S
RECOVERY_MINUTES = "achieved_rto_minutes"
"""The metric of a statement that tells how long an outage or a drill lasted."""
RESTORE_MINUTES = "restore_minutes"
"""The metric of a statement that tells how long a restore took; with `bytes_restored` and `bytes_total` it can be scaled."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A restore of a data set that was tried. Times are by the scanner's clock; sizes in bytes, None when nobody tells.

    `repository` is the id of the one it came from, empty when nobody says.
    """

    started: float
    finished: float
    passed: bool
    knowledge: Knowledge
    source: str
    restored_bytes: int | None = None
    full_bytes: int | None = None
    repository: str = ""


@dataclass(frozen=True, slots=True)
class Trials:
    """What is known of a data set's restores, the newest first. `faults` say why there may be more; `notes` what does not count.

    `strays` are records beside them that are about nothing that is declared.
    """

    found: tuple[Trial, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def newest(self) -> Trial | None:
        """The newest one, whatever came of it."""
        return self.found[0] if self.found else None

    def current(self, now: float, limit_s: float) -> Trial | None:
        """The newest one when it passed and is no older than the limit; None when it does not count as tested."""
        newest = self.newest
        return newest if newest and newest.passed and now - newest.finished <= limit_s else None

    def restored_from(self, repository: str, only: bool, now: float) -> bool | None:
        """Whether the newest measured restore from a repository worked; None without one of this quarter, or of a part alone.

        `only`: the data set has no other repository, so that a record need not name it.
        """
        for trial in self.found:
            named = trial.repository == repository or (only and not trial.repository)
            partly = trial.restored_bytes is not None and trial.restored_bytes < (trial.full_bytes or math.inf)
            if named and trial.knowledge is Knowledge.MEASURED and not (trial.passed and partly):
                return trial.passed if now - trial.finished <= CRITICAL_LIMIT_S else None
        return None


def limit_for(service: Service) -> float:
    """How old a restore test may be, in seconds: 90 days for critical data, a year for other data."""
    return CRITICAL_LIMIT_S if service.criticality in CRITICAL else LIMIT_S


def find_trials(service: Service, data_set: DataSet, evidence: Evidence) -> Trials:
    """Every restore of a data set that people state, or that its host, one with its backups or one it is tested on has recorded.

    What any other host says of it is nobody's business: it counts for nothing. A record that cannot be read may be
    about any data set.
    """
    keepers = [evidence.repositories[name].host for name in data_set.backups]
    hosts = dict.fromkeys((data_set.host, *data_set.tested_on, *keepers))
    found, faults, notes, strays = [], [], [], []
    for host in hosts:
        if fault := evidence.why_untold(host, PROBE):
            faults.append(fault)
        for record in evidence.records(host, PROBE, "tests"):
            if _is_about(record, service, data_set):
                told = _read_trial(host, record, evidence)
                if isinstance(told, Trial):
                    found.append(told)
                else:
                    notes.append(told)
            elif isinstance(record["data_set"], Unobservable):
                notes.append(f"{host}: {record['data_set'].reason}")
            elif not any(_is_about(record, each, declared) for each in evidence.services for declared in each.data_sets):
                strays.append(f"{host}: {record['file']}: no service declares {_named(record)}")
    found += _stated_trials(service, data_set, evidence)
    newest_first = sorted(found, key=lambda trial: (-trial.finished, trial.passed))
    return Trials(tuple(newest_first), tuple(faults), tuple(notes), tuple(strays))


def find_outages(service: Service, evidence: Evidence) -> tuple[Outage, ...]:
    """Incidents and drills of a service that a statement in force tells with its time: only what names the service is about it."""
    return tuple(
        Outage(each.performed_at, each.performed_at + 60 * each.metrics[RECOVERY_MINUTES], Knowledge.ATTESTED, source=each.id)
        for each in _statements(service, evidence, RECOVERY_MINUTES)
    )


def _is_about(record: Record, service: Service, data_set: DataSet) -> bool:
    return record["data_set"] == data_set.id and (not isinstance(record["service"], str) or record["service"] == service.name)


def _named(record: Record) -> str:
    """What a record says it is about."""
    return f"the data set {record['data_set']!r}" + (f" of {record['service']!r}" if isinstance(record["service"], str) else "")


def _read_trial(host: str, record: Record, evidence: Evidence) -> Trial | str:
    """A trial by the scanner's clock, or why it does not count."""
    for field in ("started", "finished", "passed"):
        value = record[field]
        if isinstance(value, Unobservable):
            return f"{host}: {value.reason}"
    offset = evidence.offset(host)
    started, finished = (_number(record[field]) - (offset or 0.0) for field in ("started", "finished"))
    if finished > evidence.now + TOLERANCE_S:
        return f"{host}: {record['file']}: it is dated in the future"
    if record["bytes"] == 0:
        return f"{host}: {record['file']}: nothing was restored"
    sizes = {name: value if isinstance(value := record[name], int) else None for name in ("bytes", "full_bytes")}
    known = Knowledge.MEASURED if offset is not None else Knowledge.ESTIMATED
    source = f"{record['file']} on {host}"
    origin = record["repository"] if isinstance(record["repository"], str) else ""
    return Trial(started, finished, record["passed"] is True, known, source, sizes["bytes"], sizes["full_bytes"], origin)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _stated_trials(service: Service, data_set: DataSet, evidence: Evidence) -> Iterator[Trial]:
    """A statement about a service with one data set is about that; about several it does not say which."""
    if len(service.data_sets) != 1 or service.data_sets[0].id != data_set.id:
        return
    for each in _statements(service, evidence, RESTORE_MINUTES):
        sizes = {
            name: int(each.metrics[name]) if each.metrics.get(name, 0) > 0 else None for name in ("bytes_restored", "bytes_total")
        }
        yield Trial(
            each.performed_at,
            each.performed_at + 60 * each.metrics[RESTORE_MINUTES],
            each.result is Stated.PASS,
            Knowledge.ATTESTED,
            each.id,
            sizes["bytes_restored"],
            sizes["bytes_total"],
        )


def _statements(service: Service, evidence: Evidence, metric: str) -> Iterator[Attestation]:
    """Statements that name the service, tell a time that can be, and can be relied on for one of their checks."""
    for each in evidence.attestations:
        minutes = each.metrics.get(metric)
        if minutes is None or minutes < 0 or service.name not in each.scope.services:
            continue
        demands = [evidence.demands.get(check, Demand(())) for check in each.checks]
        if any(_as_claim(each).standing(demand, evidence.now) is Standing.HOLDS for demand in demands):
            yield each


def _as_claim(attestation: Attestation) -> Attestation:
    """The statement as one that must be shown: a time counts only with evidence, also where the result is a failure."""
    return replace(attestation, result=Stated.PASS)
