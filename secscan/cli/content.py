"""What the commands for authors share: content as it stands, and the words that choose some of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli.options import content_folders
from secscan.errors import Problem, UsageError

if TYPE_CHECKING:
    from secscan.content.library import Library, Reading
    from secscan.content.reading import Vocabulary
    from secscan.model.check import Check

F = TypeVar("F", bound=Callable[..., Any])
SELECTION = "[CHECK|DOMAIN|PATH]..."


def content_option(command: F) -> F:
    """--content."""
    return click.option(
        "--content", "content", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
        help="A folder of your own with checks/ and baselines/; may be repeated.",
    )(command)  # fmt: skip


def load_content(content: Sequence[Path]) -> tuple[Library, Vocabulary]:
    """The content, right in every file. Raises InputError with all problems of all files."""
    from secscan.content.library import load_library  # noqa: PLC0415 - keep --help free of it
    from secscan.pipeline import cache_folder  # noqa: PLC0415 - as above

    checks, baselines, vocabulary = _folders(content)
    return load_library(checks, baselines, vocabulary, cache_folder()), vocabulary


def read_content(content: Sequence[Path], words: Iterable[str] = ()) -> tuple[Reading, Vocabulary]:
    """The content with places and problems; paths among the words are read too when no content folder holds them."""
    from secscan.content.library import read_library  # noqa: PLC0415 - keep --help free of it

    checks, baselines, vocabulary = _folders(content)
    inside = [os.path.realpath(folder) + os.sep for folder in (*checks, *baselines)]
    for word in words:
        whole = os.path.realpath(word)
        if is_path(word) and not any((whole + os.sep).startswith(folder) or folder.startswith(whole + os.sep) for folder in inside):
            checks.append(Path(word))
    return read_library(checks, baselines, vocabulary), vocabulary


def is_path(word: str) -> bool:
    """Whether a word names a file or folder and not an id or a domain."""
    return os.sep in word or word.endswith((".yaml", ".yml"))


def choose(checks: Mapping[str, Check], words: Sequence[str], broken: Iterable[Problem] = ()) -> list[Check]:
    """The checks that the words name, by id, glob, domain or path; all for no word. Raises UsageError for a word that names none.

    A path of which only broken files are known, by their problems, chooses nothing and is not complained about.
    """
    if not words:
        return [checks[name] for name in sorted(checks)]
    chosen: dict[str, Check] = {}
    for word in words:
        found = [check for check in checks.values() if _matches(word, check)]
        if not found and not (is_path(word) and any(under(problem.path, word) for problem in broken)):
            _nothing_named(word, checks)
        chosen |= {check.id: check for check in found}
    return [chosen[name] for name in sorted(chosen)]


def about(problems: Iterable[Problem], words: Sequence[str]) -> list[Problem]:
    """The problems of files that the words name; all for no word."""
    problems = list(problems)
    if not words:
        return problems
    return [problem for problem in problems if any(_concerns(word, problem) for word in words)]


def under(path: str, place: str) -> bool:
    """Whether a file is a place or stands below it."""
    return (os.path.realpath(path) + os.sep).startswith(os.path.realpath(place) + os.sep)


def _concerns(word: str, problem: Problem) -> bool:
    if is_path(word):
        return under(problem.path, word)
    path = Path(problem.path)
    return fnmatchcase(path.stem, word) or path.parent.name == word


def _matches(word: str, check: Check) -> bool:
    if is_path(word):
        return under(check.path, word)
    return fnmatchcase(check.id, word) or check.domain == word


def _nothing_named(word: str, checks: Mapping[str, Check]) -> None:
    from secscan.documents import did_you_mean  # noqa: PLC0415 - only for a mistake

    if is_path(word) and not Path(word).exists():
        raise UsageError("{word}: no such file or folder; allowed: a check file, or a folder of them", word=word)
    domains = sorted({check.domain for check in checks.values()})
    near = did_you_mean(word, [*checks, *domains])
    raise UsageError(
        "no check is named {word!r}{near}; "
        "allowed: an id or a pattern such as 'sshd_*' (see secscan check list), a domain ({domains}), or a path",
        word=word,
        near=near,
        domains=domains,
    )


def _folders(content: Sequence[Path]) -> tuple[list[Path], list[Path], Vocabulary]:
    from secscan import places, plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.content.reading import Vocabulary  # noqa: PLC0415 - as above

    checks, baselines = content_folders(content)
    return [places.checks(), *checks], [places.baselines(), *baselines], Vocabulary(plugins.probes(), plugins.matchers())
