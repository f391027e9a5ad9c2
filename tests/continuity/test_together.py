"""What all hosts together tell: restores, recovery, extent, what a service hangs on, keys, clocks, what ends."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan import places
from secscan.bundles import write_bundle
from secscan.cli import run
from secscan.continuity.assess import DataSetFigures, ServiceFigures, assess_service, assess_services, hold_against, needed_by
from secscan.continuity.dependencies import find_elements, find_losses
from secscan.continuity.derive import ABOUT_ORGANIZATION, ABOUT_SERVICES, answer_organization, answer_services
from secscan.continuity.evidence import Evidence
from secscan.continuity.expiry import expiry_records
from secscan.continuity.extent import find_strays
from secscan.continuity.figures import Figure, Knowledge, Verdict
from secscan.continuity.fleet import address_records, clock_records, key_records, opener_records
from secscan.continuity.inclusion import leave_out
from secscan.continuity.points import Copy
from secscan.continuity.reading import HostView, Look, view_host
from secscan.continuity.trials import find_trials
from secscan.documents import read_document
from secscan.model.attestation import Attestation, Demand, EvidenceFile, FileState, Person, Stated, StatementScope
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Attribute, Call, Observed
from secscan.model.service import DataSet, Repository, Service
from secscan.model.values import Absent, Type, Unobservable
from secscan.model.waiver import Waiver
from secscan.plugins import probes
from secscan.syntax.told import read_told, write_told

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


def test_a_restore_of_everything_is_a_measured_recovery_time():
    found = recovery(after(restored()))
    assert (found.seconds, found.knowledge, found.verdict) == (HOUR, Knowledge.MEASURED, Verdict.MET)


def test_a_restore_of_a_part_is_scaled_to_the_whole_and_steps_are_added():
    service = replace(ERP, steps={"decide": HOUR})
    found = recovery(after(restored(bytes=GIB), size=4 * GIB), service)
    assert (found.seconds, found.knowledge) == (5 * HOUR, Knowledge.MEASURED)


def test_a_restore_of_a_part_of_nobody_knows_how_much_is_only_an_estimate():
    assert recovery(after(restored(bytes=GIB))).verdict is Verdict.PARTLY


@given(st.floats(90 * DAY + 2 * HOUR, 3000 * DAY))
def test_a_restore_test_that_is_older_than_its_limit_does_not_count_as_tested(age):
    old = restored(started=NOW - age, finished=NOW - age + HOUR)
    assert recovery(after(old)).verdict is not Verdict.MET
    assert recovery(after(old, size=GIB)).knowledge is Knowledge.ESTIMATED


def test_other_data_may_have_been_tested_up_to_a_year_ago():
    half = restored(started=NOW - 180 * DAY, finished=NOW - 180 * DAY + HOUR)
    assert recovery(after(half), replace(ERP, criticality="low")).verdict is Verdict.MET


def test_a_restore_that_failed_later_undoes_the_one_that_worked():
    failed = restored(started=NOW - DAY, finished=NOW - DAY + 60, passed=False)
    found = recovery(after(restored(), failed))
    assert (found.seconds, found.verdict) == (math.inf, Verdict.MISSED)


def test_what_another_host_says_of_a_restore_counts_only_where_the_inventory_names_it():
    told = view("web1", look("restore_tests", tests=(restored(),), count=1))
    quiet = [view(host, look("restore_tests", tests=(), count=0)) for host in ("db1", "vault")]
    assert find_trials(ERP, FILES, evidence(*quiet, told)).found == ()
    assert find_trials(ERP, replace(FILES, tested_on=("web1",)), evidence(*quiet, told)).found != ()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"finished": NOW + HOUR}, "dated in the future"),
        ({"finished": Unobservable("a.json: it finished before it started")}, "before it started"),
        ({"bytes": 0}, "nothing was restored"),
    ],
)
def test_a_record_that_cannot_be_is_told_and_does_not_count(told, why):
    trials = find_trials(ERP, FILES, after(restored(**told)))
    assert trials.found == ()
    assert why in trials.notes[0]


def test_a_record_that_is_about_nothing_declared_is_told_and_leaves_what_is_known_as_it_was():
    trials = find_trials(ERP, FILES, after(restored(), restored(file="b.json", data_set="filse", service="erp")))
    assert [trial.source for trial in trials.found] == ["a.json on db1"]
    assert trials.strays == ("db1: b.json: no service declares the data set 'filse' of 'erp'",)
    assert trials.notes == ()


def test_a_record_that_cannot_be_read_may_be_about_the_data_set_and_is_told():
    broken = {name: Unobservable("b.json: is not valid JSON") for name in restored()} | {"file": "b.json"}
    trials = find_trials(ERP, FILES, after(broken))
    assert trials.notes == ("db1: b.json: is not valid JSON",)
    assert not trials.strays


def test_a_restore_on_a_host_without_a_clock_is_no_measurement():
    assert recovery(after(restored(), offset=None)).verdict is Verdict.PARTLY


def test_the_clock_of_the_host_does_not_change_when_a_restore_was_tested():
    moved = restored(started=NOW - 2 * DAY + 500, finished=NOW - 2 * DAY + HOUR + 500)
    assert find_trials(ERP, FILES, after(moved, offset=500.0)).found[0].finished == NOW - 2 * DAY + HOUR


def test_a_drill_is_better_evidence_than_a_restore_test_and_is_attested():
    found = recovery(replace(after(restored()), attestations=(statement(),)))
    assert (found.seconds, found.knowledge, found.verdict) == (95 * 60, Knowledge.ATTESTED, Verdict.MET)


@pytest.mark.parametrize(
    "told",
    [
        {"valid_until": NOW - 1},
        {"approver": None},
        {"approver": Person("Ann")},
        {"evidence": ()},
        {"evidence": (EvidenceFile("f", "0" * 64, FileState.CHANGED),)},
        {"scope": StatementScope()},
        {"scope": StatementScope(services=("mail",))},
        {"metrics": {"achieved_rto_minutes": -5.0}},
    ],
    ids=[
        "expired",
        "unsigned",
        "signed by its owner",
        "without evidence",
        "evidence changed",
        "of no service",
        "of another",
        "backwards",
    ],
)
def test_a_statement_that_cannot_be_relied_on_tells_no_recovery_time(told):
    assert recovery(evidence(attestations=(statement(**told),))).knowledge is Knowledge.UNKNOWN


def test_nothing_at_all_is_unknown_and_says_who_was_not_read():
    found = recovery(evidence())
    assert (found.seconds, found.verdict) == (None, Verdict.UNKNOWN)
    assert "db1 was not read" in found.why


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


def figures_of(*services: Service, **more) -> dict[str, ServiceFigures]:
    found = evidence(services=services, **more)
    return {each.service.name: each for each in assess_services(services, found)}


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


NOWHERE_ELSE = Absent("other hosts")


def told_to_save(*paths: str, tool: str = "restic", remote=NOWHERE_ELSE, **more) -> Look:
    job = {"tool": tool, "file": "job", "targets": (), "paths": paths, "remote": remote, "excludes": (), "one_file_system": False}
    return look("backup_sources", sources=({**job, **more},), count=1)


@pytest.mark.parametrize(
    ("told", "covered"),
    [
        ((), True),
        ((told_to_save("/srv"),), True),
        ((told_to_save("/srv/erp/"),), True),
        ((told_to_save("/etc"),), None),
        ((told_to_save("/srv/erp2"),), None),
        ((told_to_save("/etc"), told_to_save("/srv")), True),
        ((told_to_save("/etc", tool="borg"),), True),
        ((told_to_save(),), True),
        ((told_to_save(paths=Unobservable("a list")),), True),
        (
            (told_to_save("/etc", targets=("sftp:r@vault:/srv/other",)), told_to_save("/srv", targets=("sftp:r@vault:/srv/borg",))),
            True,
        ),
        (
            (told_to_save("/srv", targets=("sftp:r@vault:/srv/other",)), told_to_save("/etc", targets=("sftp:r@vault:/srv/borg",))),
            None,
        ),
    ],
    ids=[
        "nothing told",
        "above",
        "itself",
        "elsewhere",
        "beside",
        "another job",
        "another tool",
        "no list",
        "a list from elsewhere",
        "into this repository",
        "into another repository",
    ],
)
def test_data_that_the_backup_is_not_told_to_save_is_not_known_to_be_covered(told, covered):
    data = saved_data(*told)
    assert data.covered is covered
    if covered is None:
        assert data.rpo_now.why == "what restic is told to save does not name /srv/erp"
        assert data.rpo_now.verdict is Verdict.UNKNOWN


def saved_data(*told: Look, data_set: DataSet = FILES) -> DataSetFigures:
    """The figures of a data set whose repository holds a point an hour old, and of whose host this is told."""
    held = {
        "tool": "restic", "location": "/srv/borg", "evidence": "repository", "data_set": Absent("it"), "id": Absent("it"),
        "target": Absent("it"), "newest": NOW - HOUR, "time_is": "end", "damaged": 0, "encrypted": True,
        "append_only": Absent("it"),
    }  # fmt: skip
    point = {
        "tool": "restic", "location": "/srv/borg", "time": NOW - HOUR, "whole": True, "name": "", "kind": "", "size": Absent("it"),
    }  # fmt: skip
    kept = view("vault", look("backup_repositories", {"places": ("/srv/*",)}, repositories=(held,), points=(point,), count=1))
    sizes = look("data_usage", {"places": ("/srv/erp",)}, places=({"path": "/srv/erp", "size": GIB},), count=1)
    (data,) = assess_service(replace(ERP, data_sets=(data_set,)), evidence(view("db1", sizes, *told), kept)).data_sets
    return data


@pytest.mark.parametrize(
    ("paths", "excludes", "covered", "uncovered", "why"),
    [
        (("/srv",), ("/srv/erp",), False, GIB, "restic is told to leave out /srv/erp"),
        (("/srv",), ("/srv/*",), False, GIB, "restic is told to leave out /srv/erp"),
        (("/srv",), ("erp",), False, GIB, "restic is told to leave out /srv/erp"),
        (("/srv",), ("/srv/erp/letters",), False, None, "restic is told to leave out /srv/erp/letters"),
        (("/srv",), ("*.tmp",), None, None, "some of /srv/erp is not known: its pattern *.tmp may fit there"),
        (("/",), ("/s*/erp/*/cache",), None, None, "its pattern /s*/erp/*/cache may fit there"),
        (("/",), ("/home/*/.cache", "/var/tmp", "/srv/erp2"), True, 0, ""),
        (("/srv",), Unobservable("it leaves out by more than names"), None, None, "it leaves out by more than names"),
        (Unobservable("a list"), ("/srv/erp",), None, None, "it is told to leave out /srv/erp"),
    ],
    ids=[
        "itself", "everything above", "by its name", "a part", "names anywhere", "a pattern below", "elsewhere", "not by names",
        "of a list that is not known",
    ],
)  # fmt: skip
def test_data_that_the_backup_is_told_to_leave_out_is_not_covered_and_what_cannot_be_decided_is_not_known(
    paths, excludes, covered, uncovered, why
):
    data = saved_data(told_to_save(paths=paths, excludes=excludes))
    assert (data.covered, data.extent.uncovered) == (covered, uncovered)
    assert why in data.rpo_now.why
    assert data.rpo_now.verdict is {True: Verdict.MET, False: Verdict.MISSED, None: Verdict.UNKNOWN}[covered]


def test_what_the_inventory_says_need_not_be_saved_may_be_left_out():
    left = told_to_save("/srv", excludes=("*.tmp", "/srv/erp/cache/thumbnails"))
    meant = replace(FILES, without=("*.tmp", "/srv/erp/cache"))
    assert saved_data(left, data_set=meant).covered is True
    assert saved_data(left, data_set=replace(meant, without=("*.tmp",))).covered is False


def test_a_job_that_leaves_data_out_is_no_matter_where_another_one_saves_it():
    whole, other = told_to_save("/srv/erp"), told_to_save("/", excludes=("/srv/erp",))
    assert saved_data(whole, other).covered is True
    assert saved_data(other).covered is False
    assert saved_data(whole, told_to_save("/", excludes=("/srv/erp/letters",))).covered is False


@pytest.mark.parametrize(
    ("saved", "mounted", "covered"),
    [
        ("/", ("/", "/srv"), False),
        ("/srv", ("/", "/srv"), True),
        ("/", ("/", "/home"), True),
        ("/srv/erp", ("/", "/srv/erp/letters"), False),
        ("/", None, None),
    ],
    ids=["mounted above it", "saved from its own", "elsewhere", "mounted in it", "mounts not told"],
)
def test_a_backup_that_stays_on_one_file_system_does_not_hold_what_is_mounted_below(saved, mounted, covered):
    mounts = [look("mounts", mounts=tuple({"path": each, "kind": "local", "source": "x"} for each in mounted))] if mounted else []
    assert saved_data(told_to_save(saved, one_file_system=True), *mounts).covered is covered


@pytest.mark.parametrize(("fetched", "left_out"), [(("db1:/srv/",), False), (("db1:/etc/",), True), (("other:/srv/",), False)])
def test_what_rsnapshot_fetches_from_a_host_is_read_where_it_runs(fetched, left_out):
    keeper = Repository("far", "vault", "/srv/rs", "rsnapshot", "valencia")
    found = evidence(view("vault", told_to_save(tool="rsnapshot", remote=fetched)), view("db1"))
    (copy,) = leave_out(FILES, (Copy(keeper),), found)
    assert bool(copy.fault) is left_out


def test_one_clock_that_is_wrong_moves_no_other_clock():
    clocks = clock_records(evidence(view("db1"), view("vault", offset=0.5), view("web1", offset=7200.0)))
    assert {clock["host"]: clock["apart"] for clock in clocks} == {"db1": 0.5, "vault": 0.0, "web1": 7199.5}


def test_a_key_on_two_hosts_is_one_record_with_both():
    keys = look("ssh_host_key", keys=({"path": "/etc/ssh/k", "fingerprint": "SHA256:a"},))
    none = look("certificate_file", certificates=(), count=0, missing=())
    shared = key_records(evidence(view("db1", keys, none), view("vault", keys, none)))
    assert [(key["hosts"], key["count"]) for key in shared] == [(("db1", "vault"), 2)]


def vrrp(holds):
    return look("keepalived", runs=True, instances=({"name": "a", "addresses": ("192.0.2.10",), "holds": holds},), count=1)


def test_an_address_that_two_hosts_hold_is_one_record_with_both():
    (address,) = address_records(evidence(view("db1", vrrp(True)), view("vault", vrrp(True))))
    assert (address["members"], address["holder_count"]) == (("db1", "vault"), 2)


def test_who_holds_an_address_is_not_known_when_one_host_does_not_tell():
    (address,) = address_records(evidence(view("db1", vrrp(True)), view("vault", vrrp(Unobservable("some, not all")))))
    assert isinstance(address["holder_count"], Unobservable)
    *_, unknown = address_records(evidence(view("db1", vrrp(True))))
    assert unknown["members"] == ("vault",)
    assert isinstance(unknown["member_count"], Unobservable)


def test_a_key_of_root_is_one_record_with_all_hosts_that_it_opens():
    def opens(*restricted):
        keys = tuple({"account": "root", "uid": 0, "fingerprint": "SHA256:a", "restricted": each} for each in restricted)
        return look(
            "authorized_keys", keys=(*keys, {"account": "ann", "uid": 1000, "fingerprint": "SHA256:b", "restricted": False})
        )

    (key,) = opener_records(evidence(view("db1", opens(True, True)), view("vault", opens(True, False))))
    assert (key["opens"], key["count"], key["restricted"]) == (("db1", "vault"), 2, False)


def test_what_ends_is_told_once_and_what_could_not_be_looked_at_before_it():
    leaf = {"path": "/etc/a.crt", "subject": "CN=a", "not_after": NOW + DAY}
    told = look("certificate_file", certificates=(leaf,), revocation_lists=(), count=1, missing=())
    *unknown, known = expiry_records(evidence(view("db1", told), services=()))
    assert {(record["kind"], record["place"]) for record in unknown} == {
        ("certificate", "vault"), ("signing key", "vault"), ("signing key", "db1"),
    }  # fmt: skip
    assert all(isinstance(record["ends"], Unobservable) for record in unknown)
    assert (known["name"], known["ends"], known["place"]) == ("CN=a", NOW + DAY, "db1:/etc/a.crt")


def signing_key(**told):
    fields = {"name": "Archive", "fingerprint": "F" * 40, "file": "/k.gpg", "ends": NOW + DAY, "revoked": False, "used": True}
    return {**fields, **told}


def endings(*looks: Look, **more) -> list[tuple[str, str]]:
    """Kinds and names of what is told to end at a known moment."""
    records = expiry_records(evidence(view("db1", *looks), services=(), **more))
    return [(str(record["kind"]), str(record["name"])) for record in records if isinstance(record["ends"], float)]


@pytest.mark.parametrize(
    ("told", "told_of"),
    [
        ({}, True),
        ({"used": Unobservable("nothing that was signed is there to tell")}, True),
        ({"used": False}, False),
        ({"revoked": True}, False),
        ({"ends": Absent("a day on which it ends")}, False),
    ],
    ids=["used", "perhaps used", "not used", "withdrawn", "without end"],
)
def test_a_key_of_packages_is_a_time_bomb_where_something_in_use_was_signed_with_it(told, told_of):
    found = endings(look("signing_keys", keys=(signing_key(**told),), count=1, manager="apt"))
    assert found == ([("signing key", "Archive FFFFFFFFFFFFFFFF")] if told_of else [])


def test_a_list_of_revoked_certificates_ends_when_the_next_one_is_due():
    listed = {"path": "/etc/ssl/a.crl", "issuer": "CN=CA", "issued": NOW, "next_update": NOW + DAY}
    looked = look("certificate_file", certificates=(), revocation_lists=(listed,), count=0, missing=())
    assert endings(looked) == [("CRL", "CN=CA")]


def test_the_signatures_of_a_domain_statements_that_hold_and_waivers_in_force_end_too():
    signed = look("dns_record", name="example.org", signature_expires=NOW + DAY)
    demands = {"recovery_exercised": Demand(())}
    accepted = [
        Waiver(name, "why", "Ann", "Bob", NOW - 2 * DAY, NOW + days * DAY, path="waivers.yml")
        for name, days in (("w1", 3), ("w2", -1))
    ]
    statements = (statement(), statement(id="unsigned", approver=None))
    assert endings(signed, attestations=statements, demands=demands, waivers=tuple(accepted)) == [
        ("DNSSEC signature", "example.org"), ("statement", "recovery_exercised (service erp)"), ("waiver", "w1"),
    ]  # fmt: skip


def test_what_cannot_be_read_has_no_name_of_its_own_and_is_told():
    dark = Unobservable("it cannot be read by this user")
    told = look("certificate_file", certificates=({"path": "/etc/a.crt", "subject": dark, "not_after": dark},), revocation_lists=())
    (record,) = (each for each in expiry_records(evidence(view("db1", told), services=())) if each["place"] == "db1:/etc/a.crt")
    assert (record["name"], record["ends"]) == ("?", dark)


FIELDS = (Attribute("name", Type.TEXT, ""), Attribute("size", Type.SIZE, ""), Attribute("ok", Type.BOOLEAN, ""))
VALUES = {
    "name": st.text(), "size": st.integers(0, 2**60), "ok": st.booleans(),
}  # fmt: skip
UNKNOWN = st.one_of(st.builds(Absent, st.text()), st.builds(Unobservable, st.text(min_size=1)))
RECORDS = st.fixed_dictionaries({name: st.one_of(values, UNKNOWN) for name, values in VALUES.items()})


@given(RECORDS, st.lists(RECORDS).map(tuple))
def test_what_is_written_as_an_answer_is_read_back_the_same(told, records):
    attributes = (*FIELDS, Attribute("records", Type.RECORDS, "", FIELDS))
    whole = {**told, "records": records}
    assert read_told(attributes, write_told(whole)) == Observed(whole)


@pytest.mark.parametrize("name", sorted({*ABOUT_SERVICES, *ABOUT_ORGANIZATION}))
def test_every_derived_probe_reads_what_is_derived_for_it_and_no_other_is_derived(name):
    derived = {each.name: each.derived for each in probes().values() if each.derived}
    assert derived == {**dict.fromkeys(ABOUT_SERVICES, "service"), **dict.fromkeys(ABOUT_ORGANIZATION, "organization")}
    for found in (evidence(), after(restored(), size=GIB), evidence(services=())):
        told = answer_organization(found, [name])
        answers = [*told.values(), *(each[name] for each in answer_services(found, [name]).values() if name in each)]
        for answer in answers:
            assert probes()[name].read({}, answer)


def bundle(host: str) -> Bundle:
    call = Call.of("restore_tests", {"folder": "/var/lib/secscan/restore-tests"})
    record = {"data_set": "files", "started": "2026-09-20T08:00:00Z", "finished": "2026-09-20T09:00:00Z", "result": "pass"}
    answer = f"file a.json\n= {json.dumps(record)}\nend\n" if host == "db1" else "absent\n"
    batch = Batch(1, "restore_tests", (call,), "", Frame(1, (Part(0, 0, answer.encode()),), exit=0))
    return Bundle(Origin(host, host, "ssh", finished_at=NOW, clock_offset_s=0.0), "", "", "", (batch,))


INVENTORY = """organization: Our agency
sites: [{id: geneva}, {id: valencia}]
hosts: [{name: db1, site: geneva}, {name: vault, site: valencia}]
repositories: [{id: far, host: vault, path: /srv/borg, tool: restic, immutable: true}]
services:
  - {name: erp, owner: Chief, criticality: critical, rpo: 4h, rto: 8h,
     data_sets: [{id: files, host: db1, paths: [/srv/erp], backups: [far]}]}
