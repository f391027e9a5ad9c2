"""Recommendations of oversight bodies on a page of their own, for auditors who need none of the other results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from secscan.assessments import Document
from secscan.oversight.linking import Links
from secscan.reporters.html import templates
from secscan.reporters.html.fleet import Fleet
from secscan.reporters.html.recommendations import ROWS_LISTED
from secscan.wording import Wording


def write_page(documents: Iterable[Document], links: Links, wording: Wording) -> Iterator[str]:
    """The page about recommendations alone, in pieces; what it says of results comes from the assessments."""
    w = replace(wording, isolates=wording.direction == "rtl")
    fleet = Fleet(w, links=links)
    for document in documents:
        fleet.add(document)
    style = templates.asset("page.css")
    context = templates.words_of(w) | {
        "fleet": fleet,
        "summary": fleet.summary,
        "check_link": lambda check: "",
        "requirement_link": lambda requirement: "",
        "recommendation_link": lambda entry: f"#{entry.anchor}",
        "rows_listed": ROWS_LISTED,
        "style": style,
        "policy": f"default-src 'none'; style-src '{templates.digest(style)}'; {templates.NOWHERE}",
    }
    yield from templates.gather(templates.environment().get_template("oversight/page.html").generate(context))
