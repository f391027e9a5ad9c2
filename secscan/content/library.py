"""The library: every check, baseline and requirement of some folders, validated together, cached by their digest.

A file that cannot be loaded stops the load with every problem of every file. The cache holds plain data that was found valid
under the same digest of files, secscan version and installed probes and matchers; checks are made from it when first used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from secscan import __version__
from secscan.content.baselines import read_baseline
from secscan.content.checks import read_check
from secscan.content.reading import Vocabulary
from secscan.documents import Document, did_you_mean, parse_document
from secscan.errors import InputError, Problem, UsageError
from secscan.model.assessment import RequirementText
from secscan.model.check import Baseline, Check

_FORMAT = "secscan.library/1"


@dataclass(frozen=True, slots=True)
class Library:
    """All content. `sha256` is the digest of every file in it."""

    checks: Mapping[str, Check]
    baselines: Mapping[str, Document]
    requirements: Mapping[str, RequirementText]
    sha256: str

    def baseline(self, name: str) -> Baseline:
        """A baseline by name, merged with what it extends. Raises UsageError for an unknown one, InputError for a bad one."""
        if name not in self.baselines:
            raise UsageError(
                f"no baseline is named {name!r}{did_you_mean(name, self.baselines)}; allowed: {', '.join(sorted(self.baselines))}"
            )
        baseline = read_baseline(name, self.baselines, self.checks, self.requirements)
        if baseline is None:
            raise InputError(problem for document in self.baselines.values() for problem in document.problems)
        chosen = [(selection, self.checks[selection.check].sha256) for selection in baseline.selections]
        return replace(baseline, sha256=hashlib.sha256(repr((chosen, sorted(baseline.not_automated.items()))).encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class _Source:
    """One content file: its bytes are read once, for digest and parser both."""

    path: Path
    shown: str
    text: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text).hexdigest()

    def document(self) -> Document:
        try:
            return parse_document(self.text.decode("utf-8"), self.shown)
        except UnicodeDecodeError as error:
            return Document(self.shown, None, None, [Problem(self.shown, 0, 0, f"is not UTF-8 text (byte {error.start})")])


class _LazyChecks(Mapping[str, Check]):
    """Checks made from data that is known to be valid, one by one, when asked for."""

    def __init__(self, stored: Mapping[str, Mapping[str, Any]], vocabulary: Vocabulary) -> None:
        self._stored = stored
        self._vocabulary = vocabulary
        self._made: dict[str, Check] = {}

    def __getitem__(self, name: str) -> Check:
        if name not in self._made:
            stored = self._stored[name]
            document = Document(stored["path"], stored["data"], None)
            check = read_check(document, self._vocabulary, stored["sha256"])
            if check is None:
                raise InputError(document.problems)
            self._made[name] = check
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def load_library(
    check_folders: Sequence[Path], baseline_folders: Sequence[Path], vocabulary: Vocabulary, cache: Path | None
) -> Library:
    """Every check, baseline and requirement below the folders. Raises InputError with all problems of all files.

    `cache` is a folder to keep validated content in, or None.
    """
    checks = _read_sources(check_folders, "**/*.yaml")
    baselines = _read_sources(baseline_folders, "*.yaml")
    requirements = _read_sources(baseline_folders, "requirements/*.y*ml")
    digest = _digest(checks + baselines + requirements, vocabulary)
    stored = _read_cache(cache, digest) if cache else None
    if stored is None:
        stored = _validate(checks, requirements, vocabulary)
        _write_cache(cache, digest, stored)
    return Library(
        checks=_LazyChecks(stored["checks"], vocabulary),
        baselines={source.path.stem: source.document() for source in baselines},
        requirements={name: RequirementText(*fields) for name, fields in stored["requirements"].items()},
        sha256=digest,
    )


def find_problems(check_folders: Sequence[Path], baseline_folders: Sequence[Path], vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Every problem of every content file, baselines resolved; empty when all is well."""
    try:
        library = load_library(check_folders, baseline_folders, vocabulary, None)
    except InputError as error:
        return error.problems
    for name in library.baselines:
        read_baseline(name, library.baselines, library.checks, library.requirements)
    return tuple(sorted({problem for document in library.baselines.values() for problem in document.problems}))


