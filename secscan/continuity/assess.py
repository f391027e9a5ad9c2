"""Figures of a data set and of a service from the copies that were found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from secscan.continuity.archive import ARCHIVE
from secscan.continuity.composition import Composition, Depth, compose, measure_depth
from secscan.continuity.figures import Figure, Knowledge, judge_best, worst_of
from secscan.continuity.intervals import gaps, quantile, share_held
from secscan.continuity.points import Copy, RestorePoint
from secscan.continuity.reading import HostView, find_copies
from secscan.continuity.recovery import recovery_time
from secscan.model.service import DataSet, Repository, Service

WINDOW_S = 7 * 86400.0
_GAP_FACTOR = 1.25  # what a gap of the past may exceed the objective by, for the run of a backup takes its time
_Eligible = Callable[[Copy, RestorePoint], "Knowledge | None"]


@dataclass(frozen=True, slots=True)
class DataSetFigures:
    """The figures of one data set. `gap_median` and `gap_p95` are of the window, None without a restore point."""

    data_set: DataSet
    rpo_now: Figure
    worst_gap: Figure
    site_loss: Figure
    cyber: Figure
    gap_median: float | None
    gap_p95: float | None
    held: float | None
    depth: Depth
    composition: Composition
    covered: bool | None
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The figures of one service: each the worst of its data sets. `covered` of `data_sets` have a point to restore."""

    service: Service
    rpo_now: Figure
    worst_gap: Figure
    site_loss: Figure
    cyber: Figure
    rto: Figure
    data_sets: tuple[DataSetFigures, ...]

    @property
    def objectives(self) -> Mapping[str, Figure]:
        """The figures that an objective is declared for, by name."""
        return {
            "rpo_now": self.rpo_now, "worst_gap": self.worst_gap, "site_loss": self.site_loss, "cyber": self.cyber, "rto": self.rto,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the inventory declares and the hosts told. `now` is the moment as of which everything is judged."""

    repositories: Mapping[str, Repository]
    host_sites: Mapping[str, str]
    views: Mapping[str, HostView]
    now: float
    window_s: float = WINDOW_S


def assess_service(service: Service, evidence: Evidence) -> ServiceFigures:
    """The figures of a service from those of its data sets."""
    sets = tuple(assess_data_set(data_set, service.rpo, evidence) for data_set in service.data_sets)
    return ServiceFigures(
        service,
        rpo_now=worst_of([(each.data_set.id, each.rpo_now) for each in sets]),
        worst_gap=worst_of([(each.data_set.id, each.worst_gap) for each in sets]),
        site_loss=worst_of([(each.data_set.id, each.site_loss) for each in sets]),
        cyber=worst_of([(each.data_set.id, each.cyber) for each in sets]),
        rto=recovery_time(service.rto),
        data_sets=sets,
    )


def assess_data_set(data_set: DataSet, rpo: float, evidence: Evidence) -> DataSetFigures:
    """The figures of a data set against the objective of its service."""
    copies = find_copies(data_set, evidence.repositories, evidence.views, evidence.now)
    site, now = evidence.host_sites.get(data_set.host, ""), evidence.now
    faults = [copy.fault for copy in copies if copy.fault]
    times = [point.time for copy in copies for point in copy.restorable]
    spread = gaps(times, now, evidence.window_s) if times else ()
    away = [copy for copy in copies if copy.repository.site and site and copy.repository.site != site]
    unplaced = [f"the site of {copy.repository.id} is not declared" for copy in copies if not copy.repository.site]
    unplaced += [] if site else [f"the site of {data_set.host} is not declared"]
    far_faults = [copy.fault for copy in away if copy.fault]
    cyber_unknown = [
        *faults,
        *(f"nothing shows whether {copy.repository.id} can be changed" for copy in copies if _undecided(copy)),
    ]
    return DataSetFigures(
        data_set,
        rpo_now=_age(copies, rpo, now, faults, _newest(copies)),
        worst_gap=_worst_gap(copies, rpo, evidence, faults),
        site_loss=_age(away, rpo, now, [*far_faults, *unplaced], _newest(away)),
        cyber=_age(copies, rpo, now, cyber_unknown, "points that nobody can change", _protected(now)),
        gap_median=quantile(spread, 0.5) if spread else None,
        gap_p95=quantile(spread, 0.95) if spread else None,
        held=share_held(times, rpo, (now - evidence.window_s, now)) if times else None,
        depth=measure_depth(times, now, bool(faults)),
        composition=compose(data_set, copies, site, now),
        covered=bool(times) or (None if faults else False),
        copies=copies,
    )


def _kind(copy: Copy, point: RestorePoint) -> Knowledge | None:
    """How surely a point can be brought back."""
    return Knowledge.ESTIMATED if point.doubt else Knowledge.MEASURED


def _protected(now: float) -> _Eligible:
    """How surely a point can be brought back after somebody has tried to destroy it; None when it cannot, or that is unknown."""

    def kind(copy: Copy, point: RestorePoint) -> Knowledge | None:
        if point.immutable_until is None or point.immutable_until <= now:
            return None
        known = _kind(copy, point)
        return Knowledge.ATTESTED if point.immutable_claimed and known is Knowledge.MEASURED else known

    return kind


def _age(
    copies: Iterable[Copy], objective: float, now: float, unknown: Sequence[str], why: str, eligible: _Eligible = _kind
) -> Figure:
    found = [
        (max(0.0, now - point.time), knowledge)
        for copy in copies
        for point in copy.restorable
        if (knowledge := eligible(copy, point)) is not None
    ]
    return judge_best(found, objective, unknown, why)


def _worst_gap(copies: Sequence[Copy], rpo: float, evidence: Evidence, faults: Sequence[str]) -> Figure:
    """The longest gap of the window among all points, and among those that are sure: doubtful ones only make it shorter."""
    points = [point for copy in copies for point in copy.restorable]
    sure = [point.time for point in points if not point.doubt]
    found: list[tuple[float, Knowledge]] = []
    if sure:
        found.append((max(gaps(sure, evidence.now, evidence.window_s)), Knowledge.MEASURED))
    if len(sure) < len(points):
        every = [point.time for point in points]
        found.append((max(gaps(every, evidence.now, evidence.window_s)), Knowledge.ESTIMATED))
    if any(point.method == ARCHIVE for point in points):
        faults = [*faults, "nothing tells how the log was archived in the past"]
    return judge_best(found, rpo * _GAP_FACTOR, faults, "the longest gap of the window")


def _undecided(copy: Copy) -> bool:
    """It has points of which nobody knows whether they can be changed."""
    return any(point.immutable_until is None for point in copy.restorable)


def _newest(copies: Iterable[Copy]) -> str:
    """What the newest point is, in words."""
    points = [(point.time, copy.repository, point.doubt) for copy in copies for point in copy.restorable]
    _, repository, doubt = max(points, key=lambda each: each[0], default=(-math.inf, None, ""))
    if repository is None:
        return "there is no restore point"
    return f"newest in {repository.id} on {repository.host}" + (f"; {doubt}" if doubt else "")
