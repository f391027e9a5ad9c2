"""Recommendations of oversight bodies as pages tell them: what the register says, and beside it what results and people say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from secscan.assessments import moment
from secscan.messages import Message, mark
from secscan.model.recommendation import Recommendation, Status
from secscan.oversight.ageing import BANDS, Group, group_by
from secscan.oversight.linking import Linked, Links
from secscan.oversight.proposing import Proposal, propose_one
from secscan.reporters.html.agenda import Agenda, Decision
from secscan.reporters.html.anchors import recommendation_anchor
from secscan.since import KINDS
from secscan.terms import OUTCOME_RANK, Term
from secscan.wording import Sentence, Wording

ROWS_LISTED = 200  # of the table of all recommendations, which has a line for each
STATUSES = {
    Status.NOT_STARTED: Term("fail", mark("Not started"), "○", mark("Nothing has been done yet.")),
    Status.IN_PROGRESS: Term("manual", mark("In progress"), "◐", mark("Something has been done, and something is left.")),
    Status.IMPLEMENTED: Term("pass", mark("Implemented"), "✓", mark("What was recommended has been done.")),
    Status.OVERTAKEN: Term("other", mark("Overtaken by events"), "»", mark("There is no more reason to do it.")),
    Status.NOT_ACCEPTED: Term("other", mark("Not accepted"), "\u2013", mark("The organization has decided not to do it.")),
}
"""What a register says of a recommendation: the class of its look, word, sign and meaning."""
_UNKNOWN = Term("error", mark("Not known"), "?", mark("Results do not tell."))
_REASONS = (
    mark("it is linked to nothing that is checked"),
    mark("{failing} of {all} linked results fail"),
    mark("this run has no result for {links}"),
    mark("not judged: {results}"),
    mark("{count} error"),
    mark("{count} manual"),
    mark("{count} skipped"),
    mark("{count} unreachable"),
    mark("none of the linked checks applies"),
    mark("all {count} linked results hold"),
)
"""What secscan.oversight.proposing says, here so that the catalogue of reports has it."""
_WAIVED = mark("{told} ({count} waived)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A recommendation on a page. `decisions` are the waivers and statements that were laid on results of its checks."""

    recommendation: Recommendation
    proposal: Proposal
    linked: Linked
    decisions: tuple[Decision, ...]
    days_open: int
    days_overdue: int

    @property
    def anchor(self) -> str:
        """Where it stands on its page."""
        return recommendation_anchor(self.recommendation.id)

    @property
    def said(self) -> Term:
        """What the register says."""
        return STATUSES[self.recommendation.status]

    @property
    def proposed(self) -> Term:
        """What results propose."""
        return STATUSES[self.proposal.status] if self.proposal.status else _UNKNOWN

    @property
    def raised(self) -> str:
        """The day on which it was made, RFC 3339."""
        return moment(self.recommendation.raised_at)

    @property
    def due(self) -> str:
        """The end of its last day."""
        return moment(self.recommendation.due_at)

    @property
    def closed(self) -> str:
        """The end of the day on which it was closed, empty while it is open."""
        return "" if self.recommendation.closed_at is None else moment(self.recommendation.closed_at)

    @property
    def checks(self) -> list[tuple[str, Counter[str]]]:
        """The linked checks that have results, what fails before what is not known, with how often each outcome occurs."""
        return sorted(self.linked.checks.items(), key=lambda each: (min(map(OUTCOME_RANK.__getitem__, each[1])), each[0]))

    @property
    def changes(self) -> Iterator[tuple[str, int]]:
        """What became of its checks since the run before: a title of secscan.since and how many."""
        return ((title, count) for kind, title in KINDS.items() if (count := self.linked.changes[kind]))

    def age(self, w: Wording) -> str:
        """How long it has been open, or was, in the words of a language."""
        text = w.translate_plural("{count} day open", "{count} days open", self.days_open)
        return text.format(count=w.number(self.days_open))

    def late(self, w: Wording) -> str:
        """How long it has been overdue."""
        text = w.translate_plural("overdue {count} day", "overdue {count} days", self.days_overdue)
        return text.format(count=w.number(self.days_overdue))

    def why(self, w: Wording) -> str:
        """Why results propose what they do, in the words of a language."""
        why: str = self.proposal.why
        if self.proposal.waived:
            why = Message(_WAIVED, told=why, count=self.proposal.waived)
        told = w.message(why)
        return Sentence(told) if w.isolates else told


class Register:
    """All recommendations as of a moment: the end of the newest exchange, which is when everything on the page is judged."""

    def __init__(self, links: Links, agenda: Agenda, as_of: str) -> None:
        self._links, self._agenda, self.as_of = links, agenda, as_of
        self._now = datetime.fromisoformat(as_of).timestamp()

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What is open, the longest overdue first, then what is due next; then what is closed, the latest first."""
        decisions = self._agenda.decisions()
        return tuple(sorted((self._entry(*each, decisions) for each in self._links.linked()), key=_rank))

    @cached_property
    def open(self) -> tuple[Entry, ...]:
        """Those of which something is still to be done."""
        return tuple(each for each in self.entries if each.recommendation.status.is_open)

    @property
    def overdue(self) -> tuple[Entry, ...]:
        """Those whose last day is over."""
        return tuple(each for each in self.open if each.days_overdue)

    @property
    def next_due(self) -> Entry | None:
        """The one that must be implemented next, of those that have time left."""
        return next((each for each in self.open if not each.days_overdue), None)

    @property
    def at_odds(self) -> tuple[Entry, ...]:
        """Those of which the register says that nothing is to be done, and results say that something is."""
        return tuple(each for each in self.entries if each.proposal.at_odds)

    @property
    def unlinked(self) -> int:
        """How many are linked to nothing that is checked: nothing but the register speaks of them."""
        return sum(not (each.recommendation.checks or each.recommendation.requirements) for each in self.entries)

    @property
    def files(self) -> list[str]:
        """The files of the register, by name."""
        return sorted({each.path for each in self._links.recommendations})

    def groups(self) -> Iterator[tuple[str, list[Group]]]:
        """Open recommendations counted together: the title of a table, and its lines."""
        found = self._links.recommendations
        yield mark("By source"), group_by(found, lambda each: each.source.partition(",")[0], self._now)
        yield mark("By owner"), group_by(found, lambda each: each.owner, self._now)

    @staticmethod
    def statuses() -> Sequence[Term]:
        """What a register and results can say, each with its meaning."""
        return (*STATUSES.values(), _UNKNOWN)

    @staticmethod
    def days(number: float | None, w: Wording) -> str:
        """A median of days; a dash where there is none."""
        return "\u2013" if number is None else w.number(int(number)) if number == int(number) else w.figures.decimal(number)

    @staticmethod
    def bands() -> Sequence[str]:
        """The bands that ages are counted in, in days: 0-90, 91-180, ..."""
        starts = (0, *(end + 1 for end in BANDS))
        return (*(f"{start}\u2013{end}" for start, end in zip(starts, BANDS, strict=False)), f"{starts[-1]}+")

    def _entry(self, each: Recommendation, linked: Linked, decisions: Iterable[Decision]) -> Entry:
        about = tuple(decision for decision in decisions if not linked.checks.keys().isdisjoint(decision.checks))
        days = each.days_open(self._now), each.days_overdue(self._now)
        return Entry(each, propose_one(each, linked), linked, about, *days)


def _rank(entry: Entry) -> tuple[Any, ...]:
    each = entry.recommendation
    if each.status.is_open:
        return False, -entry.days_overdue, each.due_at, each.id
    return True, -(each.closed_at or 0.0), 0.0, each.id
