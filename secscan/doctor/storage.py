"""Where a run keeps what it finds: the history, folders that can be written in, and room on their disks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from secscan.doctor.findings import Finding, State
from secscan.errors import SecscanError
from secscan.messages import Message, phrase

FREE_BYTES = 2**30
FREE_FILES = 10_000
_STANDINGS = {
    "missing": phrase("{place}: none yet, the first run makes it"),
    "current": phrase("{place}: can be used"),
    "older": phrase("{place}: is of an older secscan, the next run brings it up to date and keeps a copy"),
}


def look_at_history(shown: str, inspect: Callable[[], str]) -> Finding:
    """Whether the history can be used. `inspect` tells how it stands, as inspect_database does, or raises what is wrong."""
    try:
        standing = inspect()
    except SecscanError as error:
        mend = Message("restore it from a backup, or name another place with history:")
        if "://" in shown and not shown.startswith("sqlite"):
            mend = Message("see that the server runs and lets this user in (~/.pgpass), or name another place with history:")
        return Finding(Message("history"), State.WRONG, error.message, mend)
    if standing == "refused":
        what = Message("{place}: this user may not write there, and nothing is remembered", place=shown)
        mend = Message("grant the user CREATE on the schema, or what whoever made the tables may do with them")
        return Finding(Message("history"), State.WRONG, what, mend)
    if standing == "waiting":
        what = Message("{place}: is of an older secscan, and nothing is remembered until it is brought up to date", place=shown)
        return Finding(Message("history"), State.WRONG, what, Message("copy it (pg_dump), then `secscan runs upgrade`"))
    return Finding(Message("history"), State.OK, Message(_STANDINGS[standing], place=shown))


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
    about = Message("folders")
    try:
        if not there.is_dir():
            mend = Message("name another folder, or move it away")
            return Finding(about, State.WRONG, Message("{folder} is not a folder", folder=there), mend)
        with tempfile.TemporaryFile(dir=there):
            if there == folder:
                return Finding(about, State.OK, Message("{folder} can be written in", folder=folder))
            return Finding(about, State.OK, Message("{folder} is not there yet and can be made", folder=folder))
    except OSError as error:
        mend = Message("chown or chmod {folder}, or name another folder", folder=there)
        return Finding(
            about, State.WRONG, Message("{folder} cannot be written: {reason}", folder=folder, reason=error.strerror), mend
        )


def _look_at_disk(folder: Path, state: os.statvfs_result) -> Finding:
    free = state.f_bavail * state.f_frsize
    if free < FREE_BYTES:
        what = Message("only {count} MiB are free for {folder}", count=round(free / 2**20), folder=folder)
        return Finding(Message("disk"), State.WRONG, what, Message("make room: `secscan runs forget`, old evidence"))
    if state.f_files and state.f_favail < FREE_FILES:
        what = Message("only {count} more files fit on the disk of {folder}", count=state.f_favail, folder=folder)
        return Finding(Message("disk"), State.WRONG, what, Message("make room: old evidence"))
    return Finding(
        Message("disk"), State.OK, Message("{count} GiB are free for {folder}", count=round(free / 2**30), folder=folder)
    )
