"""A full disk, a database that is locked, gone or damaged, and clocks that jump: told, and nothing is lost or made anew."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from documents import DAY, START, document
from sqlalchemy import URL

from secscan.errors import HistoryError
from secscan.history import schema
from secscan.history.states import Kind
from secscan.history.store import History

PASS, FAIL = ("pass", "", "1"), ("fail", "a", "1")


def statuses(count: int, outcome: tuple[str, str, str] = PASS) -> dict[str, tuple[str, str, str]]:
    return {f"check_{number:04}": outcome for number in range(count)}


def test_a_full_disk_loses_the_host_that_did_not_fit_and_nothing_that_was_there(small_disk: Path):
    history = History(f"sqlite:///{small_disk}/h.sqlite")
    run = history.begin("run-1", "base", "x", START, 9, "")
    history.record(run, document("first", statuses(20)))
    (small_disk / "filler").write_bytes(b"x" * max(0, shutil.disk_usage(small_disk).free - 8192))
    with pytest.raises(HistoryError, match=r"the history cannot be used: .*(full|disk)"):
        history.record(run, document("second", statuses(3000)))
    (small_disk / "filler").unlink()
    assert history.recorded(run) == {"first"}
    assert len(history.story("check_0000", "first")) == 1
    history.record(run, document("second", statuses(20)))
    assert history.recorded(run) == {"first", "second"}
    history.close()
    with closing(sqlite3.connect(small_disk / "h.sqlite")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_that_is_full_from_the_beginning_is_told_and_leaves_no_half_made_history(small_disk: Path):
    (small_disk / "filler").write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    with pytest.raises(HistoryError, match=r"h\.sqlite: .*(full|disk|unable)"):
        History(f"sqlite:///{small_disk}/h.sqlite")
    (small_disk / "filler").unlink()
    History(f"sqlite:///{small_disk}/h.sqlite").close()


def test_a_database_that_somebody_else_has_locked_is_waited_for_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "BUSY_S", 0.2)
    history = History(f"sqlite:///{tmp_path}/h.sqlite")
    run = history.begin("run-1", "base", "x", START, 1, "")
    other = sqlite3.connect(tmp_path / "h.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match="database is locked"):
        history.record(run, document("one", statuses(3)))
    assert [each.name for each in history.runs()] == ["run-1"], "who only reads does not wait"
    other.execute("ROLLBACK")
    other.close()
    assert history.record(run, document("one", statuses(3)))


def test_two_who_write_at_the_same_time_wait_for_each_other(tmp_path: Path):
    program = textwrap.dedent(
        """
        import sys
        sys.path.insert(0, sys.argv[3])
        from documents import START, document
        from secscan.history.store import History
        history = History(sys.argv[1])
        run = history.begin(sys.argv[2], "base", "x", START, 20, "")
        for number in range(20):
            history.record(run, document(f"{sys.argv[2]}-{number}", {"check": ("pass", "", "1")}))
        history.finish(run, START + 60)
        """
    )
    url = f"sqlite:///{tmp_path}/h.sqlite"
    History(url).close()
    command = [sys.executable, "-c", program, url]
    writers = [subprocess.Popen([*command, f"run-{number}", Path(__file__).parent], stderr=subprocess.PIPE) for number in range(3)]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 3
    history = History(url)
    assert {(run.name, run.recorded, run.finished_at) for run in history.runs()} == {
        (f"run-{number}", 20, START + 60) for number in range(3)
    }
    history.close()


def test_a_clock_that_jumps_back_between_runs_changes_neither_their_order_nor_what_changed(history: History):
    moments = (START, START + 3650 * DAY, START + DAY)
    for number, (at, outcome) in enumerate(zip(moments, (PASS, FAIL, PASS), strict=True)):
        run = history.begin(f"run-{number}", "base", "x", at, 1, "")
        history.record(run, document("one", {"check": outcome}, at))
        history.finish(run, at + 60)
    assert [run.name for run in history.runs()] == ["run-0", "run-1", "run-2"]
    assert history.run("latest").name == "run-2"
    kinds = [[change.kind for change in history.diff(history.run(f"run-{n}"), history.run(f"run-{n + 1}")).changes] for n in (0, 1)]
    assert kinds == [[Kind.NEW], [Kind.FIXED]]
    assert [chapter.status.outcome for chapter in history.story("check", "one")] == ["pass", "fail", "pass"]
    assert history.failing(START + 2 * DAY) == []


def test_a_file_that_is_damaged_in_the_middle_is_told_when_it_is_opened_and_left_as_it_is(tmp_path: Path):
    file = tmp_path / "h.sqlite"
    history = History(f"sqlite:///{file}")
    run = history.begin("run-1", "base", "x", START, 1, "")
    history.record(run, document("one", statuses(3000)))
    history.close()
    damaged = bytearray(file.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 8192] = b"\xff" * 8192
    file.write_bytes(damaged)
    with pytest.raises(HistoryError, match=r"h\.sqlite") as told:
        History(f"sqlite:///{file}")
    assert "\n" not in str(told.value)
    assert file.read_bytes() == damaged
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite") == ["h.sqlite"]


def test_damage_is_told_to_whoever_asks_where_the_answer_lies_and_to_whoever_writes_before_that(tmp_path: Path):
    file = tmp_path / "h.sqlite"
    history = History(f"sqlite:///{file}")
    history.record(history.begin("run-1", "base", "x", START, 1, ""), document("one", statuses(3000)))
    history.close()
    with closing(sqlite3.connect(file)) as database:
        (size,) = database.execute("PRAGMA page_size").fetchone()
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'transitions'").fetchone()
    damaged = bytearray(file.read_bytes())
    damaged[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(damaged)
    asked = History(f"sqlite:///{file}", whole=False)
    assert [run.name for run in asked.runs()] == ["run-1"]
    with pytest.raises(HistoryError, match="the history cannot be used: database disk image is malformed"):
        asked.story("check_0001", "one")
    asked.close()
    with pytest.raises(HistoryError, match=r"h\.sqlite: is damaged: .*; move it away, or restore it from a backup"):
        History(f"sqlite:///{file}")
    assert file.read_bytes() == damaged


def test_a_file_that_is_cut_short_is_told_and_left_as_it_is(tmp_path: Path):
    file = tmp_path / "h.sqlite"
    history = History(f"sqlite:///{file}")
    history.record(history.begin("run-1", "base", "x", START, 1, ""), document("one", statuses(500)))
    history.close()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    cut = file.read_bytes()
    with pytest.raises(HistoryError, match=r"h\.sqlite"):
        History(f"sqlite:///{file}")
    assert file.read_bytes() == cut


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path):
    (tmp_path / "h.sqlite").mkdir()
    with pytest.raises(HistoryError, match=r"h\.sqlite"):
        History(f"sqlite:///{tmp_path}/h.sqlite")


@pytest.mark.parametrize("left", ["nothing", "what a killed run had not written yet"])
def test_a_history_on_a_disk_that_nobody_writes_answers_every_question(small_disk: Path, left: str):
    """A backup that is mounted, or an archive; SQLite's journal wants to write beside the file even for a question."""
    file = small_disk / "what?%20is #1.sqlite"
    url = str(URL.create("sqlite", database=str(file)))
    history = History(url)
    history.record(history.begin("run-1", "base", "x", START, 1, ""), document("one", statuses(3)))
    if left != "nothing":
        kept = {path.name: path.read_bytes() for path in small_disk.iterdir()}
    history.close()
    if left != "nothing":
        for name, content in kept.items():
            (small_disk / name).write_bytes(content)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        assert schema.inspect_database(url, whole=False) == "current"
        asked = History(url, whole=False)
        assert [run.name for run in asked.runs()] == ["run-1"]
        assert len(asked.story("check_0001", "one")) == 1
        with pytest.raises(HistoryError, match="readonly"):
            asked.begin("run-2", "base", "x", START, 1, "")
        asked.close()
        for refused in (History, lambda url: schema.inspect_database(url, to_write=True)):
            with pytest.raises(HistoryError, match=r"#1\.sqlite: cannot be written: Read-only file system"):
                refused(url)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)


