"""Questions: the calls under `observe`, and the conditions under `applies_to`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secscan.content.expressions import Scope, fits, read_expressions
from secscan.content.patterns import argument_fault
from secscan.content.reading import NAME, NAME_WRITTEN, Cursor, Vocabulary, kind_of, written
from secscan.documents import did_you_mean
from secscan.model.check import Ask, Condition, Literal, Parameter, ParameterRef
from secscan.model.probe import Argument, Probe
from secscan.model.values import WRITTEN, Type, read_value

RESERVED = ("name", "outcome", "parameters", "applies_to", "at")
"""What a case may say beside raw answers; nothing can be observed under these names."""
Filled = tuple[tuple[str, Literal | ParameterRef], ...]


def read_asks(cursor: Cursor, vocabulary: Vocabulary, parameters: Mapping[str, Parameter]) -> tuple[Ask, ...]:
    """The named questions of a check."""
    named = cursor.mapping()
    if not named and isinstance(cursor.value, dict):
        cursor.report("nothing is observed", "NAME: {probe: PROBE, ...}")
    return tuple(ask for name in named if (ask := _read_ask(cursor.at(name), name, vocabulary, parameters)))


def _read_ask(cursor: Cursor, name: str, vocabulary: Vocabulary, parameters: Mapping[str, Parameter]) -> Ask | None:
    if not NAME.match(name) or name in RESERVED:
        cursor.report(f"{name!r} cannot be the name of an observation", f"{NAME_WRITTEN}; not {', '.join(RESERVED)}")
    if not isinstance(cursor.value, dict):
        cursor.report(f"{name!r} must be a mapping, not {kind_of(cursor.value)}", "{probe: PROBE, argument: value}")
        return None
    wanted = cursor.value.get("probe")
    if not isinstance(wanted, str) or wanted not in vocabulary.probes:
        place = cursor.at("probe") if "probe" in cursor.value else cursor
        near = did_you_mean(str(wanted), vocabulary.probes)
        place.report(f"no probe is named {written(wanted)}{near}", ", ".join(sorted(vocabulary.probes)))
        return None
    probe = vocabulary.probes[wanted]
    arguments = _read_arguments(cursor, probe, parameters)
    return Ask(name, probe.name, arguments) if arguments is not None else None


def _read_arguments(cursor: Cursor, probe: Probe, parameters: Mapping[str, Parameter]) -> Filled | None:
    """The arguments of a call in the order the probe declares them, defaults filled in; None when something is wrong."""
    before = len(cursor.document.problems)
    cursor.mapping(("probe", *(argument.name for argument in probe.arguments)))
    filled: list[tuple[str, Literal | ParameterRef]] = []
    for argument in probe.arguments:
        if cursor.has(argument.name):
            read = _read_argument(cursor.at(argument.name), argument, parameters)
            if read:
                filled.append((argument.name, read))
        elif argument.required:
            cursor.report(f"probe {probe.name} needs {argument.name!r}", argument.describe)
        else:
            filled.append((argument.name, _default(argument)))
    return tuple(filled) if len(cursor.document.problems) == before else None


def _default(argument: Argument) -> Literal:
    return Literal(argument.default)  # type: ignore[arg-type] # None stands for "not given"


def _read_argument(cursor: Cursor, argument: Argument, parameters: Mapping[str, Parameter]) -> Literal | ParameterRef | None:
    if isinstance(cursor.value, dict):
        name = cursor.value.get("parameter")
        if set(cursor.value) != {"parameter"} or not isinstance(name, str):
            cursor.report(
                f"{argument.name!r} cannot be {written(cursor.value)}", f"{WRITTEN[argument.type]}, or {{parameter: NAME}}"
            )
            return None
        fitting = [each for each, parameter in parameters.items() if _may_fill(parameter.type, argument.type)]
        if name in fitting:
            return ParameterRef(name)
        near = did_you_mean(name, fitting)
        cursor.report(
            f"{name!r} is no parameter of type {argument.type}{near}", ", ".join(fitting) or "declare it under 'parameters'"
        )
        return None
    try:
        value = read_value(argument.type, cursor.value)
    except ValueError:
        cursor.report(f"{argument.name!r} cannot be {written(cursor.value)}", WRITTEN[argument.type])
        return None
    if fault := argument_fault(argument, value):
        allowed = ", ".join(argument.choices) or argument.describe
        cursor.report(f"{argument.name!r} cannot be {written(cursor.value)}: {fault}", allowed)
        return None
    return Literal(value)


def _may_fill(given: Type, wanted: Type) -> bool:
    return fits(given, wanted) and (given, wanted) != (Type.NUMBER, Type.INTEGER)


def read_conditions(cursor: Cursor, scope: Scope) -> tuple[Condition, ...]:
    """What must be so on a host for the check to apply to it."""
    usable = scope.vocabulary.conditions
    allowed = (*usable, "label", "when")
    conditions: list[Condition] = []
    for key in cursor.mapping(allowed):
        place = cursor.at(key)
        if key == "when":
            conditions.append(Condition("when", expressions=read_expressions(place, scope)))
        elif key == "label":
            conditions.append(_read_labels(place))
        elif key in usable:
            conditions.append(_read_probe_condition(place, usable[key], scope))
    if isinstance(cursor.value, dict) and not cursor.value:
        cursor.report("'applies_to' is empty", ", ".join(allowed))
    return tuple(conditions)


def _read_labels(cursor: Cursor) -> Condition:
    labels = tuple((name, cursor.at(name).texts()) for name in cursor.mapping())
    if not labels and isinstance(cursor.value, dict):
        cursor.report("'label' names no label", "NAME: [VALUE, ...]")
    return Condition("label", labels=labels)


def _read_probe_condition(cursor: Cursor, probe: Probe, scope: Scope) -> Condition:
    texts = cursor.texts() if isinstance(cursor.value, list) else (cursor.text(),)
    argument = probe.argument(probe.condition)
    if argument is None:
        return _read_attribute_condition(cursor, probe, texts, scope)
    asks = []
    for text in texts:
        value: Any = (text,) if argument.type is Type.LIST else text
        if fault := argument_fault(argument, value):
            cursor.report(fault, argument.describe)
            continue
        given = {other.name: Literal(value) if other is argument else _default(other) for other in probe.arguments}
        asks.append(Ask(f"{probe.name} {text}", probe.name, tuple(given.items())))
    return Condition("probe", tuple(asks))


def _read_attribute_condition(cursor: Cursor, probe: Probe, texts: tuple[str, ...], scope: Scope) -> Condition:
    """The condition is an attribute: one call with its arguments at their defaults, compared with the listed values."""
    attribute = probe.attribute(probe.condition)
    asks = (Ask(probe.name, probe.name, tuple((argument.name, _default(argument)) for argument in probe.arguments)),)
    inner = Scope(scope.vocabulary, {probe.name: probe}, scope.parameters)
    where = [{"that": f"{probe.name}.{probe.condition}", "in": list(texts)}]
    expressions = read_expressions(Cursor(cursor.document, cursor.keys, where), inner)
    return Condition(f"probe:{attribute.type if attribute else Type.TEXT}", asks, expressions=expressions)
