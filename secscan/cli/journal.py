"""What is said on standard error while a command works: lines for people, or JSON objects for machines, with the id of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli.language import spoken, told
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.errors import SecscanError

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("text", "json")
CRASHED = 70  # EX_SOFTWARE of sysexits.h
LOGGING = frozenset({"scan", "run"})  # the commands that have --log-format


class _Journal:
    """How things are said, and the id of the run; one for the process, as standard error is."""

    def __init__(self) -> None:
        self.as_json, self.run = False, ""


_journal = _Journal()


def begin(*, as_json: bool = False) -> None:
    """Start anew, with no run."""
    _journal.as_json, _journal.run = as_json, ""
    if as_json:
        from secscan.cli.strays import listen  # noqa: PLC0415 - only for machines

        listen(is_json, note)


def is_asked_for(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether JSON is going to be asked for by words that nobody has parsed yet, so that mistakes in them are told as JSON too."""
    by_option = "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)
    return by_option or (environment.get("SECSCAN_LOG_FORMAT") == "json" and not LOGGING.isdisjoint(arguments))


def name_run(name: str) -> None:
    """From now on, everything that is said is said of this run."""
    _journal.run = name


def is_json() -> bool:
    """Whether machines listen."""
    return _journal.as_json


def note(event: str, text: str, level: str = "info", **facts: Any) -> None:
    """Say what happened. `event` is its kind and `facts` its figures, both for machines; `text` is the line for people.

    Machines are told it in English, people in their language where it is a message.
    """
    if not _journal.as_json:
        say_aside(text)
        return
    import json  # noqa: PLC0415 - keep --help free of it

    moment = time.time()
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment))}.{int(moment % 1 * 1000):03d}Z"
    head = {"time": stamp, "level": level, "event": event, **({"run": _journal.run} if _journal.run else {})}
    click.echo(json.dumps({**head, "message": text, **facts}), err=True)


def say_aside(text: str) -> None:
    """A line on standard error, from secscan and not from a host."""
    click.echo(f"secscan: {spoken(text)}", err=True)


def complain(error: SecscanError) -> None:
    """Tell why a command ends: a line for each problem."""
    from secscan.inert import block  # noqa: PLC0415 - only for a mistake

    if not _journal.as_json:
        for line in told(error):
            click.echo(f"secscan: {line}", err=True)
        return
    for line in block(str(error)).splitlines():
        note("failed", line, "error", exit_code=error.exit_code)


def tell_crash(error: Exception) -> None:
    """Tell of an exception that is a mistake of ours, with everything that helps to find it."""
    import traceback  # noqa: PLC0415 - only for a crash

    text = Message("secscan itself failed: {kind}: {error}; please report it to us", kind=type(error).__name__, error=str(error))
    if _journal.as_json:
        note("crashed", text, "error", exit_code=CRASHED, traceback="".join(traceback.format_exception(error)))
    else:
        traceback.print_exception(error)
        say_aside(text)


def log_option(command: F) -> F:
    """--log-format."""

    def choose(_context: click.Context, _option: click.Parameter, value: str) -> str:
        begin(as_json=value == "json")
        return value

    return click.option(
        "--log-format", type=click.Choice(FORMATS), default="text", show_default=True, is_eager=True, expose_value=False,
        callback=choose, help="What is said on standard error: lines, or JSON with the id of the run.",
    )(command)  # fmt: skip
