"""A test run that is killed leaves no server behind, and the next one removes the folder of its server."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from database_server import remove_folders_of_the_dead

_PROGRAM = """
import time
from database_server import running_server
with running_server() as server:
    print(server.pid, server.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("postgresql")
def test_a_server_ends_with_the_run_that_started_it_though_that_is_killed(monkeypatch: pytest.MonkeyPatch):
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", f"{here}:{here.parents[1]}")
    killed = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    number, folder = killed.stdout.readline().split()
    killed.kill()
    killed.communicate()
    ends_at = time.monotonic() + 30
    while _runs(number):
        assert time.monotonic() < ends_at, "the server runs on"
        time.sleep(0.02)
    assert Path(folder).is_dir()
    remove_folders_of_the_dead()
    assert not Path(folder).exists()


def _runs(number: str) -> bool:
    """Whether a process has not ended; one that nobody has buried yet has."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
