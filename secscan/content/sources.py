"""Content files as bytes: found below folders, read once, for digest and parser both."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from secscan.documents import SIZE_LIMIT, Document, decode_document
from secscan.errors import Problem, UsageError


@dataclass(frozen=True, slots=True)
class Source:
    """One content file. `shown` is its path as a person would write it; `fault` says why there are no `data`."""

    shown: str
    data: bytes
    fault: str = ""

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def stem(self) -> str:
        """The name that the file gives to what it holds."""
        return self.shown.rpartition("/")[2].rpartition(".")[0]

    @property
    def place(self) -> str:
        """Folder and name, which are a part of what the file says."""
        return "/".join(self.shown.split("/")[-2:])

    def document(self) -> Document:
        """The parsed file; one that could not be read is a document with that problem."""
        if self.fault:
            return Document(self.shown, None, None, [Problem(self.shown, 0, 0, self.fault)])
        return decode_document(self.data, self.shown)


def read_checks(folders: Sequence[Path]) -> list[Source]:
    """Every check file below the folders, at any depth; a folder may be a single file."""
    return _read(folders, lambda folder: _walk(folder, deep=True))


def read_baselines(folders: Sequence[Path]) -> list[Source]:
    """Every baseline file directly in the folders."""
    return _read(folders, lambda folder: _walk(folder, deep=False))


def read_catalogues(folders: Sequence[Path]) -> list[Source]:
    """Every catalogue in the folder `requirements` of a folder of baselines, where it has one."""
    return _read(folders, lambda folder: _walk(os.path.join(folder, "requirements"), deep=False, optional=True))  # noqa: PTH118 - as _walk


def _read(folders: Sequence[Path], find: Callable[[str], Iterator[str]]) -> list[Source]:
    here = os.getcwd() + os.sep  # noqa: PTH109 - as _walk
    sources = []
    for folder in folders:
        whole = os.path.abspath(folder)  # noqa: PTH100 - as _walk
        paths = [whole] if os.path.isfile(whole) else sorted(find(whole))  # noqa: PTH113 - as _walk
        sources += [_read_source(path, path.removeprefix(here)) for path in paths]
    return sources


def _walk(folder: str, *, deep: bool, optional: bool = False) -> Iterator[str]:
    """The YAML files of a folder. os, not pathlib: with three hundred files pathlib costs as much as everything else together."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        if optional:
            return
        raise UsageError("{folder}: no such folder; allowed: a folder of YAML files", folder=folder) from None
    except OSError as error:
        raise UsageError(
            "{folder}: cannot be listed: {reason}; allowed: a folder of YAML files", folder=folder, reason=error.strerror
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if deep:
                yield from _walk(entry.path, deep=True)
        elif entry.name.endswith((".yaml", ".yml")):
            yield entry.path


def _read_source(path: str, shown: str) -> Source:
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - as _walk
            if os.fstat(stream.fileno()).st_size > SIZE_LIMIT:
                return Source(shown, b"", f"larger than {SIZE_LIMIT // 2**20} MiB")
            return Source(shown, stream.read())
    except OSError as error:
        return Source(shown, b"", f"cannot be read: {error.strerror}")
