"""Plain text for terminals and mail: one host in full, many hosts as a table with what is worst."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_attested, write_decision, write_local_change
from secscan.figures import seconds_between
from secscan.findings import gathered, write_actual, write_finding
from secscan.inert import columns, prose, visible
from secscan.lines import before, pad, wrap
from secscan.messages import mark
from secscan.model.assessment import Tally
from secscan.reporters import Reporter
from secscan.since import LISTED, Alike, Comparison
from secscan.summary import HostSummary, Summariser, Summary
from secscan.terms import OUTCOMES, REDACTED, SEVERITIES, SEVERITY_RANK
from secscan.wording import ENGLISH, Wording

WIDTH = 80
_NARROWEST = 56
_LISTED = _COUNTED = ("fail", "error", "manual")
_FINDINGS = 5
_REASONS = 3
_WORST = 10
_PARAGRAPH = 2000
_JOINED = "\u00a0"  # a blank at which no line breaks
_CHANGED = mark("Changed locally")
_WITHOUT_ROOT = mark("asked without root: what only root sees could not be judged; ask as root, or with --become")
_WORDS = {term.key: term.word for term in (*OUTCOMES, *SEVERITIES)}
_COLOURS = {"fail": "31", "error": "33", "unreachable": "35", "manual": "36", "pass": "32"}


@dataclass(frozen=True, slots=True)
class _Page:
    """How wide it is, whether ANSI colours are wanted, and its language; colour repeats what words already say."""

    width: int
    colour: bool
    w: Wording

    def word(self, key: str) -> str:
        """An outcome or severity as it stands inside a line."""
        return self.w.translate(_WORDS[key]).lower()

    def say(self, template: str, **values: object) -> str:
        return self.w.translate(template).format(**values)

    def counted(self, template: str, number: int, outcome: str = "") -> str:
        """A heading in capitals with the number of what stands below it."""
        return self.heading(f"{self.w.translate(template).upper()} ({self.w.number(number)})", outcome)

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def paint_lines(self, text: str, code: str) -> str:
        return "".join(self.paint(line, code) + "\n" for line in text.splitlines())

    def heading(self, text: str, outcome: str = "") -> str:
        return f"\n{self.paint(text, f'1;{_COLOURS[outcome]}' if outcome else '1')}\n"

    def fold(self, text: str, indent: str = "", hanging: str | None = None) -> str:
        """A paragraph of our own and a host's words, made visible and wrapped; long words are broken."""
        return (
            "\n".join(
                wrap(prose(self.w.cut(text, _PARAGRAPH)), self.width, indent, indent if hanging is None else hanging)
            ).replace(_JOINED, " ")
            + "\n"
        )


def render(documents: Iterable[Document], width: int = WIDTH, colour: bool = False, wording: Wording = ENGLISH) -> Iterator[str]:
    """The report in pieces. `width` counts terminal columns."""
    page = _Page(max(_NARROWEST, width), colour, wording)
    remaining = iter(documents)
    first = list(itertools.islice(remaining, 2))
    if not first:
        yield page.say(mark("No host was assessed.")) + "\n"
        return
    if first[0]["provenance"].get("redacted"):
        yield page.fold(page.say(REDACTED)) + "\n"
    if len(first) == 1:
        yield from _one_host(first[0], page)
    else:
        yield from _many_hosts(itertools.chain(first, remaining), page)


def _one_host(document: Document, page: _Page) -> Iterator[str]:
    yield from _header(document, page)
    if document["unreachable"]:
        yield page.heading(page.say(mark("Not reached")).upper(), "unreachable") + page.fold(document["unreachable"], "  ")
    since = Comparison(alone=True)
    since.add(document)
    yield from _since(since, page)
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for result in document["results"]:
        by_outcome.setdefault(result["outcome"], []).append(result)
    for term in OUTCOMES:
        results = by_outcome.get(term.key, [])
        if term.key in _LISTED and results:
            yield page.counted(term.word, len(results), term.key)
            results.sort(key=lambda result: (SEVERITY_RANK[result["severity"]], result["check"]))
            if term.key == "error":
                yield from _unjudged(results, document, page)
            else:
                yield from (_result(result, document, page) for result in results)
    yield _notes(document, page)
    yield page.heading(page.say(mark("In all")).upper()) + _counts(
        Tally(document["tally"]["counts"], document["tally"]["attested"]), page
    )
    if document["host"]["uid"] and by_outcome.get("error"):
        yield page.fold(page.say(_WITHOUT_ROOT), "  ")


