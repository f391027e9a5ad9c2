"""Lines of a terminal: how wide a text is there, and how a paragraph is wrapped. Wide characters count for two columns."""

from __future__ import annotations

from secscan.inert import columns


def pad(text: str, width: int) -> str:
    """The text with blanks after it, up to a width."""
    return text + " " * max(0, width - columns(text))


def before(text: str, width: int) -> str:
    """The text with blanks before it: a cell that ends where its column ends."""
    return " " * max(0, width - columns(text)) + text


def wrap(text: str, width: int, indent: str = "", hanging: str = "") -> list[str]:
    """Lines of at most `width` columns; words that are too long are broken, between wide characters where there are such.

    >>> wrap("one two three", 9, "", "  ")
    ['one two', '  three']
    >>> wrap("主机one-long-name、another-name", 16)
    ['主机', 'one-long-name、', 'another-name']
    """
    lines, line, begun = [], indent, False
    for word in text.split(" "):
        if begun and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line, begun = hanging, False
        line += " " if begun else ""
        rest = word
        while columns(line) + columns(rest) > width:
            fitting = _fitting(rest, width - columns(line))
            lines.append(line + rest[:fitting])
            line, rest = hanging, rest[fitting:]
        line, begun = line + rest, True
    return [*lines, line]


def _fitting(text: str, width: int) -> int:
    """How many characters of a text fit; at least one. A word among wide characters stays whole where it can."""
    taken = 0
    for index, character in enumerate(text):
        taken += columns(character)
        if taken > width:
            return _before_word(text, index) or max(1, index)
    return len(text)


def _before_word(text: str, index: int) -> int:
    """Where the word of narrow characters that an index lies in begins; 0 where it is the first."""
    if columns(text[index]) > 1:
        return index
    while index and columns(text[index - 1]) <= 1:
        index -= 1
    return index
