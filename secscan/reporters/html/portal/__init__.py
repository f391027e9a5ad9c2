"""A folder of static pages for large fleets: from the organization to site, host, check and evidence, and back from requirements.

It opens from a disk or any web server, asks nobody for anything and needs no scripts. Pages of a host are written when its document
is read; of all hosts only counts and one letter for each outcome are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from secscan.assessments import Document
from secscan.model.recommendation import Recommendation
from secscan.oversight.linking import Links
from secscan.reporters import Reporter
from secscan.reporters.html.fleet import Fleet
from secscan.reporters.html.portal.finding import search_pages
from secscan.reporters.html.portal.gathering import Gathering
from secscan.reporters.html.portal.hosts import HostPages
from secscan.reporters.html.portal.overview import overview_pages
from secscan.reporters.html.portal.topics import topic_pages
from secscan.reporters.html.portal.writing import File, Writer
from secscan.reporters.html.templates import prepare
from secscan.wording import ENGLISH, Wording


def files(
    documents: Iterable[Document], wording: Wording = ENGLISH, recommendations: Sequence[Recommendation] = ()
) -> Iterator[File]:
    """Every file of the portal with its path. Documents are read once; take each file before asking for the next."""
    words = replace(wording, isolates=wording.direction == "rtl")
    gathering = Gathering(words, Fleet(words, links=Links(recommendations)))
    writer = Writer(gathering)
    pages = HostPages(writer)
    for document in documents:
        yield from pages.files(gathering.add(document), document)
    yield from overview_pages(writer)
    yield from topic_pages(writer)
    yield from search_pages(writer)


def render(
    documents: Iterable[Document], wording: Wording = ENGLISH, recommendations: Sequence[Recommendation] = ()
) -> Iterator[str]:
    """Every file one after the other."""
    for _, pieces in files(documents, wording, recommendations):
        yield from pieces


def follow(recommendations: Sequence[Recommendation]) -> Reporter:
    """The portal with a page about recommendations of oversight bodies."""
    told = partial(render, recommendations=recommendations)
    return replace(REPORTER, render_in=told, files=partial(files, recommendations=recommendations))


REPORTER = Reporter(
    "portal", "portal", "text/html; charset=utf-8", "A folder of linked pages, for large fleets", render, prepare,
    render_in=render, files=files, follow=follow,
)  # fmt: skip
