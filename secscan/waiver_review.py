"""Looking after waivers: which of them name nothing, do nothing, say the same twice, last too long, or are over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import combinations
from math import ceil
from typing import Any

from secscan.content.library import Library
from secscan.decide import in_scope, service_subjects, too_long
from secscan.documents import did_you_mean
from secscan.messages import Message, counted
from secscan.model.assessment import Host
from secscan.model.check import Baseline
from secscan.model.values import write_duration
from secscan.model.waiver import Waiver
from secscan.renewals import concerns, renewals
from secscan.waivers import last_day

SOON_S = 30 * 86400.0
_NAMED = 3


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One thing that somebody should look at."""

    path: str
    line: int
    waiver: str
    message: str

    @property
    def told(self) -> Message:
        """The remark with its place."""
        return Message("{host}: {summary}", host=f"{self.path}:{self.line}: {self.waiver}", summary=self.message)


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
    remarks = list(prolonged(waivers, baseline, now)) if baseline else []
    for waiver in waivers:
        messages = [
            *faults(waiver, library, baseline),
            *_ending(waiver, now),
            *(uses.remarks(waiver) if documents is not None else ()),
        ]
        remarks += [Remark(waiver.path, waiver.line, waiver.id, message) for message in messages]
    return sorted(remarks)


def covered_results(waiver: Waiver, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results of a saved assessment that a waiver speaks of, whatever the moment and the value."""
    if not in_scope(waiver.scope, _host(document)):
        return
    for result in document["results"]:
        if result["outcome"] not in waiver.outcomes:
            continue
        if waiver.scope.services and result["subject"] not in service_subjects(waiver.scope):
            continue
        named = any(fnmatchcase(result["check"], pattern) for pattern in waiver.checks)
        if named or not set(waiver.requirements).isdisjoint(result["requirements"]):
            yield result


def _host(document: Mapping[str, Any]) -> Host:
    host = document["host"]
    return Host(host["name"], site=host["site"], labels=host["labels"])


def faults(waiver: Waiver, library: Library, baseline: Baseline | None) -> Iterator[str]:
    """What is wrong with a waiver, whatever any host says: it names nothing that there is, or is too long."""
    for name, now in waiver.renamed.items():
        yield Message("{name!r} is {now!r} now", name=name, now=now)
    for pattern in waiver.checks:
        if not any(fnmatchcase(check, pattern) for check in library.checks):
            yield Message("no check is named {name!r}{near}", name=pattern, near=did_you_mean(pattern, library.checks))
        elif baseline and not any(fnmatchcase(selection.check, pattern) for selection in baseline.selections):
            yield Message("{name!r} is not in baseline {baseline}", name=pattern, baseline=baseline.id)
    for requirement in waiver.requirements:
        if requirement not in library.requirements:
            near = did_you_mean(requirement, library.requirements)
            yield Message("no requirement is named {name!r}{near}", name=requirement, near=near)
        elif baseline and not any(requirement in selection.requirements for selection in baseline.selections):
            yield Message("{name!r} is not in baseline {baseline}", name=requirement, baseline=baseline.id)
    if baseline:
        yield from _too_long(waiver, baseline)


def prolonged(waivers: Sequence[Waiver], baseline: Baseline, now: float) -> Iterator[Remark]:
    """That waivers which follow each other are together longer than the baseline allows, told of the last of them."""
    for each in renewals(waivers, baseline, now):
        message = Message(
            "follows {waivers} without a break: {length} together, at most {limit} is allowed for {severity} failures ({check})",
            waivers=[earlier.id for earlier in each.earlier],
            length=write_duration(each.length_s),
            limit=write_duration(baseline.waiver_limits[each.severity]),
            severity=Message(each.severity),
            check=_first(each.checks),
        )
        yield Remark(each.last.path, each.last.line, each.last.id, message)


def _ending(waiver: Waiver, now: float) -> Iterator[str]:
    if now >= waiver.expires_at:
        yield Message("is over since {day}", day=last_day(waiver.expires_at))
    elif waiver.expires_at - now < SOON_S:
        yield counted("is over in {count} day", "is over in {count} days", ceil((waiver.expires_at - now) / 86400))


def _too_long(waiver: Waiver, baseline: Baseline) -> Iterator[str]:
    """That a waiver is longer than the baseline allows: once for each severity, with the first of the checks."""
    concerned: dict[str, list[str]] = {}
    for selection in baseline.selections:
        severity = selection.severity.value
        if concerns(waiver, selection) and too_long(waiver, severity, baseline.waiver_limits):
            concerned.setdefault(severity, []).append(selection.check)
    for severity, checks in concerned.items():
        yield Message(
            "is given for {length}, and at most {limit} is allowed for {severity} failures ({check})",
            length=write_duration(waiver.expires_at - waiver.starts_at),
            limit=write_duration(baseline.waiver_limits[severity]),
            severity=Message(severity),
            check=_first(checks),
        )


def _first(names: Sequence[str]) -> list[str]:
    return [*names[:_NAMED], *(["..."] if len(names) > _NAMED else [])]


@dataclass(slots=True)
class _Uses:
    """What saved assessments say of waivers."""

    used: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)  # waivers for a host that was not reached, so that nobody knows
    changed: dict[str, list[str]] = field(default_factory=dict)  # waiver -> results with another value than the accepted one
    overlaps: dict[tuple[str, str], str] = field(default_factory=dict)  # two waivers -> a result that both cover
    hosts: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)  # what results are about: hosts, and services of the organization

    def add(self, waivers: Iterable[Waiver], document: Mapping[str, Any]) -> None:
        """Look at one assessment."""
        self.hosts.add(document["host"]["name"])
        self.subjects.update(result["subject"] for result in document["results"])
        covering: dict[str, list[Waiver]] = {}
        if document["unreachable"]:
            self.unasked.update(waiver.id for waiver in waivers if in_scope(waiver.scope, _host(document)))
            return
        for waiver in waivers:
            for result in covered_results(waiver, document):
                told: str = Message("{check} on {subject}", check=result["check"], subject=result["subject"])
                self.used.add(waiver.id)
                if waiver.accepts(result["subject"], result["check"], result["fingerprint"]):
                    covering.setdefault(told, []).append(waiver)
                else:
                    self.changed.setdefault(waiver.id, []).append(told)
        for told, several in covering.items():
            for first, second in combinations(several, 2):
                if first.starts_at < second.expires_at and second.starts_at < first.expires_at:
                    self.overlaps.setdefault((first.id, second.id), told)

    def remarks(self, waiver: Waiver) -> Iterator[str]:
        """What somebody should know about a waiver."""
        if waiver.id not in self.used | self.unasked:
            yield Message("is unused: nothing that it covers fails")
        if changed := self.changed.get(waiver.id):
            yield Message("was given for other values, and must be reviewed: {results}", results=changed[:5])
        known = self.hosts | self.subjects
        gone = [pattern for pattern in waiver.scope.hosts if not any(fnmatchcase(host, pattern) for host in self.hosts)]
        for name in dict.fromkeys((*gone, *(subject for subject in waiver.observed if subject not in known))):
            yield Message("no host of this run is named {name!r}{near}", name=name, near=did_you_mean(name, self.hosts))
        for (first, second), told in self.overlaps.items():
            if second == waiver.id:
                yield Message("says the same as {waiver}: {result}", waiver=first, result=told)