def _read_sources(folders: Sequence[Path], pattern: str) -> list[_Source]:
    sources = []
    for folder in folders:
        if folder.is_file():
            sources.append(_read_source(folder))
            continue
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder; allowed: a folder of YAML files")
        sources += [_read_source(path) for path in sorted(folder.glob(pattern))]
    return sources


def _read_source(path: Path) -> _Source:
    try:
        return _Source(path, _shown(path), path.read_bytes())
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error


def _shown(path: Path) -> str:
    """The path as a person would write it from here."""
    with suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)


def _digest(sources: Sequence[_Source], vocabulary: Vocabulary) -> str:
    total = hashlib.sha256(f"{_FORMAT} {__version__}\n".encode())
    for probe in vocabulary.probes.values():
        total.update(repr((probe.name, probe.arguments, probe.attributes, probe.condition)).encode())
    total.update(
        repr(sorted((matcher.name, sorted(matcher.accepts), matcher.operand) for matcher in vocabulary.matchers.values())).encode()
    )
    for source in sources:
        total.update(f"{source.path.parent.name}/{source.path.name} {len(source.text)}\n".encode())
        total.update(source.text)
    return total.hexdigest()


def _validate(checks: Sequence[_Source], requirements: Sequence[_Source], vocabulary: Vocabulary) -> dict[str, Any]:
    stored: dict[str, Any] = {}
    problems: list[Problem] = []
    for source in checks:
        document = source.document()
        check = read_check(document, vocabulary, source.sha256)
        if check and check.id in stored:
            document.report(("id",), f"check {check.id!r} stands in {stored[check.id]['path']} too", "one file per check")
        elif check:
            stored[check.id] = {"path": source.shown, "sha256": source.sha256, "data": document.data}
        problems += document.problems
    texts: dict[str, tuple[str, ...]] = {}
    for source in requirements:
        document = source.document()
        texts |= _read_requirements(document)
        problems += document.problems
    if problems:
        raise InputError(problems)
    return {"checks": stored, "requirements": texts}


def _read_requirements(document: Document) -> dict[str, tuple[str, ...]]:
    entries = document.data.get("requirements") if isinstance(document.data, dict) else None
    if not isinstance(entries, list):
        if not document.problems:
            document.report((), "a catalogue has no list of requirements", "requirements: [{id, title, source}]")
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not isinstance(entry.get("title"), str):
            document.report(
                ("requirements", number), "a requirement needs an id and a title", "{id, title, source: {document, locator}}"
            )
            continue
        if entry["id"] in found:
            document.report(("requirements", number, "id"), f"requirement {entry['id']!r} stands twice")
        found[entry["id"]] = (entry["id"], entry["title"], _source(entry))
    return found


def _source(entry: Mapping[str, Any]) -> str:
    """Where a requirement stands: document and place, or what it was derived from."""
    source, parents = entry.get("source"), entry.get("parents")
    if isinstance(parents, list) and parents:
        return "derived from " + ", ".join(map(str, parents))
    if not isinstance(source, dict):
        return ""
    return ", ".join(str(source[key]) for key in ("document", "locator") if source.get(key))


def _cache_file(folder: Path) -> Path:
    return folder / "library.json"


def _read_cache(folder: Path, digest: str) -> dict[str, Any] | None:
    """Cached content; None when there is none for this digest, or it is not safely ours."""
    try:
        descriptor = os.open(_cache_file(folder), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            state = os.fstat(descriptor)
            if state.st_uid != os.geteuid() or state.st_mode & 0o022:
                return None
            header, _, body = stream.read().partition(b"\n")
        if header.decode() != f"{_FORMAT} {digest} {hashlib.sha256(body).hexdigest()}":
            return None
        stored: dict[str, Any] = json.loads(body)
    except (OSError, ValueError):
        return None
    return stored


def _write_cache(folder: Path | None, digest: str, stored: Mapping[str, Any]) -> None:
    """Keep validated content; a cache that cannot be written is done without."""
    if folder is None:
        return
    body = json.dumps(stored, separators=(",", ":")).encode()
    header = f"{_FORMAT} {digest} {hashlib.sha256(body).hexdigest()}\n".encode()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = folder / f"library.{os.getpid()}.partial"
        partial.write_bytes(header + body)
        partial.chmod(0o600)
        partial.replace(_cache_file(folder))
