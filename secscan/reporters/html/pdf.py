"""The single page as a PDF document: tagged, with bookmarks, made by WeasyPrint, which may fetch nothing.

The engine keeps the whole document in memory, some 600 bytes for each character of the page: beyond PAGE_LIMIT it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from secscan.assessments import Document
from secscan.errors import UsageError
from secscan.reporters import Reporter
from secscan.reporters.html import render, templates
from secscan.wording import ENGLISH, Wording

PAGE_LIMIT = 2_000_000
"""Characters of a page without its scripts."""
INSTALL = "WeasyPrint is not installed; allowed: pip install 'secscan[pdf]', with Debian's libpango-1.0-0 and libpangoft2-1.0-0"
_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
_PICTURE = re.compile(r"<svg [^>]*>")


def render_page(documents: Iterable[Document], wording: Wording = ENGLISH) -> Iterator[str]:
    """The page that the document is set from, without its scripts, with the styles of paper."""
    page = _SCRIPT.sub("", "".join(render(documents, wording)))
    pictures = templates.asset("pdf/pictures.css")
    dressed = _PICTURE.sub(lambda head: f"{head[0]}<style>{pictures}</style>", page)
    yield dressed.replace("</style>\n</head>", f"\n{templates.asset('pdf/page.css')}</style>\n</head>", 1)


def set_pages(pieces: Iterable[str]) -> Iterator[bytes]:
    """A PDF document (PDF/UA-1) of a page. UsageError where the engine is missing or the page too large for it."""
    engine = load_engine()
    page = "".join(pieces)
    if len(page) > PAGE_LIMIT:
        raise UsageError(
            "a PDF of these hosts has {count} characters to set, and the limit is {limit}; "
            "allowed: fewer hosts, or the format portal",
            count=len(page),
            limit=PAGE_LIMIT,
        )
    fetcher = engine.urls.URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    yield engine.HTML(string=page, url_fetcher=fetcher).write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)


def load_engine() -> Any:
    """WeasyPrint. UsageError where it is not installed, or lacks what it needs of the system."""
    try:
        import weasyprint  # noqa: PLC0415 - an optional extra, and half a second
    except (ImportError, OSError) as error:  # OSError: libpango is missing
        raise UsageError(INSTALL) from error
    return weasyprint


def prepare() -> None:
    """Load the templates and the engine."""
    templates.prepare()
    load_engine()


REPORTER = Reporter(
    "pdf", "pdf", "application/pdf", "The page as a tagged PDF with bookmarks; needs the extra pdf", render_page, prepare,
    render_in=render_page, encode=set_pages,
)  # fmt: skip
