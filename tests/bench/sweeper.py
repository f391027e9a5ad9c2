"""The process that cleans up after the bench, however it ends: sweeper.py GROUP FOLDER.

The bench keeps the other end of our standard input. When that closes, for whatever reason (also SIGKILL), every program that is
still being measured is killed, and its control group and the bench's folder are removed. The lab's own guard ends the hosts.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from pathlib import Path

_PATIENCE_S = 10.0


def main(group: Path, folder: Path) -> None:
    """Wait for the bench's end, then sweep."""
    sys.stdin.read()
    with contextlib.suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    ends_at = time.monotonic() + _PATIENCE_S
    while group.is_dir() and time.monotonic() < ends_at:
        with contextlib.suppress(OSError):
            group.rmdir()
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
