"""What comes out: results with outcomes, findings and evidence. Reporters read only this (as JSON: assessments.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ATTESTATION = "attestation"
"""The transport of the one assessment for which no host was asked: what people have stated, and what all hosts together tell."""


class Outcome(StrEnum):
    """What the evidence says about one check on one subject."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    ERROR = "error"  # could not be judged
    NOT_APPLICABLE = "not_applicable"  # a declared condition was evaluated and is false
    MANUAL = "manual"  # a person must say
    SKIPPED = "skipped"  # deselected
    UNREACHABLE = "unreachable"  # the whole host


class Disposition(StrEnum):
    """What people decided about an outcome; never replaces it."""

    NONE = "none"
    WAIVED = "waived"
    ATTESTED = "attested"  # somebody has stated, with evidence, that it holds
    ATTESTED_FAIL = "attested_fail"  # ... that it does not hold
    ATTESTED_NOT_APPLICABLE = "attested_not_applicable"  # ... that it is not needed here
    NEEDS_REVIEW = "needs_review"  # a waiver for another value or for too long, or a statement that cannot be relied on
    EXPIRED = "expired"


STATED: Mapping[str, str] = {
    Disposition.ATTESTED.value: "pass",
    Disposition.ATTESTED_FAIL.value: "fail",
    Disposition.ATTESTED_NOT_APPLICABLE.value: "not_applicable",
}
"""What a disposition says that somebody has stated with evidence."""

SETTLED = frozenset({Disposition.ATTESTED.value, Disposition.ATTESTED_NOT_APPLICABLE.value})
"""Dispositions that leave nothing to be done about what no machine can tell."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation that does not hold (`holds` False) or could not be judged (None), with expected and actual.

    `expected` and `actual` are JSON values; `item` is the record of a collection that it is about.
    """

    that: str
    matcher: str
    expected: Any
    actual: Any
    holds: bool | None
    reason: str = ""
    item: Mapping[str, Any] | None = None
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """One question that was asked for a result, and its raw answer (an excerpt; the bundle has it whole).

    `observation` is what the probe made of it, as JSON; `state` is observed, absent or unobservable (with `reason`).
    """

    name: str
    probe: str
    arguments: Mapping[str, Any]
    state: str
    reason: str
    observation: Mapping[str, Any]
    stdout: str
    stdout_bytes: int
    stdout_sha256: str
    stderr: str
    exit: int
    uid: int
    batch: int
    script_sha256: str
    elapsed_s: float
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One check on one subject. `proofs` index into Assessment.proofs. `examined` counts records looked at by each/no."""

    check: str
    subject: str
    outcome: Outcome
    severity: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    findings_total: int = 0
    examined: int | None = None
    proofs: tuple[int, ...] = ()
    parameters: Mapping[str, Any] | None = None
    requirements: tuple[str, ...] = ()
    disposition: Disposition = Disposition.NONE
    waiver: str = ""  # id of the waiver that the disposition comes from
    attestation: str = ""  # id of the statement about it that counts, or would if it could be relied on
    standing: str = ""  # whether it can: a word of model.attestation.Standing; empty without a statement
    fingerprint: str = ""  # of what was observed where something does not hold; the same as long as that stays the same


@dataclass(frozen=True, slots=True)
class CheckText:
    """What a report says about a check, copied in so that a report needs nothing else."""

    id: str
    domain: str
    title: str
    rationale: str
    remedy: str
    effort: str
    when: str
    references: Mapping[str, tuple[str, ...]]
    sha256: str


@dataclass(frozen=True, slots=True)
class RequirementText:
    """A requirement named by the baseline; `not_automated` says why no check serves it."""

    id: str
    title: str
    source: str = ""
    not_automated: str = ""


@dataclass(frozen=True, slots=True)
class WaiverText:
    """What a report says about a waiver. Times are seconds since the epoch, UTC."""

    id: str
    justification: str
    owner: str
    approver: str
    starts_at: float
    expires_at: float
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """A file that a statement rests on, and what became of it since: a word of model.attestation.FileState."""

    file: str
    sha256: str
    state: str
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionText:
    """Something that a statement says is still to be done. `due_at` is the end of its last day, seconds since the epoch, UTC."""

    id: str
    owner: str
    due_at: float


@dataclass(frozen=True, slots=True)
class AttestationText:
    """What a report says about a statement. Times are seconds since the epoch, UTC; `answers` are by question.

    `open_actions` counts what its findings leave to be done, `actions` tells each.
    """

    id: str
    statement: str
    scope: str
    result: str
    owner: str
    approver: str
    performed_at: float
    valid_until: float
    answers: Mapping[str, str]
    metrics: Mapping[str, float]
    evidence: tuple[EvidenceText, ...]
    open_actions: int = 0
    actions: tuple[ActionText, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over results. Rates are None where nothing was judged: a host with nothing judged has no score.

    `attested` counts, among the manual results, what statements that hold say: pass, fail, not_applicable. None of it is a
    measurement, so it adds to neither rate; what is stated to hold or not to be needed only stops counting as unanswered.
    """

    counts: Mapping[str, int]
    attested: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, results: Iterable[tuple[str, str]]) -> Tally:
        """The tally of outcomes, each with its disposition."""
        counts: dict[str, int] = {}
        attested: dict[str, int] = {}
        for outcome, disposition in results:
            counts[outcome] = counts.get(outcome, 0) + 1
            stated = STATED.get(disposition)
            if stated and outcome == Outcome.MANUAL.value:
                attested[stated] = attested.get(stated, 0) + 1
        return cls(counts, attested)

    @property
    def unanswered(self) -> int:
        """Manual results that no statement settles: none that holds, or one that says that it is not so."""
        return self.counts.get("manual", 0) - self.attested.get("pass", 0) - self.attested.get("not_applicable", 0)

    @property
    def compliance(self) -> float | None:
        """pass / (pass + fail + error + unanswered manual); None when nothing passed or failed."""
        get = self.counts.get
        judged = get("pass", 0) + get("fail", 0)
        return get("pass", 0) / (judged + get("error", 0) + self.unanswered) if judged else None

    @property
    def coverage(self) -> float | None:
        """(pass + fail) / everything selected, not applicable included; None when nothing was selected."""
        get = self.counts.get
        selected = sum(self.counts.values()) - get("skipped", 0)
        return (get("pass", 0) + get("fail", 0)) / selected if selected else None


