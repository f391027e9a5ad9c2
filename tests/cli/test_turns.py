"""Runs that would get in each other's way: at the same time, or an older one after a later one."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_content import Small, said, write_checks

ENDLESS = "while test -e {folder}/busy; do sleep 0.1; done; cat {folder}/value"


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., None]:
    """Writes a project of these hosts into the current folder; the file `busy` keeps them from answering."""
    Path("value").write_text("good\n")
    run = ENDLESS.format(folder=Path.cwd())
    write_checks(tmp_path / "own", Small("value_is_good", said(run), [{"that": "said.output", "contains": "good"}]))

    def write(*hosts: str, inventory: str = "inventory.yml") -> None:
        Path(inventory).write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in hosts))
        Path("secscan.yml").write_text(
            f"inventory: {inventory}\nbaseline: only_value_is_good\ncontent: [{tmp_path / 'own'}]\noutput: out\n"
            "formats: [json]\nhistory: history.sqlite\n"
        )

    return write


@pytest.fixture
def under_way(project: Callable[..., None]) -> Iterator[subprocess.Popen[bytes]]:
    """A run that goes on as long as the file `busy` is there."""
    project("one", "two")
    Path("busy").touch()
    with subprocess.Popen([sys.executable, "-m", "secscan", "run", "-q", "-w", "1"], stderr=subprocess.DEVNULL) as running:
        lock = Path("out/.lock")
        while not (lock.exists() and lock.stat().st_size) and running.poll() is None:
            time.sleep(0.05)
        yield running
        Path("busy").unlink(missing_ok=True)
        running.kill()


def test_a_run_of_another_user_or_inventory_into_the_same_folder_waits(secscan, project, under_way, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data of somebody else"))
    holder = f"secscan: another run over out is under way: process {under_way.pid} on {os.uname().nodename} since "
    assert secscan("run", "-q").err.startswith(holder)
    project("three", inventory="other.yml")
    for words in (("run",), ("scan",), ("scan", "--no-history")):
        said = secscan(*words, "-q")
        assert (said.code, said.err.startswith(holder)) == (2, True), words
    Path("busy").unlink()
    assert under_way.wait(60) == 0
    assert [each["host"]["name"] for each in json.loads(Path("out/report.json").read_text())["assessments"]] == ["one", "two"]


def test_what_a_lock_says_of_an_owner_who_is_gone_keeps_nobody_out(secscan, project):
    project("one")
    Path("out").mkdir()
    for owner in ("process 1 on elsewhere since 2020-01-01 00:00 UTC", "process 999999 on elsewhere since 2999-01-01 00:00 UTC"):
        Path("out/.lock").write_text(f"{owner}\n")
        assert secscan("run", "-q").code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work in the folder of somebody else")
def test_a_run_of_root_leaves_the_lock_to_whom_the_folder_belongs(secscan, project):
    project("one")
    Path("out").mkdir()
    os.chown("out", 65534, 65534)
    assert secscan("run", "-q").code == 0
    lock = Path("out/.lock").stat()
    assert (lock.st_uid, lock.st_gid, lock.st_mode & 0o777) == (65534, 65534, 0o600)


@pytest.mark.parametrize("planted", ["link", "dangling link", "second name", "pipe", "folder"])
def test_whatever_else_lies_where_the_lock_belongs_is_told_and_nothing_is_written_through_it(secscan, project, tmp_path, planted):
    project("one")
    Path("out").mkdir()
    if os.geteuid() == 0:
        os.chown("out", 65534, 65534)  # who owns the folder must not get what is root's
    victim, lock = tmp_path / "victim", Path("out/.lock")
    if planted != "dangling link":
        victim.write_text("precious\n")
    before = victim.stat() if victim.exists() else None
    plant: dict[str, Callable[[], None]] = {
        "second name": lambda: lock.hardlink_to(victim),
        "pipe": lambda: os.mkfifo(lock),
        "folder": lock.mkdir,
    }
    plant.get(planted, lambda: lock.symlink_to(victim))()
    said = secscan("run", "-q")
    assert (said.code, said.err.startswith("secscan: out/.lock: cannot be written: "), "None" in said.err) == (2, True, False)
    if before is None:
        assert not victim.exists()
    else:
        assert victim.read_text() == "precious\n"
        assert (victim.stat().st_uid, victim.stat().st_mode) == (before.st_uid, before.st_mode)


def test_a_run_that_broke_off_is_not_taken_up_when_a_later_one_has_asked_what_it_missed(secscan, project, under_way):
    while secscan("runs", "list", "--json").out in ("", "[]\n"):
        time.sleep(0.05)
    under_way.kill()
    under_way.wait()
    Path("busy").unlink()
    (broken,) = json.loads(secscan("runs", "list", "--json").out)
    assert broken["finished_at"] is None
    Path("value").write_text("bad\n")
    assert secscan("run", "-q").code == 1
    Path("value").write_text("good\n")
    later = json.loads(secscan("runs", "list", "--json").out)[1]["name"]
    said = secscan("scan", "-q", "--resume", broken["name"])
    told = f"secscan: run {broken['name']} cannot be taken up: {later} has asked one, two since; allowed: "
    assert (said.code, said.err.startswith(told)) == (2, True)
    assert json.loads(secscan("runs", "list", "--json").out)[0] == broken, "nothing of it has changed"


def test_a_look_at_a_host_that_the_broken_run_has_keeps_nobody_from_taking_it_up(secscan, project):
    project("one", "two")
    assert secscan("scan", "-q", "one").code == 0
    (first,) = json.loads(secscan("runs", "list", "--json").out)
    assert secscan("scan", "-q", "one").code == 0
    said = secscan("scan", "-q", "--resume", first["name"])
    assert (said.code, said.complaints) == (0, [f"secscan: run {first['name']}: 1 of 2 hosts are there already"])


def test_a_run_that_is_taken_up_with_other_content_says_that_not_all_hosts_are_judged_alike(secscan, project, tmp_path):
    project("one", "two")
    assert secscan("scan", "-q", "one").code == 0
    check = tmp_path / "own" / "checks" / "tests" / "value_is_good.yaml"
    check.write_text(check.read_text().replace('"contains": "good"', '"contains": "bad"'))
    (first,) = json.loads(secscan("runs", "list", "--json").out)
    said = secscan("scan", "-q", "--resume", first["name"])
    assert said.code == 1
    changed, there = said.complaints
    assert changed.startswith(f"secscan: the content has changed since run {first['name']} began, ")
    assert "`secscan evaluate out/evidence` judges all hosts alike" in changed
    assert there == f"secscan: run {first['name']}: 1 of 2 hosts are there already"
    assert secscan("evaluate", "out/evidence", "-b", "only_value_is_good", "-q").code == 1


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def without_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file system that has no locks, as NFS without its lock service; the reason that it gives."""

    def refuse(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)
    return os.strerror(request.param)


def test_a_file_system_without_locks_is_told_as_that_and_runs_go_on(secscan, project, without_locks):
    project("one")
    for _ in range(2):
        said = secscan("run", "-q")
        assert said.code == 0, said.err
        lines = [line for line in said.complaints if without_locks in line]
        assert lines == said.complaints
        assert lines[-1] == f"secscan: out/.lock: cannot be locked: {without_locks}; nothing keeps a second run out"
    assert [run["recorded"] for run in json.loads(secscan("runs", "list", "--json").out)] == [1, 1]
