"""Reporters: assessment documents in, text out. They read nothing else and write nothing: only the command line writes files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from secscan.assessments import Document


@dataclass(frozen=True, slots=True)
class Reporter:
    """One form of report. Packages register theirs under the entry point `secscan.reporters`.

    `render` gets assessment documents (see schemas/assessment-1.schema.json), perhaps thousands, each read from disk when it is
    asked for: take them one after the other, keep little, and yield text in pieces. `extension` has no dot. `prepare`
    loads what is slow to load; it is called, at most once, while hosts are still being asked.
    """

    name: str
    extension: str
    media_type: str
    describe: str
    render: Callable[[Iterable[Document]], Iterator[str]]
    prepare: Callable[[], None] | None = None
