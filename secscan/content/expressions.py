"""Expectations: from YAML to typed expressions, resolved against probes, matchers and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from secscan.content.patterns import pattern_fault
from secscan.content.reading import Cursor, Vocabulary, kind_of, written
from secscan.documents import did_you_mean
from secscan.model.check import (
    Combined,
    Comparison,
    Each,
    Expression,
    Literal,
    No,
    ObservedRef,
    Operand,
    Parameter,
    ParameterRef,
    Path,
    That,
)
from secscan.model.matcher import Matcher, OperandKind
from secscan.model.probe import Attribute, Probe
from secscan.model.values import WRITTEN, Type, read_value

FORMS = ("that", "any", "all", "none", "each", "no")
_NEVER_EMPTY = {OperandKind.ITEMS, OperandKind.PATTERN, OperandKind.ITEM}
_NUMBERS = {Type.INTEGER, Type.NUMBER}


@dataclass(frozen=True, slots=True)
class Scope:
    """The names an expression may use: observations with their probes, parameters, and the fields of the record at hand."""

    vocabulary: Vocabulary
    asks: Mapping[str, Probe]
    parameters: Mapping[str, Parameter]
    fields: tuple[Attribute, ...] = ()
    broken: frozenset[str] = frozenset()  # declared, but with problems that have been told

    def inside(self, fields: tuple[Attribute, ...]) -> Scope:
        """The scope within a collection."""
        return Scope(self.vocabulary, self.asks, self.parameters, fields, self.broken)


def read_expressions(cursor: Cursor, scope: Scope) -> tuple[Expression, ...]:
    """A list of expressions that must all hold."""
    return tuple(expression for item in cursor.items() if (expression := _read_expression(item, scope)))


def _read_expression(cursor: Cursor, scope: Scope) -> Expression | None:
    if not isinstance(cursor.value, dict):
        cursor.report(f"an expectation must be a mapping, not {kind_of(cursor.value)}", "one of the keys " + ", ".join(FORMS))
        return None
    forms = [form for form in FORMS if form in cursor.value]
    if len(forms) != 1:
        found = "none" if not forms else " and ".join(forms)
        first = next(iter(cursor.value), "")
        cursor.report(f"an expectation needs exactly one form, found {found}{did_you_mean(str(first), FORMS)}", ", ".join(FORMS))
        return None
    form = forms[0]
    if form == "that":
        return _read_that(cursor, scope)
    if form in {"each", "no"}:
        return _read_collection(cursor, scope, form)
    cursor.mapping((form,))
    return Combined(form, read_expressions(cursor.at(form), scope))


def _read_that(cursor: Cursor, scope: Scope) -> That | None:
    names = [name for name in cursor.value if name != "that"]
    if not names:
        cursor.report("'that' has no matcher", ", ".join(scope.vocabulary.matchers))
        return None
    presence = all(name in scope.vocabulary.matchers and scope.vocabulary.matchers[name].takes_absent for name in names)
    path = read_path(cursor.at("that"), scope, presence)
    if path is None:
        return None
    comparisons = [_read_comparison(cursor.at(name), name, path, scope) for name in names]
    return That(path, tuple(comparison for comparison in comparisons if comparison))


def read_path(cursor: Cursor, scope: Scope, presence: bool = False) -> Path | None:
    """`name` or `name.attribute`, or a field of the record at hand. With `presence`, a bare name means the observation itself."""
    written = cursor.text()
    if not written:
        return None
    name, dot, attribute = written.partition(".")
    if scope.fields and not dot:
        field = next((field for field in scope.fields if field.name == name), None)
        if field:
            return Path("", name, field.type)
    if name not in scope.asks:
        if name in scope.broken:
            return None
        known = [*(field.name for field in scope.fields), *scope.asks]
        cursor.report(f"nothing is observed as {name!r}{did_you_mean(name, known)}", ", ".join(known))
        return None
    probe = scope.asks[name]
    found = probe.attribute(attribute)
    if not found or (dot and not attribute):
        known = [candidate.name for candidate in probe.attributes]
        cursor.report(f"probe {probe.name} has no attribute {attribute!r}{did_you_mean(attribute, known)}", ", ".join(known))
        return None
    return Path(name, "" if presence and not dot else found.name, found.type)


def _read_collection(cursor: Cursor, scope: Scope, form: str) -> Each | No | None:
    needed = (form, "expect") if form == "each" else (form, "where")
    cursor.mapping((form, "where", "expect") if form == "each" else (form, "where"), needed)
    path = read_path(cursor.at(form), scope)
    if path is None:
        return None
    attribute = scope.asks[path.name].attribute(path.attribute) if path.name else _field(scope, path.attribute)
    if attribute is None or attribute.type is not Type.RECORDS:
        collections = [a.name for a in scope.asks[path.name].attributes if a.type is Type.RECORDS] if path.name else []
        cursor.at(form).report(
            f"{path} is {path.type}, not a collection", ", ".join(collections) or "an attribute that is a collection"
        )
        return None
    inner = scope.inside(attribute.fields)
    where = read_expressions(cursor.at("where"), inner) if cursor.has("where") else ()
    if form == "no":
        return No(path, where)
    return Each(path, where, read_expressions(cursor.at("expect"), inner) if cursor.has("expect") else ())


def _field(scope: Scope, name: str) -> Attribute | None:
    return next((field for field in scope.fields if field.name == name), None)


def _read_comparison(cursor: Cursor, name: str, path: Path, scope: Scope) -> Comparison | None:
    matchers = scope.vocabulary.matchers
    if name not in matchers:
        cursor.report(f"no matcher is named {name!r}{did_you_mean(name, matchers)}", ", ".join(matchers))
        return None
    matcher = matchers[name]
    if path.type not in matcher.accepts:
        fitting = [other.name for other in matchers.values() if path.type in other.accepts]
        cursor.report(f"{name} cannot be laid on {path}, which is {path.type}", ", ".join(fitting))
        return None
    operand = _read_operand(cursor, matcher, path, scope)
    return Comparison(name, operand) if operand else None


def _read_operand(cursor: Cursor, matcher: Matcher, path: Path, scope: Scope) -> Operand | None:
    kind = matcher.operand_type(path.type)
    if isinstance(cursor.value, dict):
        return _read_reference(cursor, matcher, kind, scope)
    try:
        value = read_value(kind, cursor.value)
        if matcher.operand is OperandKind.ITEMS and path.type is not Type.LIST:
            for item in cursor.value:
                read_value(path.type, item)
    except ValueError:
        wanted = f"a list, each {WRITTEN[path.type]}" if matcher.operand is OperandKind.ITEMS else WRITTEN[kind]
        cursor.report(
            f"{matcher.name} cannot take {written(cursor.value)}", f"{wanted}, {{parameter: NAME}} or {{observed: NAME.ATTRIBUTE}}"
        )
        return None
    if value in ((), "") and matcher.operand in _NEVER_EMPTY:
        cursor.report(f"{matcher.name} with nothing to compare says nothing", WRITTEN[kind])
        return None
    if matcher.operand is OperandKind.PATTERN and (fault := pattern_fault(str(value))):
        cursor.report(f"not a regular expression: {fault}", "RE2 syntax")
        return None
    return Literal(value)


def _read_reference(cursor: Cursor, matcher: Matcher, kind: Type, scope: Scope) -> Operand | None:
    if len(cursor.mapping(("parameter", "observed"))) != 1:
        cursor.report("a reference names one thing", "{parameter: NAME} or {observed: NAME.ATTRIBUTE}")
        return None
    if not cursor.has("parameter"):
        return _read_observed(cursor.at("observed"), matcher, kind, scope) if cursor.has("observed") else None
    place = cursor.at("parameter")
    name = place.text()
    if name not in scope.parameters:
        if name and name not in scope.broken:
            near = did_you_mean(name, scope.parameters)
            place.report(f"no parameter is named {name!r}{near}", ", ".join(scope.parameters) or "declare it under 'parameters'")
        return None
    if not fits(scope.parameters[name].type, kind):
        cursor.report(f"parameter {name!r} is {scope.parameters[name].type}", f"a parameter of type {kind}")
        return None
    return ParameterRef(name)


def _read_observed(cursor: Cursor, matcher: Matcher, kind: Type, scope: Scope) -> ObservedRef | None:
    if matcher.operand is OperandKind.PATTERN:
        cursor.report("a host does not say what it is matched with", "a regular expression (RE2), or {parameter: NAME}")
        return None
    path = read_path(cursor, scope)
    if path and not fits(path.type, kind):
        cursor.report(f"{path} is {path.type}", f"an attribute of type {kind}")
        return None
    return ObservedRef(path) if path else None


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of one type may stand where another is wanted."""
    return given is wanted or {given, wanted} <= {Type.TEXT, Type.VERSION} or (wanted in _NUMBERS and given in _NUMBERS)
