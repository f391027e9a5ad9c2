"""The JSON Schema of a statement's file, so that editors complete and explain it. The reader demands more than it can say."""

from __future__ import annotations

from typing import Any

from secscan.attestations.reading import DAY, ID, REQUIRED, SCOPE_KEYS, WHOLE
from secscan.model.attestation import Stated
from secscan.model.values import PATTERNS, Type


def attestation_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a statement's file."""
    text = {"type": ["string", "integer"], "minLength": 1}
    texts = {"type": "array", "minItems": 1, "items": text}
    day = {"type": "string", "pattern": f"^{DAY}$"}

    def person(describe: str, *kinds: str) -> dict[str, Any]:
        properties = {"name": {"type": ["string", "null"]}, "role": {"type": ["string", "null"]}}
        return {"description": describe, "type": ["object", *kinds], "properties": properties, "additionalProperties": False}

    def listed(describe: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
        item = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
        return {"description": describe, "type": ["array", "null"], "items": item}

    properties: dict[str, Any] = {
        "id": {"description": "the file's name without its ending", "type": "string", "pattern": f"^{ID}$"},
        "checks": {**texts, "description": "ids of checks that people answer"},
        "scope": {
            "description": "what it is about: the whole organization, or a part of it",
            "oneOf": [
                {"const": WHOLE},
                {
                    "type": "object",
                    "properties": dict.fromkeys(SCOPE_KEYS, texts),
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ],
        },
        "statement": {**text, "description": "what is stated, in a sentence or two"},
        "performed_on": {**day, "description": "the day on which it was done or looked at"},
        "valid_until": {**day, "description": "the last day on which it holds; a check may allow less"},
        "owner": person("who answers for it"),
        "approver": person("who signed it off: another person; empty as long as nobody has", "null"),
        "result": {"description": "what it says of the checks", "enum": [stated.value for stated in Stated]},
        "answers": listed(
            "the questions of the checks, word for word, each with its answer",
            {"question": text, "answer": {"type": ["string", "integer", "null"]}},
            "question",
        ),
        "metrics": {
            "description": "figures that were measured: {achieved_rto_minutes: 95}",
            "type": ["object", "null"],
            "additionalProperties": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{PATTERNS[Type.NUMBER]}$"}]},
        },
        "evidence": listed(
            "files that show it, beside this file or below it",
            {"file": text, "sha256": {"type": ["string", "null"], "pattern": "^[0-9A-Fa-f]{64}$"}, "location": texts},
            "file",
        ),
        "findings": listed(
            "what was found and must be done",
            {
                "id": text,
                "root_cause": {"type": ["string", "null"]},
                "owner": text,
                "due": day,
                "status": {"enum": ["open", "closed"]},
            },
            "id",
            "owner",
            "due",
            "status",
        ),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A statement (attestation) of secscan",
        "type": "object",
        "properties": properties,
        "required": list(REQUIRED),
        "additionalProperties": False,
    }
