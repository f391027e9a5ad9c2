"""What counts as a copy: one machine under two names, one disk, one store behind two hosts, and backups of somebody else do not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from secscan.continuity.assess import DataSetFigures, assess_service
from secscan.continuity.dependencies import find_elements
from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Knowledge, Verdict
from secscan.continuity.reading import HostView, Look
from secscan.continuity.scenarios import find_scenarios
from secscan.model.probe import Call, Observed
from secscan.model.service import DataSet, Repository, Service
from secscan.model.values import Absent, Unobservable

HOUR, DAY = 3600.0, 86400.0
NOW = 1_790_000_000.0
SITES = {"db1": "geneva", "web1": "geneva", "vault": "valencia"}
NEAR = Repository("near", "web1", "/srv/near", "restic", "geneva", 0.0)
FAR = Repository("far", "vault", "/srv/far", "restic", "valencia", math.inf)
FILES = DataSet("files", "db1", ("/srv/erp",), backups=("near", "far"))
NOTHING = Absent("it")


def look(probe: str, arguments: dict[str, object] | None = None, **attributes) -> Look:
    return Look(Call.of(probe, arguments or {}), Observed(attributes))


def kept(repository: Repository, *ages: float, **told) -> Look:
    """What the host of a repository shows of it."""
    record = {
        "tool": repository.tool, "location": repository.path, "evidence": "repository", "data_set": NOTHING, "id": NOTHING,
        "target": NOTHING, "newest": NOW, "time_is": "end", "damaged": 0, "encrypted": True, "append_only": NOTHING, **told,
    }  # fmt: skip
    points = tuple(
        {"tool": repository.tool, "location": repository.path, "time": NOW - age, "whole": True, "name": "", "kind": "", "size": 1}
        for age in ages
    )
    return look("backup_repositories", {"places": ("/srv/*",)}, repositories=(record,), points=points, count=1)


def mounted(*sources: tuple[str, str, str]) -> Look:
    return look("mounts", mounts=tuple({"path": path, "source": source, "kind": kind} for path, source, kind in sources))


def restored(repository: object = NOTHING, **told) -> Look:
    record = {
        **dict.fromkeys(("service", "bytes", "full_bytes", "restore_point", "verified_by", "by"), NOTHING), "file": "a.json",
        "data_set": "files", "started": NOW - DAY, "finished": NOW - DAY + HOUR, "passed": True, "repository": repository, **told,
    }  # fmt: skip
    return look("restore_tests", tests=(record,), count=1)


def evidence(
    views: dict[str, tuple[Look, ...]],
    *,
    declared: tuple[Repository, ...] = (NEAR, FAR),
    machines: dict[str, str] | None = None,
    offset: float = 0.0,
    more: tuple[Service, ...] = (),
    data_set: DataSet = FILES,
) -> Evidence:
    known = {host: HostView(host, offset, looks, NOW, (machines or {}).get(host, "")) for host, looks in views.items()}
    erp = Service("erp", "Chief", "critical", 4 * HOUR, 8 * HOUR, (data_set,))
    return Evidence({each.id: each for each in declared}, SITES, known, NOW, services=(erp, *more))


def figures(found: Evidence) -> DataSetFigures:
    (data,) = assess_service(found.services[0], found).data_sets
    return data


GOOD = {"db1": (), "web1": (kept(NEAR, HOUR),), "vault": (kept(FAR, HOUR),)}


def test_two_verified_repositories_one_far_and_unchangeable_fulfil_the_rule_and_lack_nothing():
    rule = figures(evidence(GOOD)).composition
    assert (rule.copies, rule.hosts, rule.verdict, rule.missing) == (3, 3, Verdict.MET, ())


def test_a_repository_under_two_ids_is_one_copy():
    twin = replace(FAR, id="near")
    rule = figures(evidence(GOOD, declared=(twin, FAR))).composition
    assert (rule.copies, rule.verdict) == (2, Verdict.MISSED)
    assert "it is held by fewer than two repositories on different disks" in rule.missing


def test_two_names_of_one_machine_are_one_host_and_nobody_knows_at_which_site():
    same = evidence(GOOD, machines={"db1": "0a1b SHA256:x", "vault": "0a1b SHA256:x", "web1": "9f SHA256:y"})
    found = figures(same)
    assert (found.site_loss.verdict, found.composition.off_site, found.composition.hosts) == (Verdict.UNKNOWN, 0, 2)
    assert found.site_loss.why == "vault and db1 are one machine by what they tell of themselves"
    assert figures(evidence(GOOD, machines={"db1": "0a1b SHA256:x", "vault": "0a1b SHA256:y"})).site_loss.verdict is Verdict.MET
    site = next(each for each in find_scenarios([assess_service(same.services[0], same)], same) if each.name == "geneva")
    assert site.setbacks[0].loss.verdict is not Verdict.MET


@pytest.mark.parametrize(("placed", "verdict"), [(False, Verdict.UNKNOWN), (True, Verdict.MET)])
def test_what_lies_on_a_shared_folder_is_elsewhere_only_when_its_own_site_is_said(placed, verdict):
    views = {**GOOD, "vault": (kept(FAR, HOUR), mounted(("/", "/dev/sda1", "local"), ("/srv/far", "nas:/backups", "network")))}
    found = figures(evidence(views, declared=(NEAR, replace(FAR, placed=placed))))
    assert (found.site_loss.verdict, found.composition.verdict) == (verdict, verdict)


def test_two_hosts_that_keep_repositories_on_one_server_of_folders_are_one_copy():
    shared = mounted(("/srv", "nas:/backups", "network"))
    views = {"db1": (), "web1": (kept(NEAR, HOUR), shared), "vault": (kept(FAR, HOUR), shared)}
    rule = figures(evidence(views, declared=(NEAR, replace(FAR, placed=True)))).composition
    assert (rule.copies, rule.hosts) == (2, 2)
    assert rule.verdict is Verdict.MISSED


def test_a_repository_on_the_disk_of_the_data_is_no_copy():
    own = replace(NEAR, host="db1")
    disk = mounted(("/", "/dev/sda1", "local"))
    rule = figures(evidence({**GOOD, "db1": (kept(own, HOUR), disk)}, declared=(own, FAR))).composition
    assert (rule.copies, rule.verdict) == (2, Verdict.MISSED)
    assert "near lies on the disk of the data" in rule.missing
    apart = mounted(("/", "/dev/sda1", "local"), ("/srv/near", "/dev/sdb1", "local"))
    assert figures(evidence({**GOOD, "db1": (kept(own, HOUR), apart)}, declared=(own, FAR))).composition.verdict is Verdict.MET


@pytest.mark.parametrize(
    ("record", "errors", "verdict"),
    [
        (restored("far"), 0, Verdict.MET),
        (restored(), None, Verdict.UNKNOWN),
        (restored("near"), None, Verdict.UNKNOWN),
        (restored("far", passed=False), 1, Verdict.MISSED),
        (restored("far", bytes=5, full_bytes=10), None, Verdict.UNKNOWN),
        (restored("far", bytes=5), None, Verdict.UNKNOWN),
        (restored("far", started=NOW - 92 * DAY, finished=NOW - 91 * DAY), None, Verdict.UNKNOWN),
    ],
    ids=["whole", "of which one is not said", "of another one", "failed", "a part", "of nobody knows how much", "last quarter"],
)
def test_a_recorded_restore_of_everything_verifies_a_repository_whose_program_tells_nothing(record, errors, verdict):
    silent = kept(FAR, HOUR, damaged=Unobservable("nothing tells"))
    rule = figures(evidence({**GOOD, "vault": (silent,), "db1": (record,)})).composition
    assert (rule.errors, rule.verdict) == (errors, verdict)
    if errors is None:
        assert rule.missing[-1].startswith("nothing tells that far was verified")


@pytest.mark.parametrize("tool", ["restic", "borg"])
def test_a_point_of_a_repository_that_another_host_saves_to_is_no_measurement(tool):
    shared = replace(FAR, tool=tool)
    other = Service("mail", "Chief", "low", DAY, DAY, (DataSet("boxes", "web1", ("/srv/mail",), backups=("far",)),))
    views = {"db1": (), "vault": (kept(shared, HOUR),)}
    alone = replace(FILES, backups=("far",))
    assert figures(evidence(views, declared=(shared,), data_set=alone)).rpo_now.verdict is Verdict.MET
    found = figures(evidence(views, declared=(shared,), data_set=alone, more=(other,)))
    assert (found.rpo_now.knowledge, found.rpo_now.verdict) == (Knowledge.ESTIMATED, Verdict.PARTLY)
    assert "it may be a backup of web1, as nothing shows whose it is" in found.rpo_now.why


def test_a_host_that_remembers_the_repository_saves_to_it_too():
    remembered = {"tool": "restic", "id": "aa", "evidence": "client", "newest": NOW, "target": NOTHING, "location": "/root/.cache"}
    views = {
        "db1": (),
        "vault": (kept(FAR, HOUR, id="aa"),),
        "web1": (look("backup_clients", repositories=(remembered,), count=1),),
    }
    assert figures(evidence(views, declared=(FAR,), data_set=replace(FILES, backups=("far",)))).rpo_now.verdict is Verdict.PARTLY


@pytest.mark.parametrize(("offset", "verdict"), [(299.0, Verdict.MET), (-301.0, Verdict.PARTLY), (7200.0, Verdict.PARTLY)])
def test_a_clock_that_is_wrong_by_minutes_may_have_been_right_when_the_backup_was_made(offset, verdict):
    views = {"db1": (), "vault": (kept(FAR, HOUR - offset),)}
    found = figures(evidence(views, declared=(FAR,), data_set=replace(FILES, backups=("far",)), offset=offset))
    assert found.rpo_now.verdict is verdict


@pytest.mark.parametrize(("web1", "single"), [("0a1b SHA256:x", True), ("9f SHA256:y", False)])
def test_another_name_of_the_same_machine_is_no_second_host(web1, single):
    data_set = replace(FILES, replicas=("web1",))
    found = evidence(GOOD, machines={"db1": "0a1b SHA256:x", "web1": web1}, data_set=data_set)
    service = replace(found.services[0], hosts=("db1", "web1"))
    elements = [each for each in find_elements(service, replace(found, services=(service,))) if each.kind == "host"]
    assert {each.single for each in elements} == {single}


def test_points_whose_protection_has_ended_do_not_survive_an_attack():
    short = replace(FAR, immutable=HOUR / 2)
    found = figures(evidence(GOOD, declared=(NEAR, short)))
    assert (found.cyber.verdict, found.composition.immutable) == (Verdict.MISSED, 0)
    assert found.cyber.why == "there is no restore point that nobody can change"
