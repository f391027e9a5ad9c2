"""Indicators over all services: how many of what there is, and which ones, so that each number can be traced.

The set is K1 to K12: coverage, objectives, tests, exercises, plans, open actions, what ends, what there is only one of, weakest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secscan.continuity.actions import open_actions
from secscan.continuity.assess import DataSetFigures, ServiceFigures
from secscan.continuity.dependencies import find_elements
from secscan.continuity.evidence import Evidence
from secscan.continuity.expiry import expiry_records
from secscan.continuity.extent import Stray, find_strays
from secscan.continuity.figures import Knowledge, Verdict
from secscan.continuity.statements import judge_statements
from secscan.continuity.trials import CRITICAL, Trials, limit_for
from secscan.model.assessment import Result
from secscan.model.values import Unobservable

DAY_S = 86400.0
EXERCISES = ("recovery_exercised",)
PLANS = (
    "continuity_managed",
    "impact_analysis_done",
    "incident_plan_tested",
    "recovery_plan_approved",
    "recovery_run_books_tested",
)
CHECKS: Mapping[str, tuple[str, ...]] = {
    "K1": ("service_data_covered", "data_all_declared"),
    "K2": ("service_data_loss_within_objective",),
    "K3-site": ("service_survives_loss_of_its_site",),
    "K3-cyber": ("service_survives_attack_on_backups",),
    "K4": ("service_restores_tested", "restore_tested"),
    "K5": ("service_recovers_in_time",),
    "K6": EXERCISES,
    "K7": PLANS,
    "K8": ("data_all_declared",),
    "K9": ("recovery_actions_closed",),
    "K10": ("nothing_ends_within_a_month", "renewals_planned_for_a_quarter"),
    "K11": ("service_without_single_points_of_failure",),
}
"""The checks that judge what an indicator counts."""
_OF_PARTS = ("K1", "K2", "K3-site", "K3-cyber", "K4", "K5")


@dataclass(frozen=True, slots=True)
class Trace:
    """A result that an indicator rests on."""

    check: str
    subject: str
    outcome: str
    disposition: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """`met` of `of`, by their names (SERVICE/DATA SET, HOST:PATH, SERVICE, ...); every other name is in one of the other three.

    `numbers` are figures beside the count, None where they are not known; `notes` say more; `results` judge the same things, and
    `statements` are the ids of what people have stated about them.
    """

    id: str
    title: str
    met: tuple[str, ...]
    missed: tuple[str, ...]
    estimated: tuple[str, ...]
    unknown: tuple[str, ...]
    of: tuple[str, ...]
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    results: tuple[Trace, ...] = ()
    statements: tuple[str, ...] = ()


def measure_indicators(
    services: Sequence[ServiceFigures], evidence: Evidence, results: Sequence[Result] = ()
) -> tuple[Indicator, ...]:
    """K1 to K12, each with the results that judge the same."""
    strays = tuple(find_strays(evidence))
    counted = [*_of_data(services, evidence, strays), *_of_services(services, evidence)]
    counted.sort(key=lambda each: int(each.id.removeprefix("K").partition("-")[0]))
    counted.append(_weakest(services, {each.id: each for each in counted if each.id in _OF_PARTS}))
    checks = {**CHECKS, "K12": tuple(dict.fromkeys(check for part in _OF_PARTS for check in CHECKS[part]))}
    return tuple(
        replace(each, results=_traces(checks[each.id], results), statements=_statements(checks[each.id], evidence))
        for each in counted
    )


def _of_data(services: Sequence[ServiceFigures], evidence: Evidence, strays: Sequence[Stray]) -> Iterable[Indicator]:
    sets = {f"{each.service.name}/{data.data_set.id}": (each, data) for each in services for data in each.data_sets}
    others = {f"{stray.host}:{stray.path}": Verdict.MISSED for stray in strays}

    def count(name: str, title: str, verdict: Callable[[DataSetFigures], Verdict]) -> Indicator:
        return _sort(name, title, {place: verdict(data) for place, (_, data) in sets.items()})

    covered = {place: _covered(data) for place, (_, data) in sets.items()}
    yield replace(_sort("K1", "data sets with a restore point", covered | others), numbers=_bytes(services, strays))
    yield count("K2", "data sets that lose no more than the objective", lambda data: data.rpo_now.verdict)
    yield count(
        "K3-site", "data sets that survive the loss of their site within the objective", lambda data: data.site_loss.verdict
    )
    yield count("K3-cyber", "data sets that survive an attack on backups within the objective", lambda data: data.cyber.verdict)
    tested = {
        place: _tested(data.trials, evidence.now, limit_for(each.service))
        for place, (each, data) in sets.items()
        if each.service.criticality in CRITICAL
    }
    yield _sort("K4", "critical data sets with a restore that was tested in time", tested)
    yield _sort("K8", "data sets with owner and objectives", dict.fromkeys(sets, Verdict.MET) | others)


def _of_services(services: Sequence[ServiceFigures], evidence: Evidence) -> Iterable[Indicator]:
    critical = [each for each in services if each.service.criticality in CRITICAL]
    back = {each.service.name: each.objectives["rto"].verdict for each in critical}
    exercised = {each.service.name: judge_statements(EXERCISES, evidence, each.service.name) for each in critical}
    plans = {plan: judge_statements((plan,), evidence) for plan in PLANS}
    yield _sort("K5", "critical services that recover within the objective", back)
    yield _sort("K6", "critical services whose recovery was exercised in time", exercised)
    yield _sort("K7", "plans that were reviewed in time", plans)
    actions = open_actions(evidence)
    yield replace(
        _sort("K9", "open actions that are not overdue", actions.verdicts),
        numbers={"overdue": actions.overdue, "median_days_overdue": actions.median_days},
    )
    yield _ending(evidence)
    alone = {each.service.name: _spread(each, evidence) for each in critical}
    yield _sort("K11", "critical services that need no single host or site", alone)


def _covered(data: DataSetFigures) -> Verdict:
    if data.covered is None:
        return Verdict.UNKNOWN
    return Verdict.MET if data.covered else Verdict.MISSED


def _tested(trials: Trials, now: float, limit_s: float) -> Verdict:
    current = trials.current(now, limit_s)
    if current:
        return Verdict.PARTLY if current.knowledge is Knowledge.ESTIMATED else Verdict.MET
    return Verdict.UNKNOWN if not trials.found and (trials.faults or trials.notes) else Verdict.MISSED


def _bytes(services: Sequence[ServiceFigures], strays: Sequence[Stray]) -> Mapping[str, float | None]:
    """Bytes that were discovered, and those of them with a restore point; None where some size is not known."""
    extents = [data.extent for each in services for data in each.data_sets]
    sizes = [*(extent.size for extent in extents), *(stray.size for stray in strays)]
    held = [
        None if extent.size is None or extent.uncovered is None else max(0, extent.size - extent.uncovered) for extent in extents
    ]
    known = [size for size in sizes if size is not None]
    covered = [size for size in held if size is not None]
    return {
        "bytes_covered": float(sum(covered)) if len(covered) == len(held) else None,
        "bytes": float(sum(known)) if len(known) == len(sizes) else None,
    }


def _ending(evidence: Evidence) -> Indicator:
    left: dict[str, float | None] = {}
    for record in expiry_records(evidence):
        ends = record["ends"]
        left[f"{record['kind']} {record['name']} ({record['place']})"] = (
            float(ends) - evidence.now if isinstance(ends, int | float) else None
        )
    verdicts = {
        name: Verdict.UNKNOWN if rest is None else Verdict.MET if rest > 90 * DAY_S else Verdict.MISSED
        for name, rest in left.items()
    }
    numbers = {
        f"in_{days}_days": float(sum(rest is not None and rest <= days * DAY_S for rest in left.values())) for days in (30, 90)
    }
    return replace(_sort("K10", "things that end by themselves, and not within 90 days", verdicts), numbers=numbers)


def _spread(figures: ServiceFigures, evidence: Evidence) -> Verdict:
    single = [each.single for each in find_elements(figures.service, evidence) if each.kind in {"host", "site"}]
    if any(each is True for each in single):
        return Verdict.MISSED
    return Verdict.UNKNOWN if not single or any(isinstance(each, Unobservable) for each in single) else Verdict.MET


def _weakest(services: Sequence[ServiceFigures], counted: Mapping[str, Indicator]) -> Indicator:
    """Each owner by the lowest of the shares that are met among what the owner answers for."""
    lowest: dict[str, tuple[float, str]] = {}
    for owner in dict.fromkeys(each.service.owner for each in services):
        names = {each.service.name for each in services if each.service.owner == owner}
        shares = []
        for each in counted.values():
            mine = [item for item in each.of if item in names or item.partition("/")[0] in names]
            if mine:
                met = len(set(mine) & set(each.met))
                shares.append((met / len(mine), f"{owner}: {each.id}, {met} of {len(mine)}"))
        if shares:
            lowest[owner] = min(shares)
    verdicts = {owner: Verdict.MET if share == 1 else Verdict.MISSED for owner, (share, _) in lowest.items()}
    share, note = min(lowest.values(), default=(None, ""))
    return replace(
        _sort("K12", "owners for whom K1 to K5 are met in everything", verdicts),
        numbers={"lowest": share},
        notes=(note,) if note else (),
    )


def _sort(name: str, title: str, verdicts: Mapping[str, Verdict]) -> Indicator:
    def those(wanted: Verdict) -> tuple[str, ...]:
        return tuple(place for place, verdict in verdicts.items() if verdict is wanted)

    return Indicator(
        name, title, those(Verdict.MET), those(Verdict.MISSED), those(Verdict.PARTLY), those(Verdict.UNKNOWN), tuple(verdicts)
    )


def _statements(checks: tuple[str, ...], evidence: Evidence) -> tuple[str, ...]:
    return tuple(each.id for each in evidence.attestations if not set(checks).isdisjoint(each.checks))


def _traces(checks: tuple[str, ...], results: Sequence[Result]) -> tuple[Trace, ...]:
    return tuple(
        Trace(each.check, each.subject, each.outcome.value, each.disposition.value) for each in results if each.check in checks
    )
