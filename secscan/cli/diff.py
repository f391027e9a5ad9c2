"""`secscan diff`: what changed between two runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenCommand
from secscan.cli.kept import SETTLED
from secscan.cli.language import named, say, spoken, wrapped
from secscan.cli.memory import history_option, known_history
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.history.records import Change, Diff
    from secscan.history.states import Status


@click.command("diff", cls=SpokenCommand)
@click.argument("before", default="previous", metavar="[RUN")
@click.argument("after", default="latest", metavar="RUN]")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--fail-on-new", is_flag=True, help="Exit code 1 when something fails that did not before.")
def command(before: str, after: str, history: str | None, as_json: bool, fail_on_new: bool) -> int:
    """What changed from one run to a later one.

    Unless given, from the run before it, of the same baseline and folder, to the latest that came to its end.
    """
    memory = known_history(history)
    later = memory.run(after)
    earlier = memory.run_before(later) if before == "previous" else memory.run(before)
    diff = memory.diff(earlier, later).with_added_hosts_apart()
    if as_json:
        click.echo(json.dumps(_written(diff), indent=1))
    else:
        _show(diff)
    return int(fail_on_new and any(map(_fails_anew, diff.changes)))


def _written(diff: Diff) -> dict[str, Any]:
    """As JSON has it."""
    told = {field.name: getattr(diff, field.name) for field in dataclasses.fields(diff)}
    runs = {"before": dataclasses.asdict(diff.before), "after": dataclasses.asdict(diff.after)}
    return told | runs | {"changes": [_written_change(change) for change in diff.changes]}


def _written_change(change: Change) -> dict[str, Any]:
    statuses = {"before": change.before, "after": change.after, "failed_before": change.failed_before}
    return change._asdict() | {name: status and status._asdict() for name, status in statuses.items()}


def _fails_anew(change: Change) -> bool:
    """Whether something fails that did not before, or was not asked before, and nobody has accepted it."""
    if change.after is None or change.kind not in ("new", "host_added", "check_added"):
        return False
    return change.after.outcome == "fail" and change.after.disposition not in SETTLED


def _show(diff: Diff) -> None:
    from secscan.since import HOSTS, KINDS  # noqa: PLC0415 - keep --help free of it

    click.echo(say("From {before} to {after}", before=diff.before.name, after=diff.after.name))
    for remark in _remarks(diff):
        click.echo(wrapped(spoken(remark)))
    if diff.before.content_sha256 != diff.after.content_sha256:
        click.echo(wrapped(say("Checks or baselines changed in between; what that may have caused is marked.")))
    hosts = {"added": diff.hosts_added, "gone": diff.hosts_gone, "unreached": diff.unreached, "reached_again": diff.reached_again}
    for fate, title in HOSTS.items():
        if names := hosts[fate]:
            told = say("{title} ({count}): {names}", title=Message(title), count=len(names), names=list(names))
            click.echo("\n" + wrapped(told, hanging=2))
    listed = (change for change in diff.changes if change.told)
    by_kind = {kind: list(changes) for kind, changes in groupby(listed, key=lambda change: change.kind.value)}
    for kind, title in KINDS.items():
        if changes := by_kind.get(kind):
            click.echo("\n" + say("{title} ({count})", title=Message(title), count=len(changes)))
            _list(changes)
    click.echo("\n" + say("Still failing: {count}", count=diff.still_failing))


def _remarks(diff: Diff) -> Iterator[Message]:
    """What keeps two runs from being alike."""
    if diff.before.baseline != diff.after.baseline:
        bases = {"before": diff.before.baseline, "after": diff.after.baseline}
        yield Message("The first is by baseline {before}, the second by {after}.", **bases)
    for run in (diff.before, diff.after):
        if run.finished_at is None:
            told = Message("not finished: {recorded} of {all} hosts", recorded=run.recorded, all=run.targets)
            yield Message("{host}: {summary}", host=run.name, summary=told)
        elif run.partial:
            yield Message("{host}: {summary}", host=run.name, summary=Message("a part of the inventory"))


def _list(changes: Iterable[Change]) -> None:
    from secscan.lines import pad  # noqa: PLC0415 - keep --help free of it

    for change in changes:
        severity = (change.after or change.before).severity if change.after or change.before else ""  # type: ignore[union-attr] # one is there
        statuses = (change.failed_before if change.kind != "decided" else None, change.before, change.after)
        found = [named(_word(change, status)) for status in statuses if status]
        outcomes = reduce(lambda told, word: Message("{before} -> {after}", before=told, after=word), found)
        where = Message("{host} ({subject})", host=change.host, subject=change.subject) if change.subject else change.host
        told = Message("{check} on {where}: {outcomes}", check=change.check, where=where, outcomes=outcomes)
        text = say("{change}; the check changed too", change=told) if change.content else spoken(told)
        click.echo(wrapped(text, f"  {pad(spoken(named(severity)), 9)} ", 12))


def _word(change: Change, status: Status) -> str:
    """The outcome, or what people decided where that is what changed: `fail -> waived`."""
    return status.disposition if change.kind == "decided" and status.disposition != "none" else status.outcome
