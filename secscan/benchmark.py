"""Figures that organizations can lay side by side: shares and rates of nobody in particular.

Numbers of results are told per thousand, since their sum divided by the checks would be the number of hosts; that is told as a
band. Only names that ship with secscan stand here: what is an organization's own is counted as `own`.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secscan.assessments import Document
from secscan.model.assessment import ATTESTATION, Tally
from secscan.redaction import Published

FORMAT = "secscan.benchmark/1"
OWN = "own"
BANDS = (10, 50, 100, 500, 1000, 5000)
GROUPS = ("severities", "domains", "requirements", "frameworks")
_RATES = ("compliance", "coverage")

Pair = tuple[str, str]  # outcome, disposition


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside those of others, as shares of 1. `others` says how many have it; quartiles need two."""

    group: str
    name: str
    figure: str
    ours: float | None
    others: int
    low: float | None
    median: float | None
    high: float | None


def benchmark(documents: Iterable[Document], published: Published) -> dict[str, Any]:
    """The figures of assessments as JSON values, see schemas/benchmark-1.schema.json. Raises ValueError without an assessment."""
    counted: dict[tuple[str, str], Counter[Pair]] = {}
    whole: Counter[Pair] = Counter()
    baselines: Counter[str] = Counter()
    contents: Counter[str] = Counter()
    days: list[str] = []
    hosts = reached = 0
    for document in documents:
        asked = document["host"]["transport"] != ATTESTATION
        hosts, reached = hosts + asked, reached + (asked and not document["unreachable"])
        baseline = document["baseline"]
        baselines[baseline["id"] if baseline["title"] in published.texts else OWN] += 1
        contents[document["provenance"]["content_sha256"]] += 1
        days += [document["started_at"][:7], document["finished_at"][:7]]
        for result in document["results"]:
            pair = (result["outcome"], result["disposition"])
            whole[pair] += 1
            for group in _groups(result, document, published):
                counted.setdefault(group, Counter())[pair] += 1
    if not days:
        raise ValueError("there is no assessment")
    outcomes = Tally.of(whole.elements()).counts
    return {
        "format": FORMAT,
        "baseline": baselines.most_common(1)[0][0],
        "content_sha256": contents.most_common(1)[0][0],
        "period": {"from": min(days), "to": max(days)},
        "hosts": _band(hosts),
        "reached": round(reached / hosts, 2) if hosts else None,
        **_figures(whole),
        "outcomes": {outcome: round(1000 * count / whole.total()) for outcome, count in sorted(outcomes.items())},
        **{kind: {name: _figures(pairs) for (of, name), pairs in sorted(counted.items()) if of == kind} for kind in GROUPS},
    }


def compare(ours: Mapping[str, Any], theirs: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Every figure of ours beside the median and the quartiles of the others that have it."""
    return [_row(place, ours, theirs) for place in _places(ours)]


def _groups(result: Mapping[str, Any], document: Document, published: Published) -> Iterator[tuple[str, str]]:
    check = document["checks"][result["check"]]
    yield "severities", result["severity"]
    yield "domains", check["domain"] if check["domain"] in published.texts else OWN
    for name in set(result["requirements"]):
        requirement = document["requirements"].get(name)
        yield "requirements", name if requirement and requirement["title"] in published.texts else OWN
    if check["sha256"] in published.checks:
        yield from (("frameworks", catalogue) for catalogue, ids in check["references"].items() if ids)


def _figures(pairs: Counter[Pair]) -> dict[str, Any]:
    tally = Tally.of(pairs.elements())
    return {rate: None if (value := getattr(tally, rate)) is None else round(value, 3) for rate in _RATES}


def _band(hosts: int) -> str:
    for least, most in zip((0, *BANDS), BANDS, strict=False):
        if hosts < most:
            return f"{max(1, least)}-{most - 1}" if hosts else "0"
    return f"{BANDS[-1]}+"


def _places(ours: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Group, name and figure of all that can be compared."""
    yield from (("", "", figure) for figure in (*_RATES, "reached"))
    yield from (("outcomes", outcome, "share") for outcome in ours["outcomes"])
    yield from ((group, name, figure) for group in GROUPS for name in ours[group] for figure in _RATES)


def _value(benchmark: Mapping[str, Any], group: str, name: str, figure: str) -> float | None:
    if group == "outcomes":
        return float(benchmark[group].get(name, 0)) / 1000
    found: float | None = (benchmark[group].get(name, {}) if group else benchmark).get(figure)
    return found


def _row(place: tuple[str, str, str], ours: Mapping[str, Any], theirs: Sequence[Mapping[str, Any]]) -> Row:
    others = [value for each in theirs if (value := _value(each, *place)) is not None]
    low, high = None, None
    if len(others) > 1:
        low, _, high = statistics.quantiles(others, n=4, method="inclusive")
    return Row(*place, _value(ours, *place), len(others), low, statistics.median(others) if others else None, high)
