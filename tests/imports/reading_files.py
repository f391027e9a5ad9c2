"""The files beside these tests, imported and found valid."""

from __future__ import annotations

from pathlib import Path

from secscan.assessments import to_document, validate_document
from secscan.imports import read_results
from secscan.model.assessment import Assessment

FILES = Path(__file__).parent / "files"


def read(name: str) -> tuple[Assessment, ...]:
    """The assessments of a file."""
    found = read_results(FILES / name, "1.0")
    for assessment in found:
        validate_document(to_document(assessment), name)
    return found


def outcomes(assessment: Assessment) -> dict[tuple[str, str], str]:
    """Outcome by check and subject."""
    return {(result.check, result.subject): result.outcome.value for result in assessment.results}
