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

from secscan.cli import SpokenGroup
from secscan.cli.content import content_option, load_content
from secscan.cli.files import prepare_folder, write_whole
from secscan.cli.journal import say_aside
from secscan.cli.language import say, spoken
from secscan.cli.registers import read_registers
from secscan.cli.reports import LANGUAGE_OPTIONS, choose_words
from secscan.errors import UsageError
from secscan.messages import Message, counted, phrase

if TYPE_CHECKING:
    from secscan.model.recommendation import Recommendation
    from secscan.oversight.ageing import Group
    from secscan.oversight.proposing import Proposal

DEFAULT = Path("oversight.yml")
_FORMS = ("html", "pdf")
_REGISTER = click.option(
    "--register", "registers", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help=f"A register of recommendations; {DEFAULT} unless given; may be repeated.",
)  # fmt: skip
_SAVED = click.option(
    "--saved", type=click.Path(path_type=Path), metavar="DIR", help="The folder that `secscan scan -o` wrote: what results say."
)
_STATUSES = {
    "not_started": phrase("not_started"),
    "in_progress": phrase("in_progress"),
    "implemented": phrase("implemented"),
    "overtaken": phrase("overtaken"),
    "not_accepted": phrase("not_accepted"),
}
_GROUPS = {"source": phrase("source {name}: {figures}"), "owner": phrase("owner {name}: {figures}")}
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group("oversight", cls=SpokenGroup)
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
    from secscan.inert import columns  # noqa: PLC0415 - keep --help free of it
    from secscan.lines import pad  # noqa: PLC0415 - as above

    width = max(13, *(columns(say(word)) + 1 for word in _STATUSES.values()))
    for each in () if as_json else found:
        due = each.closed_at is None
        day = say("due {day}", day=_day(each.due_at)) if due else say("closed {day}", day=_day(each.closed_at or 0))
        told = say("{id}  {source}, owner {owner}", id=each.id, source=each.source, owner=each.owner)
        click.echo(f"{pad(say(_STATUSES[each.status.value]), width)}{pad(day, 19)}{told}")
        if proposal := proposals.get(each.id):
            click.echo(f"  {spoken(_tell(proposal))}")
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

    known = {each.id: each for each in _read(registers, content)}
    if name not in known:
        raise UsageError(
            "no recommendation is named {name!r}{near}; allowed: secscan oversight list", name=name, near=did_you_mean(name, known)
        )
    each, now = known[name], time.time()
    proposal = _propose([each], saved).get(name)
    if as_json:
        return _print_json(_document(each, proposal, now))
    for line in _lines(each, proposal, now):
        click.echo(line)
    return 0


@command.command("ageing")
@_REGISTER
@content_option
@_JSON
def ageing(registers: tuple[Path, ...], content: tuple[Path, ...], as_json: bool) -> int:
    """How long open recommendations have been open and overdue, alone and by source and owner. Exits 1 when one is overdue."""
    from secscan.oversight.ageing import group_by, order_by_age  # noqa: PLC0415 - keep --help free of it

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
        late_by = each.days_overdue(now)
        due = (
            counted("overdue {count} day", "overdue {count} days", late_by)
            if late_by
            else Message("due {day}", day=_day(each.due_at))
        )
        click.echo(
            say(
                "{age}, {due}: {id}  {source}, owner {owner}",
                age=counted("{count} day open", "{count} days open", each.days_open(now)),
                due=due,
                id=each.id,
                source=each.source,
                owner=each.owner,
            )
        )
    for kind, listed in groups.items():
        for group in listed:
            click.echo(say(_GROUPS[kind], name=group.name, figures=_tell_group(group)))
    return 1 if late else 0


@command.command("report")
@click.argument("saved", nargs=-1, required=True, type=click.Path(path_type=Path))
@_REGISTER
@content_option
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where it goes."
)
@click.option(
    "-f", "--format", "formats", default="html", show_default=True, metavar="NAME,...", help="The forms of the page: html, pdf."
)
@LANGUAGE_OPTIONS[0]
@LANGUAGE_OPTIONS[1]
def report(
    saved: tuple[Path, ...],
    registers: tuple[Path, ...],
    content: tuple[Path, ...],
    output: Path,
    formats: str,
    language: str,
    terms: Path | None,
) -> int:
    """Write the page about recommendations for auditors: oversight.html, and oversight.pdf with -f html,pdf.

    SAVED is an assessment or a folder that a scan wrote. Everything is told as of the end of its newest exchange with a host. The
    same stands in the html, portal and pdf of `secscan run` and `secscan report` where secscan.yml names a register (`oversight`).
    """
    from secscan.cli.report import saved_sources  # noqa: PLC0415 - keep --help free of it
    from secscan.oversight.linking import Links  # noqa: PLC0415 - as above
    from secscan.reporters.html.oversight import write_page  # noqa: PLC0415 - as above

    wanted, words = _check_forms(formats), choose_words(language, terms)
    found, sources = _read(registers, content), saved_sources(saved)
    prepare_folder(output)
    for form in wanted:
        page = write_page((source() for source in sources), Links(found), words)
        path = output / f"oversight.{form}"
        write_whole(path, page if form == "html" else _on_paper(page))
        say_aside(Message("wrote {path}", path=path))
    return 0


