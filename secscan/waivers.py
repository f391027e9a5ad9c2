"""Waiver files: who accepted which failure where, why and until when. Read with places, written so that people can read them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from secscan.documents import Document, did_you_mean, read_document, text_of
from secscan.errors import InputError, Problem, UsageError
from secscan.model.values import WRITTEN, Type, read_timestamp
from secscan.model.waiver import Scope, Waiver

KEYS = (
    "id", "checks", "requirements", "hosts", "sites", "labels", "services", "justification", "owner", "approver", "starts",
    "expires", "ticket", "observed", "any_value", "outcomes",
)  # fmt: skip
REQUIRED = ("id", "justification", "owner", "approver", "starts", "expires")
OUTCOMES = ("fail", "error", "manual")
FINGERPRINT_LENGTH = 16
_FINGERPRINT = re.compile(f"[0-9a-f]{{{FINGERPRINT_LENGTH}}}")
_DAY_S = 86400.0
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()  # what comes after can be written in no time zone but ours


def read_waivers(paths: Iterable[Path]) -> tuple[Waiver, ...]:
    """Every waiver of the files. Raises UsageError for a missing file, InputError with every problem of all of them."""
    waivers: dict[str, Waiver] = {}
    problems: list[Problem] = []
    for path in paths:
        if not path.exists():
            raise UsageError("there is no waiver file {path!r}; allowed: a file that `secscan waiver add` writes", path=str(path))
        document = read_document(path)
        for waiver in _read_file(document):
            if waiver.id in waivers:
                first = waivers[waiver.id]
                message = f"waiver {waiver.id!r} stands in {first.path}:{first.line} too"
                document.problems.append(Problem(document.path, waiver.line, 1, message, "each id once"))
            waivers.setdefault(waiver.id, waiver)
        problems += document.problems
    if problems:
        raise InputError(problems)
    return tuple(waivers.values())


def _read_file(document: Document) -> list[Waiver]:
    data = document.data
    if document.problems:
        return []
    listed = data.get("waivers") if isinstance(data, dict) else None
    if isinstance(data, dict) and listed is None and "waivers" in data:
        listed = []  # the last one was taken out
    if not isinstance(data, dict) or not isinstance(listed, list):
        document.report((), "a waiver file must have a list of waivers", "waivers: [{" + ", ".join(REQUIRED) + ", ...}]")
        return []
    document.reject_unknown((), data, ("waivers",))
    return [_Entry(document, number, entry).waiver() for number, entry in enumerate(listed)]


class _Entry:
    """One waiver of a file while it is read."""

    def __init__(self, document: Document, number: int, data: Any) -> None:
        self._document = document
        self._keys = ("waivers", number)
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            document.report(self._keys, "a waiver must be a mapping", ", ".join(KEYS))
            return
        document.reject_unknown(self._keys, data, KEYS)
        missing = [repr(key) for key in REQUIRED if key not in data]
        if missing:
            document.report(self._keys, f"a waiver has no {', '.join(missing)}", ", ".join(KEYS))

    def waiver(self) -> Waiver:
        """The waiver; what is wrong with it is reported to the document."""
        starts_at = self._moment("starts", end=False)
        expires_at = self._moment("expires", end=True)
        if starts_at and expires_at and expires_at <= starts_at:
            self._report("expires", "a waiver must expire after it starts")
        owner, approver = self._text("owner"), self._text("approver")
        if owner and owner.casefold() == approver.casefold():
            self._report("approver", "owner and approver must be different people")
        checks, requirements = self._texts("checks"), self._texts("requirements")
        if not checks and not requirements and self._data:
            self._document.report(self._keys, "a waiver says nothing about what it waives", "checks: [...] or requirements: [...]")
        observed, any_value = self._observed(), self._data.get("any_value", False)
        if not isinstance(any_value, bool):
            self._report("any_value", "'any_value' must be true or false")
        elif self._data and bool(observed) == any_value:
            self._document.report(
                self._keys, "a waiver is given for observed values", "either observed: {HOST: FINGERPRINT}, or any_value: true"
            )
        return Waiver(
            id=self._text("id"),
            justification=self._text("justification"),
            owner=owner,
            approver=approver,
            starts_at=starts_at,
            expires_at=expires_at,
            checks=checks,
            requirements=requirements,
            scope=Scope(self._texts("hosts"), self._texts("sites"), self._labels(), self._texts("services")),
            ticket=self._text("ticket"),
            observed=observed,
            any_value=any_value is True,
            outcomes=self._outcomes(),
            path=self._document.path,
            line=self._document.at(self._keys)[0],
        )

    def _report(self, key: str, message: str, allowed: str = "") -> None:
        self._document.report((*self._keys, key), message, allowed)

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        if value is None and key not in REQUIRED:
            return ""
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
        if key in self._data:
            self._report(key, f"{key!r} must be text")
        return ""

    def _texts(self, key: str) -> tuple[str, ...]:
        """The texts of a list; a key with nothing behind it is a mistake, because without one the waiver is for everything."""
        if key not in self._data:
            return ()
        value = self._data[key]
        if isinstance(value, list) and value and all(map(_is_word, value)):
            return tuple(str(item).strip() for item in value)
        self._report(key, f"{key!r} must be a list of texts")
        return ()

    def _outcomes(self) -> tuple[str, ...]:
        outcomes = self._texts("outcomes") or ("fail",)
        for outcome in outcomes:
            if outcome not in OUTCOMES:
                self._report("outcomes", f"{outcome!r} cannot be waived{did_you_mean(outcome, OUTCOMES)}", ", ".join(OUTCOMES))
        return outcomes

    def _labels(self) -> Mapping[str, tuple[str, ...]]:
        if "labels" not in self._data:
            return {}
        written = self._data["labels"]
        named = (
            {name: each if isinstance(each, list) else [each] for name, each in written.items()}
            if isinstance(written, dict)
            else {}
        )
        if not named or not all(each and not any(isinstance(word, list | dict) for word in each) for each in named.values()):
            self._report("labels", "'labels' must be a mapping to texts", "labels: {role: [web, proxy]}")
            return {}
        return {name: tuple(map(text_of, each)) for name, each in named.items()}

    def _observed(self) -> Mapping[str, Mapping[str, str]]:
        value = self._data.get("observed")
        if value is None:
            return {}
        if not isinstance(value, dict) or not value or not all(map(_are_fingerprints, value.values())):
            allowed = f"{{HOST: {{CHECK: {FINGERPRINT_LENGTH} of 0-9 a-f}}}}"
            self._report("observed", "'observed' must name fingerprints by host and check", allowed)
            return {}
        return {str(host): {str(check): str(each) for check, each in checks.items()} for host, checks in value.items()}

    def _moment(self, key: str, *, end: bool) -> float:
        """A moment; a date alone begins at 00:00 UTC, and as an end lasts until the day is over."""
        value = self._data.get(key)
        if value is None:
            return 0.0
        try:
            return read_moment(str(value), end=end)
        except ValueError:
            self._report(key, f"{key!r} cannot be {value!r}", f"{WRITTEN[Type.TIMESTAMP]}, in the years 1970 to 9998")
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
    """Append a waiver to a file, made when it is not there; the file is read again first, so that it stays right."""
    text = path.read_text(encoding="utf-8") if path.exists() else "waivers:\n"
    if path.exists():
        known = {each.id for each in read_waivers([path])}
        if waiver.id in known:
            raise UsageError("{path}: has a waiver {id!r} already; allowed: an id of its own", path=path, id=waiver.id)
        text = re.sub(r"(?m)^waivers:[ \t]*\[[ \t]*\]", "waivers:", text)  # a list that is empty is written so
    joined = text + ("" if text.endswith("\n") else "\n") + write_waiver(waiver)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(joined, encoding="utf-8")
        added: set[str] = set()
        with contextlib.suppress(InputError):  # told with the name of the file that the user knows
            added = {each.id for each in read_waivers([partial])}
        if waiver.id not in added:
            raise UsageError(
                "{path}: is not written as `waivers:` and one `- id:` below the other; allowed: to add it by hand", path=path
            )
        partial.replace(path)
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    finally:
        partial.unlink(missing_ok=True)


def _day(moment: float, *, end: bool = False) -> str:
    """A moment as a date where it is the beginning of a day (as an end: of the day after), else in full."""
    told = datetime.fromtimestamp(moment, UTC)
    if told.time() != datetime.min.time():
        return told.isoformat().replace("+00:00", "Z")
    return str(told.date() - timedelta(days=1) if end else told.date())


def last_day(moment: float) -> date:
    """The last day, in UTC, on which something that expires at this moment still holds."""
    return (datetime.fromtimestamp(moment, UTC) - timedelta(seconds=1)).date()
