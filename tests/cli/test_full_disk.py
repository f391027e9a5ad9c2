"""A run onto a disk that is full: one clear line, its own exit code, what was finished stays, and it can be taken up again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder `small` with room for 1 MiB."""
    place = Path("small")
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        if os.environ.get("SECSCAN_LAB") == "require":
            pytest.fail("no file system can be mounted here")
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def scan(*words: object) -> subprocess.CompletedProcess[str]:
    """A scan in a process of its own, as it ends for a user."""
    command = [sys.executable, "-m", "secscan", "scan", "-q", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_full_disk_ends_a_run_with_one_line_and_it_can_be_taken_up_when_there_is_room(tiny, small_disk):
    Path("inventory.yml").write_text(f"hosts: [{', '.join(f'{{name: host{n}, transport: local}}' for n in range(12))}]\n")
    words = ("-i", "inventory.yml", *tiny("pass"), "-o", small_disk / "out", "-f", "json", "--history", "history.sqlite")
    assert scan(*words, "-w", "1", "--limit", "host=host0").returncode == 0
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * max(0, shutil.disk_usage(small_disk).free - 24_576))
    ended = scan(*words)
    assert ended.returncode == 2
    assert [line for line in ended.stderr.splitlines() if "No space left on device" not in line] == []
    assert ended.stderr.count("cannot be written: No space left on device") == 1
    for path in (small_disk / "out" / "hosts").iterdir():
        json.loads(path.read_text())
    filler.unlink()
    assert scan(*words, "--resume", "latest").returncode == 0
    assert len(json.loads((small_disk / "out" / "report.json").read_text())["assessments"]) == 12
