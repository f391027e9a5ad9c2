"""PostgreSQL servers of tests: each is a child of the test run, listens on a socket of its own alone, and ends with the run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.enclosure import is_alive, own_mark

_PREFIX = "secscan-pg-"
_START_S = 60.0


def _programs() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass
class Server:
    """A PostgreSQL server that listens on a socket of its own alone."""

    programs: Path
    folder: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its databases, without the name of one."""
        return f"postgresql+psycopg://postgres@/{{name}}?host={self.folder}"

    @property
    def pid(self) -> int:
        """The number of its first process."""
        assert self._process is not None
        return self._process.pid

    def do(self, *command: object) -> None:
        """One of its programs, as its user."""
        words = [*_as_its_user(), *map(str, command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=self.folder, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Let it answer. It is a child of ours, and ends with us, however we end."""
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder, "fsync": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        words = [*_as_its_user("--pdeathsig", "QUIT"), str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        ends_at = time.monotonic() + _START_S
        ready = [str(self.programs / "pg_isready"), "--quiet", "--host", str(self.folder)]
        while subprocess.run(ready, check=False, cwd=self.folder).returncode:
            told = (self.folder / "log").read_text()
            assert self._process.poll() is None, told
            assert time.monotonic() < ends_at, told
            time.sleep(0.02)

    def stop(self) -> None:
        """As if its machine had lost power."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_START_S)
            self._process = None


def _as_its_user(*options: str) -> list[str]:
    """What a command of the server begins with: it refuses to run as root."""
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, *options, "--"]


def remove_folders_of_the_dead() -> None:
    """What test runs left that were killed: their servers ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*-*"):
        if not is_alive(folder.name.removeprefix(_PREFIX)):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that runs, and is taken away."""
    programs = _programs()
    if programs is None:
        if os.environ.get("SECSCAN_LAB") == "require":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    remove_folders_of_the_dead()
    server = Server(programs, Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{own_mark()}-")))
    if os.geteuid() == 0:
        shutil.chown(server.folder, "postgres", "postgres")
    try:
        data = ("--pgdata", server.folder / "data")
        server.do(programs / "initdb", *data, "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8")
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
