"""The process that holds a lab's namespaces open for as long as its owner lives: guard.py CGROUP.

The owner keeps the other end of our standard input. When that closes, for whatever reason (also SIGKILL), the first process of the
PID namespace is killed, and the kernel ends everything that ran in it, undoes every mount and drops every interface. Only the
control group is left, which is removed here.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

# The first process: a shell that gives the lab its own empty /run and control groups, then does nothing but bury the dead.
_FIRST = """
set -e
mount -t tmpfs -o mode=0755 lab /run
mkdir /run/netns /run/lab
mount -t tmpfs -o mode=0755 lab /run/netns
mount -t cgroup2 lab /sys/fs/cgroup
echo "$$" >/run/lab/ready
while :; do sleep 3600 & wait; done
"""
_NAMESPACES = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")
_READY_S = 10.0


def main(folder: str) -> int:
    """Open the namespaces, tell the number of their first process, and wait for the owner's end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the owner, who then ends us in order
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cgroup = Path(folder)
    cgroup.mkdir()
    join = ("sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', folder)
    die_with_us = ("setpriv", "--pdeathsig", "KILL")
    unshare = ("unshare", *_NAMESPACES, "--fork", "--kill-child", "--mount-proc", "sh", "-c", _FIRST)
    process = subprocess.Popen(
        (*join, *die_with_us, *unshare), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    first = 0
    try:
        first = _first_process(process)
        sys.stdout.write(f"{first}\n")
        sys.stdout.flush()
        while process.poll() is None and not select.select([sys.stdin], [], [], 1.0)[0]:
            pass
    finally:
        _end(process, first)
        remove_cgroup(cgroup)
    return 0


def _end(unshare: subprocess.Popen[bytes], first: int) -> None:
    """Kill the first process, so that its parent buries it and ends too."""
    if first and unshare.poll() is None:
        os.kill(first, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            unshare.wait(_READY_S)
    unshare.kill()
    unshare.wait()


def _first_process(unshare: subprocess.Popen[bytes]) -> int:
    """The number of the first process, once it is ready."""
    ends_at = time.monotonic() + _READY_S
    while time.monotonic() < ends_at and unshare.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            number = int(Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()[0])
            Path(f"/proc/{number}/root/run/lab/ready").read_text()
            return number
        time.sleep(0.01)
    raise SystemExit("the lab's namespaces did not open")


def remove_cgroup(folder: Path, patience_s: float = 10.0) -> None:
    """Remove a tree of control groups, once the last process in it is gone."""
    ends_at = time.monotonic() + patience_s
    while folder.is_dir():
        for each in sorted(folder.rglob("*/"), reverse=True):
            with contextlib.suppress(OSError):
                each.rmdir()
        with contextlib.suppress(OSError):
            folder.rmdir()
        if time.monotonic() > ends_at:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
