"""What the results of a saved run say of recommendations. It is a proposal: what the register says is never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secscan.messages import Message, phrase
from secscan.model.recommendation import Recommendation, Status
from secscan.oversight.linking import Linked, Links

_UNTOLD = {
    "error": phrase("{count} error"),
    "manual": phrase("{count} manual"),
    "skipped": phrase("{count} skipped"),
    "unreachable": phrase("{count} unreachable"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """`status` is None where the results do not tell. `counts` are linked results by outcome, what people state counted in.

    `waived` is how many of the failures somebody has accepted: they fail all the same. `at_odds`: the register says that nothing
    is to be done, and results say that something is.
    """

    recommendation: Recommendation
    status: Status | None
    why: str
    counts: Mapping[str, int]
    waived: int
    at_odds: bool


def propose(recommendations: Sequence[Recommendation], documents: Iterable[Mapping[str, Any]]) -> tuple[Proposal, ...]:
    """A proposal for each recommendation, from saved assessments, each of which is read once."""
    links = Links(recommendations)
    for document in documents:
        links.add(document)
    return tuple(propose_one(each, found) for each, found in links.linked())


def propose_one(each: Recommendation, found: Linked) -> Proposal:
    """What the results that are linked to a recommendation come to."""
    status, why = _judge(each, found)
    at_odds = status is not None and status.is_open and not each.status.is_open
    return Proposal(each, status, why, dict(found.counts), found.waived, at_odds)


def _judge(each: Recommendation, found: Linked) -> tuple[Status | None, str]:
    counts, links = found.counts, (*each.checks, *each.requirements)
    failing, holding = counts["fail"], counts["pass"]
    if not links:
        return None, Message("it is linked to nothing that is checked")
    if failing:
        part = Message("{failing} of {all} linked results fail", failing=failing, all=failing + holding)
        return (Status.IN_PROGRESS if holding else Status.NOT_STARTED), part
    if lacking := [link for link in links if link not in found.seen]:
        return None, Message("this run has no result for {links}", links=lacking)
    untold = {outcome: counts[outcome] for outcome in _UNTOLD if counts[outcome]}
    if untold:
        return None, Message(
            "not judged: {results}", results=[Message(_UNTOLD[outcome], count=count) for outcome, count in untold.items()]
        )
    if not holding:
        return None, Message("none of the linked checks applies")
    return Status.IMPLEMENTED, Message("all {count} linked results hold", count=holding)
