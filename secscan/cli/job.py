"""A scan as it was asked for, and doing it: the steps that `secscan scan` and `secscan run` have in common."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from secscan.cli.failing import FailOn, exit_code, parse_fail_on
from secscan.cli.files import prepare_folder, remove_leftovers
from secscan.cli.interrupts import heed
from secscan.cli.journal import is_json, log_option, name_run, note
from secscan.cli.kept import Kept, Run
from secscan.cli.language import say
from secscan.cli.leaving import claim, set_aside, take_back
from secscan.cli.memory import Memory, begin_run, history_option, name_of_run, resume_run
from secscan.cli.options import (
    attestations_options,
    content_options,
    load,
    read_declared,
    read_targets,
    target_options,
    waivers_option,
    with_inventory,
)
from secscan.cli.overwriting import demand_room, names_of
from secscan.cli.redacting import Redaction, read_redaction
from secscan.cli.registers import read_registers, register_option
from secscan.cli.reports import check_formats, choose_words, load_reporters, report_options
from secscan.cli.turns import alone, alone_in
from secscan.errors import HistoryError, UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.errors import Problem
    from secscan.history.records import Diff
    from secscan.model.recommendation import Recommendation
    from secscan.model.target import Target
    from secscan.pipeline import Engine
    from secscan.wording import Wording

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED = 130
_OPTIONS = (
    target_options,
    content_options,
    waivers_option,
    attestations_options,
    register_option,
    report_options,
    click.option("-w", "--workers", type=click.IntRange(1, 64), default=32, show_default=True, help="Hosts asked at once."),
    history_option,
    click.option(
        "--resume", metavar="RUN", help="Take up a run that broke off, by its name or `latest`: only what is missing is asked."
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; only what was asked for."),
    log_option,
)  # fmt: skip


def job_options(command: F) -> F:
    """The options that make a Job."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Job:
    """A scan as it was asked for: all input is read and found to be right, no host has been asked.

    `partial`: the command line names some hosts of an inventory, and nothing is to be concluded about the others.
    """

    engine: Engine
    targets: tuple[Target, ...]
    inventory: str | None
    rule: FailOn
    formats: Sequence[str]
    words: Wording
    redaction: Redaction | None
    recommendations: tuple[Recommendation, ...]
    output: Path | None
    history: str | None
    remembered: bool
    partial: bool
    keep_evidence: bool
    resume: str | None
    workers: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Done:
    """A scan that was done: what it found is in the folder of `run`. `memory` is None for one that is not remembered.

    `since` is what changed since the last whole run of its kind, None where there is none.
    """

    run: Run
    memory: Memory | None
    started_at: float
    interrupted: bool
    since: Diff | None


def read_job(options: Mapping[str, Any], *, keep_evidence: bool = True, remember: bool = True) -> Job:
    """The job that the options describe. Raises whatever is wrong with any input, before the first host is asked."""
    output: Path | None = options["output"]
    remembered = output is not None and remember
    if options["resume"] and not remembered:
        raise UsageError("--resume needs what was kept and remembered; allowed: the -o DIR of that run, without --no-history")
    declared = read_declared(options["inventory"])
    targets = read_targets(dict(options), declared)
    engine = load(
        options["baseline"], options["content"], options["connect_timeout"], options["timeout"], options["waivers"],
        options["attestations"], options["organization"],
    )  # fmt: skip
    job = Job(
        rule=parse_fail_on(options["fail_on"]),
        formats=check_formats(options["formats"], output),
        words=choose_words(options["language"], options["terms"]),
        redaction=read_redaction(options["redact"], options["redact_key"]),
        recommendations=read_registers(options["registers"], engine.library),
        engine=with_inventory(engine, declared),
        targets=targets,
        inventory=options["inventory"],
        output=output,
        history=options["history"],
        remembered=remembered,
        partial=declared is not None and (bool(options["targets"]) or _is_from_command_line("limit")),
        keep_evidence=output is not None and keep_evidence,
        resume=options["resume"],
        workers=options["workers"],
        quiet=options["quiet"],
    )
    _validate(job.engine, targets)
    return job


