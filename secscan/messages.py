"""What secscan says to people: English as it stands, and able to be said in another language by whoever has the words.

A message keeps the text that it was made of and the values that were put in. Logs, JSON, evidence and tests see a plain English
string; the command line asks a Wording for the same message in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class Message(str):
    """A sentence in English with its text and values. A list among the values is what stands there with commas between.

    >>> Message("no run is named {name!r}; allowed: {allowed}", name="x", allowed=["latest", "previous"])
    "no run is named 'x'; allowed: latest, previous"
    """

    __slots__ = ("many", "text", "values")
    text: str
    many: str
    values: Mapping[str, object]

    def __new__(cls, text: str, /, **values: object) -> Self:
        """The English sentence; `text` has the names of the values in braces."""
        message = super().__new__(cls, fill(text, values) if values else text)
        message.text, message.many, message.values = text, "", values
        return message


class Title(str):
    """A text of a check, requirement or baseline as a value of a message: it has a translation of its own."""

    __slots__ = ()


def mark(text: str) -> str:
    """The text itself; tells the extractor of catalogues that reports say it."""
    return text


def phrase(text: str) -> str:
    """The text itself; tells the extractor of catalogues that commands say it."""
    return text


def counted(one: str, many: str, count: int, /, **values: object) -> Message:
    """A message about a number of things, which is `{count}` in its texts.

    >>> counted("{count} host", "{count} hosts", 2)
    '2 hosts'
    """
    message = Message(one if count == 1 else many, count=count, **values)
    message.text, message.many = one, many
    return message


def restated(english: str, text: str, /, **values: object) -> Message:
    """A message whose English somebody else has written, and whose `text` with its values says the same in other languages."""
    message = Message(english)
    message.text, message.values = text, values
    return message


def fill(text: str, values: Mapping[str, object]) -> str:
    """A text with its values in English: lists with commas, numbers without decimals that say nothing."""
    return text.format(**{name: _english(value) for name, value in values.items()})


def _english(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else value
