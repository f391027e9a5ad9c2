"""Figures of a data set and of a service from the copies that were found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secscan.continuity.archive import ARCHIVE
from secscan.continuity.composition import NO_TRIALS, Composition, Depth, compose, is_away, measure_depth
from secscan.continuity.evidence import WINDOW_S, Evidence
from secscan.continuity.extent import Extent, measure_extent
from secscan.continuity.figures import Figure, Knowledge, Verdict, judge_best, worst_of
from secscan.continuity.inclusion import leave_out
from secscan.continuity.intervals import gaps, quantile, share_held
from secscan.continuity.mixing import doubt_mixed
from secscan.continuity.points import Copy, RestorePoint
from secscan.continuity.reading import find_copies
from secscan.continuity.restoring import recover_service
from secscan.continuity.trials import Trials, find_trials
from secscan.continuity.whereabouts import place_of_copy, place_of_data
from secscan.model.service import DataSet, Service

__all__ = [
    "WINDOW_S", "DataSetFigures", "Evidence", "ServiceFigures", "assess_data_set", "assess_service", "assess_services",
    "follow_dependencies", "hold_against", "loss_from", "needed_by",
]  # fmt: skip
GAP_FACTOR = 1.25  # what a gap of the past may exceed the objective by, for the run of a backup takes its time
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
    extent: Extent = field(default_factory=Extent)
    trials: Trials = field(default_factory=Trials)


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The figures of one service: each the worst of its data sets.

    `limits` names, for each figure that is worse with what the service depends on than by itself, the service that it comes from;
    `whole` has the figures with that.
    """

    service: Service
    rpo_now: Figure
    worst_gap: Figure
    site_loss: Figure
    cyber: Figure
    rto: Figure
    data_sets: tuple[DataSetFigures, ...]
    whole: Mapping[str, Figure] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    @property
    def objectives(self) -> Mapping[str, Figure]:
        """The figures that an objective is declared for, by name: with what the service depends on, where that is known."""
        return {**self.own, **self.whole}

    @property
    def promised(self) -> Mapping[str, Figure]:
        """Those of them that are held against an objective: a service without data, near or far, loses none."""
        return {name: figure for name, figure in self.objectives.items() if self.has(name) or name in self.limits}

    @property
    def own(self) -> Mapping[str, Figure]:
        """The same of the service by itself."""
        return {
            "rpo_now": self.rpo_now, "worst_gap": self.worst_gap, "site_loss": self.site_loss, "cyber": self.cyber, "rto": self.rto,
        }  # fmt: skip

    def limit(self, name: str) -> float:
        """What a figure may be at most to meet its objective, in seconds."""
        allowed = {"rto": self.service.rto, "worst_gap": self.service.rpo * GAP_FACTOR}
        return allowed.get(name, self.service.rpo)

    def has(self, name: str) -> bool:
        """Whether a figure says anything of this service: one without data loses none."""
        return name == "rto" or bool(self.service.data_sets)


def assess_services(services: Sequence[Service], evidence: Evidence) -> tuple[ServiceFigures, ...]:
    """The figures of services, each also with what it depends on."""
    return follow_dependencies([assess_service(service, evidence) for service in services])


def follow_dependencies(services: Sequence[ServiceFigures]) -> tuple[ServiceFigures, ...]:
    """The services with their figures as they are with everything they depend on, near or far: no service is better than that.

    What is needed is taken to be restored side by side; its times are held against the objectives of the service that needs it.
    """
    known = {each.service.name: each for each in services}
    needs = {name: each.service.depends_on for name, each in known.items()}
    return tuple(_with_needs(each, [known[name] for name in needed_by(each.service.name, needs)]) for each in services)


