"""How values of each type are written, as JSON Schema: the schemas' side of model/values.py.

A schema accepts whatever the loader accepts. Editors read YAML with their own types (`9.10` is a number to them, a text to
secscan), so where secscan wants text, numbers are let through.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from secscan.model.values import PATTERNS, WRITTEN, Type

Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "number"]}
WORDS: Schema = {"type": ["string", "number"], "pattern": r"\S"}
TEXTS: Schema = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/words"}}
PARAMETER: Schema = {"$ref": "#/$defs/parameter_reference"}
REFERENCES: Schema = {
    "words": WORDS,
    "texts": TEXTS,
    "parameter_reference": {
        "description": "Filled by a parameter of this check.",
        "type": "object",
        "properties": {"parameter": {**WORDS, "description": "name of a parameter"}},
        "required": ["parameter"],
        "additionalProperties": False,
    },
    "observed_reference": {
        "description": "Filled by what another question found.",
        "type": "object",
        "properties": {"observed": {**WORDS, "description": "NAME or NAME.ATTRIBUTE"}},
        "required": ["observed"],
        "additionalProperties": False,
    },
}
"""What every schema that uses these has under `$defs`."""

_JSON_TYPES: dict[Type, Any] = {
    Type.TEXT: ["string", "number"],
    Type.VERSION: ["string", "number"],
    Type.INTEGER: ["integer", "string"],
    Type.NUMBER: ["number", "string"],
    Type.MODE: ["string", "integer"],
    Type.DURATION: "string",
    Type.SIZE: "string",
    Type.TIMESTAMP: "string",
    Type.BOOLEAN: "boolean",
}


def value_schema(kind: Type, choices: Iterable[str] = ()) -> Schema:
    """What a person may write for a value of a type."""
    if kind is Type.LIST:
        return {"type": "array", "items": value_schema(Type.TEXT, choices)}
    schema: Schema = {"type": _JSON_TYPES[kind]}
    if kind in PATTERNS:
        schema["pattern"] = f"^(?:{PATTERNS[kind]})$"
        schema["patternErrorMessage"] = f"allowed: {WRITTEN[kind]}"
    if choices and kind is Type.TEXT:
        return {"enum": [*choices, *(int(choice) for choice in choices if choice.isdecimal())]}
    return schema


def any_of(schemas: Iterable[Schema]) -> Schema:
    """One of several schemas, each once; the schema itself when there is one."""
    distinct: list[Schema] = []
    for schema in schemas:
        if schema not in distinct:
            distinct.append(schema)
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def mapping(properties: dict[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """A mapping with these keys and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    wanted = list(required)
    return {**schema, "required": wanted} if wanted else schema


def described(schema: Schema, text: str) -> Schema:
    """The schema with what an editor shows when the pointer rests on the key."""
    return {**schema, "description": text}
