"""Waiver files: who accepted which failure where, why and until when. Read with places, written so that people can read them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from secscan.documents import Document, did_you_mean, parse_document, read_document, text_of
from secscan.entries import Entry, Shape, read_entries
from secscan.errors import InputError, UsageError
from secscan.model.values import WRITTEN, Type, read_timestamp
from secscan.model.waiver import Scope, Waiver

KEYS = (
    "id", "checks", "requirements", "hosts", "sites", "labels", "services", "justification", "owner", "approver", "starts",
    "expires", "ticket", "observed", "any_value", "outcomes",
)  # fmt: skip
REQUIRED = ("id", "justification", "owner", "approver", "starts", "expires")
OUTCOMES = ("fail", "error", "manual")
_SHAPE = Shape("waiver", "waivers", KEYS, REQUIRED)
FINGERPRINT_LENGTH = 16
_FINGERPRINT = re.compile(f"[0-9a-f]{{{FINGERPRINT_LENGTH}}}")
_LIST = re.compile(r"(?m)^\ufeff?waivers:")
_NO_ENTRY = re.compile(r"(?m)^(\ufeff?)waivers:[ \t]*\[[ \t]*\]")  # a list that is empty is written so
_FIRST = re.compile(r"(?m)^\ufeff?waivers:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( *)- ")
_DAY_S = 86400.0
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()  # what comes after can be written in no time zone but ours


def read_waivers(paths: Iterable[Path]) -> tuple[Waiver, ...]:
    """Every waiver of the files. Raises UsageError for a missing file, InputError with every problem of all of them."""
    return read_entries(_read_documents(paths), _read_file, _SHAPE.noun)


def _read_documents(paths: Iterable[Path]) -> Iterator[Document]:
    for path in paths:
        if not path.exists():
            raise UsageError("there is no waiver file {path!r}; allowed: a file that `secscan waiver add` writes", path=str(path))
        yield read_document(path)


def _read_file(document: Document) -> list[Waiver]:
    data = document.data
    if document.problems or data is None:  # nothing stands in it, or comments alone
        return []
    listed = data.get("waivers") if isinstance(data, dict) else None
    if isinstance(data, dict) and listed is None and "waivers" in data:
        listed = []  # the last one was taken out
    if not isinstance(data, dict) or not isinstance(listed, list):
        document.report((), "a waiver file must have a list of waivers", "waivers: [{" + ", ".join(REQUIRED) + ", ...}]")
        return []
    document.reject_unknown((), data, ("waivers",))
    return [_Entry(document, number, entry, _SHAPE).waiver() for number, entry in enumerate(listed)]


class _Entry(Entry):
    """One waiver of a file while it is read."""

    def waiver(self) -> Waiver:
        """The waiver; what is wrong with it is reported to the document."""
        starts_at = self._moment("starts", end=False)
        expires_at = self._moment("expires", end=True)
        if starts_at and expires_at and expires_at <= starts_at:
            self.report("expires", "a waiver must expire after it starts")
        owner, approver = self.text("owner"), self.text("approver")
        if owner and owner.casefold() == approver.casefold():
            self.report("approver", "owner and approver must be different people")
        checks, requirements = self._texts("checks"), self._texts("requirements")
        if not checks and not requirements and self.data:
            self.document.report(self.keys, "a waiver says nothing about what it waives", "checks: [...] or requirements: [...]")
        observed, any_value = self._observed(), self.data.get("any_value", False)
        if not isinstance(any_value, bool):
            self.report("any_value", "'any_value' must be true or false")
        elif self.data and bool(observed) == any_value:
            self.document.report(
                self.keys, "a waiver is given for observed values", "either observed: {HOST: FINGERPRINT}, or any_value: true"
            )
        return Waiver(
            id=self.text("id"),
            justification=self.text("justification"),
            owner=owner,
            approver=approver,
            starts_at=starts_at,
            expires_at=expires_at,
            checks=checks,
            requirements=requirements,
            scope=self._scope(),
            ticket=self.text("ticket"),
            observed=observed,
            any_value=any_value is True,
            outcomes=self._outcomes(),
            path=self.document.path,
            line=self.document.at(self.keys)[0],
        )

    def _texts(self, key: str) -> tuple[str, ...]:
        """The texts of a list; a key with nothing behind it is a mistake, because without one the waiver is for everything."""
        if key not in self.data:
            return ()
        value = self.data[key]
        if isinstance(value, list) and value and all(map(_is_word, value)):
            return tuple(str(item).strip() for item in value)
        self.report(key, f"{key!r} must be a list of texts")
        return ()

    def _scope(self) -> Scope:
        scope = Scope(self._texts("hosts"), self._texts("sites"), self._labels(), self._texts("services"))
        for key, value in (("sites", scope.sites), ("labels", scope.labels)):
            if scope.services and value:
                self.report(key, f"{key!r} cannot go with 'services', which have none", "a waiver for each")
        return scope

    def _outcomes(self) -> tuple[str, ...]:
        outcomes = self._texts("outcomes") or ("fail",)
        for outcome in outcomes:
            if outcome not in OUTCOMES:
                self.report("outcomes", f"{outcome!r} cannot be waived{did_you_mean(outcome, OUTCOMES)}", ", ".join(OUTCOMES))
        return outcomes

    def _labels(self) -> Mapping[str, tuple[str, ...]]:
        if "labels" not in self.data:
            return {}
        written = self.data["labels"]
        named = (
            {name: each if isinstance(each, list) else [each] for name, each in written.items()}
            if isinstance(written, dict)
            else {}
        )
        if not named or not all(each and not any(isinstance(word, list | dict) for word in each) for each in named.values()):
            self.report("labels", "'labels' must be a mapping to texts", "labels: {role: [web, proxy]}")
            return {}
        return {name: tuple(map(text_of, each)) for name, each in named.items()}

    def _observed(self) -> Mapping[str, Mapping[str, str]]:
        value = self.data.get("observed")
        if value is None:
            return {}
        if not isinstance(value, dict) or not value or not all(map(_are_fingerprints, value.values())):
            allowed = f"{{HOST: {{CHECK: {FINGERPRINT_LENGTH} of 0-9 a-f}}}}"
            self.report("observed", "'observed' must name fingerprints by host and check", allowed)
            return {}
        return {str(host): {str(check): str(each) for check, each in checks.items()} for host, checks in value.items()}

    def _moment(self, key: str, *, end: bool) -> float:
        """A moment; a date alone begins at 00:00 UTC, and as an end lasts until the day is over."""
        value = self.data.get(key)
        if value is None:
            return 0.0
        try:
            return read_moment(str(value), end=end)
        except ValueError:
            self.report(key, f"{key!r} cannot be {value!r}", f"{WRITTEN[Type.TIMESTAMP]}, in the years 1970 to 9998")
            return 0.0


def read_moment(text: str, *, end: bool) -> float:
    """When a waiver starts or ends, in seconds; ValueError otherwise. A date as an end lasts until the day is over, in UTC."""
    moment = read_timestamp(text) + (_DAY_S if end and len(text) == len("2026-01-31") else 0.0)
    if not 0 <= moment < _LATEST:
        raise ValueError(text)
    return moment


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and bool(str(value).strip())


def _are_fingerprints(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(_FINGERPRINT.fullmatch(str(each)) for each in value.values())


def write_waiver(waiver: Waiver) -> str:
    """A waiver as one item of the list `waivers`, in YAML."""
    import yaml  # noqa: PLC0415 - only to write

    data: dict[str, Any] = {
        "id": waiver.id,
        "checks": list(waiver.checks),
        "requirements": list(waiver.requirements),
        "hosts": list(waiver.scope.hosts),
        "sites": list(waiver.scope.sites),
        "labels": {name: list(values) for name, values in waiver.scope.labels.items()},
        "services": list(waiver.scope.services),
        "justification": waiver.justification,
        "owner": waiver.owner,
        "approver": waiver.approver,
        "starts": _day(waiver.starts_at),
        "expires": _day(waiver.expires_at, end=True),
        "ticket": waiver.ticket,
        "observed": {host: dict(checks) for host, checks in waiver.observed.items()},
        "any_value": waiver.any_value,
        "outcomes": list(waiver.outcomes) if waiver.outcomes != ("fail",) else [],
    }
    kept = {key: value for key, value in data.items() if value}
    return yaml.safe_dump([kept], sort_keys=False, allow_unicode=True, width=100)


def add_waiver(path: Path, waiver: Waiver) -> None:
    """Append a waiver to a file, made when it is not there; it is read again first, so that it stays right.

    Raises InputError for a waiver that cannot be, UsageError for a file that it cannot be added to.
    """
    alone = parse_document(f"waivers:\n{write_waiver(waiver)}", str(path))
    _read_file(alone)
    if alone.problems:
        raise InputError(replace(problem, line=0, column=0) for problem in alone.problems)  # of a line that is not there yet
    if path.exists() and waiver.id in {each.id for each in read_waivers([path])}:
        raise UsageError("{path}: has a waiver {id!r} already; allowed: an id of its own", path=path, id=waiver.id)
    joined = _joined(path.read_bytes().decode() if path.exists() else "", write_waiver(waiver))
    real = path.resolve()
    partial = real.with_name(f".{real.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(joined.encode())
        if real.exists():
            partial.chmod(real.stat().st_mode & 0o777)
        added: set[str] = set()
        with contextlib.suppress(InputError):  # told with the name of the file that the user knows
            added = {each.id for each in read_waivers([partial])}
        if waiver.id not in added:
            raise UsageError(
                "{path}: is not written as `waivers:` and one `- id:` below the other; allowed: to add it by hand", path=path
            )
        partial.replace(real)
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    finally:
        partial.unlink(missing_ok=True)


def _joined(text: str, entry: str) -> str:
    """A file with one more entry at its end, indented and with the line ends as the others are."""
    end = "\r\n" if "\r\n" in text else "\n"
    text = _NO_ENTRY.sub(r"\1waivers:", text)
    if not _LIST.search(text):
        text += ("" if not text or text.endswith(("\n", "\ufeff")) else end) + f"waivers:{end}"
    first = _FIRST.search(text)
    indent = first[1] if first else ""
    return text + ("" if text.endswith("\n") else end) + "".join(f"{indent}{line}{end}" for line in entry.splitlines())


def _day(moment: float, *, end: bool = False) -> str:
    """A moment as a date where it is the beginning of a day (as an end: of the day after), else in full."""
    told = datetime.fromtimestamp(moment, UTC)
    if told.time() != datetime.min.time():
        return told.isoformat().replace("+00:00", "Z")
    return str(told.date() - timedelta(days=1) if end else told.date())


def last_day(moment: float) -> date:
    """The last day, in UTC, on which something that expires at this moment still holds."""
    return (datetime.fromtimestamp(moment, UTC) - timedelta(seconds=1)).date()
