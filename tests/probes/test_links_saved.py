"""Whether a backup holds data behind a link or on another file system: what is judged against what the program really saved."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from test_files_asked import ask

from secscan.continuity.evidence import Evidence
from secscan.continuity.inclusion import leave_out
from secscan.continuity.points import Copy
from secscan.continuity.reading import HostView, Look
from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call
from secscan.model.service import DataSet, Repository
from secscan.plugins import probes
from secscan.syntax.backup_commands import COMMANDS_AWK, RSNAPSHOT_AWK

NOW = 1_790_000_000.0
HELD, LOST, UNKNOWN = "held", "lost", "unknown"


def judged(job: Path | None, path: Path, tool: str, awk: str = COMMANDS_AWK, shell: tuple[str, ...] = ("sh",)) -> tuple[str, str]:
    """What continuity makes of a job that saves, and what this machine tells of a declared path; and why."""
    usage = Call.of("data_usage", {"places": (str(path),)})
    mounts = Call.of("mounts", {})
    looks = [Look(usage, ask("data_usage", shell, places=[str(path)])[1]), Look(mounts, ask("mounts", shell)[1])]
    if job:
        found = subprocess.run(["awk", awk, str(job)], capture_output=True, check=True)
        call = Call.of("backup_sources", {})
        looks.append(Look(call, observe(probes()["backup_sources"], call, Answer(found.stdout + b"end\n"))))
        assert found.stdout.startswith(b"source"), found
    far = Repository("far", "db1", "/srv/far", tool, "")
    evidence = Evidence({"far": far}, {"db1": ""}, {"db1": HostView("db1", 0.0, tuple(looks), NOW)}, NOW)
    (copy,) = leave_out(DataSet("files", "db1", (str(path),), backups=("far",)), (Copy(far),), evidence)
    return (LOST if copy.left_out else UNKNOWN if copy.fault else HELD), copy.left_out or copy.fault


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`srv/erp` is a link to `data/erp`, which holds a letter; `far` is for the backup."""
    root = tmp_path.resolve()
    for folder in ("data/erp", "srv", "far"):
        (root / folder).mkdir(parents=True)
    (root / "data/erp/letter").write_text("Dear colleagues")
    (root / "srv/erp").symlink_to(root / "data/erp")
    return root


