"""Runs take turns: one at a time over an inventory, and one at a time into a folder.

Some file systems have no locks (NFS whose lock service is not there, some that are mounted by programs). That is told, and
nobody is kept from work for it: two runs at once are rare, and a schedule that never runs again is not.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import socket
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.cli.journal import note
from secscan.cli.memory import data_folder
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.model.target import Target

LOCK = ".lock"
"""The file in an output folder that the run which writes there holds, whoever began it and wherever their home is."""


def alone(inventory: str | None, targets: Sequence[Target]) -> contextlib.AbstractContextManager[None]:
    """No other run over the same inventory or targets of this user on this machine. UsageError when there is one."""
    named = str(Path(inventory).absolute()) if inventory else "\n".join(sorted(target.name for target in targets))
    path = data_folder() / "locks" / f"{hashlib.sha256(named.encode()).hexdigest()[:16]}.lock"
    return _held(path, inventory or ", ".join(target.name for target in targets[:3]))


def alone_in(folder: Path) -> contextlib.AbstractContextManager[None]:
    """No other run into the same folder, of any user or inventory. UsageError when there is one."""
    return _held(folder / LOCK, str(folder))


@contextlib.contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Wait for whoever else has this file as their lock. One that cannot be had is told, and nobody is waited for."""
    with contextlib.ExitStack() as stack:
        try:
            fcntl.flock(stack.enter_context(open(path, "a", encoding="utf-8", opener=_open_private)), fcntl.LOCK_EX)
        except OSError as error:
            _tell_unlocked(path, error)
        yield


@contextlib.contextmanager
def in_turn_at(folder: Path) -> Iterator[None]:
    """Wait for whoever else changes files of this folder in turn; leaves no file there. A folder that is not there has nobody."""
    with contextlib.ExitStack() as stack:
        if folder.is_dir():
            try:
                opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                stack.callback(os.close, opened)
                fcntl.flock(opened, fcntl.LOCK_EX)
            except OSError as error:
                _tell_unlocked(folder, error)
        yield


@contextlib.contextmanager
def _held(path: Path, what: str) -> Iterator[None]:
    """The lock is the system's own: that of a run which died is free at once, whatever the file says of its owner."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = open(path, "a+", encoding="utf-8", opener=_open_private)  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(
            "{path}: cannot be written: {reason}; allowed: a folder that can be written in (XDG_DATA_HOME names one)",
            path=path,
            reason=error.strerror,
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise UsageError(
                "another run over {what} is under way: {holder}; allowed: to wait for it",
                what=what,
                holder=stream.read(300).strip(),
            ) from None
        except OSError as error:
            _tell_unlocked(path, error)
        stream.truncate(0)
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        stream.write(f"process {os.getpid()} on {socket.gethostname()} since {moment}\n")
        stream.flush()
        yield


def _tell_unlocked(path: Path, error: OSError) -> None:
    text = Message("{path}: cannot be locked: {reason}; nothing keeps a second run out", path=path, reason=error.strerror)
    note("not_locked", text, "warning", path=str(path))


def _open_private(path: str, flags: int) -> int:
    """Readable by its owner only, who is that of the folder: root's run by hand must not keep them out the next night.

    Whoever owns the folder may have put something else there: a link would have root write to what it leads to, and give it away.
    """
    opened = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(opened)
        raise OSError(errno.EEXIST, "something else has its name")
    if os.geteuid() == 0:
        folder = Path(path).parent.stat()
        os.fchown(opened, folder.st_uid, folder.st_gid)
    return opened
