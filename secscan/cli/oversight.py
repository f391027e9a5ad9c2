"""`secscan oversight`: recommendations of oversight bodies, what results say of them, and how long they have been open."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli.content import content_option, load_content
from secscan.errors import UsageError

if TYPE_CHECKING:
    from secscan.model.recommendation import Recommendation
    from secscan.oversight.ageing import Group
    from secscan.oversight.proposing import Proposal

DEFAULT = Path("oversight.yml")
_REGISTER = click.option(
    "--register", "registers", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help=f"A register of recommendations; {DEFAULT} unless given; may be repeated.",
)  # fmt: skip
_SAVED = click.option(
    "--saved", type=click.Path(path_type=Path), metavar="DIR", help="The folder that `secscan scan -o` wrote: what results say."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group("oversight")
def command() -> None:
    """Follow recommendations of oversight bodies: what results say of them, and how long they have been open."""


@command.command("list")
@_REGISTER
@_SAVED
@content_option
@_JSON
def list_recommendations(registers: tuple[Path, ...], saved: Path | None, content: tuple[Path, ...], as_json: bool) -> int:
    """One line per recommendation: what the register says, and with --saved what the results of that run propose.

    A proposal changes nothing: only people set a status. Exits 1 where the register says that nothing is to be done and results say
    that something is.
    """
    found = _read(registers, content)
    proposals = _propose(found, saved)
    if as_json:
        _print_json([_document(each, proposals.get(each.id), time.time()) for each in found])
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    for each in () if as_json else found:
        day = f"due {_day(each.due_at)}" if each.closed_at is None else f"closed {_day(each.closed_at)}"
        click.echo(visible(f"{each.status.value:<13}{day:<19}{each.id}  {each.source}, owner {each.owner}"))
        if proposal := proposals.get(each.id):
            click.echo(visible(f"  {_tell(proposal)}"))
    return 1 if any(proposal.at_odds for proposal in proposals.values()) else 0


@command.command("show")
@click.argument("name", metavar="ID")
@_REGISTER
@_SAVED
@content_option
@_JSON
def show(name: str, registers: tuple[Path, ...], saved: Path | None, content: tuple[Path, ...], as_json: bool) -> int:
    """Everything about one recommendation."""
    from secscan.documents import did_you_mean  # noqa: PLC0415 - only for a mistake
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    known = {each.id: each for each in _read(registers, content)}
    if name not in known:
        raise UsageError(f"no recommendation is named {name!r}{did_you_mean(name, known)}; allowed: secscan oversight list")
    each, now = known[name], time.time()
    proposal = _propose([each], saved).get(name)
    if as_json:
        return _print_json(_document(each, proposal, now))
    for line in _lines(each, proposal, now):
        click.echo(visible(line))
    return 0


@command.command("ageing")
@_REGISTER
@content_option
@_JSON
def ageing(registers: tuple[Path, ...], content: tuple[Path, ...], as_json: bool) -> int:
    """How long open recommendations have been open and overdue, alone and by source and owner. Exits 1 when one is overdue."""
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it
    from secscan.oversight.ageing import group_by, order_by_age  # noqa: PLC0415 - as above

    found, now = _read(registers, content), time.time()
    still = order_by_age(found, now)
    groups = {"source": group_by(found, lambda each: each.source.partition(",")[0], now)}
    groups["owner"] = group_by(found, lambda each: each.owner, now)
    late = any(each.days_overdue(now) for each in still)
    if as_json:
        grouped = {f"by_{kind}": [dataclasses.asdict(group) for group in listed] for kind, listed in groups.items()}
        _print_json({"as_of": now, "open": [_document(each, None, now) for each in still], **grouped})
        return 1 if late else 0
    for each in still:
        overdue = f", overdue {each.days_overdue(now)} days" if each.days_overdue(now) else f", due {_day(each.due_at)}"
        click.echo(visible(f"{each.days_open(now):>5} days open{overdue}: {each.id}  {each.source}, owner {each.owner}"))
    for kind, listed in groups.items():
        for group in listed:
            click.echo(visible(f"{kind} {group.name}: {_tell_group(group)}"))
    return 1 if late else 0


def _read(registers: tuple[Path, ...], content: tuple[Path, ...]) -> tuple[Recommendation, ...]:
    from secscan.oversight.reading import Known, read_registers  # noqa: PLC0415 - keep --help free of it

    library, _ = load_content(content)
    return read_registers(registers or (DEFAULT,), Known(library.checks, library.requirements))


def _propose(found: Any, saved: Path | None) -> dict[str, Proposal]:
    """What the results of a saved run propose, by id; nothing without one."""
    if saved is None:
        return {}
    from secscan.oversight.proposing import propose  # noqa: PLC0415 - only with --saved

    return {each.recommendation.id: each for each in propose(found, _documents(saved))}


def _documents(saved: Path) -> Iterator[dict[str, Any]]:
    from secscan.assessments import read_document  # noqa: PLC0415 - only with --saved

    folder = saved / "hosts" if (saved / "hosts").is_dir() else saved
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise UsageError(f"no assessment in {folder}; allowed: the folder that secscan scan -o wrote")
    for path in paths:
        yield read_document(path)


def _tell(proposal: Proposal) -> str:
    accepted = f" ({proposal.waived} waived)" if proposal.waived else ""
    said = proposal.status.value if proposal.status else "nothing"
    warning = "; the register says otherwise" if proposal.at_odds else ""
    return f"results propose {said}: {proposal.why}{accepted}{warning}"


def _tell_group(group: Group) -> str:
    late = f", {group.overdue} overdue, by {group.median_overdue:g} days in the median" if group.median_overdue is not None else ""
    return f"{group.open} open, for {group.median_open:g} days in the median, {group.oldest} at most{late}"


def _lines(each: Recommendation, proposal: Proposal | None, now: float) -> Iterator[str]:
    yield f"{each.id}: {each.text}"
    yield f"  source      {each.source}"
    yield f"  status      {each.status.value}" + (f", closed {_day(each.closed_at)}" if each.closed_at is not None else "")
    if proposal:
        yield f"  results     {_tell(proposal)}"
    yield f"  owner       {each.owner}"
    yield f"  root cause  {each.root_cause}"
    overdue = f", overdue {each.days_overdue(now)} days" if each.days_overdue(now) else ""
    day = datetime.fromtimestamp(each.raised_at, UTC)
    yield f"  days        raised {day:%Y-%m-%d}, due {_day(each.due_at)}, {each.days_open(now)} days open{overdue}"
    for title, names in (("checks", each.checks), ("serves", each.requirements)):
        if names:
            yield f"  {title:<12}{', '.join(names)}"
    if each.note:
        yield f"  note        {each.note}"
    yield f"  place       {each.path}:{each.line}"


def _document(each: Recommendation, proposal: Proposal | None, now: float) -> dict[str, Any]:
    told: dict[str, Any] = dataclasses.asdict(each)
    told |= {"days_open": each.days_open(now), "days_overdue": each.days_overdue(now), "proposal": None}
    if proposal:
        told["proposal"] = {
            "status": proposal.status, "why": proposal.why, "counts": dict(proposal.counts), "waived": proposal.waived,
            "at_odds": proposal.at_odds,
        }  # fmt: skip
    return told


def _day(ends_at: float) -> str:
    """The day that ends at a moment."""
    return f"{datetime.fromtimestamp(ends_at - 1, UTC):%Y-%m-%d}"


def _print_json(told: Any) -> int:
    click.echo(json.dumps(told, indent=1, allow_nan=False))
    return 0
