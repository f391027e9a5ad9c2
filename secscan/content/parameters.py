"""Parameters of a check: declared, given values, and held to whatever their uses demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from secscan.content.patterns import argument_fault, pattern_fault
from secscan.content.reading import NAME, NAME_WRITTEN, Cursor, written
from secscan.documents import did_you_mean
from secscan.matchers.order import version_key
from secscan.model.check import Check, Parameter, Stricter
from secscan.model.values import WRITTEN, Scalar, Type, read_value

TYPES = tuple(kind.value for kind in Type if kind is not Type.RECORDS)
RESERVED = ("severity", "reason", "approver")
"""What a baseline may say beside parameters; no parameter can have these names."""
_SETS = (Stricter.SUBSET, Stricter.SUPERSET)


def directions(kind: Type) -> tuple[Stricter, ...]:
    """The ways in which a parameter of a type can be stricter."""
    if kind is Type.LIST:
        return _SETS
    return () if kind is Type.TEXT else (Stricter.LOWER, Stricter.HIGHER)


def read_parameters(cursor: Cursor) -> dict[str, Parameter]:
    """The declared parameters by name."""
    return {name: parameter for name in cursor.mapping() if (parameter := _read_parameter(cursor.at(name), name))}


def _read_parameter(cursor: Cursor, name: str) -> Parameter | None:
    if not NAME.match(name) or name in RESERVED:
        cursor.report(f"{name!r} cannot be the name of a parameter", f"{NAME_WRITTEN}; not {', '.join(RESERVED)}")
    if not cursor.mapping(("type", "default", "describe", "stricter", "choices"), ("type", "default", "describe")):
        return None
    place = cursor.at("type")
    if place.value not in TYPES:
        if cursor.has("type"):
            place.report(f"no type is named {written(place.value)}{did_you_mean(str(place.value), TYPES)}", ", ".join(TYPES))
        return None
    kind = Type(place.value)
    stricter = cursor.at("stricter").choice(Stricter, Stricter.LOWER) if cursor.has("stricter") else None
    if stricter and stricter not in directions(kind):
        fitting = ", ".join(directions(kind)) or "no direction for text: leave it out"
        cursor.at("stricter").report(f"{stricter} does not fit a parameter of type {kind}", fitting)
    describe = " ".join(cursor.at("describe").text().split()) if cursor.has("describe") else ""
    if not cursor.has("default"):
        return None
    choices = cursor.at("choices").texts() if cursor.has("choices") else ()
    unread = Parameter(name, kind, "", describe, stricter, choices)
    if fault := _unreadable_choice(unread):
        cursor.at("choices").report(f"the choice {fault!r} is not of type {kind}", WRITTEN[kind])
        return None
    default = read_parameter_value(cursor.at("default"), unread)
    return None if default is None else replace(unread, default=default)


def _unreadable_choice(parameter: Parameter) -> str:
    for choice in parameter.choices:
        try:
            _read_choice(parameter, choice)
        except ValueError:
            return choice
    return ""


def _read_choice(parameter: Parameter, choice: str) -> Scalar:
    if parameter.type is Type.BOOLEAN:
        return {"true": True, "false": False}.get(choice, choice)
    return read_value(Type.TEXT if parameter.type is Type.LIST else parameter.type, choice)


def read_parameter_value(cursor: Cursor, parameter: Parameter) -> Scalar | None:
    """A value for a parameter, or None after reporting why it cannot be one."""
    try:
        value = read_value(parameter.type, cursor.value)
    except ValueError:
        cursor.report(f"{cursor.name} cannot be {written(cursor.value)}", WRITTEN[parameter.type])
        return None
    if parameter.choices:
        choices = [_read_choice(parameter, choice) for choice in parameter.choices]
        if any(item not in choices for item in (value if isinstance(value, tuple) else (value,))):
            cursor.report(f"{cursor.name} cannot be {written(cursor.value)}", ", ".join(parameter.choices))
            return None
    fault, allowed = parameter_fault(parameter, value)
    if fault:
        cursor.report(f"{cursor.name} cannot be {written(cursor.value)}: {fault}", allowed)
        return None
    return value


def parameter_fault(parameter: Parameter, value: Any) -> tuple[str, str]:
    """Why a value does not suit the places where the parameter is used, and what would; two empty texts when it does."""
    for argument in parameter.fills:
        if fault := argument_fault(argument, value):
            return fault, argument.describe
    if parameter.is_pattern and (fault := pattern_fault(str(value))):
        return f"not a regular expression: {fault}", "RE2 syntax"
    for kind in parameter.item_types:
        for item in value if isinstance(value, tuple) else ():
            try:
                read_value(kind, item)
            except ValueError:
                return f"{item!r} is compared with a value of type {kind}", f"a list, each {WRITTEN[kind]}"
    return "", ""


def default_parameters(check: Check) -> dict[str, Scalar]:
    """Every parameter of a check at its default."""
    return {name: parameter.default for name, parameter in check.parameters.items()}


def is_stricter(parameter: Parameter, old: Any, new: Any) -> bool:
    """Whether a new value is at least as tight as the old one; False where no direction is declared.

    Modes are compared bit by bit, versions as versions.
    """
    if parameter.stricter is None:
        return False
    if parameter.stricter is Stricter.SUBSET:
        return set(new) <= set(old)
    if parameter.stricter is Stricter.SUPERSET:
        return set(new) >= set(old)
    tight, loose = (new, old) if parameter.stricter is Stricter.LOWER else (old, new)
    if parameter.type is Type.MODE:
        return not tight & ~loose
    if parameter.type is Type.VERSION:
        return bool(version_key(tight) <= version_key(loose))
    return bool(tight <= loose)