@pytest.fixture
def saved(tree: Path, monkeypatch) -> Callable[..., bool]:
    """Runs a script that saves, and says whether the letter came along."""
    for name in ("RESTIC_PASSWORD", "BORG_PASSPHRASE", "PASSPHRASE"):
        monkeypatch.setenv(name, "of a test")
    for name in ("HOME", "BORG_BASE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tree / "home"))

    def run(job: Path, listing: str, *around: str) -> bool:
        subprocess.run([*around, "sh", "-e", str(job)], check=True, capture_output=True)
        said = subprocess.run(["sh", "-c", listing], check=True, capture_output=True, text=True, cwd=tree).stdout
        return any(line.rstrip().endswith("letter") for line in said.splitlines())

    return run


def script(tree: Path, command: str) -> Path:
    job = tree / "job"
    job.write_text(f"#!/bin/sh\n{command.replace('ROOT', str(tree))}\n")
    return job


LISTING = {
    "restic": "restic -q -r far ls latest",
    "borg": "borg list --short far::a",
    "duplicity": "duplicity list-current-files --no-encryption file://$PWD/far",
    "rsync": "find far",
}
FIRST = {"restic": "restic -q init -r ROOT/far", "borg": "borg init -e none ROOT/far"}
JOBS = [
    ("restic -r ROOT/far backup ROOT/srv/erp", LOST),
    ("restic -r ROOT/far backup ROOT/srv", LOST),
    ("restic -r ROOT/far backup ROOT/srv ROOT/data", HELD),
    ("restic -r ROOT/far backup --exclude ROOT/data/erp/letter ROOT/srv ROOT/data", LOST),
    ("borg create ROOT/far::a ROOT/srv/erp/", LOST),
    ("borg create ROOT/far::a ROOT/srv ROOT/data", HELD),
    ("duplicity full --no-encryption ROOT/srv/erp file://ROOT/far", LOST),
    ("duplicity full --no-encryption ROOT/data file://ROOT/far", HELD),
    ("rsync -a ROOT/srv/erp ROOT/far/", LOST),
    ("rsync -a ROOT/srv/erp/ ROOT/far/", HELD),
    ("rsync -a ROOT/srv/ ROOT/far/", LOST),
    ("rsync -aL ROOT/srv/ ROOT/far/", HELD),
    ("rsync -a --copy-links ROOT/srv ROOT/far/", HELD),
]


@pytest.mark.parametrize(("command", "verdict"), JOBS, ids=[command for command, _ in JOBS])
def test_data_behind_a_link_counts_as_saved_just_where_the_program_saved_it(tree: Path, saved, command: str, verdict: str):
    tool = command.split(maxsplit=1)[0]
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    if tool in FIRST:
        subprocess.run(["sh", str(script(tree, FIRST[tool]))], check=True, capture_output=True)
    job = script(tree, command)
    held = saved(job, LISTING[tool])
    told, why = judged(job, tree / "srv/erp", tool if tool != "rsync" else "tree")
    assert (told, held) == (verdict, verdict == HELD), why


def test_the_reason_names_the_link_and_what_it_leads_to(tree: Path):
    job = script(tree, "restic -r ROOT/far backup ROOT/srv")
    assert judged(job, tree / "srv/erp", "restic")[1] == f"restic saves {tree}/srv/erp as a link, without {tree}/data/erp"


@pytest.mark.skipif(not shutil.which("rsnapshot"), reason="rsnapshot is not installed")
@pytest.mark.parametrize(("place", "verdict"), [("srv/erp", HELD), ("srv", LOST)])
def test_rsnapshot_enters_a_link_that_it_is_told_and_none_below(tree: Path, place: str, verdict: str):
    conf = tree / "rsnapshot.conf"
    lines = ("config_version\t1.2", f"snapshot_root\t{tree}/far/", "cmd_rsync\t/usr/bin/rsync", "retain\tdaily\t3")
    conf.write_text("\n".join([*lines, f"backup\t{tree}/{place}\tlocalhost/", ""]))
    subprocess.run(["rsnapshot", "-c", str(conf), "daily"], check=True, capture_output=True)
    assert any((tree / "far").rglob("letter")) is (verdict == HELD)
    assert judged(conf, tree / "srv/erp", "rsnapshot", RSNAPSHOT_AWK)[0] == verdict


def test_a_link_above_the_declared_path_is_passed_by_who_is_told_the_path_itself(tree: Path):
    (tree / "home").mkdir()
    (tree / "home/all").symlink_to(tree / "data")
    path = tree / "home/all/erp"
    assert judged(script(tree, "restic -r ROOT/far backup ROOT/home/all/erp"), path, "restic")[0] == HELD
    assert judged(script(tree, "restic -r ROOT/far backup ROOT/home"), path, "restic")[0] == LOST
    assert judged(None, path, "restic")[0] == HELD


@pytest.mark.parametrize("tool", ["restic", "file"])
def test_whether_a_program_that_nobody_sees_is_told_the_link_or_what_it_leads_to_is_not_known(tree: Path, tool: str):
    told, why = judged(None, tree / "srv/erp", tool)
    assert told == UNKNOWN
    assert f"it is a link to {tree}/data/erp" in why
    assert judged(None, tree / "data/erp", tool)[0] == HELD


def test_a_link_that_leads_nowhere_is_not_known_to_be_saved(tree: Path):
    (tree / "data/erp/letter").unlink()
    (tree / "data/erp").rmdir()
    told, why = judged(None, tree / "srv/erp", "restic")
    assert (told, "leads nowhere" in why) == (UNKNOWN, True)


def _may_mount() -> bool:
    return (
        subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/opt"], capture_output=True, check=False).returncode == 0
    )


LOG = "mount -t tmpfs none ROOT/srv/db; mkdir ROOT/srv/db/log; mount -t tmpfs none ROOT/srv/db/log"
LINK = "mount -t tmpfs none ROOT/data; mkdir ROOT/data/db"
MOUNTED = [
    ("mount -t tmpfs none ROOT/srv/db", "-x ROOT/srv", "srv/db", LOST),
    ("mount -t tmpfs none ROOT/srv/db", "-x ROOT/srv/db", "srv/db", HELD),
    ("mount -t tmpfs none ROOT/srv/db", "ROOT/srv", "srv/db", HELD),
    (LOG, "-x ROOT/srv/db", "srv/db", LOST),
    (LOG, "-x ROOT/srv/db ROOT/srv/db/log", "srv/db", HELD),
    ("mount --bind ROOT/data/erp ROOT/srv/db", "-x ROOT/srv", "srv/db", HELD),
    ("mount -t tmpfs none ROOT/data/erp; mount --bind ROOT/data/erp ROOT/srv/db", "-x ROOT/srv", "srv/db", LOST),
    (LINK, "-x ROOT", "srv/link", LOST),
    (LINK, "-x ROOT/srv ROOT/data", "srv/link", HELD),
]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare") or not _may_mount(), reason="needs root and may not mount")
@pytest.mark.parametrize(
    ("mounts", "told", "declared", "verdict", "program"),
    [
        *((*row, "rsync -a {} {} ROOT/far/") for row in MOUNTED),
        *((*row, "borg create {} ROOT/far::a {}") for row in MOUNTED[4:6]),
        (*MOUNTED[5], "restic -r ROOT/far backup {} {}"),
    ],
)
def test_data_on_another_file_system_counts_as_saved_just_where_the_program_saved_it(
    tree: Path, saved, mounts: str, told: str, declared: str, verdict: str, program: str
):
    tool = program.split(maxsplit=1)[0]
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    (tree / "srv/db").mkdir()
    (tree / "srv/link").symlink_to(tree / "data/db")
    if tool in FIRST:
        subprocess.run(["sh", str(script(tree, FIRST[tool]))], check=True, capture_output=True)
    _, _, places = told.rpartition("-x ")
    job = script(tree, program.format("-x" if "-x" in told else "", places))
    mount = f"cd /; {mounts}".replace("ROOT", str(tree))
    inside = ("unshare", "-m", "sh", "-c", f'set -e; {mount}; exec sh "$@"', "sh")
    told_of, why = judged(job, tree / declared, "tree" if tool == "rsync" else tool, shell=inside)
    letter = f"{tree}/{declared}/{'log/' if 'log' in mounts else ''}letter"
    whole = tree / "whole"
    whole.write_text(f"{mount}; rm -f {tree}/data/erp/letter; echo x >{letter}; sh -e {job}")
    held = saved(whole, LISTING[tool], "unshare", "-m")
    assert (told_of, held) == (verdict, verdict == HELD), why
