"""How wide the columns of a table are on paper: decided from its texts. To measure cells instead has them set once more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

_LINE = 92  # letters across the page
_SHORT = 24  # letters of a column that is as wide as its text
_LONG = 70  # beyond, a longer text makes a column no wider
_WORD = re.compile(r"[^\s/._\-:=,;]+")


@dataclass(slots=True)
class Column:
    """What is known of a column: its longest text and longest word, in letters, and whether it holds pictures or numbers."""

    longest: int = 0
    word: int = 0
    pictures: bool = False
    numbers: bool = False

    def add(self, text: str, pictures: bool, numbers: bool) -> None:
        """Take a cell into account."""
        self.longest = max(self.longest, _letters(text))
        self.word = max(self.word, min(24, max(map(_letters, _WORD.findall(text)), default=0)))
        self.pictures |= pictures
        self.numbers |= numbers


def widths(columns: Iterable[Column], measured: bool) -> list[str]:
    """A width for each column, as Typst writes it: that of its text where it is short, else a share of what is left.

    Columns of short texts are `measured`, or get their share like the others.
    """
    known = list(columns)
    if measured and sum(column.longest for column in known) <= _LINE // 2:
        return ["auto"] * len(known)
    return [_width(column, measured) for column in known]


def _width(column: Column, measured: bool) -> str:
    if column.pictures:
        return "3.4cm"
    if measured and (column.numbers or column.longest <= _SHORT):
        return "auto"
    return f"{max(column.word, min(column.longest, _LONG)) ** 0.75:.1f}fr"


def _letters(text: str) -> int:
    """How many letters fit into its place; a Chinese one takes that of two."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
