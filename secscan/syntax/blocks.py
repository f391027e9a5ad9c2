"""Configurations made of statements and blocks, `word word;` and `word word { ... }`, as nginx and BIND write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secscan.probing import Unreadable

# A quote within a word stands for itself, as nginx has it; after other signs it may be Lua's.
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)|(?P<mark>[;{}])|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>(?:\\.|\$\{[^}]*\}|[^\s;{}"'])(?:\\.|\$\{[^}]*\}|[^\s;{}"']|(?<=\w)["'])*)""",
    re.DOTALL,
)
_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its words, and what stands between its braces (None: it has none)."""

    words: tuple[str, ...]
    body: tuple[Statement, ...] | None

    @property
    def name(self) -> str:
        """The first word, in lower case; empty for a block without a name."""
        return self.words[0].lower() if self.words else ""

    @property
    def value(self) -> str:
        """The other words, one blank between them."""
        return " ".join(self.words[1:])


def parse_blocks(text: str) -> tuple[Statement, ...]:
    r"""The statements of a configuration; Unreadable when braces or quotes do not match or a statement does not end.

    >>> [(s.name, s.value) for s in parse_blocks("a b; # c\nd 'e f' { g; }")]
    [('a', 'b'), ('d', 'e f')]
    >>> [s.value for s in parse_blocks("return 200 it's; autoindex on; add_header x 'y';")]
    ["200 it's", 'on', 'x y']
    """
    tokens = _tokens(text)
    return tuple(_statements(tokens, 0))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token: mark, or word with its quotes removed."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise Unreadable(f"a quote that does not end: {text[at : at + 60]!r}")
        at = match.end()
        if match.lastgroup == "mark":
            yield "mark", match[0]
        elif match.lastgroup == "quoted":
            yield "word", re.sub(r"\\(.)", r"\1", match[0][1:-1])
        elif match.lastgroup == "word":
            yield "word", match[0]


def _statements(tokens: Iterator[tuple[str, str]], depth: int) -> Iterator[Statement]:
    """Up to the brace that closes the block, or at depth 0 to the end of the text."""
    if depth > _DEPTH:
        raise Unreadable(f"blocks are nested deeper than {_DEPTH}")
    words: list[str] = []
    body: tuple[Statement, ...] | None = None
    for kind, text in tokens:
        if kind == "word" and body is None:
            words.append(text)
        elif kind == "word":  # BIND ends blocks by `};`, nginx by `}`: a word begins the next statement
            yield Statement(tuple(words), body)
            words, body = [text], None
        elif text == "{":
            body = tuple(_statements(tokens, depth + 1))
        elif text == ";":
            if words or body is not None:
                yield Statement(tuple(words), body)
            words, body = [], None
        else:
            yield from _last(words, body)
            if depth == 0:
                raise Unreadable("a brace is closed that was never opened")
            return
    yield from _last(words, body)
    if depth:
        raise Unreadable("a brace is not closed")


def _last(words: Sequence[str], body: tuple[Statement, ...] | None) -> Iterator[Statement]:
    """What stands before the end of a block: a block that has ended, or nothing."""
    if body is not None:
        yield Statement(tuple(words), body)
    elif words:
        raise Unreadable(f"a statement that does not end: {' '.join(words)[:60]!r}")
