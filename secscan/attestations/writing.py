"""Statements as files that people fill in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEADER = """\
# Answer every question, name the figures and the evidence, set the result (pass, fail or not_applicable), and let another person
# approve it. `secscan attest verify` says what is missing; until then it counts for nothing.
"""


def write_statement(data: Mapping[str, Any]) -> str:
    """A statement as YAML, in the order of its keys, with what to do in front of it."""
    import yaml  # noqa: PLC0415 - only to write

    return _HEADER + yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=120).replace(": null\n", ":\n")
