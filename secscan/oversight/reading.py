"""Register files: read with places, every problem of all of them at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan.documents import Document, did_you_mean, read_document
from secscan.errors import InputError, Problem, UsageError
from secscan.model.recommendation import DAY_S, Recommendation, Status
from secscan.model.values import read_timestamp

REQUIRED = ("id", "source", "recommendation", "status", "owner", "root_cause", "raised", "due")
KEYS = (*REQUIRED, "closed", "checks", "requirements", "note")
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ID = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,79}"


@dataclass(frozen=True, slots=True)
class Known:
    """What a recommendation may be linked to."""

    checks: Collection[str]
    requirements: Collection[str]


def read_registers(paths: Iterable[Path], known: Known) -> tuple[Recommendation, ...]:
    """Every recommendation of the files. Raises UsageError for a missing file, InputError with every problem of all of them."""
    found: dict[str, Recommendation] = {}
    problems: list[Problem] = []
    for path in paths:
        if not path.is_file():
            raise UsageError(
                "there is no register {path!r}; allowed: a YAML file as secscan schema register describes it", path=str(path)
            )
        document = read_document(path)
        for each in _read_file(document, known):
            if each.id in found:
                first = found[each.id]
                message = f"recommendation {each.id!r} stands in {first.path}:{first.line} too"
                document.problems.append(Problem(document.path, each.line, 1, message, "each id once"))
            found.setdefault(each.id, each)
        problems += document.problems
    if problems:
        raise InputError(problems)
    return tuple(found.values())


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


class _Entry:
    """One recommendation of a file while it is read."""

    def __init__(self, document: Document, number: int, data: Any, known: Known) -> None:
        self._document = document
        self._keys = ("register", number)
        self._known = known
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            document.report(self._keys, "a recommendation must be a mapping", ", ".join(KEYS))
            return
        document.reject_unknown(self._keys, data, KEYS)
        missing = [repr(key) for key in REQUIRED if key not in data]
        if missing:
            document.report(self._keys, f"a recommendation has no {', '.join(missing)}", ", ".join(KEYS))

    def recommendation(self) -> Recommendation:
        """The recommendation; what is wrong with it is reported to the document."""
        status, raised, due = self._status(), self._day("raised"), self._day("due")
        closed = self._day("closed")
        self._check_days(status, raised, due, closed)
        return Recommendation(
            id=self._id(),
            source=self._text("source"),
            text=self._text("recommendation"),
            status=status or Status.NOT_STARTED,
            owner=self._text("owner"),
            root_cause=self._text("root_cause"),
            raised_at=raised or 0.0,
            due_at=(due or 0.0) + DAY_S,
            closed_at=None if closed is None else closed + DAY_S,
            checks=self._names("checks", self._known.checks, "an id of the check library"),
            requirements=self._names("requirements", self._known.requirements, "an id of secscan requirement list"),
            note=self._text("note"),
            path=self._document.path,
            line=self._document.at(self._keys)[0],
        )

    def _check_days(self, status: Status | None, raised: float | None, due: float | None, closed: float | None) -> None:
        if raised is not None and due is not None and due < raised:
            self._report("due", "a recommendation cannot be due before it is raised")
        if raised is not None and closed is not None and closed < raised:
            self._report("closed", "a recommendation cannot be closed before it is raised")
        if status is not None and status.is_open and closed is not None:
            self._report("closed", f"a recommendation that is {status} has no day on which it was closed")
        if status is not None and not status.is_open and "closed" not in self._data:
            self._report("status", f"a recommendation that is {status} needs 'closed'", "closed: the day, such as 2026-01-31")

    def _report(self, key: str, message: str, allowed: str = "") -> None:
        self._document.report((*self._keys, key), message, allowed)

    def _id(self) -> str:
        name = self._text("id")
        if name and not re.fullmatch(ID, name):
            self._report("id", f"{name!r} cannot be an id", "1 to 80 of A-Z, a-z, 0-9, '.', '_', '/' and '-'")
        return name

    def _status(self) -> Status | None:
        value = self._data.get("status")
        if value in list(Status):
            return Status(str(value))
        if "status" in self._data:
            names = [status.value for status in Status]
            self._report("status", f"'status' cannot be {value!r}{did_you_mean(str(value), names)}", ", ".join(names))
        return None

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        if value is None and key not in REQUIRED:
            return ""
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
        if key in self._data:
            self._report(key, f"{key!r} must be text")
        return ""

    def _names(self, key: str, known: Collection[str], allowed: str) -> tuple[str, ...]:
        value = self._data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self._report(key, f"{key!r} must be a list of texts")
            return ()
        for number, name in enumerate(value):
            if name not in known:
                message = f"no {key.removesuffix('s')} is named {name!r}{did_you_mean(name, known)}"
                self._document.report((*self._keys, key, number), message, allowed)
        return tuple(dict.fromkeys(value))

    def _day(self, key: str) -> float | None:
        """The beginning of a day; None where there is none, or it is wrong."""
        value = self._data.get(key)
        if value is None and key not in REQUIRED:
            return None
        try:
            if re.fullmatch(DAY, str(value)):
                return read_timestamp(str(value))
        except ValueError:
            pass
        if key in self._data:
            self._report(key, f"{key!r} cannot be {value!r}", "a day such as 2026-01-31")
        return None
