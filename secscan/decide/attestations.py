"""Statements laid on the results of checks that a person answers. Pure; such a result stays `manual`, whatever is stated.

Of several statements about the same thing the newest one that can be relied on counts; where none can, the newest is told with
what is wrong with it. A statement about a part of the organization says nothing about the whole: it is a result of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from secscan.model.assessment import ActionText, Assessment, AttestationText, Disposition, EvidenceText, Host, Outcome, Result
from secscan.model.attestation import Attestation, Demand, Standing, Stated, StatementScope

_DISPOSITIONS = {
    Stated.PASS: Disposition.ATTESTED,
    Stated.FAIL: Disposition.ATTESTED_FAIL,
    Stated.NOT_APPLICABLE: Disposition.ATTESTED_NOT_APPLICABLE,
}
_WORST_FIRST = (Stated.FAIL, Stated.NOT_APPLICABLE, Stated.PASS)


def attest(assessment: Assessment, attestations: Sequence[Attestation], demands: Mapping[str, Demand]) -> Assessment:
    """The assessment of a host with what is stated, as of when it was started. `demands` are those of the attested checks."""
    near = [each for each in attestations if covers(each.scope, assessment.host)]
    if not near or assessment.unreachable:
        return assessment
    return _with(assessment, [_lay(result, near, demands, assessment.started_at) for result in assessment.results])


def attest_organization(assessment: Assessment, attestations: Sequence[Attestation], demands: Mapping[str, Demand]) -> Assessment:
    """The assessment of the organization with what is stated: of the whole, and of each part that has statements of its own."""
    results: list[tuple[Result, Attestation | None]] = []
    for result in assessment.results:
        about = [each for each in attestations if result.check in each.checks]
        for scope in dict.fromkeys([StatementScope(), *sorted((each.scope for each in about), key=str)]):
            subject = result if scope.whole else replace(result, subject=str(scope))
            near = [each for each in about if each.scope == scope]
            results.append(_lay(subject, near, demands, assessment.started_at))
    return _with(assessment, results)


def covers(scope: StatementScope, host: Host) -> bool:
    """Whether what is stated of the scope is stated of the host. Which hosts a service has is not known here."""
    return (
        not scope.services
        and (not scope.hosts or any(fnmatchcase(host.name, pattern) for pattern in scope.hosts))
        and (not scope.sites or host.site in scope.sites)
    )


def latest(attestations: Iterable[Attestation], demand: Demand, now: float) -> tuple[Attestation, Standing] | None:
    """The statement that counts for a check, and how it stands: the newest that holds, else the newest."""
    found = [(each, each.standing(demand, now)) for each in attestations]
    ranked = sorted(found, key=lambda pair: (pair[1] is not Standing.HOLDS, -pair[0].performed_at, _badness(pair[0]), pair[0].id))
    return ranked[0] if ranked else None


def _badness(attestation: Attestation) -> int:
    return _WORST_FIRST.index(attestation.result)


def _lay(
    result: Result, attestations: Iterable[Attestation], demands: Mapping[str, Demand], now: float
) -> tuple[Result, Attestation | None]:
    if result.outcome is not Outcome.MANUAL or result.check not in demands:
        return result, None
    about = (each for each in attestations if result.check in each.checks)
    chosen = latest(about, demands[result.check], now)
    if chosen is None:
        return result, None
    attestation, standing = chosen
    return replace(
        result, disposition=_disposition(attestation, standing), attestation=attestation.id, standing=standing.value
    ), attestation


def _disposition(attestation: Attestation, standing: Standing) -> Disposition:
    if standing is Standing.HOLDS:
        return _DISPOSITIONS[attestation.result]
    return Disposition.EXPIRED if standing is Standing.EXPIRED else Disposition.NEEDS_REVIEW


def _with(assessment: Assessment, results: Iterable[tuple[Result, Attestation | None]]) -> Assessment:
    laid = tuple(results)
    texts = {each.id: _text(each) for each in _used(laid)}
    return replace(assessment, results=tuple(result for result, _ in laid), attestations={**assessment.attestations, **texts})


def _used(laid: Iterable[tuple[Result, Attestation | None]]) -> Iterator[Attestation]:
    return (attestation for _, attestation in laid if attestation)


def _text(attestation: Attestation) -> AttestationText:
    return AttestationText(
        id=attestation.id,
        statement=attestation.statement,
        scope=str(attestation.scope),
        result=attestation.result.value,
        owner=str(attestation.owner),
        approver=str(attestation.approver or ""),
        performed_at=attestation.performed_at,
        valid_until=attestation.valid_until,
        answers=attestation.answers,
        metrics=attestation.metrics,
        evidence=tuple(EvidenceText(each.file, each.sha256, each.state.value, each.locations) for each in attestation.evidence),
        open_actions=sum(action.open for action in attestation.actions),
        actions=tuple(ActionText(action.id, action.owner, action.due_at) for action in attestation.actions if action.open),
    )
