"""`secscan history`: the story of a check on a host."""

from __future__ import annotations

import dataclasses
import json
import time

import click

from secscan.cli.memory import history_option, open_history


@click.command("history")
@click.argument("check")
@click.argument("host")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(check: str, host: str, history: str | None, as_json: bool) -> int:
    """Every change of one check on one host, the oldest first."""
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    story = open_history(history).story(check, host)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(chapter) for chapter in story], indent=1))
        return 0
    version = story[0].status.version
    for chapter in story:
        status = chapter.status
        decided = f", {status.disposition.replace('_', ' ')}" if status.disposition != "none" else ""
        value = f", value {status.fingerprint}" if status.fingerprint else ""
        changed = ", the check had changed" if status.version != version else ""
        subject = f" ({visible(chapter.subject)})" if chapter.subject else ""
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(chapter.at))
        run = f", run {chapter.run}" if chapter.run else ""
        told = f"{moment}  {status.outcome.replace('_', ' ')}{subject}{decided}{value}{changed} ({chapter.baseline}{run})"
        click.echo(click.wrap_text(told, 80, "", " " * 22))
        version = status.version
    return 0
