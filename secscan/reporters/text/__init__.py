"""Plain text for terminals and mail: one host in full, many hosts as a table with what is worst."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from secscan.assessments import Document
from secscan.messages import mark
from secscan.reporters import Reporter
from secscan.reporters.text.fleet import write_fleet
from secscan.reporters.text.host import write_host
from secscan.reporters.text.page import Page
from secscan.terms import REDACTED
from secscan.wording import ENGLISH, Wording

WIDTH = 80
_NARROWEST = 56


def render(documents: Iterable[Document], width: int = WIDTH, colour: bool = False, wording: Wording = ENGLISH) -> Iterator[str]:
    """The report in pieces. `width` counts terminal columns."""
    page = Page(max(_NARROWEST, width), colour, wording)
    remaining = iter(documents)
    first = list(itertools.islice(remaining, 2))
    if not first:
        yield page.say(mark("No host was assessed.")) + "\n"
        return
    if first[0]["provenance"].get("redacted"):
        yield page.fold(page.say(REDACTED)) + "\n"
    if len(first) == 1:
        yield from write_host(first[0], page)
    else:
        yield from write_fleet(itertools.chain(first, remaining), page)


def render_in(documents: Iterable[Document], wording: Wording) -> Iterator[str]:
    """The report in another language."""
    return render(documents, wording=wording)


REPORTER = Reporter(
    "text", "txt", "text/plain; charset=utf-8", "Plain text, 80 columns, for terminals and mail", render, render_in=render_in
)
