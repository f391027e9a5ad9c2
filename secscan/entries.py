"""Files that list entries with ids, such as waivers and recommendations: each id once, every problem told with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from secscan.documents import Document
from secscan.errors import InputError, Problem


class Placed(Protocol):
    """What an entry becomes: something with an id that knows where it was written."""

    @property
    def id(self) -> str:
        """Its name, once in all files."""

    @property
    def path(self) -> str:
        """The file that it stands in."""

    @property
    def line(self) -> int:
        """Its line, from 1."""


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a file lists: what one of them is called, under which key they stand, and which keys each has."""

    noun: str
    listed_as: str
    keys: tuple[str, ...]
    required: tuple[str, ...]


def read_entries(documents: Iterable[Document], read: Callable[[Document], Iterable[P]], noun: str) -> tuple[P, ...]:
    """Every entry of the documents. Raises InputError with every problem of all of them, an id that stands twice included."""
    found: dict[str, P] = {}
    problems: list[Problem] = []
    for document in documents:
        for each in read(document):
            if each.id in found:
                first = found[each.id]
                message = f"{noun} {each.id!r} stands in {first.path}:{first.line} too"
                document.problems.append(Problem(document.path, each.line, 1, message, "each id once"))
            found.setdefault(each.id, each)
        problems += document.problems
    if problems:
        raise InputError(problems)
    return tuple(found.values())


class Entry:
    """One entry of a file while it is read; what is wrong with it is reported to the document."""

    def __init__(self, document: Document, number: int, data: Any, shape: Shape) -> None:
        self.document = document
        self.keys = (shape.listed_as, number)
        self.data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        self._required = shape.required
        if not isinstance(data, dict):
            document.report(self.keys, f"a {shape.noun} must be a mapping", ", ".join(shape.keys))
            return
        document.reject_unknown(self.keys, data, shape.keys)
        missing = [repr(key) for key in shape.required if key not in data]
        if missing:
            document.report(self.keys, f"a {shape.noun} has no {', '.join(missing)}", ", ".join(shape.keys))

    def report(self, key: str, message: str, allowed: str = "") -> None:
        """Say what is wrong with the value of a key, and what would be right."""
        self.document.report((*self.keys, key), message, allowed)

    def text(self, key: str) -> str:
        """The text of a key with single blanks; empty where there is none, which is reported only where it must be one."""
        value = self.data.get(key)
        if value is None and key not in self._required:
            return ""
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
        if key in self.data:
            self.report(key, f"{key!r} must be text")
        return ""
