"""One host in text: each result that needs attention, and what was changed or could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_decision, write_local_change
from secscan.figures import seconds_between
from secscan.findings import gathered, write_actual, write_finding
from secscan.inert import columns
from secscan.lines import pad
from secscan.messages import mark
from secscan.model.assessment import Tally
from secscan.reporters.text.changes import write_since
from secscan.reporters.text.page import CHANGED, COUNTED, JOINED, Page, severity_width, write_counts
from secscan.since import Comparison
from secscan.terms import OUTCOMES, SEVERITY_RANK

_FINDINGS = 5
_REASONS = 3
_WITHOUT_ROOT = mark("asked without root: what only root sees could not be judged; ask as root, or with --become")


def write_host(document: Document, page: Page) -> Iterator[str]:
    """One host in full, piece by piece."""
    yield from _header(document, page)
    if document["unreachable"]:
        yield page.heading(page.say(mark("Not reached")).upper(), "unreachable") + page.fold(document["unreachable"], "  ")
    since = Comparison(alone=True)
    since.add(document)
    yield from write_since(since, page)
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for result in document["results"]:
        by_outcome.setdefault(result["outcome"], []).append(result)
    for term in OUTCOMES:
        results = by_outcome.get(term.key, [])
        if term.key in COUNTED and results:
            yield page.counted(term.word, len(results), term.key)
            results.sort(key=lambda result: (SEVERITY_RANK[result["severity"]], result["check"]))
            if term.key == "error":
                yield from _unjudged(results, document, page)
            else:
                yield from (_result(result, document, page) for result in results)
    yield _notes(document, page)
    yield page.heading(page.say(mark("In all")).upper()) + write_counts(
        Tally(document["tally"]["counts"], document["tally"]["attested"]), page
    )
    if document["host"]["uid"] and by_outcome.get("error"):
        yield page.fold(page.say(_WITHOUT_ROOT), "  ")


def _header(document: Document, page: Page) -> Iterator[str]:
    host, baseline = document["host"], document["baseline"]
    name = host["name"] + (f" ({host['site']})" if host["site"] else "")
    yield page.paint_lines(page.fold(name), "1")
    comma = page.say(mark(", "))
    took = page.w.seconds(seconds_between(document["started_at"], document["finished_at"]))
    asked = [page.w.moment(document["started_at"]), took.replace(" ", JOINED), page.w.who(host)]
    if host["clock_offset_s"] is not None:
        asked.append(page.say(mark("host clock {offset}"), offset=page.w.offset(host["clock_offset_s"]).replace(" ", JOINED)))
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


def _result(result: Mapping[str, Any], document: Document, page: Page) -> str:
    check = document["checks"][result["check"]]
    begun = 2 + severity_width(page)
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


def _unjudged(results: Sequence[Mapping[str, Any]], document: Document, page: Page) -> Iterator[str]:
    """What could not be judged, by the reason: without root most checks share a few of them. The largest group comes first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(_why(result, page), []).append(result)
    for why, group in sorted(groups.items(), key=lambda each: -len(each[1])):
        yield page.fold(f"{why} ({page.w.number(len(group))})", "  ", "    ")
        for result in group:
            begin = "    " + pad(page.word(result["severity"]), severity_width(page))
            hanging = " " * columns(begin)
            yield page.fold(
                f"{page.w.content(document['checks'][result['check']]['title'])} ({_name(result, document, page)})", begin, hanging
            )
            if decided := write_decision(page.w, result, document):
                yield page.fold(decided, hanging)


def _why(result: Mapping[str, Any], page: Page) -> str:
    """Why a result is no verdict: each reason once."""
    open_ones = (finding for finding in result["findings"] if finding["holds"] is None)
    reasons = list(dict.fromkeys(finding["reason"] or write_actual(page.w, finding) for finding in open_ones))
    return "; ".join([*reasons[:_REASONS], *(["..."] if len(reasons) > _REASONS else [])]) or result["reason"]


def _name(result: Mapping[str, Any], document: Document, page: Page) -> str:
    """The check, and what it was asked of where that is not the host."""
    if result["subject"] == document["host"]["name"]:
        return str(result["check"])
    return page.say(mark("{check} on {subject}"), check=result["check"], subject=result["subject"])


def _notes(document: Document, page: Page) -> str:
    """Local changes to the baseline and problems while collecting: said on every report, or it would mislead."""
    text = ""
    if document["changes"]:
        text += page.counted(CHANGED, len(document["changes"]))
        text += "".join(
            page.fold(write_local_change(page.w, change, change["baseline"]), "  ", "    ") for change in document["changes"]
        )
    if document["problems"]:
        text += page.heading(page.say(mark("Problems while asking")).upper()) + "".join(
            page.fold(problem, "  ", "    ") for problem in document["problems"]
        )
    return text
