"""The files that a statement rests on: what became of them since their digests were written down."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from secscan.model.attestation import FileState

_CHUNK = 2**20


def digest_of(path: Path) -> str:
    """The SHA-256 of a regular file. Raises OSError, also for what is not a regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not make anybody wait
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(path)
        total = hashlib.sha256()
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def look(path: Path, sha256: str) -> tuple[FileState, str]:
    """What became of a file, and the digest that it has now."""
    try:
        found = digest_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return FileState.MISSING, ""
    except (OSError, ValueError):
        return FileState.UNREADABLE, ""
    if not sha256:
        return FileState.WITHOUT_DIGEST, found
    return (FileState.KEPT if found == sha256 else FileState.CHANGED), found
