"""What a run came to, for those who were not there: the summary, and numbers for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli.failing import FailOn, severity_rank
from secscan.cli.files import write_whole
from secscan.cli.job import INTERRUPTED
from secscan.cli.journal import is_json, note
from secscan.cli.language import listed, say, words, wrapped
from secscan.cli.reports import load_reporters
from secscan.errors import SecscanError
from secscan.messages import Message, phrase

if TYPE_CHECKING:
    from secscan.cli.continuity import Measured
    from secscan.cli.forgetting import Forgotten
    from secscan.cli.telling import Told
    from secscan.history.records import Diff
    from secscan.summary import Summary

_TOLD = {
    "new": phrase("{count} new failures"),
    "changed_value": phrase("{count} still failing with another value"),
    "unjudgeable": phrase("{count} not to be judged any more"),
    "fixed": phrase("{count} fixed"),
    "judged_again": phrase("{count} judged again"),
    "no_longer_applies": phrase("{count} failed and do not apply any more"),
    "decided": phrase("{count} decided by people"),
    "host_added": phrase("{count} failing on added targets"),
    "check_added": phrase("{count} of added checks"),
    "check_removed": phrase("{count} of removed checks"),
    "other": phrase("{count} otherwise changed"),
}
_FATES = {
    "unreached": phrase("{count} targets not reached any more"),
    "reached_again": phrase("{count} targets reached again"),
    "added": phrase("{count} targets added"),
    "gone": phrase("{count} targets not asked any more"),
}
_OUTCOMES = {
    "fail": phrase("fail {count}"),
    "error": phrase("error {count}"),
    "manual": phrase("manual {count}"),
    "pass": phrase("pass {count}"),
    "not_applicable": phrase("not applicable {count}"),
}
_VERDICTS = {
    "met": phrase("{count} met"),
    "partly met": phrase("{count} partly met"),
    "unknown": phrase("{count} unknown"),
    "missed": phrase("{count} missed"),
}
_METRICS = {
    "secscan_run_info": "1; the labels say which run was the last.",
    "secscan_run_started_timestamp_seconds": "When the last run began.",
    "secscan_run_finished_timestamp_seconds": "When the last run ended.",
    "secscan_run_exit_code": "0 all hold, 1 something fails, 2 not written or kept, 3 a target not reached, 4 not judged.",
    "secscan_run_targets": "Targets by whether they were reached.",
    "secscan_run_changes": "Changes since the run before, by kind; missing where there is none to compare with.",
    "secscan_run_notifications": "News by channel and whether they were delivered; 0 where there were none.",
    "secscan_service_objectives": "Objectives of services by what the evidence makes of them.",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over. `documents` gives what was found, host by host; `since` what changed since the last one.

    `written` are the files of its reports, `told` how telling each channel went. `services` is None where none is declared,
    `forgotten` where nothing was to be.
    """

    name: str
    baseline: str
    started_at: float
    finished_at: float
    summary: Summary
    documents: Callable[[], Iterator[Mapping[str, Any]]]
    since: Diff | None
    services: Measured | None
    told: Sequence[Told]
    written: Sequence[Path]
    exit_code: int
    forgotten: Forgotten | None = None

    @property
    def reached(self) -> int:
        """How many targets were reached."""
        return len(self.summary.asked) - len(self.summary.unreachable)

    @property
    def changes(self) -> Mapping[str, int]:
        """How many changes of each kind people are told of since the last run."""
        return Counter(change.kind.value for change in self.since.changes if change.told) if self.since else {}

    @property
    def fates(self) -> Mapping[str, int]:
        """What became of how many hosts since the last run."""
        since = self.since
        if since is None:
            return {}
        whose = (since.unreached, since.reached_again, since.hosts_added, since.hosts_gone)
        return {fate: len(hosts) for fate, hosts in zip(_FATES, whose, strict=True) if hosts}

    @property
    def objectives(self) -> Mapping[str, int]:
        """How many objectives of services have which verdict."""
        services = self.services.figures if self.services else ()
        return Counter(figure.verdict.value for each in services for figure in each.promised.values())


def never_collected(path: Path) -> Message | None:
    """That a file of numbers is one that node_exporter passes over; None where it is not."""
    if path.suffix == ".prom":
        return None
    return Message("{path} does not end in .prom, and node_exporter's textfile collector reads no other files", path=path)


def conclude(finished: Finished, prometheus: Path | None, *, quiet: bool) -> int:
    """Tell others of a run that is over; its exit code, which only numbers that cannot be written change."""
    if prometheus:
        try:
            write_whole(prometheus, _textfile(finished), mode=0o644)
        except SecscanError as error:
            note("write_failed", error.message, "error")
            finished = replace(finished, exit_code=finished.exit_code if finished.exit_code == INTERRUPTED else error.exit_code)
    if is_json():
        text = Message("run {name} ended with exit code {code}", name=finished.name, code=str(finished.exit_code))
        note("run_finished", text, **_facts(finished))
    if not quiet:
        for line in _summary(finished):
            click.echo(line)
    return finished.exit_code


