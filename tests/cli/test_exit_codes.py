"""Exit codes are told wherever somebody may look for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secscan.cli.language import CODES

REPOSITORY = Path(__file__).parents[2]
EVERY = ["0", "1", "2", "3", "4", "70", "130", "141"]


@pytest.mark.parametrize("language", CODES)
def test_the_help_tells_every_exit_code_in_every_language(secscan, language: str):
    page = secscan("--language", language, "--help").out
    block = page.partition("ssh://host2 --become")[2].partition("--version")[0]
    assert re.findall(r"(?<![\d.])\d+(?= )", block) == EVERY


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md", "docs/operations.md"])
def test_the_documentation_tells_every_exit_code(page: str):
    text = (REPOSITORY / page).read_text()
    told = text[re.search(r"(?i)exit codes(\*\* are those of a scan)?: 0 all hold", text).start() :]
    told = told[: told.index("141") + 3]
    assert [code for code in re.findall(r"(?<![\d.\w])\d+(?= )", told + " ") if code in EVERY] == EVERY
