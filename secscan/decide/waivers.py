"""Waivers laid on an assessment. Pure; an outcome is never changed, only annotated.

A waiver counts when it covers check, host and moment, is no longer than headquarters allows, and was given for the value that is
observed now. Whatever else covers a failure is told as what it is: expired, or to be reviewed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from secscan.model.assessment import Assessment, Disposition, Host, Result, WaiverText
from secscan.model.attestation import StatementScope
from secscan.model.waiver import Scope, Waiver

_SETTLED = (Disposition.ATTESTED, Disposition.ATTESTED_NOT_APPLICABLE)
_ORDER = (Disposition.WAIVED, Disposition.NEEDS_REVIEW, Disposition.EXPIRED)


def decide(assessment: Assessment, waivers: Sequence[Waiver], limits: Mapping[str, float] | None = None) -> Assessment:
    """The assessment with dispositions, as of when it was started. `limits` are the longest waivers in seconds, by severity."""
    near = [waiver for waiver in waivers if in_scope(waiver.scope, assessment.host)]
    if not near or assessment.unreachable:
        return assessment
    used: dict[str, Waiver] = {}
    results = []
    for result in assessment.results:
        if result.disposition in _SETTLED:
            results.append(result)
            continue
        disposition, waiver = _dispose(result, near, assessment.started_at, limits or {})
        if waiver is None or (result.attestation and disposition is not Disposition.WAIVED):
            results.append(result)
            continue
        used[waiver.id] = waiver
        results.append(replace(result, disposition=disposition, waiver=waiver.id))
    texts = {name: _text(waiver) for name, waiver in used.items()}
    return replace(assessment, results=tuple(results), waivers={**assessment.waivers, **texts})


def covers(waiver: Waiver, result: Result) -> bool:
    """Whether a waiver speaks of this check with this outcome, whatever the moment and the value."""
    if result.outcome.value not in waiver.outcomes:
        return False
    if waiver.scope.services and result.subject not in service_subjects(waiver.scope):
        return False
    named = any(fnmatchcase(result.check, pattern) for pattern in waiver.checks)
    return named or not set(waiver.requirements).isdisjoint(result.requirements)


def in_scope(scope: Scope, host: Host) -> bool:
    """Whether every selector that is given matches the host."""
    labels = host.labels or {}
    return (
        (not scope.hosts or any(fnmatchcase(host.name, pattern) for pattern in scope.hosts))
        and (not scope.sites or host.site in scope.sites)
        and all(labels.get(name) in values for name, values in scope.labels.items())
    )


def service_subjects(scope: Scope) -> set[str]:
    """What results about the services of a scope call their subjects."""
    return {str(StatementScope(services=(name,))) for name in scope.services}


def too_long(waiver: Waiver, severity: str, limits: Mapping[str, float]) -> bool:
    """Whether a waiver is given for longer than headquarters allows for failures of this severity."""
    return waiver.expires_at - waiver.starts_at > limits.get(severity, float("inf"))


def _dispose(
    result: Result, waivers: Iterable[Waiver], now: float, limits: Mapping[str, float]
) -> tuple[Disposition, Waiver | None]:
    """The best that the waivers make of a result; of two equal ones the one that lasts longer."""
    found: list[tuple[int, float, Waiver]] = []
    for waiver in waivers:
        if covers(waiver, result):
            disposition = _state(waiver, result, now, limits)
            if disposition is not Disposition.NONE:
                found.append((_ORDER.index(disposition), -waiver.expires_at, waiver))
    if not found:
        return Disposition.NONE, None
    order, _, waiver = min(found, key=lambda each: each[:2])
    return _ORDER[order], waiver


def _state(waiver: Waiver, result: Result, now: float, limits: Mapping[str, float]) -> Disposition:
    if now < waiver.starts_at:
        return Disposition.NONE
    if now >= waiver.expires_at:
        return Disposition.EXPIRED
    accepted = waiver.accepts(result.subject, result.check, result.fingerprint)
    if not accepted or too_long(waiver, result.severity, limits):
        return Disposition.NEEDS_REVIEW
    return Disposition.WAIVED


def _text(waiver: Waiver) -> WaiverText:
    return WaiverText(
        waiver.id, waiver.justification, waiver.owner, waiver.approver, waiver.starts_at, waiver.expires_at, waiver.ticket
    )
