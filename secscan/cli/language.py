"""The language that the command line speaks: chosen once for the process, and English until somebody chooses another.

Everything that commands say to people goes through here. Babel and the catalogues are read when the first sentence in another
language is said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.messages import Message, counted, phrase

if TYPE_CHECKING:
    from secscan.errors import SecscanError
    from secscan.wording import Wording

F = TypeVar("F", bound=Callable[..., Any])
CODES = ("ar", "zh", "en", "fr", "ru", "es")
OPTION, VARIABLE = "--language", "SECSCAN_LANGUAGE"
WIDTH = 80
_WORDS = {
    "pass": phrase("pass"),
    "fail": phrase("fail"),
    "error": phrase("error"),
    "manual": phrase("manual"),
    "not_applicable": phrase("not applicable"),
    "skipped": phrase("skipped"),
    "unreachable": phrase("unreachable"),
    "critical": phrase("critical"),
    "high": phrase("high"),
    "medium": phrase("medium"),
    "low": phrase("low"),
    "waived": phrase("waived"),
    "attested": phrase("attested"),
    "attested_fail": phrase("attested not to hold"),
    "attested_not_applicable": phrase("attested not to be needed"),
    "needs_review": phrase("needs review"),
    "expired": phrase("expired"),
    "met": phrase("met"),
    "partly met": phrase("partly met"),
    "unknown": phrase("unknown"),
    "missed": phrase("missed"),
    "reached": phrase("reached"),
    "no data": phrase("no data"),
    "measured": phrase("measured"),
    "estimated": phrase("estimated"),
}
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


class _Speaker:
    """The code of the language, and whether a command line named it; one for the process, as standard output is."""

    def __init__(self) -> None:
        self.code, self.told = "en", False


_speaker = _Speaker()


def begin(environment: Mapping[str, str]) -> None:
    """Start anew: as SECSCAN_LANGUAGE says, else as the first variable of the locale does that says anything, else in English.

    The locale counts only where UTF-8 is written: another encoding has no signs for most of what would be said.
    """
    variables = _LOCALE if _writes_utf8() else ()
    named = environment.get(VARIABLE) or next((environment[name] for name in variables if environment.get(name)), "")
    code = named.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    _speaker.code, _speaker.told = code if code in CODES else "en", False


def _writes_utf8() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def choose(code: str) -> None:
    """Speak a language from now on. What is no language of ours changes nothing: whoever asked for it is told elsewhere."""
    if code in CODES:
        _speaker.code = code


def listen(arguments: Sequence[str]) -> None:
    """Speak the language that a command line names, before click reads it: for help and mistakes, wherever they stand in it."""
    named = ""
    for word, following in zip(arguments, (*arguments, "")[1:], strict=True):
        if word == "--":
            break
        option, equals, value = word.partition("=")
        if option == OPTION:
            named = value if equals else following
    if named in CODES:
        _speaker.code, _speaker.told = named, True


def is_told() -> bool:
    """Whether the command line named the language."""
    return _speaker.told


def is_english() -> bool:
    """Whether the language is that of the source."""
    return _speaker.code == "en"


def words() -> Wording:
    """The words of the language: for rates, moments, and terms of reports."""
    from secscan.languages import spoken  # noqa: PLC0415 - keep --help free of it

    return spoken(_speaker.code)


def spoken(message: str) -> str:
    """A message in the language, what is no message as it is; harmless for a terminal either way."""
    from secscan.inert import SPACES, visible  # noqa: PLC0415 - keep --help free of it

    if not isinstance(message, Message) or _speaker.code == "en":
        return visible(message, "\n\t" + SPACES)
    said = words().message(message)
    return said if message.values else visible(said, "\n\t" + SPACES)


def say(text: str, /, **values: object) -> str:
    """A sentence of ours with its values; numbers in it are counts, and any other number is given as text."""
    return spoken(Message(text, **values))


def say_count(one: str, many: str, count: int, /, **values: object) -> str:
    """A sentence about a number of things, `{count}` in it."""
    return spoken(counted(one, many, count, **values))


def named(key: str) -> Message:
    """An outcome, severity, decision, status or verdict as a word inside a sentence: `not applicable`."""
    return Message(_WORDS.get(key, key.replace("_", " ")))


def listed(parts: Iterable[str]) -> str:
    """Parts of a sentence that are said already, with what the language puts between them."""
    return say(", ").join(parts)


def wrapped(text: str, begin: str = "", hanging: int = 0) -> str:
    """A paragraph of at most 80 columns. `begin` stands before its first line, `hanging` blanks before the others."""
    from secscan.lines import wrap  # noqa: PLC0415 - keep --help free of it

    return "\n".join(wrap(text, WIDTH, begin, " " * hanging))


def told(error: SecscanError) -> list[str]:
    """What went wrong, a line each: every problem of a file, or the message, made harmless for a terminal."""
    from secscan.inert import block  # noqa: PLC0415 - only for a mistake

    return (block(str(error)) if _speaker.code == "en" else spoken(error.message)).splitlines()


def language_callback(context: click.Context, option: click.Parameter, value: str) -> str:
    """Speak the language of an option, where somebody chose it."""
    from click.core import ParameterSource  # noqa: PLC0415 - as everything of click is loaded already

    if context.get_parameter_source(option.name or "") is not ParameterSource.DEFAULT:
        choose(value)
    return value
