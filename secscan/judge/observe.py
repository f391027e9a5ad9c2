"""From raw answers to observations: splits a joint answer into one answer per call and reads each.

Whatever goes wrong while reading is Unobservable: a host that sends nonsense is not judged, it is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from secscan.model.evidence import Batch, Bundle, Exhibit
from secscan.model.probe import Answer, Call, Observation, Probe
from secscan.model.values import Absent, Unobservable


def exhibits(bundle: Bundle, probes: Mapping[str, Probe]) -> dict[Call, Exhibit]:
    """The raw answer to every call of a bundle. Calls of probes that are not installed are left out."""
    return {
        exhibit.call: exhibit
        for batch in bundle.batches
        if batch.probe in probes
        for exhibit in split_batch(batch, probes[batch.probe], bundle.origin.uid)
    }


def split_batch(batch: Batch, probe: Probe, uid: int = -1) -> list[Exhibit]:
    """One exhibit per call of a batch."""
    frame = batch.frame
    uid = -1 if probe.outside else uid
    if probe.split:
        answers = _split_jointly(batch, probe, uid)
    else:
        parts = {part.index: part for part in frame.parts}
        answers = [
            Answer(parts[index].stdout, frame.stderr, parts[index].exit, uid=uid)
            if index in parts
            else Answer(frame.rest, frame.stderr, frame.exit, frame.fault or _silence(frame.stderr), uid=uid)
            for index in range(len(batch.calls))
        ]
    return [
        Exhibit(call, answer, batch.number, batch.script_sha256, frame.elapsed_s)
        for call, answer in zip(batch.calls, answers, strict=True)
    ]


def observe(probe: Probe, call: Call, answer: Answer) -> Observation:
    """What one raw answer says; Unobservable with the reason when it says nothing that can be trusted."""
    if not answer.complete:
        return Unobservable(answer.fault)
    try:
        observation = probe.read(call.mapping(), answer)
    except Exception as error:  # noqa: BLE001 - hosts are hostile: no answer may stop the judging of the others
        return Unobservable(f"unreadable answer: {type(error).__name__}: {error}"[:300])
    if not answer.stdout and not isinstance(observation, Unobservable):
        return Unobservable("empty answer")
    return observation


def _split_jointly(batch: Batch, probe: Probe, uid: int) -> list[Answer]:
    frame = batch.frame
    joint = Answer(frame.rest, frame.stderr, frame.exit, frame.fault, uid)
    if not joint.complete or probe.split is None:
        return [joint] * len(batch.calls)
    try:
        answers = list(probe.split([call.mapping() for call in batch.calls], joint))
    except Exception as error:  # noqa: BLE001 - as in observe
        fault = f"unreadable answer: {type(error).__name__}: {error}"[:300]
        return [replace(joint, fault=fault)] * len(batch.calls)
    if len(answers) != len(batch.calls):
        return [replace(joint, fault=f"unreadable answer: {len(answers)} answers to {len(batch.calls)} questions")] * len(
            batch.calls
        )
    return answers


def _silence(stderr: bytes) -> str:
    complaint = " ".join(stderr.decode("utf-8", "replace").split())[:300]
    return "the host did not answer this question" + (f": {complaint}" if complaint else "")


def describe(observation: Observation) -> str:
    """A short word for people: what kind of observation this is."""
    if isinstance(observation, Absent):
        return f"absent: {observation.what}" if observation.what else "absent"
    if isinstance(observation, Unobservable):
        return f"could not look: {observation.reason}"
    return "observed"
