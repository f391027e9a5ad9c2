"""Figures, scenarios, elements and indicators as plain data for JSON; times in seconds, sizes in bytes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
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
from secscan.model.values import Absent, Record, Unobservable


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
            "errors": rule.errors, "verdict": rule.verdict.value, "missing": list(rule.missing),
        },
        "depth": {
            "seconds": depth.seconds, "days": depth.days, "weeks": depth.weeks, "months": depth.months,
            "verdict": depth.verdict.value,
        },
        "repositories": [_copy_document(copy) for copy in each.copies],
    }  # fmt: skip


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
