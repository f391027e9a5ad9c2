"""Files of statements: one statement a file, read with places, and the files it rests on looked at for what was signed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from secscan.attestations.files import look
from secscan.documents import Document, Keys, did_you_mean, read_document
from secscan.errors import InputError, Problem, UsageError
from secscan.model.attestation import DAY_S, Action, Attestation, EvidenceFile, Person, Stated, StatementScope
from secscan.model.check import Check, name_now
from secscan.model.values import PATTERNS, WRITTEN, Type, read_timestamp

SUFFIXES = (".yaml", ".yml")
KEYS = (
    "id", "checks", "scope", "statement", "performed_on", "valid_until", "owner", "approver", "result", "answers", "metrics",
    "evidence", "findings",
)  # fmt: skip
REQUIRED = ("id", "checks", "scope", "statement", "performed_on", "valid_until", "owner", "result")
SCOPE_KEYS = ("hosts", "sites", "services")
WHOLE = "organization"
EVIDENCE_KEYS = ("file", "sha256", "location")
FINDING_KEYS = ("id", "owner", "due", "status", "root_cause")
ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
SHA256 = r"[0-9a-f]{64}"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY_WRITTEN = "a day such as 2026-01-31"


def read_attestations(folder: Path, checks: Mapping[str, Check]) -> tuple[Attestation, ...]:
    """Every statement of a folder (not of folders in it). `checks` are all that there are.

    Raises UsageError for a missing folder, InputError with every problem of all files. What only time or a file can spoil is no
    problem but a standing of the statement: see model.attestation.
    """
    if not folder.is_dir():
        raise UsageError(
            "there is no folder {folder!r}; allowed: one with statements that `secscan attest new` writes", folder=str(folder)
        )
    found: dict[str, Attestation] = {}
    problems: list[Problem] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")):
        document = read_document(path)
        attestation = _Reader(document, path).attestation(checks) if not document.problems else None
        if attestation and attestation.id in found:
            other = found[attestation.id].path
            document.report(("id",), f"statement {attestation.id!r} stands in {other} too", "each id once")
        if attestation:
            found.setdefault(attestation.id, attestation)
        problems += document.problems
    if problems:
        raise InputError(problems)
    return tuple(found.values())


class _Reader:
    """One statement while it is read."""

    def __init__(self, document: Document, path: Path) -> None:
        self._document = document
        self._path = path
        self._data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}
        if not isinstance(document.data, dict):
            document.report((), "a statement must be a mapping", ", ".join(KEYS))
            return
        document.reject_unknown((), self._data, KEYS)
        missing = [repr(key) for key in REQUIRED if key not in self._data]
        if missing:
            document.report((), f"a statement has no {', '.join(missing)}", ", ".join(KEYS))

    def attestation(self, checks: Mapping[str, Check]) -> Attestation | None:
        """The statement; None when something is wrong with it, which is then in the document."""
        owner = self._person("owner")
        read = Attestation(
            id=self._id(),
            checks=self._checks(checks),
            scope=self._scope(),
            statement=self._text(("statement",), self._data.get("statement")),
            performed_at=self._day(("performed_on",), self._data.get("performed_on")),
            valid_until=self._day(("valid_until",), self._data.get("valid_until")) + DAY_S,
            owner=owner or Person(""),
            approver=self._person("approver"),
            result=self._result(),
            answers=dict(self._answers()),
            metrics=dict(self._metrics()),
            evidence=tuple(self._evidence()),
            actions=tuple(self._actions()),
            path=self._document.path,
        )
        return None if self._document.problems else read

    def _id(self) -> str:
        name = self._text(("id",), self._data.get("id"))
        if name and not re.fullmatch(ID, name):
            self._document.report(("id",), f"{name!r} cannot be an id", "1 to 80 of A-Z, a-z, 0-9, '.', '_' and '-'")
        elif name and name != self._path.stem:
            allowed = f"id: {self._path.stem}, or rename the file to {name}{self._path.suffix}"
            self._document.report(("id",), f"id {name!r} differs from the file name", allowed)
        return name

    def _checks(self, known: Mapping[str, Check]) -> tuple[str, ...]:
        names = self._texts(("checks",), self._data.get("checks")) if "checks" in self._data else ()
        for number, name in enumerate(names):
            if name not in known:
                now = name_now(name, known)
                message = f"no check is named {name!r}{f' (it is {now!r} now)' if now else did_you_mean(name, known)}"
                self._document.report(("checks", number), message, "an id of the check library")
            elif not known[name].questions:
                message = f"{name!r} is measured: what somebody states cannot take the place of that"
                self._document.report(("checks", number), message, "a check that people answer")
        return names

    def _scope(self) -> StatementScope:
        value = self._data.get("scope")
        if value == WHOLE or "scope" not in self._data:
            return StatementScope()
        if not isinstance(value, dict) or not value:
            allowed = f"{WHOLE}, or a mapping with one or more of {', '.join(SCOPE_KEYS)}"
            self._document.report(("scope",), "'scope' says what the statement is about", allowed)
            return StatementScope()
        self._document.reject_unknown(("scope",), value, SCOPE_KEYS)
        return StatementScope(**{key: self._texts(("scope", key), value[key]) for key in SCOPE_KEYS if key in value})

    def _person(self, key: str) -> Person | None:
        """A person with a role; None where nobody is named yet."""
        value = self._data.get(key)
        if value is None or (isinstance(value, dict) and key == "approver" and not value.get("name")):
            if key in REQUIRED and key in self._data:
                self._document.report((key,), f"{key!r} names nobody", "{name: ..., role: ...}")
            return None
        if not isinstance(value, dict):
            self._document.report((key,), f"{key!r} must be a mapping", "{name: ..., role: ...}")
            return None
        self._document.reject_unknown((key,), value, ("name", "role"))
        if "name" not in value:
            self._document.report((key,), f"{key!r} has no 'name'", "{name: ..., role: ...}")
            return None
        role = self._text((key, "role"), value["role"]) if value.get("role") is not None else ""
        return Person(self._text((key, "name"), value["name"]), role)

    def _result(self) -> Stated:
        value = self._data.get("result")
        words = [stated.value for stated in Stated]
        if value in words:
            return Stated(value)
        if "result" in self._data:
            near = did_you_mean(str(value), words)
            self._document.report(("result",), f"'result' cannot be {value!r}{near}", ", ".join(words))
        return Stated.FAIL

    def _answers(self) -> Iterator[tuple[str, str]]:
        """Answers by question, both on one line; one that is left empty is an answer still to come."""
        for keys, entry in self._entries("answers", ("question", "answer"), ("question",)):
            question = self._text((*keys, "question"), entry["question"])
            if entry.get("answer") is not None:
                yield question, self._text((*keys, "answer"), entry["answer"])

    def _metrics(self) -> Iterator[tuple[str, float]]:
        value = self._data.get("metrics")
        if value is None:
            return
        if not isinstance(value, dict):
            self._document.report(("metrics",), "'metrics' must be a mapping", "{achieved_rto_minutes: 95}")
            return
        for name, number in value.items():
            if isinstance(number, bool) or not re.fullmatch(PATTERNS[Type.NUMBER], str(number)):
                self._document.report(("metrics", name), f"{name!r} cannot be {number!r}", WRITTEN[Type.NUMBER])
            else:
                yield name, number if isinstance(number, int) else float(number)

    def _evidence(self) -> Iterator[EvidenceFile]:
        for keys, entry in self._entries("evidence", EVIDENCE_KEYS, ("file",)):
            file = self._text((*keys, "file"), entry["file"])
            sha256 = self._text((*keys, "sha256"), entry["sha256"]).lower() if entry.get("sha256") is not None else ""
            if sha256 and not re.fullmatch(SHA256, sha256):
                self._document.report((*keys, "sha256"), f"'sha256' cannot be {sha256!r}", "64 hexadecimal digits, as of sha256sum")
            place = PurePosixPath(file)
            if place.is_absolute() or ".." in place.parts:
                allowed = "a file beside the statement or in a folder below it"
                self._document.report((*keys, "file"), f"evidence {file!r} lies elsewhere", allowed)
                continue
            locations = self._texts((*keys, "location"), entry["location"]) if "location" in entry else ()
            yield EvidenceFile(file, sha256, *look(self._path.parent / file, sha256), locations)

    def _actions(self) -> Iterator[Action]:
        for keys, entry in self._entries("findings", FINDING_KEYS, ("id", "owner", "due", "status")):
            status = entry["status"]
            if status not in ("open", "closed"):
                self._document.report((*keys, "status"), f"'status' cannot be {status!r}", "open, closed")
            name, owner = (self._text((*keys, key), entry[key]) for key in ("id", "owner"))
            cause = self._text((*keys, "root_cause"), entry["root_cause"]) if entry.get("root_cause") is not None else ""
            yield Action(name, owner, self._day((*keys, "due"), entry["due"]) + DAY_S, status == "open", cause)

    def _entries(self, key: str, known: tuple[str, ...], required: tuple[str, ...]) -> Iterator[tuple[Keys, dict[str, Any]]]:
        """The mappings of a list, those that have what they must have."""
        value = self._data.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self._document.report((key,), f"{key!r} must be a list", f"[{{{', '.join(known)}}}]")
            return
        for number, entry in enumerate(value):
            keys = (key, number)
            if not isinstance(entry, dict) or any(name not in entry for name in required):
                self._document.report(keys, f"an entry of {key!r} has {' and '.join(map(repr, required))}", ", ".join(known))
                continue
            self._document.reject_unknown(keys, entry, known)
            yield keys, entry

    def _text(self, keys: Keys, value: Any) -> str:
        """Text on one line; a problem for anything else where something was written."""
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
        if keys[-1] in REQUIRED and keys[-1] not in self._data:
            return ""  # told already
        self._document.report(keys, f"{keys[-1]!r} must be text")
        return ""

    def _texts(self, keys: Keys, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and value and all(isinstance(each, str | int) and str(each).strip() for each in value):
            return tuple(str(each).strip() for each in value)
        self._document.report(keys, f"{keys[-1]!r} must be a list of texts")
        return ()

    def _day(self, keys: Keys, value: Any) -> float:
        """The beginning of a day, UTC; 0 with a problem for anything else."""
        if keys[0] in REQUIRED and keys[0] not in self._data:
            return 0.0
        try:
            if re.fullmatch(DAY, str(value)):
                return read_timestamp(str(value))
        except ValueError:
            pass
        self._document.report(keys, f"{keys[-1]!r} cannot be {value!r}", _DAY_WRITTEN)
        return 0.0
