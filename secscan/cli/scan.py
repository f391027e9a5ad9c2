"""`secscan scan`: the whole job, from targets to reports."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli.memory import Memory, alone, begin, history_option
from secscan.cli.options import attestations_options, content_options, load, read_targets, target_options, waivers_option
from secscan.cli.reports import (
    Run,
    check_formats,
    choose_words,
    exit_code,
    load_reporters,
    parse_fail_on,
    prepare_folder,
    report_options,
    write_reports,
)
from secscan.errors import HistoryError, UsageError

if TYPE_CHECKING:
    from secscan.errors import Problem
    from secscan.model.target import Target
    from secscan.pipeline import Engine


@click.command("scan")
@target_options
@content_options
@waivers_option
@attestations_options
@report_options
@click.option("-w", "--workers", type=click.IntRange(1, 64), default=32, show_default=True, help="Hosts asked at the same time.")
@click.option("--no-evidence", is_flag=True, help="Do not keep the bundles of raw answers.")
@history_option
@click.option("--no-history", is_flag=True, help="Do not remember this run. Without -o no run is remembered.")
@click.option(
    "--resume", metavar="RUN", help="Take up a run that broke off, by its name or `latest`: only what is missing is asked."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; only what was asked for.")
def command(
    baseline: str,
    content: tuple[Path, ...],
    waivers: tuple[Path, ...],
    attestations: Path | None,
    organization: str | None,
    output: Path | None,
    formats: str,
    fail_on: str,
    language: str,
    terms: Path | None,
    colour: bool | None,
    workers: int,
    no_evidence: bool,
    history: str | None,
    no_history: bool,
    resume: str | None,
    quiet: bool,
    **arguments: Any,
) -> int:
    """Ask hosts and judge what they say.

    TARGET is `local`, HOST, ssh://USER@HOST:PORT, openssh://HOST, chroot:///DIR, container://ENGINE/NAME or
    replay:///BUNDLE. Without -o the text report goes to standard output and nothing is kept.
    """  # fmt: skip
    targets = read_targets(arguments)
    rule = parse_fail_on(fail_on)
    wanted, words = check_formats(formats, output), choose_words(language, terms)
    engine = load(baseline, content, arguments["connect_timeout"], arguments["timeout"], waivers, attestations, organization)
    _validate(engine, targets)
    remembered = output is not None and not no_history
    if resume and not remembered:
        raise UsageError("--resume needs what was kept and remembered; allowed: the -o DIR of that run, without --no-history")
    with contextlib.ExitStack() as stack:
        if remembered:
            stack.enter_context(alone(arguments["inventory"], targets))
        folder = prepare_folder(output) if output else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secscan-")))
        run = Run(folder, keep_evidence=output is not None and not no_evidence)
        memory = Memory(lambda: begin(history, engine, targets, folder, resume)) if remembered else None
        if memory and resume:
            missing = memory.take_up(run, targets)
            click.echo(
                f"secscan: run {memory.name}: {len(targets) - len(missing)} of {len(targets)} hosts are there already", err=True
            )
        else:
            missing = targets
        interrupted = _run(engine, missing, run, wanted, workers, quiet, memory)
        write_reports(run, wanted, output, quiet, colour, words)
    if interrupted:
        click.echo(f"secscan: interrupted: {len(run.names)} of {len(targets)} targets are finished and kept", err=True)
        return 130
    return exit_code(run, rule) or (HistoryError.exit_code if memory and memory.complaint else 0)


def _validate(engine: Engine, targets: tuple[Target, ...]) -> None:
    """Everything that can be wrong with the input, before the first host is asked."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.errors import InputError  # noqa: PLC0415 - as above
    from secscan.model.check import Subject  # noqa: PLC0415 - as above
    from secscan.pipeline import localise  # noqa: PLC0415 - as above

    _ = engine.plan  # compiled once, here, and not by whichever thread comes first while the others wait
    problems: list[Problem] = []
    for target in targets:
        if target.name == engine.organization and engine.rulebook.about(Subject.ORGANIZATION):
            raise UsageError(f"a target is named {target.name!r} as the organization; allowed: --organization NAME")
        if target.transport == "replay" and not Path(target.address).is_file():
            raise UsageError(f"{target.address}: no such bundle; allowed: a file that ends in .bundle.json.gz")
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


def _run(
    engine: Engine,
    targets: tuple[Target, ...],
    run: Run,
    formats: Sequence[str],
    workers: int,
    quiet: bool,
    memory: Memory | None,
) -> bool:
    """Ask all targets; True when interrupted. What is finished is on disk, whatever happens."""
    from secscan.fleet import run_all  # noqa: PLC0415 - keep --help free of it

    with _progress(len(targets), quiet) as told:
        try:
            answers = run_all(targets, lambda target: run.keep(engine, target), workers)
            if memory:
                memory.open()  # while the hosts think, as the next
            load_reporters(formats)
            for target, outcome in answers:
                kept = run.keep_failure(engine, target, outcome) if isinstance(outcome, Exception) else outcome
                run.add(kept)
                if memory:
                    memory.record(run.path(kept.name))
                told(target.name, kept.summary)
            stated = run.keep_stated(engine)
            if stated:
                told(stated.name, stated.summary)
            if stated and memory:
                memory.record(run.path(stated.name))
        except KeyboardInterrupt:
            return True
    if memory:
        memory.finish()
    return False


@contextlib.contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Any]:
    """A function that tells that a host is finished: a bar on a terminal, a line each elsewhere, nothing when quiet."""
    if quiet:
        yield lambda name, summary: None
        return
    if total < 2 or not sys.stderr.isatty():
        from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

        yield lambda name, summary: click.echo(f"secscan: {visible(name)}: {visible(summary)}", err=True)
        return
    from rich.console import Console  # noqa: PLC0415 - 40 ms, only for a bar
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    columns = (TextColumn("scanning"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("scan", total=total)

        def tell(name: str, summary: str) -> None:
            if summary.startswith("not reached"):
                bar.console.print(Text(f"{name}: {summary}"))
            bar.advance(task)

        yield tell
