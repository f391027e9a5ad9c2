"""Looking after statements: what is wrong with each, and what is due when."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from secscan.decide import latest
from secscan.messages import Message, Title
from secscan.model.attestation import Attestation, Demand, FileState, Standing, StatementScope
from secscan.model.check import Check, Subject
from secscan.model.values import write_duration
from secscan.terms import STANDINGS

_WORDS = {term.key: term.word for term in STANDINGS}


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something that somebody must do until the end of a day. `check` is empty for an action that a statement lists."""

    day: date
    check: str
    scope: str
    what: str
    statement: str = ""
    owner: str = ""

    @property
    def uid(self) -> str:
        """The same for the same duty, however often it is done again."""
        parts = "\n".join((self.check, self.scope) if self.check else (self.statement, self.what))
        return f"{hashlib.sha256(parts.encode()).hexdigest()[:32]}@secscan"


def describe_faults(attestation: Attestation, demands: Mapping[str, Demand], now: float) -> Iterator[str]:
    """What keeps a statement from being relied on, a sentence each: files with their digests, questions in full, days."""
    told: dict[str, list[str]] = {}
    for check in attestation.checks:
        demand = demands.get(check, Demand(()))
        for standing in attestation.faults(demand, now):
            for sentence in _sentences(attestation, standing, demand):
                told.setdefault(sentence, []).append(check)
    for sentence, checks in told.items():
        whole = len(checks) == len(attestation.checks)
        yield sentence if whole else Message("{fault} ({checks})", fault=sentence, checks=checks)


def _sentences(attestation: Attestation, standing: Standing, demand: Demand) -> Iterator[str]:
    word = Message(_WORDS[standing.value])
    told: Mapping[Standing, Callable[[], Iterable[str]]] = {
        Standing.EVIDENCE_CHANGED: lambda: _changed_files(attestation),
        Standing.EVIDENCE_MISSING: lambda: _missing_files(attestation),
        Standing.CLAIMED: lambda: _loose_files(attestation),
        Standing.UNANSWERED: lambda: attestation.unanswered(demand),
        Standing.UNSIGNED: lambda: _missing_signature(attestation),
        Standing.EXPIRED: lambda: _end(attestation, demand),
    }
    details = told[standing]() if standing in told else ()
    yield from [Message("{fault}: {detail}", fault=word, detail=detail) for detail in details] or [word]


def _changed_files(attestation: Attestation) -> Iterator[str]:
    for each in attestation.evidence:
        if each.state is FileState.CHANGED:
            yield Message(
                "{file} has SHA-256 {found}, and {signed} was signed for", file=each.file, found=each.found, signed=each.sha256
            )


def _missing_files(attestation: Attestation) -> Iterator[str]:
    for each in attestation.evidence:
        if each.state is FileState.MISSING:
            yield Message("{file} is not there", file=each.file)
        elif each.state is FileState.UNREADABLE:
            yield Message("{file} cannot be read", file=each.file)


def _loose_files(attestation: Attestation) -> Iterator[str]:
    if not attestation.evidence:
        yield Message("it names no evidence")
    for each in attestation.evidence:
        if each.state is FileState.WITHOUT_DIGEST:
            yield Message("{file} has no sha256 ({found} now)", file=each.file, found=each.found)


def _missing_signature(attestation: Attestation) -> Iterator[str]:
    nobody = attestation.approver is None
    yield Message("nobody has approved it") if nobody else Message("owner and approver are the same person")


def _end(attestation: Attestation, demand: Demand) -> Iterator[str]:
    end = attestation.expires_at(demand)
    shorter = demand.valid_for is not None and end < attestation.valid_until
    if shorter and demand.valid_for:
        limit = write_duration(demand.valid_for)
        yield Message("its last day was {day}, for the check allows {limit}", day=last_day(end), limit=limit)
    else:
        yield Message("its last day was {day}", day=last_day(end))


def list_due(
    attestations: Sequence[Attestation], demands: Mapping[str, Demand], checks: Mapping[str, Check], now: float
) -> list[Due]:
    """Every duty by day: a statement for each check about the organization, each other statement's renewal, open actions.

    A duty for which no statement can be relied on is due today.
    """
    found: list[Due] = []
    for name, demand in demands.items():
        about = [each for each in attestations if name in each.checks]
        whole = [StatementScope()] if checks[name].subject is Subject.ORGANIZATION else []
        found += [
            _renewal(name, checks[name].title, scope, [each for each in about if each.scope == scope], demand, now)
            for scope in dict.fromkeys([*whole, *(each.scope for each in about)])
        ]
    found += [
        Due(last_day(action.due_at), "", str(each.scope), _describe_action(action.id, action.root_cause), each.id, action.owner)
        for each in attestations
        for action in each.actions
        if action.open
    ]
    return sorted(found)


def last_day(moment: float) -> date:
    """The last day, in UTC, on which something that ends at this moment still holds."""
    return (datetime.fromtimestamp(moment, UTC) - timedelta(seconds=1)).date()


def _renewal(check: str, title: str, scope: StatementScope, attestations: Iterable[Attestation], demand: Demand, now: float) -> Due:
    chosen = latest(attestations, demand, now)
    today = datetime.fromtimestamp(now, UTC).date()
    if chosen is None:
        return Due(today, check, str(scope), Message("{title}: nobody has stated it", title=Title(title)))
    attestation, standing = chosen
    owner = attestation.owner.name
    if standing is Standing.HOLDS:
        what = Message("{title}: to be stated again", title=Title(title))
        return Due(last_day(attestation.expires_at(demand)), check, str(scope), what, attestation.id, owner)
    day = last_day(attestation.expires_at(demand)) if standing is Standing.EXPIRED else today
    what = Message("{title}: {fault}", title=Title(title), fault=Message(_WORDS[standing.value]))
    return Due(day, check, str(scope), what, attestation.id, owner)


def _describe_action(name: str, root_cause: str) -> str:
    if root_cause:
        return Message("Action {id}: {root_cause}", id=name, root_cause=root_cause)
    return Message("Action {id}", id=name)
