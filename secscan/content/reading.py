"""Reading the parts of a check file: a cursor that knows its place in the document and collects problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from secscan.documents import Document, Keys, did_you_mean
from secscan.model.matcher import Matcher
from secscan.model.probe import Probe

E = TypeVar("E", bound=StrEnum)
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{2,79}\Z")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a check may say: the installed probes and matchers."""

    probes: Mapping[str, Probe]
    matchers: Mapping[str, Matcher]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value in a document and the keys that lead to it."""

    document: Document
    keys: Keys
    value: Any

    def at(self, key: str | int) -> Cursor:
        """The value below a key; None when there is none."""
        inside = self.value
        if isinstance(inside, dict):
            return Cursor(self.document, (*self.keys, key), inside.get(str(key)))
        if isinstance(inside, list) and isinstance(key, int):
            return Cursor(self.document, (*self.keys, key), inside[key])
        return Cursor(self.document, (*self.keys, key), None)

    def report(self, message: str, allowed: str = "") -> None:
        """A problem at this place."""
        self.document.report(self.keys, message, allowed)

    def has(self, key: str) -> bool:
        """Whether a mapping has the key."""
        return isinstance(self.value, dict) and key in self.value

    def mapping(self, known: Iterable[str] | None = None, required: Iterable[str] = ()) -> dict[str, Any]:
        """The value as a mapping; problems for another type, unknown keys and missing ones."""
        if not isinstance(self.value, dict):
            self.report(f"{self.name} must be a mapping, not {kind_of(self.value)}")
            return {}
        if known is not None:
            self.document.reject_unknown(self.keys, self.value, known)
        for key in required:
            if key not in self.value:
                self.report(f"{self.name} has no {key!r}", "required: " + ", ".join(required))
        return self.value

    def items(self) -> list[Cursor]:
        """The value as a list of cursors; a problem for another type or an empty list."""
        if not isinstance(self.value, list):
            self.report(f"{self.name} must be a list, not {kind_of(self.value)}")
            return []
        if not self.value:
            self.report(f"{self.name} is empty: an empty list asserts nothing")
        return [self.at(index) for index in range(len(self.value))]

    def text(self, default: str = "") -> str:
        """The value as non-empty text with single blanks at line ends; a problem for another type."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        if not isinstance(self.value, str) or not self.value.strip():
            self.report(f"{self.name} must be text, not {kind_of(self.value)}")
            return default
        return self.value.strip()

    def texts(self) -> tuple[str, ...]:
        """The value as a non-empty list of texts."""
        return tuple(item.text() for item in self.items())

    def boolean(self) -> bool:
        """The value as true or false."""
        if not isinstance(self.value, bool):
            self.report(f"{self.name} must be true or false, not {kind_of(self.value)}")
        return bool(self.value)

    def choice(self, kind: type[E], default: E) -> E:
        """The value as a member of an enumeration."""
        words = [member.value for member in kind]
        if self.value in words:
            return kind(self.value)
        self.report(f"{self.name} cannot be {self.value!r}{did_you_mean(str(self.value), words)}", ", ".join(words))
        return default

    @property
    def name(self) -> str:
        """The last key, for messages."""
        named = [key for key in self.keys if isinstance(key, str)]
        return repr(named[-1]) if named else "the file"


def kind_of(value: Any) -> str:
    """What a plain value is, for messages."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    return {dict: "a mapping", list: "a list", str: "text", int: "a number"}.get(type(value), type(value).__name__)
