"""The mappings of an inventory file, read key by key; what is wrong becomes a problem at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from secscan.documents import Document, Keys, did_you_mean
from secscan.errors import UsageError
from secscan.inventory.contents import CRITICALITIES

_T = TypeVar("_T")


@dataclass(slots=True)
class Entry:
    """The keys of one mapping of the file, read one by one."""

    document: Document
    keys: Keys
    data: Mapping[str, Any]

    def checked(self, key: str, check: Callable[[str], _T], default: _T) -> _T:
        """A text or number by what checks it; the problem of one that fails."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.report(key, f"{key!r} must be text")
            return default
        try:
            return check(str(value))
        except UsageError as error:
            self.report(key, str(error))
            return default

    def required(self, key: str, check: Callable[[str], _T], default: _T, what: str) -> _T:
        """As `checked`, but a missing key is a problem: `what` says what then cannot be told."""
        if self.data.get(key) is None:
            self.document.report(self.keys, f"{what} has no {key!r}")
            return default
        return self.checked(key, check, default)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, each once."""
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or any(isinstance(item, bool) or not isinstance(item, str | int) for item in value):
            self.report(key, f"{key!r} must be a list of texts")
            return ()
        texts = tuple(str(item) for item in value)
        first: dict[str, int] = {}
        for index, text in enumerate(texts):
            if first.setdefault(text, index) != index:
                self.document.report((*self.keys, key, index), f"{text!r} is listed twice")
        return tuple(first)

    def boolean(self, key: str) -> bool | None:
        """True, false or None when nothing is said."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, bool):
            self.report(key, f"{key!r} must be true or false")
            return None
        return value

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping; empty when nothing is said."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            self.report(key, f"{key!r} must be a mapping")
            return {}
        return value or {}

    def report(self, key: str, message: str, allowed: str = "") -> None:
        """Add a problem at a key of this mapping."""
        self.document.report((*self.keys, key), message, allowed)


def entries(top: Entry, key: str) -> Iterable[Entry]:
    """The mappings of a list; a host may be one text, as on the command line."""
    listed = top.data.get(key)
    if listed is None:
        return
    if not isinstance(listed, list) or not listed:
        top.report(key, f"{key!r} must be a list with something in it")
        return
    for index, item in enumerate(listed):
        if isinstance(item, dict):
            yield Entry(top.document, (*top.keys, key, index), item)
        elif key == "hosts" and isinstance(item, str):
            yield Entry(top.document, (*top.keys, key, index), {"name": item})
        else:
            top.document.report((*top.keys, key, index), f"each of {key!r} must be a mapping")


def check_criticality(text: str) -> str:
    """The word itself; UsageError for one that is none of CRITICALITIES."""
    if text not in CRITICALITIES:
        raise UsageError(
            "unknown criticality {text!r}{near}; allowed: {allowed}",
            text=text,
            near=did_you_mean(text, CRITICALITIES),
            allowed=list(CRITICALITIES),
        )
    return text
