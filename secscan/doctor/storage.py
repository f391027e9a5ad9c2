"""Where a run keeps what it finds: the history, folders that can be written in, and room on their disks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from secscan.doctor.findings import Finding, State
from secscan.errors import SecscanError

FREE_BYTES = 2**30
FREE_FILES = 10_000
_STANDINGS = {
    "missing": "none yet, the first run makes it",
    "current": "can be used",
    "older": "is of an older secscan, the next run brings it up to date and keeps a copy",
}


def look_at_history(shown: str, inspect: Callable[[], str]) -> Finding:
    """Whether the history can be used. `inspect` tells how it stands: missing, current or older, or raises what is wrong."""
    try:
        standing = inspect()
    except SecscanError as error:
        return Finding("history", State.WRONG, str(error), "restore it from a backup, or name another place with history:")
    return Finding("history", State.OK, f"{shown}: {_STANDINGS[standing]}")


def look_at_folders(folders: Iterable[Path]) -> Iterator[Finding]:
    """Whether each folder can be written in, and each disk has room; a folder that is not there is judged by the one above."""
    disks = set()
    for folder in dict.fromkeys(folders):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        yield _look_at_folder(folder, there)
        device = there.stat().st_dev
        if device not in disks:
            yield _look_at_disk(there, os.statvfs(there))
        disks.add(device)


def _look_at_folder(folder: Path, there: Path) -> Finding:
    mend = f"chown or chmod {there}, or name another folder"
    try:
        if not there.is_dir():
            return Finding("folders", State.WRONG, f"{there} is not a folder", "name another folder, or move it away")
        with tempfile.TemporaryFile(dir=there):
            told = "can be written in" if there == folder else "is not there yet and can be made"
            return Finding("folders", State.OK, f"{folder} {told}")
    except OSError as error:
        return Finding("folders", State.WRONG, f"{folder} cannot be written: {error.strerror}", mend)


def _look_at_disk(folder: Path, state: os.statvfs_result) -> Finding:
    free = state.f_bavail * state.f_frsize
    if free < FREE_BYTES:
        return Finding(
            "disk",
            State.WRONG,
            f"only {free / 2**20:.0f} MiB are free for {folder}",
            "make room: `secscan runs forget`, old evidence",
        )
    if state.f_files and state.f_favail < FREE_FILES:
        return Finding(
            "disk", State.WRONG, f"only {state.f_favail} more files fit on the disk of {folder}", "make room: old evidence"
        )
    return Finding("disk", State.OK, f"{free / 2**30:.0f} GiB are free for {folder}")
