"""The page as a PDF document: tagged, with bookmarks, set by Typst, which fetches nothing and reads no file.

It is set twice: the first run finds the page of everything that a link or the contents lead to, the second knows. Were the engine
to look that up itself, it would set every text with a link once more, and keep both. It takes 230 to 400 bytes of memory for each
character of the page: beyond PAGE_LIMIT it is refused, and several hosts are shown in full up to RESULTS_IN_FULL results.
"""

from __future__ import annotations

import ctypes
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from secscan import places
from secscan.assessments import Document
from secscan.errors import UsageError
from secscan.model.recommendation import Recommendation
from secscan.reporters import Reporter
from secscan.reporters.html import render, templates
from secscan.reporters.html.paper import Paper
from secscan.wording import ENGLISH, Wording

PAGE_LIMIT = 3_000_000
"""Characters of a page without its scripts and styles."""
RESULTS_IN_FULL = 500
"""Of several hosts together: some 350 pages. Beyond, the page lists what needs attention, and says so."""
_FOR_SCREENS = re.compile(r"<(script|style).*?</\1>", re.DOTALL)
_FORGOTTEN_AFTER = 12  # runs


def render_page(
    documents: Iterable[Document], wording: Wording = ENGLISH, recommendations: Sequence[Recommendation] = ()
) -> Iterator[str]:
    """The page that the document is set from, without its scripts and styles."""
    yield from for_paper(render(documents, wording, RESULTS_IN_FULL, recommendations))


def for_paper(pieces: Iterable[str]) -> Iterator[str]:
    """A page without its scripts and styles."""
    yield _FOR_SCREENS.sub("", "".join(pieces))


def follow(recommendations: Sequence[Recommendation]) -> Reporter:
    """The same with a section about recommendations of oversight bodies."""
    return replace(REPORTER, render_in=partial(render_page, recommendations=recommendations))


def set_pages(pieces: Iterable[str]) -> Iterator[bytes]:
    """A PDF document of a page. UsageError where the engine is missing or the page too large for it.

    It is PDF/UA-1 where the fonts of the machine have every letter, else tagged all the same.
    """
    engine = load_engine()
    page = "".join(pieces)
    if len(page) > PAGE_LIMIT:
        raise UsageError(
            "a PDF of these hosts has {count} characters to set, and the limit is {limit}; "
            "allowed: fewer hosts, or the format portal",
            count=len(page),
            limit=PAGE_LIMIT,
        )
    source = Paper(page).source(templates.asset("pdf/paper.typ")).encode()
    del page
    root = places.report_templates() / "html" / "pdf"
    found = json.loads(engine.query(source, "<mark>", field="value", root=root))
    _forget(engine)
    told = {"places": {name: place for name, *place in found if name}, "pages": found[-1][1]}
    inputs = {"told": json.dumps(told)}
    try:
        yield engine.compile(source, root=root, sys_inputs=inputs, pdf_standards="ua-1")
    except engine.TypstError:  # no font of this machine has some letter
        yield engine.compile(source, root=root, sys_inputs=inputs)


def load_engine() -> Any:
    """Typst. UsageError where it is not installed."""
    try:
        import typst  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UsageError(
            "the format {name} needs {called}, which is not installed; allowed: pip install 'secscan[{name}]'",
            name="pdf",
            called="Typst",
        ) from error
    return typst


def prepare() -> None:
    """Load the templates and the engine."""
    templates.prepare()
    load_engine()


def _forget(engine: Any) -> None:
    """Have the engine drop what it keeps of the first run, which it does after some more, and the system take it back."""
    for _ in range(_FORGOTTEN_AFTER):
        engine.compile(b"", ignore_system_fonts=True)
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, others give back by themselves
    if trim:
        trim(0)


REPORTER = Reporter(
    "pdf", "pdf", "application/pdf", "The page as a tagged PDF with bookmarks; needs the extra pdf", render_page, prepare,
    render_in=render_page, encode=set_pages, follow=follow,
)  # fmt: skip
