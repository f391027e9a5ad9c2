"""Who writes a history is killed hundreds of times, at every point and at any moment: at most the host in flight is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

KILLS = {"sqlite": 120, "postgresql": 20}  # by chance, beside one at every statement


def test_a_kill_at_every_statement_and_at_any_moment_loses_at_most_the_host_in_flight(url: str):
    program = Path(__file__).with_name("killed_writer.py")
    kills = KILLS[url.partition("+")[0].partition(":")[0]]
    done = subprocess.run([sys.executable, str(program), url, str(kills)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["points"] > 40, "every statement was a point to die at"
    assert told["killed"] >= told["points"]
    assert all(told["hosts_taken_in"][:-1]), "kills before, between and after hosts"
