"""Text that came from a host, made harmless for each medium.

Nothing is removed and nothing stays invisible: control characters, terminal escapes, bidirectional overrides, zero-width and other
characters that cannot be seen are shown by name. Readers see what is there, and no terminal, browser or spreadsheet obeys it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from html import escape
from typing import Any

SPACES = "\u00a0\u2007\u2009\u202f\u3000"
"""Blanks that written language uses. Our own prose keeps them; in evidence they are shown, since they break configuration files."""

_INVISIBLE = frozenset(
    [
        0x034F,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x2800,
        0x3164,
        0xFFA0,
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ]
)
"""Characters that print nothing although Unicode counts them as letters, marks or symbols."""

_NOT_PLAIN = re.compile(r"[^ -~]")
_MARKDOWN = re.compile(r"[\\\\`*\[\]<>|~]|&(?=[#A-Za-z])|(?<![^\W_])_|_(?![^\W_])|^[#+=-](?![^\W_])|(?<=^\d)[.)]", re.MULTILINE)
_FORMULA = re.compile(r"(?:^|(?<=;))(?=[\s\"'`]*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def visible(text: str, keep: str = "") -> str:
    r"""The text with every character that cannot be seen shown: controls as ␛, others as <U+202E>. `keep` names exceptions.

    >>> visible("a\x1b[31m\u202eb")
    'a␛[31m<U+202E>b'
    """
    if text.isascii() and text.isprintable():
        return text
    return _NOT_PLAIN.sub(lambda found: found[0] if found[0] in keep or _is_seen(found[0]) else _name(found[0]), text)


def block(text: str) -> str:
    """Several lines, made visible: line ends and tabs do their work, everything else that cannot be seen is shown."""
    return visible(text.replace("\r\n", "␍\n"), keep="\n\t")


def prose(text: str) -> str:
    """Our own or a check author's writing on one line: blanks fold, typographic blanks stay."""
    return visible(re.sub(r"[ \t\r\n]+", " ", text).strip(), keep=SPACES)


def fold(text: str) -> str:
    """A text on one line: blanks and line ends folded, so that wrapping in a file changes nothing."""
    return " ".join(text.split())


def shorten(text: str, limit: int, note: str = "… ({} more characters)") -> str:
    """At most `limit` characters, and how many more there were."""
    return text if len(text) <= limit else text[:limit] + note.format(f"{len(text) - limit:,}")


def for_html(text: str) -> str:
    """Visible, and without meaning as markup, in element content and in quoted attributes."""
    return escape(visible(text))


def for_xml(text: str) -> str:
    """Visible lines without meaning as markup; only characters that XML 1.0 allows are left."""
    return escape(block(text))


def for_csv(text: str) -> str:
    r"""Visible, on one line, and not a formula for a spreadsheet, whichever of comma and semicolon it splits cells at.

    >>> for_csv(' "=HYPERLINK(1)')
    '\' "=HYPERLINK(1)'
    """
    if text.isascii() and text.isprintable() and text[:1].isalnum() and ";" not in text:
        return text
    return _FORMULA.sub("'", visible(text))


def for_markdown(text: str) -> str:
    r"""Visible, and without meaning as Markdown or HTML, on as many lines as it has.

    >>> for_markdown("root_login *is* <b>[on](x)</b> | #1")
    'root_login \\*is\\* \\<b\\>\\[on\\](x)\\</b\\> \\| #1'
    """
    return _MARKDOWN.sub(r"\\\g<0>", visible(text, keep="\n" + SPACES))


def for_markdown_code(text: str) -> str:
    """Visible, on one line, as a code span that nothing inside it can end, in table cells too."""
    shown = visible(" ".join(text.split()))
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if shown[:1] in {"`", ""} or shown.endswith("`") else ""
    return f"{fence}{blank}{shown.replace('|', chr(92) + '|')}{blank}{fence}"


def for_script(value: Any) -> str:
    """JSON that stands in a `<script>` element: pure ASCII, no character that could end the element, every text visible."""
    written = json.dumps(_visible_values(value), separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def columns(text: str) -> int:
    """How many columns of a terminal a visible text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def _is_seen(character: str) -> bool:
    return character.isprintable() and ord(character) not in _INVISIBLE


def _name(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:  # Cf in a visible text: our own isolates
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _visible_values(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(key): _visible_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_visible_values(item) for item in value]
    return value
