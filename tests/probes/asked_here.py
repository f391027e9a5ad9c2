"""Asking this machine: a probe's own shell run here, and its answer read."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from recorded import PROBES, make_call

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Observation, Observed

LIBRARY = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { :; }\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\ncd /\n'
SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "mksh": ["mksh"], "busybox": ["busybox", "ash"]}
NIGHT = 86400.0


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {missing}")


def ask(probe: str, shell: str = "dash", **arguments: Any) -> Observation:
    """The probe's shell run here, and its answer read."""
    call = make_call(PROBES[probe], arguments)
    script = LIBRARY + PROBES[probe].ask([call.mapping()]).script
    done = subprocess.run([*SHELLS[shell], "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    return observe(PROBES[probe], call, Answer(done.stdout, done.stderr, done.returncode))


def only(observation: Observation) -> dict[str, Any]:
    """The one repository of an observation."""
    assert isinstance(observation, Observed), observation
    repositories = observation.attributes["repositories"]
    assert isinstance(repositories, tuple)
    assert len(repositories) == 1, repositories
    return repositories[0]


def points(observation: Observation) -> list[dict[str, Any]]:
    assert isinstance(observation, Observed), observation
    told = observation.attributes["points"]
    assert isinstance(told, tuple), told
    return list(told)


def age(path: Path, seconds: float) -> None:
    """Makes a file older."""
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def spoil(path: Path) -> None:
    """Changes one byte of a file and leaves its time as it was."""
    before = path.stat()
    path.chmod(0o600)
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    os.utime(path, (before.st_atime, before.st_mtime))
