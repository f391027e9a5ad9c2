"""Baselines: which checks, how strict, for which requirements; `extends` merged, locks and local changes enforced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from secscan.content.parameters import RESERVED, default_parameters, is_stricter, read_parameter_value
from secscan.content.reading import IDENTIFIER, IDENTIFIER_WRITTEN, Cursor, written
from secscan.documents import Document, did_you_mean
from secscan.model.check import Baseline, Check, LocalChange, Parameter, Selection, Severity, name_now
from secscan.model.values import WRITTEN, Scalar, Type, read_duration, write_duration, write_value

KEYS = ("id", "title", "description", "extends", "requirements", "lock", "drop", "waivers_at_most")
REQUIRED = ("id", "title")
DROP_KEYS = ("check", "reason", "approver")


@dataclass(frozen=True, slots=True)
class Shelf:
    """What baselines are read against. `broken` are checks whose files have problems: nobody is told that they do not exist."""

    documents: Mapping[str, Document]
    checks: Mapping[str, Check]
    requirements: Mapping[str, Any]
    broken: frozenset[str] = frozenset()

    def problems(self) -> int:
        """How many problems the baselines' files have so far."""
        return sum(len(document.problems) for document in self.documents.values())


@dataclass(slots=True)
class _Draft:
    """A baseline while it is being merged."""

    selections: dict[str, Selection] = field(default_factory=dict)
    not_automated: dict[str, str] = field(default_factory=dict)
    changes: list[LocalChange] = field(default_factory=list)
    lineage: list[str] = field(default_factory=list)
    waiver_limits: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Own:
    """What one baseline's own file is doing to the draft: its name, what it inherited, what it has set so far."""

    name: str
    draft: _Draft
    shelf: Shelf
    inherited: frozenset[str]
    settled: dict[tuple[str, str], Scalar | str] = field(default_factory=dict)


def read_baseline(name: str, shelf: Shelf) -> Baseline | None:
    """The baseline of that name, merged with those it extends; None when it or one of them has problems (in the documents)."""
    before = shelf.problems()
    draft = _merge(name, shelf, ())
    if draft is None or shelf.problems() > before:
        return None
    document = shelf.documents[name]
    root = Cursor(document, (), document.data)
    return Baseline(
        id=name,
        title=root.at("title").text(),
        description=" ".join(root.at("description").text().split()) if root.has("description") else "",
        selections=tuple(draft.selections[check] for check in sorted(draft.selections)),
        not_automated=draft.not_automated,
        changes=tuple(draft.changes),
        lineage=tuple(draft.lineage),
        waiver_limits=draft.waiver_limits,
        path=document.path,
    )


def _merge(name: str, shelf: Shelf, above: tuple[str, ...]) -> _Draft | None:
    document = shelf.documents[name]
    if document.data is None:
        if not document.problems:
            document.report((), "the file is empty")
        return None
    root = Cursor(document, (), document.data)
    root.mapping(KEYS, REQUIRED)
    if not isinstance(document.data, dict):
        return None
    _check_id(root, name)
    draft = _Draft()
    for place in root.at("extends").items() if root.has("extends") else []:
        _extend(place, name, draft, shelf, above)
    _forget_reasons(draft)
    own = _Own(name, draft, shelf, frozenset(draft.selections))
    if root.has("drop"):
        _drop(root.at("drop"), own)
    if root.has("requirements"):
        _select(root.at("requirements"), own)
    if root.has("lock"):
        _lock(root.at("lock"), own)
    if root.has("waivers_at_most"):
        _limit_waivers(root.at("waivers_at_most"), draft)
    if not draft.selections and not draft.not_automated and not shelf.broken:
        root.report("the baseline selects nothing", "requirements: {ID: [check, ...]}, or extends: [baseline]")
    draft.lineage.append(name)
    return draft


def _check_id(root: Cursor, name: str) -> None:
    text = root.at("id").text() if root.has("id") else name
    if not IDENTIFIER.match(text):
        root.at("id").report(f"{text!r} cannot be an id", IDENTIFIER_WRITTEN)
    elif text != name:
        root.at("id").report(f"id {text!r} differs from the file name", f"id: {name}, or rename the file")


def _extend(place: Cursor, name: str, draft: _Draft, shelf: Shelf, above: tuple[str, ...]) -> None:
    other = place.text()
    if other not in shelf.documents:
        place.report(f"no baseline is named {other!r}{did_you_mean(other, shelf.documents)}", ", ".join(sorted(shelf.documents)))
    elif other in (*above, name):
        circle = " -> ".join((*above, name, other))
        place.report(f"baselines extend each other in a circle: {circle}", "baselines that do not extend this one")
    elif inherited := _merge(other, shelf, (*above, name)):
        _inherit(place, draft, inherited, shelf.checks)


