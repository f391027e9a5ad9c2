"""From a bundle to an assessment: every selected check of a baseline judged on the evidence of one target."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from secscan.judge.alike import Verdict
from secscan.judge.bench import Bench
from secscan.judge.expressions import Facts, Judgement, conjunction, disjunction, judge_all
from secscan.judge.fingerprints import fingerprint
from secscan.judge.observe import exhibits, observe
from secscan.judge.rulebook import ABOVE_HOSTS, Entry, Rulebook, describe_rulebook
from secscan.model.assessment import (
    ATTESTATION,
    Assessment,
    Finding,
    Host,
    Outcome,
    Proof,
    Result,
)
from secscan.model.check import Check, Condition, Selection, Subject
from secscan.model.evidence import Bundle, Exhibit
from secscan.model.matcher import Matcher
from secscan.model.probe import Answer, Call, Observation, Observed, Probe
from secscan.model.target import Target
from secscan.model.values import Scalar, Unobservable

FINDINGS_LIMIT = 25
PLATFORM = Call.of("platform", {})
_NO_SERVICE = "no service is declared; allowed: an inventory (-i) with `services`"


def assess(rulebook: Rulebook, bundle: Bundle, target: Target | None = None) -> Assessment:
    """Judge a bundle. Pure: the same bundle and rulebook give the same assessment."""
    rulebook.known.make_room()
    answers = exhibits(bundle, rulebook.probes)
    platform = _platform(answers, rulebook.probes)
    bench = Bench(rulebook, answers, dict(bundle.labels), _host_now(bundle, platform))
    results = tuple(_judge_check(bench, entry, bundle.origin.target) for entry in rulebook.about_hosts)
    return Assessment(
        **rulebook.described,
        host=_describe_host(bundle, platform, target),
        started_at=bundle.origin.started_at,
        finished_at=bundle.origin.finished_at,
        results=results,
        proofs=tuple(bench.collected),
        problems=bundle.problems,
        bundle_sha256=bundle.sha256,
        script_sha256=bundle.script_sha256,
        tool_version=bundle.tool_version,
        received_bytes=bundle.origin.received_bytes,
    )


def assess_unreachable(
    rulebook: Rulebook, target: Target, reason: str, started_at: float, finished_at: float, tool_version: str
) -> Assessment:
    """The assessment of a host that was not reached: every check inherits it, none has a verdict."""
    results = tuple(
        Result(selection.check, target.name, Outcome.UNREACHABLE, selection.severity.value, requirements=selection.requirements)
        for selection in rulebook.about(Subject.HOST)
    )
    return Assessment(
        **rulebook.described,
        host=Host(
            target.name,
            target.address,
            target.transport,
            target.user,
            site=target.site,
            criticality=target.criticality,
            labels=target.labels,
        ),
        started_at=started_at,
        finished_at=finished_at,
        results=results,
        proofs=(),
        unreachable=reason,
        tool_version=tool_version,
    )


def assess_organization(
    rulebook: Rulebook,
    name: str,
    now: float,
    tool_version: str,
    told: Mapping[str, Answer] | None = None,
    services: Mapping[str, Mapping[str, Answer]] | None = None,
    as_of: float | None = None,
) -> Assessment:
    """The assessment of what is asked once a run: what people say of the organization, and what all hosts together tell.

    `told` are the answers of derived probes about the organization by the name of the probe, `services` those about each service by
    the subject of its results. Without `told` only what people are asked is in it; checks about services cannot be judged where
    there is none. Times are judged `as_of` a moment, now unless given.
    """
    proofs: list[Proof] = []
    results = []
    selected = {
        kind: [each for each in rulebook.about(kind) if told is not None or _asks_people(rulebook, each)] for kind in ABOVE_HOSTS
    }
    subjects = [(Subject.ORGANIZATION, name, told or {})]
    subjects += [(Subject.SERVICE, subject, answers) for subject, answers in (services or {}).items()]
    for kind, subject, given in subjects:
        answers = {call: Exhibit(call, answer, 0, "") for probe, answer in given.items() for call in [Call.of(probe, {})]}
        bench = Bench(rulebook, answers, {}, now if as_of is None else as_of, collected=proofs)
        results += [_judge_check(bench, rulebook.entry(selection), subject) for selection in selected[kind]]
    if not services:
        results += [
            Result(each.check, name, Outcome.ERROR, each.severity.value, _NO_SERVICE, requirements=each.requirements)
            for each in selected[Subject.SERVICE]
        ]
    return Assessment(
        **describe_rulebook(rulebook, [*selected[Subject.SERVICE], *selected[Subject.ORGANIZATION]]),
        host=Host(name, transport=ATTESTATION),
        started_at=now,
        finished_at=now,
        results=tuple(results),
        proofs=tuple(proofs),
        tool_version=tool_version,
    )


def _asks_people(rulebook: Rulebook, selection: Selection) -> bool:
    return bool(rulebook.checks[selection.check].questions)


def judge_check(
    check: Check,
    observations: Mapping[str, Observation],
    parameters: Mapping[str, Scalar],
    rulebook_matchers: Mapping[str, Matcher],
    now: float,
) -> tuple[Outcome, Judgement]:
    """The outcome of a check that applies, from observations by name."""
    if check.questions:
        return Outcome.MANUAL, Judgement(None)
    judgement = judge_all(check.expect, Facts(observations, parameters, rulebook_matchers, now))
    outcome = {True: Outcome.PASS, False: Outcome.FAIL, None: Outcome.ERROR}[judgement.truth]
    return outcome, judgement


def _judge_check(bench: Bench, entry: Entry, subject: str) -> Result:
    verdict = _reach_verdict(bench, entry)
    asked = [(name, call) for condition, calls in entry.conditions if condition.kind != "label" for name, call in calls.items()]
    if verdict.applies:
        asked += entry.asked.items()
    return Result(
        check=entry.check.id,
        subject=subject,
        outcome=verdict.outcome,
        severity=entry.selection.severity.value,
        reason=verdict.reason,
        findings=verdict.findings,
        findings_total=verdict.findings_total,
        examined=verdict.examined,
        proofs=tuple(dict.fromkeys([bench.prove(name, call) for name, call in asked])),
        parameters=entry.shown,
        requirements=entry.selection.requirements,
        fingerprint=verdict.fingerprint,
    )


def _reach_verdict(bench: Bench, entry: Entry) -> Verdict:
    """The verdict on a check: that on a host before which answered alike, where there was one."""
    key = (entry.number, *map(bench.number, entry.told_by))
    if not entry.told_by or 0 in key[1:]:
        return _judge(bench, entry)
    known = bench.rulebook.known.verdicts
    verdict = known.get(key)
    if verdict is None:
        verdict = known[key] = _judge(bench, entry)
    return verdict


def _judge(bench: Bench, entry: Entry) -> Verdict:
    applies, reason = _applies(bench, entry)
    if applies is not True:
        return Verdict(False, Outcome.NOT_APPLICABLE if applies is False else Outcome.ERROR, reason)
    observations = {name: bench.observe(call) for name, call in entry.asked.items()}
    matchers = bench.rulebook.matchers
    outcome, judgement = judge_check(entry.check, observations, entry.selection.parameters, matchers, bench.now)
    return Verdict(
        True,
        outcome,
        _summary(outcome, judgement, entry.check),
        judgement.findings[:FINDINGS_LIMIT],
        len(judgement.findings),
        judgement.examined,
        fingerprint(judgement, entry.check, entry.asked, bench.rulebook.probes) if outcome is not Outcome.PASS else "",
    )


def _summary(outcome: Outcome, judgement: Judgement, check: Check) -> str:
    if outcome is Outcome.MANUAL:
        return " ".join(check.questions)
    if outcome is not Outcome.ERROR:
        return ""
    reasons = dict.fromkeys(finding.reason for finding in judgement.findings if finding.holds is None and finding.reason)
    return "; ".join(list(reasons)[:3])


def _applies(bench: Bench, entry: Entry) -> tuple[bool | None, str]:
    """Whether every condition holds, and why not."""
    truths: list[bool | None] = []
    reasons: list[str] = []
    for condition, asked in entry.conditions:
        truth, reason = _condition(bench, condition, asked, entry.selection.parameters)
        truths.append(truth)
        if truth is not True:
            reasons.append(reason)
    return conjunction(truths), "; ".join(dict.fromkeys(reasons))


def _condition(
    bench: Bench, condition: Condition, asked: Mapping[str, Call], parameters: Mapping[str, Scalar]
) -> tuple[bool | None, str]:
    if condition.kind == "label":
        missing = [
            f"{name} is not {' or '.join(allowed)}" for name, allowed in condition.labels if bench.labels.get(name) not in allowed
        ]
        return not missing, "the host's label " + ", ".join(missing)
    observations = {name: bench.observe(call) for name, call in asked.items()}
    if condition.expressions:
        judgement = judge_all(condition.expressions, Facts(observations, parameters, bench.rulebook.matchers, bench.now))
        return judgement.truth, _why(judgement.findings)
    truth = disjunction(_is_there(observation) for observation in observations.values())
    unknown = [observation.reason for observation in observations.values() if isinstance(observation, Unobservable)]
    return truth, "; ".join(dict.fromkeys(unknown)) if truth is None else f"not on this host: {', '.join(asked)}"


def _why(findings: Iterable[Finding]) -> str:
    return "; ".join(dict.fromkeys(finding.reason or _how_it_is(finding) for finding in findings))


def _how_it_is(finding: Finding) -> str:
    """A condition that does not hold as it was found: `host.container is true`, `relay.value: a relay is not there`."""
    that, actual = finding.that, finding.actual
    if actual is None:
        return f"{that} has one that is so" if finding.item else f"nothing in {that} is so"
    if isinstance(actual, Mapping) and actual.keys() == {"absent"}:
        return f"{that}: {actual['absent'] or 'it'} is not there"
    return f"{that} is {json.dumps(actual, ensure_ascii=False)}"


def _is_there(observation: Observation) -> bool | None:
    return None if isinstance(observation, Unobservable) else isinstance(observation, Observed)


def _platform(answers: Mapping[Call, Exhibit], probes: Mapping[str, Probe]) -> Mapping[str, Any]:
    exhibit = answers.get(PLATFORM)
    if not exhibit:
        return {}
    observation = observe(probes["platform"], PLATFORM, exhibit.answer)
    return observation.attributes if isinstance(observation, Observed) else {}


def _host_now(bundle: Bundle, platform: Mapping[str, Any]) -> float:
    told = platform.get("time")
    return told if isinstance(told, float) else bundle.origin.started_at


def _describe_host(bundle: Bundle, platform: Mapping[str, Any], target: Target | None) -> Host:
    origin = bundle.origin

    def told(name: str) -> str:
        value = platform.get(name)
        return value if isinstance(value, str) else ""

    return Host(
        name=origin.target,
        address=origin.address,
        transport=origin.transport,
        user=origin.user,
        uid=origin.uid if origin.uid >= 0 else None,
        become=origin.become,
        host_key=origin.host_key,
        machine_id=told("machine_id"),
        hostname=told("hostname"),
        system=told("name") or told("id"),
        family=told("family"),
        kernel=told("kernel"),
        site=target.site if target else dict(bundle.labels).get("site", ""),
        criticality=target.criticality if target else "",
        labels=dict(bundle.labels),
        clock_offset_s=origin.clock_offset_s,
    )
