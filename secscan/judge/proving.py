"""Proofs: what was asked, what came back and what was made of it, as documents show it."""

from __future__ import annotations

import hashlib
from typing import Any

from secscan.judge.expressions import as_json
from secscan.model.assessment import Proof
from secscan.model.evidence import Exhibit
from secscan.model.probe import Answer, Call, Observation, Observed, Probe
from secscan.model.values import Absent, Type, Unobservable, write_value

EXCERPT_BYTES = 4096
_NOT_ASKED = Answer(b"", fault="not asked")
_NOT_TOLD = Unobservable("the probe did not tell")


def make_proof(name: str, call: Call, observation: Observation, exhibit: Exhibit | None, probe: Probe) -> Proof:
    """The proof of one question: what was asked, what came back (an excerpt), what was made of it."""
    answer = exhibit.answer if exhibit else _NOT_ASKED
    state, reason = _told(observation)
    return Proof(
        name=name,
        probe=call.probe,
        arguments=_describe_arguments(call, probe),
        state=state,
        reason=reason,
        observation=_describe_observation(observation, probe),
        stdout=answer.stdout[:EXCERPT_BYTES].decode("utf-8", "replace"),
        stdout_bytes=len(answer.stdout),
        stdout_sha256=hashlib.sha256(answer.stdout).hexdigest(),
        stderr=answer.stderr[:EXCERPT_BYTES].decode("utf-8", "replace"),
        exit=answer.exit,
        uid=answer.uid,
        batch=exhibit.batch if exhibit else 0,
        script_sha256=exhibit.script_sha256 if exhibit else "",
        elapsed_s=exhibit.elapsed_s if exhibit else -1.0,
        truncated=len(answer.stdout) > EXCERPT_BYTES,
    )


def _describe_arguments(call: Call, probe: Probe) -> dict[str, Any]:
    types = {argument.name: argument.type for argument in probe.arguments}
    return {key: write_value(types.get(key, Type.TEXT), value) for key, value in call.arguments if value is not None}


def _told(observation: Observation) -> tuple[str, str]:
    """The state of an observation, and why it has that one."""
    if isinstance(observation, Observed):
        return "observed", ""
    if isinstance(observation, Absent):
        return "absent", observation.what
    return "unobservable", observation.reason


def _describe_observation(observation: Observation, probe: Probe) -> dict[str, Any]:
    """Attributes as JSON; a collection is told by its size, since its records stand in the raw answer."""
    if not isinstance(observation, Observed):
        return {}
    described: dict[str, Any] = {}
    for attribute in probe.attributes:
        value = observation.attributes.get(attribute.name, _NOT_TOLD)
        if attribute.type is Type.RECORDS and isinstance(value, tuple):
            described[attribute.name] = {"records": len(value)}
        elif attribute.type is Type.TEXT and isinstance(value, str):
            described[attribute.name] = value[:500]
        else:
            described[attribute.name] = as_json(attribute.type, value)
    return described
