"""Backups that restic, Borg, duplicity, git and file systems made on this machine. Skipped where a program is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from asked_here import LIBRARY, NIGHT, SHELLS, age, ask, needs, only, points, spoil
from recorded import PROBES, make_call

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Observed
from secscan.model.values import Absent, Unobservable


@pytest.fixture
def restic(tmp_path: Path, run) -> Path:
    """A repository of restic with two snapshots, the older one made a day before the newer one."""
    repository = tmp_path / "restic"
    run("restic", "-q", "init", "-r", str(repository))
    run("restic", "-q", "-r", str(repository), "backup", "data")
    (old,) = (repository / "snapshots").iterdir()
    age(old, NIGHT)
    run("restic", "-q", "-r", str(repository), "backup", "data")
    return repository


@needs("restic")
@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(words[0])) for name, words in SHELLS.items()])
def test_restic_snapshots_are_seen_without_the_password(restic: Path, shell: str):
    seen = only(ask("backup_repositories", shell, places=[str(restic)]))
    newest = max(file.stat().st_mtime for file in (restic / "snapshots").iterdir())
    assert (seen["tool"], seen["count"], seen["broken"], seen["damaged"], seen["encrypted"]) == ("restic", 2, 0, 0, True)
    assert seen["newest"] == int(newest)
    assert seen["longest_gap"] == pytest.approx(NIGHT, abs=5)
    assert seen["locks"] == 0


@needs("restic")
def test_listing_checking_and_pruning_do_not_make_restic_backups_younger(restic: Path, run):
    for file in (restic / "snapshots").iterdir():
        age(file, 10 * NIGHT)
    before = only(ask("backup_repositories", places=[str(restic)]))
    for command in (["snapshots"], ["check"], ["prune"], ["forget", "--keep-last", "1"]):
        run("restic", "-q", "-r", str(restic), *command)
    after = only(ask("backup_repositories", places=[str(restic)]))
    assert (after["newest"], after["count"]) == (before["newest"], 1)


@needs("restic")
def test_a_changed_byte_in_a_restic_repository_is_noticed_without_the_password(restic: Path):
    spoil(next(file for file in (restic / "data").rglob("*") if file.is_file()))
    assert only(ask("backup_repositories", places=[str(restic)]))["damaged"] == 1
    spoil(max((restic / "snapshots").iterdir(), key=lambda file: file.stat().st_mtime))
    seen = only(ask("backup_repositories", places=[str(restic)]))
    assert (seen["damaged"], seen["count"], seen["broken"]) == (2, 1, 1)


@needs("restic")
def test_without_its_keys_or_indexes_a_restic_repository_has_no_restore_point(restic: Path):
    for file in (restic / "keys").iterdir():
        file.unlink()
    seen = only(ask("backup_repositories", places=[str(restic)]))
    assert (seen["count"], seen["broken"]) == (0, 2)
    assert isinstance(seen["newest"], Absent)


@needs("restic")
def test_without_its_data_a_restic_repository_has_no_restore_point(restic: Path):
    shutil.rmtree(restic / "data")
    (restic / "data").mkdir()
    assert (only(ask("backup_repositories", places=[str(restic)]))["count"]) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="sets attributes of files")
@needs("restic", "chattr", "lsattr")
def test_only_when_every_directory_keeps_its_files_a_restic_repository_is_append_only(restic: Path, run):
    def append_only() -> object:
        return only(ask("backup_repositories", places=[str(restic)]))["append_only"]

    try:
        if subprocess.run(["chattr", "+a", restic / "snapshots"], capture_output=True, check=False).returncode:
            pytest.skip("this file system has no attributes")
        assert isinstance(append_only(), Unobservable)
        run("chattr", "-R", "+a", *(str(restic / part) for part in ("index", "keys", "data")))
        assert append_only() is True
        run("chattr", "-R", "-a", str(restic))
        shutil.chown(max((restic / "snapshots").iterdir()), "nobody")
        run("chattr", "+a", *(str(path) for path in restic.rglob("*") if path.is_dir()))
        assert isinstance(append_only(), Unobservable)
    finally:
        subprocess.run(["chattr", "-R", "-a", restic], capture_output=True, check=False)


@needs("restic")
def test_a_lock_that_was_left_is_seen_with_its_age(restic: Path):
    lock = restic / "locks" / ("a" * 64)
    lock.touch()
    age(lock, 3 * NIGHT)
    seen = only(ask("backup_repositories", places=[str(restic)]))
    assert (seen["locks"], seen["locked_since"]) == (1, int(lock.stat().st_mtime))


@needs("borg")
@pytest.mark.parametrize(
    ("mode", "encrypted"), [("repokey", True), ("keyfile-blake2", True), ("authenticated", False), ("none", False)]
)
def test_borg_tells_without_the_passphrase_whether_it_encrypts(tmp_path: Path, run, mode: str, encrypted: bool):
    run("borg", "init", "-e", mode, "borg")
    run("borg", "create", "borg::first", "data")
    assert only(ask("backup_repositories", places=[str(tmp_path / "borg")]))["encrypted"] is encrypted


@needs("borg")
def test_an_empty_borg_repository_has_no_restore_point_and_a_backup_gives_it_one(tmp_path: Path, run):
    run("borg", "init", "-e", "repokey", "borg")
    assert isinstance(only(ask("backup_repositories", places=[str(tmp_path / "borg")]))["newest"], Absent)
    run("borg", "create", "borg::first", "data")
    seen = only(ask("backup_repositories", places=[str(tmp_path / "borg")]))
    assert (seen["count"], seen["time_is"]) == (1, "change")
    assert seen["id"] == run("borg", "config", "borg", "id").strip()
    assert isinstance(seen["append_only"], Unobservable)


@needs("borg")
def test_a_borg_repository_without_the_segment_that_ends_it_has_no_restore_point(tmp_path: Path, run):
    run("borg", "init", "-e", "none", "borg")
    run("borg", "create", "borg::first", "data")
    (index,) = (tmp_path / "borg").glob("index.*")
    (segment,) = (tmp_path / "borg/data").glob(f"*/{index.suffix[1:]}")
    segment.unlink()
    seen = only(ask("backup_repositories", places=[str(tmp_path / "borg")]))
    assert (seen["count"], seen["broken"]) == (0, 1)


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to another user")
@needs("borg", "unshare")
def test_one_key_that_may_do_more_than_add_makes_a_borg_repository_open_to_change_in_whichever_file_it_is(tmp_path: Path, run):
    run("borg", "init", "-e", "none", "borg")
    keys = tmp_path / "keeper/.ssh"
    keys.mkdir(parents=True)
    (tmp_path / "passwd").write_text(f"root:x:0:0::/root:/bin/sh\nkeeper:x:4711:4711::{tmp_path}/keeper:/bin/sh\n")
    run("chown", "-R", "4711", "borg", "keeper")
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    call = make_call(PROBES["backup_repositories"], {"places": [str(tmp_path / "borg")]})
    asked = f"mount --bind {tmp_path}/passwd /etc/passwd\n{LIBRARY}{PROBES['backup_repositories'].ask([call.mapping()]).script}"

    def append_only() -> object:
        done = subprocess.run(["unshare", "-m", "sh", "-c", asked], capture_output=True, check=True, timeout=60)
        return only(observe(PROBES["backup_repositories"], call, Answer(done.stdout)))["append_only"]

    (keys / "authorized_keys").write_text('command="borg serve --append-only",restrict ssh-ed25519 AAAA app\n')
    assert append_only() is True
    (keys / "authorized_keys2").write_text("ssh-ed25519 AAAB somebody\n")
    assert append_only() is False


@needs("borg")
def test_checking_and_listing_do_not_make_a_borg_repository_younger(tmp_path: Path, run):
    run("borg", "init", "-e", "none", "borg")
    run("borg", "create", "borg::first", "data")
    (index,) = (tmp_path / "borg").glob("index.*")
    age(index, 10 * NIGHT)
    run("borg", "list", "borg")
    run("borg", "check", "borg")
    assert only(ask("backup_repositories", places=[str(tmp_path / "borg")]))["newest"] == int(index.stat().st_mtime)


@needs("borg")
def test_an_append_only_borg_repository_lists_all_its_changes(tmp_path: Path, run):
    run("borg", "init", "-e", "repokey", "--append-only", "borg")
    for name in ("first", "second"):
        run("borg", "create", f"borg::{name}", "data")
    seen = only(ask("backup_repositories", places=[str(tmp_path / "borg")]))
    assert (seen["append_only"], seen["count"]) == (True, 2)


@needs("duplicity")
@pytest.mark.parametrize(("option", "encrypted"), [("--no-encryption", False), ("--progress-rate=9", True)])
def test_duplicity_tells_chains_and_encryption_by_its_names(tmp_path: Path, run, option: str, encrypted: bool):
    for kind in ("full", "incremental"):
        run("duplicity", kind, option, "data", f"file://{tmp_path}/duplicity")
    found = ask("backup_repositories", places=[str(tmp_path / "duplicity")])
    assert only(found)["encrypted"] is encrypted
    assert [(point["kind"], point["whole"]) for point in points(found)] == [("incremental", True), ("full", True)]
    for manifest in (tmp_path / "duplicity").glob("duplicity-full.*.manifest*"):
        manifest.unlink()
    seen = only(ask("backup_repositories", places=[str(tmp_path / "duplicity")]))
    assert (seen["count"], seen["broken"], seen["unfinished"]) == (0, 2, 1)


def test_a_place_without_a_repository_is_absent(tmp_path: Path):
    assert isinstance(ask("backup_repositories", places=[f"{tmp_path}/*"]), Absent)


@needs("restic", "borg", "duplicity")
def test_what_the_clients_remember_can_be_joined_with_what_the_far_end_keeps(tmp_path: Path, restic: Path, run):
    run("borg", "init", "-e", "repokey", "borg")
    run("borg", "create", "borg::first", "data")
    run("duplicity", "full", "data", f"file://{tmp_path}/duplicity")
    far = {point["name"] for point in points(ask("backup_repositories", places=[f"{tmp_path}/*"]))}
    near = ask("backup_clients", homes=[str(tmp_path / "home")])
    remembered = points(near)
    assert {point["tool"] for point in remembered} == {"restic", "borg", "duplicity"}
    assert all(point["name"] in far for point in remembered if point["tool"] != "borg")
    assert isinstance(near, Observed)
    (borg,) = (record for record in near.attributes["repositories"] if record["tool"] == "borg")
    assert (borg["target"], borg["id"]) == (str(tmp_path / "borg"), run("borg", "config", "borg", "id").strip())


@needs("git")
def test_what_git_has_not_kept_or_not_pushed_is_counted_and_nothing_is_written(tmp_path: Path, run):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    run("git", "init", "-q", "--bare", "vault")
    run("git", "init", "-q", "data")
    run("git", "-C", "data", "remote", "add", "origin", str(tmp_path / "vault"))
    run("git", "-C", "data", "add", ".")
    run("git", *identity, "-C", "data", "commit", "-qm", "first")
    run("git", "-C", "data", "push", "-q", "origin", "HEAD")
    run("git", *identity, "-C", "data", "commit", "-q", "--allow-empty", "-m", "second")
    (tmp_path / "data/new").touch()
    (tmp_path / "data/letter").touch()
    index = (tmp_path / "data/.git/index").read_bytes()
    found = ask("etckeeper", directory=str(tmp_path / "data"))
    assert isinstance(found, Observed), found
    assert (found.attributes["uncommitted"], found.attributes["unpushed"], found.attributes["remotes"]) == (1, 1, ("origin",))
    assert (tmp_path / "data/.git/index").read_bytes() == index


@pytest.mark.skipif(os.getuid() != 0, reason="mounts")
@needs("mkfs.btrfs", "btrfs", "losetup")
def test_a_snapshot_of_a_real_btrfs_has_its_time(tmp_path: Path, run):
    image, point = tmp_path / "disk", tmp_path / "mounted"
    with image.open("wb") as disk:
        disk.truncate(200 * 2**20)
    point.mkdir()
    run("mkfs.btrfs", "-q", str(image))
    mounted = subprocess.run(["mount", "-o", "loop", image, point], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"btrfs cannot be mounted here: {mounted.stderr}")
    try:
        run("btrfs", "subvolume", "snapshot", "-r", str(point), str(point / "before the change"))
        found = ask("snapshots")
        assert isinstance(found, Observed), found
        (snapshot,) = (record for record in found.attributes["snapshots"] if record["location"] == str(point))
        assert snapshot["name"] == "before the change"
        assert abs(time.time() - snapshot["time"]) < 60
    finally:
        run("umount", str(point))


def test_snapshots_of_lvm_are_told_from_its_other_volumes(tmp_path: Path):
    said = {
        "lvs": "  root|vg0||1766000000||9663676416|-wi-ao----\n  old|vg0|root|1766620800|92.13|8388608|swi-a-s---\n"
        "  full|vg0|root|1766620900|100.00|8388608|swi-I-s---\n  thin|vg0|data|1766621000||52428800|Vwi---tz-k",
    }
    for name, text in said.items():
        (tmp_path / name).write_text(f"#!/bin/sh\ncat <<'EOT'\n{text}\nEOT\n")
        (tmp_path / name).chmod(0o755)
    script = f"{LIBRARY}PATH={tmp_path}:$PATH\n{PROBES['snapshots'].ask([{}]).script}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True, timeout=60)
    found = observe(PROBES["snapshots"], make_call(PROBES["snapshots"], {}), Answer(done.stdout))
    assert isinstance(found, Observed), found
    told = [(record["name"], record["used_percent"], record["whole"]) for record in found.attributes["snapshots"][:2]]
    assert told == [("vg0/old", 92.13, True), ("vg0/full", 100.0, False)]
    assert found.attributes["snapshots"][2]["location"] == "vg0/data"
