"""Which modules modprobe keeps out, by the modprobe that the host has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call, Observed
from secscan.probes.kernel_module import PROBE

CALL = Call.of("kernel_module", {"name": "sctp"})
LINES = "install sctp /bin/false\nblacklist sctp\n"


def asked(tmp_path: Path, program: str) -> Observed:
    """The observation where this stands for modprobe, and one file keeps a module out."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/lab.conf").write_text(LINES)
    (tmp_path / program).write_text(f"#!/bin/sh\n[ '{program}' = kmod ] && cat '{tmp_path}/etc/lab.conf'\n")
    (tmp_path / program).chmod(0o755)
    (tmp_path / "modprobe").symlink_to(program)
    script = PROBE.ask([CALL.mapping()]).script.replace("/etc/modprobe.d", f"{tmp_path}/etc")
    library = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { :; }\n'
    done = subprocess.run(
        ["sh", "-c", library + script],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    observed = observe(PROBE, CALL, Answer(done.stdout))
    assert isinstance(observed, Observed), (observed, done)
    return observed


@pytest.mark.parametrize(("program", "blocked"), [("kmod", True), ("busybox", False)])
def test_an_install_line_blocks_only_where_modprobe_reads_it(tmp_path: Path, program: str, blocked: bool):
    assert asked(tmp_path, program).attributes["blocked"] is blocked
