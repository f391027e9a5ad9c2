"""Keeping what was found and writing it down: one document per host on disk, reports made from those."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli.journal import note
from secscan.cli.language import language_callback
from secscan.cli.redacting import Redaction, Source, redact_options, shown
from secscan.errors import SecscanError, UsageError
from secscan.messages import Message, phrase

if TYPE_CHECKING:
    from secscan.continuity.reading import HostView
    from secscan.history.records import Diff
    from secscan.model.assessment import Assessment
    from secscan.model.evidence import Bundle
    from secscan.model.target import Target
    from secscan.pipeline import Engine
    from secscan.reporters import Reporter
    from secscan.wording import Wording

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = "text, html, portal, pdf, json, csv, junit, markdown, sarif, xccdf, hdf, oscal, poam, ocsf, prometheus, nagios"
_SEVERITIES = ("low", "medium", "high", "critical")
_WRITER = re.compile(r"\.([0-9]+)(?:\.[0-9]+)?\.partial\Z")  # the process whose file it is
SETTLED = ("waived", "attested", "attested_not_applicable")
_OTHERS = ("error", "manual", "unreachable", "never")
_COUNTED = {
    "pass": phrase("{count} pass"),
    "fail": phrase("{count} fail"),
    "error": phrase("{count} error"),
    "manual": phrase("{count} manual"),
    "not_applicable": phrase("{count} not applicable"),
}
_WAIVED, _ATTESTED = phrase("{count} waived"), phrase("{count} attested")


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


@dataclass(frozen=True, slots=True)
class FailOn:
    """What makes a run exit with 1: failures from a severity upwards (None: never), and other outcomes."""

    severity: int | None
    outcomes: frozenset[str]


def severity_rank(severity: str) -> int:
    """How bad a severity is; what has none is as bad as the least."""
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else 0


def parse_fail_on(text: str) -> FailOn:
    """`high`, `medium,error`, `never`; UsageError for other words."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or any(word not in (*_SEVERITIES, *_OTHERS) for word in words):
        raise UsageError(
            "--fail-on cannot be {text!r}; allowed: {allowed}, joined by commas", text=text, allowed=[*_SEVERITIES, *_OTHERS]
        )
    severities = [_SEVERITIES.index(word) for word in words if word in _SEVERITIES]
    if "never" in words:
        return FailOn(None, frozenset())
    return FailOn(min(severities, default=0), frozenset(words) & set(_OTHERS))


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


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays in memory of one host once its document is on disk.

    `counts` and `failed_severities` leave out what is waived, or attested to hold; what is attested to fail counts as failed.
    `failing` is how many results fail, whatever people decided.
    `view` is what it told for what is judged of all hosts together, where something is.
    """

    name: str
    counts: Mapping[str, int]
    failed_severities: tuple[str, ...]
    summary: str
    reached: bool
    failing: int
    view: HostView | None = None


@dataclass(slots=True)
class Run:
    """The documents of one run in a folder: hosts/<name>.json, evidence/<digest>.bundle.json.gz. `name` is its id, if any.

    `redaction` is for its reports only: what is kept in the folder is whole.
    """

    folder: Path
    keep_evidence: bool
    name: str = ""
    redaction: Redaction | None = None
    kept: dict[str, Kept] = field(default_factory=dict)  # by host

    @property
    def names(self) -> list[str]:
        """Finished hosts, by name."""
        return sorted(self.kept)

    def keep(self, engine: Engine, target: Target) -> Kept:
        """Scan one target and put document and evidence on disk (called in a worker thread)."""
        from secscan.pipeline import scan, view  # noqa: PLC0415 - keep --help free of it

        assessment, bundle = scan(engine, target, self._seal if self.keep_evidence else None)
        kept = self.write(assessment)
        return replace(kept, view=view(engine, bundle)) if bundle else kept

    def _seal(self, bundle: Bundle) -> Bundle:
        from secscan.bundles import write_bundle  # noqa: PLC0415 - keep --help free of it

        return write_bundle(bundle, self.folder / "evidence")[0]

    def keep_failure(self, engine: Engine, target: Target, error: Exception) -> Kept:
        """A target whose scan broke for a reason of ours or of the disk: reported as not reached, with the reason."""
        from secscan import __version__  # noqa: PLC0415 - keep --help free of it
        from secscan.judge.assess import assess_unreachable  # noqa: PLC0415 - as above

        now = time.time()
        return self.write(assess_unreachable(engine.rulebook, target, describe_failure(error), now, now, __version__))

    def keep_stated(self, engine: Engine) -> Kept | None:
        """What people have stated of the organization, on disk and counted in; None where nothing is asked of it."""
        from secscan.pipeline import assess_stated  # noqa: PLC0415 - keep --help free of it

        return self._keep_organization(assess_stated(engine, time.time()))

    def keep_together(self, engine: Engine) -> Kept | None:
        """What people have stated and what all hosts together tell, on disk and counted in; None where nothing of it is asked."""
        from secscan.pipeline import assess_together, join_evidence  # noqa: PLC0415 - keep --help free of it

        views: dict[str, HostView] = {}
        unread: dict[str, str] = {}
        if engine.rulebook.derived():
            for name, kept in self.kept.items():
                seen = kept.view or (self._view_again(engine, name) if kept.reached else None)
                if seen:
                    views[name] = seen
                else:
                    unread[name] = "its evidence was not kept" if kept.reached else str(kept.summary)
        now = time.time()
        return self._keep_organization(assess_together(engine, join_evidence(engine, views, now, unread), now))

    def _view_again(self, engine: Engine, name: str) -> HostView | None:
        """What a host told that was finished before this run was taken up; None where its evidence is not there."""
        from secscan.bundles import read_bundle  # noqa: PLC0415 - keep --help free of it
        from secscan.pipeline import view  # noqa: PLC0415 - as above

        document = self._read(name)
        path = self.folder / "evidence" / f"{document['provenance']['bundle_sha256']}.bundle.json.gz"
        return view(engine, read_bundle(path)) if path.is_file() else None

    def _keep_organization(self, assessment: Assessment | None) -> Kept | None:
        if assessment is None:
            return None
        if assessment.host.name in self.kept:
            raise UsageError(
                "a host is named {name!r} as the organization; allowed: --organization NAME", name=assessment.host.name
            )
        kept = self.write(assessment)
        self.add(kept)
        return kept

    def tell_since(self, diff: Diff) -> None:
        """Put what changed since an earlier run into the documents on disk, so that every report can tell it."""
        from secscan.assessments import with_since  # noqa: PLC0415 - keep --help free of it
        from secscan.history.documents import Since  # noqa: PLC0415 - as above

        since = Since.of(diff)
        for name, kept in self.kept.items():
            written = self.path(name).read_text(encoding="utf-8")
            write_whole(self.path(name), [with_since(written, since.document(name, kept.failing))])

    def add(self, kept: Kept) -> None:
        """Count a finished host, once."""
        self.kept[kept.name] = kept

    def documents(self) -> Iterator[Mapping[str, Any]]:
        """The documents of the finished hosts, one at a time, in the order of their names."""
        return (source() for source in self.sources())

    def shown(self) -> Iterator[Mapping[str, Any]]:
        """The documents as reports show them, one at a time."""
        return shown(self.sources(), self.redaction)

    def sources(self) -> list[Source]:
        """What reads the document of each finished host, in the order of their names."""
        return [partial(self._read, name) for name in self.names]

    def _read(self, name: str) -> Mapping[str, Any]:
        from secscan.assessments import read_written  # noqa: PLC0415 - keep --help free of it

        return read_written(self.path(name))

    def path(self, name: str) -> Path:
        """The file of a host: its name where that is a safe file name, else that with a digest."""
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80].lstrip(".") or "host"
        if safe != name:
            safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
        return self.folder / "hosts" / f"{safe}.json"

    def write(self, assessment: Assessment) -> Kept:
        """Put an assessment on disk and return what stays in memory of it."""
        from secscan.assessments import gist, write_assessment  # noqa: PLC0415 - keep --help free of it

        write_whole(self.path(assessment.host.name), [write_assessment(assessment, self.name)])
        return keep_document(gist(assessment))


def keep_document(document: Mapping[str, Any]) -> Kept:
    """What stays in memory of a host whose document is on disk."""
    undecided = [result for result in document["results"] if result["disposition"] not in SETTLED]
    counts = Counter(result["outcome"] for result in undecided)
    failed = tuple(
        result["severity"] for result in undecided if result["outcome"] == "fail" or result["disposition"] == "attested_fail"
    )
    failing = document["tally"]["counts"].get("fail", 0)
    return Kept(document["host"]["name"], counts, failed, _summarise(document), not document["unreachable"], failing)


def describe_failure(error: Exception) -> str:
    """Why a target has no answer: what it said, or what broke here."""
    return str(error) if isinstance(error, SecscanError) else f"secscan failed: {type(error).__name__}: {error}"


def _summarise(document: Mapping[str, Any]) -> str:
    if document["unreachable"]:
        return Message("not reached: {reason}", reason=document["unreachable"])
    counts = document["tally"]["counts"]
    told = [Message(text, count=counts[name]) for name, text in _COUNTED.items() if counts.get(name)]
    waived = sum(result["disposition"] == "waived" for result in document["results"])
    attested = sum(document["tally"]["attested"].values())
    decided = [Message(text, count=count) for text, count in ((_WAIVED, waived), (_ATTESTED, attested)) if count]
    return Message("{results} ({decided})", results=told, decided=decided) if decided else Message("{results}", results=told)


def exit_code(run: Run, rule: FailOn) -> int:
    """1 something fails, 3 a target was not reached, 4 something could not be judged, 0 all hold; in that order."""
    hosts = run.kept.values()
    if rule.severity is not None:
        if any(_SEVERITIES.index(severity) >= rule.severity for kept in hosts for severity in kept.failed_severities):
            return 1
        if any(kept.counts.get(outcome) for kept in hosts for outcome in rule.outcomes):
            return 1
    if not all(kept.reached for kept in hosts):
        return 3
    return 4 if any(kept.counts.get("error") for kept in hosts) else 0


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
        for reporter in load_reporters(formats):
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
    return [write_report(reporter, run.shown(), folder, words) for reporter in load_reporters(formats)]


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


def prepare_folder(folder: Path, mode: int = 0o700) -> Path:
    """The folder that reports and evidence go to, made where it is missing. UsageError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise UsageError(
            "{folder}: cannot be written: {reason}; allowed: a folder that you may write in", folder=folder, reason=error.strerror
        ) from error


def remove_leftovers(folder: Path) -> None:
    """Take away what a run that was killed was just writing; what another process still writes stays."""
    for place in (folder, folder / "hosts", folder / "evidence"):
        for path in place.glob(".*.partial"):
            writer = _WRITER.search(path.name)
            if writer and not _is_alive(int(writer[1])):
                path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def write_whole(path: Path, pieces: Iterable[str | bytes], mode: int = 0o600) -> None:
    """A file that is whole or not there, readable by its owner only unless said; text as UTF-8."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with partial.open("wb") as stream:
            partial.chmod(mode)
            stream.writelines(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
        partial.replace(path)
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
