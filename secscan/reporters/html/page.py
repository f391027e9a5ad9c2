"""The single page: what was gathered, in one file that asks nobody for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from secscan.assessments import Document
from secscan.inert import for_html, for_script
from secscan.reporters.html import templates
from secscan.reporters.html.anchors import check_anchor, recommendation_anchor, requirement_anchor
from secscan.reporters.html.fleet import Fleet
from secscan.reporters.html.proofs import Proofs
from secscan.reporters.html.recommendations import ROWS_LISTED
from secscan.reporters.html.risks import LEVELS, heat
from secscan.reporters.html.views import HostView, view_host
from secscan.wording import Wording

TROUBLES_LISTED = 20  # results per host on the page of a large fleet
MENDED_FIRST = 8
_ITEMS_LISTED = 25  # of the road map
_EXCERPT_ALONE, _EXCERPT_AMONG = 2000, 800  # characters of one answer, on the page of one host and of several


def write_page(fleet: Fleet, in_full: list[Document] | None, w: Wording) -> Iterator[str]:
    """The page in pieces of about 64 kB. `in_full` has the documents to show with all evidence, None when there are too many."""
    style, script = templates.asset("page.css"), templates.asset("opening.js", "page.js")
    excerpt = _EXCERPT_ALONE if in_full and len(in_full) == 1 else _EXCERPT_AMONG
    views: list[HostView] | None = None
    if in_full is not None:
        views = [view_host(line, document, fleet.anchors, excerpt, w) for line, document in zip(fleet.hosts, in_full, strict=True)]
    alone = views[0] if views and len(views) == 1 else None
    in_order = [view for _, group in alone.groups for view in group] if alone and not alone.document["unreachable"] else []
    anchors = {view.result["check"]: view.anchor for view in in_order}
    weakest = next((line for line in fleet.hosts if line.summary is fleet.summary.weakest), None)
    context = templates.words_of(w) | {
        "host_link": lambda line: f"#{line.anchor}",
        "summary_link": lambda host: f"#{weakest.anchor}" if weakest else "",
        "unreachable_link": "#unreachable",
        "checks_link": "#checks",
        "check_link": lambda check: f"#{anchors.get(check, 'results') if alone else check_anchor(check)}",
        "requirement_link": lambda requirement: f"#{requirement_anchor(requirement)}",
        "named": lambda lines: templates.named(w, [(f"#{line.anchor}", line.summary.name) for line in lines]),
        "check_anchor": check_anchor,
        "requirement_anchor": requirement_anchor,
        "areas": templates.areas,
        "recommendation_link": lambda entry: f"#{entry.anchor}",
        "promise_link": lambda due: f"#{recommendation_anchor(due.name)}" if due.kind == "recommendation" else "#decisions",
        "rows_listed": ROWS_LISTED,
        "mended_first": MENDED_FIRST,
        "items_listed": _ITEMS_LISTED,
        "troubles_listed": TROUBLES_LISTED,
        "domains": sorted(fleet.domains, key=w.content),
        "style": style,
        "script": script,
        "policy": f"default-src 'none'; style-src '{templates.digest(style)}'; script-src '{templates.digest(script)}'; "
        + templates.NOWHERE,
        "fleet": fleet,
        "summary": fleet.summary,
        "many": alone is None,
        "timed": True,
        "proof_section": Proofs(w, timed=True).section,
        "heading": "h4" if alone else "h5",
        "lost": alone.document["unreachable"] if alone else "",
        "cells": heat(fleet.risks()),
        "levels": LEVELS,
        "views": views,
        "alone": alone,
        "result_anchors": anchors,
        "troubles": _troubles(fleet, w) if views is None else None,
        "island": templates.markup(for_script(fleet.island())) if views is None else None,
        "excerpt_limit": excerpt,
    }
    yield from templates.gather(templates.environment().get_template("page.html").generate(context))


def _troubles(fleet: Fleet, w: Wording) -> Callable[[int], Any]:
    """Lists what needs attention on a host of a large fleet, as markup: tens of thousands of entries, each written once."""
    numbers = {check.check: number for number, check in enumerate(fleet.summary.checks)}

    @cache
    def entry(check: str, outcome: str) -> str:
        title = fleet.checks[check]["title"]
        return f'<li class={outcome}><a href="#c{numbers[check]}"{templates.foreign(w, title)}>{for_html(w.content(title))}</a>'

    def entries(position: int) -> Any:
        listed = fleet.hosts[position].troubles[:TROUBLES_LISTED]
        return templates.markup("".join([entry(check, outcome) for check, outcome, _ in listed]))

    return entries
