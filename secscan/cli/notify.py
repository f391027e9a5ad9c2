"""`secscan notify`: whether messages arrive, and whether runs happen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenGroup
from secscan.cli.configuration import configuration_of
from secscan.cli.files import prepare_folder
from secscan.cli.language import say
from secscan.cli.memory import history_option, open_history
from secscan.cli.reports import LANGUAGE_OPTIONS
from secscan.errors import SecscanError, UsageError

if TYPE_CHECKING:
    from secscan.cli.channels import Notify
    from secscan.history.records import Run
    from secscan.notifying.letter import Circumstances

_BASELINE = click.option("-b", "--baseline", default="un_minimum", show_default=True, metavar="ID", help="As of secscan run.")
_LANGUAGE, _TERMS = LANGUAGE_OPTIONS


@click.group("notify", cls=SpokenGroup)
def command() -> None:
    """Try the channels of secscan.yml, and tell when a run did not happen."""


@command.command("test")
@click.argument("names", nargs=-1, metavar="[CHANNEL]...")
@_BASELINE
@_LANGUAGE
@_TERMS
@click.pass_context
def test(context: click.Context, /, names: tuple[str, ...], baseline: str, language: str, terms: Path | None) -> int:
    """Send a message that says that nothing happened, through every channel or these. Exit code 1 when one does not arrive."""
    from secscan.cli.telling import deliver, words_of  # noqa: PLC0415 - keep --help free of it
    from secscan.notifying.letter import write_test  # noqa: PLC0415 - as above

    notify = _notify(context)
    known = [channel.name for channel in notify.channels]
    if unknown := [name for name in names if name not in known]:
        raise UsageError("no channel is named {name!r}; allowed: {allowed}", name=unknown[0], allowed=known)
    words, failed = words_of(notify, language, terms), 0
    for channel in notify.channels:
        if names and channel.name not in names:
            continue
        letter = write_test(_about(baseline), words[channel.name])
        complaint = deliver(channel, lambda limit, letter=letter: letter)  # type: ignore[misc] # mypy sees no default of a lambda
        failed += bool(complaint)
        if not complaint:
            click.echo(say("{channel}: delivered", channel=channel.name))
    return int(failed > 0)


@command.command("check")
@click.option(
    "--every", metavar="SPAN", help="A run did not happen when the last one is longer ago; `every` of secscan.yml unless given."
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="As of secscan run.")
@_BASELINE
@_LANGUAGE
@_TERMS
@history_option
@click.pass_context
def check(
    context: click.Context, /, every: str | None, output: Path | None, baseline: str, language: str, terms: Path | None,
    history: str | None,
) -> int:  # fmt: skip
    """Tell when the last whole run is too long ago: for cron or monitoring, best on another machine with the same history.

    Prints one line. Exit code 1 when a run did not happen, 2 when that cannot be known; the channels are told of both, once and
    then as often as `remind` says.
    """
    from secscan.cli.telling import Speech, tell, words_of  # noqa: PLC0415 - keep --help free of it
    from secscan.notifying.looking import missed, unknown  # noqa: PLC0415 - as above

    notify = configuration_of(context).notify
    every_s = _seconds(every) if every else notify.every_s if notify else None
    if every_s is None:
        raise UsageError("nobody says how often runs happen; allowed: every: 26h below notify: in secscan.yml, or --every 26h")
    if output is None:
        raise UsageError("the folder of the runs is missing; allowed: output: DIR in secscan.yml, or -o DIR")
    words, folder = words_of(notify, language, terms) if notify else {}, output
    try:
        last = _last_run(history, baseline, prepare_folder(folder))
    except SecscanError as error:  # whoever watches must not fall silent just when what it watches is gone
        if notify:
            tell(notify, words, folder, Speech((unknown(str(error)),), None, _about(baseline)))
        raise
    item = missed(last.name if last else "", last.finished_at if last else None, time.time(), every_s)
    click.echo(_described(last, late=item is not None))
    if item and notify:
        tell(notify, words, folder, Speech((item,), None, _about(baseline)))
    return int(item is not None)


def _notify(context: click.Context) -> Notify:
    notify = configuration_of(context).notify
    if notify is None:
        raise UsageError("there is nobody to tell; allowed: notify: with channels in secscan.yml (docs/operations.md)")
    return notify


def _seconds(text: str) -> float:
    from secscan.model.values import read_duration  # noqa: PLC0415 - keep --help free of it

    try:
        seconds = read_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise UsageError("--every cannot be {text!r}; allowed: a duration such as 26h or 8d", text=text)
    return seconds


def _last_run(history: str | None, baseline: str, folder: Path) -> Run | None:
    """The last whole run by the baseline into the folder."""
    alike = (baseline, str(folder.absolute()))
    whole = [run for run in open_history(history, whole=False).runs() if run.whole and run.series == alike]
    return max(whole, key=lambda run: run.finished_at or 0.0, default=None)


def _described(last: Run | None, *, late: bool) -> str:
    if last is None:
        return say("no run has ever finished")
    moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(last.finished_at))
    if late:
        return say("too long ago: the last run, {run}, finished {moment}", run=last.name, moment=moment)
    return say("the last run, {run}, finished {moment}", run=last.name, moment=moment)


def _about(baseline: str) -> Circumstances:
    from secscan.notifying.letter import Circumstances  # noqa: PLC0415 - keep --help free of it

    return Circumstances(baseline, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
