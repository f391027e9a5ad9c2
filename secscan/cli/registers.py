"""Registers of oversight recommendations: the option that names them, reading them, and reports that tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from secscan.content.library import Library
    from secscan.model.recommendation import Recommendation
    from secscan.reporters import Reporter

F = TypeVar("F", bound=Callable[..., Any])


def register_option(command: F) -> F:
    """--register, for commands that write reports."""
    return click.option(
        "--register", "registers", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
        help="A register of oversight recommendations, told in html, portal and pdf; may be repeated.",
    )(command)  # fmt: skip


def read_registers(registers: Sequence[Path], library: Library) -> tuple[Recommendation, ...]:
    """The recommendations of the files. Raises UsageError for a missing file, InputError with every problem of all of them."""
    from secscan.oversight import reading  # noqa: PLC0415 - keep --help free of it

    return reading.read_registers(map(Path, registers), reading.Known(library.checks, library.requirements))


def following(reporter: Reporter, recommendations: Sequence[Recommendation]) -> Reporter:
    """The form of report with recommendations in it, where there are any and it tells of them."""
    return reporter.follow(recommendations) if recommendations and reporter.follow else reporter
