"""Assessments as JSON: the one form that is saved, and the only thing that reporters read.

Whatever is saved can be rendered again: `to_document` writes what `schemas/assessment-1.schema.json` describes, `read_document`
accepts nothing else and says where a file is wrong.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from secscan import places
from secscan.conforming import conformer
from secscan.errors import InputError, Problem
from secscan.model.assessment import Assessment, AttestationText, Result, Tally, WaiverText

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

FORMAT = "secscan.assessment/1"
REPORT_FORMAT = "secscan.report/1"
SIZE_LIMIT = 256 * 2**20
_PROBLEMS_LIMIT = 20
_PLAIN = frozenset({int, bool, type(None)})
_COMMON = frozenset({"checks", "requirements"})  # what is the same for all hosts of a run, nearly always
_COMMON_KEPT = 8
_LAST_S = 253_402_300_799.0  # the last second of the year 9999: whatever holds longer has no date
_KEY = re.compile(r'"([a-z_]+)": ')

Document: TypeAlias = Mapping[str, Any]


def to_document(assessment: Assessment) -> dict[str, Any]:
    """An assessment as JSON values. Times become RFC 3339 in UTC."""
    return _outline(assessment, _plain)


def write_assessment(assessment: Assessment, run: str = "") -> str:
    """The document of an assessment as write_document writes it, at once; `run` is the id of the run that it belongs to."""
    try:
        outline = _outline(assessment, _as_it_is)
        if run:
            outline["provenance"]["run"] = run
        lines = [f"{_json(key)}: {(_common if key in _COMMON else _UNFOLDING.encode)(value)}" for key, value in outline.items()]
        written = _join(lines)
        written.encode()
    except (ValueError, TypeError):  # numbers without a JSON form or half characters, which only to_document replaces
        document = to_document(assessment)
        if run:
            document["provenance"]["run"] = run
        return write_document(document)
    return written


def gist(assessment: Assessment) -> Document:
    """The part of a document that says how a host stands: of the results only outcome, disposition and severity."""
    return {
        "host": {"name": assessment.host.name},
        "unreachable": assessment.unreachable,
        "tally": tally(assessment.tally),
        "results": [
            {"outcome": result.outcome.value, "disposition": result.disposition.value, "severity": result.severity}
            for result in assessment.results
        ],
    }


def moment(seconds: float) -> str:
    """A moment as documents have it: RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(min(seconds, _LAST_S), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _outline(assessment: Assessment, plain: Callable[[Any], Any]) -> dict[str, Any]:
    """The document of an assessment; `plain` says what becomes of its parts."""
    host = {name: plain(value) for name, value in _fields(assessment.host).items()}
    return {
        "format": FORMAT,
        "baseline": {"id": assessment.baseline, "title": assessment.baseline_title, "sha256": assessment.baseline_sha256},
        "host": {**host, "labels": host["labels"] or {}},
        "started_at": moment(assessment.started_at),
        "finished_at": moment(assessment.finished_at),
        "unreachable": plain(assessment.unreachable),
        "tally": tally(assessment.tally),
        "results": [_result(result, plain) for result in assessment.results],
        "proofs": plain(assessment.proofs),
        "checks": plain(assessment.checks),
        "requirements": plain(assessment.requirements),
        "changes": plain(assessment.changes),
        "waivers": {name: _waiver(waiver) for name, waiver in assessment.waivers.items()},
        "attestations": {name: _attestation(each) for name, each in assessment.attestations.items()},
        "problems": plain(assessment.problems),
        "provenance": {
            "tool_version": assessment.tool_version,
            "content_sha256": assessment.content_sha256,
            "script_sha256": assessment.script_sha256,
            "bundle_sha256": assessment.bundle_sha256,
            "received_bytes": assessment.received_bytes,
            "origin": plain(assessment.origin),
        },
    }


def tally(counted: Tally) -> dict[str, Any]:
    """Counts per outcome and of what is attested, with compliance and coverage: null when nothing was judged or selected."""
    return {
        "counts": dict(sorted(counted.counts.items())),
        "attested": dict(sorted(counted.attested.items())),
        "compliance": counted.compliance,
        "coverage": counted.coverage,
    }


def write_document(document: Document) -> str:
    """A document as JSON text, one value of the top level a line, so that files can be compared and searched."""
    if isinstance(document, WrittenDocument):
        return document.text
    return _join([f"{_json(key)}: {_json(value)}" for key, value in document.items()])


def write_compactly(document: Document) -> str:
    """A document as JSON text on one line."""
    if isinstance(document, WrittenDocument):
        return document.on_one_line()
    return _json(document)


class WrittenDocument(Mapping[str, Any]):
    """A document as write_document has written it. Each value of the top level is read when it is asked for, most never are.

    What the hosts of a run have in common is one object in all their documents: change nothing in them.
    """

    def __init__(self, text: str) -> None:
        """ValueError where the text is not the one that write_document writes."""
        begin, end = "{\n", "\n}\n"
        if not text.startswith(begin) or not text.endswith(end):
            raise ValueError("not written as a document is")
        self.text = text
        self._lines: dict[str, str] = {}
        self._read: dict[str, Any] = {}
        for line in text[len(begin) : -len(end)].split(",\n"):
            found = _KEY.match(line)
            if not found or found[1] in self._lines or "\n" in line:
                raise ValueError("not written as a document is")
            self._lines[found[1]] = line[found.end() :]

    def __getitem__(self, key: str) -> Any:
        if key not in self._read:
            line = self._lines[key]
            self._read[key] = _read_common(line) if key in _COMMON else json.loads(line)
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def on_one_line(self) -> str:
        """The same text on one line."""
        return "{" + ",".join([f'"{key}":{line}' for key, line in self._lines.items()]) + "}"


def read_written(path: Path) -> Document:
    """A document of this run from its file: nothing but its form is looked at before it is used."""
    text = path.read_text(encoding="utf-8")
    try:
        return WrittenDocument(text)
    except ValueError:
        document: Document = json.loads(text)
        return document


def with_since(written: str, since: Mapping[str, Any]) -> str:
    """The text of a document with what changed since an earlier run, in place of what it said of that before."""
    lines = [line.removesuffix(",") for line in written.removeprefix("{\n").removesuffix("\n}\n").split("\n")]
    kept = [line for line in lines if not line.startswith('"since": ')]
    return _join([*kept, f'"since": {_json(since)}'])


def read_document(path: Path) -> dict[str, Any]:
    """A saved assessment. Raises InputError that says where the file is wrong."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise InputError([Problem(str(path), 0, 0, f"larger than {SIZE_LIMIT // 2**20} MiB")])
        data = path.read_bytes()
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error
    return parse_document(data, str(path))


def parse_document(data: bytes, path: str) -> dict[str, Any]:
    """A saved assessment from its bytes; `path` is only shown. Raises InputError."""
    try:
        document = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError([Problem(path, 0, 0, f"is not UTF-8 text (byte {error.start})")]) from error
    except json.JSONDecodeError as error:
        raise InputError([Problem(path, error.lineno, error.colno, f"not valid JSON: {error.msg}")]) from error
    except (RecursionError, ValueError) as error:
        raise InputError([Problem(path, 0, 0, f"not usable JSON: {type(error).__name__}")]) from error
    validate_document(document, path)
    return document  # type: ignore[no-any-return] # validated above


def validate_document(document: Any, path: str) -> None:
    """Raises InputError with every way (the first twenty) in which this is not an assessment document."""
    if isinstance(document, dict) and document.get("format") != FORMAT:
        raise InputError([Problem(f"{path}#/format", 0, 0, f"not an assessment: {str(document.get('format'))[:60]!r}", FORMAT)])
    errors = () if _conforms()(document) else _validator().iter_errors(document)
    problems = [_problem(path, error) for error, _ in zip(errors, range(_PROBLEMS_LIMIT), strict=False)]
    if not problems:
        problems = [Problem(f"{path}#{place}", 0, 0, message) for place, message in _loose_ends(document)][:_PROBLEMS_LIMIT]
    if problems:
        raise InputError(problems)


@cache
def assessment_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an assessment document."""
    schema: dict[str, Any] = json.loads((places.schemas() / "assessment-1.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def _conforms() -> Callable[[Any], bool]:
    return conformer(assessment_schema())


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - costs 90 ms, and a scan that reads no saved file needs none

    return Draft202012Validator(assessment_schema())


def _problem(path: str, error: ValidationError) -> Problem:
    place = "".join(f"/{key}" for key in error.absolute_path)
    words: Any = error.validator_value
    allowed = ", ".join(map(str, words)) if error.validator == "enum" else ""
    message = f"{str(error.instance)[:60]!r} is not known" if allowed else error.message[:300]
    return Problem(f"{path}#{place or '/'}", 0, 0, message, allowed)


def _loose_ends(document: Document) -> Iterator[tuple[str, str]]:
    """References inside a document that lead nowhere."""
    proofs = len(document["proofs"])
    for index, result in enumerate(document["results"]):
        if result["check"] not in document["checks"]:
            yield f"/results/{index}/check", f"the check {result['check']!r} is not among the document's checks"
        if result["waiver"] and result["waiver"] not in document["waivers"]:
            yield f"/results/{index}/waiver", f"the waiver {result['waiver']!r} is not among the document's waivers"
        if result["attestation"] and result["attestation"] not in document["attestations"]:
            yield (
                f"/results/{index}/attestation",
                f"the statement {result['attestation']!r} is not among the document's attestations",
            )
        if any(number >= proofs for number in result["proofs"]):
            yield f"/results/{index}/proofs", f"there are only {proofs} proofs"


def _result(result: Result, plain: Callable[[Any], Any]) -> dict[str, Any]:
    document = {name: plain(value) for name, value in _fields(result).items()}
    document["parameters"] = document["parameters"] or {}
    document["findings_total"] = max(result.findings_total, len(result.findings))
    return document


def _waiver(waiver: WaiverText) -> dict[str, Any]:
    return {**_plain(waiver), "starts_at": moment(waiver.starts_at), "expires_at": moment(waiver.expires_at)}


def _attestation(attestation: AttestationText) -> dict[str, Any]:
    moments = {"performed_at": moment(attestation.performed_at), "valid_until": moment(attestation.valid_until)}
    actions = [{**_plain(action), "due_at": moment(action.due_at)} for action in attestation.actions]
    return {**_plain(attestation), **moments, "actions": actions}


def _join(lines: Iterable[str]) -> str:
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _unfold(value: Any) -> dict[str, Any]:
    """What the encoder makes of what is no JSON value."""
    return dict(value) if isinstance(value, Mapping) else _fields(value)


def _as_it_is(value: Any) -> Any:
    return value


_UNFOLDING = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=_unfold)
_common_texts: dict[int, tuple[object, str]] = {}


def _common(value: object) -> str:
    """What is the same object for all hosts of a run, written once."""
    known = _common_texts.get(id(value))
    if known is None:
        if len(_common_texts) >= _COMMON_KEPT:
            _common_texts.clear()
        known = _common_texts[id(value)] = (value, _UNFOLDING.encode(value))  # with the value, so that no other has its id
    return known[1]


@lru_cache(_COMMON_KEPT)
def _read_common(text: str) -> Any:
    return json.loads(text)


def _plain(value: Any) -> Any:
    """JSON values only: records become objects, half characters U+FFFD, numbers without a JSON form texts."""
    kind = type(value)  # the usual ones first: every value of every host passes here
    if kind in _PLAIN:
        return value
    if kind is str or isinstance(value, str):
        return str(value) if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if kind is float:
        return value if math.isfinite(value) else str(value)
    if kind is tuple or kind is list:
        return [_plain(item) for item in value]
    if kind is dict or isinstance(value, Mapping):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    return {name: _plain(item) for name, item in _fields(value).items()}
