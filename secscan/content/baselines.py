"""Baselines: which checks, how strict, for which requirements; `extends` merged, locks and local changes enforced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from secscan.content.checks import read_parameter_value
from secscan.content.reading import IDENTIFIER, Cursor
from secscan.documents import Document, did_you_mean
from secscan.model.check import Baseline, Check, LocalChange, Parameter, Selection, Severity, Stricter
from secscan.model.values import Scalar, write_value

KEYS = ("id", "title", "description", "extends", "requirements", "lock", "drop")
_RESERVED = ("severity", "reason", "approver")


@dataclass(slots=True)
class _Draft:
    """A baseline while it is being merged."""

    selections: dict[str, Selection] = field(default_factory=dict)
    not_automated: dict[str, str] = field(default_factory=dict)
    changes: list[LocalChange] = field(default_factory=list)
    lineage: list[str] = field(default_factory=list)


def read_baseline(
    name: str, documents: Mapping[str, Document], checks: Mapping[str, Check], requirements: Mapping[str, Any]
) -> Baseline | None:
    """The baseline of that name, merged with those it extends; None when it or one of them has problems (in the documents)."""
    before = sum(len(document.problems) for document in documents.values())
    draft = _merge(name, documents, checks, requirements, ())
    if draft is None or sum(len(document.problems) for document in documents.values()) > before:
        return None
    document = documents[name]
    root = Cursor(document, (), document.data)
    return Baseline(
        id=name,
        title=root.at("title").text(),
        description=" ".join(root.at("description").text().split()) if root.has("description") else "",
        selections=tuple(draft.selections[check] for check in sorted(draft.selections)),
        not_automated=draft.not_automated,
        changes=tuple(draft.changes),
        lineage=tuple(draft.lineage),
        path=document.path,
    )


def _merge(
    name: str,
    documents: Mapping[str, Document],
    checks: Mapping[str, Check],
    requirements: Mapping[str, Any],
    above: tuple[str, ...],
) -> _Draft | None:
    document = documents[name]
    if document.data is None:
        if not document.problems:
            document.report((), "the file is empty")
        return None
    root = Cursor(document, (), document.data)
    root.mapping(KEYS, ("id", "title"))
    if not isinstance(document.data, dict):
        return None
    _check_id(root, name)
    draft = _Draft()
    for place in root.at("extends").items() if root.has("extends") else []:
        other = _extended(place, documents, (*above, name))
        inherited = _merge(other, documents, checks, requirements, (*above, name)) if other else None
        if inherited:
            _inherit(draft, inherited, checks)
    _add_own(root, name, draft, checks, requirements)
    draft.lineage.append(name)
    return draft


def _extended(place: Cursor, documents: Mapping[str, Document], above: tuple[str, ...]) -> str:
    """The name of an extended baseline; empty after reporting why it cannot be extended."""
    other = place.text()
    if other not in documents:
        place.report(f"no baseline is named {other!r}{did_you_mean(other, documents)}", ", ".join(sorted(documents)))
        return ""
    if other in above:
        place.report("baselines extend each other in a circle: " + " -> ".join((*above, other)))
        return ""
    return other


def _add_own(root: Cursor, name: str, draft: _Draft, checks: Mapping[str, Check], requirements: Mapping[str, Any]) -> None:
    """What a baseline says itself, on top of what it inherits: first drops, then selections, then locks."""
    if root.has("drop"):
        _drop(root.at("drop"), name, draft)
    if root.has("requirements"):
        _select(root.at("requirements"), name, draft, checks, requirements)
    if root.has("lock"):
        _lock(root.at("lock"), draft)
    if not draft.selections and not draft.not_automated:
        root.report("the baseline selects nothing", "requirements: {ID: [check, ...]}, or extends: [baseline]")


def _check_id(root: Cursor, name: str) -> None:
    written = root.at("id").text() if root.has("id") else name
    if not IDENTIFIER.match(written):
        root.at("id").report(f"{written!r} cannot be an id", "3 to 80 of a-z, 0-9 and _, beginning with a letter")
    elif written != name:
        root.at("id").report(f"id {written!r} differs from the file name", f"id: {name}, or rename the file")


def _inherit(draft: _Draft, inherited: _Draft, checks: Mapping[str, Check]) -> None:
    """Merge one more parent: of two wishes for one check the stricter wins where a direction is known, else the later."""
    for check, selection in inherited.selections.items():
        mine = draft.selections.get(check)
        if mine is None:
            draft.selections[check] = selection
            continue
        draft.selections[check] = replace(
            selection,
            requirements=tuple(dict.fromkeys((*mine.requirements, *selection.requirements))),
            severity=max(mine.severity, selection.severity, key=lambda severity: severity.rank),
            locked=mine.locked or selection.locked,
            parameters=_stricter_of(checks[check], mine.parameters, selection.parameters),
        )
    draft.not_automated.update(inherited.not_automated)
    draft.changes += [change for change in inherited.changes if change not in draft.changes]
    draft.lineage += [name for name in inherited.lineage if name not in draft.lineage]


def _stricter_of(check: Check, first: Mapping[str, Scalar], second: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {
        name: first[name] if is_stricter(parameter, second[name], first[name]) else second[name]
        for name, parameter in check.parameters.items()
    }


def _drop(cursor: Cursor, name: str, draft: _Draft) -> None:
    for item in cursor.items():
        written = item.mapping(("check", "reason", "approver"), ("check", "reason", "approver"))
        if not {"check", "reason", "approver"} <= set(written):
            continue
        check = item.at("check").text()
        if check not in draft.selections:
            item.at("check").report(
                f"{check!r} is not inherited, so it cannot be dropped{did_you_mean(check, draft.selections)}",
                ", ".join(draft.selections),
            )
        elif draft.selections[check].locked:
            item.at("check").report(f"{check!r} is locked by a baseline that this one extends", "checks that are not locked")
        else:
            del draft.selections[check]
            draft.changes.append(LocalChange(name, check, "dropped", item.at("reason").text(), item.at("approver").text()))


def _lock(cursor: Cursor, draft: _Draft) -> None:
    for item in cursor.items():
        check = item.text()
        if check not in draft.selections:
            item.report(
                f"{check!r} is not selected, so it cannot be locked{did_you_mean(check, draft.selections)}",
                ", ".join(draft.selections),
            )
        else:
            draft.selections[check] = replace(draft.selections[check], locked=True)


def _select(cursor: Cursor, name: str, draft: _Draft, checks: Mapping[str, Check], requirements: Mapping[str, Any]) -> None:
    inherited = frozenset(draft.selections)
    for requirement in cursor.mapping():
        place = cursor.at(requirement)
        if requirement not in requirements:
            place.report(
                f"no requirement is named {requirement!r}{did_you_mean(requirement, requirements)}",
                "an id of the requirements catalogue",
            )
            continue
        if place.has("not_automated"):
            place.mapping(("not_automated",))
            draft.not_automated[requirement] = " ".join(place.at("not_automated").text().split())
            continue
        draft.not_automated.pop(requirement, None)
        for entry in place.items():
            _select_entry(entry, requirement, name, draft, checks, inherited)


def _select_entry(
    entry: Cursor, requirement: str, name: str, draft: _Draft, checks: Mapping[str, Check], inherited: frozenset[str]
) -> None:
    written, settings = entry.value, None
    if isinstance(entry.value, dict):
        if len(entry.value) != 1:
            entry.report("an entry names one check", "check_id, {check_id: {parameter: value}} or {attest: check_id}")
            return
        written, settings = next(iter(entry.value.items()))
        if written == "attest":
            written, settings = settings, None
    if written not in checks:
        entry.report(f"no check is named {written!r}{did_you_mean(str(written), checks)}", "an id of the check library")
        return
    check = checks[written]
    mine = draft.selections.get(check.id) or Selection(check.id, default_parameters(check), check.severity, ())
    mine = replace(mine, requirements=tuple(dict.fromkeys((*mine.requirements, requirement))))
    if settings is not None:
        mine = _apply(entry.at(check.id), mine, check, name, draft, check.id in inherited)
    draft.selections[check.id] = mine


def default_parameters(check: Check) -> dict[str, Scalar]:
    """Every parameter of a check at its default."""
    return {name: parameter.default for name, parameter in check.parameters.items()}


def _apply(cursor: Cursor, mine: Selection, check: Check, name: str, draft: _Draft, inherited: bool) -> Selection:
    written = cursor.mapping((*check.parameters, *_RESERVED))
    parameters = dict(mine.parameters)
    changes: list[tuple[str, bool]] = []
    for key in written:
        if key in check.parameters:
            parameter = check.parameters[key]
            value = read_parameter_value(cursor.at(key), parameter.type, parameter.choices)
            if value is None:
                continue
            old = parameters[key]
            parameters[key] = value
            if value != old:
                tighter = is_stricter(parameter, old, value)
                change = f"{'tightened' if tighter else 'changed'} {key}: {_write(parameter, old)} -> {_write(parameter, value)}"
                changes.append((change, tighter))
    severity = cursor.at("severity").choice(Severity, mine.severity) if cursor.has("severity") else mine.severity
    if severity.rank < mine.severity.rank:
        cursor.at("severity").report(f"severity only goes up, and it is {mine.severity}", f"{mine.severity} or higher")
    elif severity is not mine.severity:
        changes.append((f"raised severity: {mine.severity} -> {severity}", True))
    if inherited:
        _record_changes(cursor, changes, mine, check, name, draft)
    return replace(mine, parameters=parameters, severity=severity)


def _record_changes(
    cursor: Cursor, changes: list[tuple[str, bool]], mine: Selection, check: Check, name: str, draft: _Draft
) -> None:
    reason = cursor.at("reason").text() if cursor.has("reason") else ""
    approver = cursor.at("approver").text() if cursor.has("approver") else ""
    for change, tighter in changes:
        if not tighter and mine.locked:
            cursor.report(f"{check.id!r} is locked: it may be tightened, not weakened ({change})", "a stricter value")
        elif not tighter and not (reason and approver):
            cursor.report(f"weakening an inherited check needs a reason and an approver ({change})", "reason: TEXT, approver: TEXT")
        draft.changes.append(LocalChange(name, check.id, change, reason, approver))


def is_stricter(parameter: Parameter, old: Any, new: Any) -> bool:
    """Whether a new value is at least as tight as the old one; False where no direction is declared."""
    if parameter.stricter is None:
        return False
    if parameter.stricter is Stricter.LOWER:
        return bool(new <= old)
    if parameter.stricter is Stricter.HIGHER:
        return bool(new >= old)
    if parameter.stricter is Stricter.SUBSET:
        return set(new) <= set(old)
    return set(new) >= set(old)


def _write(parameter: Parameter, value: Scalar) -> str:
    written = write_value(parameter.type, value)
    return ", ".join(map(str, written)) if isinstance(written, list) else str(written)
