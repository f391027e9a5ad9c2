"""The pages of one host: its own, and one for each subject area with every result and its evidence. Written while it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from secscan.assessments import Document
from secscan.inert import for_html
from secscan.reporters.html import templates
from secscan.reporters.html.fleet import ATTENTION
from secscan.reporters.html.portal.gathering import Member
from secscan.reporters.html.portal.writing import File, Writer
from secscan.reporters.html.proofs import Proofs
from secscan.reporters.html.views import ProofView, ResultView, Shown, view_result
from secscan.wording import DISPOSITIONS, OUTCOME_RANK, SEVERITY_RANK

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

    context: Mapping[str, Any]
    _results: dict[str, str] = field(default_factory=dict)
    _proofs: dict[str, str] = field(default_factory=dict)

    def write(self, view: ResultView) -> str:
        """A result with its evidence."""
        told = (view.anchor, view.decided, view.check["sha256"], view.check["title"], len(view.proofs), view.subject)
        result = {**view.result, "subject": "", "proofs": ""}
        key = f"{told!r}{result!r}"
        written = self._results.get(key)
        if written is None:
            written = _remember(self._results, key, self._render("result.html", view=view))
        first, *others = written.split(_PROOF_MARK)
        return "".join(
            [first, *(part for shown, other in zip(view.proofs, others, strict=True) for part in (self._proof(shown), other))]
        )

    def _proof(self, shown: ProofView) -> str:
        key = f"{shown.anchor} {shown.elsewhere} { {**shown.proof, 'elapsed_s': 0}!r}"
        written = self._proofs.get(key)
        return (
            written
            if written is not None
            else _remember(self._proofs, key, self._render("proof.html", shown=shown, level=_HEADING))
        )

    def _render(self, template: str, **values: Any) -> str:
        return templates.environment().get_template(template).render(self.context, **values)


def _remember(known: dict[str, str], key: str, written: str) -> str:
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
                views = self._views(member, document, member.layout.files[file])
                written = templates.markup("".join([self._fragments.write(view) for view in views]))
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
        proofs = Proofs(self.writer.gathering.w, timed=False)
        context = {
            **self.writer.context("hosts/x/y"),
            "timed": False,
            "measures": proofs.measures,
            "attributes": proofs.attributes,
            "proof_mark": templates.markup(_PROOF_MARK),
            "heading": _HEADING,
        }
        return Fragments({**context, "m": templates.environment().get_template("macros.html").make_module(context)})

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

    def _views(self, member: Member, document: Document, positions: tuple[int, ...]) -> list[ResultView]:
        shown = Shown(EXCERPT)
        results, places = document["results"], member.layout.places
        ordered = sorted(positions, key=lambda at: _urgency(results[at]))
        return [view_result(results[at], places[at][1], document, shown, self.writer.gathering.w) for at in ordered]


def _urgency(result: Mapping[str, Any]) -> tuple[int, int, str]:
    return OUTCOME_RANK[result["outcome"]], SEVERITY_RANK[result["severity"]], result["check"]
