"""One host in full, as its template wants it: results in the order of urgency, each answer shown once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_decision
from secscan.findings import write_headline
from secscan.inert import block
from secscan.reporters.html.anchors import Anchors
from secscan.reporters.html.fleet import HostLine
from secscan.terms import OUTCOMES, SEVERITY_RANK, Term
from secscan.wording import Wording


@dataclass(frozen=True, slots=True)
class ProofView:
    """A question and its answer. `elsewhere` is the address where the same answer is shown already, empty when it is shown here.

    `limit` counts the characters of the answer that are shown.
    """

    proof: Mapping[str, Any]
    anchor: str
    elsewhere: str
    limit: int

    @property
    def excerpt(self) -> str:
        """What is shown of standard output, made visible."""
        return block(self.proof["stdout"][: self.limit])

    @property
    def complaint(self) -> str:
        """What is shown of standard error, made visible."""
        return block(self.proof["stderr"][: self.limit])

    @property
    def cut(self) -> bool:
        """Whether there is more of the answer."""
        return bool(self.proof["truncated"] or len(self.proof["stdout"]) > self.limit)


@dataclass(frozen=True, slots=True)
class ResultView:
    """A result with its texts. `subject` is empty when it is the host itself."""

    anchor: str
    result: Mapping[str, Any]
    check: Mapping[str, Any]
    headline: str
    subject: str
    proofs: tuple[ProofView, ...]
    decided: str


@dataclass(frozen=True, slots=True)
class HostView:
    """A host and its results by outcome, the ones that need attention first."""

    line: HostLine
    document: Document
    groups: tuple[tuple[Term, tuple[ResultView, ...]], ...]


@dataclass(slots=True)
class Shown:
    """Answers that a page shows already, by what was asked and what came back."""

    excerpt_limit: int
    places: dict[tuple[object, ...], str] = field(default_factory=dict)

    def view(self, proof: Mapping[str, Any], anchor: str) -> ProofView:
        """A question and its answer, or where the page shows it already."""
        key = (
            proof["stdout_sha256"],
            proof["probe"],
            repr(sorted(proof["arguments"].items())),
            proof["batch"],
            proof["state"],
            proof["reason"],
        )
        elsewhere = self.places.setdefault(key, anchor)
        return ProofView(proof, anchor, "" if elsewhere == anchor else elsewhere, self.excerpt_limit)


def view_host(line: HostLine, document: Document, anchors: Anchors, excerpt_limit: int, w: Wording) -> HostView:
    """A host in full. `excerpt_limit` counts characters of one answer."""
    shown = Shown(excerpt_limit)

    def address(result: Mapping[str, Any]) -> str:
        return anchors.result(line.anchor, result["check"], subject_of(result, document))

    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for result in sorted(document["results"], key=lambda result: (SEVERITY_RANK[result["severity"]], result["check"])):
        by_outcome.setdefault(result["outcome"], []).append(result)
    groups = [
        (term, tuple(view_result(result, address(result), document, shown, w) for result in by_outcome[term.key]))
        for term in OUTCOMES
        if term.key in by_outcome
    ]
    return HostView(line, document, tuple(groups))


def view_result(result: Mapping[str, Any], anchor: str, document: Document, shown: Shown, w: Wording) -> ResultView:
    """A result with its texts and proofs, at an address of the page."""
    proofs = [shown.view(document["proofs"][index], f"{anchor}/{number}") for number, index in enumerate(result["proofs"], 1)]
    decided, check = write_decision(w, result, document), document["checks"][result["check"]]
    return ResultView(anchor, result, check, write_headline(w, result), subject_of(result, document), tuple(proofs), decided)


def subject_of(result: Mapping[str, Any], document: Document) -> str:
    """What a result is about, empty when it is the host itself."""
    return "" if result["subject"] == document["host"]["name"] else str(result["subject"])
