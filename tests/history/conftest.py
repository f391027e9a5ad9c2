"""Histories to test on: SQLite, and a PostgreSQL server of this test's own where Debian's is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from secscan.history.store import History


def _programs() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass
class Server:
    """A PostgreSQL server that listens on a socket of its own alone."""

    programs: Path
    folder: Path
    prefix: list[str]

    @property
    def url(self) -> str:
        """The URL of its databases, without the name of one."""
        return f"postgresql+psycopg://postgres@/{{name}}?host={self.folder}"

    def do(self, *command: object) -> None:
        """One of its programs, as its user."""
        words = [*self.prefix, *map(str, command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=self.folder, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Let it answer."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        place = ("--pgdata", self.folder / "data", "--log", self.folder / "log")
        self.do(self.programs / "pg_ctl", "start", "--wait", *place, "--options", options)

    def stop(self) -> None:
        """As if its machine had lost power."""
        self.do(self.programs / "pg_ctl", "stop", "--mode=immediate", "--pgdata", self.folder / "data")


@contextmanager
def _server() -> Iterator[Server]:
    """A server that runs, and is taken away."""
    programs = _programs()
    if programs is None:
        if os.environ.get("SECSCAN_LAB") == "require":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    as_root = os.geteuid() == 0
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if as_root else []
    server = Server(programs, Path(tempfile.mkdtemp(prefix="secscan-pg-")), prefix)
    if as_root:
        shutil.chown(server.folder, "postgres", "postgres")
    try:
        data = ("--pgdata", server.folder / "data")
        server.do(programs / "initdb", *data, "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8")
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server, without the name of a database."""
    with _server() as server:
        yield server.url


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that a test may stop and start again."""
    with _server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.sqlite"
    server: str = request.getfixturevalue("postgresql")
    import psycopg  # noqa: PLC0415 - only where there is a server

    name = f"secscan_{uuid.uuid4().hex[:12]}"
    folder = server.rpartition("host=")[2]
    with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload] # a name of our own making
    return server.format(name=name)


@pytest.fixture
def history(url: str) -> Iterator[History]:
    """An open history."""
    opened = History(url)
    yield opened
    opened.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 512 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        if os.environ.get("SECSCAN_LAB") == "require":
            pytest.fail("no file system can be mounted here")
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
