"""What backups are told to save and to leave out, and what of the data is covered by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from declared import ERP, FILES, GIB, HOUR, NOW, evidence, look, view

from secscan.continuity.assess import DataSetFigures, assess_service
from secscan.continuity.figures import Verdict
from secscan.continuity.inclusion import leave_out
from secscan.continuity.points import Copy
from secscan.continuity.reading import Look
from secscan.model.service import DataSet, Repository
from secscan.model.values import Absent, Unobservable

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
