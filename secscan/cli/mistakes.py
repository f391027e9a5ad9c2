"""What click says about a wrong command line, in one line: what is wrong and what is allowed."""

from __future__ import annotations

import re

import click

_RANGES = (click.IntRange, click.FloatRange)


def told(error: click.ClickException) -> str:
    """The mistake in one line.

    >>> told(click.MissingParameter(param=click.Option(["-o", "--output"])))
    "missing option '-o' / '--output'"
    """
    message = _out_of_range(error) or " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None or "; allowed: " in message:
        return message[:1].lower() + message[1:]
    return f"{message[:1].lower()}{message[1:]}; see {context.command_path} --help"


def _out_of_range(error: click.ClickException) -> str:
    """A number that is none, or too small or too large."""
    if not isinstance(error, click.BadParameter) or not error.param or not isinstance(error.param.type, _RANGES):
        return ""
    found = re.match(r"(.*) is not (?:a valid|in the range)", error.message)
    kind = error.param.type
    return f"{error.param.opts[-1]} cannot be {found[1] if found else error.message}; allowed: {kind.min:g} to {kind.max:g}"
