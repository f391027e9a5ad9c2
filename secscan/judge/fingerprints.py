"""What a failure is known by from run to run: a waiver is given for it, and a difference tells a failure with another value.

A file that grows, an account that signs in and a program that is started again are what they were. What a record says of
itself besides what the check asks about is therefore no part, where it changes by itself: moments, spans, sizes, shares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.content.uses import walk
from secscan.judge.expressions import Judgement
from secscan.model.assessment import Finding
from secscan.model.check import Check, Each, No, ObservedRef, That
from secscan.model.probe import Attribute, Call, Probe
from secscan.model.values import Type

_LENGTH = 16
_PASSING = frozenset({Type.TIMESTAMP, Type.DURATION, Type.SIZE, Type.NUMBER})
_SORTED = json.JSONEncoder(sort_keys=True)


def fingerprint(judgement: Judgement, check: Check, asked: Mapping[str, Call], probes: Mapping[str, Probe]) -> str:
    """The digest of what was observed where something does not hold. What was expected is no part of it."""
    passing = _passing_fields(check, asked, probes) if any(finding.item for finding in judgement.findings) else {}
    seen = sorted(
        _SORTED.encode([each.that, each.actual, _lasting(each, passing), each.missing, each.extra, each.holds])
        for each in judgement.findings
    )
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:_LENGTH] if seen else ""


def _lasting(finding: Finding, passing: Mapping[str, frozenset[str]]) -> Any:
    """The record that a finding is about, without what of it changes by itself."""
    if not finding.item:
        return finding.item
    fields = next((fields for path, fields in passing.items() if f"{finding.that}.".startswith(f"{path}.")), frozenset())
    return {name: value for name, value in finding.item.items() if name not in fields}


def _passing_fields(check: Check, asked: Mapping[str, Call], probes: Mapping[str, Probe]) -> dict[str, frozenset[str]]:
    """By collection, which fields of its records change by themselves, and are not what must not be there.

    What each record must be is the actual value of its finding already.
    """
    found: dict[str, frozenset[str]] = {}
    for node in walk(check.expect):
        if isinstance(node, Each | No) and node.path.name in asked:
            path, fields = str(node.path), _fields(probes[asked[node.path.name].probe], node.path.attribute)
            passing = frozenset(field.name for field in fields if field.passing or field.type in _PASSING)
            forbidden = frozenset(_named(node)) if isinstance(node, No) else frozenset[str]()
            found[path] = found.get(path, passing) - forbidden
    return found


def _fields(probe: Probe, attribute: str) -> Iterable[Attribute]:
    return next((each.fields for each in probe.attributes if each.name == attribute), ())


def _named(node: No) -> Iterator[str]:
    """The fields of the record at hand that a condition looks at."""
    for inner in walk(node.where):
        if isinstance(inner, That) and not inner.path.name:
            yield inner.path.attribute
            for comparison in inner.comparisons:
                if isinstance(comparison.operand, ObservedRef) and not comparison.operand.path.name:
                    yield comparison.operand.path.attribute
