"""The pages of one host: its own, and one for each subject area with every result and its evidence. Written while it is read."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from secscan.assessments import Document
from secscan.decisions import write_decision
from secscan.findings import write_headline
from secscan.inert import for_html
from secscan.reporters.html import templates
from secscan.reporters.html.fleet import ATTENTION
from secscan.reporters.html.portal.gathering import Member
from secscan.reporters.html.portal.writing import File, Writer
from secscan.reporters.html.proofs import Proofs
from secscan.reporters.html.views import ProofView, ResultView, Shown, subject_of
from secscan.terms import DISPOSITIONS, OUTCOME_RANK, SEVERITY_RANK
from secscan.wording import Wording

_Written = TypeVar("_Written", str, tuple[str, ...])
_DECIDED = {term.key: term.word for term in DISPOSITIONS}
EXCERPT = 600  # characters of one answer
_LIST_BYTES = 30_000  # of results that need attention, on the host's own page
_PROBLEMS = 20
_ABOUT = ("baseline", "host", "provenance", "started_at", "finished_at")
_FRAGMENTS = 10_000  # results and answers that are remembered in case another host has the same
_HEADING = "h3"  # of the parts of a result
_PROOF_MARK = "\0"  # stands where an answer goes; no text of a host keeps such a character


@dataclass(slots=True)
class Fragments:
    """Results as markup. Where hosts gave the same answers, the same markup serves all of them.

    How long an answer took is left out: it is all that differs between equal ones.
    """

    w: Wording
    context: Mapping[str, Any]
    proofs: Proofs
    _results: dict[bytes, tuple[str, ...]] = field(default_factory=dict)
    _proofs: dict[bytes, str] = field(default_factory=dict)

    def write(self, result: Mapping[str, Any], anchor: str, document: Document, shown: Shown) -> str:
        """A result with its evidence, at an address of its page."""
        check, subject = document["checks"][result["check"]], subject_of(result, document)
        decided = write_decision(self.w, result, document)
        numbers = result["proofs"]
        told = (anchor, str(decided), check["sha256"], check["title"], len(numbers), subject)
        key = _key(told, {**result, "subject": "", "proofs": ""})
        parts = self._results.get(key)
        views = [shown.view(document["proofs"][index], f"{anchor}/{number}") for number, index in enumerate(numbers, 1)]
        if parts is None:
            view = ResultView(anchor, result, check, write_headline(self.w, result), subject, tuple(views), decided)
            written = templates.environment().get_template("result.html").render(self.context, view=view)
            parts = _remember(self._results, key, tuple(written.split(_PROOF_MARK)))
        first, *others = parts
        return "".join([first, *(part for seen, other in zip(views, others, strict=True) for part in (self._proof(seen), other))])

    def _proof(self, shown: ProofView) -> str:
        key = _key((shown.anchor, shown.elsewhere), {**shown.proof, "elapsed_s": 0})
        written = self._proofs.get(key)
        return written if written is not None else _remember(self._proofs, key, self.proofs.section(shown, _HEADING))


def _key(told: tuple[str | int, ...], document: dict[str, Any]) -> bytes:
    """What is the same for equal values only: plain data as bytes, in half the time that its text would take."""
    return marshal.dumps((told, document), 2)  # version 2 says nothing of where values lie in memory


def _remember(known: dict[bytes, _Written], key: bytes, written: _Written) -> _Written:
    """Remember what was written, in place of the oldest when there is much of it."""
    if len(known) >= _FRAGMENTS:
        known.pop(next(iter(known)))
    known[key] = written
    return written


@dataclass
class HostPages:
    """Writes the pages of hosts, one host after the other."""

    writer: Writer

    def files(self, member: Member, document: Document) -> Iterator[File]:
        """The host's own page, and its results by subject area."""
        outcomes = [result["outcome"] for result in document["results"]]
        values = {"member": member, "host": member.line.summary}
        areas = [] if document["unreachable"] else [self._area(domain, member, outcomes) for domain in self._domains(member)]
        found, left = self._attention(member, document)
        yield self.writer.page(
            "host.html",
            member.page,
            document={key: document[key] for key in _ABOUT},  # what a page refers to may live longer than it
            problems=document["problems"][:_PROBLEMS],
            problems_more=max(0, len(document["problems"]) - _PROBLEMS),
            areas=areas,
            listed=templates.markup("".join(found)),
            left=left,
            lost=document["unreachable"],
            many=False,
            summary=self.writer.gathering.summary_of([member.line.summary]),
            **values,
        )
        beside = templates.markup(" · ".join(f'<a href="{file}">{self._said(domain)}</a>' for domain, file, _ in areas))
        for domain, domain_files in () if document["unreachable"] else member.layout.domains.items():
            for number, file in enumerate(domain_files, 1):
                written = self._written(member, document, member.layout.files[file])
                turned = {
                    "number": number,
                    "pages": len(domain_files),
                    "before": domain_files[number - 2] if number > 1 else "",
                    "after": domain_files[number] if number < len(domain_files) else "",
                }
                path = f"hosts/{member.folder}/{file}"
                yield self.writer.page("results.html", path, domain=domain, written=written, beside=beside, turned=turned, **values)

    @cached_property
    def _fragments(self) -> Fragments:
        w = self.writer.gathering.w
        context = {
            **self.writer.context("hosts/x/y"),
            "timed": False,
            "proof_section": lambda _shown, _level: templates.markup(_PROOF_MARK + "\n"),
            "heading": _HEADING,
        }
        macros = templates.environment().get_template("macros.html").make_module(context)
        return Fragments(w, {**context, "m": macros}, Proofs(w, timed=False))

    def _domains(self, member: Member) -> list[str]:
        return sorted(member.layout.domains, key=self.writer.gathering.w.content)

    def _said(self, domain: str) -> str:
        """The name of a subject area, as markup."""
        w = self.writer.gathering.w
        return f"<span{templates.foreign(w, domain)}>{for_html(w.content(domain))}</span>"

    @staticmethod
    def _area(domain: str, member: Member, outcomes: list[str]) -> tuple[str, str, dict[str, int]]:
        """A subject area with its first page and its outcomes."""
        counts: dict[str, int] = {}
        for file in member.layout.domains[domain]:
            for position in member.layout.files[file]:
                counts[outcomes[position]] = counts.get(outcomes[position], 0) + 1
        return domain, member.layout.domains[domain][0], counts

    def _attention(self, member: Member, document: Document) -> tuple[list[str], int]:
        """What needs attention, the worst first, in so many bytes, and how many there are beyond."""
        context = self.writer.context(member.page)
        if document["unreachable"]:
            return [], 0
        results = document["results"]
        wanted = [at for at, result in enumerate(results) if result["outcome"] in ATTENTION]
        wanted.sort(key=lambda at: _urgency(results[at]))
        rows: list[str] = []
        size = 0
        for count, at in enumerate(wanted):
            result = results[at]
            title = document["checks"][result["check"]]["title"]
            said = for_html(self.writer.gathering.w.content(title))
            tag = (
                f' <span class="tag">{context["_"](_DECIDED[result["disposition"]])}</span>'
                if result["disposition"] != "none"
                else ""
            )
            link = f'<a href="{for_html(member.layout.address(at))}"{context["foreign"](title)}>{said}</a>'
            row = f'<li class="{result["outcome"]}">{link} {context["badges"][result["severity"]]}{tag}</li>\n'
            size += len(row.encode("utf-8", "replace"))
            if size > _LIST_BYTES:
                return rows, len(wanted) - count
            rows.append(row)
        return rows, 0

    def _written(self, member: Member, document: Document, positions: tuple[int, ...]) -> Any:
        """The results of a page with their evidence, the ones that need attention first."""
        shown, write = Shown(EXCERPT), self._fragments.write
        results, places = document["results"], member.layout.places
        ordered = sorted(positions, key=lambda at: _urgency(results[at]))
        return templates.markup("".join([write(results[at], places[at][1], document, shown) for at in ordered]))


def _urgency(result: Mapping[str, Any]) -> tuple[int, int, str]:
    return OUTCOME_RANK[result["outcome"]], SEVERITY_RANK[result["severity"]], result["check"]
