"""Assessments as JSON: the one form that is saved, and the only thing that reporters read.

Whatever is saved can be rendered again: `to_document` writes what `schemas/assessment-1.schema.json` describes, `read_document`
accepts nothing else and says where a file is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
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

Document: TypeAlias = Mapping[str, Any]


def to_document(assessment: Assessment) -> dict[str, Any]:
    """An assessment as JSON values. Times become RFC 3339 in UTC."""
    host = _plain(assessment.host)
    return {
        "format": FORMAT,
        "baseline": {"id": assessment.baseline, "title": assessment.baseline_title, "sha256": assessment.baseline_sha256},
        "host": {**host, "labels": host["labels"] or {}},
        "started_at": _moment(assessment.started_at),
        "finished_at": _moment(assessment.finished_at),
        "unreachable": _plain(assessment.unreachable),
        "tally": tally(assessment.tally),
        "results": [_result(result) for result in assessment.results],
        "proofs": _plain(assessment.proofs),
        "checks": _plain(assessment.checks),
        "requirements": _plain(assessment.requirements),
        "changes": _plain(assessment.changes),
        "waivers": {name: _waiver(waiver) for name, waiver in assessment.waivers.items()},
        "attestations": {name: _attestation(each) for name, each in assessment.attestations.items()},
        "problems": _plain(assessment.problems),
        "provenance": {
            "tool_version": assessment.tool_version,
            "content_sha256": assessment.content_sha256,
            "script_sha256": assessment.script_sha256,
            "bundle_sha256": assessment.bundle_sha256,
            "received_bytes": assessment.received_bytes,
            "origin": _plain(assessment.origin),
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
    lines = [f"{_json(key)}: {_json(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def with_since(written: str, since: Mapping[str, Any]) -> str:
    """The text of a document with what changed since an earlier run, in place of what it said of that before."""
    lines = [line.removesuffix(",") for line in written.removeprefix("{\n").removesuffix("\n}\n").split("\n")]
    kept = [line for line in lines if not line.startswith('"since": ')]
    return "{\n" + ",\n".join([*kept, f'"since": {_json(since)}']) + "\n}\n"


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


def _result(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = _plain(result)
    document["parameters"] = document["parameters"] or {}
    document["findings_total"] = max(result.findings_total, len(result.findings))
    return document


def _waiver(waiver: WaiverText) -> dict[str, Any]:
    return {**_plain(waiver), "starts_at": _moment(waiver.starts_at), "expires_at": _moment(waiver.expires_at)}


def _attestation(attestation: AttestationText) -> dict[str, Any]:
    moments = {"performed_at": _moment(attestation.performed_at), "valid_until": _moment(attestation.valid_until)}
    return {**_plain(attestation), **moments}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


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
    return {name: _plain(getattr(value, name)) for name in value.__slots__}
