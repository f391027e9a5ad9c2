"""Tables of an older secscan are brought up to date: all of it or nothing, with a copy beside, and never those of a newer one."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from documents import START, document
from sqlalchemy import create_engine, inspect, text

from secscan.cli import run
from secscan.errors import HistoryError
from secscan.history import schema
from secscan.history.store import History
from secscan.history.tables import REVISION

BEFORE, NEXT = REVISION, str(int(REVISION) + 1)
STEP = f"""
import os, signal
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{BEFORE}"


def upgrade() -> None:
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("runs", sa.Column("colour", sa.Text, nullable=False, server_default="blue"))
"""
BREAKS = '    raise KeyError("nowhere")\n'
FAILS = '    op.execute("SELECT id FROM nowhere")\n'
DIES = "    os.kill(os.getpid(), signal.SIGKILL)\n"

# Three runs over one host, by two checks, of which one moved from night to night: table, columns, rows.
OF_VERSION_2 = (
    ("hosts", "name", [("one",)]),
    ("checks", "name", [("check_a",), ("check_b",)]),
    ("versions", "digest", [("v",)]),
    (
        "runs", "name baseline content_sha256 started_at finished_at targets folder partial",
        [(f"run-{number}", "base", "x", number, number + 0.5, 1, "/out", False) for number in (1, 2, 3)],
    ),
    (
        "assessments", "run_id host_id started_at finished_at unreachable counts bundle_sha256",
        [(number, 1, number, number + 0.5, "", "{}", "") for number in (1, 2, 3)],
    ),
    (
        "states",
        """host_id baseline check_id subject outcome disposition fingerprint severity version_id first_seen since changed_at
        reopened mended""",
        [
            (1, "base", 1, "", "fail", "none", "", "high", 1, 1.0, 3.0, 3.0, 1, False),
            (1, "base", 2, "", "pass", "none", "", "high", 1, 1.0, 1.0, 1.0, 0, False),
        ],
    ),
    (
        "transitions", "state_id run_id at outcome disposition fingerprint severity version_id",
        [
            (1, 1, 1.0, "fail", "none", "", "high", 1), (2, 1, 1.0, "pass", "none", "", "high", 1),
            (1, 2, 2.0, "pass", "none", "", "high", 1), (1, 3, 3.0, "fail", "none", "", "high", 1),
        ],
    ),
)  # fmt: skip


@pytest.fixture
def old(url: str) -> str:
    """A history as this secscan writes it, with one run."""
    history = History(url)
    made = history.begin("run-1", "base", "x", START, 1, "")
    history.record(made, document("one", {"check": ("fail", "a", "1")}))
    history.finish(made, START + 60)
    history.close()
    return url


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes this secscan a newer one, whose tables have one step more, and this at the end of it."""

    def make(end: str = "") -> Path:
        steps = tmp_path / "migrations"
        shutil.copytree(schema._MIGRATIONS, steps, ignore=shutil.ignore_patterns("__pycache__"))
        (steps / "versions" / "second.py").write_text(STEP + end)
        monkeypatch.setattr(schema, "_MIGRATIONS", steps)
        monkeypatch.setattr(schema, "REVISION", NEXT)
        return steps

    return make


