"""`secscan runs`: what was scanned when, and how long that is remembered."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenGroup
from secscan.cli.content import content_option, load_content
from secscan.cli.journal import say_aside
from secscan.cli.language import listed, named, say, spoken, wrapped
from secscan.cli.memory import history_option, known_history, upgrade_history
from secscan.errors import UsageError
from secscan.messages import Message, counted

if TYPE_CHECKING:
    from secscan.model.attestation import Attestation


@click.group("runs", cls=SpokenGroup)
def command() -> None:
    """List runs, see what fails for how long, and forget old runs."""


@command.command("list")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_runs(history: str | None, as_json: bool) -> int:
    """One line per run, the newest last."""
    runs = known_history(history).runs()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(run) for run in runs], indent=1))
        return 0
    for run in runs:
        told: list[str] = [run.baseline, Message("hosts: {count}", count=run.targets)]
        if run.partial:
            told.append(Message("a part of the inventory"))
        if run.finished_at is None:
            told.append(Message("not finished: {recorded} of {all} hosts", recorded=run.recorded, all=run.targets))
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started_at))
        click.echo(wrapped(listed(map(spoken, told)), f"{run.name}  {moment}  ", 4))
    click.echo("\n" + say("runs: {count}", count=len(runs)))
    return 0


@command.command("failing")
@click.option("--first", type=click.IntRange(1, 99_999), metavar="N", help="Only so many, those that fail longest.")
@history_option
def failing(first: int | None, history: str | None) -> int:
    """What fails now, longest first: since when, how often it came back, and whether it comes and goes."""
    from secscan.lines import pad  # noqa: PLC0415 - keep --help free of it

    now = time.time()
    known = known_history(history).failing(now, first)
    for each in known:
        told: list[str] = [Message("{check} on {subject}", check=each.check, subject=each.host)]
        if each.disposition != "none":
            told.append(named(each.disposition))
        if each.reopened:
            told.append(counted("reopened {count} time", "reopened {count} times", each.reopened))
        if each.flapping:
            told.append(Message("comes and goes"))
        since = time.strftime("%Y-%m-%d", time.gmtime(each.since))
        severity = pad(spoken(named(each.severity)), 8)
        click.echo(wrapped(listed(map(spoken, told)), f"{since}  {severity} ", 12))
    click.echo("\n" + say("failing: {count}", count=len(known)))
    return 0


@command.command("forget")
@click.option(
    "--keep", "policy", required=True, metavar="POLICY", help="daily 30, weekly 12, yearly 7; the two newest always stay."
)
@click.option("--cited-by", "waivers", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Keep the runs in which waivers of this file were given.")  # fmt: skip
@click.option("--attestations", type=click.Path(path_type=Path), metavar="DIR",
              help="Keep the runs that statements there cite, as long as these hold or have open actions.")  # fmt: skip
@content_option
@click.option("--dry-run", is_flag=True, help="Only tell what would be forgotten.")
@history_option
def forget(
    policy: str, waivers: tuple[Path, ...], attestations: Path | None, content: tuple[Path, ...], dry_run: bool, history: str | None
) -> int:
    """Forget runs that a policy does not keep, and their evidence on disk.

    Changes that they brought stay, so that stories stay whole. The policy holds for each baseline and output folder by itself.
    What open waivers and statements cite stays: the last run before each was given, and every run that is named in it or whose
    evidence is, by its digest.
    """
    from secscan.cli.forgetting import forget_runs  # noqa: PLC0415 - keep --help free of it
    from secscan.history.citing import citations  # noqa: PLC0415 - as above
    from secscan.history.retention import parse_policy  # noqa: PLC0415 - as above
    from secscan.waivers import read_waivers  # noqa: PLC0415 - as above

    rule = parse_policy(policy)
    memory = known_history(history, whole=True)
    known = len(memory.runs())
    if not known:
        raise UsageError("the history has no run; allowed: to scan first, with -o")
    cited = citations(read_waivers(waivers), _read_statements(attestations, content), time.time())
    forgotten = forget_runs(memory, rule, cited, dry_run=dry_run)
    for run in forgotten.runs:
        click.echo(run.name)
    figures = {"runs": len(forgotten.runs), "all": known, "bundles": forgotten.bundles}
    if dry_run:
        say_aside(Message("would forget {runs} of {all} runs, and their evidence: {bundles} bundles", **figures))
    else:
        say_aside(Message("forgot {runs} of {all} runs, and their evidence: {bundles} bundles", **figures))
    return 0


def _read_statements(folder: Path | None, content: tuple[Path, ...]) -> tuple[Attestation, ...]:
    if folder is None:
        return ()
    from secscan.attestations.reading import read_attestations  # noqa: PLC0415 - only for statements

    return read_attestations(folder, load_content(content)[0].checks)


@command.command("upgrade")
@history_option
def upgrade(history: str | None) -> int:
    """Bring the tables of an older secscan up to date, all of it or nothing.

    A file is copied beside itself before, and whatever uses it next does the same unasked. Of a database on a server make a
    copy yourself (pg_dump), and update every secscan that works with it: older ones cannot use it afterwards.
    """
    before, copy = upgrade_history(history)
    if before is None:
        say_aside(Message("the history is up to date"))
        return 0
    say_aside(Message("the history is up to date now; its tables were of version {version}", version=before))
    if copy:
        say_aside(Message("{copy} is a copy of it as it was", copy=copy))
    return 0
