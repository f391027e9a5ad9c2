"""One self-contained HTML page: for people who decide, people who audit and people who mend.

Up to HOSTS_IN_FULL hosts and RESULTS_IN_FULL results, every result opens to its question and raw evidence. Beyond that the page
shows every host and every check, and of the results those that need attention; it says itself what it leaves out.
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
from secscan.reporters.html.page import write_page
from secscan.reporters.html.templates import prepare_page
from secscan.wording import ENGLISH, Wording

HOSTS_IN_FULL = 20
RESULTS_IN_FULL = 3000


def render(
    documents: Iterable[Document],
    wording: Wording = ENGLISH,
    results_in_full: int = RESULTS_IN_FULL,
    recommendations: Sequence[Recommendation] = (),
) -> Iterator[str]:
    """The page in pieces, in the words of a language. Documents are read once; of large fleets only what the page shows is kept.

    `results_in_full` is up to how many results of several hosts are shown with all evidence. The recommendations of oversight
    bodies are told beside the results that are linked to them.
    """
    words = replace(wording, isolates=wording.direction == "rtl")
    fleet = Fleet(words, links=Links(recommendations))
    in_full: list[Document] | None = []
    results = 0
    for document in documents:
        fleet.add(document)
        results += len(document["results"])
        if in_full is not None:
            in_full.append(document)
            if len(in_full) > HOSTS_IN_FULL or (len(in_full) > 1 and results > results_in_full):
                in_full = None
    yield from write_page(fleet, in_full, words)


def follow(recommendations: Sequence[Recommendation]) -> Reporter:
    """The page with a section about recommendations of oversight bodies."""
    return replace(REPORTER, render_in=partial(render, recommendations=recommendations))


REPORTER = Reporter(
    "html", "html", "text/html; charset=utf-8", "One self-contained page, for people", render, prepare_page, render_in=render,
    follow=follow,
)  # fmt: skip
