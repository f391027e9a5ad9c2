"""What click says about a wrong command line, in one line: what is wrong and what is allowed."""

from __future__ import annotations

import re

import click

from secscan.messages import Message, phrase, restated

_RANGES = (click.IntRange, click.FloatRange)
_SENTENCES = (
    phrase("option {option} requires an argument"),
    phrase("option {option} does not take a value"),
    phrase("got unexpected extra argument ({words})"),
    phrase("got unexpected extra arguments ({words})"),
    phrase("missing command"),
    phrase("file {path} does not exist"),
    phrase("file {path} is a directory"),
    phrase("file {path} is not readable"),
    phrase("directory {path} does not exist"),
    phrase("directory {path} is a file"),
    phrase("directory {path} is not readable"),
)
"""What click says, as `told` writes it."""


def told(error: click.ClickException) -> str:
    """The mistake in one line, to be said in any language where click's own sentence is one that we know.

    >>> told(click.MissingParameter(param=click.Option(["-o", "--output"])))
    "missing option '-o' / '--output'"
    """
    out_of_range = _out_of_range(error)
    if out_of_range:
        return out_of_range
    message = _sentence(error.format_message())
    context = getattr(error, "ctx", None)
    if context is None or "; allowed: " in message:
        return _recognized(message)
    return _known(error, f"{message}; see {context.command_path} --help", context.command_path)


def _sentence(text: str) -> str:
    """Words of click as part of a line."""
    sentence = " ".join(text.split()).rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def _recognized(english: str) -> str:
    """A sentence of click that can be said in any language where it is one of _SENTENCES, else as it is.

    >>> _recognized("option '-o' requires an argument").values
    {'option': "'-o'"}
    """
    for text in _SENTENCES:
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text)), english)
        if found:
            return restated(english, text, **found.groupdict())
    return english


def _known(error: click.ClickException, english: str, command: str) -> str:
    """The mistakes that people make most; English for the others."""
    if isinstance(error, click.NoSuchOption):
        option = error.option_name
        return restated(english, "there is no option {option}; see {command} --help", option=option, command=command)
    no_command = re.match(r"No such command (?P<name>'.*?')", error.message)
    if no_command:
        return restated(english, "there is no command {name}; see {command} --help", name=no_command["name"], command=command)
    if not isinstance(error, click.BadParameter) or error.param is None:
        mistake = _recognized(_sentence(error.message))
        return restated(english, "{mistake}; see {command} --help", mistake=mistake, command=command)
    what = error.param.get_error_hint(error.ctx or click.Context(click.Command(command)))
    if isinstance(error, click.MissingParameter):
        return restated(english, "missing: {what}; see {command} --help", what=what, command=command)
    if isinstance(error.param.type, click.Choice):
        allowed = list(map(str, error.param.type.choices))
        return restated(english, "{what} cannot be that; allowed: {allowed}", what=what, allowed=allowed)
    reason = _recognized(_sentence(error.message))
    return restated(english, "{what} cannot be that: {reason}; see {command} --help", what=what, reason=reason, command=command)


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