def look(url: str) -> tuple[str | None, set[str], set[str]]:
    """The version, the tables, and the columns of runs."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
        columns = {column["name"] for column in inspect(connection).get_columns("runs")}
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    return version, names, columns


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.backup"))


def test_older_tables_are_brought_up_to_date_and_everything_is_still_there(old, newer):
    newer()
    assert schema.upgrade_database(old)[0] == BEFORE
    assert schema.upgrade_database(old) == (None, None)
    history = History(old)
    assert [run.name for run in history.runs()] == ["run-1"]
    assert [chapter.run for chapter in history.story("check", "one")] == ["run-1"]
    made = history.begin("run-2", "base", "x", START + 60, 1, "")
    assert [change.check for change in history.record(made, document("one", {"check": ("pass", "", "1")}))] == ["check"]
    history.close()
    version, names, columns = look(old)
    assert (version, "notes" in names, "colour" in columns) == (NEXT, True, True)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_tables_on_a_server_wait_until_somebody_asks_because_others_may_use_them_by_an_older_secscan(old, newer, monkeypatch):
    before = look(old)
    newer()
    assert schema.inspect_database(old) == "waiting"
    with pytest.raises(HistoryError, match=r"of an older secscan; allowed: to copy it \(pg_dump\), then `secscan runs upgrade`"):
        History(old)
    assert look(old) == before
    assert run(["runs", "upgrade", "--history", old]) == 0
    assert run(["runs", "upgrade", "--history", old]) == 0
    assert look(old)[0] == NEXT
    assert schema.inspect_database(old) == "current"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_is_brought_up_to_date_by_whoever_uses_it_next_and_by_whoever_asks(old, newer, tmp_path, capsys):
    newer()
    assert schema.inspect_database(old) == "older"
    assert run(["runs", "upgrade", "--history", old]) == 0
    (copy,) = copies(tmp_path)
    told = capsys.readouterr().err
    assert f"its tables were of version {BEFORE}" in told
    assert f"{copy} is a copy of it" in told
    assert run(["runs", "upgrade", "--history", old]) == 0
    assert capsys.readouterr().err == "secscan: the history is up to date\n"


def test_the_first_tables_that_there_ever_were_are_brought_up_to_date(url):
    """Those of a history that was written before runs over a part of an inventory were told apart."""
    from alembic import command  # noqa: PLC0415 - of this test alone

    engine = create_engine(url)
    config = schema._migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "1")
        connection.execute(text("INSERT INTO runs VALUES (1, 'run-1', 'base', 'x', 1.0, 2.0, 1, '/out')"))
    engine.dispose()
    assert schema.upgrade_database(url)[0] == "1"
    history = History(url)
    assert [(each.name, each.folder, each.partial) for each in history.runs()] == [("run-1", "/out", False)]
    history.close()


def test_what_changed_keeps_its_order_when_the_tables_are_brought_up_to_date(url):
    """Transitions were numbered all together once, and are now for each state."""
    from alembic import command  # noqa: PLC0415 - of this test alone

    engine = create_engine(url)
    config = schema._migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "2")
        for table, columns, rows in OF_VERSION_2:
            names = columns.split()
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
            connection.execute(text(statement), [dict(zip(names, row, strict=True)) for row in rows])
    engine.dispose()
    assert schema.upgrade_database(url)[0] == "2"
    history = History(url)
    first, second, third = history.runs()
    told = [(chapter.run, chapter.status.outcome) for chapter in history.story("check_a", "one")]
    assert told == [("run-1", "fail"), ("run-2", "pass"), ("run-3", "fail")]
    assert [chapter.run for chapter in history.story("check_b", "one")] == ["run-1"]
    assert [change.kind for change in history.diff(first, second).changes] == ["fixed"]
    assert [change.kind for change in history.diff(second, third).changes] == ["new"]
    fourth = history.begin("run-4", "base", "x", 4.0, 1, "/out")
    found = document("one", {"check_a": ("pass", "", "v")}, 4.0)
    assert [change.check for change in history.record(fourth, found)] == ["check_a", "check_b"]
    assert [chapter.run for chapter in history.story("check_a", "one")] == ["run-1", "run-2", "run-3", "run-4"]
    history.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_is_copied_before_it_changes_and_the_copy_is_what_the_older_secscan_had(old, newer, tmp_path, monkeypatch):
    newer()
    History(old).close()
    History(old).close()
    (copy,) = copies(tmp_path)
    assert copy.stat().st_mode & 0o077 == 0
    assert look(f"sqlite:///{copy}")[0] == BEFORE
    monkeypatch.undo()
    history = History(f"sqlite:///{copy}")
    assert [run.name for run in history.runs()] == ["run-1"]
    assert len(history.failing(START)) == 1
    history.close()


@pytest.mark.parametrize("end", [FAILS, BREAKS], ids=["the database refuses", "we are wrong"])
def test_a_step_that_fails_leaves_everything_as_it_was_and_says_where_the_copy_is(old, newer, tmp_path, monkeypatch, end):
    before = look(old)
    newer(end)
    with pytest.raises(HistoryError, match=r"cannot be brought up to date: .*nowhere.*; it is as it was") as told:
        schema.upgrade_database(old)
    for copy in copies(tmp_path):
        assert f"and {copy} is a copy of it" in str(told.value)
    assert len(copies(tmp_path)) == old.startswith("sqlite")
    assert look(old) == before
    monkeypatch.undo()
    history = History(old)
    assert len(history.failing(START)) == 1
    history.close()


def test_a_kill_in_the_middle_of_a_step_leaves_everything_as_it_was(old, newer, monkeypatch):
    before, steps = look(old), newer(DIES)
    program = """
        import sys
        from pathlib import Path
        from secscan.history import schema
        schema._MIGRATIONS, schema.REVISION = Path(sys.argv[2]), sys.argv[3]
        schema.upgrade_database(sys.argv[1])
        """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program), old, steps, NEXT], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr
    assert look(old) == before
    monkeypatch.undo()
    history = History(old)
    assert len(history.failing(START)) == 1
    history.close()


@pytest.mark.parametrize("fresh", [True, False], ids=["no tables yet", "older tables"])
def test_of_many_who_open_it_at_once_one_changes_the_tables_and_the_others_wait(url, newer, tmp_path, fresh):
    if not fresh:
        History(url).close()
        newer()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(schema.upgrade_database, [url] * 6))
        for history in pool.map(History, [url] * 6):
            assert history.runs() == []
            history.close()
    assert {before for before, _ in found} <= ({None} if fresh else {BEFORE, None})
    assert look(url)[0] == (BEFORE if fresh else NEXT)
    assert len(copies(tmp_path)) == (not fresh and url.startswith("sqlite"))


def test_tables_of_a_newer_secscan_are_refused_and_left_as_they_are(old, newer, monkeypatch, tmp_path):
    newer()
    schema.upgrade_database(old)
    before = look(old)
    monkeypatch.undo()
    with pytest.raises(HistoryError, match=rf"was written by a newer secscan \(tables of version {NEXT}\); update secscan"):
        History(old)
    assert look(old) == before
    assert len(copies(tmp_path)) == old.startswith("sqlite")


def test_a_copy_that_does_not_fit_on_the_disk_stops_it_before_anything_changes(small_disk, newer):
    url = f"sqlite:///{small_disk}/h.sqlite"
    history = History(url)
    made = history.begin("run-1", "base", "x", START, 1, "")
    history.record(made, document("one", {f"check_{number:04}": ("pass", "", "1") for number in range(500)}))
    history.close()
    (small_disk / "filler").write_bytes(b"x" * max(0, shutil.disk_usage(small_disk).free - 65_536))
    newer()
    with pytest.raises(HistoryError, match=r"h\.sqlite\..*\.backup: cannot be written: .*(full|disk).* must be copied before"):
        History(url)
    assert copies(small_disk) == []
    assert look(url)[0] == BEFORE
    with closing(sqlite3.connect(small_disk / "h.sqlite")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
