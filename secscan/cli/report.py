"""`secscan report`: saved assessments in another format."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenCommand
from secscan.cli.content import content_option, load_content
from secscan.cli.journal import say_aside
from secscan.cli.redacting import Redaction, Source, read_redaction, redact_options, shown
from secscan.cli.registers import following, read_registers, register_option
from secscan.cli.reports import (
    FORMATS,
    LANGUAGE_OPTIONS,
    check_formats,
    choose_words,
    load_reporters,
    print_report,
    print_text,
    write_report,
)
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.reporters import Reporter
    from secscan.wording import Wording


@click.command("report", cls=SpokenCommand)
@click.argument("saved", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where the reports go.")
@click.option("-f", "--format", "formats", default="", metavar="NAME,...", help=f"{FORMATS}.")
@LANGUAGE_OPTIONS[0]
@LANGUAGE_OPTIONS[1]
@register_option
@content_option
@redact_options
@click.option("--color/--no-color", "colour", default=None, help="Colour the text report; default: on a terminal.")
def command(
    saved: tuple[Path, ...],
    output: Path | None,
    formats: str,
    language: str,
    terms: Path | None,
    registers: tuple[Path, ...],
    content: tuple[Path, ...],
    redact: bool,
    redact_key: Path | None,
    colour: bool | None,
) -> int:
    """Render saved assessments in another format.

    SAVED is an assessment (hosts/NAME.json of a scan's folder), or such a folder. Redacted reports tell of no recommendations.
    Exits 0, except for nagios without -o, which exits as monitoring plugins do: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    """
    wanted, words = check_formats(formats, output), choose_words(language, terms)
    sources, redaction = saved_sources(saved), read_redaction(redact, redact_key)
    recommendations = read_registers(registers, load_content(content)[0]) if registers and not redaction else ()
    for reporter in [following(each, recommendations) for each in load_reporters(wanted)]:
        if output:
            path = write_report(reporter, shown(sources, redaction), output, words)
            say_aside(Message("wrote {path}", path=path))
        elif reporter.name == "text":
            print_text(shown(sources, redaction), colour, words)
        else:
            return _print(reporter, sources, redaction, words)
    return 0


def _print(reporter: Reporter, sources: list[Source], redaction: Redaction | None, words: Wording) -> int:
    """The only report, on standard output; returns what to exit with."""
    first = print_report(reporter, shown(sources, redaction), words)
    return reporter.exit_code(first) if reporter.exit_code else 0


def saved_sources(saved: tuple[Path, ...]) -> list[Source]:
    """What reads each of the assessments that are named, or lie in folders that scans wrote. UsageError when there is none."""
    from secscan.assessments import read_document  # noqa: PLC0415 - keep --help free of it

    return [partial(read_document, path) for path in _documents(saved)]


def _documents(saved: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in saved:
        found += sorted((path / "hosts" if (path / "hosts").is_dir() else path).glob("*.json")) if path.is_dir() else [path]
    if not found:
        raise UsageError(
            "no assessment in {saved}; allowed: hosts/NAME.json, or a folder that a scan wrote", saved=list(map(str, saved))
        )
    return found
