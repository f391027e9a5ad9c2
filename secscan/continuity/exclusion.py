"""What a pattern that leaves something out of a backup means for a directory: all of it, a part, perhaps something, nothing.

Patterns are told as secscan/probes/backup_sources.py has them: with a leading slash they begin at the root of the host, without one
they are found anywhere. Where a program might see it otherwise, the answer is PERHAPS.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from fnmatch import fnmatchcase

from secscan.continuity.within import is_within

_WILD = frozenset("*?[\\")
_ACROSS = frozenset({"borg", "duplicity", "bacula", "bareos"})  # a star of theirs may stand for several directories


class Reach(IntEnum):
    """How much of a directory is left out, the least first."""

    NOTHING = 0
    PERHAPS = 1
    PART = 2
    WHOLE = 3


def reach(pattern: str, path: str, tool: str) -> Reach:
    """What a pattern of a tool leaves out of a directory.

    >>> [reach(pattern, "/srv/erp", "restic").name for pattern in ("/srv", "/srv/erp/cache", "*.tmp", "/home/*/.cache", "/s*/erp")]
    ['WHOLE', 'PART', 'PERHAPS', 'NOTHING', 'WHOLE']
    """
    plain = _without_content(pattern)
    if _WILD.isdisjoint(plain) and plain.startswith("/"):
        if is_within(path, plain):
            return Reach.WHOLE
        return Reach.PART if is_within(plain, path) else Reach.NOTHING
    if not plain.startswith("/"):
        return (
            Reach.WHOLE if not plain.startswith("re:") and any(_fits(plain, tail, tool) for tail in _tails(path)) else Reach.PERHAPS
        )
    if _fits(plain, path, tool):
        return Reach.WHOLE
    fixed = plain[: min(plain.index(letter) for letter in _WILD if letter in plain)]
    folder = f"{path.rstrip('/')}/"
    return Reach.PERHAPS if folder.startswith(fixed) or fixed.startswith(folder) else Reach.NOTHING


def _without_content(pattern: str) -> str:
    """A pattern for everything in a directory is one for the directory."""
    for ending in ("/***", "/**", "/*", "/"):
        if pattern.endswith(ending) and len(pattern) > len(ending):
            return pattern.removesuffix(ending)
    return pattern


def _fits(pattern: str, path: str, tool: str) -> bool:
    """Whether a pattern is for a path or for a directory above it."""
    if "\\" in pattern:
        return False
    parts, words = pattern.strip("/").split("/"), path.strip("/").split("/")
    if len(parts) <= len(words) and all(fnmatchcase(word, part) for part, word in zip(parts, words, strict=False)):
        return True
    above = ("/".join(words[: count + 1]) for count in range(len(words)))
    return tool in _ACROSS and any(fnmatchcase(each, pattern.strip("/")) for each in above)


def _tails(path: str) -> Iterator[str]:
    words = path.strip("/").split("/")
    yield from ("/".join(words[count:]) for count in range(len(words)))
