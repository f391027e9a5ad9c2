"""JSON Schemas of check files, generated from the installed probes and matchers, so that editors complete and explain them.

A schema says less than the loader: it cannot know what a name under `observe` stands for. But what a schema rejects, the loader
rejects too (tests/content/test_schema.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from secscan.content import asks, cases
from secscan.content.checks import ALWAYS, OBSERVED, REFERENCES
from secscan.content.expressions import FORMS
from secscan.content.parameters import RESERVED, TYPES, directions
from secscan.content.reading import IDENTIFIER, NAME, Vocabulary
from secscan.content.written import PARAMETER, TEXT, WORDS, Schema, any_of, described, mapping, value_schema
from secscan.content.written import REFERENCES as SHARED
from secscan.model.check import Effort, Severity, Stricter, Subject, When
from secscan.model.matcher import Matcher, OperandKind
from secscan.model.probe import Argument, Probe
from secscan.model.values import Type

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSIONS: Schema = {"$ref": "#/$defs/expressions"}
_TEXTS: Schema = {"$ref": "#/$defs/texts"}
_FORMS_SAY = {
    "that": "NAME.ATTRIBUTE of something observed, with one or more matchers beside it; NAME alone means the first attribute",
    "any": "at least one of these holds",
    "all": "every one of these holds",
    "none": "not one of these holds",
    "each": "a collection: every record that `where` selects meets `expect`",
    "no": "a collection: not one record is as `where` says",
}


def check_schema(vocabulary: Vocabulary) -> Schema:
    """The JSON Schema (2020-12) of a check file."""
    attested = {"anyOf": [{"required": [key]} for key in OBSERVED]}
    return {
        "$schema": DIALECT,
        "title": "A check of secscan",
        **mapping(_check_properties(vocabulary), ALWAYS),
        "if": {"required": ["attest"]},
        "then": {"not": attested},
        "else": {"required": list(OBSERVED)},
        "$defs": {
            **SHARED,
            "ask": _ask_schema(vocabulary.probes.values()),
            **{f"probe_{probe.name}": _probe_schema(probe) for probe in vocabulary.probes.values()},
            "expressions": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/expression"}},
            **_expression_schemas(vocabulary.matchers.values()),
            "answer": _answer_schema(),
            "case": _case_schema(),
            "parameter": _parameter_schema(),
        },
    }


def identifier_schema() -> Schema:
    """An id of a check or of a baseline."""
    return {"type": "string", "pattern": rf"^\s*{_bare(IDENTIFIER)}\s*$"}


def _check_properties(vocabulary: Vocabulary) -> dict[str, Schema]:
    references: dict[str, Schema] = dict.fromkeys(REFERENCES, _TEXTS)
    remediation = {
        "text": described(WORDS, "what to do, for the person who will do it"),
        "effort": described(_enum(Effort), "how long it takes a person"),
        "when": described(_enum(When), "when it takes effect"),
    }
    both = [{"contains": {"properties": {"outcome": {"const": word}}, "required": ["outcome"]}} for word in ("pass", "fail")]
    return {
        "id": described(identifier_schema(), "the file's name without .yaml"),
        "title": {**WORDS, "pattern": r"[^.\s]\s*$", "description": "a statement that is true when the check passes; no full stop"},
        "severity": described(_enum(Severity), "how bad a failure is"),
        "rationale": described(WORDS, "why it matters, in one to three sentences a manager understands"),
        "remediation": described(mapping(remediation, remediation), "how to mend a failure"),
        "references": described(mapping(references), "the same demand elsewhere"),
        "parameters": {
            "description": "values that a baseline or an inventory may set",
            "type": "object",
            "propertyNames": {"pattern": f"^{_bare(NAME)}$", "not": {"enum": list(RESERVED)}},
            "additionalProperties": {"$ref": "#/$defs/parameter"},
        },
        "applies_to": _conditions_schema(vocabulary.probes.values()),
        "observe": {
            "description": "names for questions",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{_bare(NAME)}$", "not": {"enum": list(asks.RESERVED)}},
            "additionalProperties": {"$ref": "#/$defs/ask"},
        },
        "expect": described(_EXPRESSIONS, "what must hold, all of it"),
        "cases": {
            "description": "raw answers by name, and the outcome they must lead to; at least one pass and one fail",
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/$defs/case"},
            "allOf": both,
        },
        "attest": described(_TEXTS, "questions that a person answers, instead of observe, expect and cases"),
        "subject": described(_enum(Subject), "what it is about: each host, each declared service, or the organization"),
        "formerly": described(_TEXTS, "ids that this check had before"),
    }


def _ask_schema(probes: Iterable[Probe]) -> Schema:
    """A question: which keys it has depends on its probe."""
    known = sorted(probes, key=lambda probe: probe.name)
    return {
        "type": "object",
        "required": ["probe"],
        "properties": {
            "probe": {
                "description": "what kind of question it is",
                "enum": [probe.name for probe in known],
                "markdownEnumDescriptions": [probe.summary for probe in known],
            }
        },
        "allOf": [_if_then("probe", probe.name, f"probe_{probe.name}") for probe in known],
    }


def _if_then(key: str, value: str, definition: str) -> Schema:
    condition = {"properties": {key: {"const": value}}, "required": [key]}
    return {"if": condition, "then": {"$ref": f"#/$defs/{definition}"}}


def _probe_schema(probe: Probe) -> Schema:
    arguments = {argument.name: _argument_schema(argument) for argument in probe.arguments}
    schema = mapping({"probe": {"const": probe.name}, **arguments}, (each.name for each in probe.arguments if each.required))
    attributes = "\n".join(f"- `{attribute.name}` ({attribute.type}): {attribute.describe}" for attribute in probe.attributes)
    root = "\n\nNeeds root." if probe.needs_root else ""
    return {**schema, "description": probe.summary, "markdownDescription": f"{probe.summary}.\n\nAttributes:\n{attributes}{root}"}


def _argument_schema(argument: Argument) -> Schema:
    schema = value_schema(argument.type, argument.choices)
    inner = schema["items"] if argument.type is Type.LIST else schema
    if argument.pattern and _is_common(argument.pattern) and "enum" not in inner:
        inner["pattern"] = f"^(?:{argument.pattern})$"
        inner["patternErrorMessage"] = f"allowed: {argument.describe}"
    default = {} if argument.default is None else {"default": _plain(argument.default)}
    return {**any_of([schema, PARAMETER]), "description": argument.describe, **default}


def _is_common(pattern: str) -> bool:
    """Whether RE2, Python and ECMAScript mean the same by a pattern."""
    if re.search(r"\(\?[^:]|\\[pPzAQ]", pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _conditions_schema(probes: Iterable[Probe]) -> Schema:
    listed = any_of([WORDS, _TEXTS])
    properties = {
        probe.name: described(listed, f"{probe.summary}: any of these {probe.condition} values is there")
        for probe in sorted(probes, key=lambda probe: probe.name)
        if probe.condition
    }
    labels = {"type": "object", "minProperties": 1, "additionalProperties": _TEXTS}
    properties["label"] = described(labels, "labels of the host in the inventory, with their allowed values")
    properties["when"] = described(_EXPRESSIONS, "expectations over `observe` that decide whether the check applies")
    return {
        **mapping(properties, minProperties=1),
        "description": "conditions that must all be true; false = not applicable, unknown = error",
    }


def _expression_schemas(matchers: Iterable[Matcher]) -> dict[str, Schema]:
    operands = {
        matcher.name: {**_operand_schema(matcher), "description": matcher.summary, "examples": [_example(matcher)]}
        for matcher in matchers
    }
    that = mapping({"that": described(WORDS, _FORMS_SAY["that"]), **operands}, ["that"], minProperties=2)
    combined = {form: mapping({form: described(_EXPRESSIONS, _FORMS_SAY[form])}, [form]) for form in ("any", "all", "none")}
    where = described(_EXPRESSIONS, "which records are meant")
    each = {"each": described(WORDS, _FORMS_SAY["each"]), "where": where, "expect": described(_EXPRESSIONS, "what they must meet")}
    no = {"no": described(WORDS, _FORMS_SAY["no"]), "where": where}
    forms = {"that": that, **combined, "each": mapping(each, ["each", "expect"]), "no": mapping(no, ["no", "where"])}
    expression = {
        "type": "object",
        "anyOf": [{"required": [form]} for form in FORMS],
        "allOf": [{"if": {"required": [form]}, "then": {"$ref": f"#/$defs/form_{form}"}} for form in FORMS],
    }
    return {"expression": expression, **{f"form_{form}": schema for form, schema in forms.items()}}


def _operand_schema(matcher: Matcher) -> Schema:
    written = {
        OperandKind.SAME: lambda: [value_schema(kind) for kind in sorted(matcher.accepts - {Type.RECORDS})],
        OperandKind.ITEMS: lambda: [{**value_schema(Type.LIST), "minItems": 1}],
        OperandKind.ITEM: lambda: [{**TEXT, "minLength": 1}],
        OperandKind.PATTERN: lambda: [{**TEXT, "minLength": 1}],
        OperandKind.DURATION: lambda: [value_schema(Type.DURATION)],
        OperandKind.FLAG: lambda: [value_schema(Type.BOOLEAN)],
    }[matcher.operand]()
    observed = [] if matcher.operand is OperandKind.PATTERN else [{"$ref": "#/$defs/observed_reference"}]
    return any_of([*_widest(written), PARAMETER, *observed])


def _widest(schemas: list[Schema]) -> list[Schema]:
    """Without those that only repeat what plain text allows already."""
    return [schema for schema in schemas if schema == TEXT or schema["type"] in ("boolean", "array") or TEXT not in schemas]


def _example(matcher: Matcher) -> str:
    return matcher.example.partition(": ")[2]


def _answer_schema() -> Schema:
    number = {"type": "integer", "minimum": 0}
    parts = {
        "stdout": described(TEXT, "what the host printed"),
        "stderr": described(TEXT, "what it complained about"),
        "exit": {**number, "maximum": 255, "description": "exit status"},
        "uid": {**number, "maximum": 2**32 - 1, "description": "user id that asked"},
    }
    return {**any_of([TEXT, mapping(parts)]), "description": "a raw answer: what the host printed, or {stdout, stderr, exit, uid}"}


def _case_schema() -> Schema:
    properties = {
        "name": described(WORDS, "what this example shows"),
        "outcome": described({"enum": list(cases.OUTCOMES)}, "what it must lead to"),
        "parameters": {"description": "values other than the defaults", "type": "object"},
        "applies_to": described({"enum": [True, False, "unknown"]}, "whether the check's conditions are true here"),
        "at": described(TEXT, "the host's clock; 2026-01-01 unless said"),
    }
    answer = {"$ref": "#/$defs/answer"}
    return {"type": "object", "required": ["name", "outcome"], "properties": properties, "additionalProperties": answer}


def _parameter_schema() -> Schema:
    properties: dict[str, Schema] = {
        "type": described({"enum": list(TYPES)}, "what values it takes"),
        "default": {"description": "the value where nobody sets another"},
        "describe": described(WORDS, "what it decides"),
        "stricter": described(_enum(Stricter), "which way is stricter: a locked check may be set that way only"),
        "choices": described(_TEXTS, "the only values it may have"),
    }
    rules = []
    for name in TYPES:
        kind = Type(name)
        then: Schema = {"default": value_schema(kind), "stricter": {"enum": list(directions(kind))}}
        condition = {"properties": {"type": {"const": name}}, "required": ["type"]}
        rules.append({"if": condition, "then": {"properties": then}})
    return {**mapping(properties, ["type", "default", "describe"]), "allOf": rules}


def _enum(kind: Iterable[Any]) -> Schema:
    return {"enum": [member.value for member in kind]}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _bare(pattern: re.Pattern[str]) -> str:
    return pattern.pattern.removesuffix(r"\Z")
