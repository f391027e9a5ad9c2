"""`secscan history`: the story of a check on a host."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenCommand
from secscan.cli.language import named, say, wrapped
from secscan.cli.memory import history_option, known_history
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.history.records import Chapter


@click.command("history", cls=SpokenCommand)
@click.argument("check")
@click.argument("host")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(check: str, host: str, history: str | None, as_json: bool) -> int:
    """Every change of one check on one host, the oldest first."""
    story = known_history(history).story(check, host)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(chapter) | {"status": chapter.status._asdict()} for chapter in story], indent=1))
        return 0
    version = story[0].status.version
    for chapter in story:
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(chapter.at))
        click.echo(wrapped(_told(chapter, changed=chapter.status.version != version), f"{moment}  ", 22))
        version = chapter.status.version
    return 0


def _told(chapter: Chapter, *, changed: bool) -> str:
    """One chapter in a line: `fail (a.conf), waived, value 1a2b, the check had changed (un_minimum, run ...)`."""
    status, found = chapter.status, named(chapter.status.outcome)
    facts: list[str] = [Message("{outcome} ({subject})", outcome=found, subject=chapter.subject) if chapter.subject else found]
    if status.disposition != "none":
        facts.append(named(status.disposition))
    if status.fingerprint:
        facts.append(Message("value {fingerprint}", fingerprint=status.fingerprint))
    if changed:
        facts.append(Message("the check had changed"))
    source = [chapter.baseline, *([Message("run {run}", run=chapter.run)] if chapter.run else [])]
    return say("{facts} ({source})", facts=facts, source=source)
