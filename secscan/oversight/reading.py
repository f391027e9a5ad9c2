"""Register files: read with places, every problem of all of them at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan.documents import Document, did_you_mean, read_document
from secscan.entries import Entry, Shape, read_entries
from secscan.errors import UsageError
from secscan.model.recommendation import DAY_S, Recommendation, Status
from secscan.model.values import read_timestamp

REQUIRED = ("id", "source", "recommendation", "status", "owner", "root_cause", "raised", "due")
KEYS = (*REQUIRED, "closed", "checks", "requirements", "note")
_SHAPE = Shape("recommendation", "register", KEYS, REQUIRED)
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ID = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,79}"


@dataclass(frozen=True, slots=True)
class Known:
    """What a recommendation may be linked to."""

    checks: Collection[str]
    requirements: Collection[str]


def read_registers(paths: Iterable[Path], known: Known) -> tuple[Recommendation, ...]:
    """Every recommendation of the files. Raises UsageError for a missing file, InputError with every problem of all of them."""
    return read_entries(_read_documents(paths), lambda document: _read_file(document, known), _SHAPE.noun)


def _read_documents(paths: Iterable[Path]) -> Iterator[Document]:
    for path in paths:
        if not path.is_file():
            raise UsageError(
                "there is no register {path!r}; allowed: a YAML file as secscan schema register describes it", path=str(path)
            )
        yield read_document(path)


def _read_file(document: Document, known: Known) -> list[Recommendation]:
    data = document.data
    if document.problems:
        return []
    listed = data.get("register") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(listed, list):
        document.report((), "a register must have a list of recommendations", "register: [{" + ", ".join(REQUIRED) + ", ...}]")
        return []
    document.reject_unknown((), data, ("register",))
    return [_Entry(document, number, entry, known).recommendation() for number, entry in enumerate(listed)]


class _Entry(Entry):
    """One recommendation of a file while it is read, with what it may be linked to."""

    def __init__(self, document: Document, number: int, data: Any, known: Known) -> None:
        super().__init__(document, number, data, _SHAPE)
        self._known = known

    def recommendation(self) -> Recommendation:
        """The recommendation; what is wrong with it is reported to the document."""
        status, raised, due = self._status(), self._day("raised"), self._day("due")
        closed = self._day("closed")
        self._check_days(status, raised, due, closed)
        return Recommendation(
            id=self._id(),
            source=self.text("source"),
            text=self.text("recommendation"),
            status=status or Status.NOT_STARTED,
            owner=self.text("owner"),
            root_cause=self.text("root_cause"),
            raised_at=raised or 0.0,
            due_at=(due or 0.0) + DAY_S,
            closed_at=None if closed is None else closed + DAY_S,
            checks=self._names("checks", self._known.checks, "an id of the check library"),
            requirements=self._names("requirements", self._known.requirements, "an id of secscan requirement list"),
            note=self.text("note"),
            path=self.document.path,
            line=self.document.at(self.keys)[0],
        )

    def _check_days(self, status: Status | None, raised: float | None, due: float | None, closed: float | None) -> None:
        if raised is not None and due is not None and due < raised:
            self.report("due", "a recommendation cannot be due before it is raised")
        if raised is not None and closed is not None and closed < raised:
            self.report("closed", "a recommendation cannot be closed before it is raised")
        if status is not None and status.is_open and closed is not None:
            self.report("closed", f"a recommendation that is {status} has no day on which it was closed")
        if status is not None and not status.is_open and "closed" not in self.data:
            self.report("status", f"a recommendation that is {status} needs 'closed'", "closed: the day, such as 2026-01-31")

    def _id(self) -> str:
        name = self.text("id")
        if name and not re.fullmatch(ID, name):
            self.report("id", f"{name!r} cannot be an id", "1 to 80 of A-Z, a-z, 0-9, '.', '_', '/' and '-'")
        return name

    def _status(self) -> Status | None:
        value = self.data.get("status")
        if value in list(Status):
            return Status(str(value))
        if "status" in self.data:
            names = [status.value for status in Status]
            self.report("status", f"'status' cannot be {value!r}{did_you_mean(str(value), names)}", ", ".join(names))
        return None

    def _names(self, key: str, known: Collection[str], allowed: str) -> tuple[str, ...]:
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self.report(key, f"{key!r} must be a list of texts")
            return ()
        for number, name in enumerate(value):
            if name not in known:
                message = f"no {key.removesuffix('s')} is named {name!r}{did_you_mean(name, known)}"
                self.document.report((*self.keys, key, number), message, allowed)
        return tuple(dict.fromkeys(value))

    def _day(self, key: str) -> float | None:
        """The beginning of a day; None where there is none, or it is wrong."""
        value = self.data.get(key)
        if value is None and key not in REQUIRED:
            return None
        try:
            if re.fullmatch(DAY, str(value)):
                return read_timestamp(str(value))
        except ValueError:
            pass
        if key in self.data:
            self.report(key, f"{key!r} cannot be {value!r}", "a day such as 2026-01-31")
        return None
