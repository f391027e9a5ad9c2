"""Plain text for terminals and mail: one host in full, many hosts as a table with what is worst."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secscan.assessments import Document
from secscan.inert import columns, prose, shorten, visible
from secscan.model.assessment import Tally
from secscan.reporters import Reporter
from secscan.summary import HostSummary, Summariser, Summary
from secscan.wording import ENGLISH, OUTCOMES, SEVERITY_RANK, seconds_between, write_moment

WIDTH = 80
_NARROWEST = 56
_LISTED = _COUNTED = ("fail", "error", "manual")
_FINDINGS = 5
_WORST = 10
_PARAGRAPH = 2000
_JOINED = "\u00a0"  # a blank at which no line breaks
_COLOURS = {"fail": "31", "error": "33", "unreachable": "35", "manual": "36", "pass": "32"}


@dataclass(frozen=True, slots=True)
class _Page:
    """How wide it is and whether ANSI colours are wanted; colour repeats what words already say."""

    width: int
    colour: bool

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def paint_lines(self, text: str, code: str) -> str:
        return "".join(self.paint(line, code) + "\n" for line in text.splitlines())

    def heading(self, text: str, outcome: str = "") -> str:
        return f"\n{self.paint(text, f'1;{_COLOURS[outcome]}' if outcome else '1')}\n"

    def fold(self, text: str, indent: str = "", hanging: str | None = None) -> str:
        """A paragraph of our own and a host's words, made visible and wrapped; long words are broken."""
        return (
            "\n".join(_wrap(prose(shorten(text, _PARAGRAPH)), self.width, indent, indent if hanging is None else hanging)).replace(
                _JOINED, " "
            )
            + "\n"
        )


def render(documents: Iterable[Document], width: int = WIDTH, colour: bool = False) -> Iterator[str]:
    """The report in pieces. `width` counts terminal columns."""
    page = _Page(max(_NARROWEST, width), colour)
    remaining = iter(documents)
    first = list(itertools.islice(remaining, 2))
    if not first:
        yield "No host was assessed.\n"
    elif len(first) == 1:
        yield from _one_host(first[0], page)
    else:
        yield from _many_hosts(itertools.chain(first, remaining), page)


def _one_host(document: Document, page: _Page) -> Iterator[str]:
    yield from _header(document, page)
    if document["unreachable"]:
        yield page.heading("NOT REACHED", "unreachable") + page.fold(document["unreachable"], "  ")
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for result in document["results"]:
        by_outcome.setdefault(result["outcome"], []).append(result)
    for term in OUTCOMES:
        results = by_outcome.get(term.key, [])
        if term.key in _LISTED and results:
            yield page.heading(f"{term.word.upper()} ({len(results)})", term.key)
            for result in sorted(results, key=lambda result: (SEVERITY_RANK[result["severity"]], result["check"])):
                yield _result(result, document, page)
    yield _notes(document, page)
    yield page.heading("IN ALL") + _counts(Tally(document["tally"]["counts"], document["tally"]["attested"]), page)


def _header(document: Document, page: _Page) -> Iterator[str]:
    host, baseline = document["host"], document["baseline"]
    name = host["name"] + (f" ({host['site']})" if host["site"] else "")
    yield page.paint_lines(page.fold(name), "1")
    seconds = seconds_between(document["started_at"], document["finished_at"])
    offset = f", host clock {host['clock_offset_s']:+.1f}{_JOINED}s" if host["clock_offset_s"] is not None else ""
    lines = {
        "System": ", ".join(filter(None, [host["system"], f"kernel {host['kernel']}" if host["kernel"] else ""])),
        "Baseline": f"{baseline['title']} ({baseline['id']}, {baseline['sha256'][:12] or 'no digest'})",
        "Asked": f"{write_moment(document['started_at'])}, {seconds:.1f}{_JOINED}s, {ENGLISH.who(host)}{offset}",
    }
    for label, line in lines.items():
        yield page.fold(line or "not known", f"{label:<10}", " " * 10)


def _result(result: Mapping[str, Any], document: Document, page: _Page) -> str:
    check = document["checks"][result["check"]]
    title = page.fold(check["title"], f"  {result['severity']:<9}", " " * 11)
    decided = ENGLISH.decision(result, document["waivers"], document["attestations"])
    subject = "" if result["subject"] == document["host"]["name"] else f" on {result['subject']}"
    lines = [
        page.paint(title, "1") if result["outcome"] == "fail" else title,
        page.fold(f"{check['id']}{subject}", " " * 11),
    ]
    if decided:
        lines.append(page.fold(decided, " " * 11, " " * 13))
    lines += [page.fold(ENGLISH.finding(finding), " " * 11, " " * 13) for finding in result["findings"][:_FINDINGS]]
    unseen = result["findings_total"] - min(len(result["findings"]), _FINDINGS)
    if unseen:
        lines.append(page.fold(f"... and {unseen} more", " " * 11))
    if result["reason"] and not result["findings"]:
        lines.append(page.fold(result["reason"], " " * 11, " " * 13))
    if result["outcome"] == "fail":
        lines.append(page.fold(f"Remedy ({ENGLISH.remedy_terms(check)}): {check['remedy']}", " " * 11, " " * 13))
    return "".join(lines)


