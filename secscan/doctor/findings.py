"""What the doctor says of one thing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secscan.messages import Message


class State(StrEnum):
    """How a thing is: a note stops no run."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `about` names it, `what` tells how it is, `mend` what to do about it."""

    about: str
    state: State
    what: str
    mend: str = ""


def writable_by_others(about: str, path: Path) -> Iterator[Finding]:
    """Whether somebody else can change a file or folder that is trusted."""
    state = path.stat()
    if state.st_uid not in (0, os.geteuid()):
        what = Message("{path} belongs to somebody else (uid {uid})", path=path, uid=str(state.st_uid))
        yield Finding(about, State.WRONG, what, f"chown {os.geteuid()} {path}")
    elif state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        what = Message("others can change {path} (mode {mode})", path=path, mode=f"{stat.S_IMODE(state.st_mode):04o}")
        yield Finding(about, State.WRONG, what, f"chmod go-w {path}")
