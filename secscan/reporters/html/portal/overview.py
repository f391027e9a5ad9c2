"""The pages about all hosts together: summary, risks, road map, decisions, method, glossary, and lists of hosts and sites."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from secscan.inert import for_html
from secscan.reporters.html import templates
from secscan.reporters.html.portal import addresses
from secscan.reporters.html.portal.hosts import EXCERPT
from secscan.reporters.html.portal.writing import File, Writer, place_rows
from secscan.reporters.html.risks import heat

_WEAKEST = 8  # hosts and sites on the summary
_FIRST_ITEMS = 8  # of the road map there
_CHECKS_OF_SITE = 12
_PROBLEMS = 100
_RECOMMENDATIONS = 40  # lines of their table


def overview_pages(writer: Writer) -> Iterator[File]:
    """Everything that is one page or one list for the whole portal."""
    yield _summary(writer)
    yield from _risks(writer)
    yield from _hosts(writer)
    yield from _sites(writer)
    yield from _road_map(writer)
    if writer.gathering.fleet.links:
        yield from _oversight(writer)
    yield from _decisions(writer)
    yield from _method(writer)
    yield writer.page("glossary.html", "glossary.html")


def _summary(writer: Writer) -> File:
    gathering, fleet = writer.gathering, writer.gathering.fleet
    rows = writer.rows("index.html")
    items, decisions = fleet.agenda.items(), fleet.agenda.decisions()
    ending = sum(1 for each in decisions if each.ends_soon(fleet.summary.finished_at)) if decisions else 0
    sites = gathering.sites_by_rank()
    hosts = [member for member in gathering.members if member.line.summary.asked and not member.line.summary.unreachable]
    weakest = sorted(hosts, key=lambda member: member.line.summary.rank)[:_WEAKEST]
    return writer.page(
        "index.html",
        "index.html",
        summary=fleet.summary,
        cells=heat(fleet.risks()),
        sites=[rows.site_row(site, numbers) for site, numbers in sites[:_WEAKEST]] if len(sites) > 1 else [],
        sites_more=max(0, len(sites) - _WEAKEST),
        weakest=[rows.host_row(member) for member in weakest] if len(gathering.members) > 1 else [],
        items=items[:_FIRST_ITEMS],
        items_more=max(0, len(items) - _FIRST_ITEMS),
        decisions=len(decisions),
        ending=ending,
    )


def _risks(writer: Writer) -> Iterator[File]:
    found = writer.gathering.fleet.risks()
    make = writer.rows("risks.html").risk_row
    yield from writer.listing("risks.html", "risks", [make(risk) for risk in found], short=True, cells=heat(found))


def _hosts(writer: Writer) -> Iterator[File]:
    gathering = writer.gathering
    domains = sorted(gathering.fleet.domains, key=gathering.w.content)
    reached = [member for member in gathering.members if not member.line.summary.unreachable]
    reached.sort(key=lambda member: member.line.summary.rank)
    rows = writer.matrix_rows("hosts.html", reached, domains)
    lost = [member for member in gathering.members if member.line.summary.unreachable]
    asked = sum(member.line.summary.asked for member in reached)
    yield from writer.listing("hosts.html", "hosts", rows, domains=domains, reached=asked, lost=len(lost))
    if lost:
        make = writer.rows("unreachable.html").lost_row
        yield from writer.listing("unreachable.html", "unreachable", [make(member) for member in lost])


def _sites(writer: Writer) -> Iterator[File]:
    gathering, fleet = writer.gathering, writer.gathering.fleet
    domains = sorted(fleet.domains, key=gathering.w.content)
    sites = gathering.sites_by_rank()
    make = writer.rows("sites.html").site_row
    yield from writer.listing("sites.html", "sites", [make(site, numbers) for site, numbers in sites])
    titles = {check.check: check for check in fleet.summary.checks}
    for site, numbers in sites:
        path = addresses.site_path(site.name)
        failing = ((count, titles[check]) for (check, outcome), count in site.counts.items() if outcome == "fail")
        worst = sorted(failing, key=lambda each: (-each[0] * 2 ** _rank(each[1].severity), each[1].check))
        members = sorted((gathering.members[at] for at in site.hosts), key=lambda member: member.line.summary.rank)
        rows = writer.matrix_rows(path, members, domains)
        yield from writer.listing(
            "site.html", path, rows, short=True, site=site, summary=numbers, domains=domains,
            worst=list(islice(worst, _CHECKS_OF_SITE)), worst_more=max(0, len(worst) - _CHECKS_OF_SITE),
        )  # fmt: skip


def _road_map(writer: Writer) -> Iterator[File]:
    items, accepted = writer.gathering.fleet.agenda.items(), writer.gathering.fleet.agenda.accepted()
    make = writer.rows("roadmap").item_row
    promises = writer.gathering.fleet.agenda.promises()
    yield from writer.listing(
        "roadmap.html", "roadmap", [make(item) for item in items], short=bool(promises), kind="roadmap", accepted=len(accepted),
        promises=promises, promise_link=lambda due: "oversight.html" if due.kind == "recommendation" else "decisions.html",
    )  # fmt: skip
    if accepted:
        rows = [make(item) for item in accepted]
        yield from writer.listing("roadmap.html", "accepted", rows, kind="accepted", accepted=0, promises=[])


def _oversight(writer: Writer) -> Iterator[File]:
    register = writer.gathering.fleet.register
    entries = register.entries if register else ()
    told: Any = templates.environment().get_template("oversight/macros.html").make_module(writer.context("oversight.html"))
    rows = [str(told.account(entry, "h3")) for entry in entries]
    files = dict(zip((entry.anchor for entry in entries), place_rows(rows, "oversight", short=True), strict=True))
    yield from writer.listing(
        "oversight.html", "oversight", rows, short=True, rows_listed=_RECOMMENDATIONS,
        recommendation_link=lambda entry: f"{files[entry.anchor]}#{entry.anchor}",
    )  # fmt: skip


def _decisions(writer: Writer) -> Iterator[File]:
    fleet = writer.gathering.fleet
    make = writer.rows("decisions").decision_row
    rows = [make(decision, fleet.summary.finished_at) for decision in fleet.agenda.decisions()]
    yield from writer.listing("decisions.html", "decisions", rows)
    make = writer.rows("changes").change_row
    yield from writer.listing("changes.html", "changes", [make(change, hosts) for change, hosts in fleet.changes.items()])


def _method(writer: Writer) -> Iterator[File]:
    problems = writer.gathering.fleet.problems
    told = [f"<li><bdi>{for_html(host)}</bdi>: <bdi>{for_html(text[:400])}</bdi></li>\n" for host, text in problems[:_PROBLEMS]]
    left = max(0, len(problems) - _PROBLEMS)
    yield from writer.listing("method.html", "method", told, short=True, more=left, excerpt_limit=EXCERPT)


def _rank(severity: str) -> int:
    return ("low", "medium", "high", "critical").index(severity)