def needed_by(name: str, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Everything that something needs, near first, each once and without itself, whatever circles there are.

    >>> needed_by("erp", {"erp": ["db", "dns"], "db": ["dns", "san"], "san": ["erp"], "dns": []})
    ['db', 'dns', 'san']
    """
    found = {name: None}
    waiting = [name]
    while waiting:
        following = [other for each in waiting for other in needs.get(each, ()) if other in needs and other not in found]
        waiting = list(dict.fromkeys(following))
        found |= dict.fromkeys(waiting)
    return [each for each in found if each != name]


def _with_needs(figures: ServiceFigures, needed: Sequence[ServiceFigures]) -> ServiceFigures:
    whole: dict[str, Figure] = {}
    limits: dict[str, str] = {}
    for name, own in figures.own.items():
        objective = figures.limit(name)
        others = [(each.service.name, hold_against(objective, each.own[name])) for each in needed if each.has(name)]
        worst = worst_of([*([(figures.service.name, own)] if figures.has(name) or not others else ()), *others])
        same = (worst.verdict, worst.seconds) == (own.verdict, own.seconds)
        whole[name] = own if same and worst.knowledge is own.knowledge else worst
        if not same:
            limits[name] = next(
                part for part, figure in others if (figure.verdict, figure.seconds) == (worst.verdict, worst.seconds)
            )
    return replace(figures, whole=whole, limits=limits)


def hold_against(objective: float, figure: Figure) -> Figure:
    """A figure against another objective than its own."""
    if figure.seconds is None or figure.knowledge is Knowledge.UNKNOWN:
        return figure
    if figure.seconds > objective:
        return replace(figure, verdict=Verdict.MISSED)
    return replace(figure, verdict=Verdict.PARTLY if figure.knowledge is Knowledge.ESTIMATED else Verdict.MET)


def assess_service(service: Service, evidence: Evidence) -> ServiceFigures:
    """The figures of a service from those of its data sets."""
    sets = tuple(
        assess_data_set(data_set, service.rpo, evidence, find_trials(service, data_set, evidence)) for data_set in service.data_sets
    )
    return ServiceFigures(
        service,
        rpo_now=worst_of([(each.data_set.id, each.rpo_now) for each in sets]),
        worst_gap=worst_of([(each.data_set.id, each.worst_gap) for each in sets]),
        site_loss=worst_of([(each.data_set.id, each.site_loss) for each in sets]),
        cyber=worst_of([(each.data_set.id, each.cyber) for each in sets]),
        rto=recover_service(
            service,
            {each.data_set.id: each.trials for each in sets},
            {each.data_set.id: each.extent.size for each in sets},
            evidence,
        ),
        data_sets=sets,
    )


def assess_data_set(data_set: DataSet, rpo: float, evidence: Evidence, trials: Trials = NO_TRIALS) -> DataSetFigures:
    """The figures of a data set against the objective of its service."""
    found = find_copies(data_set, evidence.repositories, evidence.views, evidence.now)
    copies = doubt_mixed(data_set, leave_out(data_set, found, evidence), evidence)
    site, now = evidence.host_sites.get(data_set.host, ""), evidence.now
    homes = place_of_data(data_set, evidence)
    places = {copy.repository.id: place_of_copy(copy, evidence) for copy in copies}
    faults = [copy.fault for copy in copies if copy.fault]
    times = [point.time for copy in copies for point in copy.restorable]
    spread = gaps(times, now, evidence.window_s) if times else ()
    away = [copy for copy in copies if is_away(copy, places[copy.repository.id], homes, site)]
    unplaced = [place.doubt for place in places.values() if place.doubt]
    unplaced += [
        f"{copy.repository.host} and {data_set.host} are one machine by what they tell of themselves"
        for copy in copies
        if copy.repository.host != data_set.host and copy.repository.site != site
        if any(places[copy.repository.id].machine == home.machine for home in homes)
    ]
    unplaced += [f"the site of {copy.repository.id} is not declared" for copy in copies if not copy.repository.site]
    unplaced += [] if site else [f"the site of {data_set.host} is not declared"]
    far_faults = [copy.fault for copy in away if copy.fault]
    cyber_unknown = [
        *faults,
        *(f"nothing shows whether {copy.repository.id} can be changed" for copy in copies if _undecided(copy)),
    ]
    covered = bool(times) or (None if faults else False)
    return DataSetFigures(
        data_set,
        rpo_now=_age(copies, rpo, now, faults, _newest(copies)),
        worst_gap=_worst_gap(copies, rpo, evidence, faults),
        site_loss=_age(away, rpo, now, [*far_faults, *unplaced], _newest(away)),
        cyber=_age(copies, rpo, now, cyber_unknown, _protection(copies, now), _protected(now)),
        gap_median=quantile(spread, 0.5) if spread else None,
        gap_p95=quantile(spread, 0.95) if spread else None,
        held=share_held(times, rpo, (now - evidence.window_s, now)) if times else None,
        depth=measure_depth(times, now, bool(faults)),
        composition=compose(data_set, copies, evidence, trials),
        covered=covered,
        copies=copies,
        extent=measure_extent(data_set, copies, covered, evidence),
        trials=trials,
    )


def loss_from(copies: Sequence[Copy], objective: float, now: float, unknown: Sequence[str] = ()) -> Figure:
    """What is lost when only these copies are left. `unknown` says of others why nobody knows whether they are."""
    return _age(copies, objective, now, [*(copy.fault for copy in copies if copy.fault), *unknown], _newest(copies))


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


def _protection(copies: Sequence[Copy], now: float) -> str:
    held = any(_protected(now)(copy, point) for copy in copies for point in copy.restorable)
    return "points that nobody can change" if held else "there is no restore point that nobody can change"


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
    return judge_best(found, rpo * GAP_FACTOR, faults, "the longest gap of the window" if points else _newest(copies))


def _undecided(copy: Copy) -> bool:
    """It has points of which nobody knows whether they can be changed."""
    return any(point.immutable_until is None for point in copy.restorable)


def _newest(copies: Sequence[Copy]) -> str:
    """What the newest point is, in words."""
    points = [(point.time, copy.repository, point.doubt) for copy in copies for point in copy.restorable]
    _, repository, doubt = max(points, key=lambda each: each[0], default=(-math.inf, None, ""))
    if repository is None:
        return "; ".join(dict.fromkeys(copy.left_out for copy in copies if copy.left_out)) or "there is no restore point"
    return f"newest in {repository.id} on {repository.host}" + (f"; {doubt}" if doubt else "")
