"""The namespaces that a lab lives in. Nothing in them can reach, or be reached from, anything outside but this machine's root.

Hosts run inside with mounts, processes and network of their own; clients run on this machine's file system but in the lab's
network, so that no connection of a test can leave the machine, whatever address it names.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from .guard import remove_cgroup

_TOOLS = ("unshare", "nsenter", "setpriv", "ip", "mount", "systemd-nspawn", "mmdebstrap", "ssh", "ssh-keygen", "sshd")
_PREFIX = "secscan-lab-"
_numbers = itertools.count(1)


def why_not() -> str:
    """Why this machine cannot have a lab; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the lab boots hosts, which takes root on Linux"
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    missing = [tool for tool in _TOOLS if not shutil.which(tool, path=path)]
    if missing:
        return f"the lab needs {', '.join(missing)}: run tests/install-tools.sh"
    if not _cgroup_mount():
        return "the lab needs control groups version 2"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], capture_output=True, text=True, check=False)
    return f"namespaces cannot be made here: {tried.stderr.strip()}" if tried.returncode else ""


class Enclosure:
    """Open namespaces. Close it, or die: nothing stays behind."""

    def __init__(self) -> None:
        mount = _cgroup_mount()
        if mount is None:
            raise RuntimeError("no control groups version 2")
        _remove_dead_cgroups(mount)
        self.cgroup = mount / f"{_PREFIX}{own_mark()}-{next(_numbers)}"
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), str(self.cgroup)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._guard.stdout is not None
        line = self._guard.stdout.readline()
        if not line:
            raise RuntimeError("the lab's namespaces did not open")
        self.pid = int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything inside."""
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._guard.stdin.close()
        self._guard.wait(30)
        self._guard.stdout.close()

    def path(self, inside: str) -> Path:
        """A path inside, as seen from here."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def inside(self, *words: str) -> list[str]:
        """A command that runs inside, in all the namespaces, and ends with them."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--", *words]

    def beside(self, *words: str) -> list[str]:
        """A command of a client: this machine's files, the lab's network. It ends with the process that starts it."""
        return ["nsenter", f"--target={self.pid}", "--net", "--", "setpriv", "--pdeathsig", "KILL", "--", *words]

    def run(self, *words: str, input: str | None = None) -> str:  # noqa: A002 - named as subprocess.run names it
        """Run a command inside to its end; its output. Raises RuntimeError with what it said when it fails."""
        done = subprocess.run(self.inside(*words), input=input, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)[:200]}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def client(
        self, words: Sequence[str], environment: Mapping[str, str] | None = None, timeout_s: float = 120, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a client to its end; exit status, output and complaints as text."""
        return subprocess.run(
            self.beside(*words), env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=timeout_s,
            check=False, stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip

    def enter_network(self) -> None:
        """Move this thread, and whatever it starts from now on, into the lab's network for good."""
        with Path(f"/proc/{self.pid}/ns/net").open("rb") as stream:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(stream.fileno(), 0x40000000) != 0:  # CLONE_NEWNET, sched.h
                raise OSError(ctypes.get_errno(), "setns")


def own_mark() -> str:
    """This process, told from every other that had or will have its number."""
    return f"{os.getpid()}-{_started(os.getpid())}"


def is_alive(mark: str) -> bool:
    """Whether the process of a mark still runs."""
    number, started = mark.split("-")[:2]
    return number.isdecimal() and _started(int(number)) == started


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _cgroup_mount() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(folder)
    return None


def _remove_dead_cgroups(mount: Path) -> None:
    """What guards left that were themselves killed: empty control groups of owners that are gone."""
    for folder in mount.glob(f"{_PREFIX}*"):
        if not is_alive(folder.name.removeprefix(_PREFIX)):
            remove_cgroup(folder, patience_s=0.1)
