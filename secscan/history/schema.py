"""Opening a history: the database is there, whole, ours, and of the version that this secscan knows; older ones are brought up."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from secscan.addresses import without_password
from secscan.errors import HistoryError, UsageError
from secscan.history.tables import REVISION
from secscan.messages import Message

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_S = 30.0
_CACHE_KIB = 65_536  # SQLite's own 2 MiB read a large fleet's tables again and again
# A server that answers nothing any more is given up after so long, where libpq would wait for minutes, or for ever.
_PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 30_000, "keepalives_idle": 30}
_MIGRATING = 5_512_001  # the advisory lock of PostgreSQL while tables change; any number that nobody else uses
_MIGRATIONS = Path(__file__).parent / "migrations"
_ALLOWED = "sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME"


def open_database(url: str, *, whole: bool = True) -> Engine:
    """The engine of a history, its tables up to date. Raises UsageError for a wrong URL, HistoryError for a bad database.

    Older tables are brought up to date in a file, of which a copy is made. On a server somebody has to ask for it: others may
    work with it by an older secscan, and copies are made by whoever runs it. `whole`: a file is read from end to end for damage
    first, which takes a second for 300 MB; whoever only asks a question is told of damage where the answer lies.
    """
    return _opened(url, asked=False, whole=whole)[0]


def upgrade_database(url: str) -> tuple[str | None, Path | None]:
    """Bring older tables up to date; the version that they had, None when it was this one, and the copy of a file.

    Raises as open_database.
    """
    engine, before, copy = _opened(url, asked=True, whole=True)
    engine.dispose()
    return before, copy


def _opened(url: str, *, asked: bool, whole: bool) -> tuple[Engine, str | None, Path | None]:
    parsed = _parse(url)
    file = _file_of(parsed)
    still = file is not None and not (asked or whole) and _lies_still(file)
    if file:
        _make_folder(file)
        _demand_sqlite(file)
        if asked or whole:
            _demand_folder(file)
    engine = _engine(parsed, file, still=still)
    if file and not still:
        event.listen(engine, "connect", _prepare_sqlite)
    try:
        before, copy = _bring_up(engine, file, asked=asked, whole=whole)
    except BaseException as error:
        engine.dispose()
        if isinstance(error, SQLAlchemyError):
            raise HistoryError("{shown}: {reason}", shown=_shown(parsed), reason=reason(error)) from error
        raise
    if file:
        with contextlib.suppress(OSError):  # somebody else's, who lets us use it, or where nobody writes
            file.chmod(0o600)
    return engine, before, copy


def inspect_database(url: str, *, whole: bool = True, to_write: bool = False) -> str:
    """How a history stands, changing nothing. Raises UsageError, HistoryError for a bad one. `whole` as for open_database.

    `missing`, `current`, `older` (the next to open it brings it up to date), `waiting` (for somebody who does so), or, when it
    is looked at `to_write`, `refused` where a server lets this user do no more than read.
    """
    parsed = _parse(url)
    file = _file_of(parsed)
    if file:
        if not file.exists():
            return "missing"
        _demand_sqlite(file)
        if to_write:
            _demand_folder(file)
    engine = _engine(parsed, file, still=file is not None and not to_write and _lies_still(file))
    try:
        if file and whole:
            _demand_whole(engine, file)
        present, names = _look(engine)
        if present is not None:
            _demand_known(engine, present, _migrations())
        refused = to_write and not file and not _may_write(engine, names)
    except SQLAlchemyError as error:
        raise HistoryError("{shown}: {reason}", shown=_shown(parsed), reason=reason(error)) from error
    finally:
        engine.dispose()
    if refused and (present == REVISION or not names):
        return "refused"
    if present == REVISION:
        return "current"
    return "missing" if not names else "older" if file else "waiting"


def database_file(url: str) -> Path | None:
    """The file of a history in SQLite, None for one on a server. Raises UsageError for what is no URL of a history."""
    return _file_of(_parse(url))


def _may_write(engine: Engine, names: list[str]) -> bool:
    """Whether a server lets this user write the tables that are there, or make them where there is none."""
    with engine.connect() as connection:
        if not names:
            return bool(connection.execute(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar())
        every = " AND ".join(f"has_table_privilege('runs', '{right}')" for right in ("INSERT", "UPDATE", "DELETE"))
        return bool(connection.execute(text(f"SELECT {every}")).scalar())


def reason(error: Exception) -> str:
    """What a database complains about, on one line, without the statement and its values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(cause).split())[:300]


def _file_of(url: URL) -> Path | None:
    """The file of a SQLite database."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _lies_still(file: Path) -> bool:
    """Whether nobody writes a file, so that SQLite can read it without the journal that it wants beside it."""
    return not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()


def _engine(url: URL, file: Path | None, *, still: bool = False) -> Engine:
    if file and still:
        place = f"{file.absolute().as_uri()}?immutable=1"
        return create_engine(url, creator=lambda: sqlite3.connect(place, uri=True))
    patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
    ours = {"timeout": BUSY_S} if file else patience if url.get_driver_name().startswith("psycopg") else {}
    try:
        return create_engine(url, connect_args=ours)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            "{shown}: its driver is not installed ({error}); allowed: {allowed}", shown=_shown(url), error=error, allowed=_ALLOWED
        ) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UsageError(
            "history {url!r} is no database URL; allowed: {allowed}", url=without_password(url), allowed=_ALLOWED
        ) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):  # of which nothing would stay
        raise UsageError("history {url!r} is no database URL; allowed: {allowed}", url=without_password(url), allowed=_ALLOWED)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError(
            "history cannot be kept in {backend!r}; allowed: {allowed}", backend=parsed.get_backend_name(), allowed=_ALLOWED
        )
    return parsed


def _shown(url: URL) -> str:
    return url.database or "" if url.get_backend_name() == "sqlite" else without_password(url.render_as_string(hide_password=True))


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise HistoryError("{path}: cannot be written: {reason}", path=file, reason=error.strerror) from error


def _demand_folder(file: Path) -> None:
    """The folder of a file can be written: SQLite's journal lies there."""
    if not os.access(file.parent, os.W_OK):
        fault = errno.EROFS if os.statvfs(file.parent).f_flag & os.ST_RDONLY else errno.EACCES
        raise HistoryError("{path}: cannot be written: {reason}", path=file, reason=os.strerror(fault))


