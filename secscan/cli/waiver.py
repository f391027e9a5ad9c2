"""`secscan waiver`: failures that somebody answerable accepts until a date."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenGroup
from secscan.cli.configuration import configuration_of
from secscan.cli.content import content_option, load_content
from secscan.cli.journal import say_aside
from secscan.cli.language import say, spoken, wrapped
from secscan.cli.turns import in_turn_at
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.model.waiver import Scope, Waiver

DEFAULT = Path("waivers.yml")
_FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
_SAVED = click.option(
    "--saved", type=click.Path(path_type=Path), metavar="DIR", help="The folder that `secscan scan -o` wrote: what is failing now."
)


@click.group("waiver", cls=SpokenGroup)
def command() -> None:
    """Accept failures until a date, and see which acceptances still hold."""


@command.command("add")
@click.argument("checks", nargs=-1, metavar="[CHECK]...")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to add it to; default: that of secscan.yml, else waivers.yml.",
)
@_SAVED
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Only on this host, * and ? allowed; may be repeated.")
@click.option("--site", "sites", multiple=True, metavar="ID", help="Only at this site; may be repeated.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="Only on hosts with this label; may be repeated, with other values of it, or for other labels that they must have too.",
)
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only for this service, on no host; may be repeated.")
@click.option("--requirement", "requirements", multiple=True, metavar="ID", help="For every check that serves it; may be repeated.")
@click.option("--justification", required=True, metavar="TEXT", help="Why it is acceptable.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--approver", required=True, metavar="NAME", help="Who accepts it; not the owner.")
@click.option("--expires", required=True, metavar="DATE", help="The last day it holds, UTC.")
@click.option("--starts", metavar="DATE", help="The first day it holds, UTC; today unless given.")
@click.option("--ticket", default="", metavar="TEXT", help="Where it was discussed.")
@click.option("--id", "name", metavar="ID", help="Its name; made from the date unless given.")
@click.option("--any-value", is_flag=True, help="Whatever the value is, and not only the one that is observed now.")
@click.option("-b", "--baseline", metavar="ID", help="Tell when it allows no waiver for so long.")
@content_option
def add(
    checks: tuple[str, ...],
    path: Path | None,
    saved: Path | None,
    any_value: bool,
    baseline: str | None,
    content: tuple[Path, ...],
    **told: Any,
) -> int:
    """Accept what fails now. With --saved it is bound to the values observed there: another value must be reviewed again."""
    from secscan.content.renames import follow  # noqa: PLC0415 - keep --help free of it
    from secscan.waiver_review import faults, prolonged  # noqa: PLC0415 - as above
    from secscan.waivers import add_waiver  # noqa: PLC0415 - as above

    if bool(saved) == any_value:
        raise UsageError("a waiver is given for observed values; allowed: either --saved DIR, or --any-value")
    path = path or _only_file()
    with in_turn_at(path.resolve().parent):  # two that are added at once would have one id, and one of them would be lost
        waiver = _told(checks, path, told, any_value)
        if saved:
            waiver = replace(waiver, observed=_observed(waiver, saved))
        add_waiver(path, waiver)
    click.echo(say("{path}: added {id}", path=path, id=waiver.id), err=True)
    library, _ = load_content(content)
    judge = library.baseline(baseline) if baseline else None
    together = follow(_read_with(path), library.checks)
    told_of = [fault for each in together if each.id == waiver.id for fault in faults(each, library, judge)]
    if judge:
        told_of += [each.message for each in prolonged(together, judge, time.time()) if each.waiver == waiver.id]
    for fault in told_of:
        say_aside(Message("note: {note}", note=Message("{host}: {summary}", host=waiver.id, summary=fault)))
    return 0


def _told(checks: tuple[str, ...], path: Path, told: dict[str, Any], any_value: bool) -> Waiver:
    """The waiver that the options describe, checked as if it had been read from a file."""
    from secscan.model.values import WRITTEN, Type  # noqa: PLC0415 - keep --help free of it
    from secscan.model.waiver import Waiver  # noqa: PLC0415 - as above
    from secscan.waivers import read_moment  # noqa: PLC0415 - as above

    def moment(option: str, text: str, *, end: bool = False) -> float:
        try:
            return read_moment(text, end=end)
        except ValueError:
            raise UsageError(
                "--{option} cannot be {text!r}; allowed: {written}", option=option, text=text, written=WRITTEN[Type.TIMESTAMP]
            ) from None

    if not checks and not told["requirements"]:
        raise UsageError("a waiver says nothing about what it waives; allowed: CHECK..., or --requirement ID")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    starts_at = moment("starts", told["starts"] or today)
    expires_at = moment("expires", told["expires"], end=True)
    for option in ("justification", "owner", "approver"):
        if not told[option].strip():
            raise UsageError("--{option} is empty; allowed: a text", option=option)
    if told["owner"].casefold() == told["approver"].casefold():
        raise UsageError("owner and approver must be different people; allowed: --approver somebody else")
    if expires_at <= starts_at or expires_at <= time.time():
        raise UsageError("--expires {expires} is over already, or before it starts; allowed: a later day", expires=told["expires"])
    return Waiver(
        id=_new_id(told["name"], path, today),
        justification=told["justification"],
        owner=told["owner"],
        approver=told["approver"],
        starts_at=starts_at,
        expires_at=expires_at,
        checks=checks,
        requirements=told["requirements"],
        scope=_scope(told),
        ticket=told["ticket"],
        any_value=any_value,
    )


def _scope(told: dict[str, Any]) -> Scope:
    """The scope that the options describe."""
    from secscan.model.waiver import Scope  # noqa: PLC0415 - keep --help free of it

    if told["services"] and (told["hosts"] or told["sites"] or told["labels"]):
        raise UsageError(
            "--service cannot go with --host, --site or --label, because a service is judged by itself and on no host; "
            "allowed: --service alone, or a waiver for each"
        )
    labels: dict[str, tuple[str, ...]] = {}
    for text in told["labels"]:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not name or not sign:
            raise UsageError("--label cannot be {text!r}; allowed: NAME=VALUE, as the inventory has it", text=text)
        labels[name] = (*labels.get(name, ()), value)
    return Scope(told["hosts"], told["sites"], labels, told["services"])


def _new_id(name: str | None, path: Path, today: str) -> str:
    """The id that is wanted, or a free one. Ids are taken by every file of the project, because they are read together."""
    known = {waiver.id: waiver for waiver in _read_with(path)}
    if name in known:
        raise UsageError("{path}: has a waiver {id!r} already; allowed: an id of its own", path=known[name].path, id=name)
    return name or next(free for number in range(1, len(known) + 2) if (free := f"W-{today}-{number}") not in known)


@command.command("list")
@_FILES
def list_waivers(files: tuple[Path, ...]) -> int:
    """One line per waiver: whether it holds today, until when, what for, who answers for it."""
    now = time.time()
    for waiver in _read(files):
        click.echo(_line(waiver, now))
    return 0


@command.command("expiring")
@_FILES
@click.option("--within", default="30d", show_default=True, metavar="DURATION", help="How far to look ahead.")
def expiring(files: tuple[Path, ...], within: str) -> int:
    """Waivers that are over, or will be soon. Exit code 1 when there is one."""
    from secscan.model.values import WRITTEN, Type, read_duration  # noqa: PLC0415 - keep --help free of it

    try:
        horizon = time.time() + read_duration(within)
    except ValueError:
        raise UsageError(
            "--within cannot be {within!r}; allowed: {written}", within=within, written=WRITTEN[Type.DURATION]
        ) from None
    now = time.time()
    found = sorted((waiver for waiver in _read(files) if waiver.expires_at <= horizon), key=lambda waiver: waiver.expires_at)
    for waiver in found:
        click.echo(_line(waiver, now))
    return 1 if found else 0


@command.command("check")
@_FILES
@_SAVED
@click.option("-b", "--baseline", metavar="ID", help="Also what this baseline allows: its checks, and how long a waiver may be.")
@content_option
def check(files: tuple[Path, ...], saved: Path | None, baseline: str | None, content: tuple[Path, ...]) -> int:
    """What is wrong with waivers: unknown checks, unused, overlapping, too long, over. Exit code 1 when something is."""
    from secscan.content.renames import follow  # noqa: PLC0415 - keep --help free of it
    from secscan.waiver_review import review  # noqa: PLC0415 - as above

    library, _ = load_content(content)
    waivers, judge = follow(_read(files), library.checks), library.baseline(baseline) if baseline else None
    remarks = review(waivers, library, judge, _documents(saved) if saved else None, time.time())
    for remark in remarks:
        click.echo(spoken(remark.told))
    click.echo(say("{count} to look at", count=len(remarks)) if remarks else say("nothing to look at"))
    return 1 if remarks else 0


def _read(files: Sequence[Path]) -> tuple[Waiver, ...]:
    from secscan.waivers import read_waivers  # noqa: PLC0415 - keep --help free of it

    return read_waivers(files or _files_of_the_project() or [DEFAULT])


def _read_with(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file and of the other files of the project, as far as they are there."""
    from secscan.waivers import read_waivers  # noqa: PLC0415 - keep --help free of it

    together = {each.absolute(): each for each in (path, *_files_of_the_project())}
    return read_waivers(each for each in together.values() if each.exists())