def _header(document: Document, page: _Page) -> Iterator[str]:
    host, baseline = document["host"], document["baseline"]
    name = host["name"] + (f" ({host['site']})" if host["site"] else "")
    yield page.paint_lines(page.fold(name), "1")
    comma = page.say(mark(", "))
    took = page.w.seconds(seconds_between(document["started_at"], document["finished_at"]))
    asked = [page.w.moment(document["started_at"]), took.replace(" ", _JOINED), page.w.who(host)]
    if host["clock_offset_s"] is not None:
        asked.append(page.say(mark("host clock {offset}"), offset=page.w.offset(host["clock_offset_s"]).replace(" ", _JOINED)))
    system = [host["system"], page.say(mark("kernel {kernel}"), kernel=host["kernel"]) if host["kernel"] else ""]
    digest = baseline["sha256"][:12] or page.say(mark("no digest"))
    lines = {
        page.say(mark("System")): comma.join(filter(None, system)),
        page.say(mark("Baseline")): f"{page.w.content(baseline['title'])} ({baseline['id']}{comma}{digest})",
        page.say(mark("Asked")): comma.join(asked),
    }
    origin = document["provenance"]["origin"]
    if origin:
        lines[page.say(mark("Tool"))] = f"{origin['tool']} ({origin['format']})"
    width = max(10, *(columns(label) + 2 for label in lines))
    for label, line in lines.items():
        yield page.fold(line or page.say(mark("not known")), pad(label, width), " " * width)


def _result(result: Mapping[str, Any], document: Document, page: _Page) -> str:
    check = document["checks"][result["check"]]
    begun = 2 + _severity_width(page)
    inner, hanging = " " * begun, " " * (begun + 2)
    title = page.fold(page.w.content(check["title"]), "  " + pad(page.word(result["severity"]), begun - 2), inner)
    decided = write_decision(page.w, result, document)
    lines = [
        page.paint(title, "1") if result["outcome"] == "fail" else title,
        page.fold(_name(result, document, page), inner),
    ]
    if decided:
        lines.append(page.fold(decided, inner, hanging))
    shown = gathered(result["findings"])[:_FINDINGS]
    lines += [page.fold(write_finding(page.w, finding), inner, hanging) for finding, _ in shown]
    unseen = result["findings_total"] - sum(count for _, count in shown)
    if unseen:
        lines.append(page.fold("... " + page.say(mark("and {count} more"), count=page.w.number(unseen)), inner))
    if result["reason"] and not result["findings"]:
        lines.append(page.fold(result["reason"], inner, hanging))
    if result["outcome"] == "fail" and check["remedy"]:
        terms = page.w.remedy_terms(check)
        remedy = mark("Remedy ({terms}): {remedy}") if terms else mark("Remedy: {remedy}")
        said = page.say(remedy, terms=terms, remedy=page.w.content(check["remedy"]))
        lines.append(page.fold(said, inner, hanging))
    return "".join(lines)