def _facts(finished: Finished) -> dict[str, Any]:
    """A run in figures, for a log."""
    tally = finished.summary.tally
    return {
        "exit_code": finished.exit_code,
        "baseline": finished.baseline,
        "seconds": round(finished.finished_at - finished.started_at, 1),
        "targets": len(finished.summary.asked),
        "reached": finished.reached,
        "counts": dict(sorted(tally.counts.items())),
        "compliance": tally.compliance,
        "coverage": tally.coverage,
        "changes": dict(finished.changes),
        "hosts": dict(finished.fates),
        "objectives": dict(finished.objectives),
        "told": {each.channel: {"news": each.news, "complaint": each.complaint} for each in finished.told},
        "forgotten": [run.name for run in finished.forgotten.runs] if finished.forgotten else [],
        "written": [str(path) for path in finished.written],
    }


def exit_code_with(code: int, services: Measured | None, rule: FailOn) -> int:
    """The exit code of what was judged, and of objectives that no check judges.

    Where the baseline judges objectives, its checks decide, with their severities and waivers. Elsewhere a missed objective
    fails as severely as its service is critical, and one that is not known counts as not judged.
    """
    if services is None or services.objectives_judged:
        return code
    found = [(each.service.criticality, figure.verdict.value) for each in services.figures for figure in each.promised.values()]
    missed = [severity_rank(criticality) for criticality, verdict in found if verdict == "missed"]
    if rule.severity is not None and any(rank >= rule.severity for rank in missed):
        return 1
    return code or (4 if any(verdict in {"unknown", "partly met"} for _, verdict in found) else 0)


def _summary(finished: Finished) -> Iterator[str]:
    """A run in a few lines."""
    yield say("Run {name} of {baseline}", name=finished.name, baseline=finished.baseline)
    for line in _results(finished):
        yield f"  {line}"
    if finished.since:
        yield wrapped(say("since {run}: {changes}", run=finished.since.before.name, changes=_changes(finished)), "  ", 4)
    if finished.services:
        told = [Message(_VERDICTS[verdict], count=count) for verdict, count in finished.objectives.items()]
        yield wrapped(say("objectives of services: {verdicts}", verdicts=told), "  ", 4)
    for each in finished.told:
        if each.news and each.complaint:
            yield "  " + say("could not tell channel {channel}: {count} news", channel=each.channel, count=each.news)
        elif each.news:
            yield "  " + say("told channel {channel}: {count} news", channel=each.channel, count=each.news)
    if finished.forgotten and finished.forgotten.runs:
        forgotten = finished.forgotten
        yield "  " + say(
            "forgot runs {runs}, and of their evidence bundles {bundles}", runs=len(forgotten.runs), bundles=forgotten.bundles
        )
    for path in finished.written:
        yield "  " + say("wrote {path}", path=path)


def _results(finished: Finished) -> Iterator[str]:
    """How many targets and results there are, and the rates."""
    rate = words().rate
    tally, total = finished.summary.tally, len(finished.summary.asked)
    away = total - finished.reached
    yield say("targets {count}, not reached {away}", count=total, away=away) if away else say("targets {count}", count=total)
    yield listed(say(text, count=tally.counts[name]) for name, text in _OUTCOMES.items() if tally.counts.get(name))
    rates = {"compliance": Message(rate(tally.compliance)), "coverage": Message(rate(tally.coverage))}
    yield say("compliance {compliance}, coverage {coverage}", **rates)


def _changes(finished: Finished) -> list[str]:
    """What changed since the last run, a phrase each."""
    if finished.since is None:
        return []
    told: list[str] = [Message(_TOLD[kind], count=count) for kind, count in finished.changes.items() if kind in _TOLD]
    told += [Message(_FATES[fate], count=count) for fate, count in finished.fates.items()]
    return told or [Message("nothing changed")]


def _textfile(finished: Finished) -> Iterator[str]:
    """What the reporter says of every host, and the run as a whole."""
    from secscan.languages import wording  # noqa: PLC0415 - keep --help free of it

    (reporter,) = load_reporters(["prometheus"])
    yield from reporter.write(finished.documents(), wording("en", None))
    samples = list(_samples(finished))
    for metric, described in _METRICS.items():
        yield f"# HELP {metric} {described}\n# TYPE {metric} gauge\n"
        for name, labels, value in samples:
            if name == metric:
                written = ",".join(f'{label}="{text}"' for label, text in labels.items())  # all of them are words of ours
                yield f"{metric}{{{written}}} {value!r}\n"


def _samples(finished: Finished) -> Iterator[tuple[str, Mapping[str, str], float]]:
    whose = {"baseline": finished.baseline}
    yield "secscan_run_info", {**whose, "run": finished.name}, 1.0
    yield "secscan_run_started_timestamp_seconds", whose, round(finished.started_at, 3)
    yield "secscan_run_finished_timestamp_seconds", whose, round(finished.finished_at, 3)
    yield "secscan_run_exit_code", whose, float(finished.exit_code)
    yield "secscan_run_targets", {**whose, "reached": "yes"}, float(finished.reached)
    yield "secscan_run_targets", {**whose, "reached": "no"}, float(len(finished.summary.unreachable))
    if finished.since:
        for kind in _TOLD:  # a series that only appears when something fails cannot be watched
            yield "secscan_run_changes", {**whose, "kind": kind}, float(finished.changes.get(kind, 0))
    for each in finished.told:
        for state, lost in (("delivered", False), ("lost", True)):
            count = each.news if bool(each.complaint) is lost else 0
            yield "secscan_run_notifications", {**whose, "channel": each.channel, "state": state}, float(count)
    for verdict, count in finished.objectives.items():
        yield "secscan_service_objectives", {**whose, "verdict": verdict}, float(count)
