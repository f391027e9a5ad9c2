"""The JSON Schema of baseline files, generated from the content at hand: editors complete requirements, checks and parameters."""

from __future__ import annotations

from secscan.content.baselines import DROP_KEYS, REQUIRED
from secscan.content.library import Library
from secscan.content.parameters import RESERVED
from secscan.content.schema import DIALECT, identifier_schema
from secscan.content.written import REFERENCES, WORDS, Schema, any_of, described, mapping, value_schema
from secscan.model.check import Check, Parameter, Severity
from secscan.model.values import Type


def baseline_schema(library: Library) -> Schema:
    """The JSON Schema (2020-12) of a baseline file over this content."""
    ids: Schema = {"$ref": "#/$defs/check_id"}
    entries: Schema = {"$ref": "#/$defs/entries"}
    dropped = {"check": ids, "reason": described(WORDS, "why it does not fit here"), "approver": described(WORDS, "who decided")}
    requirements = {name: described(entries, text.title) for name, text in sorted(library.requirements.items())}
    names = sorted(library.baselines)
    properties = {
        "id": described(identifier_schema(), "the file's name without .yaml"),
        "title": described(WORDS, "what it is for"),
        "description": WORDS,
        "extends": described(_list({"enum": names}), "baselines whose checks this one takes over"),
        "requirements": described(mapping(requirements), "which checks serve which requirement"),
        "lock": described(_list(ids), "checks that a baseline extending this one may tighten, never weaken or drop"),
        "waivers_at_most": described(
            _limits(), "the longest waiver, in all or by severity and worse; what is extended can be made shorter only"
        ),
        "drop": described(_list(mapping(dropped, DROP_KEYS)), "inherited checks that do not fit here"),
    }
    return {
        "$schema": DIALECT,
        "title": "A baseline of secscan",
        **mapping(properties, REQUIRED),
        "$defs": {
            **REFERENCES,
            "check_id": {
                "enum": sorted(library.checks),
                "markdownEnumDescriptions": [library.checks[name].title for name in sorted(library.checks)],
            },
            "entries": _entries_schema(),
            "settings": mapping({"attest": ids, **{name: _settings(library.checks[name]) for name in sorted(library.checks)}}),
        },
    }


def _limits() -> Schema:
    duration = value_schema(Type.DURATION)
    return any_of([duration, mapping({severity.value: duration for severity in Severity}, minProperties=1)])


def _entries_schema() -> Schema:
    """What stands under a requirement."""
    entry = any_of([{"$ref": "#/$defs/check_id"}, {"$ref": "#/$defs/settings", "minProperties": 1, "maxProperties": 1}])
    why = described(WORDS, "why no check serves this requirement")
    return any_of([_list(entry), mapping({"not_automated": why}, ["not_automated"])])


def _settings(check: Check) -> Schema:
    properties = {name: _parameter(parameter) for name, parameter in check.parameters.items()}
    severity = {"enum": [member.value for member in Severity if member.rank >= check.severity.rank]}
    reserved = dict.fromkeys(RESERVED, WORDS) | {"severity": described(severity, "only goes up")}
    return {**mapping({**properties, **reserved}), "type": ["object", "null"], "description": check.title}


def _parameter(parameter: Parameter) -> Schema:
    choices = parameter.choices if parameter.type in {Type.TEXT, Type.LIST} else ()
    stricter = f" (stricter: {parameter.stricter})" if parameter.stricter else ""
    return described(value_schema(parameter.type, choices), parameter.describe + stricter)


def _list(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}
