"""What a page says about all its hosts together, gathered one document at a time and kept small.

Equal answers are told once with the hosts that gave them: on a thousand hosts a check fails in a handful of ways.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from secscan.assessments import Document
from secscan.findings import write_headline
from secscan.inert import shorten
from secscan.messages import mark
from secscan.model.assessment import ATTESTATION
from secscan.oversight.linking import Links
from secscan.reporters.html.agenda import Agenda
from secscan.reporters.html.anchors import Anchors
from secscan.reporters.html.recommendations import Register
from secscan.reporters.html.risks import Risk, risks
from secscan.since import Comparison
from secscan.summary import CheckSummary, HostSummary, Summariser, Summary
from secscan.terms import CATALOGUES, OUTCOMES, SEVERITY_RANK
from secscan.wording import Wording

ATTENTION = ("fail", "error", "manual")
LETTERS = {"fail": "f", "error": "e", "unreachable": "u", "manual": "m", "pass": "p", "not_applicable": "n", "skipped": "s"}
_GROUPED = frozenset({"fail", "error", "not_applicable", "skipped"})
_WAYS_KEPT = 40  # distinct answers remembered per check and outcome
_WAYS_SHOWN = 6
_HOSTS_NAMED = 8
_SENTENCE = 220  # characters
_OTHER = mark("other answers")
_EQUIVALENTS = frozenset({"ssg"})  # catalogues of checks like ours, not of requirements
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(slots=True)
class Way:
    """One answer that some hosts gave to a check: how many of them, and the first by position.

    A host that gave it about several things counts once; `last` is the last host that gave it.
    """

    outcome: str
    sentence: str
    count: int = 0
    hosts: list[int] = field(default_factory=list)
    last: int = -1


@dataclass(frozen=True, slots=True)
class HostLine:
    """A host on the page. `troubles` are (check, outcome, severity) of the results that need attention, the worst first."""

    anchor: str
    summary: HostSummary
    domains: Mapping[str, int]
    troubles: tuple[tuple[str, str, str], ...]
    order: int
    letters: str


@dataclass(slots=True)
class Fleet:
    """Everything that is said about more than one host."""

    w: Wording
    anchors: Anchors = field(default_factory=Anchors)
    hosts: list[HostLine] = field(default_factory=list)
    checks: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    requirements: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    serves: dict[str, dict[str, None]] = field(default_factory=dict)  # requirement -> checks
    changes: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    baselines: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    provenance: dict[str, Counter[str]] = field(default_factory=dict)
    origins: Counter[tuple[str, str]] = field(default_factory=Counter)  # other tools that judged, and in which form it came
    problems: list[tuple[str, str]] = field(default_factory=list)
    orders: dict[tuple[str, ...], int] = field(default_factory=dict)
    links: Links = field(default_factory=lambda: Links(()))
    agenda: Agenda = field(init=False)
    since: Comparison = field(default_factory=Comparison)
    redacted: bool = False
    _summariser: Summariser = field(default_factory=Summariser)
    _ways: dict[str, dict[tuple[object, ...], Way]] = field(default_factory=dict)
    _summary: Summary | None = None
    _register: Register | None = None
    _noted: set[tuple[object, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """One agenda, which knows by when recommendations are to be implemented."""
        self.agenda = Agenda(self.links)

    def add(self, document: Document) -> None:
        """Take what the page needs from one document."""
        summary = self._summariser.add(document)
        self.redacted = self.redacted or document["provenance"].get("redacted", False)
        self._note_content(document)
        position, results = len(self.hosts), document["results"]
        self.links.add(document)
        self.agenda.add(document, position)
        self.since.add(document)
        anchor = self.anchors.host(document["host"]["name"])
        checks = document["checks"]
        domains: Counter[str] = Counter()
        troubles = []
        for result in [] if summary.unreachable else [result for result in results if result["outcome"] != "pass"]:
            outcome, check = result["outcome"], result["check"]
            if outcome in ATTENTION:
                troubles.append((check, outcome, result["severity"]))
                if outcome != "manual":
                    domains[checks[check]["domain"]] += 1
            if outcome in _GROUPED:
                self._note_way(check, outcome, result, position)
        troubles.sort(key=_urgency)
        order = self.orders.setdefault(tuple(map(itemgetter("check"), results)), len(self.orders))
        letters = "".join(map(LETTERS.__getitem__, map(itemgetter("outcome"), results)))
        self.hosts.append(HostLine(anchor, summary, domains, tuple(troubles), order, letters))

    @property
    def summary(self) -> Summary:
        """The numbers over all hosts; computed once everything is added."""
        if self._summary is None:
            self._summary = self._summariser.summary()
        return self._summary

    @property
    def reached(self) -> list[tuple[int, HostLine]]:
        """The hosts that were reached, with their positions."""
        return [(position, line) for position, line in enumerate(self.hosts) if not line.summary.unreachable]

    @property
    def register(self) -> Register | None:
        """How recommendations of oversight bodies are followed; None without any, or where nothing was judged by then."""
        if not (self.links and self.summary.finished_at):
            return None
        if self._register is None:
            self._register = Register(self.links, self.agenda, self.summary.finished_at)
        return self._register

    @property
    def domains(self) -> list[str]:
        """The subject areas of all checks, by name."""
        return sorted({check["domain"] for check in self.checks.values()})

    def ways(self, check: str) -> Iterator[tuple[Way, list[HostLine]]]:
        """The most frequent answers to a check that need saying, with the first hosts that gave them."""
        found = sorted(self._ways.get(check, {}).values(), key=lambda way: (_OUTCOME_ORDER[way.outcome], -way.count))
        for way in found[:_WAYS_SHOWN]:
            yield way, [self.hosts[position] for position in way.hosts]

    def ways_left_out(self, check: str) -> int:
        """How many further answers there were that `ways` does not give."""
        return max(0, len(self._ways.get(check, ())) - _WAYS_SHOWN)

    def requirement_rows(self) -> list[tuple[Mapping[str, Any], list[CheckSummary], Counter[str]]]:
        """Each requirement with its checks and the outcomes over all of them."""
        by_check = {check.check: check for check in self.summary.checks}
        served = ((text, [by_check[check] for check in self.serves.get(name, ())]) for name, text in self.requirements.items())
        rows = [(text, checks, outcomes_of(checks)) for text, checks in served]
        return sorted(rows, key=lambda row: natural(row[0]["id"]))

    def framework_rows(self) -> dict[str, list[tuple[str, list[CheckSummary], Counter[str]]]]:
        """Each control of the frameworks that checks refer to, with its checks and the outcomes over all of them."""
        found: dict[str, dict[str, list[CheckSummary]]] = {}
        for check in sorted(self.summary.checks, key=lambda check: check.check):
            for framework, controls in self.checks[check.check]["references"].items():
                for control in dict.fromkeys(controls) if framework in CATALOGUES and framework not in _EQUIVALENTS else ():
                    found.setdefault(framework, {}).setdefault(control, []).append(check)
        return {
            framework: [(control, found[framework][control], outcomes_of(found[framework][control])) for control in ordered]
            for framework in CATALOGUES
            if framework in found
            for ordered in [sorted(found[framework], key=natural)]
        }

    def risks(self) -> list[Risk]:
        """The checks that fail, the greatest risk first."""
        return risks(self.summary.checks)

    def rates(self) -> list[float]:
        """The compliance of every host that has one."""
        return [rate for host in self.summary.asked if (rate := host.tally.compliance) is not None]

    def island(self) -> dict[str, Any]:
        """Every host's outcomes as one letter per check, for filters: nothing that the page does not also count."""
        names = list(self.checks)
        place = {name: index for index, name in enumerate(names)}
        serving: dict[str, list[str]] = {}
        for requirement, checks in self.serves.items():
            for check in checks:
                serving.setdefault(check, []).append(requirement)
        severities = {check.check: check.severity for check in self.summary.checks}
        return {
            "checks": [
                [
                    name,
                    self.w.content(self.checks[name]["title"]),
                    self.checks[name]["domain"],
                    severities[name],
                    serving.get(name, []),
                ]
                for name in names
            ],
            "orders": [[place[check] for check in order] for order in self.orders],
            "hosts": [[host.order, host.letters] for host in self.hosts],
            "letters": {letter: outcome for outcome, letter in LETTERS.items()},
            "words": {term.key: [term.sign, self.w.translate(term.word)] for term in OUTCOMES},
        }

    def _note_content(self, document: Document) -> None:
        baseline, provenance = document["baseline"], document["provenance"]
        key = (baseline["id"], baseline["title"], baseline["sha256"])
        stated = document["host"]["transport"] == ATTESTATION  # the same baseline asks other things of the organization
        if (*key, stated) not in self._noted:
            self._noted.add((*key, stated))
            for result in document["results"]:
                for requirement in result["requirements"]:
                    self.serves.setdefault(requirement, {})[result["check"]] = None
                    self.requirements.setdefault(requirement, {"id": requirement, "title": "", "source": "", "not_automated": ""})
            self.checks |= {name: text for name, text in document["checks"].items() if name not in self.checks}
            self.requirements |= document["requirements"]
        self.baselines[key] += 1
        for name in ("tool_version", "content_sha256", "script_sha256"):
            if provenance[name]:
                self.provenance.setdefault(name, Counter())[provenance[name]] += 1
        if origin := provenance["origin"]:
            self.origins[origin["tool"], origin["format"]] += 1
        for change in document["changes"]:
            self.changes[change["check"], change["change"], change["reason"], change["approver"], change["baseline"]] += 1
        self.problems += [(document["host"]["name"], problem) for problem in document["problems"][:3]]

    def _note_way(self, check: str, outcome: str, result: Mapping[str, Any], position: int) -> None:
        ways = self._ways.setdefault(check, {})
        key = _way_key(outcome, result)
        way = ways.get(key)
        if way is None:
            key = key if len(ways) < _WAYS_KEPT else (outcome, _OTHER)
            sentence = self.w.translate(_OTHER) if key[1] is _OTHER else write_headline(self.w, result)
            sentence = type(sentence)(shorten(sentence, _SENTENCE, "…"))
            way = ways.setdefault(key, Way(outcome, sentence))
        if way.last == position:
            return
        way.count, way.last = way.count + 1, position
        if len(way.hosts) < _HOSTS_NAMED:
            way.hosts.append(position)


def outcomes_of(checks: Iterable[CheckSummary]) -> Counter[str]:
    """The outcomes of several checks together."""
    counts: Counter[str] = Counter()
    for check in checks:
        counts.update(check.counts)
    return counts


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts AC-2 before AC-10."""
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in _DIGITS.split(name)]


def _way_key(outcome: str, result: Mapping[str, Any]) -> tuple[object, ...]:
    """Equal for results with the same headline, without the cost of writing it."""
    findings = result["findings"]
    if not findings:
        return outcome, result["reason"]
    first = findings[0]
    item = repr(first["item"]) if first["item"] else ""
    return (
        outcome,
        first["that"],
        first["matcher"],
        repr(first["expected"]),
        repr(first["actual"]),
        item,
        first["reason"],
        result["findings_total"],
    )


_OUTCOME_ORDER = {term.key: rank for rank, term in enumerate(OUTCOMES)}


def _urgency(trouble: tuple[str, str, str]) -> tuple[int, int, str]:
    check, outcome, severity = trouble
    return _OUTCOME_ORDER[outcome], SEVERITY_RANK[severity], check
