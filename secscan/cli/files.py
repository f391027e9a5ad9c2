"""Files that are whole or not there, and folders that can be written in."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from secscan.errors import UsageError

_WRITER = re.compile(r"\.([0-9]+)(?:\.[0-9]+)?\.partial\Z")  # the process whose file it is


def write_whole(path: Path, pieces: Iterable[str | bytes], mode: int = 0o600) -> None:
    """A file that is whole or not there, readable by its owner only unless said; text as UTF-8.

    What others have put in the way in a folder of theirs is replaced, and never written through.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.unlink(missing_ok=True)  # of a run that was killed, and had this number
        with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            os.fchmod(stream.fileno(), mode)
            stream.writelines(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
        partial.replace(path)
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def prepare_folder(folder: Path, mode: int = 0o700) -> Path:
    """The folder that reports and evidence go to, made where it is missing. UsageError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise UsageError(
            "{folder}: cannot be written: {reason}; allowed: a folder that you may write in", folder=folder, reason=error.strerror
        ) from error


def remove_leftovers(folder: Path) -> None:
    """Take away what a run that was killed was just writing; what another process still writes stays."""
    for place in (folder, folder / "hosts", folder / "evidence"):
        for path in place.glob(".*.partial"):
            writer = _WRITER.search(path.name)
            if writer and not _is_alive(int(writer[1])):
                path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
