"""The indicators K1 to K12, and what fails when something is lost."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan import places
from secscan.continuity.assess import ServiceFigures, assess_services
from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Verdict
from secscan.continuity.indicators import CHECKS, Indicator, measure_indicators
from secscan.continuity.reading import HostView, Look
from secscan.continuity.scenarios import CREDENTIALS, find_scenarios
from secscan.continuity.telling import indicator_line
from secscan.model.assessment import Outcome, Result
from secscan.model.attestation import Action, Attestation, EvidenceFile, FileState, Person, Stated, StatementScope
from secscan.model.probe import Call, Observed
from secscan.model.service import DataSet, Repository, Service
from secscan.model.values import Absent

HOUR, DAY, GIB = 3600.0, 86400.0, 2**30
NOW = 1_790_000_000.0
NEAR = Repository("near", "db1", "/srv/near", "restic", "geneva")
FAR = Repository("far", "vault", "/srv/far", "restic", "valencia", math.inf)
FILES = DataSet("files", "db1", ("/srv/erp",), backups=("near", "far"))
ERP = Service("erp", "Chief", "critical", 4 * HOUR, 8 * HOUR, (FILES,), hosts=("web1", "web2"))


def look(probe: str, arguments: dict[str, object] | None = None, **attributes) -> Look:
    return Look(Call.of(probe, arguments or {}), Observed(attributes))


def kept(repository: Repository, *ages: float) -> HostView:
    told = {
        "tool": "restic", "location": repository.path, "evidence": "repository",
        "data_set": Absent("a name"), "id": Absent("an id"), "target": Absent("one"),
        "newest": NOW - min(ages, default=0), "time_is": "start", "damaged": 0, "encrypted": True, "append_only": Absent("it"),
    }  # fmt: skip
    points = tuple(
        {
            "tool": "restic",
            "location": repository.path,
            "time": NOW - age,
            "whole": True,
            "name": "",
            "kind": "",
            "size": Absent("it"),
        }
        for age in ages
    )
    seen = look("backup_repositories", {"places": (repository.path,)}, repositories=(told,), points=points, count=1)
    return HostView(repository.host, 0.0, (seen,), NOW)


def evidence(*views: HostView, services: tuple[Service, ...] = (ERP,), **more) -> Evidence:
    sites = {"db1": "geneva", "web1": "geneva", "web2": "valencia", "vault": "valencia"}
    return Evidence({"near": NEAR, "far": FAR}, sites, {each.host: each for each in views}, NOW, services=services, **more)


def statement(**told) -> Attestation:
    fields = {
        "id": "drill", "checks": ("recovery_exercised",), "scope": StatementScope(services=("erp",)), "statement": "",
        "performed_at": NOW - DAY, "valid_until": NOW + DAY, "owner": Person("Ann"), "approver": Person("Bob"),
        "result": Stated.PASS,
        "answers": {}, "metrics": {}, "evidence": (EvidenceFile("f", "0" * 64, FileState.KEPT),),
    }  # fmt: skip
    return Attestation(**{**fields, **told})


def figures(found: Evidence) -> tuple[ServiceFigures, ...]:
    return assess_services(found.services, found)


def indicators(found: Evidence, *results: Result) -> dict[str, Indicator]:
    return {each.id: each for each in measure_indicators(figures(found), found, results)}


def usage(**sizes: int) -> Look:
    found = tuple({"path": "/" + path.replace("_", "/"), "size": size} for path, size in sizes.items())
    return look("data_usage", {"places": ("/srv/erp",)}, places=found, count=len(found))


def test_every_indicator_is_traced_to_results_or_statements_and_the_weakest_to_those_of_its_parts():
    results = [Result(check, "service erp", Outcome.FAIL, "high") for checks in CHECKS.values() for check in checks]
    found = indicators(evidence(attestations=(statement(),)), *results)
    assert all(each.results for each in found.values())
    assert {trace.check for trace in found["K12"].results} == {
        trace.check for name in ("K1", "K2", "K3-site", "K3-cyber", "K4", "K5") for trace in found[name].results
    }
    assert {name for name, each in found.items() if each.statements} == {"K6"}


def test_every_one_of_the_set_is_measured_in_its_order():
    names = list(indicators(evidence()))
    assert names == ["K1", "K2", "K3-site", "K3-cyber", "K4", "K5", "K6", "K7", "K8", "K9", "K10", "K11", "K12"]


def test_every_check_that_an_indicator_names_is_in_the_catalogue():
    known = {path.stem for path in places.checks().rglob("*.yaml")}
    assert {check for checks in CHECKS.values() for check in checks} <= known


def test_data_that_nobody_declared_lowers_coverage_by_count_and_by_bytes():
    db1 = kept(NEAR, HOUR)
    db1 = replace(db1, looks=(*db1.looks, usage(srv_erp=3 * GIB, home_ann=GIB)))
    k1 = indicators(evidence(db1, kept(FAR, HOUR)))["K1"]
    assert (k1.met, k1.missed) == (("erp/files",), ("db1:/home/ann",))
    assert k1.numbers == {"bytes_covered": 3.0 * GIB, "bytes": 4.0 * GIB}
    assert indicator_line(k1).endswith("(3.0 GiB of 4.0 GiB)")


def test_sizes_that_are_not_known_are_no_numbers():
    assert indicators(evidence(kept(NEAR, HOUR)))["K1"].numbers == {"bytes_covered": None, "bytes": None}


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ((), "unknown"),
        ((statement(),), "met"),
        ((statement(scope=StatementScope()),), "met"),
        ((statement(scope=StatementScope(services=("mail",))),), "unknown"),
        ((statement(result=Stated.FAIL),), "missed"),
        ((statement(valid_until=NOW - 1),), "missed"),
        ((statement(approver=None),), "missed"),
    ],
    ids=["nobody said", "held", "held for all", "of another", "it failed", "too old", "unsigned"],
)
def test_an_exercise_counts_while_a_statement_about_it_can_be_relied_on(told, verdict):
    assert getattr(indicators(evidence(attestations=told))["K6"], verdict) == ("erp",)


def test_overdue_actions_are_counted_with_their_median():
    actions = tuple(Action(str(days), "Ann", NOW - days * DAY, True) for days in (-5, 1, 3, 9))
    k9 = indicators(evidence(attestations=(statement(actions=(*actions, Action("done", "Ann", 0.0, False))),)))["K9"]
    assert (k9.met, k9.missed) == (("drill/-5",), ("drill/1", "drill/3", "drill/9"))
    assert k9.numbers == {"overdue": 3, "median_days_overdue": 3.0}


def test_what_ends_is_counted_within_a_month_and_within_a_quarter():
    leaves = tuple({"path": "/a", "subject": f"CN={days}", "not_after": NOW + days * DAY} for days in (1, 60, 400))
    files = look("certificate_file", certificates=leaves, count=3, missing=())
    k10 = indicators(evidence(HostView("db1", 0.0, (files,), NOW)))["K10"]
    assert (len(k10.met), len(k10.missed)) == (1, 2)
    assert len(k10.unknown) == 3 + 4  # certificates of the hosts that were not read, and keys of packages, which none told
    assert k10.numbers == {"in_30_days": 1.0, "in_90_days": 2.0}


def test_the_weakest_is_named_and_not_hidden_by_the_mean():
    other = replace(ERP, name="wiki", owner="Ann", criticality="low", data_sets=(replace(FILES, id="wiki", backups=("near",)),))
    k12 = indicators(evidence(kept(NEAR, HOUR), kept(FAR, HOUR), services=(ERP, other)))["K12"]
    assert k12.numbers["lowest"] == 0
    assert k12.notes[0].split(":")[0] in {"Ann", "Chief"}


def test_an_indicator_can_be_traced_to_the_results_that_judge_the_same():
    result = Result("service_recovers_in_time", "service erp", Outcome.FAIL, "high")
    assert [(each.check, each.outcome) for each in indicators(evidence(), result)["K5"].results] == [(result.check, "fail")]


@given(st.lists(st.floats(0, 30 * DAY), max_size=4), st.booleans(), st.booleans())
def test_everything_that_is_counted_is_in_exactly_one_place(ages, near, far):
    views = [kept(each, *ages) for each, read in ((NEAR, near), (FAR, far)) if read]
    for each in indicators(evidence(*views)).values():
        assert sorted((*each.met, *each.missed, *each.estimated, *each.unknown)) == sorted(each.of)


def scenario(found: Evidence, kind: str, name: str):
    return next(each for each in find_scenarios(figures(found), found) if (each.kind, each.name) == (kind, name))


def test_a_lost_host_takes_its_data_and_the_backups_on_it_and_leaves_the_others():
    lost = scenario(evidence(kept(NEAR, HOUR), kept(FAR, 3 * HOUR)), "host", "db1")
    (back,) = lost.setbacks
    assert (lost.stops, back.live, back.repositories) == (("erp",), True, ("near",))
    assert (back.loss.seconds, back.loss.verdict) == (3 * HOUR, Verdict.MET)


def test_a_host_with_backups_alone_stops_nothing():
    lost = scenario(evidence(kept(NEAR, HOUR), kept(FAR, 3 * HOUR)), "host", "vault")
    assert (lost.stops, lost.setbacks[0].live, lost.setbacks[0].loss.seconds) == ((), False, HOUR)


def test_a_lost_site_leaves_what_lies_at_another_one():
    only_near = replace(ERP, data_sets=(replace(FILES, backups=("near",)),))
    found = evidence(kept(NEAR, HOUR), services=(only_near,))
    lost = scenario(found, "site", "geneva")
    assert lost.setbacks[0].loss.seconds == math.inf
    assert lost.setbacks[0].loss.verdict is Verdict.MISSED


def test_what_is_left_on_a_host_that_was_not_read_is_unknown_and_not_lost():
    assert scenario(evidence(kept(NEAR, HOUR)), "host", "db1").setbacks[0].loss.verdict is Verdict.UNKNOWN


def test_stolen_credentials_leave_only_what_nobody_can_change():
    found = evidence(kept(NEAR, HOUR), kept(FAR, 3 * HOUR))
    lost = scenario(found, CREDENTIALS, "")
    assert lost.stops == ("erp",)
    assert lost.setbacks[0].loss == figures(found)[0].data_sets[0].cyber


def test_a_host_whose_place_another_one_takes_stops_nothing():
    assert scenario(evidence(kept(NEAR, HOUR)), "host", "web1").stops == ()
