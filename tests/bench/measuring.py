"""Samples of wall time, processor time and memory, taken in rounds so that what else the machine does hits all variants alike."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.guard import remove_cgroup
from tests.lab.hosts import Host
from tests.lab.lab import Lab

_TIMEOUT_S = 900.0


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
    """Runs programs in a control group of their own, which the kernel counts."""

    def __init__(self, lab: Lab) -> None:
        own = lab.enclosure.cgroup
        self._root, self._group = own.parent, own.with_name(f"{own.name}-client")
        self._group.mkdir()
        self.environment = {**os.environ, **lab.client.environment}
        self._move(os.getpid(), self._group)

    def close(self) -> None:
        """Leave the control group, end what is left in it and remove it. Close the lab first: its hosts were started in here."""
        self._move(os.getpid(), self._root)
        for pid in (self._group / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        remove_cgroup(self._group)

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
        with tempfile.TemporaryFile() as fed, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            fed.write(stdin)
            fed.seek(0)
            host_s, own_s, client_s, began = self._host_s(hosts), time.process_time(), self._client_s(), time.perf_counter()
            process = subprocess.Popen(words, stdin=fed, stdout=stdout, stderr=stderr, env=self.environment, cwd=cwd)
            watch = threading.Timer(_TIMEOUT_S, process.kill)
            watch.start()
            _, status, used = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - began
            watch.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            client_s, host_s = self._client_s() - client_s - (time.process_time() - own_s), self._host_s(hosts) - host_s
            stdout.seek(0)
            stderr.seek(0)
            said, complaint = stdout.read(), stderr.read()
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
