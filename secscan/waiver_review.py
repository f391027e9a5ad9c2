"""Looking after waivers: which of them name nothing, do nothing, say the same twice, last too long, or are over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from secscan.content.library import Library
from secscan.decide import in_scope
from secscan.documents import did_you_mean
from secscan.messages import Message, counted
from secscan.model.assessment import Host
from secscan.model.check import Baseline
from secscan.model.values import write_duration
from secscan.model.waiver import Waiver
from secscan.waivers import last_day

SOON_S = 30 * 86400.0


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One thing that somebody should look at."""

    path: str
    line: int
    waiver: str
    message: str


def review(
    waivers: Sequence[Waiver],
    library: Library,
    baseline: Baseline | None,
    documents: Iterable[Mapping[str, Any]] | None,
    now: float,
) -> list[Remark]:
    """Every remark, by place. `documents` are saved assessments: with them unused and overlapping waivers are found too."""
    uses = _Uses()
    for document in documents or ():
        uses.add(waivers, document)
    remarks = []
    for waiver in waivers:
        messages = [*_alone(waiver, library, baseline, now), *(uses.remarks(waiver) if documents is not None else ())]
        remarks += [Remark(waiver.path, waiver.line, waiver.id, message) for message in messages]
    return sorted(remarks)


def covered_results(waiver: Waiver, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results of a saved assessment that a waiver speaks of, whatever the moment and the value."""
    host = document["host"]
    if not in_scope(waiver.scope, Host(host["name"], site=host["site"], labels=host["labels"])):
        return
    for result in document["results"]:
        named = any(fnmatchcase(result["check"], pattern) for pattern in waiver.checks)
        if result["outcome"] in waiver.outcomes and (named or not set(waiver.requirements).isdisjoint(result["requirements"])):
            yield result


def _alone(waiver: Waiver, library: Library, baseline: Baseline | None, now: float) -> Iterator[str]:
    """What can be said of a waiver without any host."""
    for pattern in waiver.checks:
        if not any(fnmatchcase(check, pattern) for check in library.checks):
            yield Message("no check is named {name!r}{near}", name=pattern, near=did_you_mean(pattern, library.checks))
        elif baseline and not any(fnmatchcase(selection.check, pattern) for selection in baseline.selections):
            yield Message("{name!r} is not in baseline {baseline}", name=pattern, baseline=baseline.id)
    for requirement in waiver.requirements:
        if requirement not in library.requirements:
            near = did_you_mean(requirement, library.requirements)
            yield Message("no requirement is named {name!r}{near}", name=requirement, near=near)
    length = waiver.expires_at - waiver.starts_at
    for selection in baseline.selections if baseline else ():
        limit = baseline.waiver_limits.get(selection.severity.value) if baseline else None
        if limit and length > limit and any(fnmatchcase(selection.check, pattern) for pattern in waiver.checks):
            yield Message(
                "is given for {length}, and at most {limit} is allowed for {severity} failures ({check})",
                length=write_duration(length),
                limit=write_duration(limit),
                severity=Message(selection.severity.value),
                check=selection.check,
            )
    if now >= waiver.expires_at:
        yield Message("is over since {day}", day=last_day(waiver.expires_at))
    elif waiver.expires_at - now < SOON_S:
        yield counted("is over in {count} day", "is over in {count} days", int((waiver.expires_at - now) // 86400))


@dataclass(slots=True)
class _Uses:
    """What saved assessments say of waivers."""

    used: set[str] = field(default_factory=set)
    changed: dict[str, list[str]] = field(default_factory=dict)  # waiver -> results with another value than the accepted one
    overlaps: dict[tuple[str, str], str] = field(default_factory=dict)  # two waivers -> a result that both cover
    hosts: set[str] = field(default_factory=set)

    def add(self, waivers: Iterable[Waiver], document: Mapping[str, Any]) -> None:
        """Look at one assessment."""
        self.hosts.add(document["host"]["name"])
        covering: dict[str, list[str]] = {}
        for waiver in waivers:
            for result in covered_results(waiver, document):
                told: str = Message("{check} on {subject}", check=result["check"], subject=result["subject"])
                self.used.add(waiver.id)
                covering.setdefault(told, []).append(waiver.id)
                if not waiver.accepts(result["subject"], result["check"], result["fingerprint"]):
                    self.changed.setdefault(waiver.id, []).append(told)
        for told, several in covering.items():
            for first, second in pairwise(several):
                self.overlaps.setdefault((first, second), told)

    def remarks(self, waiver: Waiver) -> Iterator[str]:
        """What somebody should know about a waiver."""
        if waiver.id not in self.used:
            yield Message("is unused: nothing that it covers fails")
        if changed := self.changed.get(waiver.id):
            yield Message("was given for other values, and must be reviewed: {results}", results=changed[:5])
        for pattern in dict.fromkeys((*waiver.scope.hosts, *waiver.observed)):
            if not any(fnmatchcase(host, pattern) for host in self.hosts):
                near = did_you_mean(pattern, self.hosts)
                yield Message("no host of this run is named {name!r}{near}", name=pattern, near=near)
        for (first, second), told in self.overlaps.items():
            if second == waiver.id:
                yield Message("says the same as {waiver}: {result}", waiver=first, result=told)
