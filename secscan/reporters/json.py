"""The assessment documents themselves: one as it is, several in one object with a summary at the end."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator

from secscan.assessments import REPORT_FORMAT, Document, write_compactly, write_document
from secscan.reporters import Reporter
from secscan.since import Comparison
from secscan.summary import Summariser, summary_document


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One document for one host; for none or several `{"format", "assessments", "summary"}`, one assessment a line."""
    remaining = iter(documents)
    first = list(itertools.islice(remaining, 2))
    if len(first) == 1:
        yield write_document(first[0])
        return
    summariser, since = Summariser(), Comparison()
    yield f'{{\n"format": "{REPORT_FORMAT}",\n"assessments": ['
    for number, document in enumerate(itertools.chain(first, remaining)):
        summariser.add(document)
        since.add(document)
        yield (",\n" if number else "\n") + write_compactly(document)
    summary = summary_document(summariser.summary()) | ({"since": since.as_json()} if since else {})
    yield f'\n],\n"summary": {_compact(summary)}\n}}\n'


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


REPORTER = Reporter("json", "json", "application/json", "The assessments as JSON, for programs and for rendering again", render)