def _notes(document: Document, page: _Page) -> str:
    """Local changes to the baseline and problems while collecting: said on every report, or it would mislead."""
    text = ""
    if document["changes"]:
        text += page.heading(f"CHANGED LOCALLY ({len(document['changes'])})")
        for change in document["changes"]:
            said = f"{change['check']}: {change['change']}. {change['reason']}"
            text += page.fold(f"{said} (approved by {change['approver']}; {change['baseline']})", "  ", "    ")
    if document["problems"]:
        text += page.heading("PROBLEMS WHILE ASKING") + "".join(
            page.fold(problem, "  ", "    ") for problem in document["problems"]
        )
    return text


def _counts(tally: Tally, page: _Page) -> str:
    """Outcomes with their numbers, each kept on one line by a blank that does not break, then both rates."""
    words = {term.key: f"{term.word.lower()}{_JOINED}{tally.counts[term.key]}" for term in OUTCOMES if tally.counts.get(term.key)}
    text = page.fold(", ".join(words.values()) or "no results", "  ")
    for outcome, word in words.items():
        shown = word.replace(_JOINED, " ")
        text = text.replace(shown, page.paint(shown, _COLOURS.get(outcome, "")))
    if stated := ENGLISH.attested(tally):
        text += page.fold(stated, "  ")
    rates = f"  compliance {ENGLISH.rate(tally.compliance)}, coverage {ENGLISH.rate(tally.coverage)}"
    return text + page.paint(rates, "1") + "\n"


def _many_hosts(documents: Iterable[Document], page: _Page) -> Iterator[str]:
    summariser = Summariser()
    changes: dict[tuple[str, ...], int] = {}
    name_width = page.width - 2 - 10 - 1 - 10 - 7 * len(_COUNTED)
    titles = " ".join(f"{key.upper():>6}" for key in _COUNTED)
    yield page.paint(f"{'HOST':<{name_width}}  {'COMPLIANCE':>10} {'COVERAGE':>10} {titles}", "1") + "\n"
    for document in documents:
        yield _host_line(summariser.add(document), name_width, page)
        for change in document["changes"]:
            key = (change["check"], change["change"], change["reason"], change["approver"], change["baseline"])
            changes[key] = changes.get(key, 0) + 1
    summary = summariser.summary()
    yield from _unreachable(summary, page)
    yield from _worst(summary, page)
    if changes:
        yield page.heading(f"CHANGED LOCALLY ({len(changes)})")
        for (check, change, reason, approver, baseline), hosts in changes.items():
            yield page.fold(
                f"{check}: {change}. {reason} (approved by {approver}; {baseline}; {ENGLISH.hosts(hosts)})", "  ", "    "
            )
    yield page.heading(f"IN ALL ({ENGLISH.hosts(len(summary.hosts))}, {len(summary.unreachable)} not reached)")
    yield _counts(summary.tally, page)
    weakest = summary.weakest
    if weakest:
        lowest = f"weakest {weakest.name} {ENGLISH.rate(weakest.tally.compliance)}"
        yield page.fold(f"mean of the hosts {ENGLISH.rate(summary.mean)}, {lowest}", "  ", "    ")


def _host_line(host: HostSummary, name_width: int, page: _Page) -> str:
    name = _pad(_clip(visible(host.name[:_PARAGRAPH]), name_width), name_width)
    if host.unreachable:
        return f"{name}  {page.paint('not reached', _COLOURS['unreachable'])}\n"
    counts = host.tally.counts
    numbers = [page.paint(f"{counts.get(key, 0):>6}", _COLOURS[key] if counts.get(key) else "") for key in _COUNTED]
    return f"{name}  {ENGLISH.rate(host.tally.compliance):>10} {ENGLISH.rate(host.tally.coverage):>10} {' '.join(numbers)}\n"


def _unreachable(summary: Summary, page: _Page) -> Iterator[str]:
    if summary.unreachable:
        yield page.heading(f"NOT REACHED ({len(summary.unreachable)})", "unreachable")
        for host in summary.unreachable:
            yield page.fold(f"{host.name}: {shorten(host.unreachable, 300)}", "  ", "    ")


def _worst(summary: Summary, page: _Page) -> Iterator[str]:
    worst = summary.worst_checks
    if worst:
        shown = f"{_WORST} of {len(worst)}" if len(worst) > _WORST else str(len(worst))
        yield page.heading(f"FAILS MOST (by hosts and severity, {shown})", "fail")
        for check in worst[:_WORST]:
            yield page.fold(
                f"{check.title} ({check.check})", f"  {check.severity:<9}{ENGLISH.hosts(check.counts['fail']):>11}  ", " " * 24
            )


def _pad(text: str, width: int) -> str:
    return text + " " * max(0, width - columns(text))


def _clip(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _wrap(text: str, width: int, indent: str, hanging: str) -> list[str]:
    """Lines of at most `width` terminal columns; wide characters count for two, and words that are too long are broken."""
    lines, line, begun = [], indent, False
    for word in text.split(" "):
        if begun and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line, begun = hanging, False
        line += " " if begun else ""
        rest = word
        while columns(line) + columns(rest) > width:
            fitting = _fitting(rest, width - columns(line))
            lines.append(line + rest[:fitting])
            line, rest = hanging, rest[fitting:]
        line, begun = line + rest, True
    return [*lines, line]


def _fitting(text: str, width: int) -> int:
    """How many characters of a text fit; at least one."""
    taken = 0
    for index, character in enumerate(text):
        taken += columns(character)
        if taken > width:
            return max(1, index)
    return len(text)


REPORTER = Reporter("text", "txt", "text/plain; charset=utf-8", "Plain text, 80 columns, for terminals and mail", render)
