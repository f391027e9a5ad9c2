"""What the doctor says of one thing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


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
        yield Finding(about, State.WRONG, f"{path} belongs to somebody else (uid {state.st_uid})", f"chown {os.geteuid()} {path}")
    elif state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding(
            about, State.WRONG, f"others can change {path} (mode {stat.S_IMODE(state.st_mode):04o})", f"chmod go-w {path}"
        )
