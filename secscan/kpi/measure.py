"""From assessments to the values of the indicators, for one period or for two. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secscan.assessments import Document
from secscan.kpi.definitions import Definition, Governance
from secscan.kpi.spells import Spell, Window, days_open, days_to_mend
from secscan.model.assessment import ATTESTATION, Tally

_LAPSED = frozenset({"expired", "needs_review"})
_ACCEPTED = "waived"
_JUDGED = frozenset({"pass", "fail", "not_applicable"})

_LASTING = {"mended_in": days_to_mend, "open_for": days_open}

Place = tuple[str, str, str]  # host, check, subject
Value = tuple[float | None, int]  # the value; out of how many


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator with its value now and in the earlier period; `of` is how many it rests on. None: nothing to tell it by."""

    definition: Definition
    target: float
    value: float | None
    of: int
    before: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is no value."""
        return self.definition.reached(self.value, self.target)

    @property
    def better(self) -> bool | None:
        """Whether it got better since the earlier period; None where that cannot be told, or it is the same."""
        if self.value is None or self.before is None or self.value == self.before:
            return None
        return (self.value > self.before) is (self.definition.direction == "up")


@dataclass(slots=True)
class Period:
    """What the indicators need of one period's assessments: counts, and which place had which outcome."""

    pairs: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)  # check -> (outcome, disposition)
    open: Counter[str] = field(default_factory=Counter)  # severity -> failures that nobody has accepted
    outcomes: dict[Place, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)  # compliance of each host that has one
    hosts: int = 0
    reached: int = 0
    names: set[str] = field(default_factory=set)  # of hosts
    baselines: set[str] = field(default_factory=set)
    started_at: str = ""
    finished_at: str = ""

    def add(self, document: Document) -> None:
        """Count one document in."""
        host = document["host"]
        asked = host["transport"] != ATTESTATION
        self.hosts += asked
        self.names.add(host["name"])
        self.baselines.add(document["baseline"]["id"])
        self.reached += asked and not document["unreachable"]
        rate = document["tally"]["compliance"]
        if asked and rate is not None:
            self.rates.append(rate)
        self.started_at = min(self.started_at or document["started_at"], document["started_at"])
        self.finished_at = max(self.finished_at, document["finished_at"])
        for result in document["results"]:
            check, outcome = result["check"], result["outcome"]
            self.pairs.setdefault(check, Counter())[outcome, result["disposition"]] += 1
            self.outcomes[host["name"], check, result["subject"]] = outcome
            if outcome == "fail" and result["disposition"] != _ACCEPTED:
                self.open[result["severity"]] += 1

    def whole(self) -> Counter[tuple[str, str]]:
        """All results by outcome and disposition."""
        return sum(self.pairs.values(), Counter())


def read_period(documents: Iterable[Document]) -> Period:
    """A period from its assessments."""
    period = Period()
    for document in documents:
        period.add(document)
    return period


def measure(
    definitions: Sequence[Definition],
    period: Period,
    before: Period | None = None,
    governance: Governance | None = None,
    spells: Mapping[str, Sequence[Spell]] | None = None,
) -> tuple[Indicator, ...]:
    """Every indicator, beside the earlier period where there is one. `spells` has the failures of every host that is known."""
    targets: Mapping[str, float] = governance.targets if governance else {}
    window = Window.between(before.finished_at if before else "", period.finished_at) if period.finished_at else None
    found = []
    for each in definitions:
        if each.measure[0] in _LASTING:
            value, of = _lasting(each, period, window, spells)
            earlier = _lasting(each, before, window and window.earlier, spells)[0] if before else None
        else:
            value, of = _value(each, period, before)
            earlier = _value(each, before, None)[0] if before else None
        found.append(Indicator(each, targets.get(each.id, each.target), value, of, earlier))
    return tuple(found)


def _lasting(definition: Definition, period: Period, window: Window | None, spells: Mapping[str, Sequence[Spell]] | None) -> Value:
    """The mean of days, rounded up to one decimal; None where the history knows none of the hosts, or nothing was mended."""
    kind, severities = definition.measure
    known = [spells[name] for name in period.names if name in spells] if spells else []
    if not known or window is None:
        return None, 0
    days = _LASTING[kind]([spell for each in known for spell in each if spell.severity in severities], window)
    if not days:
        return (0.0 if kind == "open_for" else None), 0
    return math.ceil(sum(days) / len(days) * 10 - 1e-9) / 10, len(days)


def _value(definition: Definition, period: Period, before: Period | None) -> Value:
    kind, what = definition.measure
    if kind == "rate":
        tally = Tally.of(period.whole().elements())
        return _percent(getattr(tally, what)), sum(tally.counts.values())
    if kind == "weakest":
        return _percent(min(period.rates, default=None)), len(period.rates)
    if kind == "open":
        return (float(period.open[what]), len(period.outcomes)) if period.outcomes else (None, 0)
    if kind == "lapsed":
        whole = period.whole()
        count = sum(number for (_, disposition), number in whole.items() if disposition in _LAPSED)
        return (float(count), whole.total()) if whole else (None, 0)
    if kind == "met":
        return _met(period, what)
    return _mended(period, before) if what == "mended" else _share(period.reached, period.hosts)


def _met(period: Period, checks: Iterable[str]) -> Value:
    """Results that hold, or are stated to, of those that were wanted; what is not applicable was not."""
    found: Counter[tuple[str, str]] = Counter()
    for check in checks:
        found.update(period.pairs.get(check, {}))
    tally = Tally.of(found.elements())
    met = tally.counts.get("pass", 0) + tally.attested.get("pass", 0)
    wanted = sum(tally.counts.get(outcome, 0) for outcome in ("pass", "fail", "error", "manual", "unreachable"))
    return _share(met, wanted - tally.attested.get("not_applicable", 0))


def _mended(period: Period, before: Period | None) -> Value:
    if before is None:
        return None, 0
    failed = [place for place, outcome in before.outcomes.items() if outcome == "fail"]
    again = [period.outcomes[place] for place in failed if period.outcomes.get(place) in _JUDGED]
    return _share(sum(outcome != "fail" for outcome in again), len(again))


def _share(part: int, whole: int) -> Value:
    return (_percent(part / whole), whole) if whole > 0 else (None, 0)


def _percent(rate: float | None) -> float | None:
    """Per cent, rounded down to one decimal, so that only everything is 100."""
    return None if rate is None else int(rate * 1000 + 1e-9) / 10
