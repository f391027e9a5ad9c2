"""What a figure says and how surely, and what its objective makes of it: an estimate is never met, unknown is never met."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Knowledge(StrEnum):
    """How a figure is known, the surest first."""

    MEASURED = "measured"
    ATTESTED = "attested"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """A figure against its objective, the best first."""

    MET = "met"
    PARTLY = "partly met"  # by an estimate
    UNKNOWN = "unknown"
    MISSED = "missed"


_KNOWLEDGE = list(Knowledge)
_VERDICTS = list(Verdict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A length of time in seconds, infinite when it never ends, None when nothing is known; `why` says what it rests on."""

    seconds: float | None
    knowledge: Knowledge
    verdict: Verdict
    why: str = ""


def judge_best(found: Iterable[tuple[float, Knowledge]], objective: float, unknown: Sequence[str], why: str) -> Figure:
    """The shortest of several lengths that each would do. `unknown` says why others could not be told: they may be shorter.

    The surest kind of knowledge that meets the objective decides. Nothing is missed while something unknown may meet it.
    """
    best: dict[Knowledge, float] = {}
    for seconds, knowledge in found:
        best[knowledge] = min(seconds, best.get(knowledge, math.inf))
    for knowledge in (Knowledge.MEASURED, Knowledge.ATTESTED, Knowledge.ESTIMATED):
        if best.get(knowledge, math.inf) <= objective:
            verdict = Verdict.PARTLY if knowledge is Knowledge.ESTIMATED else Verdict.MET
            return Figure(best[knowledge], knowledge, verdict, why)
    if unknown:
        return Figure(None, Knowledge.UNKNOWN, Verdict.UNKNOWN, "; ".join(dict.fromkeys(unknown)))
    if not best:
        return Figure(math.inf, Knowledge.MEASURED, Verdict.MISSED, why)
    knowledge = min(best, key=_KNOWLEDGE.index)
    return Figure(best[knowledge], knowledge, Verdict.MISSED, why)


def worst_of(figures: Sequence[tuple[str, Figure]]) -> Figure:
    """The figure of a whole from the named figures of its parts, all of which it needs; unknown without a part."""
    if not figures:
        return Figure(None, Knowledge.UNKNOWN, Verdict.UNKNOWN, "no data set is declared")
    verdict = max((figure.verdict for _, figure in figures), key=_VERDICTS.index)
    deciding = [(name, figure) for name, figure in figures if figure.verdict is verdict]
    name, worst = max(deciding, key=lambda part: math.inf if part[1].seconds is None else part[1].seconds)
    why = f"{name}: {worst.why}" if worst.why else name
    if verdict in {Verdict.UNKNOWN, Verdict.MISSED}:
        return replace(worst, why=why)
    longest = max(figure.seconds for _, figure in deciding if figure.seconds is not None)
    knowledge = max((figure.knowledge for _, figure in figures), key=_KNOWLEDGE.index)
    return Figure(longest, knowledge, verdict, why)
