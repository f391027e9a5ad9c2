"""A summary in Markdown, for job summaries, tickets and chats: compliance and coverage, then what fails and what was not judged.

Whatever a host or an inventory said stands in code spans, where Markdown obeys nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_local_change
from secscan.inert import for_markdown, for_markdown_code, shorten
from secscan.messages import mark
from secscan.reporters import Reporter
from secscan.since import Alike, Comparison
from secscan.statements import gist, judged_by, line
from secscan.summary import Summariser, Summary
from secscan.terms import DISPOSITIONS, OUTCOMES, REDACTED, SEVERITIES, SEVERITY_RANK
from secscan.wording import ENGLISH, Wording

_LISTED = ("fail", "error", "manual")
_ROWS = 50  # of one table; a job summary may have 1 MiB
_WIDTH = 200  # characters of one cell
_HEADING = mark("{subject}: compliance {compliance}, coverage {coverage}")
_NOBODY, _NONE, _COMMA = mark("No host was assessed."), mark("no results"), mark(", ")
_NOT_REACHED, _UNREACHED, _CHANGED = mark("Not reached:"), mark("Not reached"), mark("Changed locally")
_WEAKEST_FIRST, _FAILS_MOST, _SINCE = mark("Hosts, the weakest first"), mark("Fails most"), mark("Since the run of {moment}")
_CHECKS = (mark("Severity"), mark("Check"), mark("What was found"))
_HOSTS = (mark("Host"), mark("Compliance"), mark("Coverage"), mark("Fail"), mark("Error"), mark("Manual"))
_CHANGES = (mark("Change"), mark("Severity"), mark("Check"), mark("Outcome"), mark("Where"))
_DECIDED = {term.key: term.word for term in DISPOSITIONS if term.key != "none"}
_SEVERE = {term.key: term.word for term in SEVERITIES}


def render(documents: Iterable[Document], wording: Wording = ENGLISH) -> Iterator[str]:
    """One host in some detail, or many in a table."""
    remaining = iter(documents)
    first = list(itertools.islice(remaining, 2))
    if not first:
        yield f"{wording.translate(_NOBODY)}\n"
        return
    yield from _one_host(first[0], wording) if len(first) == 1 else _many_hosts(itertools.chain(first, remaining), wording)
    if first[0]["provenance"].get("redacted"):
        yield f"\n{wording.translate(REDACTED)}\n"


def _one_host(document: Document, w: Wording) -> Iterator[str]:
    yield _heading(_code(document["host"]["name"]), document["tally"]["compliance"], document["tally"]["coverage"], w)
    yield f"{_origin(document, w)}\n\n"
    if document["unreachable"]:
        yield f"**{w.translate(_NOT_REACHED)}** {_code(document['unreachable'])}\n\n"
        return
    yield _counts(document["tally"]["counts"], w)
    since = Comparison(alone=True)
    since.add(document)
    yield from _since(since, w)
    for term in OUTCOMES:
        results = [result for result in document["results"] if result["outcome"] == term.key]
        if term.key in _LISTED and results:
            yield f"\n## {w.translate(term.word)} ({w.number(len(results))})\n\n{_head(_CHECKS, '---', w)}"
            results.sort(key=lambda result: (result["disposition"] == "waived", SEVERITY_RANK[result["severity"]], result["check"]))
            yield from _table((_row(result, document, w) for result in results), w)
    if document["changes"]:
        yield f"\n## {w.translate(_CHANGED)} ({w.number(len(document['changes']))})\n\n"
        for change in document["changes"]:
            yield f"- {for_markdown(line(write_local_change(w, change, change['baseline'])))}\n"


def _heading(subject: str, compliance: float | None, coverage: float | None, w: Wording) -> str:
    told = w.translate(_HEADING).format(subject=subject, compliance=w.rate(compliance), coverage=w.rate(coverage))
    return f"# {told}\n\n"


def _origin(document: Document, w: Wording) -> str:
    """By which baseline, when, of which system, and by whom where it was another tool."""
    host, baseline = document["host"], document["baseline"]
    parts = [for_markdown(line(w.content(baseline["title"]) or baseline["id"])), w.moment(document["finished_at"])]
    if host["system"]:
        parts.append(_code(host["system"]))
    if document["provenance"]["origin"]:
        parts.append(w.translate(mark("judged by {tool}")).format(tool=_code(judged_by(document))))
    return w.translate(_COMMA).join(parts)


def _head(titles: Iterable[str], figures: str, w: Wording) -> str:
    """The head of a table; `figures` is how the columns after the first stand."""
    names = [w.translate(title) for title in titles]
    return f"| {' | '.join(names)} |\n| --- |{f' {figures} |' * (len(names) - 1)}\n"


def _row(result: Mapping[str, Any], document: Document, w: Wording) -> str:
    check, decided = document["checks"][result["check"]], _DECIDED.get(result["disposition"])
    said = _code(gist(result, document, w))
    decision = f"**{w.translate(decided).lower()}** " if decided else ""
    title = _cell(w.content(check["title"]))
    return f"| {_severity(result['severity'], w)} | {title} ({_code(check['id'])}) | {decision}{said} |\n"


def _severity(key: str, w: Wording) -> str:
    return w.translate(_SEVERE[key]).lower() if key in _SEVERE else key


def _many_hosts(documents: Iterable[Document], w: Wording) -> Iterator[str]:
    summariser, since = Summariser(), Comparison()
    for document in documents:
        summariser.add(document)
        since.add(document)
    summary = summariser.summary()
    yield _heading(w.hosts(len(summary.asked)), summary.tally.compliance, summary.tally.coverage, w)
    span = w.translate(mark("{start} to {end}")).format(start=w.moment(summary.started_at), end=w.moment(summary.finished_at))
    yield f"{span}\n\n{_counts(summary.tally.counts, w)}"
    if summary.weakest:
        told = w.translate(mark("Mean of the hosts {mean}, weakest {host} {lowest}"))
        lowest = w.rate(summary.weakest.tally.compliance)
        yield f"\n{told.format(mean=w.rate(summary.mean), host=_code(summary.weakest.name), lowest=lowest)}\n"
    yield from _since(since, w)
    if summary.unreachable:
        heads = _head((mark("Host"), mark("Why")), "---", w)
        yield f"\n## {w.translate(_UNREACHED)} ({w.number(len(summary.unreachable))})\n\n{heads}"
        yield from _table((f"| {_code(host.name)} | {_code(host.unreachable)} |\n" for host in summary.unreachable), w)
    yield from _worst(summary, w)
    yield f"\n## {w.translate(_WEAKEST_FIRST)}\n\n{_head(_HOSTS, '---:', w)}"
    yield from _table(
        (
            f"| {_code(host.name)} | {w.rate(host.tally.compliance)} | {w.rate(host.tally.coverage)} | "
            + " | ".join(w.number(host.tally.counts.get(outcome, 0)) for outcome in _LISTED)
            + " |\n"
            for host in sorted(summary.hosts, key=lambda host: host.rank)
        ),
        w,
    )


def _worst(summary: Summary, w: Wording) -> Iterator[str]:
    if summary.worst_checks:
        names = " | ".join(w.translate(title) for title in (mark("Severity"), mark("Failures"), mark("Check")))
        yield f"\n## {w.translate(_FAILS_MOST)}\n\n| {names} |\n| --- | ---: | --- |\n"
        yield from _table(
            (
                f"| {_severity(check.severity, w)} | {w.number(check.counts['fail'])} | "
                f"{_cell(w.content(check.title))} ({_code(check.check)}) |\n"
                for check in summary.worst_checks
            ),
            w,
        )


def _since(since: Comparison, w: Wording) -> Iterator[str]:
    """What changed since the last run, where there was one."""
    if not since:
        return
    yield f"\n## {w.translate(_SINCE).format(moment=w.moment(since.moment))}\n\n"
    if since.content_changed:
        yield w.translate(mark("Checks or baselines changed in between; what that may have caused is marked.")) + "\n\n"
    yield from (f"- {w.translate(title)}: {_some(names, count, w)}\n" for title, count, names in since.fates())
    still = w.translate(mark("Still failing as before: {count}")).format(count=w.number(since.still_failing))
    yield f"- {still}\n" if since.changed else w.translate(mark("Nothing changed.")) + "\n"
    if since.counts:
        yield f"\n{_head(_CHANGES, '---', w)}"
        yield from _table((_change(title, each, w) for kind, title, _ in since.kinds() for each in since.alike(kind)), w)


def _change(title: str, each: Alike, w: Wording) -> str:
    too = w.translate(mark("; ")) + w.translate(mark("the check changed too")) if each.check_changed else ""
    check = f"{_cell(w.content(each.title))} ({_code(each.check)})"
    where = _some(each.where, each.count, w)
    return f"| {w.translate(title)} | {_severity(each.severity, w)} | {check} | {each.outcomes(w)}{too} | {where} |\n"


def _some(names: list[str], count: int, w: Wording) -> str:
    """The names of the first, and how many more there are."""
    more = count - len(names)
    told = w.translate(_COMMA).join(map(_code, names))
    return f"{told} {_more(more, w)}" if more > 0 else told


def _more(count: int, w: Wording) -> str:
    return w.translate(mark("and {count} more")).format(count=w.number(count))


def _counts(counts: Mapping[str, int], w: Wording) -> str:
    told = [f"{w.translate(term.word).lower()} **{w.number(counts[term.key])}**" for term in OUTCOMES if counts.get(term.key)]
    return f"{w.translate(_COMMA).join(told) or w.translate(_NONE)}\n"


def _table(rows: Iterable[str], w: Wording) -> Iterator[str]:
    """The first rows, and how many more there are."""
    remaining = iter(rows)
    yield from itertools.islice(remaining, _ROWS)
    more = sum(1 for _ in remaining)
    if more:
        yield f"\n... {_more(more, w)}\n"


def _cell(text: str) -> str:
    return for_markdown(line(text, _WIDTH))


def _code(text: str) -> str:
    return for_markdown_code(shorten(text, _WIDTH))


REPORTER = Reporter(
    "markdown",
    "md",
    "text/markdown; charset=utf-8",
    "A summary in Markdown, for job summaries and tickets",
    render,
    render_in=render,
)
