"""`secscan runs`: what was scanned when, and how long that is remembered."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli.content import content_option, load_content
from secscan.cli.memory import history_option, open_history
from secscan.errors import UsageError

if TYPE_CHECKING:
    from secscan.model.attestation import Attestation


@click.group("runs")
def command() -> None:
    """List runs, see what fails for how long, and forget old runs."""


@command.command("list")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_runs(history: str | None, as_json: bool) -> int:
    """One line per run, the newest last."""
    runs = open_history(history).runs()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(run) for run in runs], indent=1))
        return 0
    for run in runs:
        state = "" if run.finished_at is not None else f", not finished: {run.recorded} of {run.targets} hosts"
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started_at))
        click.echo(click.wrap_text(f"{run.name}  {moment}  {run.baseline}, hosts: {run.targets}{state}", 80, "", "    "))
    click.echo(f"\nruns: {len(runs)}")
    return 0


@command.command("failing")
@history_option
def failing(history: str | None) -> int:
    """What fails now, longest first: since when, how often it came back, and whether it comes and goes."""
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    now = time.time()
    known = open_history(history).failing(now)
    for each in known:
        state = each.state
        again = f", reopened {state.reopened} times" if state.reopened else ""
        flapping = ", comes and goes" if each.flapping else ""
        since = time.strftime("%Y-%m-%d", time.gmtime(state.since))
        told = f"{since}  {state.status.severity:<8} {each.check} on {visible(each.host)}{again}{flapping}"
        click.echo(click.wrap_text(told, 80, "", " " * 12))
    click.echo(f"\nfailing: {len(known)}")
    return 0


@command.command("forget")
@click.option(
    "--keep", "policy", required=True, metavar="POLICY", help="daily 30, weekly 12, yearly 7; the newest run always stays."
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
    memory = open_history(history)
    known = len(memory.runs())
    if not known:
        raise UsageError("the history has no run; allowed: to scan first, with -o")
    cited = citations(read_waivers(waivers), _read_statements(attestations, content), time.time())
    forgotten = forget_runs(memory, rule, cited, dry_run=dry_run)
    for run in forgotten.runs:
        click.echo(run.name)
    verb = "would forget" if dry_run else "forgot"
    click.echo(f"secscan: {verb} {len(forgotten.runs)} of {known} runs, and their evidence: {forgotten.bundles} bundles", err=True)
    return 0


def _read_statements(folder: Path | None, content: tuple[Path, ...]) -> tuple[Attestation, ...]:
    if folder is None:
        return ()
    from secscan.attestations.reading import read_attestations  # noqa: PLC0415 - only for statements

    return read_attestations(folder, load_content(content)[0].checks)
