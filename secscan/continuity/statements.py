"""What people's statements make of checks that nobody can measure: exercises that were held, plans that were reviewed."""

from __future__ import annotations

from collections.abc import Iterable

from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Verdict
from secscan.model.attestation import Demand, Standing, Stated


def judge_statements(checks: Iterable[str], evidence: Evidence, service: str = "") -> Verdict:
    """Whether a statement in force says that one of the checks holds, of the organization or of a service.

    What nobody has stated is unknown; what was stated and cannot be relied on any more, or does not hold, is missed.
    """
    found = [
        (each.result, each.standing(evidence.demands.get(check, Demand(())), evidence.now))
        for check in checks
        for each in evidence.attestations
        if check in each.checks and (each.scope.whole or (service and service in each.scope.services))
    ]
    if not found:
        return Verdict.UNKNOWN
    standing = {result for result, standing in found if standing is Standing.HOLDS}
    return Verdict.MET if standing == {Stated.PASS} else Verdict.MISSED