"""


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    for host in ("db1", "vault"):
        write_bundle(bundle(host), tmp_path / "evidence")
    return tmp_path


def test_a_bundle_that_is_none_is_told_and_left_out(saved, capsys):
    (saved / "evidence" / "0.bundle.json.gz").write_bytes(b"no bundle")
    assert run(["continuity", "-i", "inventory.yml", "--saved", str(saved), "--json"]) == 2
    out, err = capsys.readouterr()
    assert "0.bundle.json.gz" in err
    told = json.loads(out)
    assert [each["file"] for each in told["broken"]] == ["0.bundle.json.gz"]
    assert told["services"][0]["own_figures"]["rto"]["verdict"] == "met"


def test_a_statement_about_a_service_that_nobody_declares_is_told(saved, capsys):
    (saved / "statements").mkdir()
    (saved / "statements" / "drill.yaml").write_text(
        "id: drill\nchecks: [recovery_exercised]\nscope: {services: [erpp]}\nstatement: It was brought up elsewhere.\n"
        "performed_on: 2026-01-02\nvalid_until: 2027-01-02\nowner: {name: Ann}\napprover: {name: Bob}\nresult: fail\n"
    )
    run(["continuity", "-i", "inventory.yml", "--saved", ".", "--attestations", "statements"])
    assert "statement drill is about the service 'erpp', which the inventory does not declare" in capsys.readouterr().err


def test_the_json_is_as_its_schema_says(saved, capsys):
    jsonschema = pytest.importorskip("jsonschema")
    run(["continuity", "-i", "inventory.yml", "--saved", str(saved), "--json"])
    schema = json.loads((places.schemas() / "continuity-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(capsys.readouterr().out))


def test_services_are_subjects_in_the_document_of_the_organization_that_the_inventory_names(saved):
    arguments = ["evaluate", str(saved / "evidence"), "-i", "inventory.yml", "-b", "un_continuity", "-o", "out", "-f", "json", "-q"]
    assert run(arguments) == 1
    document = json.loads((saved / "out" / "hosts").joinpath(next(
        path.name for path in (saved / "out" / "hosts").iterdir() if path.name.startswith("Our_agency"))).read_text())  # fmt: skip
    outcomes = {result["check"]: result["outcome"] for result in document["results"] if result["subject"] == "service erp"}
    assert outcomes["service_restores_tested"] == "pass"
    assert outcomes["service_recovers_in_time"] == "pass"
    assert outcomes["service_data_loss_within_objective"] == "error"
    assert {result["subject"] for result in document["results"]} == {"Our agency", "service erp"}


WAIVER = """waivers:
  - id: no-second-host
    checks: [service_without_single_points_of_failure]
    services: [SERVICE]
    justification: The second host comes with the budget of next year.
    owner: Ann
    approver: Bob
    starts: 2026-09-01
    expires: 2099-01-01
    any_value: true
