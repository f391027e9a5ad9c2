"""`secscan diff`: what changed between two runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click

from secscan.cli.memory import history_option, open_history

if TYPE_CHECKING:
    from secscan.history.records import Change, Diff


@click.command("diff")
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
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it
    from secscan.since import HOSTS, KINDS  # noqa: PLC0415 - as above

    click.echo(f"From {diff.before.name} to {diff.after.name}")
    if diff.before.content_sha256 != diff.after.content_sha256:
        click.echo("Checks or baselines changed in between; what that may have caused is marked.")
    hosts = {"added": diff.hosts_added, "gone": diff.hosts_gone, "unreached": diff.unreached, "reached_again": diff.reached_again}
    for fate, title in HOSTS.items():
        if names := hosts[fate]:
            click.echo(click.wrap_text(f"{title} ({len(names)}): {', '.join(map(visible, names))}", 80, "\n", "  "))
    by_kind = {kind: list(changes) for kind, changes in groupby(diff.changes, key=lambda change: change.kind.value)}
    for kind, title in KINDS.items():
        if changes := by_kind.get(kind):
            click.echo(f"\n{title} ({len(changes)})")
            _list(changes)
    click.echo(f"\nStill failing: {diff.still_failing}")


def _list(changes: Iterable[Change]) -> None:
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    for change in changes:
        severity = (change.after or change.before).severity if change.after or change.before else ""  # type: ignore[union-attr] # one is there
        outcomes = " -> ".join(status.outcome.replace("_", " ") for status in (change.before, change.after) if status)
        where = visible(change.host) + (f" ({visible(change.subject)})" if change.subject else "")
        cause = "; the check changed too" if change.content else ""
        click.echo(click.wrap_text(f"{severity:<9} {change.check} on {where}: {outcomes}{cause}", 80, "  ", " " * 12))
