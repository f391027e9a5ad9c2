"""A service with one data set, and what hosts tell of it: what the tests here begin with."""

from __future__ import annotations

import math

from secscan.continuity.assess import ServiceFigures, assess_service, assess_services
from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Figure
from secscan.continuity.reading import HostView, Look
from secscan.model.attestation import Attestation, EvidenceFile, FileState, Person, Stated, StatementScope
from secscan.model.probe import Call, Observed
from secscan.model.service import DataSet, Repository, Service
from secscan.model.values import Absent

HOUR, DAY, GIB = 3600.0, 86400.0, 2**30
NOW = 1_790_000_000.0
FAR = Repository("far", "vault", "/srv/borg", "restic", "valencia", math.inf)
FILES = DataSet("files", "db1", ("/srv/erp",), backups=("far",))
ERP = Service("erp", "Chief", "critical", 4 * HOUR, 8 * HOUR, (FILES,))


def look(probe: str, arguments: dict[str, object] | None = None, **attributes) -> Look:
    return Look(Call.of(probe, arguments or {}), Observed(attributes))


def restored(**told):
    fields = dict.fromkeys(("service", "bytes", "full_bytes", "restore_point", "repository", "verified_by", "by"), Absent("it"))
    times = {"started": NOW - 2 * DAY, "finished": NOW - 2 * DAY + HOUR}
    return {"file": "a.json", **fields, "data_set": "files", **times, "passed": True, **told}


def view(host: str, *looks: Look, offset: float | None = 0.0) -> HostView:
    return HostView(host, offset, looks, NOW)


def evidence(*views: HostView, services: tuple[Service, ...] = (ERP,), **more) -> Evidence:
    sites = {"db1": "geneva", "vault": "valencia"}
    return Evidence({"far": FAR}, sites, {each.host: each for each in views}, NOW, services=services, **more)


def after(*records, host: str = "db1", offset: float | None = 0.0, size: int | None = None) -> Evidence:
    places = [look("data_usage", {"places": ("/srv/erp",)}, places=({"path": "/srv/erp", "size": size},), count=1)] if size else []
    tests = look("restore_tests", tests=tuple(records), count=len(records))
    quiet = view("vault", look("restore_tests", tests=(), count=0))
    return evidence(*{each.host: each for each in (quiet, view(host, tests, *places, offset=offset))}.values())


def recovery(found: Evidence, service: Service = ERP) -> Figure:
    return assess_service(service, found).rto


def statement(minutes: float = 95, age: float = DAY, **told) -> Attestation:
    fields = {
        "id": "drill", "checks": ("recovery_exercised",), "scope": StatementScope(services=("erp",)), "statement": "",
        "performed_at": NOW - age, "valid_until": NOW + DAY, "owner": Person("Ann"), "approver": Person("Bob"),
        "result": Stated.PASS,
        "answers": {}, "metrics": {"achieved_rto_minutes": minutes}, "evidence": (EvidenceFile("f", "0" * 64, FileState.KEPT),),
    }  # fmt: skip
    return Attestation(**{**fields, **told})


def figures_of(*services: Service, **more) -> dict[str, ServiceFigures]:
    found = evidence(services=services, **more)
    return {each.service.name: each for each in assess_services(services, found)}
