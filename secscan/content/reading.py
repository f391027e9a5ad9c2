"""Reading the parts of a check file: a cursor that knows its place in the document and collects problems."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from secscan.documents import Document, Keys, did_you_mean
from secscan.model.matcher import Matcher
from secscan.model.probe import Probe

E = TypeVar("E", bound=StrEnum)
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{2,79}\Z")
IDENTIFIER_WRITTEN = "3 to 80 of a-z, 0-9 and _, beginning with a letter"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
NAME_WRITTEN = "1 to 40 of a-z, 0-9 and _, beginning with a letter"


@dataclass(frozen=True)
class Vocabulary:
    """What a check may say: the installed probes and matchers."""

    probes: Mapping[str, Probe]
    matchers: Mapping[str, Matcher]

    @cached_property
    def conditions(self) -> Mapping[str, Probe]:
        """The probes that may stand under `applies_to`, by name."""
        return {name: probe for name, probe in sorted(self.probes.items()) if probe.condition}


@dataclass(slots=True)
class Cursor:
    """A value in a document and the keys that lead to it. Never changed; not frozen because thousands are made."""

    document: Document
    keys: Keys
    value: Any

    def at(self, key: str | int) -> Cursor:
        """The value below a key; None when there is none."""
        inside, below = self.value, None
        if isinstance(inside, dict):
            below = inside.get(key)
        elif isinstance(inside, list) and isinstance(key, int):
            below = inside[key]
        return Cursor(self.document, (*self.keys, key), below)

    def report(self, message: str, allowed: str = "") -> None:
        """A problem at this place."""
        self.document.report(self.keys, message, allowed)

    def folded(self) -> str:
        """The value as non-empty text on one line: blanks and line ends are one blank each."""
        return " ".join(self.text().split())

    def find(self, key: str) -> Cursor | None:
        """The value below a key of a mapping, or None when the mapping has no such key."""
        inside = self.value
        return Cursor(self.document, (*self.keys, key), inside[key]) if isinstance(inside, dict) and key in inside else None

    def has(self, key: str) -> bool:
        """Whether a mapping has the key."""
        return isinstance(self.value, dict) and key in self.value

    def mapping(self, known: Iterable[str] | None = None, required: Iterable[str] = ()) -> dict[str, Any]:
        """The value as a mapping; problems for another type, unknown keys and missing ones."""
        if not isinstance(self.value, dict):
            self.report(f"{self.name} must be a mapping, not {kind_of(self.value)}")
            return {}
        value: dict[str, Any] = self.value
        if known is not None:
            known = known if isinstance(known, tuple) else tuple(known)
            for key in value:
                if key not in known:
                    self.document.reject_unknown(self.keys, [key], known)
        missing = [repr(key) for key in required if key not in value]
        if missing:
            self.report(f"{self.name} has no {', '.join(missing)}", ", ".join(required))
        return value

    def items(self) -> list[Cursor]:
        """The value as a list of cursors; a problem for another type or an empty list."""
        if not isinstance(self.value, list):
            self.report(f"{self.name} must be a list, not {kind_of(self.value)}")
            return []
        if not self.value:
            self.report(f"{self.name} is empty: an empty list asserts nothing")
        return [Cursor(self.document, (*self.keys, index), item) for index, item in enumerate(self.value)]

    def text(self, default: str = "") -> str:
        """The value as non-empty text with single blanks at line ends; a problem for another type."""
        value = self.value
        if isinstance(value, str) and (value := value.strip()):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.report(f"{self.name} must be text, not {kind_of(value)}")
        return default

    def texts(self) -> tuple[str, ...]:
        """The value as a non-empty list of texts."""
        if isinstance(self.value, list) and self.value and all(type(item) is str and item.strip() for item in self.value):
            return tuple(item.strip() for item in self.value)  # as below, without a cursor for each
        return tuple(item.text() for item in self.items())

    def choice(self, kind: type[E], default: E) -> E:
        """The value as a member of an enumeration."""
        if isinstance(self.value, str) and self.value in kind._value2member_map_:
            return kind(self.value)
        words = [member.value for member in kind]
        self.report(f"{self.name} cannot be {written(self.value)}{did_you_mean(str(self.value), words)}", ", ".join(words))
        return default

    @property
    def name(self) -> str:
        """The last key, for messages."""
        named = [key for key in self.keys if isinstance(key, str)]
        return repr(named[-1]) if named else "the file"


def written(value: Any) -> str:
    """A plain value as YAML would have it on one line, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:80] + "…"


def kind_of(value: Any) -> str:
    """What a plain value is, for messages."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    return {dict: "a mapping", list: "a list", str: "text", int: "a number"}.get(type(value), type(value).__name__)