def _forget_reasons(draft: _Draft) -> None:
    """What one parent serves needs no reason from another why it does not."""
    for selection in draft.selections.values():
        for requirement in selection.requirements:
            draft.not_automated.pop(requirement, None)


def _inherit(place: Cursor, draft: _Draft, inherited: _Draft, checks: Mapping[str, Check]) -> None:
    """Merge one more parent: of two values the stricter wins where a direction is known, else the locked one, else the later."""
    for check, theirs in inherited.selections.items():
        mine = draft.selections.get(check)
        if mine is None:
            draft.selections[check] = theirs
            continue
        draft.selections[check] = replace(
            theirs,
            requirements=tuple(dict.fromkeys((*mine.requirements, *theirs.requirements))),
            severity=max(mine.severity, theirs.severity, key=lambda severity: severity.rank),
            locked=mine.locked or theirs.locked,
            parameters={
                name: _stricter_of(place, checks[check], parameter, mine, theirs)
                for name, parameter in checks[check].parameters.items()
            },
        )
    draft.not_automated.update(inherited.not_automated)
    _tighten(draft, inherited.waiver_limits)
    draft.changes += [change for change in inherited.changes if change not in draft.changes]
    draft.lineage += [name for name in inherited.lineage if name not in draft.lineage]


def _stricter_of(place: Cursor, check: Check, parameter: Parameter, mine: Selection, theirs: Selection) -> Scalar:
    first, second = mine.parameters[parameter.name], theirs.parameters[parameter.name]
    if first == second or is_stricter(parameter, first, second):
        return second
    if is_stricter(parameter, second, first):
        return first
    if mine.locked and theirs.locked:
        both = f"{_write(parameter, first)} and {_write(parameter, second)}"
        place.report(f"{check.id!r} is locked twice, with different values of {parameter.name!r}: {both}", "one of these baselines")
    return first if mine.locked else second


def _drop(cursor: Cursor, own: _Own) -> None:
    selections = own.draft.selections
    for item in cursor.items():
        if not set(DROP_KEYS) <= set(item.mapping(DROP_KEYS, DROP_KEYS)):
            continue
        check = item.at("check").text()
        reason, approver = item.at("reason").text(), item.at("approver").text()
        if check not in selections:
            near = did_you_mean(check, selections)
            item.at("check").report(f"{check!r} is not inherited, so it cannot be dropped{near}", ", ".join(selections))
        elif selections[check].locked:
            unlocked = ", ".join(name for name, selection in selections.items() if not selection.locked)
            item.at("check").report(f"{check!r} is locked by a baseline that this one extends", unlocked or "nothing here")
        else:
            del selections[check]
            own.draft.changes.append(LocalChange(own.name, check, "dropped", reason, approver))


def _lock(cursor: Cursor, own: _Own) -> None:
    selections = own.draft.selections
    for item in cursor.items():
        check = item.text()
        if check in selections:
            selections[check] = replace(selections[check], locked=True)
        elif check not in own.shelf.broken:
            near = did_you_mean(check, selections)
            item.report(f"{check!r} is not selected, so it cannot be locked{near}", ", ".join(selections))


def _limit_waivers(cursor: Cursor, draft: _Draft) -> None:
    """The longest waiver: one duration, or one by severity. What is extended can be made shorter, never longer."""
    severities = [severity.value for severity in Severity]
    named = isinstance(cursor.value, dict)
    places = {name: cursor.at(name) for name in cursor.mapping(severities) if name in severities} if named else {"": cursor}
    limits: dict[str, float] = {}
    for name, place in places.items():
        try:
            seconds = read_duration(str(place.value))
        except ValueError:
            place.report(f"{place.name} cannot be {written(place.value)}", WRITTEN[Type.DURATION])
            continue
        limits |= dict.fromkeys([name] if name else severities, seconds)
    for name, seconds in limits.items():
        if seconds > draft.waiver_limits.get(name, seconds):
            allowed = f"at most {write_duration(draft.waiver_limits[name])}"
            cursor.report(f"waivers of {name} failures may be made shorter than in what is extended, not longer", allowed)
        milder = [limits[each] for each in severities[: severities.index(name)] if each in limits]
        if seconds > min(milder, default=seconds):
            allowed = f"at most {write_duration(min(milder))}"
            cursor.report(f"waivers of {name} failures may not be longer than those of milder ones", allowed)
    _tighten(draft, limits)


def _tighten(draft: _Draft, limits: Mapping[str, float]) -> None:
    """Of two limits the shorter; one holds for worse failures too, so that nobody evades it by raising a severity."""
    shortest = float("inf")
    for severity in Severity:  # mildest first
        name = severity.value
        shortest = min(shortest, limits.get(name, shortest), draft.waiver_limits.get(name, shortest))
        if shortest < float("inf"):
            draft.waiver_limits[name] = shortest


