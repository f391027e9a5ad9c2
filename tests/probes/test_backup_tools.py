"""Backups that their own programs made, on this machine, read by the probes' own shell. Skipped where a program is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from recorded import PROBES, make_call

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Observation, Observed
from secscan.model.values import Absent, Unobservable

LIBRARY = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { :; }\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\ncd /\n'
SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "mksh": ["mksh"], "busybox": ["busybox", "ash"]}
NIGHT = 86400.0


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {missing}")


def ask(probe: str, shell: str = "dash", **arguments: Any) -> Observation:
    """The probe's shell run here, and its answer read."""
    call = make_call(PROBES[probe], arguments)
    script = LIBRARY + PROBES[probe].ask([call.mapping()]).script
    done = subprocess.run([*SHELLS[shell], "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    return observe(PROBES[probe], call, Answer(done.stdout, done.stderr, done.returncode))


def only(observation: Observation) -> dict[str, Any]:
    """The one repository of an observation."""
    assert isinstance(observation, Observed), observation
    repositories = observation.attributes["repositories"]
    assert isinstance(repositories, tuple)
    assert len(repositories) == 1, repositories
    return repositories[0]


def points(observation: Observation) -> list[dict[str, Any]]:
    assert isinstance(observation, Observed), observation
    told = observation.attributes["points"]
    assert isinstance(told, tuple), told
    return list(told)


@pytest.fixture
def run(tmp_path: Path):
    """Runs a program with its caches below the test's own directory, and a password that means nothing."""
    environment = {
        **os.environ, "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home/.cache"), "RESTIC_PASSWORD": "x",
        "BORG_PASSPHRASE": "x", "PASSPHRASE": "x", "BORG_BASE_DIR": str(tmp_path / "home"),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }  # fmt: skip
    (tmp_path / "home").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/letter").write_text("Dear colleague\n")

    def start(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (words, done)
        return done.stdout

    return start


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


def age(path: Path, seconds: float) -> None:
    """Makes a file older."""
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def spoil(path: Path) -> None:
    """Changes one byte of a file and leaves its time as it was."""
    before = path.stat()
    path.chmod(0o600)
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    os.utime(path, (before.st_atime, before.st_mtime))


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


@pytest.fixture
def rsnapshot(tmp_path: Path, run):
    """Runs a level of an rsnapshot whose configuration is in two files."""
    (tmp_path / "levels.conf").write_text("retain\talpha\t2\nretain\tbeta\t2\n")
    (tmp_path / "rsnapshot.conf").write_text(
        f"config_version\t1.2\n#snapshot_root\t/nowhere/\nsnapshot_root\t{tmp_path}/trees/\ncmd_cp\t/bin/cp\ncmd_rm\t/bin/rm\n"
        f"cmd_rsync\t/usr/bin/rsync\nlogfile\t{tmp_path}/log\nlockfile\t{tmp_path}/pid\ninclude_conf\t{tmp_path}/levels.conf\n"
        f"backup\t{tmp_path}/data\there/\n"
    )
    return lambda level: run("rsnapshot", "-c", str(tmp_path / "rsnapshot.conf"), level)


@needs("rsnapshot", "rsync")
@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(words[0])) for name, words in SHELLS.items()])
def test_trees_of_rsnapshot_keep_their_times_through_rotation(tmp_path: Path, rsnapshot, shell: str):
    rsnapshot("alpha")
    age(tmp_path / "trees/alpha.0", NIGHT)
    was = int((tmp_path / "trees/alpha.0").stat().st_mtime)
    rsnapshot("alpha")
    rsnapshot("beta")
    seen = only(ask("rsnapshot", shell, config=str(tmp_path / "rsnapshot.conf")))
    assert (seen["location"], seen["count"], seen["oldest"]) == (str(tmp_path / "trees"), 2, was)
    assert (seen["last_result"], seen["locks"], seen["encrypted"]) == ("success", 0, False)


