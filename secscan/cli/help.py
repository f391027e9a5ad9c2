"""What `--help` and completion say in languages other than English, from the texts of the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from secscan.cli import SpokenGroup
from secscan.cli.language import say
from secscan.inert import columns
from secscan.lines import wrap

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_MARGIN, _SPACING, _WIDEST = 2, 2, 30  # columns, as click's
_DEFAULT, _REQUIRED = "default: ", "required"  # click's own words


def page(command: click.Command, context: click.Context) -> str:
    """The help of a command: how it is used, what it does, its options and its commands."""
    width = context.make_formatter().width
    usage = say("Usage:")
    begin = f"{usage} {context.command_path} "
    lines = wrap(" ".join(command.collect_usage_pieces(context)), width, begin, " " * columns(begin))
    for text, is_kept in _blocks(command.help):
        lines.append("")
        said = say(text)
        margin = " " * _MARGIN
        lines += [margin + line for line in said.splitlines()] if is_kept else wrap(said, width, margin, margin)
    lines += _table(say("Options:"), [_row(option, context) for option in _options(command, context)], width)
    if isinstance(command, SpokenGroup):
        names = command.list_commands(context)
        lines += _table(say("Commands:"), [(name, say(command.summary(context, name))) for name in names], width)
    return "\n".join(lines)


def described(command: click.Command, context: click.Context, items: list[CompletionItem]) -> list[CompletionItem]:
    """What a shell offers to complete a word, with what each of it does."""
    commands = command.list_commands(context) if isinstance(command, SpokenGroup) else []
    for item in items:
        if isinstance(command, SpokenGroup) and item.value in commands:
            item.help = say(command.summary(context, item.value))
        elif item.help:
            item.help = say(_joined(item.help))
    return items


def texts(command: click.Command, context: click.Context) -> Iterator[str]:
    """Every text in the help of a command and of those below it, as catalogues have it."""
    yield from (text for text, _ in _blocks(command.help))
    yield from filter(None, map(_help, _options(command, context)))
    if isinstance(command, SpokenGroup):
        for name in command.list_commands(context):
            yield command.summary(context, name)
            child = command.get_command(context, name)
            if child:
                yield from texts(child, click.Context(child, info_name=name, parent=context))


def extract_help(stream: BinaryIO, keywords: Any, comment_tags: Sequence[str], options: Any) -> Iterator[tuple[Any, ...]]:
    """What pybabel reads: the messages of the module of all commands, and the help of every command."""
    from babel.messages.extract import extract_python  # noqa: PLC0415 - only for catalogues

    from secscan.cli import secscan  # noqa: PLC0415 - commands import this module

    yield from extract_python(stream, keywords, comment_tags, options)
    for text in dict.fromkeys(texts(secscan, click.Context(secscan, info_name="secscan"))):
        yield 1, None, text, []


def _blocks(text: str | None) -> Iterator[tuple[str, bool]]:
    """The paragraphs of a help text, and whether the lines of one stay as they are, as click's mark for a block asks."""
    for block in inspect.cleandoc(text or "").partition("\f")[0].split("\n\n"):
        mark, _, kept = block.partition("\n")
        if mark.strip() == "\b":
            yield kept, True
        elif block:
            yield _joined(block), False


def _options(command: click.Command, context: click.Context) -> Iterator[click.Option]:
    """The options that help tells of; what an argument is, the command itself tells."""
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield parameter


def _help(option: click.Option) -> str:
    return _joined(option.help or "")


def _joined(text: str) -> str:
    """A text of the source on one line, as catalogues have it."""
    return " ".join(text.split())


def _row(option: click.Option, context: click.Context) -> tuple[str, str]:
    """An option and what is said of it, with what click adds in brackets: its default, its range, whether it is required."""
    names, told = option.get_help_record(context) or ("", "")
    added = told.removeprefix(option.help or "").strip().removeprefix("[").removesuffix("]")
    said = say(_help(option)) if option.help else ""
    return names, "  ".join(filter(None, (said, f"[{'; '.join(map(_added, added.split('; ')))}]" if added else "")))


def _added(part: str) -> str:
    if part.startswith(_DEFAULT):
        return say("default: {default}", default=part.removeprefix(_DEFAULT))
    return say("required") if part == _REQUIRED else part


def _table(title: str, rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    """Terms with what they mean beside them, or below those that are too wide."""
    rows = list(rows)
    if not rows:
        return []
    first = min(max(columns(term) for term, _ in rows), _WIDEST) + _SPACING
    lines, hanging = ["", title], " " * (_MARGIN + first)
    for term, meaning in rows:
        begin = " " * _MARGIN + term
        if columns(term) > first - _SPACING:
            lines.append(begin)
            begin = ""
        lines += map(str.rstrip, wrap(meaning, width, begin.ljust(len(hanging)), hanging))
    return lines