def _check_forms(formats: str) -> list[str]:
    """The forms of the page that were asked for. UsageError for others, and where what makes one is not installed."""
    wanted = [word.strip() for word in formats.split(",") if word.strip()]
    for word in wanted or [formats]:
        if word not in _FORMS:
            raise UsageError("no form of this page is named {word!r}; allowed: {allowed}", word=word, allowed=list(_FORMS))
    if "pdf" in wanted:
        from secscan.reporters.html.pdf import load_engine  # noqa: PLC0415 - only for a PDF

        load_engine()
    return list(dict.fromkeys(wanted))


def _on_paper(page: Iterator[str]) -> Iterator[bytes]:
    from secscan.reporters.html.pdf import for_paper, set_pages  # noqa: PLC0415 - only for a PDF

    return set_pages(for_paper(page))


def _read(registers: tuple[Path, ...], content: tuple[Path, ...]) -> tuple[Recommendation, ...]:
    return read_registers(registers or (DEFAULT,), load_content(content)[0])


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
        raise UsageError("no assessment in {folder}; allowed: the folder that secscan scan -o wrote", folder=folder)
    for path in paths:
        yield read_document(path)


def _tell(proposal: Proposal) -> Message:
    status = Message(_STATUSES[proposal.status.value]) if proposal.status else Message("nothing")
    told = Message("results propose {status}: {why}", status=status, why=proposal.why)
    if proposal.waived:
        told = Message("{told} ({count} waived)", told=told, count=proposal.waived)
    return Message("{told}; the register says otherwise", told=told) if proposal.at_odds else told


def _tell_group(group: Group) -> Message:
    told = Message(
        "{open} open, for {days} days in the median, {oldest} at most", open=group.open, days=group.median_open, oldest=group.oldest
    )
    if group.median_overdue is None:
        return told
    days = group.median_overdue
    return Message("{told}, {count} overdue, by {days} days in the median", told=told, count=group.overdue, days=days)


def _lines(each: Recommendation, proposal: Proposal | None, now: float) -> Iterator[str]:
    """Everything about a recommendation, a title and a text on each line."""
    from secscan.inert import columns  # noqa: PLC0415 - keep --help free of it
    from secscan.lines import pad  # noqa: PLC0415 - as above

    yield say("{id}: {text}", id=each.id, text=each.text)
    rows = [(say(title), spoken(text)) for title, text in _rows(each, proposal, now)]
    width = max(12, *(columns(title) + 2 for title, _ in rows))
    yield from (f"  {pad(title, width)}{text}" for title, text in rows)


def _rows(each: Recommendation, proposal: Proposal | None, now: float) -> Iterator[tuple[str, str]]:
    status = Message(_STATUSES[each.status.value])
    closed = each.closed_at is not None
    yield phrase("source"), each.source
    yield phrase("status"), Message("{status}, closed {day}", status=status, day=_day(each.closed_at or 0)) if closed else status
    if proposal:
        yield phrase("results"), _tell(proposal)
    yield phrase("owner"), each.owner
    yield phrase("root cause"), each.root_cause
    yield phrase("days"), _days(each, now)
    for title, names in ((phrase("checks"), each.checks), (phrase("serves"), each.requirements)):
        if names:
            yield title, Message("{names}", names=list(names))
    if each.note:
        yield phrase("note"), each.note
    yield phrase("place"), f"{each.path}:{each.line}"


def _days(each: Recommendation, now: float) -> Message:
    told = Message(
        "raised {raised}, due {due}, {age}",
        raised=f"{datetime.fromtimestamp(each.raised_at, UTC):%Y-%m-%d}",
        due=_day(each.due_at),
        age=counted("{count} day open", "{count} days open", each.days_open(now)),
    )
    late = each.days_overdue(now)
    return Message("{told}, {late}", told=told, late=counted("overdue {count} day", "overdue {count} days", late)) if late else told


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
