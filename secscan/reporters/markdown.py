"""A summary in Markdown, for job summaries, tickets and chats: compliance and coverage, then what fails and what was not judged.

Whatever a host or an inventory said stands in code spans, where Markdown obeys nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.inert import for_markdown, for_markdown_code, shorten
from secscan.reporters import Reporter
from secscan.since import Comparison
from secscan.statements import gist, judged_by, line
from secscan.summary import Summariser, Summary
from secscan.wording import DISPOSITIONS, ENGLISH, OUTCOMES, REDACTED, SEVERITY_RANK, write_moment

_LISTED = ("fail", "error", "manual")
_ROWS = 50  # of one table; a job summary may have 1 MiB
_WIDTH = 200  # characters of one cell
_DECIDED = {term.key: ENGLISH.translate(term.word).lower() for term in DISPOSITIONS if term.key != "none"}


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One host in some detail, or many in a table."""
    remaining = iter(documents)
    first = list(itertools.islice(remaining, 2))
    if not first:
        yield "No host was assessed.\n"
        return
    yield from _one_host(first[0]) if len(first) == 1 else _many_hosts(itertools.chain(first, remaining))
    if first[0]["provenance"].get("redacted"):
        yield f"\n{REDACTED}\n"


def _one_host(document: Document) -> Iterator[str]:
    host, baseline, tally = document["host"], document["baseline"], document["tally"]
    yield f"# {_code(host['name'])}: compliance {ENGLISH.rate(tally['compliance'])}, coverage {ENGLISH.rate(tally['coverage'])}\n\n"
    yield f"{for_markdown(line(baseline['title'] or baseline['id']))}, {write_moment(document['finished_at'])}"
    yield f", {_code(host['system'])}" if host["system"] else ""
    yield f", judged by {_code(judged_by(document))}\n\n" if document["provenance"]["origin"] else "\n\n"
    if document["unreachable"]:
        yield f"**Not reached:** {_code(document['unreachable'])}\n\n"
        return
    yield _counts(tally["counts"])
    since = Comparison(alone=True)
    since.add(document)
    yield from _since(since)
    for term in OUTCOMES:
        results = [result for result in document["results"] if result["outcome"] == term.key]
        if term.key in _LISTED and results:
            yield f"\n## {term.word} ({len(results)})\n\n| Severity | Check | What was found |\n| --- | --- | --- |\n"
            results.sort(key=lambda result: (result["disposition"] == "waived", SEVERITY_RANK[result["severity"]], result["check"]))
            yield from _table(_row(result, document) for result in results)
    if document["changes"]:
        yield f"\n## Changed locally ({len(document['changes'])})\n\n"
        for change in document["changes"]:
            said = ENGLISH.local_change(change, change["baseline"])
            yield f"- {for_markdown(line(said))}\n"


def _row(result: Mapping[str, Any], document: Document) -> str:
    check, decided = document["checks"][result["check"]], _DECIDED.get(result["disposition"])
    said = _code(gist(result, document))
    mark = f"**{decided}** " if decided else ""
    return f"| {result['severity']} | {_cell(check['title'])} ({_code(check['id'])}) | {mark}{said} |\n"


def _many_hosts(documents: Iterable[Document]) -> Iterator[str]:
    summariser, since = Summariser(), Comparison()
    for document in documents:
        summariser.add(document)
        since.add(document)
    summary = summariser.summary()
    tally = summary.tally
    hosts = ENGLISH.hosts(len(summary.asked))
    yield f"# {hosts}: compliance {ENGLISH.rate(tally.compliance)}, coverage {ENGLISH.rate(tally.coverage)}\n\n"
    yield f"{write_moment(summary.started_at)} to {write_moment(summary.finished_at)}\n\n{_counts(tally.counts)}"
    if summary.weakest:
        weakest = f"{_code(summary.weakest.name)} {ENGLISH.rate(summary.weakest.tally.compliance)}"
        yield f"\nMean of the hosts {ENGLISH.rate(summary.mean)}, weakest {weakest}\n"
    yield from _since(since)
    if summary.unreachable:
        yield f"\n## Not reached ({len(summary.unreachable)})\n\n| Host | Why |\n| --- | --- |\n"
        yield from _table(f"| {_code(host.name)} | {_code(host.unreachable)} |\n" for host in summary.unreachable)
    yield from _worst(summary)
    yield "\n## Hosts, the weakest first\n\n| Host | Compliance | Coverage | Fail | Error | Manual |\n"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |\n"
    yield from _table(
        f"| {_code(host.name)} | {ENGLISH.rate(host.tally.compliance)} | {ENGLISH.rate(host.tally.coverage)} | "
        + " | ".join(str(host.tally.counts.get(outcome, 0)) for outcome in _LISTED)
        + " |\n"
        for host in sorted(summary.hosts, key=lambda host: host.rank)
    )


def _worst(summary: Summary) -> Iterator[str]:
    if summary.worst_checks:
        yield "\n## Fails most\n\n| Severity | Hosts | Check |\n| --- | ---: | --- |\n"
        yield from _table(
            f"| {check.severity} | {check.counts['fail']} | {_cell(check.title)} ({_code(check.check)}) |\n"
            for check in summary.worst_checks
        )


def _since(since: Comparison) -> Iterator[str]:
    """What changed since the last run, where there was one."""
    if not since:
        return
    yield f"\n## Since the run of {write_moment(since.moment)}\n\n"
    if since.content_changed:
        yield "Checks or baselines changed in between; what that may have caused is marked.\n\n"
    yield from (f"- {title}: {_some(names, count)}\n" for title, count, names in since.fates())
    yield f"- Still failing as before: {since.still_failing}\n" if since.changed else "Nothing changed.\n"
    if since.counts:
        yield "\n| Change | Severity | Check | Outcome | Where |\n| --- | --- | --- | --- | --- |\n"
        yield from _table(
            f"| {title} | {each.severity} | {_cell(each.title)} ({_code(each.check)}) | {each.outcomes(ENGLISH)}"
            f"{'; the check changed too' if each.check_changed else ''} | {_some(each.where, each.count)} |\n"
            for kind, title, _ in since.kinds()
            for each in since.alike(kind)
        )


def _some(names: list[str], count: int) -> str:
    """The names of the first, and how many more there are."""
    more = count - len(names)
    return ", ".join(map(_code, names)) + (f" and {more} more" if more > 0 else "")


def _counts(counts: Mapping[str, int]) -> str:
    told = [f"{term.word.lower()} **{counts[term.key]}**" for term in OUTCOMES if counts.get(term.key)]
    return f"{', '.join(told) or 'no results'}\n"


def _table(rows: Iterable[str]) -> Iterator[str]:
    """The first rows, and how many more there are."""
    remaining = iter(rows)
    yield from itertools.islice(remaining, _ROWS)
    more = sum(1 for _ in remaining)
    if more:
        yield f"\n... and {more} more\n"


def _cell(text: str) -> str:
    return for_markdown(line(text, _WIDTH))


def _code(text: str) -> str:
    return for_markdown_code(shorten(text, _WIDTH))


REPORTER = Reporter(
    "markdown", "md", "text/markdown; charset=utf-8", "A summary in Markdown, for job summaries and tickets", render
)
