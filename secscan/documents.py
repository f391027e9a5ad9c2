"""YAML files as plain data with places: every key and value can be traced to line and column, nothing is guessed.

Texts stay as written (`no`, `9.10`, `0644`, `2026-01-31` are texts); only true, false, null and whole decimal numbers without a
leading zero become Python values. Duplicate keys, anchors that refer to themselves, tags and non-text keys are problems.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from secscan.errors import InputError, Problem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEPTH = 40
SIZE_LIMIT = 8 * 2**20

Keys = tuple["str | int", ...]


@dataclass(slots=True)
class Document:
    """One YAML document: `data` is plain, `problems` collects what is wrong with it, `at` finds places."""

    path: str
    data: Any
    root: Node | None
    problems: list[Problem] = field(default_factory=list)

    def at(self, keys: Keys) -> tuple[int, int]:
        """Line and column (from 1) of the value at a path of keys; of the deepest part that exists."""
        node, mark = self.root, (1, 1)
        if node is not None:
            mark = (node.start_mark.line + 1, node.start_mark.column + 1)
        for key in keys:
            if isinstance(node, MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == str(key)), None)
                if pair is None:
                    return mark
                node, mark = pair[1], (pair[0].start_mark.line + 1, pair[0].start_mark.column + 1)
            elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
                node = node.value[key]
                mark = (node.start_mark.line + 1, node.start_mark.column + 1)
            else:
                return mark
        return mark

    def report(self, keys: Keys, message: str, allowed: str = "") -> None:
        """Add a problem at a path of keys."""
        line, column = self.at(keys)
        self.problems.append(Problem(self.path, line, column, message, allowed))

    def reject_unknown(self, keys: Keys, mapping: Iterable[Any], known: Iterable[str]) -> None:
        """Report every key of a mapping that is not known, with a suggestion."""
        known = list(known)
        for key in mapping:
            if key not in known:
                self.report((*keys, key), f"unknown key {key!r}{did_you_mean(str(key), known)}", ", ".join(known))

    def raise_problems(self) -> None:
        """Raise InputError when there are any."""
        if self.problems:
            raise InputError(self.problems)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' (did you mean X?)' when something known is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def read_document(path: Path, shown: str = "") -> Document:
    """A YAML file as a document; unreadable files are documents with that problem."""
    shown = shown or str(path)
    try:
        if path.stat().st_size > SIZE_LIMIT:
            return Document(shown, None, None, [Problem(shown, 0, 0, f"larger than {SIZE_LIMIT // 2**20} MiB")])
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        return Document(shown, None, None, [Problem(shown, 0, 0, f"cannot be read: {error.strerror}")])
    except UnicodeDecodeError as error:
        return Document(shown, None, None, [Problem(shown, 0, 0, f"is not UTF-8 text (byte {error.start})")])
    return parse_document(text, shown)


def parse_document(text: str, path: str) -> Document:
    """YAML text as a document."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Document(path, None, None, [Problem(path, line, column, f"not valid YAML: {error.problem or error.context}")])
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return Document(path, None, None, [Problem(path, 1, 1, f"not valid YAML: {str(error).splitlines()[0]}")])
    document = Document(path, None, root)
    if root is not None:
        document.data = _plain(root, document, 0)
    return document


def _plain(node: Node, document: Document, depth: int) -> Any:
    if depth > _DEPTH:
        _report(document, node, f"nested deeper than {_DEPTH} levels, or an alias that contains itself")
        return None
    if isinstance(node, ScalarNode):
        return _scalar(node, document)
    if isinstance(node, SequenceNode):
        return [_plain(item, document, depth + 1) for item in node.value]
    data: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            _report(document, key, "a key must be text")
        elif key.value in data:
            _report(document, key, f"duplicate key {key.value!r}")
        else:
            data[key.value] = _plain(value, document, depth + 1)
    return data


def _scalar(node: ScalarNode, document: Document) -> str | int | bool | None:
    text: str = node.value
    if node.style:
        return text
    if not node.tag.startswith("tag:yaml.org,2002:"):
        _report(document, node, f"unknown tag {node.tag}")
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.match(text) else text


def _report(document: Document, node: Node, message: str) -> None:
    document.problems.append(Problem(document.path, node.start_mark.line + 1, node.start_mark.column + 1, message))
