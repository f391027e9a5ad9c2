"""A report of many files: the folder is whole or not there, and nothing of an older one is left in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from secscan.errors import UsageError

MARK = ".secscan-report"
"""The file by which a folder is known as ours, and may be replaced."""


def write_folder(folder: Path, files: Iterable[tuple[str, Iterator[str]]]) -> None:
    """Write every file below a folder, readable by its owner only, in place of what an earlier report left there."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    if folder.exists() and not (folder / MARK).is_file():
        raise UsageError(
            "{folder}: holds something that secscan did not write; allowed: a folder that is not there, or a report", folder=folder
        )
    try:
        made = {partial}
        partial.mkdir(parents=True, mode=0o700)
        _write(partial / MARK, iter(["a report of secscan; the next one takes its place\n"]))
        for path, pieces in files:
            file = partial / path
            if file.parent not in made:
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                made.add(file.parent)
            _write(file, pieces)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    except OSError as error:
        raise UsageError("{folder}: cannot be written: {reason}", folder=folder, reason=error.strerror) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(file: Path, pieces: Iterator[str]) -> None:
    with open(file, "x", encoding="utf-8", newline="", opener=_open_private) as stream:
        stream.writelines(pieces)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