def _select(cursor: Cursor, own: _Own) -> None:
    known = own.shelf.requirements
    for requirement in cursor.mapping():
        place = cursor.at(requirement)
        if requirement not in known:
            near = did_you_mean(requirement, known)
            place.report(f"no requirement is named {requirement!r}{near}", "an id of the requirements catalogue")
        elif place.has("not_automated"):
            _not_automated(place, requirement, own)
        elif isinstance(place.value, dict):
            place.report(f"{requirement!r} must be a list of checks", "[check, ...] or {not_automated: why}")
        else:
            own.draft.not_automated.pop(requirement, None)
            for entry in place.items():
                _select_entry(entry, requirement, own)


def _not_automated(place: Cursor, requirement: str, own: _Own) -> None:
    place.mapping(("not_automated",))
    served = [check for check, selection in own.draft.selections.items() if requirement in selection.requirements]
    if served:
        place.report(f"{requirement!r} is served by inherited checks: {', '.join(served)}", "a list of checks, or nothing")
    own.draft.not_automated[requirement] = " ".join(place.at("not_automated").text().split())


def _select_entry(entry: Cursor, requirement: str, own: _Own) -> None:
    name, settings = entry.value, None
    if isinstance(name, dict):
        if len(name) != 1:
            entry.report("an entry names one check", "check_id, {check_id: {parameter: value}} or {attest: check_id}")
            return
        name, settings = next(iter(name.items()))
        if name == "attest":
            name, settings = settings, None
    checks = own.shelf.checks
    if not isinstance(name, str) or name not in checks:
        if not isinstance(name, str) or name not in own.shelf.broken:
            entry.report(f"no check is named {written(name)}{_renamed(str(name), checks)}", "an id of the check library")
        return
    check = checks[name]
    mine = own.draft.selections.get(check.id) or Selection(check.id, default_parameters(check), check.severity, ())
    mine = replace(mine, requirements=tuple(dict.fromkeys((*mine.requirements, requirement))))
    if settings is not None:
        mine = _apply(entry.at(check.id), mine, check, own)
    own.draft.selections[check.id] = mine


def _renamed(name: str, checks: Mapping[str, Check]) -> str:
    """What became of a name that no check has."""
    now = name_now(name, checks)
    return f" (it is {now!r} now)" if now else did_you_mean(name, checks)


def _apply(cursor: Cursor, mine: Selection, check: Check, own: _Own) -> Selection:
    given = cursor.mapping((*check.parameters, *RESERVED))
    parameters = dict(mine.parameters)
    changes: list[tuple[str, bool]] = []
    for key in given:
        if key not in check.parameters:
            continue
        parameter = check.parameters[key]
        value = read_parameter_value(cursor.at(key), parameter)
        if value is None or not _settle(cursor.at(key), own, check.id, key, value):
            continue
        old, parameters[key] = parameters[key], value
        if value != old:
            tighter = is_stricter(parameter, old, value)
            change = f"{'tightened' if tighter else 'changed'} {key}: {_write(parameter, old)} -> {_write(parameter, value)}"
            changes.append((change, tighter))
    severity = cursor.at("severity").choice(Severity, mine.severity) if cursor.has("severity") else mine.severity
    if severity.rank < mine.severity.rank:
        cursor.at("severity").report(f"severity only goes up, and it is {mine.severity}", f"{mine.severity} or higher")
    elif severity is not mine.severity:
        changes.append((f"raised severity: {mine.severity} -> {severity}", True))
    _record_changes(cursor, changes, mine, check, own)
    return replace(mine, parameters=parameters, severity=severity)


def _settle(cursor: Cursor, own: _Own, check: str, parameter: str, value: Scalar) -> bool:
    """Whether one file says one thing about a parameter: a check serves many requirements, but it is asked once."""
    if own.settled.setdefault((check, parameter), value) != value:
        cursor.report(f"{parameter!r} of {check!r} has another value further up in this file", "one value in all places")
        return False
    return True


def _record_changes(cursor: Cursor, changes: list[tuple[str, bool]], mine: Selection, check: Check, own: _Own) -> None:
    reason = cursor.at("reason").text() if cursor.has("reason") else ""
    approver = cursor.at("approver").text() if cursor.has("approver") else ""
    if check.id not in own.inherited:
        return
    for change, tighter in changes:
        if not tighter and mine.locked:
            cursor.report(f"{check.id!r} is locked: it may be tightened, not weakened ({change})", "a stricter value")
        elif not tighter and not (reason and approver):
            cursor.report(f"weakening an inherited check needs a reason and an approver ({change})", "reason: TEXT, approver: TEXT")
        own.draft.changes.append(LocalChange(own.name, check.id, change, reason, approver))


def _write(parameter: Parameter, value: Scalar) -> str:
    if parameter.type is Type.DURATION and isinstance(value, int | float):
        return write_duration(value)
    shown = write_value(parameter.type, value)
    if isinstance(shown, float) and shown.is_integer():
        shown = int(shown)
    return ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