def _unjudged(results: Sequence[Mapping[str, Any]], document: Document, page: _Page) -> Iterator[str]:
    """What could not be judged, by the reason: without root most checks share a few of them. The largest group comes first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(_why(result, page), []).append(result)
    for why, group in sorted(groups.items(), key=lambda each: -len(each[1])):
        yield page.fold(f"{why} ({page.w.number(len(group))})", "  ", "    ")
        for result in group:
            begin = "    " + pad(page.word(result["severity"]), _severity_width(page))
            hanging = " " * columns(begin)
            yield page.fold(
                f"{page.w.content(document['checks'][result['check']]['title'])} ({_name(result, document, page)})", begin, hanging
            )
            if decided := write_decision(page.w, result, document):
                yield page.fold(decided, hanging)


def _why(result: Mapping[str, Any], page: _Page) -> str:
    """Why a result is no verdict: each reason once."""
    open_ones = (finding for finding in result["findings"] if finding["holds"] is None)
    reasons = list(dict.fromkeys(finding["reason"] or write_actual(page.w, finding) for finding in open_ones))
    return "; ".join([*reasons[:_REASONS], *(["..."] if len(reasons) > _REASONS else [])]) or result["reason"]


def _name(result: Mapping[str, Any], document: Document, page: _Page) -> str:
    """The check, and what it was asked of where that is not the host."""
    if result["subject"] == document["host"]["name"]:
        return str(result["check"])
    return page.say(mark("{check} on {subject}"), check=result["check"], subject=result["subject"])


def _notes(document: Document, page: _Page) -> str:
    """Local changes to the baseline and problems while collecting: said on every report, or it would mislead."""
    text = ""
    if document["changes"]:
        text += page.counted(_CHANGED, len(document["changes"]))
        text += "".join(
            page.fold(write_local_change(page.w, change, change["baseline"]), "  ", "    ") for change in document["changes"]
        )
    if document["problems"]:
        text += page.heading(page.say(mark("Problems while asking")).upper()) + "".join(
            page.fold(problem, "  ", "    ") for problem in document["problems"]
        )
    return text


def _counts(tally: Tally, page: _Page) -> str:
    """Outcomes with their numbers, each kept on one line by a blank that does not break, then both rates."""
    words = {
        term.key: f"{page.word(term.key)}{_JOINED}{page.w.number(tally.counts[term.key])}"
        for term in OUTCOMES
        if tally.counts.get(term.key)
    }
    text = page.fold(page.say(mark(", ")).join(words.values()) or page.say(mark("no results")), "  ")
    for outcome, word in words.items():
        shown = word.replace(_JOINED, " ")
        text = text.replace(shown, page.paint(shown, _COLOURS.get(outcome, "")))
    if stated := write_attested(page.w, tally):
        text += page.fold(stated, "  ")
    rates = mark("compliance {compliance}, coverage {coverage}")
    said = page.say(rates, compliance=page.w.rate(tally.compliance), coverage=page.w.rate(tally.coverage))
    return text + page.paint(f"  {said}", "1") + "\n"


def _many_hosts(documents: Iterable[Document], page: _Page) -> Iterator[str]:
    summariser, since = Summariser(), Comparison()
    changes: dict[tuple[str, ...], int] = {}
    heads = [page.say(word).upper() for word in (mark("Compliance"), mark("Coverage"), *(_WORDS[key] for key in _COUNTED))]
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
    yield from _since(since, page)
    yield from _unreachable(summary, page)
    yield from _worst(summary, page)
    if changes:
        yield page.counted(_CHANGED, len(changes))
        for (check, change, reason, approver, baseline), hosts in changes.items():
            said = {"check": check, "change": change, "reason": reason, "approver": approver}
            yield page.fold(write_local_change(page.w, said, f"{baseline}; {page.w.hosts(hosts)}"), "  ", "    ")
    missed = page.say(mark("{count} not reached"), count=page.w.number(len(summary.unreachable)))
    in_all, comma = page.say(mark("In all")).upper(), page.say(mark(", "))
    yield page.heading(f"{in_all} ({page.w.hosts(len(summary.asked))}{comma}{missed})")
    yield _counts(summary.tally, page)
    weakest = summary.weakest
    if weakest:
        extremes = mark("mean of the hosts {mean}, weakest {host} {lowest}")
        rates = {"mean": page.w.rate(summary.mean), "lowest": page.w.rate(weakest.tally.compliance)}
        yield page.fold(page.say(extremes, host=weakest.name, **rates), "  ", "    ")


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of the hosts: a name, then numbers on the right of theirs."""

    page: _Page
    name_width: int
    widths: list[int]

    def line(self, name: str, cells: list[str]) -> str:
        aligned = " ".join(before(cell, width) for cell, width in zip(cells, self.widths, strict=True))
        return f"{pad(name, self.name_width)}  {aligned}"


