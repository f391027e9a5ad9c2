"""Tells quickly that JSON values conform to a JSON Schema of ours. What is wrong with others is for `jsonschema` to say.

`jsonschema` takes a quarter of a second for one host with three hundred results, this takes a hundredth. It knows the keywords that
our schemas use and refuses a schema that has another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Test = Callable[[Any], bool]

_TYPES: Mapping[str, Test] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "integer": lambda value: type(value) is int,  # 1.0 too, for jsonschema, which then is asked
    "number": lambda value: type(value) is int or type(value) is float,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
}
_SAID_ONLY = frozenset({"$schema", "$id", "$defs", "title", "description", "format"})


def conformer(schema: Mapping[str, Any]) -> Test:
    """A function that is true only of values that conform. Raises ValueError for keywords that it does not know."""
    return _Compiler(schema.get("$defs", {})).test(schema)


class _Compiler:
    """Makes functions of schemas, one for each definition."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[str, Test] = {}

    def test(self, schema: Any) -> Test:
        """The function of a schema."""
        if isinstance(schema, bool):
            return lambda value: schema
        tests = [made for keyword, wanted in schema.items() if (made := self._keyword(keyword, wanted, schema))]
        if len(tests) == 1:
            return tests[0]
        if len(tests) == 2:
            first, second = tests
            return lambda value: first(value) and second(value)
        return lambda value: all(test(value) for test in tests)

    def _keyword(self, keyword: str, wanted: Any, schema: Mapping[str, Any]) -> Test | None:
        if keyword in _SAID_ONLY or (keyword in {"required", "additionalProperties"} and "properties" in schema):
            return None
        made = {
            "type": _type,
            "enum": _enum,
            "const": lambda word: _enum([word]),
            "pattern": _pattern,
            "minimum": lambda least: lambda value: not _is_number(value) or value >= least,
            "maximum": lambda most: lambda value: not _is_number(value) or value <= most,
            "required": lambda names: lambda value: type(value) is not dict or all(name in value for name in names),
            "items": self._items,
            "additionalProperties": lambda below: self._properties({}, below, ()),
            "propertyNames": self._names,
            "properties": lambda known: self._properties(
                known, schema.get("additionalProperties", True), schema.get("required", ())
            ),
            "$ref": self._reference,
        }.get(keyword)
        if made is None:
            raise ValueError(f"the keyword {keyword!r} of a schema is not known here")
        return made(wanted)

    def _items(self, schema: Any) -> Test:
        test = self.test(schema)
        return lambda value: type(value) is not list or all(map(test, value))

    def _names(self, schema: Any) -> Test:
        test = self.test(schema)
        return lambda value: type(value) is not dict or all(map(test, value))

    def _properties(self, known: Mapping[str, Any], others: Any, required: Any) -> Test:
        tests = {name: self.test(schema) for name, schema in known.items()}
        other, names = self.test(others), frozenset(required)

        def test(value: Any) -> bool:
            if type(value) is not dict:
                return True
            if not value.keys() >= names:
                return False
            for key, below in value.items():  # noqa: SIM110 - all() with a generator takes half as long again
                if not tests.get(key, other)(below):
                    return False
            return True

        return test

    def _reference(self, address: str) -> Test:
        name = address.removeprefix("#/$defs/")

        def test(value: Any) -> bool:
            if name not in self._made:  # made when it is needed, since a definition may refer to itself
                self._made[name] = self.test(self._definitions[name])
            return self._made[name](value)

        if name not in self._definitions:
            raise ValueError(f"{address!r} of a schema leads nowhere")
        return test


def _type(wanted: str | list[str]) -> Test:
    if isinstance(wanted, str):
        return _TYPES[wanted]
    tests = tuple(_TYPES[name] for name in wanted)
    return lambda value: any(test(value) for test in tests)


def _enum(words: list[Any]) -> Test:
    if not all(isinstance(word, str) for word in words):
        raise ValueError("a schema lists values that are not texts")
    known = frozenset(words)
    return lambda value: type(value) is str and value in known


def _pattern(text: str) -> Test:
    found = re.compile(text).search
    return lambda value: type(value) is not str or found(value) is not None


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float
