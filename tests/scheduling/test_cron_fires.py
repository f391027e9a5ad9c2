"""What is written for cron is done by cron: Debian's own, in namespaces of its own, who believes it to be just before the time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_content import Small, said, write_baseline, write_checks

BEFORE = "2026-11-23 02:29:58"  # a Monday
NEEDED = ("cron", "faketime", "unshare")
# A cron of this test's own: nothing of the machine's tables, and its process file elsewhere.
CRON = """
set -e
mount --bind "$1/cron.d" /etc/cron.d
mount --bind "$1/crontabs" /var/spool/cron/crontabs
mount --bind /dev/null /etc/crontab
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
exec faketime -f "@$2" cron -f -L 15
"""


@pytest.fixture
def cron(tmp_path: Path) -> Iterator[Path]:
    """A folder with `cron.d` and `crontabs`; cron goes by what is in them once `start` is there."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        if os.environ.get("SECSCAN_LAB") == "require":
            pytest.fail(f"cron cannot be tried here: {missing or 'not root'}")
        pytest.skip("only root can run a cron of its own, with cron and faketime installed")
    for name in ("cron.d", "crontabs"):
        (tmp_path / name).mkdir(mode=0o755)
    return tmp_path


def project(place: Path) -> Path:
    """A project that asks this machine."""
    content = write_checks(
        place / "content", Small("host_is_good", said("echo good"), [{"that": "said.output", "contains": "good"}])
    )
    write_baseline(content, "own", "requirements: {TESTS-1: [host_is_good]}\n")
    (place / "inventory.yml").write_text("hosts: [local]\n")
    path = place / "secscan.yml"
    path.write_text("inventory: inventory.yml\nbaseline: own\ncontent: [content]\noutput: out\nformats: [json]\n")
    return path


def schedule(path: Path, *words: str) -> str:
    """What `secscan schedule install` prints for a machine without systemd."""
    program = (
        "import sys; from secscan.scheduling import systemd; systemd.is_booted = lambda: False\n"
        "from secscan.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "schedule", "install", "--config", path, "--print", *words]
    environment = {**os.environ, "XDG_DATA_HOME": str(path.parent / "data"), "XDG_CACHE_HOME": str(path.parent / "cache")}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_a_system_line_and_a_users_own_line_go_off_at_their_time_and_others_do_not(cron: Path):
    folders = {name: cron / f"a project with 100% of {name}" for name in ("system", "own", "weekend")}
    for folder in folders.values():
        folder.mkdir()
        project(folder)
    paths = {name: folder / "secscan.yml" for name, folder in folders.items()}
    (cron / "cron.d" / "secscan").write_text(schedule(paths["system"], "--on-calendar", "Mon..Fri 02:30"))
    (cron / "cron.d" / "weekend").write_text(schedule(paths["weekend"], "--on-calendar", "Sat,Sun *-*-* 02:30"))
    table = cron / "crontabs" / "root"
    environment = f"XDG_DATA_HOME={folders['own']}/data\nXDG_CACHE_HOME={folders['own']}/cache\n"
    table.write_text(environment + schedule(paths["own"], "--on-calendar", "02:30", "--user"))
    table.chmod(0o600)
    alone = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    command = [*alone, "sh", "-c", CRON, "sh", str(cron), BEFORE]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "TZ": "UTC"})
    reports = [folders[name] / "out" / "report.json" for name in ("system", "own")]
    try:
        ends_at = time.monotonic() + 60
        while not all(path.exists() for path in reports):
            assert time.monotonic() < ends_at, [str(path) for path in reports if not path.exists()]
            assert running.poll() is None, running.communicate()
            time.sleep(0.2)
    finally:
        running.kill()
        said_last = running.communicate()[0]
    assert not (folders["weekend"] / "out").exists(), said_last
