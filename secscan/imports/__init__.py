"""Results of other scanners as assessments: XCCDF and ARF (OpenSCAP), HDF and InSpec's JSON, SARIF.

What another tool judged stays its judgement: every assessment says which tool and which file it comes from, has no evidence of its
own, and a word that the tool's format does not know could not be judged. Files are hostile: sizes, numbers and depths are bounded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from secscan.errors import InputError, Problem
from secscan.imports import hdf, sarif, xccdf
from secscan.imports.reading import Foreign
from secscan.model.assessment import Assessment, Origin

SIZE_LIMIT = 256 * 2**20
ASSESSMENTS_LIMIT = 100_000
FORMATS = "XCCDF 1.1 or 1.2 with results, ARF 1.1, HDF or InSpec JSON, SARIF 2.1.0"


def read_results(path: Path, version: str) -> tuple[Assessment, ...]:
    """Every assessment in a file; `version` is ours. Raises InputError when there is none or the file cannot be read."""
    data = _read(path)
    form = _read_xml if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else _read_json
    try:
        found = form(data, path)
    except (RecursionError, MemoryError, OverflowError) as error:
        raise _problem(path, f"not usable: {type(error).__name__}") from error
    if not found:
        raise _problem(path, "has no results", FORMATS)
    if len(found) > ASSESSMENTS_LIMIT:
        raise _problem(path, f"has more than {ASSESSMENTS_LIMIT:,} assessments")
    digest = hashlib.sha256(data).hexdigest()
    return tuple(replace(each.assessment, origin=Origin(each.tool, each.format, digest), tool_version=version) for each in found)


def _age(path: Path) -> float:
    """When a file was written, in seconds since the epoch: results that tell no time are as old as their file."""
    return path.stat().st_mtime


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise _problem(path, f"larger than {SIZE_LIMIT // 2**20} MiB")
        data = bytearray()
        with path.open("rb") as stream:
            while len(data) <= SIZE_LIMIT and (piece := stream.read(2**20)):  # a pipe has no size to ask for
                data += piece
    except OSError as error:
        raise _problem(path, f"cannot be read: {error.strerror}") from error
    if len(data) > SIZE_LIMIT:
        raise _problem(path, f"larger than {SIZE_LIMIT // 2**20} MiB")
    return bytes(data)


def _read_xml(data: bytes, path: Path) -> list[Foreign]:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - only for XML

    from defusedxml import DefusedXmlException  # noqa: PLC0415 - as above

    try:
        return list(xccdf.read(data, _age(path)))
    except ParseError as error:
        line, column = error.position
        raise InputError([Problem(str(path), line, column + 1, f"not well-formed XML: {error}"[:200])]) from error
    except DefusedXmlException as error:
        raise _problem(path, "has a document type or entities, which are refused") from error
    except (LookupError, ValueError) as error:
        raise _problem(path, f"not usable XML: {error}"[:200]) from error


def _read_json(data: bytes, path: Path) -> list[Foreign]:
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InputError([Problem(str(path), error.lineno, error.colno, f"not valid JSON: {error.msg}", FORMATS)]) from error
    except ValueError as error:
        raise _problem(path, f"not usable JSON: {error}"[:200]) from error
    if isinstance(document, dict):
        for mark, read in _JSON_FORMATS.items():
            if isinstance(document.get(mark), list):
                return list(read(document, _age(path)))
    raise _problem(path, "is no form of results that is known", FORMATS)


_JSON_FORMATS: Mapping[str, Callable[[Mapping[str, Any], float], Any]] = {"runs": sarif.read, "profiles": hdf.read}


def _problem(path: Path, message: str, allowed: str = "") -> InputError:
    return InputError([Problem(str(path), 0, 0, message, allowed)])
