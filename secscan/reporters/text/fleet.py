"""Many hosts in text: a line for each, what fails most, and what was not reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secscan.assessments import Document
from secscan.decisions import write_local_change
from secscan.inert import columns, visible
from secscan.lines import before, pad
from secscan.messages import mark
from secscan.reporters.text.changes import write_since
from secscan.reporters.text.page import CHANGED, COLOURS, COUNTED, PARAGRAPH, WORDS, Page, severity_width, write_counts
from secscan.since import Comparison
from secscan.summary import HostSummary, Summariser, Summary

_WORST = 10


def write_fleet(documents: Iterable[Document], page: Page) -> Iterator[str]:
    """A table of the hosts as they come, and what holds of all of them after it."""
    summariser, since = Summariser(), Comparison()
    changes: dict[tuple[str, ...], int] = {}
    heads = [page.say(word).upper() for word in (mark("Compliance"), mark("Coverage"), *(WORDS[key] for key in COUNTED))]
    widths = [max(least, columns(head)) for head, least in zip(heads, (10, 10, 6, 6, 6), strict=True)]
    table = _Table(page, page.width - 2 - sum(widths) - 4, widths)
    yield page.paint(table.line(page.say(mark("Host")).upper(), heads), "1") + "\n"
    for document in documents:
        yield _host_line(summariser.add(document), table)
        since.add(document)
        for change in document["changes"]:
            key = (change["check"], change["change"], change["reason"], change["approver"], change["baseline"])
            changes[key] = changes.get(key, 0) + 1
    summary = summariser.summary()
    yield from write_since(since, page)
    yield from _unreachable(summary, page)
    yield from _worst(summary, page)
    if changes:
        yield page.counted(CHANGED, len(changes))
        for (check, change, reason, approver, baseline), hosts in changes.items():
            said = {"check": check, "change": change, "reason": reason, "approver": approver}
            yield page.fold(write_local_change(page.w, said, f"{baseline}; {page.w.hosts(hosts)}"), "  ", "    ")
    missed = page.say(mark("{count} not reached"), count=page.w.number(len(summary.unreachable)))
    in_all, comma = page.say(mark("In all")).upper(), page.say(mark(", "))
    yield page.heading(f"{in_all} ({page.w.hosts(len(summary.asked))}{comma}{missed})")
    yield write_counts(summary.tally, page)
    weakest = summary.weakest
    if weakest:
        extremes = mark("mean of the hosts {mean}, weakest {host} {lowest}")
        rates = {"mean": page.w.rate(summary.mean), "lowest": page.w.rate(weakest.tally.compliance)}
        yield page.fold(page.say(extremes, host=weakest.name, **rates), "  ", "    ")


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of the hosts: a name, then numbers on the right of theirs."""

    page: Page
    name_width: int
    widths: list[int]

    def line(self, name: str, cells: list[str]) -> str:
        aligned = " ".join(before(cell, width) for cell, width in zip(cells, self.widths, strict=True))
        return f"{pad(name, self.name_width)}  {aligned}"


def _host_line(host: HostSummary, table: _Table) -> str:
    page, counts = table.page, host.tally.counts
    name = _clip(visible(host.name[:PARAGRAPH]), table.name_width)
    if host.unreachable:
        missed = page.paint(page.say(mark("not reached")), COLOURS["unreachable"])
        return f"{pad(name, table.name_width)}  {missed}\n"
    rates = [page.w.rate(host.tally.compliance), page.w.rate(host.tally.coverage)]
    cells = [
        page.paint(before(page.w.number(counts.get(key, 0)), width), COLOURS[key] if counts.get(key) else "")
        for key, width in zip(COUNTED, table.widths[2:], strict=True)
    ]
    front = " ".join(before(rate, width) for rate, width in zip(rates, table.widths, strict=False))
    return f"{pad(name, table.name_width)}  {front} {' '.join(cells)}\n"


def _unreachable(summary: Summary, page: Page) -> Iterator[str]:
    if summary.unreachable:
        yield page.counted(mark("Not reached"), len(summary.unreachable), "unreachable")
        for host in summary.unreachable:
            yield page.fold(f"{host.name}: {page.w.cut(host.unreachable, 300)}", "  ", "    ")


def _worst(summary: Summary, page: Page) -> Iterator[str]:
    worst = summary.worst_checks
    if worst:
        shown = page.say(mark("{shown} of {all}"), shown=_WORST, all=page.w.number(len(worst)))
        how = page.say(mark("by failures and severity, {shown}"), shown=shown if len(worst) > _WORST else len(worst))
        most = page.say(mark("Fails most")).upper()
        yield page.heading(f"{most} ({how})", "fail")
        width = severity_width(page)
        for check in worst[:_WORST]:
            begin = f"  {pad(page.word(check.severity), width)}{before(page.w.number(check.counts['fail']), 6)}  "
            yield page.fold(f"{page.w.content(check.title)} ({check.check})", begin, " " * columns(begin))


def _clip(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[:-1]
    return text + "…"