@needs("rsnapshot", "rsync")
def test_a_failed_run_of_rsnapshot_is_not_hidden_by_a_rotation_that_worked(tmp_path: Path, rsnapshot):
    rsnapshot("alpha")
    shutil.rmtree(tmp_path / "data")
    with pytest.raises(AssertionError, match="rsnapshot"):
        rsnapshot("alpha")
    (tmp_path / "data").mkdir()
    rsnapshot("beta")
    assert only(ask("rsnapshot", config=str(tmp_path / "rsnapshot.conf")))["last_result"] == "failed"


@needs("rsnapshot", "rsync")
def test_without_a_log_nothing_tells_whether_the_newest_tree_of_rsnapshot_is_whole_and_an_empty_one_is_not(
    tmp_path: Path, rsnapshot
):
    config = tmp_path / "rsnapshot.conf"
    config.write_text("".join(line for line in config.read_text().splitlines(keepends=True) if not line.startswith("logfile")))
    rsnapshot("alpha")
    rsnapshot("alpha")
    newest, older = points(ask("rsnapshot", config=str(config)))
    assert (isinstance(newest["whole"], Unobservable), older["whole"]) == (True, True)
    for file in (tmp_path / "trees/alpha.0").rglob("letter"):
        file.unlink()
    assert points(ask("rsnapshot", config=str(config)))[0]["whole"] is False


@needs("rsnapshot", "rsync")
def test_a_run_of_rsnapshot_that_was_killed_counts_as_failed(tmp_path: Path, rsnapshot):
    rsnapshot("alpha")
    with (tmp_path / "log").open("a") as log:
        log.write("[2026-01-01T00:00:00] /usr/bin/rsnapshot alpha: started\n")
    seen = only(ask("rsnapshot", config=str(tmp_path / "rsnapshot.conf")))
    assert (seen["last_result"], seen["count"]) == ("failed", 1)


DUMP = "-- PostgreSQL database dump\n" + "insert;\n" * 5000 + "-- PostgreSQL database dump complete\n"
PACKERS = {"": ["cat"], ".gz": ["gzip", "-c"], ".zst": ["zstd", "-qc"], ".xz": ["xz", "-c"], ".bz2": ["bzip2", "-c"]}


def packed(suffix: str, content: bytes) -> bytes:
    return subprocess.run(PACKERS[suffix], input=content, capture_output=True, check=True).stdout


@pytest.mark.parametrize("suffix", [pytest.param(suffix, marks=needs(words[0]), id=words[0]) for suffix, words in PACKERS.items()])
def test_a_dump_that_broke_off_is_told_from_a_whole_one(tmp_path: Path, suffix: str):
    def whole() -> Any:
        found = ask("backup_files", patterns=[f"{tmp_path}/*"])
        assert (only(found)["damaged"] == 0) is (points(found)[0]["whole"] is True)  # what is found whole is verified
        return points(found)[0]["whole"]

    dump = tmp_path / f"erp-2026-01-01.sql{suffix}"
    dump.write_bytes(packed(suffix, DUMP.encode()))
    assert whole() is True
    dump.write_bytes(dump.read_bytes()[:-60])
    assert whole() is False
    dump.write_bytes(packed(suffix, DUMP[:3000].encode()))
    assert whole() is False
    dump.write_bytes(b"")
    assert whole() is False


@pytest.mark.parametrize("suffix", [pytest.param(suffix, marks=needs(words[0]), id=words[0]) for suffix, words in PACKERS.items()])
def test_an_archive_that_broke_off_is_told_from_a_whole_one(tmp_path: Path, suffix: str):
    (tmp_path / "letter").write_text("Dear colleague\n")
    archive = subprocess.run(["tar", "-C", tmp_path, "-cf", "-", "letter"], capture_output=True, check=True).stdout
    for content, whole in ((archive, True), (archive[:700], False)):
        (tmp_path / f"etc.tar{suffix}").write_bytes(packed(suffix, content))
        assert points(ask("backup_files", patterns=[f"{tmp_path}/*.tar*"]))[0]["whole"] is whole


