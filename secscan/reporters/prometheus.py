"""Prometheus' text format, for node_exporter's textfile collector: numbers by host, no series for each check.

Host and baseline name a series; where the same host was assessed by the same baseline several times, the last one counts. A host
with nothing judged has no compliance, rather than one of nought.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from secscan.assessments import Document
from secscan.figures import seconds_between
from secscan.inert import prose, shorten
from secscan.reporters import Reporter
from secscan.terms import REDACTED

_METRICS = {
    "secscan_up": "1 when the host was reached, else 0.",
    "secscan_results": "Results by outcome and by what people decided.",
    "secscan_failures": "Failures by severity and by what people decided.",
    "secscan_compliance_ratio": "pass / (pass + fail + error + unanswered manual); missing where nothing passed or failed.",
    "secscan_coverage_ratio": "(pass + fail) / everything selected; missing where nothing was selected.",
    "secscan_last_scan_timestamp_seconds": "When the last answer of the host was in.",
    "secscan_scan_duration_seconds": "How long the host was asked.",
    "secscan_waiver_expiry_timestamp_seconds": "When a waiver that is in use ends.",
}
_LABEL_LIMIT = 200

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Mapping[str, str], float]  # metric, further labels, value


def render(documents: Iterable[Document]) -> Iterator[str]:
    """Every metric with its series; the numbers of all hosts are kept, since a metric's series stand together."""
    hosts: dict[Labels, list[Sample]] = {}
    redacted = False
    for document in documents:
        hosts[_labels(document)] = list(_samples(document))
        redacted = redacted or document["provenance"].get("redacted", False)
    if redacted:
        yield f"# {REDACTED}\n"
    for metric, described in _METRICS.items():
        yield f"# HELP {metric} {described}\n# TYPE {metric} gauge\n"
        for labels, samples in hosts.items():
            for name, more, value in samples:
                if name == metric:
                    yield f"{metric}{{{_written(labels + _named(more))}}} {value!r}\n"


def _labels(document: Document) -> Labels:
    host = document["host"]
    return _named({"host": host["name"], "site": host["site"], "baseline": document["baseline"]["id"]})


def _named(labels: Mapping[str, str]) -> Labels:
    return tuple((name, prose(shorten(text, _LABEL_LIMIT))) for name, text in labels.items())


def _samples(document: Document) -> Iterator[Sample]:
    results, tally = document["results"], document["tally"]
    yield "secscan_up", {}, float(not document["unreachable"])
    for (outcome, disposition), count in Counter((result["outcome"], result["disposition"]) for result in results).items():
        yield "secscan_results", {"outcome": outcome, "disposition": disposition}, float(count)
    failures = Counter((result["severity"], result["disposition"]) for result in results if result["outcome"] == "fail")
    if not document["unreachable"]:
        for severity in ("critical", "high", "medium", "low"):
            failures[severity, "none"] += 0  # a series that only appears when something fails cannot be watched
    for (severity, disposition), count in failures.items():
        yield "secscan_failures", {"severity": severity, "disposition": disposition}, float(count)
    for rate in ("compliance", "coverage"):
        if tally[rate] is not None and not document["unreachable"]:
            yield f"secscan_{rate}_ratio", {}, float(tally[rate])
    yield "secscan_last_scan_timestamp_seconds", {}, _seconds(document["finished_at"])
    yield "secscan_scan_duration_seconds", {}, round(seconds_between(document["started_at"], document["finished_at"]), 3)
    for waiver, ends in _waivers_in_use(document).items():
        yield "secscan_waiver_expiry_timestamp_seconds", {"waiver": waiver}, ends


def _waivers_in_use(document: Document) -> dict[str, float]:
    """When each ends, by its label; of those with the same one, since names are cut, the first."""
    used = {result["waiver"] for result in document["results"] if result["disposition"] == "waived"}
    ends: dict[str, float] = {}
    for name in used & document["waivers"].keys():
        waiver = document["waivers"][name]
        label, moment = prose(shorten(waiver["id"], _LABEL_LIMIT)), _seconds(waiver["expires_at"])
        ends[label] = min(moment, ends.get(label, moment))
    return dict(sorted(ends.items()))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _written(labels: Labels) -> str:
    """Labels as the format quotes them; there is no line end in them any more."""
    return ",".join(f'{name}="{_quoted(text)}"' for name, text in labels)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


REPORTER = Reporter(
    "prometheus", "prom", "text/plain; version=0.0.4; charset=utf-8", "Numbers for Prometheus' textfile collector", render
)
