"""`secscan attest`: what no machine can tell is stated by people, with evidence, until a date."""

from __future__ import annotations

import contextlib
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenGroup
from secscan.cli.failing import exit_code, parse_fail_on
from secscan.cli.files import prepare_folder
from secscan.cli.journal import say_aside
from secscan.cli.kept import Run
from secscan.cli.language import named, say, spoken, wrapped
from secscan.cli.options import attestations_options, load
from secscan.cli.redacting import read_redaction
from secscan.cli.reports import check_formats, choose_words, report_options, write_reports
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.attestation_review import Due
    from secscan.model.attestation import Attestation
    from secscan.pipeline import Engine

DEFAULT = Path("attestations")
BASELINE = "un_governance"
_FOLDER = click.option(
    "--attestations", type=click.Path(path_type=Path), default=DEFAULT, show_default=True, metavar="DIR", help="The statements."
)
_BASELINE = click.option(
    "-b", "--baseline", default=BASELINE, show_default=True, metavar="ID", help="The baseline whose checks people answer."
)
_CONTENT = click.option(
    "--content", "content", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
    help="A folder of your own with checks/ and baselines/; may be repeated.",
)  # fmt: skip


@click.group("attest", cls=SpokenGroup)
def command() -> None:
    """State what no machine can tell, with evidence and until a date, and see what is due."""


@command.command("new")
@click.argument("checks", nargs=-1, required=True, metavar="CHECK...")
@_FOLDER
@_BASELINE
@_CONTENT
@click.option("--id", "name", metavar="ID", help="Its name; made from check and day unless given.")
@click.option("--performed-on", metavar="DAY", help="The day on which it was done or looked at; today unless given.")
@click.option("--site", "sites", multiple=True, metavar="ID", help="Only of this site; may be repeated.")
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only of this service; may be repeated.")
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Only of this host; may be repeated.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for it.")
@click.option("--role", default="", metavar="TEXT", help="What the owner is in the organization.")
@click.option(
    "--evidence",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file below DIR that shows it; may be repeated.",
)
def new(checks: tuple[str, ...], attestations: Path, baseline: str, content: tuple[Path, ...], **told: Any) -> int:
    """Write a statement to be filled in: the questions, the days, and the digests of the evidence."""
    from secscan.attestations.writing import write_statement  # noqa: PLC0415 - keep --help free of it

    engine = load(baseline, content)
    data = _draft(engine, checks, attestations, told)
    path = attestations / f"{data['id']}.yaml"
    try:
        attestations.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(write_statement(data))
    except FileExistsError:
        raise UsageError("{path} is there already; allowed: --id with another name", path=path) from None
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    click.echo(path)
    return 0


