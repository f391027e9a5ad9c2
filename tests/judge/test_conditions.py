"""Why a check does not apply is told in words that people read."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_content import Small, ask, engine_for, only, said, shell, write_checks

HELD = [{"that": "said.output", "equals": "good\n"}]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("that: said.output, equals: relevant", 'said.output is "good\\n"'),
        ("that: said.exit, at_least: 1", "said.exit is 0"),
        ("none: [{no: found.entries, where: [{that: type, in: [socket]}]}]", "nothing in found.entries is so"),
        ("no: found.entries, where: [{that: size, at_most: 1KiB}]", "found.entries has one that is so"),
        ("that: gone, present: true", "gone: {place}/gone is not there"),
    ],
)
def test_a_condition_that_does_not_hold_is_told_as_it_was_found(condition: str, reason: str, tmp_path: Path):
    (tmp_path / "file").touch()
    observe = said("echo good") | {
        "found": {"probe": "paths", "patterns": [f"{tmp_path}/file"]},
        "gone": {"probe": "file", "path": f"{tmp_path}/gone"},
    }
    check = Small("conditional", observe, HELD, f"applies_to: {{when: [{{{condition}}}]}}\n")
    engine = engine_for(write_checks(tmp_path / "content", check), "only_conditional")
    assert only(ask(engine, shell())) == ("not_applicable", reason.format(place=tmp_path))
