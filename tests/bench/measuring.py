"""Samples of wall time, processor time and memory, taken in rounds so that what else the machine does hits all variants alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paramiko import Transport

from secscan.transports.ssh.channel import start_command
from tests.lab.hosts import Host
from tests.lab.lab import Lab

_PROGRAM_S = 420.0  # for one run of one program
_COMMAND_S = 60.0  # for one command over a connection of ours
_SWEEP_S = 15.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. Client time is that of the program and all it started, host time that of the hosts it talked to."""

    wall_s: float
    client_cpu_s: float
    host_cpu_s: float
    peak_mb: float = 0.0
    stdout: bytes = b""


Samples = Mapping[str, Sequence[Sample]]


class BenchError(Exception):
    """A program that is measured did not do its work."""


class Meter:
    """Runs programs in a control group of their own, which the kernel counts, none beyond `ends_at` (time.monotonic).

    `folder` and whatever still runs go when the meter is closed, or when this process ends in any other way.
    """

    def __init__(self, lab: Lab, folder: Path, ends_at: float) -> None:
        own = lab.enclosure.cgroup
        self._root, self._group = own.parent, own.with_name(f"{own.name}-client")
        self._group.mkdir()
        self._ends_at = ends_at
        self._sweeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("sweeper.py")), str(self._group), str(folder)],
            stdin=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        kept_out = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}  # nobody's programs run so
        self.environment = {name: value for name, value in os.environ.items() if name not in kept_out} | lab.client.environment
        self._move(os.getpid(), self._group)

    def close(self) -> None:
        """Leave the control group and have it swept. Close the lab first: its hosts were started in here."""
        self._move(os.getpid(), self._root)
        assert self._sweeper.stdin is not None
        self._sweeper.stdin.close()
        self._sweeper.wait(_SWEEP_S)

    def leave_out(self, pid: int) -> None:
        """Do not count a process of ours, such as a relay."""
        self._move(pid, self._root)

    def run(
        self,
        words: Sequence[str],
        hosts: Sequence[Host] = (),
        stdin: bytes = b"",
        allowed: Sequence[int] = (0,),
        cwd: Path | None = None,
    ) -> Sample:
        """Run a program to its end. Raises BenchError when its exit status is not among those allowed."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise BenchError("the time for the whole bench is up")
        with tempfile.TemporaryFile() as fed, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            fed.write(stdin)
            fed.seek(0)
            host_s, own_s, client_s, began = self._host_s(hosts), time.process_time(), self._client_s(), time.perf_counter()
            process = subprocess.Popen(words, stdin=fed, stdout=stdout, stderr=stderr, env=self.environment, cwd=cwd)
            limit_s, ended = min(_PROGRAM_S, left_s), threading.Event()

            def end() -> None:
                ended.set()
                process.kill()

            watch = threading.Timer(limit_s, end)
            watch.start()
            _, status, used = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - began
            watch.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            client_s, host_s = self._client_s() - client_s - (time.process_time() - own_s), self._host_s(hosts) - host_s
            stdout.seek(0)
            stderr.seek(0)
            said, complaint = stdout.read(), stderr.read()
        if ended.is_set():
            whose = "of a program" if limit_s == _PROGRAM_S else "of the whole bench (--minutes)"
            raise BenchError(f"ended after {limit_s:.0f} s by the time limit {whose}: {' '.join(words)[:300]}")
        if process.returncode not in allowed:
            told = (complaint or said).decode(errors="replace").strip()[-1500:]
            raise BenchError(f"{' '.join(words)[:300]}: exit status {process.returncode}: {told}")
        return Sample(wall_s, client_s, host_s, used.ru_maxrss / 1024, said)

    def call(self, work: Callable[[], object], hosts: Sequence[Host] = ()) -> Sample:
        """Call a function of this process."""
        host_s, own_s, began = self._host_s(hosts), time.process_time(), time.perf_counter()
        work()
        return Sample(time.perf_counter() - began, time.process_time() - own_s, self._host_s(hosts) - host_s)

    def _client_s(self) -> float:
        return int((self._group / "cpu.stat").read_text().split()[1]) / 1e6

    @staticmethod
    def _host_s(hosts: Sequence[Host]) -> float:
        return sum(host.cpu_s() for host in hosts)

    @staticmethod
    def _move(pid: int, group: Path) -> None:
        (group / "cgroup.procs").write_text(str(pid))


def run_command(transport: Transport, command: str) -> tuple[int, int]:
    """Run one command over a connection, without input; how many bytes it printed, and its exit status."""
    line = start_command(transport, command, _COMMAND_S)
    line.end_input()
    heard, ends_at = 0, time.monotonic() + _COMMAND_S
    while time.monotonic() < ends_at:
        step = line.step(memoryview(b""), _COMMAND_S)
        heard += len(step.stdout)
        if step.over:
            return heard, line.close(_COMMAND_S)
    raise BenchError(f"not finished within {_COMMAND_S:g} s: {command[:100]}")


def round_robin(variants: Mapping[str, Callable[[], Sample]], rounds: int, warm_ups: int = 1) -> Samples:
    """Every variant once a round, each round in the same order; the first rounds are thrown away."""
    samples: dict[str, list[Sample]] = {name: [] for name in variants}
    for number in range(warm_ups + rounds):
        for name, measure in variants.items():
            sample = measure()
            if number >= warm_ups:
                samples[name].append(sample)
    return samples


def median(samples: Samples, name: str, what: str = "wall_s") -> float:
    """The median over the rounds."""
    return statistics.median(getattr(sample, what) for sample in samples[name])


def ratio(samples: Samples, name: str, to: str, what: str = "wall_s") -> float:
    """The median of the ratios within each round."""
    pairs = zip(samples[name], samples[to], strict=True)
    return statistics.median(getattr(one, what) / getattr(other, what) for one, other in pairs)
