"""One line per result, for spreadsheets: RFC 4180 with a byte order mark, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.findings import write_actual, write_expected, write_place
from secscan.inert import for_csv, prose, shorten
from secscan.reporters import Reporter
from secscan.since import change_of
from secscan.statements import judged_by
from secscan.wording import ENGLISH

COLUMNS = (
    "host", "site", "system", "baseline", "baseline_sha256",
    "check", "title", "domain", "subject", "severity", "outcome", "disposition",
    "requirements", "nist_800_53", "iso_27001", "cis_v8",
    "expected", "actual", "reason", "remedy", "effort", "takes_effect",
    "assessed_at", "judged_by", "change",
)  # fmt: skip
_CELL_LIMIT = 32_000  # characters; spreadsheets take 32,767
MARK = "\ufeff"


def render(documents: Iterable[Document]) -> Iterator[str]:
    """The header, then the results of each document."""
    yield MARK + write_rows([COLUMNS])
    for document in documents:
        yield write_rows(_rows(document))


def _rows(document: Document) -> Iterator[Iterable[str]]:
    host, baseline = document["host"], document["baseline"]
    before = [host["name"], host["site"], host["system"], baseline["id"], baseline["sha256"]]
    after, change = [document["finished_at"], judged_by(document)], change_of(document)
    if not document["results"]:
        empty = dict.fromkeys(COLUMNS, "") | dict(zip(COLUMNS, before, strict=False))
        outcome = "unreachable" if document["unreachable"] else ""
        told = {"outcome": outcome, "reason": document["unreachable"], "assessed_at": after[0], "judged_by": after[1]}
        told["change"] = change({"check": "", "subject": "", "outcome": outcome})
        yield (empty | told).values()
    for result in document["results"]:
        yield [*before, *_cells(result, document["checks"][result["check"]], document["unreachable"]), *after, change(result)]


def _cells(result: Mapping[str, Any], check: Mapping[str, Any], unreachable: str) -> list[str]:
    findings, references = result["findings"], check["references"]
    unseen = result["findings_total"] - len(findings)
    reasons = [
        result["reason"] or unreachable,
        *(finding["reason"] for finding in findings),
        f"{unseen} findings more" if unseen else "",
    ]
    return [
        check["id"],
        check["title"],
        check["domain"],
        result["subject"],
        result["severity"],
        result["outcome"],
        result["disposition"],
        " ".join(result["requirements"]),
        *(" ".join(references.get(catalogue, ())) for catalogue in ("nist_800_53", "iso_27001", "cis_v8")),
        " | ".join(f"{finding['that']}: {write_expected(ENGLISH, finding)}" for finding in findings),
        " | ".join(f"{write_place(ENGLISH, finding)}: {write_actual(ENGLISH, finding)}" for finding in findings),
        " | ".join(dict.fromkeys(filter(None, reasons))),
        prose(check["remedy"]),
        check["effort"],
        check["when"],
    ]


def write_rows(rows: Iterable[Iterable[str]]) -> str:
    """Lines of cells, none of which a spreadsheet would compute."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        [for_csv(shorten(cell, _CELL_LIMIT)) if cell else "" for cell in row] for row in rows
    )
    return text.getvalue()


REPORTER = Reporter("csv", "csv", "text/csv; charset=utf-8", "One line per result, for spreadsheets", render)