@dataclass(frozen=True, slots=True)
class Host:
    """The target as it was found. Empty texts and None where it did not say."""

    name: str
    address: str = ""
    transport: str = ""
    user: str = ""
    uid: int | None = None
    become: str = ""
    host_key: str = ""
    machine_id: str = ""
    hostname: str = ""
    system: str = ""  # os-release PRETTY_NAME
    family: str = ""
    kernel: str = ""
    site: str = ""
    criticality: str = ""
    labels: Mapping[str, str] | None = None
    clock_offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A local change to a central baseline, with who approved it."""

    baseline: str
    check: str
    change: str
    reason: str
    approver: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where results come from that secscan did not measure: who judged, in which form they came, and the file's digest."""

    tool: str
    format: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """The results of one baseline for one target at one moment. Times are seconds since the epoch, UTC."""

    baseline: str
    baseline_title: str
    baseline_sha256: str
    host: Host
    started_at: float
    finished_at: float
    results: tuple[Result, ...]
    proofs: tuple[Proof, ...]
    checks: Mapping[str, CheckText]
    requirements: Mapping[str, RequirementText]
    changes: tuple[Change, ...] = ()
    waivers: Mapping[str, WaiverText] = field(default_factory=dict)
    attestations: Mapping[str, AttestationText] = field(default_factory=dict)
    unreachable: str = ""  # why; then every result is `unreachable`
    problems: tuple[str, ...] = ()
    bundle_sha256: str = ""
    script_sha256: str = ""
    tool_version: str = ""
    content_sha256: str = ""
    received_bytes: int = 0
    origin: Origin | None = None  # None: measured by secscan

    @property
    def tally(self) -> Tally:
        """Counts per outcome, and what is attested."""
        return Tally.of((str(result.outcome), str(result.disposition)) for result in self.results)
