"""Figures in words of one line, and as plain data for JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.continuity.assess import DataSetFigures, ServiceFigures
from secscan.continuity.dependencies import Element, Loss
from secscan.continuity.evidence import Evidence
from secscan.continuity.extent import Stray
from secscan.continuity.figures import Figure
from secscan.continuity.indicators import Indicator
from secscan.continuity.points import Copy
from secscan.continuity.scenarios import Scenario
from secscan.continuity.trials import Trials
from secscan.model.values import Absent, Record, Unobservable, write_duration

TITLES = {
    "rpo_now": "data loss now",
    "worst_gap": "worst in window",
    "site_loss": "loss of the site",
    "cyber": "attack on backups",
    "rto": "recovery time",
}


def short_lines(figures: ServiceFigures) -> Iterator[str]:
    """A service in a few lines: each objective against its figure, its data sets, and what does not fit together."""
    service = figures.service
    yield f"{service.name}  {service.criticality}, owner {service.owner}"
    for name, figure in figures.objectives.items():
        objective = service.rto if name == "rto" else service.rpo
        limited = f" (limited by {figures.limits[name]}; by itself {written(figures.own[name])})" if name in figures.limits else ""
        yield (
            f"  {TITLES[name]:<18}{written(figure):<12}{figure.knowledge:<11}"
            f"{figure.verdict} (objective {write_duration(objective)}): {figure.why}{limited}"
        )
    covered = sum(each.covered is True for each in figures.data_sets)
    unknown = sum(each.covered is None for each in figures.data_sets)
    rest = f", {unknown} unknown" if unknown else ""
    yield f"  {'coverage':<18}{covered} of {len(figures.data_sets)} data sets have a restore point{rest}{_uncovered(figures)}"
    for each in figures.data_sets:
        yield f"  {each.data_set.id}: {_describe(each)}"
        for note in (*each.trials.notes, *each.trials.strays):
            yield f"    {note}"
        for copy in each.copies:
            for note in (copy.fault, *copy.notes):
                if note:
                    yield f"    {copy.repository.id}: {note}"


def loss_line(loss: Loss) -> str:
    """What stops with one element, in one line."""
    return f"without {loss.kind} {loss.name}: {', '.join(loss.services)} stop{'s' if len(loss.services) == 1 else ''}"


def stray_line(stray: Stray) -> str:
    """A place that no service declares, in one line."""
    return f"{stray.host}:{stray.path} ({written_size(stray.size)}) belongs to no declared data set"


def written_size(size: int | None) -> str:
    """Bytes with a unit, `?` when they are not known.

    >>> written_size(None), written_size(512), written_size(10 * 2**30)
    ('?', '512 B', '10.0 GiB')
    """
    if size is None:
        return "?"
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def _uncovered(figures: ServiceFigures) -> str:
    sizes = [each.extent.uncovered for each in figures.data_sets]
    if not sizes or not any(size is None or size for size in sizes):
        return ""
    known = sum(size for size in sizes if size)
    parts = [*([written_size(known)] if known else []), *(["what is not known"] if None in sizes else [])]
    return f"; in no backup: {' and '.join(parts)}"


def indicator_line(indicator: Indicator) -> str:
    """An indicator in one line, with the numbers that belong to it."""
    apart = {"estimated": len(indicator.estimated), "unknown": len(indicator.unknown)}
    rest = [f"{count} {word}" for word, count in apart.items() if count]
    rest += [*_numbers(indicator.numbers), *indicator.notes]
    return f"{indicator.id:<9}{len(indicator.met)} of {len(indicator.of)} {indicator.title}" + (
        f" ({'; '.join(rest)})" if rest else ""
    )


def _numbers(numbers: Mapping[str, float | None]) -> Iterator[str]:
    if "bytes" in numbers:
        held, found = (None if value is None else int(value) for value in (numbers["bytes_covered"], numbers["bytes"]))
        yield f"{written_size(held)} of {written_size(found)}"
    if numbers.get("overdue") and (days := numbers["median_days_overdue"]) is not None:
        yield f"{numbers['overdue']:g} overdue, by {days:.0f} days in the median"
    if "in_30_days" in numbers:
        yield f"{numbers['in_30_days']:g} within 30 days, {numbers['in_90_days']:g} within 90"


def scenario_document(scenario: Scenario) -> dict[str, Any]:
    """What fails when something is lost, as plain data."""
    return {
        "kind": scenario.kind,
        "name": scenario.name,
        "stops": list(scenario.stops),
        "data_sets": [
            {
                "service": each.service,
                "data_set": each.data_set,
                "live_lost": each.live,
                "repositories_lost": list(each.repositories),
                "loss": figure_document(each.loss),
            }
            for each in scenario.setbacks
        ],
    }


def indicator_document(indicator: Indicator) -> dict[str, Any]:
    """An indicator as plain data."""
    return dataclasses.asdict(indicator)


def written(figure: Figure) -> str:
    """The length of time in the two largest units, `never` without an end, `?` when it is not known."""
    if figure.seconds is None:
        return "?"
    if math.isinf(figure.seconds):
        return "never"
    unit = 60 if figure.seconds >= 3600 else 1
    return write_duration(figure.seconds // unit * unit)


def service_document(figures: ServiceFigures) -> dict[str, Any]:
    """A service as plain data; times in seconds."""
    service = figures.service
    sizes = [each.extent.size for each in figures.data_sets]
    uncovered = [each.extent.uncovered for each in figures.data_sets]
    return {
        "service": service.name,
        "owner": service.owner,
        "criticality": service.criticality,
        "objectives": {"rpo": service.rpo, "rto": service.rto},
        "depends_on": list(service.depends_on),
        "sites": list(service.sites),
        "figures": {name: figure_document(figure) for name, figure in figures.objectives.items()},
        "own_figures": {name: figure_document(figure) for name, figure in figures.own.items()},
        "limited_by": dict(figures.limits),
        "size": sum(sizes) if sizes and None not in sizes else None,
        "uncovered": sum(uncovered) if uncovered and None not in uncovered else None,
        "data_sets": [_data_set_document(each) for each in figures.data_sets],
    }


def figure_document(figure: Figure) -> dict[str, Any]:
    """A figure as plain data; JSON knows no infinity, so that `never` says it."""
    never = figure.seconds is not None and math.isinf(figure.seconds)
    return {
        "seconds": None if never else figure.seconds,
        "never": never,
        "knowledge": figure.knowledge.value,
        "verdict": figure.verdict.value,
        "why": figure.why,
    }


def _describe(each: DataSetFigures) -> str:
    rule, depth = each.composition, each.depth
    errors = "?" if rule.errors is None else rule.errors
    held = "" if each.held is None else f", objective held {each.held:.1%} of the window"
    back = "?" if depth.seconds is None else f"{depth.seconds / 86400:.0f}d"
    return (
        f"3-2-1-1-0 {rule.verdict} ({rule.copies} copies, {rule.hosts} hosts, {rule.off_site} off-site, "
        f"{rule.immutable} immutable, {errors} errors); reaches back {back} ({depth.verdict}){held}"
    )


def _data_set_document(each: DataSetFigures) -> dict[str, Any]:
    rule, depth = each.composition, each.depth
    return {
        "id": each.data_set.id,
        "host": each.data_set.host,
        "paths": list(each.data_set.paths),
        "database": each.data_set.database,
        "covered": each.covered,
        "size": each.extent.size,
        "uncovered": each.extent.uncovered,
        "size_fault": each.extent.why,
        "restore_tests": _trials_document(each.trials),
        "figures": {
            "rpo_now": figure_document(each.rpo_now),
            "worst_gap": {**figure_document(each.worst_gap), "median": _finite(each.gap_median), "p95": _finite(each.gap_p95)},
            "site_loss": figure_document(each.site_loss),
            "cyber": figure_document(each.cyber),
        },
        "held": each.held,
        "rule_32110": {
            "copies": rule.copies, "hosts": rule.hosts, "off_site": rule.off_site, "immutable": rule.immutable,
            "errors": rule.errors, "verdict": rule.verdict.value,
        },
        "depth": {
            "seconds": depth.seconds, "days": depth.days, "weeks": depth.weeks, "months": depth.months,
            "verdict": depth.verdict.value,
        },
        "repositories": [_copy_document(copy) for copy in each.copies],
    }  # fmt: skip


def element_document(element: Element) -> dict[str, Any]:
    """Something that a service hangs on; `single` is null where that is not known (`fault` says why) or not its own."""
    single = element.single
    return {
        "kind": element.kind,
        "name": element.name,
        "service": element.service,
        "single": single if isinstance(single, bool) else None,
        "fault": single.reason if isinstance(single, Unobservable) else "",
        "not_its_own": isinstance(single, Absent),
        "why": element.why,
    }


def fleet_document(evidence: Evidence, losses: Iterable[Loss], strays: Iterable[Stray]) -> dict[str, Any]:
    """What is told of all hosts together: who was not read, what stops with what, what belongs to nobody."""
    return {
        "hosts": [
            {
                "host": host,
                "site": evidence.host_sites.get(host, ""),
                "read": host in evidence.views,
                "why": evidence.unread.get(host, ""),
            }
            for host in evidence.hosts
        ],
        "losses": [{"kind": each.kind, "name": each.name, "services": list(each.services)} for each in losses],
        "undeclared": [{"host": each.host, "path": each.path, "size": each.size} for each in strays],
    }


def ending_document(record: Record) -> dict[str, Any]:
    """Something that ends; `ends` is null where that is not known, and `fault` says why."""
    ends = record["ends"]
    return {
        **{name: record[name] for name in ("kind", "name", "place")},
        "ends": ends if isinstance(ends, int | float) else None,
        "fault": ends.reason if isinstance(ends, Unobservable) else "",
    }


def _trials_document(trials: Trials) -> dict[str, Any]:
    return {
        "tests": [
            {
                "started": trial.started,
                "finished": trial.finished,
                "passed": trial.passed,
                "knowledge": trial.knowledge.value,
                "source": trial.source,
                "bytes": trial.restored_bytes,
                "full_bytes": trial.full_bytes,
            }
            for trial in trials.found
        ],
        "faults": list(trials.faults),
        "notes": [*trials.notes, *trials.strays],
    }


def _copy_document(copy: Copy) -> dict[str, Any]:
    repository = copy.repository
    return {
        "id": repository.id,
        "host": repository.host,
        "site": repository.site,
        "tool": repository.tool,
        "path": repository.path,
        "fault": copy.fault,
        "claimed_by_client": copy.claimed,
        "errors": copy.errors,
        "notes": list(copy.notes),
        "points": [
            {
                "time": point.time,
                "integrity": point.integrity.value,
                "encrypted": point.encrypted,
                "immutable_until": _finite(point.immutable_until),
                "immutable_for_ever": point.immutable_until == math.inf,
                "immutable_claimed": point.immutable_claimed,
                "doubt": point.doubt,
                "name": point.name,
                "size": point.size,
            }
            for point in copy.points
        ],
    }


def _finite(seconds: float | None) -> float | None:
    return seconds if seconds is not None and math.isfinite(seconds) else None
