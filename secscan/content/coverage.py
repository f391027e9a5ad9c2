"""What becomes of every requirement: which checks serve it, whether people or secscan itself do, or why nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from secscan.content.requirements import Mode, Requirement
from secscan.model.check import Baseline, Check


class Served(StrEnum):
    """How a requirement is served; the strongest way there is."""

    CHECKS = "checks"  # measured on hosts or from the network
    ATTESTATION = "attestation"  # people say so, with evidence and a date
    PARTS = "parts"  # by requirements derived from it
    TOOL = "tool"  # secscan itself is or computes what is demanded
    NOT_AUTOMATED = "not_automated"  # with a reason
    OPEN = "open"  # nothing serves it, and nobody said why


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one requirement is served: by checks (ids), by parts (ids of derived requirements), or why not."""

    requirement: Requirement
    served: Served
    checks: tuple[str, ...] = ()
    attested: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    reason: str = ""


def cover(
    requirements: Mapping[str, Requirement], baselines: Iterable[Baseline], checks: Mapping[str, Check]
) -> dict[str, Coverage]:
    """The coverage of every requirement by these baselines, in the order of the catalogue. None is left out."""
    serving: dict[str, set[str]] = {name: set() for name in requirements}
    reasons: dict[str, str] = {}
    for baseline in baselines:
        for selection in baseline.selections:
            for name in selection.requirements:
                serving[name].add(selection.check)
        reasons |= baseline.not_automated
    children: dict[str, list[str]] = {name: [] for name in requirements}
    for requirement in requirements.values():
        for parent in requirement.parents:
            children[parent].append(requirement.id)
    covered: dict[str, Coverage] = {}
    for name in sorted(requirements, key=lambda name: -requirements[name].level):  # derived ones first: they are the parts
        covered[name] = _cover(requirements[name], serving[name], children[name], reasons.get(name, ""), checks, covered)
    return {name: covered[name] for name in requirements}


def _cover(
    requirement: Requirement,
    serving: set[str],
    children: Iterable[str],
    reason: str,
    checks: Mapping[str, Check],
    covered: Mapping[str, Coverage],
) -> Coverage:
    attested = tuple(sorted(check for check in serving if checks[check].questions))
    measured = tuple(sorted(serving.difference(attested)))
    served_parts = (Served.CHECKS, Served.ATTESTATION, Served.TOOL)
    parts = tuple(child for child in children if child in covered and covered[child].served in served_parts)
    if measured or attested:
        return Coverage(requirement, Served.CHECKS if measured else Served.ATTESTATION, measured, attested, parts)
    if parts:
        return Coverage(requirement, Served.PARTS, parts=parts)
    if Mode.TOOL in requirement.modes and requirement.applies_to == "tool":
        return Coverage(requirement, Served.TOOL, reason=requirement.acceptance or requirement.statement)
    if reason or requirement.not_automated:
        return Coverage(requirement, Served.NOT_AUTOMATED, reason=reason or requirement.not_automated)
    return Coverage(requirement, Served.OPEN)
