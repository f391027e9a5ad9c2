"""What click says about a wrong command line, in one line: what is wrong and what is allowed."""

from __future__ import annotations

import re

import click

from secscan.messages import Message, restated

_RANGES = (click.IntRange, click.FloatRange)


def told(error: click.ClickException) -> str:
    """The mistake in one line, to be said in any language where click's own sentence is one that we know.

    >>> told(click.MissingParameter(param=click.Option(["-o", "--output"])))
    "missing option '-o' / '--output'"
    """
    out_of_range = _out_of_range(error)
    if out_of_range:
        return out_of_range
    message = " ".join(error.format_message().split()).rstrip(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    if context is None or "; allowed: " in message:
        return message
    return _known(error, f"{message}; see {context.command_path} --help", context.command_path)


def _known(error: click.ClickException, english: str, command: str) -> str:
    """The mistakes that people make most; English for the others."""
    if isinstance(error, click.NoSuchOption):
        option = error.option_name
        return restated(english, "there is no option {option}; see {command} --help", option=option, command=command)
    if not isinstance(error, click.BadParameter) or error.param is None:
        return english
    what = error.param.get_error_hint(error.ctx or click.Context(click.Command(command)))
    if isinstance(error, click.MissingParameter):
        return restated(english, "missing: {what}; see {command} --help", what=what, command=command)
    if isinstance(error.param.type, click.Choice):
        allowed = list(map(str, error.param.type.choices))
        return restated(english, "{what} cannot be that; allowed: {allowed}", what=what, allowed=allowed)
    return restated(
        english, "{what} cannot be that: {reason}; see {command} --help", what=what, reason=error.message, command=command
    )


def _out_of_range(error: click.ClickException) -> str:
    """A number that is none, or too small or too large."""
    if not isinstance(error, click.BadParameter) or not error.param or not isinstance(error.param.type, _RANGES):
        return ""
    found = re.match(r"(.*) is not (?:a valid|in the range)", error.message)
    kind = error.param.type
    return Message(
        "{option} cannot be {value}; allowed: {least} to {most}",
        option=error.param.opts[-1],
        value=found[1] if found else error.message,
        least=f"{kind.min:g}",
        most=f"{kind.max:g}",
    )
