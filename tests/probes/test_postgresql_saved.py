"""A PostgreSQL server of this machine, saved by pgBackRest and Barman and followed by a standby. Skipped without the programs."""

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
from asked_here import SHELLS, ask, needs, only, points

from secscan.model.probe import Observation, Observed
from secscan.model.values import Unobservable


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


def saved(cluster: Cluster, name: str) -> list[str]:
    found = ask("postgresql_setting", name=name)
    assert isinstance(found, Observed), found
    records = found.attributes["saved"]
    assert isinstance(records, tuple), records
    return [str(record["value"]) for record in records if record["port"] == 5490]


@with_postgresql
def test_what_the_files_say_otherwise_is_told_until_the_server_has_read_them(cluster: Cluster):
    config = cluster.directory / "data/postgresql.conf"
    before = config.read_text()
    names = ("fsync", "synchronous_commit", "password_encryption", "log_connections", "log_line_prefix", "ssl", "archive_mode")
    assert {name: saved(cluster, name) for name in names} == {name: [] for name in names}
    try:
        config.write_text(
            f"{before}\nfsync = tRuE\nsynchronous_commit = Local # for speed\npassword_encryption='MD5'\n"
            "password_encryption = 'Scram-SHA-256'\n"
            "Log_Connections yes\nlog_line_prefix = '%m '\nssl = no\narchive_mode = off\n"
        )
        told = {name: saved(cluster, name) for name in names}
        assert told == {
            "fsync": ["on"], "synchronous_commit": ["local"], "password_encryption": [], "log_connections": ["on"],
            "log_line_prefix": ["%m "], "ssl": [], "archive_mode": ["off"],
        }  # fmt: skip
        cluster.sql("SELECT pg_reload_conf()")
        wait_for(lambda: saved(cluster, "fsync") == [])
        assert (saved(cluster, "synchronous_commit"), saved(cluster, "archive_mode")) == ([], ["off"])
        config.write_text(before.replace("fsync=off", ""))
        assert (saved(cluster, "synchronous_commit"), saved(cluster, "fsync"), saved(cluster, "archive_mode")) == (["on"], [], [])
    finally:
        config.write_text(before)
        cluster.sql("SELECT pg_reload_conf()")


@with_postgresql
def test_a_pg_hba_that_is_newer_than_what_the_server_has_read_is_not_known_to_be_in_force(cluster: Cluster):
    def in_force() -> object:
        found = ask("postgresql_access")
        assert isinstance(found, Observed), found
        return found.attributes["in_force"]

    hba = cluster.directory / "data/pg_hba.conf"
    time.sleep(1.1)  # files know whole seconds only
    cluster.sql("SELECT pg_reload_conf()")
    wait_for(lambda: in_force() is True)
    time.sleep(1.1)
    hba.write_text(hba.read_text() + "# newer\n")
    os.utime(hba, (0, 0))  # as a copy that keeps the time of an old file
    told = in_force()
    assert isinstance(told, Unobservable)
    assert "5490" in told.reason
    cluster.sql("SELECT pg_reload_conf()")
    wait_for(lambda: in_force() is True)


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
