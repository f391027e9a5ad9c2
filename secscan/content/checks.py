"""One check file: from a document to a Check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from secscan.content.asks import read_asks, read_conditions
from secscan.content.cases import read_cases
from secscan.content.expressions import Scope, read_expressions
from secscan.content.parameters import parameter_fault, read_parameters
from secscan.content.reading import IDENTIFIER, IDENTIFIER_WRITTEN, Cursor, Vocabulary, written
from secscan.content.uses import narrowed
from secscan.documents import Document
from secscan.model.attestation import VALID_FOR
from secscan.model.check import Check, Effort, Remediation, Severity, Subject, When
from secscan.model.values import Type, write_value

KEYS = (
    "id", "title", "severity", "rationale", "remediation", "references", "parameters", "applies_to",
    "observe", "expect", "cases", "attest", "subject", "formerly",
)  # fmt: skip
REFERENCES = (
    "nist_800_53", "nist_csf", "iso_27001", "iso_22301", "cis_v8", "pci_dss", "ssg", "un_catalogue",
)  # fmt: skip
REMEDIATION_KEYS = ("text", "effort", "when")
ALWAYS = ("id", "title", "severity", "rationale", "remediation")
OBSERVED = ("observe", "expect", "cases")
TITLE_LENGTH = 100
_NO_REMEDIATION = Remediation("", Effort.DAYS, When.RUNTIME)


def read_check(document: Document, vocabulary: Vocabulary, sha256: str = "") -> Check | None:
    """The check in a document; None when it has problems, which are then in the document."""
    before = len(document.problems)
    if document.data is None:
        if not before:
            document.report((), "the file is empty")
        return None
    root = Cursor(document, (), document.data)
    attested = root.has("attest")
    root.mapping(KEYS, (*ALWAYS, *(("attest",) if attested else OBSERVED)))
    if not isinstance(document.data, dict):
        return None
    _refuse_contradictions(root, attested=attested)
    check = _read_parts(root, vocabulary, sha256)
    if len(document.problems) == before:
        _refuse_other_subjects(root, check, vocabulary)
    if check.parameters:
        check = replace(check, parameters=narrowed(check, vocabulary))
        _check_defaults(root.at("parameters"), check)
    return check if len(document.problems) == before else None


def _refuse_contradictions(root: Cursor, *, attested: bool) -> None:
    """What a check cannot have because of what else it has."""
    for key in OBSERVED if attested else ():
        if root.has(key):
            root.at(key).report(f"a check that a person answers has no {key!r}", "either attest, or observe, expect and cases")
    subject = root.value.get("subject", Subject.HOST.value)
    if attested and subject == Subject.SERVICE.value:
        root.at("subject").report("people answer for hosts or for the organization", "subject: organization")
    if attested and subject == Subject.ORGANIZATION.value and root.has("applies_to"):
        root.at("applies_to").report("conditions are asked of hosts, and this check is about the organization", "subject: host")


def _refuse_other_subjects(root: Cursor, check: Check, vocabulary: Vocabulary) -> None:
    """A question that is not about what the check is about."""
    wanted = "" if check.subject is Subject.HOST else check.subject.value
    for ask in check.asks:
        told = vocabulary.probes[ask.probe].derived
        if told != wanted:
            allowed = [name for name, probe in sorted(vocabulary.probes.items()) if probe.derived == wanted]
            about = f"the {told}" if told == Subject.ORGANIZATION.value else f"a {told or Subject.HOST.value}"
            root.at("observe").at(ask.name).report(
                f"probe {ask.probe} tells about {about}, and this check is about {wanted or 'hosts'}",
                f"subject: {told or Subject.HOST.value}, or one of {', '.join(allowed)}",
            )
    if wanted and any(condition.kind != "when" for condition in check.applies_to):
        root.at("applies_to").report(f"a check about {wanted} has no host to ask for a condition", "when")


def _read_parts(root: Cursor, vocabulary: Vocabulary, sha256: str) -> Check:
    """Every part of the file; parts with problems are left out, which read_check notices."""
    find = root.find
    parameters = read_parameters(place) if (place := find("parameters")) else {}
    asks = read_asks(place, vocabulary, parameters) if (place := find("observe")) else ()
    named = {ask.name: vocabulary.probes[ask.probe] for ask in asks}
    scope = Scope(vocabulary, named, parameters, broken=_broken(root, "observe", named) | _broken(root, "parameters", parameters))
    applies_to = read_conditions(place, scope) if (place := find("applies_to")) else ()
    folder, _, file = root.document.path.rpartition("/")
    return Check(
        id=_read_id(place, file.rpartition(".")[0]) if (place := find("id")) else "",
        domain=folder.rpartition("/")[2],
        title=_read_title(place) if (place := find("title")) else "",
        severity=place.choice(Severity, Severity.LOW) if (place := find("severity")) else Severity.LOW,
        rationale=place.folded() if (place := find("rationale")) else "",
        remediation=_read_remediation(place) if (place := find("remediation")) else _NO_REMEDIATION,
        references=_read_references(place) if (place := find("references")) else {},
        parameters=parameters,
        applies_to=applies_to,
        asks=asks,
        expect=read_expressions(place, scope) if (place := find("expect")) else (),
        cases=read_cases(place, asks, parameters, applies_to, scope.broken) if (place := find("cases")) else (),
        questions=place.texts() if (place := find("attest")) else (),
        subject=place.choice(Subject, Subject.HOST) if (place := find("subject")) else Subject.HOST,
        formerly=place.texts() if (place := find("formerly")) else (),
        path=root.document.path,
        sha256=sha256,
    )


def _broken(root: Cursor, key: str, read: Iterable[str]) -> frozenset[str]:
    """Names that are declared but have problems of their own, so that nobody is told that they do not exist."""
    declared = root.value.get(key)
    return frozenset(declared).difference(read) if isinstance(declared, dict) else frozenset()


def _check_defaults(cursor: Cursor, check: Check) -> None:
    """Defaults are read before it is known what they are used for."""
    for name, parameter in check.parameters.items():
        if check.questions and name == VALID_FOR and parameter.type is not Type.DURATION:
            cursor.at(name).report(f"{name!r} says how long a statement holds", "type: duration")
        fault, allowed = parameter_fault(parameter, parameter.default)
        if fault:
            shown = written(write_value(parameter.type, parameter.default))
            cursor.at(name).at("default").report(f"'default' cannot be {shown}: {fault}", allowed)


def _read_id(cursor: Cursor, stem: str) -> str:
    name = cursor.text()
    if name and not IDENTIFIER.match(name):
        cursor.report(f"{name!r} cannot be an id", IDENTIFIER_WRITTEN)
    elif name and stem != name:
        cursor.report(f"id {name!r} differs from the file name", f"id: {stem}, or rename the file to {name}.yaml")
    return name


def _read_title(cursor: Cursor) -> str:
    title = cursor.folded()
    if len(title) > TITLE_LENGTH or title.endswith("."):
        allowed = f"at most {TITLE_LENGTH} characters, no full stop at the end"
        cursor.report("a title is a statement that is true when the check passes", allowed)
    return title


def _read_remediation(cursor: Cursor) -> Remediation:
    cursor.mapping(REMEDIATION_KEYS, REMEDIATION_KEYS)
    find = cursor.find
    return Remediation(
        place.text() if (place := find("text")) else "",
        place.choice(Effort, Effort.HOURS) if (place := find("effort")) else Effort.HOURS,
        place.choice(When, When.RUNTIME) if (place := find("when")) else When.RUNTIME,
    )


def _read_references(cursor: Cursor) -> dict[str, tuple[str, ...]]:
    return {name: cursor.at(name).texts() for name in cursor.mapping(REFERENCES) if name in REFERENCES}
