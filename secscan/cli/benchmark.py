"""`secscan benchmark`: figures to lay beside those of other organizations."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenGroup
from secscan.cli.files import write_whole
from secscan.cli.journal import say_aside
from secscan.cli.language import say, words, wrapped
from secscan.cli.report import saved_sources
from secscan.errors import InputError, Problem
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.benchmark import Row

_LIMIT = 4 * 2**20
_PROBLEMS = 20


@click.group("benchmark", cls=SpokenGroup)
def command() -> None:
    """Compare figures with other organizations, without telling them of hosts."""


@command.command("export")
@click.argument("saved", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it to a file.")
def export(saved: tuple[Path, ...], output: Path | None) -> int:
    """Write the figures of saved assessments as JSON that can be given away.

    SAVED is an assessment or a folder that a scan wrote. Shares and rates by outcome, severity, subject area, requirement and
    framework; the number of hosts is a band, and of hosts themselves there is nothing. `secscan schema benchmark` describes it.
    """
    from secscan.benchmark import benchmark  # noqa: PLC0415 - keep --help free of it
    from secscan.cli.redacting import published  # noqa: PLC0415 - as above

    figures = benchmark((source() for source in saved_sources(saved)), published())
    text = json.dumps(figures, indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return 0
    write_whole(output, [text])
    say_aside(Message("wrote {path}", path=output))
    return 0


@command.command("compare")
@click.argument("ours", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("theirs", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def compare(ours: Path, theirs: tuple[Path, ...], as_json: bool) -> int:
    """Show our figures beside the median and the quartiles of others.

    OURS and THEIRS are files of `secscan benchmark export`. Figures by another baseline or other content can differ for that
    reason alone, and this is said.
    """
    from secscan.benchmark import compare as lay_side_by_side  # noqa: PLC0415 - keep --help free of it

    own, others = _read(ours), [_read(path) for path in theirs]
    rows = lay_side_by_side(own, others)
    different = [str(path) for path, each in zip(theirs, others, strict=True) if _basis(each) != _basis(own)]
    if as_json:
        told = {"others": len(others), "judged_by_other_content": different, "figures": [dataclasses.asdict(row) for row in rows]}
        click.echo(json.dumps(told, indent=1))
        return 0
    for line in _table(rows):
        click.echo(line)
    if different:
        click.echo("\n" + wrapped(say("Judged by another baseline or other content: {files}", files=different), hanging=2))
    return 0


def _basis(figures: Mapping[str, Any]) -> tuple[str, str]:
    return figures["baseline"], figures["content_sha256"]


def _table(rows: list[Row]) -> Iterator[str]:
    """Ours, the median and the quartiles in per cent, and how many others have the figure."""
    from secscan.inert import columns  # noqa: PLC0415 - keep --help free of it
    from secscan.lines import before, pad  # noqa: PLC0415 - as above

    names = max(len(_name(row)) for row in rows)
    heads = [say("ours"), say("median"), say("quartiles"), say("others")]
    widths = [max(least, columns(head)) for least, head in zip((7, 7, 15, 6), heads, strict=True)]
    for group, several in groupby(rows, key=lambda row: row.group):
        cells = (before(head, width) for head, width in zip(heads, widths, strict=True))
        yield _row(pad(group.upper(), names), *cells)
        for row in several:
            quartiles = f"{_percent(row.low)} - {_percent(row.high)}" if row.low is not None else ""
            told = (_percent(row.ours), _percent(row.median), quartiles, str(row.others))
            yield _row(pad(_name(row), names), *(before(cell, width) for cell, width in zip(told, widths, strict=True)))
        yield ""


def _row(name: str, ours: str, median: str, quartiles: str, others: str) -> str:
    return f"{name}  {ours} {median}  {quartiles}  {others}"


def _name(row: Row) -> str:
    return f"{row.name} {row.figure}".strip()


def _percent(rate: float | None) -> str:
    return "-" if rate is None else words().figures.percent(rate * 100)


def _read(path: Path) -> dict[str, Any]:
    """A file of `export`. Raises InputError that says where it is wrong."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - keep --help free of it

    from secscan import places  # noqa: PLC0415 - as above
    from secscan.inert import visible  # noqa: PLC0415 - as above

    try:
        if path.stat().st_size > _LIMIT:
            raise InputError([Problem(str(path), 0, 0, f"larger than {_LIMIT // 2**20} MiB")])
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(str(path), 0, 0, "not JSON text", "a file of secscan benchmark export")]) from error
    schema = json.loads((places.schemas() / "benchmark-1.schema.json").read_text(encoding="utf-8"))
    found = zip(Draft202012Validator(schema).iter_errors(data), range(_PROBLEMS), strict=False)
    problems = [
        Problem(f"{path}#/{'/'.join(map(str, error.absolute_path))}", 0, 0, visible(error.message[:300])) for error, _ in found
    ]
    if problems:
        raise InputError(problems)
    return data  # type: ignore[no-any-return] # an object by the schema
