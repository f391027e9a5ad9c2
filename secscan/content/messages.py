"""What of checks, baselines and requirements is translated: read by pybabel, see babel-content.cfg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from secscan.documents import Document, parse_document
from secscan.inert import fold

Message = tuple[int, None, str, list[str]]


def extract_check(stream: BinaryIO, keywords: Any, comment_tags: Sequence[str], options: Mapping[str, Any]) -> Iterator[Message]:
    """The title, the rationale and the remedy of a check, and the name of its subject area."""
    document = parse_document(stream.read().decode(), stream.name)
    data = document.data
    yield document.at(("title",))[0], None, fold(data["title"]), []
    yield document.at(("rationale",))[0], None, fold(data["rationale"]), []
    yield document.at(("remediation", "text"))[0], None, fold(data["remediation"]["text"]), []
    yield 1, None, Path(stream.name).parent.name, ["The name of a subject area."]


def extract_baseline(stream: BinaryIO, keywords: Any, comment_tags: Sequence[str], options: Mapping[str, Any]) -> Iterator[Message]:
    """The title of a baseline, why requirements are not automated, and why what it extends was changed, approved by whom."""
    document = parse_document(stream.read().decode(), stream.name)
    yield document.at(("title",))[0], None, fold(document.data["title"]), []
    for name, entries in document.data.get("requirements", {}).items():
        if isinstance(entries, dict) and "not_automated" in entries:
            yield document.at(("requirements", name))[0], None, fold(entries["not_automated"]), []
        elif isinstance(entries, list):
            for index, entry in enumerate(entries):
                for check, changed in entry.items() if isinstance(entry, dict) else ():
                    yield from _approved(document, ("requirements", name, index, check), changed)
    for index, entry in enumerate(document.data.get("drop", ())):
        yield from _approved(document, ("drop", index), entry)


def _approved(document: Document, place: tuple[str | int, ...], entry: object) -> Iterator[Message]:
    """The reason of a local change, and what its approver is."""
    for key in ("reason", "approver"):
        if isinstance(entry, dict) and key in entry:
            yield document.at((*place, key))[0], None, fold(entry[key]), []


def extract_requirements(
    stream: BinaryIO, keywords: Any, comment_tags: Sequence[str], options: Mapping[str, Any]
) -> Iterator[Message]:
    """The titles of a catalogue of requirements."""
    document = parse_document(stream.read().decode(), stream.name)
    for index, requirement in enumerate(document.data["requirements"]):
        yield document.at(("requirements", index, "title"))[0], None, fold(requirement["title"]), []
