"""`secscan kpi`: indicators against targets, the annual report, and the risk register."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli import SpokenGroup
from secscan.cli.files import prepare_folder, write_whole
from secscan.cli.journal import say_aside
from secscan.cli.language import WIDTH, say, spoken, words
from secscan.cli.memory import history_option, inspect_history, open_history
from secscan.cli.redacting import Redaction, read_redaction, redact_options, shown
from secscan.cli.report import saved_sources
from secscan.cli.reports import LANGUAGE_OPTIONS, choose_words
from secscan.messages import Message, phrase

if TYPE_CHECKING:
    from secscan.kpi.definitions import Governance
    from secscan.kpi.measure import Indicator, Period
    from secscan.kpi.register import Risk
    from secscan.kpi.spells import Spell

F = TypeVar("F", bound=Callable[..., Any])
_SAVED = click.argument("saved", nargs=-1, required=True, type=click.Path(path_type=Path))
_BEFORE = click.option(
    "--before", type=click.Path(path_type=Path), metavar="DIR", help="The assessments of the earlier period, to compare with."
)
_GOVERNANCE = click.option(
    "--governance",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Your own targets, risks (owner, treatment, ...) and proposed adjustments.",
)
_TITLE = 24  # columns; a longer title goes on below
_STATES = {True: phrase("reached"), False: phrase("missed"), None: phrase("no data")}


@click.group("kpi", cls=SpokenGroup)
def command() -> None:
    """Measure indicators against targets, and write the annual report and the risk register."""


@command.command("show")
@_SAVED
@_BEFORE
@_GOVERNANCE
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(saved: tuple[Path, ...], before: Path | None, governance: Path | None, history: str | None, as_json: bool) -> int:
    """The indicators of saved assessments against their targets, beside those of an earlier period.

    SAVED is an assessment or a folder that a scan wrote. Exits 0 whatever is reached.
    """
    version, indicators, _ = _measured(saved, before, _read(governance), history)
    if as_json:
        click.echo(json.dumps({"version": version, "indicators": [_plain(each) for each in indicators]}, indent=1))
        return 0
    for line in _table(indicators):
        click.echo(line)
    return 0


@command.command("report")
@_SAVED
@_BEFORE
@_GOVERNANCE
@history_option
@redact_options
@LANGUAGE_OPTIONS[0]
@LANGUAGE_OPTIONS[1]
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where it goes."
)
def report(
    saved: tuple[Path, ...],
    before: Path | None,
    governance: Path | None,
    history: str | None,
    redact: bool,
    redact_key: Path | None,
    language: str,
    terms: Path | None,
    output: Path,
) -> int:
    """Write the annual report for a governing body: annual.html and annual.md."""
    from secscan.kpi.annual import Annual, write_markdown  # noqa: PLC0415 - keep --help free of it
    from secscan.reporters.html.annual import write_page  # noqa: PLC0415 - as above

    words, own, redaction = choose_words(language, terms), _read(governance), read_redaction(redact, redact_key)
    version, indicators, (period, earlier) = _measured(saved, before, own, history)
    found, own = _register(saved, own, redaction)
    annual = Annual(
        version=version,
        indicators=indicators,
        risks=found,
        adjustments=own.adjustments if own else (),
        period=(period.started_at, period.finished_at),
        before=(earlier.started_at, earlier.finished_at) if earlier else None,
        redacted=redaction is not None,
    )
    prepare_folder(output)
    for name, pieces in (("annual.html", write_page(annual, words)), ("annual.md", write_markdown(annual, words))):
        write_whole(output / name, pieces)
        say_aside(Message("wrote {path}", path=output / name))
    return 0


@command.command("risks")
@_SAVED
@_GOVERNANCE
@redact_options
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it to a file.")
def risks(saved: tuple[Path, ...], governance: Path | None, redact: bool, redact_key: Path | None, output: Path | None) -> int:
    """The risk register as CSV: a line for every check that fails, with likelihood, impact, owner, treatment and what remains.

    `-f poam` of the other commands is the same as an OSCAL plan of action and milestones.
    """
    from secscan.reporters.csv import MARK, write_rows  # noqa: PLC0415 - keep --help free of it

    redaction = read_redaction(redact, redact_key)
    found, _ = _register(saved, _read(governance), redaction)
    text = MARK + write_rows(_rows(found, redacted=redaction is not None))
    if output is None:
        click.echo(text, nl=False)
        return 0
    write_whole(output, [text])
    say_aside(Message("wrote {path}", path=output))
    return 0


def _read(governance: Path | None) -> Governance | None:
    from secscan.kpi.definitions import read_governance  # noqa: PLC0415 - keep --help free of it

    return read_governance(governance) if governance else None


def _measured(
    saved: tuple[Path, ...], before: Path | None, governance: Governance | None, history: str | None
) -> tuple[int, tuple[Indicator, ...], tuple[Period, Period | None]]:
    from secscan.kpi.definitions import definitions  # noqa: PLC0415 - keep --help free of it
    from secscan.kpi.measure import measure, read_period  # noqa: PLC0415 - as above

    version, known = definitions()
    period = read_period(source() for source in saved_sources(saved))
    earlier = read_period(source() for source in saved_sources((before,))) if before else None
    return version, measure(known, period, earlier, governance, _spells(history, period.baselines)), (period, earlier)


def _spells(history: str | None, baselines: set[str]) -> dict[str, tuple[Spell, ...]] | None:
    """The failures that the history knows; None where there is none. Raises UsageError, HistoryError."""
    if inspect_history(history, whole=False) == "missing":
        return None
    found = open_history(history, whole=False)
    try:
        return found.spells(baselines)
    finally:
        found.close()


def _register(
    saved: tuple[Path, ...], governance: Governance | None, redaction: Redaction | None
) -> tuple[list[Risk], Governance | None]:
    """The risks as they are shown, and what the organization says as it is shown beside them."""
    from secscan.kpi.definitions import redact_governance  # noqa: PLC0415 - keep --help free of it
    from secscan.kpi.register import register  # noqa: PLC0415 - as above

    sources = saved_sources(saved)
    if redaction and governance:
        governance = redact_governance(governance, redaction.checks(sources))
    return register(shown(sources, redaction), governance), governance


def _plain(indicator: Indicator) -> dict[str, Any]:
    definition = indicator.definition
    told = {key: getattr(definition, key) for key in ("id", "title", "formula", "unit", "direction", "source")}
    figures = {key: getattr(indicator, key) for key in ("value", "of", "target", "reached", "before", "better")}
    return {**told, "checks": definition.measure[1] if definition.measure[0] == "met" else [], **figures}


def _table(indicators: tuple[Indicator, ...]) -> Iterator[str]:
    from secscan.inert import columns  # noqa: PLC0415 - keep --help free of it
    from secscan.kpi.annual import trend, write_value  # noqa: PLC0415 - as above
    from secscan.lines import before, pad, wrap  # noqa: PLC0415 - as above

    w = words()
    titles = [spoken(Message(each.definition.title)) for each in indicators]
    rows = [
        [write_value(figure, each.definition.unit, w) for figure in (each.value, each.target, each.before)] for each in indicators
    ]
    heads = [say("value"), say("target"), say("before")]
    figure = max(8, *(columns(cell) for row in (heads, *rows) for cell in row))
    states = {reached: say(word) for reached, word in _STATES.items()}
    state = max(7, *map(columns, states.values()))
    width = max(_TITLE, WIDTH - 3 * figure - state - 6)
    value, target, earlier = (before(cell, figure) for cell in heads)
    yield f"{'':<{width}}  {value} {target}  {'':<{state}} {earlier}"
    for each, title, row in zip(indicators, titles, rows, strict=True):
        value, target, earlier = (before(cell, figure) for cell in row)
        first, *rest = wrap(title, width, "", "  ")
        moved = f" {spoken(Message(trend(each).word)).lower()}" if each.better is not None else ""
        yield f"{pad(first, width)}  {value} {target}  {pad(states[each.reached], state)} {earlier}{moved}".rstrip()
        yield from rest


def _rows(found: list[Risk], *, redacted: bool) -> Iterator[tuple[str, ...]]:
    yield (
        "check", "title", "domain", "severity", "likelihood", "impact", "score", "owner", "treatment", "residual", "due",
        "failing", "accepted", "wanted", "requirements", "effort", "remedy", "note", "redacted",
    )  # fmt: skip
    for risk in found:
        numbers = (risk.likelihood, risk.impact, risk.score)
        yield (
            risk.check, risk.title, risk.domain, risk.severity, *map(str, numbers), risk.owner, risk.treatment, str(risk.residual),
            risk.due, *map(str, (risk.failing, risk.accepted, risk.wanted)), " ".join(risk.requirements), risk.effort, risk.remedy,
            risk.note, "yes" if redacted else "no",
        )  # fmt: skip
