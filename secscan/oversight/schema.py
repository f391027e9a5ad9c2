"""The JSON Schema of a register, so that editors complete and explain it. The reader demands more than it can say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from secscan.model.recommendation import Status
from secscan.oversight.reading import DAY, ID, REQUIRED


def register_schema(checks: Iterable[str], requirements: Iterable[str]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a register file."""
    text = {"type": ["string", "integer"], "minLength": 1}
    day = {"type": "string", "pattern": f"^{DAY}$"}
    properties: dict[str, Any] = {
        "id": {"description": "its name in reports, once in all registers", "type": "string", "pattern": f"^{ID}$"},
        "source": {**text, "description": "the document and paragraph: JIU/REP/2021/3, recommendation 4"},
        "recommendation": {**text, "description": "what was recommended"},
        "status": {"description": "what the organization says; no tool sets it", "enum": [status.value for status in Status]},
        "owner": {**text, "description": "who answers for it"},
        "root_cause": {**text, "description": "why it had to be recommended"},
        "raised": {**day, "description": "the day on which it was made"},
        "due": {**day, "description": "the last day to implement it"},
        "closed": {**day, "description": "the day on which it was implemented, overtaken or not accepted"},
        "checks": {"description": "checks that show it", "type": "array", "items": {"enum": sorted(checks)}},
        "requirements": {
            "description": "requirements whose checks show it", "type": "array", "items": {"enum": sorted(requirements)},
        },
        "note": {**text, "description": "what was done, and where that is written"},
    }  # fmt: skip
    entry = {"type": "object", "properties": properties, "required": list(REQUIRED), "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A register of oversight recommendations of secscan",
        "type": "object",
        "properties": {"register": {"type": "array", "items": entry}},
        "required": ["register"],
        "additionalProperties": False,
    }
