"""Reporters: assessment documents in, text or bytes out. They read nothing else; only the command line writes files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from secscan.assessments import Document
from secscan.model.recommendation import Recommendation
from secscan.wording import Wording


@dataclass(frozen=True, slots=True)
class Reporter:
    """One form of report. Packages register theirs under the entry point `secscan.reporters`.

    `render` gets assessment documents (see schemas/assessment-1.schema.json), perhaps thousands, each read from disk when it is
    asked for: take them one after the other, keep little, and yield text in pieces. `extension` begins without a dot, and is no
    other's: the file is `report.<extension>`. `prepare` loads what is slow to load; it is called, at most once, while hosts are
    still being asked. `exit_code` is for forms that are judged by how their program ends: from the text to what `secscan report`
    exits with when it prints the text. `render_in` is for forms that people read: the same in the words of a language.
    `files` is for forms of many files: each with its path, below a folder of the form's name; `render` then gives the texts alone.
    `encode` is for forms that are not text: from what `render` gives to the bytes of the file.
    `follow` is for forms that tell how recommendations of oversight bodies are followed: the same form with these in it.
    """

    name: str
    extension: str
    media_type: str
    describe: str
    render: Callable[[Iterable[Document]], Iterator[str]]
    prepare: Callable[[], None] | None = None
    exit_code: Callable[[str], int] | None = None
    render_in: Callable[[Iterable[Document], Wording], Iterator[str]] | None = None
    files: Callable[[Iterable[Document], Wording], Iterator[tuple[str, Iterator[str]]]] | None = None
    encode: Callable[[Iterable[str]], Iterator[bytes]] | None = None
    follow: Callable[[Sequence[Recommendation]], Reporter] | None = None

    def write(self, documents: Iterable[Document], wording: Wording) -> Iterator[str]:
        """The report in a language; forms that only programs read are English always."""
        return self.render_in(documents, wording) if self.render_in else self.render(documents)

    def write_bytes(self, documents: Iterable[Document], wording: Wording) -> Iterator[bytes]:
        """The report as its file has it; text as UTF-8."""
        written = self.write(documents, wording)
        return self.encode(written) if self.encode else (piece.encode() for piece in written)
