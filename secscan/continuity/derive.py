"""Answers of derived probes: what is made of the evidence of all hosts and of what is declared, for each subject. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from secscan.continuity.assess import ServiceFigures, assess_services
from secscan.continuity.dependencies import find_elements
from secscan.continuity.evidence import Evidence
from secscan.continuity.expiry import expiry_records
from secscan.continuity.extent import find_strays
from secscan.continuity.figures import Figure, Knowledge, Verdict
from secscan.continuity.fleet import (
    address_records,
    clock_records,
    key_records,
    opener_records,
    reading_records,
    restart_records,
)
from secscan.continuity.trials import CRITICAL, Trials
from secscan.model.attestation import StatementScope
from secscan.model.probe import Answer
from secscan.model.values import Absent, Unobservable, Value
from secscan.syntax.told import write_told

Told = Mapping[str, Any] | Absent | Unobservable


def subject_of(service: str) -> str:
    """What results about a service are about, written as the scope of a statement about it."""
    return str(StatementScope(services=(service,)))


def answer_services(evidence: Evidence, probes: Iterable[str]) -> dict[str, dict[str, Answer]]:
    """The answers of derived probes about each declared service, by subject and probe."""
    wanted = [name for name in probes if name in ABOUT_SERVICES]
    figures = assess_services(evidence.services, evidence) if wanted else ()
    return {
        subject_of(each.service.name): {name: write_told(ABOUT_SERVICES[name](each, evidence)) for name in wanted}
        for each in figures
    }


def answer_organization(evidence: Evidence, probes: Iterable[str]) -> dict[str, Answer]:
    """The answers of derived probes about the organization, by probe."""
    return {name: write_told(ABOUT_ORGANIZATION[name](evidence)) for name in probes if name in ABOUT_ORGANIZATION}


def _tell_continuity(figures: ServiceFigures, evidence: Evidence) -> Told:
    service = figures.service
    critical = service.criticality in CRITICAL
    return {
        "service": service.name,
        "criticality": service.criticality,
        "owner": service.owner,
        "rpo": service.rpo,
        "rto": service.rto,
        "recovery_time": _length(figures.whole["rto"], "a recovery that ends"),
        "recovery_known": figures.whole["rto"].knowledge.value,
        "recovery_limited_by": figures.limits.get("rto", Absent("another service")),
        "critical": critical,
        "data_sets": [
            {
                "id": each.data_set.id,
                "host": each.data_set.host,
                "critical": critical,
                "rpo": service.rpo,
                "data_loss": _length(each.rpo_now, "a restore point"),
                "worst_gap": _length(each.worst_gap, "a restore point"),
                "worst_gap_allowed": figures.limit("worst_gap"),
                "site_loss": _length(each.site_loss, "a restore point at another site"),
                "attack_loss": _length(each.cyber, "a restore point that nobody can change"),
                "covered": each.covered if each.covered is not None else Unobservable(_faults(each.copies)),
                "size": each.extent.size if each.extent.size is not None else Unobservable(each.extent.why),
                "uncovered": each.extent.uncovered
                if each.extent.uncovered is not None
                else Unobservable(each.extent.why or _faults(each.copies)),
                "copies_rule": _verdict(each.composition.verdict, "; ".join(each.composition.missing)),
                "reaches_back": _verdict(each.depth.verdict, _faults(each.copies)),
                "restore_tested": _tested(each.trials),
            }
            for each in figures.data_sets
        ],
        "needs": [
            {"figure": name, "service": limiting, "length": _length(figures.whole[name], "an end"), "allowed": figures.limit(name)}
            for name, limiting in figures.limits.items()
        ],
    }


def _length(figure: Figure, what: str) -> Value:
    """A figure as a length of time that can be judged: an estimate within the objective, and what is not known, cannot."""
    if figure.seconds is None or figure.knowledge is Knowledge.UNKNOWN:
        return Unobservable(figure.why or "it is not known")
    if figure.verdict is Verdict.PARTLY:
        return Unobservable(f"it is only estimated: {figure.why}")
    return Absent(what) if math.isinf(figure.seconds) else figure.seconds


def _verdict(verdict: Verdict, why: str) -> bool | Unobservable:
    return Unobservable(why or "it is not known") if verdict is Verdict.UNKNOWN else verdict is Verdict.MET


def _faults(copies: Iterable[Any]) -> str:
    return "; ".join(dict.fromkeys(copy.fault for copy in copies if copy.fault)) or "it is not known"


def _tested(trials: Trials) -> Value:
    """When a restore was last tested with success; a later one that failed takes its place."""
    newest = trials.newest
    if newest and newest.passed:
        return (
            newest.finished
            if newest.knowledge is not Knowledge.ESTIMATED
            else Unobservable(f"the clock is not known: {newest.source}")
        )
    if newest:
        return Absent(f"a restore that worked since the one that failed ({newest.source})")
    reasons = (*trials.faults, *trials.notes)
    return Unobservable("; ".join(reasons)) if reasons else Absent("a restore test")


def _tell_elements(figures: ServiceFigures, evidence: Evidence) -> Told:
    service = figures.service
    elements = [
        {"kind": each.kind, "name": each.name, "service": each.service, "single": each.single, "why": each.why}
        for each in find_elements(service, evidence)
    ]
    return {"service": service.name, "criticality": service.criticality, "elements": elements}


def _tell_clocks(evidence: Evidence) -> Told:
    clocks = clock_records(evidence)
    return {"hosts": len(clocks), "clocks": clocks} if clocks else Unobservable("no host was read")


def _tell_keys(evidence: Evidence) -> Told:
    return {"hosts": len(evidence.hosts), "keys": key_records(evidence)} if evidence.hosts else Unobservable("no host was read")


def _tell_addresses(evidence: Evidence) -> Told:
    found = address_records(evidence)
    return {"hosts": len(evidence.hosts), "addresses": found} if evidence.hosts else Unobservable("no host was read")


def _tell_openers(evidence: Evidence) -> Told:
    return {"hosts": len(evidence.hosts), "keys": opener_records(evidence)} if evidence.hosts else Unobservable("no host was read")


def _tell_restarts(evidence: Evidence) -> Told:
    restarts = restart_records(evidence)
    return {"hosts": len(restarts), "restarts": restarts} if restarts else Unobservable("no host was read")


def _tell_expiry(evidence: Evidence) -> Told:
    return (
        {"hosts": len(evidence.hosts), "ending": expiry_records(evidence)} if evidence.hosts else Unobservable("no host was read")
    )


def _tell_reading(evidence: Evidence) -> Told:
    readings = reading_records(evidence)
    if not readings:
        return Unobservable("no host is declared")
    read = sum(record["read"] is True for record in readings)
    return {"hosts": len(readings), "read": read, "read_percent": 100.0 * read / len(readings), "readings": readings}


def _tell_strays(evidence: Evidence) -> Told:
    if not evidence.services:
        return Unobservable("no service is declared; allowed: an inventory (-i) with `services`")
    places: list[dict[str, Any]] = [
        {"host": host, "path": Unobservable(fault), "size": Unobservable(fault)}
        for host in evidence.hosts
        for fault in [evidence.why_untold(host, "data_usage")]
        if fault
    ]
    places += [
        {
            "host": each.host,
            "path": each.path,
            "size": each.size if each.size is not None else Unobservable(f"not all of {each.path} may be read"),
        }
        for each in find_strays(evidence)
    ]
    return {"hosts": len(evidence.hosts), "places": places}


ABOUT_SERVICES: Mapping[str, Callable[[ServiceFigures, Evidence], Told]] = {
    "service_continuity": _tell_continuity,
    "service_elements": _tell_elements,
}
"""What tells about a service, by the name of the derived probe."""
ABOUT_ORGANIZATION: Mapping[str, Callable[[Evidence], Told]] = {
    "fleet_clocks": _tell_clocks,
    "fleet_addresses": _tell_addresses,
    "fleet_keys": _tell_keys,
    "fleet_openers": _tell_openers,
    "fleet_restarts": _tell_restarts,
    "fleet_expiry": _tell_expiry,
    "fleet_reading": _tell_reading,
    "fleet_strays": _tell_strays,
}
"""What tells about the organization, by the name of the derived probe."""
