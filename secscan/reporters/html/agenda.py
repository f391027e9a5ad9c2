"""What is still to be done and what people have decided: open items, waivers and statements, gathered one document at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from secscan.assessments import Document, moment
from secscan.messages import mark
from secscan.model.assessment import SETTLED
from secscan.model.recommendation import Recommendation
from secscan.oversight.linking import Links
from secscan.terms import EFFORTS, OUTCOME_RANK, SEVERITY_RANK
from secscan.wording import Wording

_SOON = timedelta(days=30)
_ORIGINS = {
    "waiver": mark("waiver {name}"),
    "action": mark("action {name} of statement {statement}"),
    "recommendation": mark("recommendation {name}"),
}
_OPEN = frozenset({"fail", "error", "manual"})
_OWNER = "owner"  # the label of a host that says who answers for it
_HOSTS_NAMED = 3
_EFFORT_RANK = {effort: rank for rank, effort in enumerate(EFFORTS)}
_WEIGHTS = {severity: 2 ** (len(SEVERITY_RANK) - 1 - rank) for severity, rank in SEVERITY_RANK.items()}


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Until when something is to be done, and who says so. `ends_at` is the end of the last day, RFC 3339.

    `kind` is waiver, action or recommendation; `statement` names the one that an action is of.
    """

    ends_at: str
    kind: str
    name: str
    statement: str = ""

    def write(self, w: Wording) -> str:
        """Where the date comes from, in the words of a language."""
        return w.sentence(_ORIGINS[self.kind], name=self.name, statement=self.statement)


@dataclass(frozen=True, slots=True)
class Promise:
    """What people have said will be done by a day, whatever results say: an open action or recommendation."""

    due: Due
    text: str
    owner: str
    checks: tuple[str, ...]


@dataclass(slots=True)
class Item:
    """Something to be mended, made judgeable or answered. `weight` is the number of results, each times severity.

    `due` is the end of its acceptance, else the first day by which somebody has said that it will be done; None without one.
    `hosts` has the first, by position.
    """

    check: str
    outcome: str
    disposition: str
    due: Due | None
    severity: str
    effort: str
    count: int = 0
    weight: int = 0
    owners: Counter[str] = field(default_factory=Counter)
    hosts: dict[int, None] = field(default_factory=dict)

    @property
    def urgency(self) -> tuple[int, int, int, str]:
        """Sorts the greatest risk first: what fails before what is not known, the heaviest, then the quickest to mend."""
        return OUTCOME_RANK[self.outcome], -self.weight, _EFFORT_RANK.get(self.effort, len(EFFORTS)), self.check


@dataclass(slots=True)
class Decision:
    """A waiver or statement with what it was laid on. `text` is that of the document; moments are RFC 3339."""

    is_waiver: bool
    text: Mapping[str, Any]
    starts_at: str
    ends_at: str
    dispositions: Counter[str] = field(default_factory=Counter)
    standings: Counter[str] = field(default_factory=Counter)
    checks: dict[str, None] = field(default_factory=dict)

    def ends_soon(self, moment: str) -> bool:
        """Whether it ends within thirty days of a moment, or has ended."""
        return datetime.fromisoformat(self.ends_at) <= datetime.fromisoformat(moment) + _SOON


@dataclass(slots=True)
class Agenda:
    """Items and decisions over all hosts: as many as there are checks and decisions, however many hosts there are."""

    links: Links = field(default_factory=lambda: Links(()))
    _items: dict[tuple[str, str, str, Due | None], Item] = field(default_factory=dict)
    _decisions: dict[tuple[bool, str, str], Decision] = field(default_factory=dict)

    def add(self, document: Document, position: int) -> None:
        """Take what one document leaves to be done, and what was decided about it."""
        owner = str((document["host"]["labels"] or {}).get(_OWNER, ""))
        for result in document["results"]:
            decision = self._note_decision(document, result) if result["waiver"] or result["attestation"] else None
            if result["outcome"] in _OPEN and result["disposition"] not in SETTLED:
                self._note_item(document, result, decision, owner, position)

    def items(self) -> list[Item]:
        """What nobody has accepted, by risk (A/59/563, para. 9)."""
        return sorted((item for item in self._items.values() if item.disposition != "waived"), key=lambda item: item.urgency)

    def accepted(self) -> list[Item]:
        """What somebody has accepted until a date, the earliest date first."""
        return sorted(
            (item for item in self._items.values() if item.disposition == "waived"),
            key=lambda item: (item.due.ends_at if item.due else "", item.urgency),
        )

    def promises(self) -> list[Promise]:
        """Open actions of statements and open recommendations, what is due first before all."""
        found = [
            Promise(due, "", action["owner"], tuple(decision.checks))
            for decision in self._decisions.values()
            for action, due in _actions(decision)
        ]
        found += [
            Promise(due_of(each), each.text, each.owner, tuple(linked.checks))
            for each, linked in self.links.linked()
            if each.status.is_open
        ]
        return sorted(found, key=lambda promise: promise.due)

    def decisions(self) -> list[Decision]:
        """Every waiver and statement that was laid on a result; what ends first stands first."""
        return sorted(self._decisions.values(), key=lambda each: (each.ends_at, each.text["id"]))

    def _note_decision(self, document: Document, result: Mapping[str, Any]) -> Decision | None:
        is_waiver = bool(result["waiver"])
        name = result["waiver"] or result["attestation"]
        text = document["waivers" if is_waiver else "attestations"].get(name)
        if text is None:
            return None
        starts, ends = ("starts_at", "expires_at") if is_waiver else ("performed_at", "valid_until")
        key = (is_waiver, name, text[ends])
        decision = self._decisions.setdefault(key, Decision(is_waiver, text, text[starts], text[ends]))
        decision.dispositions[result["disposition"]] += 1
        decision.checks[result["check"]] = None
        if result["standing"]:
            decision.standings[result["standing"]] += 1
        return decision

    def _note_item(
        self, document: Document, result: Mapping[str, Any], decision: Decision | None, owner: str, position: int
    ) -> None:
        check, severity, accepted = result["check"], result["severity"], result["disposition"] == "waived"
        due = self._due(result, decision, accepted=accepted)
        key = (check, result["outcome"], result["disposition"], due)
        item = self._items.get(key)
        if item is None:
            effort = document["checks"][check]["effort"]
            item = self._items[key] = Item(check, result["outcome"], result["disposition"], due, severity, effort)
        item.count += 1
        item.weight += _WEIGHTS[severity]
        item.severity = min(severity, item.severity, key=SEVERITY_RANK.__getitem__)
        if answering := decision.text["owner"] if decision else owner:
            item.owners[answering] += 1
        if len(item.hosts) < _HOSTS_NAMED:
            item.hosts[position] = None

    def _due(self, result: Mapping[str, Any], decision: Decision | None, *, accepted: bool) -> Due | None:
        """The end of an acceptance; without one, the first day by which somebody has said that it will be done."""
        if decision and accepted:
            return Due(decision.ends_at, "waiver", decision.text["id"])
        promised = [due for _, due in _actions(decision)] if decision else []
        promised += [due_of(each) for each in self.links.of(result) if each.status.is_open]
        return min(promised, default=None)


def due_of(each: Recommendation) -> Due:
    """Until when a recommendation is to be implemented."""
    return Due(moment(each.due_at), "recommendation", each.id)


def _actions(decision: Decision) -> Iterator[tuple[Mapping[str, Any], Due]]:
    """The open actions of a statement."""
    for action in decision.text.get("actions", ()):
        yield action, Due(action["due_at"], "action", action["id"], decision.text["id"])