def _host_line(host: HostSummary, table: _Table) -> str:
    page, counts = table.page, host.tally.counts
    name = _clip(visible(host.name[:_PARAGRAPH]), table.name_width)
    if host.unreachable:
        missed = page.paint(page.say(mark("not reached")), _COLOURS["unreachable"])
        return f"{pad(name, table.name_width)}  {missed}\n"
    rates = [page.w.rate(host.tally.compliance), page.w.rate(host.tally.coverage)]
    cells = [
        page.paint(before(page.w.number(counts.get(key, 0)), width), _COLOURS[key] if counts.get(key) else "")
        for key, width in zip(_COUNTED, table.widths[2:], strict=True)
    ]
    front = " ".join(before(rate, width) for rate, width in zip(rates, table.widths, strict=False))
    return f"{pad(name, table.name_width)}  {front} {' '.join(cells)}\n"


def _unreachable(summary: Summary, page: _Page) -> Iterator[str]:
    if summary.unreachable:
        yield page.counted(mark("Not reached"), len(summary.unreachable), "unreachable")
        for host in summary.unreachable:
            yield page.fold(f"{host.name}: {page.w.cut(host.unreachable, 300)}", "  ", "    ")


def _worst(summary: Summary, page: _Page) -> Iterator[str]:
    worst = summary.worst_checks
    if worst:
        shown = page.say(mark("{shown} of {all}"), shown=_WORST, all=page.w.number(len(worst)))
        how = page.say(mark("by failures and severity, {shown}"), shown=shown if len(worst) > _WORST else len(worst))
        most = page.say(mark("Fails most")).upper()
        yield page.heading(f"{most} ({how})", "fail")
        width = _severity_width(page)
        for check in worst[:_WORST]:
            begin = f"  {pad(page.word(check.severity), width)}{before(page.w.number(check.counts['fail']), 6)}  "
            yield page.fold(f"{page.w.content(check.title)} ({check.check})", begin, " " * columns(begin))


def _since(since: Comparison, page: _Page) -> Iterator[str]:
    """What changed since the last run, where there was one."""
    if not since:
        return
    yield page.heading(page.say(mark("Since the run of {moment}"), moment=page.w.moment(since.moment)).upper())
    if since.content_changed:
        yield page.fold(page.say(mark("Checks or baselines changed in between; what that may have caused is marked.")), "  ")
    for title, count, names in since.fates():
        yield page.fold(f"{page.say(title)} ({page.w.number(count)}): {_some(names, count, page)}", "  ", "    ")
    for kind, title, count in since.kinds():
        yield page.fold(f"{page.say(title)} ({page.w.number(count)})", "  ")
        listed = since.alike(kind)
        for each in listed[:LISTED]:
            yield _change(each, page)
        if len(listed) > LISTED:
            yield page.fold("... " + page.say(mark("and {count} more"), count=page.w.number(len(listed) - LISTED)), "    ")
    still = page.say(mark("Still failing as before: {count}"), count=page.w.number(since.still_failing))
    yield page.fold(still if since.changed or since.still_failing else page.say(mark("Nothing changed.")), "  ")


def _change(each: Alike, page: _Page) -> str:
    """Changes that are alike, as one paragraph."""
    named = f"{page.w.content(each.title)} ({each.check})" if each.title else each.check
    told = [f"{named}: {each.outcomes(page.w)}"]
    if each.where:
        told.append(_some(each.where, each.count, page))
    if each.check_changed:
        told.append(page.say(mark("the check changed too")))
    severity = page.word(each.severity) if each.severity in _WORDS else ""
    width = _severity_width(page)
    return page.fold(page.say(mark("; ")).join(told), "    " + pad(severity, width), " " * (6 + width))


def _some(names: list[str], count: int, page: _Page) -> str:
    """The names of the first, and how many more there are."""
    more = count - len(names)
    told = page.say(mark(", ")).join(names)
    return f"{told} {page.say(mark('and {count} more'), count=page.w.number(more))}" if more > 0 else told


def _severity_width(page: _Page) -> int:
    return max(9, *(columns(page.word(term.key)) + 1 for term in SEVERITIES))


def _clip(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[:-1]
    return text + "…"


def render_in(documents: Iterable[Document], wording: Wording) -> Iterator[str]:
    """The report in another language."""
    return render(documents, wording=wording)


REPORTER = Reporter(
    "text", "txt", "text/plain; charset=utf-8", "Plain text, 80 columns, for terminals and mail", render, render_in=render_in
)
