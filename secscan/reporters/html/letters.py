"""Texts as Typst writes them: literals, the places where a long word may be broken, and the direction in which one is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import bidirectional

LONG = re.compile(r"[!-~]{13,}|[^\s\u2e80-\u9fff\uac00-\ud7af]{41,}")
LONG_LINE = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af]{60,}")
"""What may not fit into the column of a table, and into a line of an answer."""
_WORD = re.compile(r"""["'(]*[A-Za-z]{1,30}[.,;:!?)"']*""")
_JOINTS = re.compile(r"[^/._\-:=,;@+&?]{0,23}[/._\-:=,;@+&?]+|[^/._\-:=,;@+&?]{1,24}")
_LITERAL = {ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n", ord("\r"): "\\r"}
SPACE = "[ ]"
_MAY_BREAK = "z"
NEW_LINE = "linebreak()"


def literal(text: str) -> str:
    """A text as Typst writes one: nothing in it has a meaning."""
    return f'"{text.translate(_LITERAL)}"'


def words(text: str, isolated: bool) -> Iterator[str]:
    """A text in which white space is one space."""
    if text.startswith(" "):
        yield SPACE
    yield from _breakable(text.strip(" "), LONG, isolated)
    if text.endswith(" ") and len(text) > 1:
        yield SPACE


def lines(text: str, long: re.Pattern[str], isolated: bool) -> Iterator[str]:
    """A text in which white space stays as it is."""
    for number, line in enumerate(text.strip("\n").split("\n")):
        if number:
            yield NEW_LINE
        yield from _breakable(line.expandtabs(), long, isolated)


def _breakable(text: str, long: re.Pattern[str], isolated: bool) -> Iterator[str]:
    """A text whose long words may be broken: after punctuation, else anywhere. Nothing is added to the text itself.

    `isolated` is whether a word must be kept in one direction, which a place to break would end.
    """
    start = 0
    for found in long.finditer(text):
        if _WORD.fullmatch(found[0]):
            continue
        if start < found.start():
            yield literal(text[start : found.start()])
        start = found.end()
        pieces = [part for piece in _JOINTS.findall(found[0]) for part in (literal(piece), _MAY_BREAK)][:-1]
        if isolated and found[0].isascii():
            pieces = ["isolated(ltr, {\n" + "\n".join(pieces) + "\n})"]
        yield from pieces
    if start < len(text):
        yield literal(text[start:])


def first_direction(text: str) -> str:
    """The direction of the first letter that has one; empty where none has."""
    strong = next((found for found in map(bidirectional, text) if found in {"L", "R", "AL"}), "")
    return {"L": "ltr", "R": "rtl", "AL": "rtl"}.get(strong, "")
