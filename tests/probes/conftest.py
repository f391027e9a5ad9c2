"""Lets the tests here import `recorded` and `asked_here`, and run programs away from the home of whoever tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def run(tmp_path: Path):
    """Runs a program with its caches below the test's own directory, and a password that means nothing."""
    environment = {
        **os.environ, "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home/.cache"), "RESTIC_PASSWORD": "x",
        "BORG_PASSPHRASE": "x", "PASSPHRASE": "x", "BORG_BASE_DIR": str(tmp_path / "home"),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }  # fmt: skip
    (tmp_path / "home").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/letter").write_text("Dear colleague\n")

    def start(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (words, done)
        return done.stdout

    return start