def test_a_newer_empty_dump_does_not_make_the_series_younger(tmp_path: Path):
    old, new = tmp_path / "erp-2026-01-01.sql", tmp_path / "erp-2026-01-02.sql"
    old.write_text(DUMP)
    age(old, NIGHT)
    new.touch()
    seen = only(ask("backup_files", patterns=[f"{tmp_path}/*"]))
    assert (seen["newest"], seen["count"], seen["broken"], seen["size_percent"]) == (int(old.stat().st_mtime), 1, 1, 0.0)


@pytest.mark.parametrize("name", ["erp-2026-01-01.sql.gz", "erp-2026-01-01.json.gz"])
def test_a_packed_file_that_holds_nothing_is_no_backup(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(packed(".gz", b""))
    assert only(ask("backup_files", patterns=[f"{tmp_path}/*"]))["count"] == 0


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(words[0])) for name, words in SHELLS.items()])
def test_a_newer_empty_tree_does_not_make_a_series_of_copies_younger(tmp_path: Path, shell: str):
    for name in ("2026-01-01", "2026-01-02/erp"):
        (tmp_path / "copies" / name).mkdir(parents=True)
    (tmp_path / "copies/2026-01-01/letter").write_text("Dear colleague")
    told = {
        Path(point["name"]).name: point["whole"] for point in points(ask("backup_files", shell, patterns=[f"{tmp_path}/copies/*"]))
    }
    assert told["2026-01-02"] is False
    assert isinstance(told["2026-01-01"], Unobservable)


def test_databases_with_numbers_in_their_names_are_not_taken_for_one(tmp_path: Path):
    for name in ("erp1", "erp2"):
        (tmp_path / f"{name}-2026-01-01.dump").write_bytes(b"PGDMP")
    found = ask("backup_files", patterns=[f"{tmp_path}/*"])
    assert isinstance(found, Observed)
    assert found.attributes["count"] == 2


@needs("rsync")
def test_a_copy_by_rsync_is_as_old_as_the_run_that_made_it_not_as_its_content(tmp_path: Path, run):
    age(tmp_path / "data", 100 * NIGHT)
    (tmp_path / "copies").mkdir()
    run("rsync", "-a", "data/", "copies/2026-01-01")
    copy = tmp_path / "copies/2026-01-01"
    seen = only(ask("backup_files", patterns=[f"{tmp_path}/copies/*"]))
    assert (seen["tool"], seen["newest"]) == ("tree", int(copy.stat().st_ctime))
    assert copy.stat().st_ctime - copy.stat().st_mtime > 99 * NIGHT


