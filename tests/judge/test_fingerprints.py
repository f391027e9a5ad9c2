"""What a waiver is bound to is what is wrong, and nothing that changes while everything stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from small_content import Small, ask, engine_for, shell, write_checks


@pytest.fixture
def fingerprint(tmp_path: Path) -> Callable[[Small], str]:
    """What a check that fails on this machine is known by."""

    def told(check: Small) -> str:
        engine = engine_for(write_checks(tmp_path / "content", check), f"only_{check.id}")
        (result,) = ask(engine, shell()).results
        assert result.outcome.value == "fail", result
        return result.fingerprint

    return told


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "logs" / "messages"
    path.parent.mkdir()
    path.write_text("a line\n")
    path.chmod(0o666)
    return path


def entries(log: Path) -> dict[str, dict[str, object]]:
    return {"logs": {"probe": "paths", "patterns": [f"{log.parent}/*"]}}


EACH = [{"each": "logs.entries", "expect": [{"that": "mode", "mode_at_most": "0640"}]}]
NONE = [{"no": "logs.entries", "where": [{"that": "mode", "equals": "0666"}]}]


@pytest.mark.parametrize("expected", [EACH, NONE], ids=["each", "no"])
def test_a_file_that_grows_stays_the_same_failure_and_one_more_does_not(log, fingerprint, expected):
    check = Small("logs_private", entries(log), expected)
    before = fingerprint(check)
    log.write_text("a line\nand another\n")
    os.utime(log, (1_700_000_000, 1_700_000_000))
    assert fingerprint(check) == before
    (log.parent / "other").write_text("")
    (log.parent / "other").chmod(0o666)
    assert fingerprint(check) != before


def test_what_is_asked_about_and_another_mode_are_another_failure(log, fingerprint):
    private = Small("logs_private", entries(log), EACH)
    before = fingerprint(private)
    log.chmod(0o662)
    assert fingerprint(private) != before
    small = Small("logs_small", entries(log), [{"no": "logs.entries", "where": [{"that": "size", "at_least": "2B"}]}])
    before = fingerprint(small)
    log.write_text("a line\nand another\n")
    assert fingerprint(small) != before
    small = Small("logs_small", entries(log), [{"each": "logs.entries", "expect": [{"that": "size", "at_most": "2B"}]}])
    before = fingerprint(small)
    log.write_text("a line\n")
    assert fingerprint(small) != before


def test_a_program_that_is_started_again_is_the_same_failure(tmp_path, fingerprint):
    program = Path(shutil.copy(shutil.which("sleep") or "", tmp_path / "sleeping"))
    observe = {"running": {"probe": "process", "name": "sleeping"}}
    check = Small("none_sleeps", observe, [{"no": "running.processes", "where": [{"that": "name", "equals": "sleeping"}]}])
    told = []
    for _ in range(2):
        process = subprocess.Popen([program, "60"])
        told.append(fingerprint(check))
        process.kill()
        process.wait()
    assert told[0] == told[1]
