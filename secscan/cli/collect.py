"""`secscan collect`: evidence only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from secscan.cli import SpokenCommand
from secscan.cli.files import prepare_folder
from secscan.cli.journal import say_aside
from secscan.cli.kept import describe_failure
from secscan.cli.options import content_options, load, read_declared, read_targets, target_options, with_inventory
from secscan.messages import Message


@click.command("collect", cls=SpokenCommand)
@target_options
@content_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="Where the bundles go."
)
@click.option("-w", "--workers", type=click.IntRange(1, 64), default=32, show_default=True, help="Hosts asked at the same time.")
def command(baseline: str, content: tuple[Path, ...], output: Path, workers: int, **arguments: Any) -> int:
    """Ask hosts and keep the evidence, without judging.

    Prints one line per host: its name and the path of its bundle. Judge with `secscan evaluate`.
    """
    from secscan.bundles import write_bundle  # noqa: PLC0415 - keep --help free of it
    from secscan.fleet import run_all  # noqa: PLC0415 - as above
    from secscan.inert import visible  # noqa: PLC0415 - as above
    from secscan.pipeline import collect  # noqa: PLC0415 - as above

    declared = read_declared(arguments["inventory"])
    targets = read_targets(arguments, declared)
    engine = with_inventory(load(baseline, content, arguments["connect_timeout"], arguments["timeout"]), declared)
    prepare_folder(output)
    failed = 0
    for target, outcome in run_all(targets, lambda target: write_bundle(collect(engine, target), output)[1], workers):
        if isinstance(outcome, Exception):
            failed += 1
            say_aside(Message("{host}: not reached: {reason}", host=target.name, reason=describe_failure(outcome)))
        else:
            click.echo(f"{visible(target.name)}\t{outcome}")
    return 3 if failed else 0