class Cluster:
    """A PostgreSQL server of its own user, with a stanza of pgBackRest, in a directory that this user may enter."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.config = directory / "pgbackrest.conf"
        self.config.write_text(
            f"[global]\nrepo1-path={directory}/repo\nlock-path={directory}/lock\nspool-path={directory}/spool\nstart-fast=y\n"
            f"log-level-file=off\nrepo2-path={directory}/repo2\nrepo2-cipher-type=aes-256-cbc\nrepo2-cipher-pass=x\n"
            f"[demo]\npg1-path={directory}/data\npg1-port=5490\npg1-socket-path={directory}\n"
        )
        shutil.chown(directory, "postgres")
        shutil.chown(self.config, "postgres")

    def run(self, *words: str) -> str:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *words]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def control(self, data: str, *words: str) -> None:
        log = str(self.directory / "log")
        self.run(str(self.programs / "pg_ctl"), "-w", "-D", str(self.directory / data), "-l", log, *words)

    def sql(self, *statements: str) -> None:
        words = [word for statement in statements for word in ("-c", statement)]
        self.run("psql", "-qAt", "-h", str(self.directory), "-p", "5490", "-d", "postgres", *words)

    def backrest(self, *words: str) -> None:
        self.run("pgbackrest", f"--config={self.config}", "--stanza=demo", *words)

    def ask(self, kind: str) -> list[dict[str, Any]]:
        """The records of one kind that are about this server and its standby."""
        found = ask("postgresql_replication")
        assert isinstance(found, Observed), found
        records = found.attributes[kind]
        assert isinstance(records, tuple), records
        return [record for record in records if record["port"] in {5490, 5491}]


@pytest.fixture(scope="module")
def cluster():
    directory = Path(tempfile.mkdtemp(prefix="secscan-postgresql-"))
    directory.chmod(0o755)
    cluster = Cluster(directory)
    try:
        cluster.run(str(cluster.programs / "initdb"), "-A", "peer", "-D", f"{directory}/data")
        with (directory / "data/postgresql.conf").open("a") as settings:
            settings.write(
                f"port=5490\nlisten_addresses=''\nunix_socket_directories='{directory}'\narchive_mode=on\nfsync=off\n"
                f"archive_command='pgbackrest --config={cluster.config} --stanza=demo archive-push %p'\n"
            )
        cluster.control("data", "start")
        cluster.backrest("stanza-create")
        yield cluster
    finally:
        for data in ("standby", "data"):
            if (directory / data / "postmaster.pid").exists():
                cluster.control(data, "-m", "immediate", "stop")
        shutil.rmtree(directory)


def with_postgresql(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that starts servers of PostgreSQL."""
    for mark in (
        pytest.mark.skipif(os.getuid() != 0, reason="becomes the user postgres"),
        pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")), reason="not installed: postgresql"),
        needs("pgbackrest", "psql", "setpriv"),
    ):
        test = mark(test)
    return test


@with_postgresql
def test_a_backup_by_pgbackrest_is_seen_in_the_repository_that_has_it(cluster: Cluster):
    cluster.backrest("--repo=2", "backup", "--type=full")
    first, second = _repositories(ask("pgbackrest", config=str(cluster.config)))
    assert (first["count"], first["encrypted"], first["last_result"]) == (0, False, "failed")
    assert (second["count"], second["encrypted"], second["last_result"], second["locks"]) == (1, True, "success", 0)
    assert abs(time.time() - second["newest"]) < 60


@with_postgresql
def test_what_the_last_verification_found_is_told_of_the_repository_and_of_the_backup_that_is_damaged(cluster: Cluster):
    logs = cluster.directory / "logs"
    logs.mkdir()
    shutil.chown(logs, "postgres")
    cluster.config.write_text(cluster.config.read_text().replace("[global]\n", f"[global]\nlog-path={logs}\n"))
    verify = ("--repo=1", "--log-level-file=info", "verify")
    cluster.backrest("--repo=1", "backup", "--type=full")
    (before, _) = _repositories(ask("pgbackrest", config=str(cluster.config)))
    assert isinstance(before["damaged"], Unobservable)
    cluster.backrest(*verify)
    (sound, other) = _repositories(ask("pgbackrest", config=str(cluster.config)))
    assert (sound["damaged"], sound["broken"], isinstance(other["damaged"], Unobservable)) == (0, 0, True)
    assert abs(time.time() - sound["checked"]) < 60
    file = max((cluster.directory / "repo/backup/demo").rglob("*.gz"), key=lambda path: path.stat().st_size)
    file.write_bytes(file.read_bytes()[:-9] + b"something")
    cluster.backrest(*verify)
    (damaged, _) = _repositories(ask("pgbackrest", config=str(cluster.config)))
    assert (damaged["damaged"], damaged["count"], damaged["broken"]) == (0, 0, 1)
    os.utime(logs / "demo-verify.log", (time.time() - 91 * 86400,) * 2)
    (old, _) = _repositories(ask("pgbackrest", config=str(cluster.config)))
    assert (isinstance(old["damaged"], Unobservable), old["broken"]) == (True, 0)


