"""What is not there is named, for a report says `nothing (not there: NAME)`: a sentence would say no twice."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import secscan

SENTENCE = re.compile(r"(no|not|never|none|there|this|it)\b|[^:]*(?<!that )\b(is|are|was|has|have|does|do|can) (not|no|never)\b")
SOURCES = [path for path in Path(secscan.__file__).parent.rglob("*.py") if re.search(r"\b(Absent|reply)\(", path.read_text())]


def names(source: str) -> list[str]:
    """The texts, as far as they are written in the source, that say what is absent."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Absent", "reply"} and node.args:
            text = node.args[-1]
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_is_absent_is_a_name_and_no_sentence(path):
    assert [name for name in names(path.read_text()) if SENTENCE.match(name)] == []


@pytest.mark.parametrize("text", ["sudo is not installed", "no label", "it has never fired", "this kernel has no lockdown"])
def test_a_sentence_is_noticed(text):
    assert SENTENCE.match(*names(f'reply(answer, "{text}")'))
