"""YAML files as plain data with places: every key and value can be traced to line and column, nothing is guessed.

Texts stay as written (`no`, `9.10`, `0644`, `2026-01-31` are texts); only true, false, null and whole decimal numbers without a
leading zero become Python values. Duplicate keys, aliases that multiply without end, tags and non-text keys are problems.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from secscan.errors import InputError, Problem
from secscan.messages import Message

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    Node = ScalarNode | SequenceNode | MappingNode

_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEPTH = 40
_SHALLOW = 10_000  # characters that cannot nest deep enough to exhaust the parser's stack
_VALUES = 500_000  # what aliases may unfold to
_PLAIN, _UNTAGGED = "plain", ""  # tags that stand for "none was written"
SIZE_LIMIT = 8 * 2**20

Keys = tuple["str | int", ...]


@dataclass(slots=True)
class Document:
    """One YAML document: `data` is plain, `problems` collects what is wrong with it, `at` finds places.

    A document whose data came from a cache has no `root` but its `text`, which is parsed when a place is asked for.
    """

    path: str
    data: Any
    root: Node | None
    problems: list[Problem] = field(default_factory=list)
    text: str = ""

    def at(self, keys: Keys) -> tuple[int, int]:
        """Line and column (from 1) of the value at a path of keys; of the deepest part that exists."""
        if self.root is None and self.text:
            self.root = parse_document(self.text, self.path).root
        node = self.root
        if node is None:
            return (1, 1)
        mark = node.start_mark
        for key in keys:
            found = _below(node, key)
            if found is None:
                break
            mark, node = found
        return (mark.line + 1, mark.column + 1)

    def lines(self, keys: Keys) -> list[int]:
        """The line (from 1) of each item of the list at a path of keys; none without nodes, as from a cache."""
        node = self.root
        for key in keys:
            found = _below(node, key)
            node = found[1] if found else None
        return [item.start_mark.line + 1 for item in node.value] if node is not None and node.id == "sequence" else []

    def block(self, keys: Keys) -> tuple[int, int] | None:
        """First column and the line after the last (from 1) of the list at a path of keys; None when it is not in block style."""
        self.at(())
        node = self.root
        for key in keys:
            found = _below(node, key)
            node = found[1] if found else None
        if node is None or node.id != "sequence" or cast("SequenceNode", node).flow_style:
            return None
        return node.start_mark.column + 1, node.end_mark.line + 1

    def forget_places(self, text: str) -> None:
        """Let go of the nodes, which are many; `text` is parsed again should a place be asked for after all."""
        self.root, self.text = None, text

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
    import difflib  # noqa: PLC0415 - only for a mistake

    close = difflib.get_close_matches(word[:100], list(known), 1, 0.6)
    return Message(" (did you mean {word!r}?)", word=close[0]) if close else ""


def text_of(scalar: str | int | bool | None) -> str:
    """A scalar as text, as the file has it.

    >>> text_of(True), text_of(None), text_of(5)
    ('true', '', '5')
    """
    return "" if scalar is None else str(scalar).lower() if isinstance(scalar, bool) else str(scalar)


def read_document(path: Path, shown: str = "") -> Document:
    """A YAML file as a document; unreadable files are documents with that problem."""
    shown = shown or str(path)
    try:
        if path.stat().st_size > SIZE_LIMIT:
            return Document(shown, None, None, [Problem(shown, 0, 0, f"larger than {SIZE_LIMIT // 2**20} MiB")])
        data = path.read_bytes()
    except OSError as error:
        return Document(shown, None, None, [Problem(shown, 0, 0, f"cannot be read: {error.strerror}")])
    return decode_document(data, shown)


def decode_document(data: bytes, path: str) -> Document:
    """The bytes of a YAML file as a document."""
    try:
        return parse_document(data.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        return Document(path, None, None, [Problem(path, 0, 0, f"is not UTF-8 text (byte {error.start})")])


def parse_document(text: str, path: str) -> Document:
    """YAML text as a document."""
    import yaml  # noqa: PLC0415 - costs 15 ms, and content from the cache needs none

    try:
        if len(text) > _SHALLOW:
            _refuse_depth(text)
        root: Any = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Document(path, None, None, [Problem(path, line, column, f"not valid YAML: {error.problem or error.context}")])
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return Document(path, None, None, [Problem(path, 1, 1, f"not valid YAML: {str(error).splitlines()[0]}")])
    document = Document(path, None, root)
    if root is not None:
        document.data = _Unfolding(document).plain(root, 0)
    return document


@cache
def _loader() -> Any:
    """A composer of nodes that guesses no types: a tag that is not one of ours was written in the file."""
    import yaml  # noqa: PLC0415 - as in parse_document

    class Untyped(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the C parser where there is one
        def resolve(self, kind: type[Node], value: str | None, implicit: tuple[bool, bool] | None) -> str:
            return _PLAIN if kind is yaml.ScalarNode and implicit and implicit[0] else _UNTAGGED

        descend_resolver = staticmethod(operator.is_)  # called for every node; a function in C that does nothing
        ascend_resolver = staticmethod(tuple)  # as above

    return Untyped


def _refuse_depth(text: str) -> None:
    """Raises MarkedYAMLError for nesting that would exhaust the stack of the recursive composer."""
    import yaml  # noqa: PLC0415 - as in parse_document

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH * 2:
                raise yaml.MarkedYAMLError(problem=f"nested deeper than {_DEPTH} levels", problem_mark=event.start_mark)  # type: ignore[arg-type] # the C parser has its own Mark, with the same fields
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Unfolding:
    """From nodes to plain data, counting, since aliases may unfold to more than any memory holds."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values = 0

    def plain(self, node: Node, depth: int) -> Any:
        """The node as plain data; None after a problem."""
        kind = node.id
        if kind == "scalar":
            tag = node.tag
            return _read_plain(node.value) if tag == _PLAIN else node.value if tag == _UNTAGGED else self._tagged(node)
        self.values += len(node.value)
        if depth > _DEPTH or self.values > _VALUES:
            self._refuse(node)
            return None
        if node.tag != _UNTAGGED:
            self._tagged(node)
        if kind == "sequence":
            return [self.plain(item, depth + 1) for item in node.value]
        data: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value
            if key.id != "scalar":
                self._report(key, "a key must be text")
            elif name in data:
                self._report(key, f"duplicate key {name!r}")
            else:
                data[name] = self.plain(value, depth + 1)
        return data

    def _tagged(self, node: Node) -> Any:
        self._report(node, f"tags such as {node.tag} are not used here", "the value without a tag, in quotes where it is text")
        return node.value

    def _refuse(self, node: Node) -> None:
        if self.values > _VALUES:
            if not any(problem.message.startswith("aliases unfold") for problem in self.document.problems):
                self._report(node, f"aliases unfold to more than {_VALUES} values")
            return
        self._report(node, f"nested deeper than {_DEPTH} levels, or an alias that contains itself")

    def _report(self, node: Node, message: str, allowed: str = "") -> None:
        mark = node.start_mark
        self.document.problems.append(Problem(self.document.path, mark.line + 1, mark.column + 1, message, allowed))


def _read_plain(text: str) -> str | int | bool | None:
    """A scalar without quotes: a word with a meaning, a whole number, or text."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.match(text) else text


def _below(node: Node | None, key: str | int) -> tuple[Any, Node] | None:
    """Mark and node of what stands below a key of a node."""
    if node is None or node.id == "scalar":
        return None
    if node.id == "sequence":
        if isinstance(key, int) and -1 < key < len(node.value):
            return node.value[key].start_mark, node.value[key]
        return None
    word = str(key)
    pair: tuple[ScalarNode, Node] | None = next((pair for pair in node.value if pair[0].value == word), None)
    return (pair[0].start_mark, pair[1]) if pair else None