@pytest.fixture(scope="module")
def barman(cluster: Cluster):
    """Runs commands of Barman, to whose archive of the log the server copies what it writes, about a server named demo."""
    home = cluster.directory / "barman"
    incoming = home / "demo/incoming"
    config = cluster.directory / "barman.conf"
    config.write_text(
        f"[barman]\nbarman_home = {home}\nbarman_user = postgres\nlog_file = {home}/log\n"
        f"configuration_files_directory = {home}/more\n"
    )
    cluster.run("mkdir", "-p", str(incoming), str(home / "more"))
    (home / "more/demo.conf").write_text(
        f"[demo]\nconninfo = host={cluster.directory} port=5490 user=postgres dbname=postgres password=means-nothing\n"
        f"streaming_conninfo = host={cluster.directory} port=5490 user=postgres\nbackup_method = postgres\narchiver = on\n"
        f"path_prefix = {cluster.programs}\n"
    )
    own = f"pgbackrest --config={cluster.config} --stanza=demo archive-push %p"
    cluster.sql(f"ALTER SYSTEM SET archive_command = '{own} && cp %p {incoming}/%f'", "SELECT pg_reload_conf()")

    def start(*words: str) -> str:
        return cluster.run("barman", "-c", str(config), *words)

    try:
        start("switch-wal", "--force", "--archive", "demo")
        start("backup", "--wait", "demo")
        yield start
    finally:
        cluster.sql("ALTER SYSTEM RESET archive_command", "SELECT pg_reload_conf()")


def asked_of_barman(cluster: Cluster, shell: str = "dash") -> Observation:
    return ask("barman", shell, config=str(cluster.directory / "barman.conf"))


@with_postgresql
@needs("barman")
@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(words[0])) for name, words in SHELLS.items()])
def test_a_backup_by_barman_and_the_log_after_it_are_seen_in_its_catalogue(cluster: Cluster, barman, shell: str):
    barman("switch-wal", "--force", "--archive", "demo")
    found = asked_of_barman(cluster, shell)
    seen, (log, full) = only(found), points(found)
    assert (seen["location"], seen["data_set"], seen["last_result"]) == (str(cluster.directory / "barman/demo"), "demo", "success")
    assert (seen["encrypted"], seen["unfinished"], seen["broken"]) == (False, 0, 0)
    assert (log["kind"], full["kind"], full["whole"]) == ("log", "full", True)
    told = json.loads(barman("-f", "json", "show-backup", "demo", "latest"))["demo"]
    assert full["time"] == int(told["base_backup_information"]["end_time_timestamp"])
    assert full["name"] == told["backup_id"]
    assert full["time"] <= log["time"] <= time.time()


@with_postgresql
@needs("barman")
def test_what_barman_calls_done_is_no_restore_point_without_its_files_or_its_log(cluster: Cluster, barman):
    home = cluster.directory / "barman/demo"
    (info,) = (home / "base").glob("*/backup.info")
    first = re.search(r"^begin_wal=(\w+)$", info.read_text(), re.MULTILINE)
    assert first
    (segment,) = (home / "wals").rglob(first[1])
    for kept in (segment, info.parent / "data/PG_VERSION"):
        away = kept.rename(kept.with_suffix(".away"))
        seen = only(asked_of_barman(cluster))
        assert (seen["count"], seen["broken"]) == (0, 1), kept
        away.rename(kept)
    assert only(asked_of_barman(cluster))["broken"] == 0


