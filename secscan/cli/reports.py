"""The reports of a run: which are asked for, in which language, and where each is written."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli.files import write_whole
from secscan.cli.journal import note
from secscan.cli.language import language_callback
from secscan.cli.redacting import redact_options
from secscan.cli.registers import following
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.cli.kept import Run
    from secscan.reporters import Reporter
    from secscan.wording import Wording

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = "text, html, portal, pdf, json, csv, junit, markdown, sarif, xccdf, hdf, oscal, poam, ocsf, prometheus, nagios"
LANGUAGE_OPTIONS = (
    click.option(
        "--language",
        default="en",
        show_default=True,
        metavar="ar|zh|en|fr|ru|es",
        is_eager=True,
        callback=language_callback,
        help="The language of what is said, and of the reports that people read: text, html, portal, pdf, markdown.",
    ),
    click.option(
        "--terms",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Words of your organization instead of ours.",
    ),
)


def choose_words(language: str, terms: Path | None) -> Wording:
    """The words of the reports. UsageError for a language that there is not, InputError for what is wrong in the file of terms."""
    from secscan.languages import wording  # noqa: PLC0415 - keep --help free of it

    return wording(language, terms)


def report_options(command: F) -> F:
    """--output, --format, --fail-on, language, terms and colour."""
    options = [
        click.option(
            "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where reports and evidence go."
        ),
        click.option(
            "-f",
            "--format",
            "formats",
            default="",
            metavar="NAME,...",
            help=f"{FORMATS}. With -o: text,html,json.",
        ),
        click.option(
            "--fail-on",
            default="low",
            show_default=True,
            metavar="WORDS",
            help="What exits 1: a severity; error, manual, unreachable; or never.",
        ),
        *LANGUAGE_OPTIONS,
        redact_options,
        click.option("--color/--no-color", "colour", default=None, help="Colour the text report; default: on a terminal."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def check_formats(text: str, output: Path | None) -> list[str]:
    """The names of the reports that were asked for, before any host is. UsageError for unknown ones."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.documents import did_you_mean  # noqa: PLC0415 - only here

    words = [word.strip() for word in (text or ("text,html,json" if output else "text")).split(",") if word.strip()]
    known = plugins.reporter_names()
    if not words:
        raise UsageError("--format {text!r} names no format; allowed: {allowed}, joined by commas", text=text, allowed=list(known))
    for word in words:
        if word not in known:
            raise UsageError(
                "no format is named {word!r}{near}; allowed: {allowed}",
                word=word,
                near=did_you_mean(word, known),
                allowed=list(known),
            )
    if len(words) > 1 and output is None:
        raise UsageError("several formats need a folder; allowed: -o DIR, or one of {allowed}", allowed=words)
    if missing := next(filter(None, map(plugins.missing_extra, words)), None):
        raise UsageError(missing)
    only = plugins.reporter(words[0]) if output is None else None
    if only and only.files:
        raise UsageError("{name} is a folder of files; allowed: -o DIR", name=words[0])
    if only and only.encode and sys.stdout.isatty():
        raise UsageError("{name} is nothing for a terminal; allowed: -o DIR, or > FILE", name=words[0])
    return list(dict.fromkeys(words))


def load_reporters(names: Iterable[str]) -> list[Reporter]:
    """The reporters of these names, ready to render."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it

    found = [plugins.reporter(name) for name in names]
    for reporter in found:
        if reporter.prepare:
            reporter.prepare()
    return found


def write_reports(run: Run, formats: Iterable[str], output: Path | None, quiet: bool, colour: bool | None, words: Wording) -> None:
    """Each report to its file, or the only one to standard output; the text report to standard output too."""
    formats = list(formats)
    if output:
        for path in write_files(run, formats, output, words):
            if path.name != "report.txt" and not quiet:
                note("report_written", Message("wrote {path}", path=path), path=str(path))
    if "text" in formats and not (quiet and output):
        print_text(run.shown(), colour, words)
    elif not output:
        for reporter in reporters_of(run, formats):
            print_report(reporter, run.shown(), words)


def print_report(reporter: Reporter, documents: Iterable[Mapping[str, Any]], words: Wording) -> str:
    """A report on standard output. Returns the beginning of its text, empty where it is no text."""
    if reporter.encode:
        sys.stdout.buffer.writelines(reporter.write_bytes(documents, words))
        return ""
    first = ""
    for piece in reporter.write(documents, words):
        sys.stdout.write(piece)
        first = first or piece
    return first


def write_files(run: Run, formats: Iterable[str], folder: Path, words: Wording) -> list[Path]:
    """Each report to its file in a folder; the files."""
    return [write_report(reporter, run.shown(), folder, words) for reporter in reporters_of(run, formats)]


def reporters_of(run: Run, names: Iterable[str]) -> list[Reporter]:
    """The reporters of these names, those that tell of recommendations with the register of the run."""
    return [following(each, () if run.redaction else run.recommendations) for each in load_reporters(names)]


def write_report(reporter: Reporter, documents: Iterable[Mapping[str, Any]], output: Path, words: Wording) -> Path:
    """A report in its file, or its files in their folder; returns what a person opens."""
    if reporter.files is None:
        path = output / f"report.{reporter.extension}"
        write_whole(path, reporter.write_bytes(documents, words))
        return path
    from secscan.cli.folder import write_folder  # noqa: PLC0415 - keep --help free of it

    write_folder(output / reporter.name, reporter.files(documents, words))
    return output / reporter.name / "index.html"


def print_text(documents: Iterable[Mapping[str, Any]], colour: bool | None, words: Wording) -> None:
    """The text report on standard output, as wide as the terminal up to 100 columns, coloured only on a terminal."""
    from secscan.reporters.text import render  # noqa: PLC0415 - keep --help free of it

    terminal = sys.stdout.isatty()
    width = min(100, shutil.get_terminal_size((80, 24)).columns) if terminal else 80
    wanted = colour if colour is not None else terminal and "NO_COLOR" not in os.environ
    for piece in render(documents, width=width, colour=wanted, wording=words):
        sys.stdout.write(piece)
    sys.stdout.flush()
