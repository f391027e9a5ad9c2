"""The library: every check, baseline and requirement of some folders, validated together, cached by their digest.

A file that cannot be loaded stops the load with every problem of every file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from secscan.content.baselines import Shelf, read_baseline
from secscan.content.checks import read_check
from secscan.content.reading import Vocabulary
from secscan.content.requirements import Verification
from secscan.content.sources import Source, read_baselines, read_catalogues, read_checks
from secscan.content.stored import LazyChecks, Stored, digest, read_stored, write_stored
from secscan.documents import Document, did_you_mean
from secscan.errors import InputError, Problem, UsageError
from secscan.garbage import uncollected
from secscan.model.assessment import RequirementText
from secscan.model.check import Baseline, Check

_DOUBTS = {
    Verification.PARTIAL.value: Verification.PARTIAL.meaning,
    Verification.UNVERIFIED.value: Verification.UNVERIFIED.meaning,
    Verification.NOT_OBTAINED.value: Verification.NOT_OBTAINED.meaning,
}


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
            allowed = ", ".join(sorted(self.baselines))
            raise UsageError(
                "no baseline is named {name!r}{near}; allowed: {allowed}",
                name=name,
                near=did_you_mean(name, self.baselines),
                allowed=allowed,
            )
        baseline = read_baseline(name, Shelf(self.baselines, self.checks, self.requirements))
        if baseline is None:
            raise InputError({problem for document in self.baselines.values() for problem in document.problems})
        chosen = [(selection, self.checks[selection.check].sha256) for selection in baseline.selections]
        return replace(baseline, sha256=hashlib.sha256(repr((chosen, sorted(baseline.not_automated.items()))).encode()).hexdigest())


@dataclass(slots=True)
class Reading:
    """Every content file, read with places kept: what is good, and every problem of what is not."""

    checks: dict[str, Check] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)  # of checks, by id
    baselines: dict[str, Document] = field(default_factory=dict)
    requirements: dict[str, RequirementText] = field(default_factory=dict)
    catalogues: list[Document] = field(default_factory=list)  # of requirements
    broken: set[str] = field(default_factory=set)  # stems of check files with problems
    problems: list[Problem] = field(default_factory=list)

    def shelf(self) -> Shelf:
        """What baselines are read against."""
        return Shelf(self.baselines, self.checks, self.requirements, frozenset(self.broken))


def load_library(
    check_folders: Sequence[Path], baseline_folders: Sequence[Path], vocabulary: Vocabulary, cache: Path | None
) -> Library:
    """Every check, baseline and requirement below the folders. Raises InputError with all problems of all files.

    `cache` is a folder to keep validated content in, or None.
    """
    checks, baselines, catalogues = read_checks(check_folders), read_baselines(baseline_folders), read_catalogues(baseline_folders)
    sha256 = digest([*checks, *baselines, *catalogues], vocabulary)
    stored = read_stored(cache, sha256) if cache else None
    if stored is None:
        reading = _read(checks, baselines, catalogues, vocabulary)
        if reading.problems:
            raise InputError(reading.problems)
        if cache:
            write_stored(cache, sha256, _store(reading))
        return Library(reading.checks, reading.baselines, reading.requirements, sha256)
    shelved = {source.stem: source for source in baselines}  # the same bytes may stand elsewhere than when they were kept
    return Library(
        checks=LazyChecks(stored["checks"], vocabulary, {source.stem: source for source in checks}),
        baselines={
            name: Document(shelved[name].shown, json.loads(data), None, text=shelved[name].data.decode())
            for name, data in stored["baselines"].items()
        },
        requirements={name: RequirementText(*fields) for name, fields in stored["requirements"].items()},
        sha256=sha256,
    )


def read_library(check_folders: Sequence[Path], baseline_folders: Sequence[Path], vocabulary: Vocabulary) -> Reading:
    """Every content file with its places, uncached; baselines resolved. Whatever is wrong stands in `problems`."""
    reading = _read(read_checks(check_folders), read_baselines(baseline_folders), read_catalogues(baseline_folders), vocabulary)
    for name in reading.baselines:
        read_baseline(name, reading.shelf())
    told = {problem for document in reading.baselines.values() for problem in document.problems}
    reading.problems = sorted(told.union(reading.problems))
    return reading


def _store(reading: Reading) -> Stored:
    return {
        "checks": {name: (check.sha256, _json(reading.documents[name].data)) for name, check in reading.checks.items()},
        "baselines": {name: _json(document.data) for name, document in reading.baselines.items()},
        "requirements": {name: (text.id, text.title, text.source) for name, text in reading.requirements.items()},
    }


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))


def _read(checks: Iterable[Source], baselines: Iterable[Source], catalogues: Iterable[Source], vocabulary: Vocabulary) -> Reading:
    reading = Reading()
    with uncollected():
        for source in checks:
            _add_check(reading, source, vocabulary)
    for source in baselines:
        document = source.document()
        if source.stem in reading.baselines:
            other = reading.baselines[source.stem].path
            document.report((), f"baseline {source.stem!r} stands in {other} too", "one file per baseline")
        reading.problems += document.problems
        reading.baselines.setdefault(source.stem, document)
    for source in catalogues:
        document = source.document()
        _add_requirements(reading, document)
        reading.catalogues.append(document)
        reading.problems += document.problems
    return reading


def _add_check(reading: Reading, source: Source, vocabulary: Vocabulary) -> None:
    document = source.document()
    check = read_check(document, vocabulary, source.sha256)
    if check and check.id in reading.checks:
        other = reading.checks[check.id].path
        document.report(("id",), f"check {check.id!r} stands in {other} too", "one file per check")
    elif check:
        reading.checks[check.id] = check
        reading.documents[check.id] = document
        document.forget_places(source.data.decode())
    if document.problems:
        reading.broken.add(source.stem)
        reading.problems += document.problems


def _add_requirements(reading: Reading, document: Document) -> None:
    entries = document.data.get("requirements") if isinstance(document.data, dict) else None
    if not isinstance(entries, list):
        if not document.problems:
            document.report((), "a catalogue has no list of requirements", "requirements: [{id, title, source}]")
        return
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not isinstance(entry.get("title"), str):
            allowed = "{id, title, source: {document, locator}}"
            document.report(("requirements", number), "a requirement needs an id and a title", allowed)
            continue
        name = entry["id"]
        if name in reading.requirements:
            document.report(("requirements", number, "id"), f"requirement {name!r} stands twice", "each id once")
        reading.requirements[name] = RequirementText(name, entry["title"], _describe_source(entry))


def _describe_source(entry: Mapping[str, Any]) -> str:
    """Where a requirement stands: document and place, or what it was derived from; what was not read is marked."""
    source, parents = entry.get("source"), entry.get("parents")
    if isinstance(parents, list) and parents:
        return "derived from " + ", ".join(map(str, parents))
    if not isinstance(source, dict):
        return ""
    doubt = _DOUBTS.get(str(source.get("verification")), "")
    return ", ".join(str(source[key]) for key in ("document", "locator") if source.get(key)) + (f" ({doubt})" if doubt else "")
