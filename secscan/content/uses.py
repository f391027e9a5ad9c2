"""What a check uses of what it declares: where each parameter goes, and which observations are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from secscan.content.reading import Vocabulary
from secscan.model.attestation import VALID_FOR
from secscan.model.check import Ask, Check, Combined, Each, Expression, No, ObservedRef, Parameter, ParameterRef, That
from secscan.model.matcher import OperandKind
from secscan.model.values import Type


def walk(expressions: Iterable[Expression]) -> Iterator[That | Each | No]:
    """Every expression that names something observed, those inside others included."""
    for expression in expressions:
        if isinstance(expression, Combined):
            yield from walk(expression.terms)
            continue
        yield expression
        if isinstance(expression, Each):
            yield from walk((*expression.where, *expression.expect))
        elif isinstance(expression, No):
            yield from walk(expression.where)


def all_expressions(check: Check) -> Iterator[That | Each | No]:
    """Every expression of a check, its conditions' included."""
    yield from walk(check.expect)
    for condition in check.applies_to:
        yield from walk(condition.expressions)


def all_asks(check: Check) -> Iterator[Ask]:
    """Every question of a check, its conditions' included."""
    for condition in check.applies_to:
        yield from condition.asks
    yield from check.asks


def used_names(check: Check) -> set[str]:
    """The names under `observe` that an expectation or a condition looks at."""
    names = set()
    for expression in all_expressions(check):
        names.add(expression.path.name)
        if isinstance(expression, That):
            names |= {each.operand.path.name for each in expression.comparisons if isinstance(each.operand, ObservedRef)}
    return names


def used_parameters(check: Check) -> set[str]:
    """The parameters that a question or an expectation takes a value from, or that say how long an answer holds."""
    names = {value.name for ask in all_asks(check) for _, value in ask.arguments if isinstance(value, ParameterRef)}
    if check.questions:
        names.add(VALID_FOR)
    for expression in all_expressions(check):
        if isinstance(expression, That):
            names |= {each.operand.name for each in expression.comparisons if isinstance(each.operand, ParameterRef)}
    return names


def narrowed(check: Check, vocabulary: Vocabulary) -> Mapping[str, Parameter]:
    """The parameters of a check, each with what its uses demand of a value."""
    parameters = dict(check.parameters)
    for ask in all_asks(check):
        for name, value in ask.arguments:
            argument = vocabulary.probes[ask.probe].argument(name)
            if isinstance(value, ParameterRef) and argument:
                mine = parameters[value.name]
                parameters[value.name] = replace(mine, fills=(*mine.fills, argument))
    for expression in all_expressions(check):
        for comparison in expression.comparisons if isinstance(expression, That) else ():
            if isinstance(comparison.operand, ParameterRef):
                kind = vocabulary.matchers[comparison.matcher].operand
                name = comparison.operand.name
                parameters[name] = _as_operand(parameters[name], kind, expression.path.type)
    return parameters


def _as_operand(parameter: Parameter, kind: OperandKind, attribute: Type) -> Parameter:
    if kind is OperandKind.PATTERN:
        return replace(parameter, is_pattern=True)
    if kind is OperandKind.ITEMS and attribute not in {Type.LIST, Type.TEXT, Type.VERSION}:
        return replace(parameter, item_types=(*parameter.item_types, attribute))
    return parameter