def test_what_is_no_file_is_no_history_and_keeps_nobody_waiting(tmp_path: Path):
    pipe = tmp_path / "h.sqlite"
    os.mkfifo(pipe)
    for place in (pipe, Path("/dev/null")):
        for asked in (History, schema.inspect_database):
            with pytest.raises(HistoryError, match="is not a SQLite database"):
                asked(f"sqlite:///{place}")


@pytest.mark.parametrize("folder", ["/proc/none", "file/below"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, folder: str):
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match=r"h\.sqlite: cannot be written: (No such file|Not a directory|File exists)"):
        History(f"sqlite:///{tmp_path / folder}/h.sqlite")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_goes_away_is_told_and_what_it_had_is_there_when_it_is_back(url: str):
    import psycopg  # noqa: PLC0415 - only where there is a server

    history = History(url)
    run = history.begin("run-1", "base", "x", START, 2, "")
    history.record(run, document("one", statuses(3)))
    with psycopg.connect(host=url.rpartition("host=")[2], user="postgres", dbname="postgres", autocommit=True) as admin:
        others = "pid <> pg_backend_pid() AND datname LIKE 'secscan%'"
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    with pytest.raises(HistoryError, match=r"the history cannot be used: .*terminat"):
        history.record(run, document("two", statuses(3)))
    assert history.recorded(run) == {"one"}
    history.record(run, document("two", statuses(3)))
    assert history.recorded(run) == {"one", "two"}
    history.close()
