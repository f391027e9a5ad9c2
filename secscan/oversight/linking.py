"""Which results speak of which recommendation: gathered one document at a time, however many hosts there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secscan.model.assessment import STATED
from secscan.model.recommendation import Recommendation


@dataclass(slots=True)
class Linked:
    """The results of one recommendation. `counts` are by outcome, what people state counted in; so are those of each check.

    `waived` is how many failures somebody has accepted: they fail all the same. `seen` has the links that some result has,
    `changes` what became of linked checks since the run before, by kind.
    """

    counts: Counter[str] = field(default_factory=Counter)
    waived: int = 0
    seen: set[str] = field(default_factory=set)
    checks: dict[str, Counter[str]] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)


class Links:
    """The results of every recommendation of a register, gathered."""

    def __init__(self, recommendations: Sequence[Recommendation]) -> None:
        self.recommendations = tuple(recommendations)
        self._linked = [Linked() for _ in recommendations]
        self._known: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, frozenset[str]], ...]] = {}

    def __bool__(self) -> bool:
        """Whether there is any recommendation."""
        return bool(self.recommendations)

    def add(self, document: Mapping[str, Any]) -> None:
        """Take what the results of one assessment say."""
        if not self.recommendations:
            return
        if document["unreachable"]:
            for linked in self._linked:
                linked.counts["unreachable"] += 1
            return
        concerned: dict[str, set[int]] = {}
        for result in document["results"]:
            for number, names in self._find(result):
                linked, outcome = self._linked[number], STATED.get(result["disposition"], result["outcome"])
                linked.seen |= names
                linked.counts[outcome] += 1
                linked.checks.setdefault(result["check"], Counter())[outcome] += 1
                linked.waived += result["disposition"] == "waived"
                concerned.setdefault(result["check"], set()).add(number)
        for change in (document.get("since") or {}).get("changes", ()):
            for number in concerned.get(change["check"], ()):
                self._linked[number].changes[change["kind"]] += 1

    def linked(self) -> Iterable[tuple[Recommendation, Linked]]:
        """Each recommendation with its results."""
        return zip(self.recommendations, self._linked, strict=True)

    def of(self, result: Mapping[str, Any]) -> list[Recommendation]:
        """The recommendations that a result speaks of."""
        return [self.recommendations[number] for number, _ in self._find(result)]

    def _find(self, result: Mapping[str, Any]) -> tuple[tuple[int, frozenset[str]], ...]:
        """The recommendations of a result, by number, with what of it they are linked to."""
        if not self.recommendations:
            return ()
        key = (result["check"], tuple(result["requirements"]))
        if key not in self._known:
            found = []
            for number, each in enumerate(self.recommendations):
                requirements = set(each.requirements).intersection(key[1])
                if requirements or key[0] in each.checks:
                    found.append((number, frozenset({key[0], *requirements})))
            self._known[key] = tuple(found)
        return self._known[key]
