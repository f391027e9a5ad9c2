"""What values of the project file look like: one of a few kinds, as their JSON Schema says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

KINDS = {"string": "text", "boolean": "true or false", "integer": "a whole number", "array": "a list of texts"}


def is_written_as(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is what the schema of a key says: text, one of a few words, a number within limits, a list of texts."""
    match schema["type"]:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return type(value) is int and schema["minimum"] <= value <= schema["maximum"]
        case "array":
            return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each.strip() for each in value)
    return isinstance(value, str) and bool(value.strip()) and value in schema.get("enum", (value,))


def beside(folder: Path, place: str) -> str:
    """A place as it is written in a file of this folder."""
    return str(folder / Path(place).expanduser())
