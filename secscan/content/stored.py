"""Validated content kept between runs: plain data in one file, found by the digest of all files, secscan and its plugins."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from secscan import __version__
from secscan.content.checks import read_check
from secscan.content.reading import Vocabulary
from secscan.content.sources import Source
from secscan.documents import Document
from secscan.errors import InputError
from secscan.model.check import Check
from secscan.model.probe import Attribute, Probe

FORMAT = "secscan.library/5"
Stored = dict[str, Any]


class LazyChecks(Mapping[str, Check]):
    """Checks made from data that is known to be valid, one by one, when asked for.

    `stored` has digest and data (as JSON text) by check id; `sources` the files by the same, which is their name.
    """

    def __init__(self, stored: Mapping[str, tuple[str, str]], vocabulary: Vocabulary, sources: Mapping[str, Source]) -> None:
        self._stored = stored
        self._vocabulary = vocabulary
        self._sources = sources
        self._made: dict[str, Check] = {}

    def __getitem__(self, name: str) -> Check:
        made = self._made.get(name)
        if made is None:
            sha256, data = self._stored[name]
            source = self._sources[name]
            document = Document(source.shown, json.loads(data), None, text=source.data.decode())
            made = read_check(document, self._vocabulary, sha256)
            if made is None:
                raise InputError(document.problems)
            self._made[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, name: object) -> bool:
        return name in self._stored


def digest(sources: Sequence[Source], vocabulary: Vocabulary) -> str:
    """The digest of everything that decides whether content is valid, and what it means."""
    total = hashlib.sha256(f"{FORMAT} {__version__}\n".encode())
    for probe in vocabulary.probes.values():
        total.update(_describe(probe).encode())
    matchers = sorted((matcher.name, sorted(matcher.accepts), matcher.operand) for matcher in vocabulary.matchers.values())
    total.update(repr(matchers).encode())
    for source in sources:
        total.update(f"{source.place} {len(source.data)} {source.fault}\n".encode())
        total.update(source.data)
    return total.hexdigest()


def _describe(probe: Probe) -> str:
    """What of a probe decides whether a check that uses it is valid. Not repr of the whole: of dataclasses that is slow."""
    arguments = [(each.name, each.type.value, each.required, each.default, each.choices, each.pattern) for each in probe.arguments]
    return repr((probe.name, probe.condition, arguments, _describe_attributes(probe.attributes)))


def _describe_attributes(attributes: Iterable[Attribute]) -> list[Any]:
    return [(each.name, each.type.value, _describe_attributes(each.fields) if each.fields else ()) for each in attributes]


def read_stored(folder: Path, wanted: str) -> Stored | None:
    """Kept content; None when there is none for this digest, or the file is not safely ours."""
    try:
        descriptor = os.open(_file(folder), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            state = os.fstat(descriptor)
            if state.st_uid != os.geteuid() or state.st_mode & 0o022:
                return None
            header, _, body = stream.read().partition(b"\n")
        if header.decode() != f"{FORMAT} {wanted} {hashlib.sha256(body).hexdigest()}":
            return None
        stored: Stored = json.loads(body)
    except (OSError, ValueError):
        return None
    return stored


def write_stored(folder: Path, wanted: str, stored: Mapping[str, Any]) -> None:
    """Keep validated content; a cache that cannot be written is done without."""
    body = json.dumps(stored, separators=(",", ":")).encode()
    header = f"{FORMAT} {wanted} {hashlib.sha256(body).hexdigest()}\n".encode()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = folder / f"library.{os.getpid()}.partial"
        partial.write_bytes(header + body)
        partial.chmod(0o600)
        partial.replace(_file(folder))


def _file(folder: Path) -> Path:
    return folder / "library.json"