@with_postgresql
@needs("barman")
def test_the_log_of_barman_counts_up_to_its_first_gap(cluster: Cluster, barman):
    barman("switch-wal", "--force", "--archive", "demo")
    for _ in range(2):
        cluster.sql("SELECT pg_logical_emit_message(false, 'test', 'something')")
        barman("switch-wal", "--force", "--archive", "demo")
    before = points(asked_of_barman(cluster))[0]
    segments = sorted((cluster.directory / "barman/demo/wals").rglob("0000*[0-9A-F]"))
    kept = [segment for segment in segments if segment.is_file() and len(segment.name) == 24]
    away = kept[-2].rename(kept[-2].with_suffix(".away"))
    after = points(asked_of_barman(cluster))[0]
    away.rename(kept[-2])
    assert before["kind"] == "log"
    assert after["time"] < before["time"]


@with_postgresql
@needs("barman")
def test_an_aged_and_a_failed_backup_of_barman_do_not_make_a_server_look_saved(cluster: Cluster, barman):
    (info,) = (cluster.directory / "barman/demo/base").glob("*/backup.info")
    text = info.read_text()
    end = re.search(r"^end_time=(.+)$", text, re.MULTILINE)
    assert end
    info.write_text(text.replace(end[0], "end_time=2026-01-01 12:00:00.5+02:00"))
    assert only(asked_of_barman(cluster))["newest_full"] == datetime(2026, 1, 1, 10, tzinfo=UTC).timestamp()
    info.write_text(text)
    broken = cluster.directory / "broken"
    broken.mkdir()
    for program in cluster.programs.iterdir():
        (broken / program.name).symlink_to(program)
    copier = broken / "pg_basebackup"
    copier.unlink()
    copier.write_text(f'#!/bin/sh\ncase $* in *--version*) exec {cluster.programs}/pg_basebackup "$@" ;; esac\nexit 1\n')
    copier.chmod(0o755)
    config = cluster.directory / "barman/more/demo.conf"
    config.write_text(config.read_text().replace(str(cluster.programs), str(broken)))
    with pytest.raises(AssertionError, match="barman"):
        barman("backup", "demo")
    seen = only(asked_of_barman(cluster))
    assert (seen["last_result"], seen["count"] > 0) == ("failed", True)


def _repositories(observation: Observation) -> list[dict[str, Any]]:
    assert isinstance(observation, Observed), observation
    return list(observation.attributes["repositories"])


@with_postgresql
def test_a_failing_archive_shows_by_what_waits_and_a_lost_leader_by_the_connection(cluster: Cluster):
    directory = cluster.directory
    (server,) = cluster.ask("servers")
    assert (server["archiving"], server["waiting"], server["standby"]) == (True, 0, False)
    cluster.run(
        str(cluster.programs / "pg_basebackup"), "-h", str(directory), "-p", "5490", "-D", f"{directory}/standby", "-R", "-C",
        "-S", "first", "-c", "fast",
    )  # fmt: skip
    with (directory / "standby/postgresql.conf").open("a") as settings:
        settings.write("port=5491\n")
    cluster.control("standby", "start")
    wait_for(lambda: [record["state"] for record in cluster.ask("replicas")] == ["streaming"])
    follower = next(record for record in cluster.ask("servers") if record["standby"])
    assert (follower["connected"], follower["delay"]) == (True, 0.0)
    cluster.sql("ALTER SYSTEM SET archive_command = 'false'", "SELECT pg_reload_conf()", "CREATE TABLE t AS SELECT 1")
    cluster.sql("SELECT pg_switch_wal()")
    wait_for(lambda: any(record["waiting"] for record in cluster.ask("servers") if not record["standby"]))
    cluster.control("data", "-m", "immediate", "stop")
    wait_for(lambda: [record["connected"] for record in cluster.ask("servers")] == [False])
    cluster.control("standby", "-m", "immediate", "stop")
    cluster.control("data", "start")
    (slot,) = cluster.ask("slots")
    assert (slot["name"], slot["active"]) == ("first", False)


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(50):
        if condition():
            return
        time.sleep(0.2)
    pytest.fail("it did not come to be within 10 s")


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