"""


@pytest.mark.parametrize(("service", "disposition"), [("erp", "waived"), ("mail", "none")])
def test_a_waiver_for_a_service_accepts_what_fails_on_that_service_alone(saved, service, disposition):
    (saved / "waivers.yml").write_text(WAIVER.replace("SERVICE", service))
    given = ["-i", "inventory.yml", "-b", "un_continuity", "--waivers", "waivers.yml", "-o", "out", "-f", "json", "-q"]
    run(["evaluate", str(saved / "evidence"), *given])
    told = json.loads((saved / "out" / "report.json").read_text())
    documents = told if isinstance(told, list) else told.get("assessments", [told])
    (result,) = [
        result
        for document in documents
        for result in document["results"]
        if result["check"] == "service_without_single_points_of_failure"
    ]
    assert (result["outcome"], result["disposition"]) == ("fail", disposition)


def test_the_organization_is_counted_as_no_host(saved, capsys):
    run(["evaluate", str(saved / "evidence"), "-i", "inventory.yml", "-b", "un_continuity", "--no-color"])
    assert "IN ALL (2 hosts, 0 not reached)" in capsys.readouterr().out


def test_every_shipped_check_above_hosts_is_in_the_continuity_baseline():
    listed = read_document(places.baselines() / "un_continuity.yaml").data["requirements"]
    shipped = {path.stem for path in (places.checks() / "continuity").glob("*.yaml")}
    assert shipped <= {check for checks in listed.values() for check in checks}


def test_a_host_that_was_only_ever_asked_elsewhere_is_viewed_without_complaint():
    assert view_host(bundle("db1"), probes()).host == "db1"
