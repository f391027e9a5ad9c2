"""`secscan diff`: what changed between two runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenCommand
from secscan.cli.language import named, say, spoken, wrapped
from secscan.cli.memory import history_option, open_history
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.history.records import Change, Diff


@click.command("diff", cls=SpokenCommand)
@click.argument("before", default="previous", metavar="[RUN")
@click.argument("after", default="latest", metavar="RUN]")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--fail-on-new", is_flag=True, help="Exit code 1 when something fails that did not before.")
def command(before: str, after: str, history: str | None, as_json: bool, fail_on_new: bool) -> int:
    """What changed from one run to a later one: from the previous one to the latest unless given."""
    memory = open_history(history)
    diff = memory.diff(memory.run(before), memory.run(after))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(diff), indent=1))
    else:
        _show(diff)
    return int(fail_on_new and any(change.kind == "new" for change in diff.changes))


def _show(diff: Diff) -> None:
    from secscan.since import HOSTS, KINDS  # noqa: PLC0415 - keep --help free of it

    click.echo(say("From {before} to {after}", before=diff.before.name, after=diff.after.name))
    if diff.before.content_sha256 != diff.after.content_sha256:
        click.echo(wrapped(say("Checks or baselines changed in between; what that may have caused is marked.")))
    hosts = {"added": diff.hosts_added, "gone": diff.hosts_gone, "unreached": diff.unreached, "reached_again": diff.reached_again}
    for fate, title in HOSTS.items():
        if names := hosts[fate]:
            told = say("{title} ({count}): {names}", title=Message(title), count=len(names), names=list(names))
            click.echo("\n" + wrapped(told, hanging=2))
    by_kind = {kind: list(changes) for kind, changes in groupby(diff.changes, key=lambda change: change.kind.value)}
    for kind, title in KINDS.items():
        if changes := by_kind.get(kind):
            click.echo("\n" + say("{title} ({count})", title=Message(title), count=len(changes)))
            _list(changes)
    click.echo("\n" + say("Still failing: {count}", count=diff.still_failing))


def _list(changes: Iterable[Change]) -> None:
    from secscan.lines import pad  # noqa: PLC0415 - keep --help free of it

    for change in changes:
        severity = (change.after or change.before).severity if change.after or change.before else ""  # type: ignore[union-attr] # one is there
        found = [named(status.outcome) for status in (change.before, change.after) if status]
        outcomes = Message("{before} -> {after}", before=found[0], after=found[1]) if len(found) > 1 else found[0]
        where = Message("{host} ({subject})", host=change.host, subject=change.subject) if change.subject else change.host
        told = Message("{check} on {where}: {outcomes}", check=change.check, where=where, outcomes=outcomes)
        text = say("{change}; the check changed too", change=told) if change.content else spoken(told)
        click.echo(wrapped(text, f"  {pad(spoken(named(severity)), 9)} ", 12))
