"""Many assessments in one view: counts, the mean and the weakest, and the checks that fail most. Pure, one document at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from secscan.assessments import Document, tally
from secscan.model.assessment import ATTESTATION, SETTLED, Tally
from secscan.model.check import Severity

_WEIGHTS = {severity.value: 2**severity.rank for severity in Severity}


@dataclass(frozen=True, slots=True)
class HostSummary:
    """One host in numbers. `failing` counts fails per severity; `unreachable` says why, empty when it was reached."""

    name: str
    site: str
    system: str
    criticality: str
    baseline: str
    finished_at: str
    unreachable: str
    tally: Tally
    failing: Mapping[str, int]
    asked: bool = True  # False for the organization: no host answers for it

    @property
    def rank(self) -> tuple[bool, float, float, int]:
        """Sorts the weakest host first: unreachable and unjudged ones come before every score. What is no host comes last."""
        compliance, coverage = self.tally.compliance, self.tally.coverage
        weight = sum(_WEIGHTS[severity] * count for severity, count in self.failing.items())
        return (not self.asked, -1.0 if compliance is None else compliance, coverage or 0.0, -weight)


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """One check over all hosts. `weight` is failing hosts times severity (low 1, medium 2, high 4, critical 8).

    Where baselines give it several severities, `severity` is the worst, and `weight` counts each host with its own. `settled`
    counts what no machine can tell and a statement says to hold, or not to be needed.
    """

    check: str
    title: str
    domain: str
    severity: str
    counts: Mapping[str, int]
    weight: int
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What can be said over all hosts. `cross` counts results by (severity, outcome).

    `checks` are ordered by weight, then by how often they could not be judged.
    """

    hosts: tuple[HostSummary, ...]
    tally: Tally
    cross: Mapping[tuple[str, str], int]
    checks: tuple[CheckSummary, ...]
    started_at: str
    finished_at: str

    @property
    def asked(self) -> tuple[HostSummary, ...]:
        """The hosts that are hosts: what is judged of the organization counts as none."""
        return tuple(host for host in self.hosts if host.asked)

    @property
    def unreachable(self) -> tuple[HostSummary, ...]:
        """The hosts that were not reached."""
        return tuple(host for host in self.hosts if host.unreachable)

    @property
    def judged(self) -> tuple[HostSummary, ...]:
        """The hosts that have a score."""
        return tuple(host for host in self.asked if host.tally.compliance is not None)

    @property
    def mean(self) -> float | None:
        """The mean of the hosts' compliance, over those that have one."""
        rates = [rate for host in self.asked if (rate := host.tally.compliance) is not None]
        return sum(rates) / len(rates) if rates else None

    @property
    def weakest(self) -> HostSummary | None:
        """The host with the lowest compliance; then the lowest coverage, then the heaviest failures."""
        return min(self.judged, key=lambda host: host.rank, default=None)

    @property
    def worst_checks(self) -> tuple[CheckSummary, ...]:
        """The checks that fail anywhere, heaviest first."""
        return tuple(check for check in self.checks if check.weight)


@dataclass(slots=True)
class Summariser:
    """Takes documents one at a time and keeps only numbers: memory grows with hosts and checks, never with results."""

    _hosts: list[HostSummary] = field(default_factory=list)
    _counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (check, severity, outcome)
    _settled: Counter[str] = field(default_factory=Counter)  # check
    _texts: dict[str, tuple[str, str]] = field(default_factory=dict)  # check -> title, domain
    _moments: list[str] = field(default_factory=list)

    def add(self, document: Document) -> HostSummary:
        """Count one document in; returns its host in numbers."""
        results, host = document["results"], document["host"]
        self._counts.update(map(itemgetter("check", "severity", "outcome"), results))
        self._settled.update(result["check"] for result in results if _is_settled(result))
        for check in document["checks"].keys() - self._texts.keys():
            self._texts[check] = (document["checks"][check]["title"], document["checks"][check]["domain"])
        line = HostSummary(
            name=host["name"],
            site=host["site"],
            system=host["system"],
            criticality=host["criticality"],
            baseline=document["baseline"]["id"],
            finished_at=document["finished_at"],
            unreachable=document["unreachable"],
            tally=Tally.of(map(itemgetter("outcome", "disposition"), results)),
            failing=Counter(result["severity"] for result in results if result["outcome"] == "fail"),
            asked=host["transport"] != ATTESTATION,
        )
        self._hosts.append(line)
        self._moments = [min([document["started_at"], *self._moments[:1]]), max([document["finished_at"], *self._moments[1:]])]
        return line

    def summary(self) -> Summary:
        """Everything counted so far."""
        outcomes: Counter[str] = Counter()
        cross: Counter[tuple[str, str]] = Counter()
        weights: Counter[str] = Counter()
        per_check: dict[str, Counter[str]] = {}
        severities: dict[str, str] = {}
        for (check, severity, outcome), count in self._counts.items():
            outcomes[outcome] += count
            cross[severity, outcome] += count
            weights[check] += count * _WEIGHTS[severity] if outcome == "fail" else 0
            per_check.setdefault(check, Counter())[outcome] += count
            severities[check] = max(severity, severities.get(check, severity), key=_WEIGHTS.__getitem__)
        checks = [
            CheckSummary(check, *self._texts[check], severities[check], counts, weights[check], self._settled[check])
            for check, counts in per_check.items()
        ]
        started, finished = self._moments or ("", "")
        return Summary(
            hosts=tuple(self._hosts),
            tally=Tally(outcomes, sum((Counter(host.tally.attested) for host in self._hosts), Counter())),
            cross=cross,
            checks=tuple(sorted(checks, key=lambda check: (-check.weight, -check.counts.get("error", 0), check.check))),
            started_at=started,
            finished_at=finished,
        )


def _is_settled(result: Mapping[str, Any]) -> bool:
    return result["outcome"] == "manual" and result["disposition"] in SETTLED


def summarise(documents: Iterable[Document]) -> Summary:
    """The summary of documents that are read once, one after the other."""
    summariser = Summariser()
    for document in documents:
        summariser.add(document)
    return summariser.summary()


def summary_document(summary: Summary) -> dict[str, Any]:
    """A summary as JSON values."""
    weakest = summary.weakest
    return {
        "hosts": len(summary.asked),
        "unreachable": [{"host": host.name, "reason": host.unreachable} for host in summary.unreachable],
        "tally": tally(summary.tally),
        "mean_compliance": summary.mean,
        "weakest": {"host": weakest.name, **tally(weakest.tally)} if weakest else None,
        "worst_checks": [
            {
                "check": check.check,
                "title": check.title,
                "severity": check.severity,
                "counts": dict(check.counts),
                "weight": check.weight,
            }
            for check in summary.worst_checks
        ],
        "started_at": summary.started_at,
        "finished_at": summary.finished_at,
    }