def _is_from_command_line(option: str) -> bool:
    """Whether somebody gave this option now, so that it is none of the settings of the project."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


@contextlib.contextmanager
def performed(job: Job) -> Iterator[Done]:
    """Ask all targets and judge what they say; nobody else works on the same inventory or in the folder until we are left."""
    started_at = time.time()
    with contextlib.ExitStack() as stack:
        if job.remembered:
            stack.enter_context(alone(job.inventory, job.targets))
        output = job.output
        folder = prepare_folder(output) if output else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secscan-")))
        if output:
            stack.enter_context(alone_in(folder))
            if not job.resume:
                demand_room(folder, job.engine.baseline, names_of(job.engine, job.targets))
            if job.inventory and not job.partial:
                claim(folder, job.engine.baseline, job.inventory)
        remove_leftovers(folder)
        name = name_of_run(started_at) if output and not job.resume else ""
        run = Run(folder, job.keep_evidence, name, job.redaction, job.recommendations)
        memory = _memory(job, run, started_at) if job.remembered else None
        if memory:
            stack.callback(memory.close)
        missing: Sequence[Target] = job.targets
        if memory and job.resume:
            missing = memory.take_up(run, job.targets)
            demand_room(folder, job.engine.baseline, names_of(job.engine, job.targets))
            run.name = memory.name
        name_run(run.name)
        if job.resume:
            there = len(job.targets) - len(missing)
            text = Message("run {name}: {there} of {all} hosts are there already", name=run.name, there=there, all=len(job.targets))
            note("run_resumed", text, there=there)
        interrupted = _ask(job, missing, run, memory)
        since = memory.compare(run.names) if memory and not interrupted else None
        if since:
            run.tell_since(since)
        take_back(run)
        if job.inventory and not (job.partial or interrupted):
            set_aside(run, job.engine.baseline)
        yield Done(run, memory, started_at, interrupted, since)


def _memory(job: Job, run: Run, started_at: float) -> Memory:
    if job.resume:
        name = job.resume
        return Memory(lambda: resume_run(job.history, job.engine, job.targets, run.folder, name, partial=job.partial))
    return Memory(lambda: begin_run(job.history, job.engine, job.targets, run.folder, run.name, started_at, partial=job.partial))


def ending(job: Job, done: Done, code: int | None = None) -> int:
    """The exit code of a scan; `code` in place of what its results alone say. What is not remembered counts before these."""
    if done.interrupted:
        done_with = len(done.run.names)
        text = Message("interrupted: {finished} of {all} targets are finished and kept", finished=done_with, all=len(job.targets))
        note("interrupted", text, "warning")
        return INTERRUPTED
    if done.memory and done.memory.complaint:
        return HistoryError.exit_code
    return exit_code(done.run, job.rule) if code is None else code


def _validate(engine: Engine, targets: tuple[Target, ...]) -> None:
    """Everything that can be wrong with the input, before the first host is asked."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.errors import InputError  # noqa: PLC0415 - as above
    from secscan.judge.rulebook import ABOVE_HOSTS  # noqa: PLC0415 - as above
    from secscan.pipeline import localise  # noqa: PLC0415 - as above

    _ = engine.plan  # compiled once, here, and not by whichever thread comes first while the others wait
    problems: list[Problem] = []
    for target in targets:
        if target.name == engine.organization and engine.rulebook.about(*ABOVE_HOSTS):
            raise UsageError("a target is named {name!r} as the organization; allowed: --organization NAME", name=target.name)
        if target.transport == "replay" and not Path(target.address).is_file():
            raise UsageError("{address}: no such bundle; allowed: a file that ends in .bundle.json.gz", address=target.address)
    for transport in {target.transport for target in targets} - {"replay"}:
        plugins.transport(transport)
    for target in targets:
        if target.parameters:
            try:
                localise(engine, target)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)


def _ask(job: Job, targets: Sequence[Target], run: Run, memory: Memory | None) -> bool:
    """Ask all targets; True when interrupted. What is finished is on disk, whatever happens."""
    from secscan.fleet import run_all  # noqa: PLC0415 - keep --help free of it

    with _progress(len(targets), job.quiet) as told:
        try:
            answers = run_all(targets, lambda target: run.keep(job.engine, target), job.workers)
            if memory:
                memory.open()  # while the hosts think, as the next
            load_reporters(job.formats)
            for target, outcome in answers:
                kept = run.keep_failure(job.engine, target, outcome) if isinstance(outcome, Exception) else outcome
                run.add(kept)
                if memory:
                    memory.record(run.path(kept.name))
                told(kept)
            stated = run.keep_together(job.engine)
            if stated:
                told(stated)
            if stated and memory:
                memory.record(run.path(stated.name))
        except KeyboardInterrupt:
            heed()
            return True
    if memory:
        memory.finish(run.name)
    return False


@contextlib.contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Any]:
    """A function that tells that a host is finished: a bar on a terminal, a line each elsewhere, nothing when quiet."""
    if quiet:
        yield lambda kept: None
        return
    if total < 2 or is_json() or not sys.stderr.isatty():
        yield _tell
        return
    from rich.console import Console  # noqa: PLC0415 - 40 ms, only for a bar
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    columns = (TextColumn(say("scanning")), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("scan", total=total)

        def tell(kept: Kept) -> None:
            if not kept.reached:
                bar.console.print(Text(say("{host}: {summary}", host=kept.name, summary=kept.summary)))
            bar.advance(task)

        yield tell


def _tell(kept: Kept) -> None:
    """One line for a host that is finished."""
    level = "info" if kept.reached else "warning"
    text = Message("{host}: {summary}", host=kept.name, summary=kept.summary)
    note("host_finished", text, level, host=kept.name, reached=kept.reached, counts=dict(kept.counts))