def _draft(engine: Engine, checks: tuple[str, ...], folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    """The statement as plain data, with everything in place that is known."""
    from secscan.attestations.reading import SCOPE_KEYS, WHOLE  # noqa: PLC0415 - keep --help free of it
    from secscan.documents import did_you_mean  # noqa: PLC0415 - as above

    for check in checks:
        if check not in engine.demands:
            near = did_you_mean(check, engine.demands)
            raise UsageError(
                "baseline {baseline} asks people nothing that is named {check!r}{near}; allowed: secscan attest due",
                baseline=engine.baseline,
                check=check,
                near=near,
            )
    day = _day(told["performed_on"]) if told["performed_on"] else datetime.now(UTC)
    limits = [limit for check in checks if (limit := engine.demands[check].valid_for) is not None]
    questions = dict.fromkeys(" ".join(question.split()) for check in checks for question in engine.demands[check].questions)
    return {
        "id": told["name"] or f"{checks[0]}-{day:%Y-%m-%d}",
        "checks": list(checks),
        "scope": {key: list(told[key]) for key in SCOPE_KEYS if told[key]} or WHOLE,
        "statement": engine.library.checks[checks[0]].title,
        "performed_on": f"{day:%Y-%m-%d}",
        "valid_until": f"{day + timedelta(seconds=min(limits, default=365 * 86400)):%Y-%m-%d}",
        "owner": {"name": told["owner"] or "somebody", "role": told["role"] or None},
        "approver": {"name": None, "role": None},
        "result": "fail",
        "answers": [{"question": question, "answer": None} for question in questions],
        "metrics": {},
        "evidence": [_evidence(folder, file) for file in told["evidence"]],
        "findings": [],
    }


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError("--performed-on cannot be {text!r}; allowed: a day such as 2026-01-31", text=text) from None


def _evidence(folder: Path, file: Path) -> dict[str, str]:
    from secscan.attestations.files import digest_of  # noqa: PLC0415 - keep --help free of it

    try:
        return {"file": file.resolve().relative_to(folder.resolve()).as_posix(), "sha256": digest_of(file)}
    except ValueError:
        raise UsageError(
            "{file} does not lie below {folder}; allowed: evidence beside the statements or in a folder there",
            file=file,
            folder=folder,
        ) from None
    except OSError as error:
        raise UsageError("{file}: cannot be read: {reason}", file=file, reason=error.strerror or Message("not a file")) from error


@command.command("list")
@_FOLDER
@_BASELINE
@_CONTENT
def list_statements(attestations: Path, baseline: str, content: tuple[Path, ...]) -> int:
    """One line per statement: how it stands today, what it says of which checks, and until when."""
    from secscan.attestation_review import last_day  # noqa: PLC0415 - keep --help free of it
    from secscan.inert import columns  # noqa: PLC0415 - as above
    from secscan.lines import pad  # noqa: PLC0415 - as above
    from secscan.model.attestation import Demand  # noqa: PLC0415 - as above
    from secscan.terms import STANDINGS  # noqa: PLC0415 - as above

    engine, now = load(baseline, content, attestations=attestations), time.time()
    words = {term.key: spoken(Message(term.word)) for term in STANDINGS}
    width = max(22, *map(columns, words.values()))
    for each in engine.attestations:
        demands = [engine.demands.get(check, Demand(())) for check in each.checks]
        standings = [each.standing(demand, now).value for demand in demands]
        worst = min(standings, key=lambda standing: (standing == "holds", standing))
        until = last_day(min(each.expires_at(demand) for demand in demands))
        text = say(
            "{id}: {result}, {checks} ({scope}), until {day}. {statement}", id=each.id, result=named(each.result.value),
            checks=list(each.checks), scope=_scope(str(each.scope)), day=until, statement=each.statement,
        )  # fmt: skip
        click.echo(wrapped(text, f"{pad(words[worst], width)} ", width + 1))
    return 0


@command.command("verify")
@_FOLDER
@_BASELINE
@_CONTENT
def verify(attestations: Path, baseline: str, content: tuple[Path, ...]) -> int:
    """What keeps statements from being relied on: days, signatures, answers, evidence. Exit code 1 when something does."""
    from secscan.attestation_review import describe_faults  # noqa: PLC0415 - keep --help free of it

    engine, now = load(baseline, content, attestations=attestations), time.time()
    faults = [(each, fault) for each in engine.attestations for fault in describe_faults(each, engine.demands, now)]
    for each, fault in faults:
        click.echo(f"{each.path}: {spoken(fault)}")
    unasked = _unasked(engine, engine.attestations)
    for told in unasked:
        click.echo(told)
    sound = len(engine.attestations) - len({each.id for each, _ in faults})
    click.echo(say("{sound} of {all} statements hold", sound=sound, all=len(engine.attestations)))
    return 1 if faults or unasked else 0


def _unasked(engine: Engine, attestations: tuple[Attestation, ...]) -> list[str]:
    """Statements about checks that the baseline does not select: they would change nothing."""
    return [
        say("{path}: baseline {baseline} does not ask for {check}", path=each.path, baseline=engine.baseline, check=check)
        for each in attestations
        for check in each.checks
        if check not in engine.demands
    ]


@command.command("due")
@_FOLDER
@_BASELINE
@_CONTENT
@click.option("--within", default="90d", show_default=True, metavar="DURATION", help="How far to look ahead.")
@click.option("--ical", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write every day as iCalendar.")
def due(attestations: Path, baseline: str, content: tuple[Path, ...], within: str, ical: Path | None) -> int:
    """What must be stated, or stated again, and which actions are open. Exit code 1 when something is overdue or missing."""
    from secscan.attestation_review import list_due  # noqa: PLC0415 - keep --help free of it
    from secscan.inert import columns  # noqa: PLC0415 - as above
    from secscan.model.values import WRITTEN, Type, read_duration  # noqa: PLC0415 - as above

    now = time.time()
    try:
        horizon = datetime.fromtimestamp(now + read_duration(within), UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "--within cannot be {within!r}; allowed: {written}", within=within, written=WRITTEN[Type.DURATION]
        ) from None
    engine = load(baseline, content, attestations=attestations if attestations.is_dir() or attestations != DEFAULT else None)
    duties = list_due(engine.attestations, engine.demands, engine.library.checks, now)
    today = datetime.fromtimestamp(now, UTC).date()
    urgent = say("now")
    blank = " " * columns(urgent)
    for duty in duties:
        if duty.day <= horizon:
            click.echo(wrapped(_describe(duty), f"{duty.day} {urgent if duty.day <= today else blank} ", 12 + columns(urgent)))
    if ical:
        _write_calendar(ical, duties, now)
    return 1 if any(duty.day <= today for duty in duties) else 0


def _describe(duty: Due) -> str:
    what = Message("{check}: {what}", check=duty.check, what=duty.what) if duty.check else duty.what
    told = [_scope(duty.scope), *([duty.statement] if duty.statement else [])]
    told += [Message("owner {owner}", owner=duty.owner)] if duty.owner else []
    return say("{what} ({details})", what=what, details=told)


def _scope(scope: str) -> str:
    return Message("organization") if scope == "organization" else scope


def _write_calendar(path: Path, duties: list[Due], now: float) -> None:
    from secscan.ical import Entry, write_calendar  # noqa: PLC0415 - keep --help free of it

    entries = [Entry(duty.uid, duty.day, spoken(duty.what), _describe(duty)) for duty in duties]
    try:
        path.write_text(write_calendar(say("secscan: statements due"), entries, now), encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    say_aside(Message("wrote {path}", path=path))


@command.command("report")
@_BASELINE
@_CONTENT
@attestations_options
@click.option(
    "--waivers", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="Accepted failures; may be repeated."
)
@report_options
def report(
    baseline: str,
    content: tuple[Path, ...],
    attestations: Path | None,
    organization: str | None,
    waivers: tuple[Path, ...],
    output: Path | None,
    formats: str,
    fail_on: str,
    language: str,
    terms: Path | None,
    redact: bool,
    redact_key: Path | None,
    colour: bool | None,
) -> int:
    """What is asked of the organization and what is stated, as an assessment of its own; no host is asked."""
    rule, wanted, words = parse_fail_on(fail_on), check_formats(formats, output), choose_words(language, terms)
    folder = attestations or (DEFAULT if DEFAULT.is_dir() else None)
    engine = load(baseline, content, waivers=waivers, attestations=folder, organization=organization)
    with contextlib.ExitStack() as stack:
        place = prepare_folder(output) if output else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secscan-")))
        run = Run(place, keep_evidence=False, redaction=read_redaction(redact, redact_key))
        if run.keep_stated(engine) is None:
            raise UsageError(
                "baseline {baseline} asks nothing of the organization; allowed: one like {example}",
                baseline=baseline,
                example=BASELINE,
            )
        write_reports(run, wanted, output, quiet=False, colour=colour, words=words)
    return exit_code(run, rule)
