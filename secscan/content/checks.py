"""One check file: from a document to a Check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from secscan.content.expressions import Scope, fits, read_expressions
from secscan.content.reading import IDENTIFIER, Cursor, Vocabulary, kind_of
from secscan.documents import Document, did_you_mean
from secscan.model.assessment import Outcome
from secscan.model.check import (
    Ask,
    Case,
    Check,
    Condition,
    Effort,
    Literal,
    Parameter,
    ParameterRef,
    Remediation,
    Severity,
    Stricter,
    When,
)
from secscan.model.probe import Answer, Argument, Probe
from secscan.model.values import WRITTEN, Scalar, Type, read_timestamp, read_value

KEYS = (
    "id", "title", "severity", "rationale", "remediation", "references", "parameters", "applies_to",
    "observe", "expect", "cases", "attest", "formerly",
)  # fmt: skip
REFERENCES = (
    "nist_800_53", "nist_csf", "iso_27001", "iso_22301", "cis_v8", "pci_dss", "ssg", "un_catalogue",
)  # fmt: skip
PARAMETER_TYPES = tuple(kind.value for kind in Type if kind is not Type.RECORDS)
CASE_OUTCOMES = tuple(outcome.value for outcome in Outcome if outcome not in {Outcome.SKIPPED, Outcome.UNREACHABLE})


def read_check(document: Document, vocabulary: Vocabulary, sha256: str = "") -> Check | None:
    """The check in a document; None when it has problems, which are then in the document."""
    before = len(document.problems)
    if document.data is None:
        if not before:
            document.report((), "the file is empty")
        return None
    root = Cursor(document, (), document.data)
    attested = root.has("attest")
    required = (
        "id",
        "title",
        "severity",
        "rationale",
        "remediation",
        *(("attest",) if attested else ("observe", "expect", "cases")),
    )
    root.mapping(KEYS, required)
    if not isinstance(document.data, dict):
        return None
    parameters = _read_parameters(root.at("parameters")) if root.has("parameters") else {}
    asks = _read_asks(root.at("observe"), vocabulary, parameters) if root.has("observe") else ()
    scope = Scope(vocabulary, {ask.name: vocabulary.probes[ask.probe] for ask in asks}, parameters)
    path = PurePath(document.path)
    check = Check(
        id=_read_id(root, path),
        domain=path.parent.name,
        title=_read_title(root),
        severity=root.at("severity").choice(Severity, Severity.LOW) if root.has("severity") else Severity.LOW,
        rationale=_fold(root.at("rationale").text()) if root.has("rationale") else "",
        remediation=_read_remediation(root.at("remediation"))
        if root.has("remediation")
        else Remediation("", Effort.DAYS, When.RUNTIME),
        references=_read_references(root.at("references")) if root.has("references") else {},
        parameters=parameters,
        applies_to=_read_conditions(root.at("applies_to"), scope) if root.has("applies_to") else (),
        asks=asks,
        expect=read_expressions(root.at("expect"), scope) if root.has("expect") else (),
        cases=_read_cases(root.at("cases"), asks, parameters) if root.has("cases") else (),
        questions=root.at("attest").texts() if attested else (),
        formerly=root.at("formerly").texts() if root.has("formerly") else (),
        path=document.path,
        sha256=sha256,
    )
    if attested and (root.has("observe") or root.has("expect")):
        root.at("attest").report("a check that a person answers observes nothing", "either attest, or observe and expect")
    return check if len(document.problems) == before else None


def _read_id(root: Cursor, path: PurePath) -> str:
    if not root.has("id"):
        return ""
    cursor = root.at("id")
    name = cursor.text()
    if name and not IDENTIFIER.match(name):
        cursor.report(f"{name!r} cannot be an id", "3 to 80 of a-z, 0-9 and _, beginning with a letter")
    elif name and path.stem != name:
        cursor.report(f"id {name!r} differs from the file name", f"id: {path.stem}, or rename the file to {name}.yaml")
    return name


def _read_title(root: Cursor) -> str:
    if not root.has("title"):
        return ""
    cursor = root.at("title")
    title = _fold(cursor.text())
    if len(title) > 100 or title.endswith("."):
        cursor.report(
            "a title is a statement that is true when the check passes", "at most 100 characters, no full stop at the end"
        )
    return title


def _read_remediation(cursor: Cursor) -> Remediation:
    cursor.mapping(("text", "effort", "when"), ("text", "effort", "when"))
    return Remediation(
        cursor.at("text").text() if cursor.has("text") else "",
        cursor.at("effort").choice(Effort, Effort.HOURS) if cursor.has("effort") else Effort.HOURS,
        cursor.at("when").choice(When, When.RUNTIME) if cursor.has("when") else When.RUNTIME,
    )


def _read_references(cursor: Cursor) -> dict[str, tuple[str, ...]]:
    return {name: cursor.at(name).texts() for name in cursor.mapping(REFERENCES) if name in REFERENCES}


def _read_parameters(cursor: Cursor) -> dict[str, Parameter]:
    return {name: parameter for name in cursor.mapping() if (parameter := _read_parameter(cursor.at(name), name))}


def _read_parameter(cursor: Cursor, name: str) -> Parameter | None:
    cursor.mapping(("type", "default", "describe", "stricter", "choices"), ("type", "default", "describe"))
    kind = cursor.at("type").value
    if kind not in PARAMETER_TYPES:
        if cursor.has("type"):
            cursor.at("type").report(f"no type is named {kind!r}", ", ".join(PARAMETER_TYPES))
        return None
    stricter = cursor.at("stricter").choice(Stricter, Stricter.LOWER) if cursor.has("stricter") else None
    if stricter and (stricter in {Stricter.SUBSET, Stricter.SUPERSET}) != (kind == Type.LIST.value):
        cursor.at("stricter").report(
            f"{stricter} does not fit a parameter of type {kind}", "lower, higher; subset, superset for lists"
        )
    default = read_parameter_value(cursor.at("default"), Type(kind)) if cursor.has("default") else None
    if default is None:
        return None
    choices = cursor.at("choices").texts() if cursor.has("choices") else ()
    return Parameter(
        name, Type(kind), default, _fold(cursor.at("describe").text()) if cursor.has("describe") else "", stricter, choices
    )


def read_parameter_value(cursor: Cursor, kind: Type, choices: tuple[str, ...] = ()) -> Scalar | None:
    """A value for a parameter, or None after reporting why it cannot be one."""
    try:
        value = read_value(kind, cursor.value)
    except ValueError:
        cursor.report(f"{cursor.name} cannot be {cursor.value!r}", WRITTEN[kind])
        return None
    chosen = value if isinstance(value, tuple) else (value,)
    if choices and any(str(item) not in choices for item in chosen):
        cursor.report(f"{cursor.name} cannot be {cursor.value!r}", ", ".join(choices))
        return None
    return value


def _read_asks(cursor: Cursor, vocabulary: Vocabulary, parameters: Mapping[str, Parameter]) -> tuple[Ask, ...]:
    named = cursor.mapping()
    if not named and isinstance(cursor.value, dict):
        cursor.report("nothing is observed", "NAME: {probe: PROBE, ...}")
    return tuple(ask for name in named if (ask := _read_ask(cursor.at(name), name, vocabulary, parameters)))


def _read_ask(cursor: Cursor, name: str, vocabulary: Vocabulary, parameters: Mapping[str, Parameter]) -> Ask | None:
    if not isinstance(cursor.value, dict):
        cursor.report(f"{name!r} must be a mapping, not {kind_of(cursor.value)}", "{probe: PROBE, argument: value}")
        return None
    wanted = str(cursor.value.get("probe"))
    if wanted not in vocabulary.probes:
        place = cursor.at("probe") if "probe" in cursor.value else cursor
        place.report(f"no probe is named {wanted!r}{did_you_mean(wanted, vocabulary.probes)}", ", ".join(sorted(vocabulary.probes)))
        return None
    probe = vocabulary.probes[wanted]
    arguments = read_arguments(cursor, probe, parameters)
    return Ask(name, probe.name, arguments) if arguments is not None else None


def read_arguments(
    cursor: Cursor, probe: Probe, parameters: Mapping[str, Parameter]
) -> tuple[tuple[str, Literal | ParameterRef], ...] | None:
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
            filled.append((argument.name, Literal(argument.default)))  # type: ignore[arg-type] # None stands for "not given"
    return tuple(filled) if len(cursor.document.problems) == before else None


def _read_argument(cursor: Cursor, argument: Argument, parameters: Mapping[str, Parameter]) -> Literal | ParameterRef | None:
    if isinstance(cursor.value, dict) and set(cursor.value) == {"parameter"}:
        name = cursor.value["parameter"]
        if name in parameters and fits(parameters[name].type, argument.type):
            return ParameterRef(name)
        cursor.report(f"{name!r} is no parameter of type {argument.type}", ", ".join(parameters) or "declare it under 'parameters'")
        return None
    value = read_parameter_value(cursor, argument.type, argument.choices)
    if value is None:
        return None
    fault = argument_fault(argument, value)
    if fault:
        cursor.report(fault, argument.describe)
        return None
    return Literal(value)


def argument_fault(argument: Argument, value: Any) -> str:
    """Why a value cannot be given to an argument; empty when it can."""
    items = value if isinstance(value, tuple) else (value,)
    if any("\0" in str(item) or "\n" in str(item) for item in items):
        return f"{argument.name!r} cannot hold a line break or a NUL"
    if argument.pattern:
        import re2  # noqa: PLC0415 - loaded only for arguments that have a pattern

        if not all(re2.fullmatch(argument.pattern, str(item)) for item in items):
            return f"{argument.name!r} cannot be {value!r}: it must match {argument.pattern}"
    return ""


def _read_conditions(cursor: Cursor, scope: Scope) -> tuple[Condition, ...]:
    usable = {name: probe for name, probe in scope.vocabulary.probes.items() if probe.condition}
    allowed = [*sorted(usable), "label", "when"]
    conditions: list[Condition] = []
    for key in cursor.mapping(allowed):
        place = cursor.at(key)
        if key == "when":
            conditions.append(Condition("when", expressions=read_expressions(place, scope)))
        elif key == "label":
            labels = tuple((name, place.at(name).texts()) for name in place.mapping())
            conditions.append(Condition("label", labels=labels))
        elif key in usable:
            conditions.append(_read_probe_condition(place, usable[key], scope))
    if isinstance(cursor.value, dict) and not cursor.value:
        cursor.report("'applies_to' is empty", ", ".join(allowed))
    return tuple(conditions)


def _read_probe_condition(cursor: Cursor, probe: Probe, scope: Scope) -> Condition:
    texts = cursor.texts() if isinstance(cursor.value, list) else (cursor.text(),)
    argument = probe.argument(probe.condition)
    if argument is None:  # the condition is an attribute: one call, compared with the listed values
        only = (Ask(probe.name, probe.name, ()),)
        inner = Scope(scope.vocabulary, {probe.name: probe}, scope.parameters)
        where = {"that": f"{probe.name}.{probe.condition}", "in": list(texts)}
        document = Document(cursor.document.path, [where], None, cursor.document.problems)
        return Condition("probe", only, expressions=read_expressions(Cursor(document, (), [where]), inner))
    others = [(other.name, Literal(other.default)) for other in probe.arguments if other is not argument]  # type: ignore[arg-type]
    asks: list[Ask] = []
    for text in texts:
        value: Any = (text,) if argument.type is Type.LIST else text
        if fault := argument_fault(argument, value):
            cursor.report(fault, argument.describe)
            continue
        given = {argument.name: Literal(value), **dict(others)}
        asks.append(Ask(f"{probe.name} {text}", probe.name, tuple((a.name, given[a.name]) for a in probe.arguments)))
    return Condition("probe", tuple(asks))


def _read_cases(cursor: Cursor, asks: tuple[Ask, ...], parameters: Mapping[str, Parameter]) -> tuple[Case, ...]:
    names = [ask.name for ask in asks]
    cases = [case for item in cursor.items() if (case := _read_case(item, names, parameters))]
    outcomes = {case.outcome for case in cases}
    for needed in ("pass", "fail"):
        if cases and needed not in outcomes:
            cursor.report(f"no case leads to {needed}", "at least one pass and one fail")
    seen: set[str] = set()
    for number, case in enumerate(cases):
        if case.name in seen:
            cursor.at(number).report(f"two cases are named {case.name!r}")
        seen.add(case.name)
    return tuple(cases)


def _read_case(cursor: Cursor, names: list[str], parameters: Mapping[str, Parameter]) -> Case | None:
    written = cursor.mapping(("name", "outcome", "parameters", "applies_to", "at", *names), ("name", "outcome"))
    if not written:
        return None
    outcome = cursor.at("outcome").value
    if outcome not in CASE_OUTCOMES:
        cursor.at("outcome").report(f"no outcome is named {outcome!r}", ", ".join(CASE_OUTCOMES))
    at = 1_767_225_600.0
    if cursor.has("at"):
        try:
            at = read_timestamp(str(cursor.value["at"]))
        except ValueError:
            cursor.at("at").report(f"not a moment: {cursor.value['at']!r}", WRITTEN[Type.TIMESTAMP])
    return Case(
        name=_fold(cursor.at("name").text()) if cursor.has("name") else "",
        outcome=str(outcome),
        answers={name: answer for name in names if cursor.has(name) and (answer := _read_answer(cursor.at(name)))},
        parameters=_read_case_parameters(cursor.at("parameters"), parameters) if cursor.has("parameters") else {},
        applies=_read_applies(cursor.at("applies_to")) if cursor.has("applies_to") else True,
        at=at,
        line=cursor.document.at(cursor.keys)[0],
    )


def _read_applies(cursor: Cursor) -> bool | None:
    if cursor.value == "unknown":
        return None
    if not isinstance(cursor.value, bool):
        cursor.report(f"'applies_to' of a case cannot be {cursor.value!r}", "true, false or unknown")
    return bool(cursor.value)


def _read_answer(cursor: Cursor) -> Answer | None:
    if isinstance(cursor.value, str | int) and not isinstance(cursor.value, bool):
        text = str(cursor.value)
        return Answer((text if text.endswith("\n") or not text else text + "\n").encode(), uid=0)
    if not isinstance(cursor.value, dict):
        cursor.report("a raw answer is text or a mapping", "text, or {stdout, stderr, exit, uid}")
        return None
    written = cursor.mapping(("stdout", "stderr", "exit", "uid"))
    for key in ("exit", "uid"):
        if key in written and (not isinstance(written[key], int) or isinstance(written[key], bool)):
            cursor.at(key).report(f"{key!r} must be a whole number", "0 to 255")
            return None
    return Answer(
        str(written.get("stdout", "")).encode(),
        str(written.get("stderr", "")).encode(),
        written.get("exit", 0),
        uid=written.get("uid", 0),
    )


def _read_case_parameters(cursor: Cursor, parameters: Mapping[str, Parameter]) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for name in cursor.mapping(parameters):
        if name in parameters:
            value = read_parameter_value(cursor.at(name), parameters[name].type, parameters[name].choices)
            if value is not None:
                values[name] = value
    return values


def _fold(text: str) -> str:
    return " ".join(text.split())
