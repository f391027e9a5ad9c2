"""What lies in no backup, and what a service hangs on: other services, hosts, disks, replicas and resolvers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from declared import ERP, GIB, HOUR, evidence, figures_of, look, statement, view
from hypothesis import given
from hypothesis import strategies as st

from secscan.continuity.assess import assess_service, hold_against, needed_by
from secscan.continuity.dependencies import find_elements, find_losses
from secscan.continuity.extent import find_strays
from secscan.continuity.figures import Figure, Knowledge, Verdict
from secscan.continuity.reading import Look
from secscan.model.attestation import StatementScope
from secscan.model.probe import Call
from secscan.model.service import DataSet, Service
from secscan.model.values import Absent, Unobservable


def test_data_in_no_backup_is_told_by_its_size():
    usage = look("data_usage", {"places": ("/srv/erp",)}, places=({"path": "/srv/erp", "size": 7 * GIB},), count=1)
    gone = look("backup_repositories", {"places": ("/srv/*",)}, repositories=(), points=(), count=0)
    (data,) = assess_service(ERP, evidence(view("db1", usage), view("vault", gone))).data_sets
    assert (data.extent.size, data.extent.uncovered) == (7 * GIB, 7 * GIB)


def test_a_place_that_no_service_declares_is_a_stray_and_what_holds_or_lies_in_a_declared_one_is_not():
    paths = ("/srv/erp/attachments", "/srv", "/srv/erp2", "/home/ann")
    found = find_strays(
        evidence(view("db1", look("data_usage", places=tuple({"path": path, "size": 1} for path in paths), count=4)))
    )
    assert [stray.path for stray in found] == ["/home/ann", "/srv/erp2"]


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4)), NAMES)
def test_what_is_needed_far_away_is_found_once_whatever_the_circles(needs, name):
    found = needed_by(name, needs)
    assert name not in found
    assert len(found) == len(set(found))
    reachable = {name, *found}
    assert all(other in reachable for each in reachable for other in needs.get(each, ()) if other in needs)


@given(st.one_of(st.none(), st.floats(0, 1e9), st.just(math.inf)), st.sampled_from(Knowledge), st.floats(1, 1e9))
def test_no_figure_is_met_for_another_service_by_an_estimate_or_without_knowledge(seconds, knowledge, objective):
    known = Knowledge.UNKNOWN if seconds is None else knowledge
    held = hold_against(objective, Figure(seconds, known, Verdict.UNKNOWN))
    if held.verdict is Verdict.MET:
        assert held.seconds <= objective
        assert known in {Knowledge.MEASURED, Knowledge.ATTESTED}


def test_a_service_comes_back_no_sooner_than_what_it_depends_on():
    slow = Service("db", "X", "low", HOUR, 48 * HOUR)
    told = (statement(60), statement(20 * 60, scope=StatementScope(services=("db",)), id="slow"))
    found = figures_of(replace(ERP, depends_on=("db",), data_sets=()), slow, attestations=told)
    assert found["db"].objectives["rto"].verdict is Verdict.MET
    assert found["erp"].own["rto"].verdict is Verdict.MET
    assert (found["erp"].objectives["rto"].seconds, found["erp"].objectives["rto"].verdict) == (20 * HOUR, Verdict.MISSED)
    assert found["erp"].limits["rto"] == "db"


def test_what_there_is_only_one_of_is_found_through_what_a_service_depends_on():
    services = (replace(ERP, depends_on=("dns",)), Service("dns", "X", "high", HOUR, HOUR, hosts=("ns1",)))
    found = evidence(services=services)
    singles = {(each.kind, each.name) for each in find_elements(services[0], found) if each.single is True}
    assert {("host", "db1"), ("host", "ns1"), ("site", "geneva")} <= singles
    assert {loss.name: loss.services for loss in find_losses(found) if loss.kind == "host"} == {
        "ns1": ("erp", "dns"),
        "db1": ("erp",),
    }


NO_POSTGRESQL = Look(Call.of("postgresql_replication", {}), Absent("a server"))
NO_MYSQL = Look(Call.of("mysql_replication", {}), Absent("a server"))
LEADS = Absent("a standby: this server leads")


@pytest.mark.parametrize(
    ("looks", "single"),
    [
        ((look("postgresql_replication", servers=({"standby": True, "connected": True},)), NO_MYSQL), False),
        ((look("postgresql_replication", servers=({"standby": True, "connected": False},)), NO_MYSQL), True),
        ((look("postgresql_replication", servers=({"standby": False, "connected": LEADS},)), NO_MYSQL), True),
        ((NO_POSTGRESQL, look("mysql_replication", sources=({"receiving": True, "applying": True},))), False),
        ((NO_POSTGRESQL, look("mysql_replication", sources=({"receiving": False, "applying": True},))), True),
        ((NO_POSTGRESQL, NO_MYSQL), True),
    ],
    ids=["a standby", "a standby that lost its server", "a server that leads", "a replica", "one that does not receive", "neither"],
)
def test_a_replica_of_a_database_counts_while_it_is_seen_to_follow(looks, single):
    data = DataSet("ledger", "db1", database="main", replicas=("vault",))
    elements = find_elements(replace(ERP, data_sets=(data,)), evidence(view("vault", *looks)))
    assert next(each.single for each in elements if each.kind == "host") is single


def test_whether_a_replica_follows_is_not_known_where_its_server_does_not_answer():
    data = DataSet("ledger", "db1", database="main", replicas=("vault",))
    silent = Unobservable("the server refuses connections")
    seen = view("vault", look("postgresql_replication", servers=({"standby": silent, "connected": silent},)), NO_MYSQL)
    elements = find_elements(replace(ERP, data_sets=(data,)), evidence(seen))
    assert next(each.single for each in elements if each.kind == "host") == Unobservable("vault: the server refuses connections")


def test_a_disk_is_single_on_a_machine_of_its_own_without_an_array():
    bare = look("platform", virtualization="none", container=False)
    mount = {"path": "/", "source": "/dev/md0", "kind": "local"}
    mounts = look("mounts", mounts=(mount,), unmounted=())
    array = {"name": "md0", "level": "raid1", "members": 2, "missing": 0}

    def single(*arrays):
        found = evidence(
            view("db1", bare, mounts, look("raid", arrays=arrays, count=len(arrays)), look("bond", bonds=(), members=()))
        )
        return {each.kind: each.single for each in find_elements(ERP, found)}

    assert single(array)["disk"] is False
    assert single({**array, "missing": 1})["disk"] is True
    assert single()["disk"] is True
    assert single()["uplink"] is True


def test_the_disk_of_a_virtual_machine_is_not_its_own():
    found = evidence(view("db1", look("platform", virtualization="kvm", container=False)))
    kinds = {each.kind: each.single for each in find_elements(ERP, found)}
    assert isinstance(kinds["disk"], Absent)
    assert isinstance(kinds["uplink"], Absent)


@pytest.mark.parametrize(
    ("lines", "single"), [(("nameserver 10.0.0.1", "nameserver 10.0.0.2"), False), (("nameserver 10.0.0.1",), True)]
)
def test_one_resolver_is_a_single_point(lines, single):
    told = look("file_content", {"path": "/etc/resolv.conf"}, text="", lines=lines, size=1)
    assert next(each.single for each in find_elements(ERP, evidence(view("db1", told))) if each.kind == "resolver") is single