def _files_of_the_project() -> list[Path]:
    """The waiver files that secscan.yml names."""
    setting = configuration_of(click.get_current_context()).settings.get("waivers")
    return [Path(each) for each in setting.value] if setting else []


def _only_file() -> Path:
    """The file that a waiver is added to unless one is named."""
    files = _files_of_the_project() or [DEFAULT]
    if len(files) > 1:
        raise UsageError("the project has several waiver files; allowed: --file with one of {files}", files=list(map(str, files)))
    return files[0]


def _documents(saved: Path) -> Iterator[dict[str, Any]]:
    """The saved assessments of a folder, one at a time."""
    from secscan.assessments import read_document  # noqa: PLC0415 - keep --help free of it

    paths = sorted((saved / "hosts").glob("*.json"))
    if not paths:
        raise UsageError("{saved}: holds no assessment; allowed: a folder that `secscan scan -o` wrote", saved=saved)
    for path in paths:
        yield read_document(path)


def _observed(waiver: Waiver, saved: Path) -> dict[str, dict[str, str]]:
    """The fingerprints of what the waiver covers and fails in a folder. UsageError when nothing does."""
    from secscan.waiver_review import covered_results  # noqa: PLC0415 - keep --help free of it

    observed: dict[str, dict[str, str]] = {}
    for document in _documents(saved):
        for result in covered_results(waiver, document):
            if result["fingerprint"]:
                observed.setdefault(result["subject"], {})[result["check"]] = result["fingerprint"]
    if not observed:
        raise UsageError(
            "{saved}: nothing that this waiver covers fails there; allowed: checks and hosts with a failure", saved=saved
        )
    return observed


def _line(waiver: Waiver, now: float) -> str:
    """Whether a waiver holds, and what it says, wrapped."""
    from secscan.inert import columns  # noqa: PLC0415 - keep --help free of it
    from secscan.lines import pad  # noqa: PLC0415 - as above

    states = (say("future"), say("holds"), say("over"))
    state = states[0 if now < waiver.starts_at else 1 if now < waiver.expires_at else 2]
    width = max(8, *map(columns, states))
    return wrapped(_describe(waiver), f"{pad(state, width)} ", width + 1)


def _describe(waiver: Waiver) -> str:
    from secscan.waivers import last_day  # noqa: PLC0415 - keep --help free of it

    labels = (f"{name}={'|'.join(values)}" for name, values in waiver.scope.labels.items())
    where = [*waiver.scope.hosts, *(Message("site {site}", site=site) for site in waiver.scope.sites), *labels]
    where += [Message("service {service}", service=service) for service in waiver.scope.services]
    return say(
        "{id}: {checks} on {where}, until {day}. {justification} (owner {owner})", id=waiver.id,
        checks=[*waiver.checks, *waiver.requirements], where=where or Message("every host"), day=last_day(waiver.expires_at),
        justification=waiver.justification, owner=waiver.owner,
    )  # fmt: skip
