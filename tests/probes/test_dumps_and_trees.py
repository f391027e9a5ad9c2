"""Trees of rsnapshot and rsync, dumps and archives, made on this machine. Skipped where a program is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asked_here import NIGHT, SHELLS, age, ask, needs, only, points

from secscan.model.probe import Observed
from secscan.model.values import Unobservable


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