def _demand_sqlite(file: Path) -> None:
    """A file that is there is a SQLite file; nothing is ever made anew in place of something that is not."""
    head = b""
    try:
        special = not stat.S_ISREG(file.stat().st_mode)
        if file.is_dir() or not special:  # a pipe would make us wait for whoever writes to it
            with file.open("rb") as stream:
                head = stream.read(16)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HistoryError("{file}: cannot be read: {reason}", file=file, reason=error.strerror) from error
    if special or (head and head != b"SQLite format 3\0"):
        raise HistoryError("{file}: is not a SQLite database, or is damaged; move it away, or restore it from a backup", file=file)


def _prepare_sqlite(connection: object, _record: object) -> None:
    """Writers wait for each other, a kill loses no finished transaction, and references hold."""
    cursor = connection.cursor()  # type: ignore[attr-defined] # a DB-API connection, which has no type of its own
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"cache_size=-{_CACHE_KIB}"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _bring_up(engine: Engine, file: Path | None, *, asked: bool, whole: bool) -> tuple[str | None, Path | None]:
    """The version before, None for one that is this one or for no tables, and the copy of a file."""
    if file and whole:
        _demand_whole(engine, file)
    present, _ = _look(engine)
    if present == REVISION:
        return None, None
    if file and not whole:
        _demand_whole(engine, file)
    if present is not None:
        _demand_known(engine, present, _migrations())
        if not (file or asked):
            raise HistoryError(
                "{shown}: its tables are of an older secscan; allowed: to copy it (pg_dump), then `secscan runs upgrade`",
                shown=_shown(engine.url),
            )
    return present, _migrate(engine, file, present)


def _demand_whole(engine: Engine, file: Path) -> None:
    """Every page is as it must be. Raises HistoryError for a file that is damaged."""
    with engine.connect() as connection:
        fault = " ".join(str(connection.execute(text("PRAGMA quick_check(1)")).scalar()).split())
    if fault != "ok":
        raise HistoryError("{file}: is damaged: {fault}; move it away, or restore it from a backup", file=file, fault=fault)


def _look(engine: Engine) -> tuple[str | None, list[str]]:
    """The version of the tables, None where there is none yet, and their names. Raises HistoryError when they are not ours."""
    with engine.connect() as connection:
        names, present = inspect(connection).get_table_names(), _version(connection)
    if present is None and names:
        raise HistoryError(
            "{database}: holds tables that are not secscan's; allowed: a database of its own", database=engine.url.database
        )
    return present, names


def _migrations() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - 100 ms, and hardly ever needed

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _demand_known(engine: Engine, present: str, config: Config) -> None:
    """Raises HistoryError for a version that a newer secscan has made."""
    if present == REVISION:
        return
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    if present not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise HistoryError(
            "{database}: was written by a newer secscan (tables of version {present}); update secscan",
            database=engine.url.database,
            present=present,
        )


def _migrate(engine: Engine, file: Path | None, present: str | None) -> Path | None:
    """From an older version, or from nothing, to the tables that this secscan knows: all of it, or nothing. The copy of a file."""
    from alembic import command  # noqa: PLC0415 - 100 ms, and hardly ever needed

    config, copy = _migrations(), None
    try:
        with engine.connect() as connection:
            _begin_alone(connection, file)
            if _version(connection) == present:  # else somebody else has done it while we waited
                copy = _back_up(file) if file and present is not None else None
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            connection.commit()
        return copy
    except HistoryError:
        raise
    except Exception as error:
        if present is None:
            raise
        kept = Message(", and {copy} is a copy of it", copy=copy) if copy else ""
        raise HistoryError(
            "{shown}: cannot be brought up to date: {reason}; it is as it was{kept}",
            shown=_shown(engine.url),
            reason=reason(error),
            kept=kept,
        ) from error


def _begin_alone(connection: Connection, file: Path | None) -> None:
    """A transaction that nobody else changes tables in. Python's sqlite3 begins none for changes of tables by itself."""
    connection.exec_driver_sql("BEGIN EXCLUSIVE" if file else f"SELECT pg_advisory_xact_lock({_MIGRATING})")


def _version(connection: Connection) -> str | None:
    """The version of the tables; None where there is none."""
    if "alembic_version" not in inspect(connection).get_table_names():
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _back_up(file: Path) -> Path:
    """A copy beside the file, before its tables change; what is still in the journal is in it too. Raises HistoryError."""
    copy = file.with_name(f"{file.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.backup")
    try:
        copy.touch(0o600, exist_ok=False)
        try:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        except BaseException:
            copy.unlink()
            raise
    except (sqlite3.Error, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise HistoryError(
            "{copy}: cannot be written: {why}; {file} is older and must be copied before it changes", copy=copy, why=why, file=file
        ) from error
    return copy
