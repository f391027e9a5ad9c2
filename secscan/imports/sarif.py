"""SARIF 2.1.0: an assessment for each machine that a run was invoked on, or for each run that names none.

Scanners mostly list only what they object to. A rule without a result was perhaps never looked at, so it is no pass; that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secscan.imports.reading import (
    Draft,
    Foreign,
    host_name,
    joined,
    mapping,
    mappings,
    moment,
    name,
    severity,
    severity_of_score,
    text,
    texts,
)
from secscan.model.assessment import CheckText, Disposition, Host, Outcome, Result, WaiverText
from secscan.vocabularies import FOREIGN

_LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "low"}
_ONLY_FAILURES = (
    "The file lists only what the tool objects to; compliance cannot be told from it, since nothing says what was looked at."
)
_CATALOGUES = ("nist_800_53", "iso_27001", "cis_v8", "cwe", "ssg", "external/cwe")


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of a tool, by position and by identifier."""

    listed: list[Mapping[str, Any]]
    by_id: Mapping[str, Mapping[str, Any]]


def read(document: Mapping[str, Any], written_at: float) -> Iterator[Foreign]:
    """The assessments of a file; what tells no time is of `written_at`, in seconds since the epoch."""
    for number, run in enumerate(mappings(document.get("runs"))):
        driver = mapping(mapping(run.get("tool")).get("driver"))
        version = name(driver.get("semanticVersion") or driver.get("version"))
        tool = f"{name(driver.get('name')) or 'a SARIF tool'} {version}".strip()
        listed = list(mappings(driver.get("rules")))
        rules = _Rules(listed, {name(rule.get("id")): rule for rule in listed})
        for draft in _drafts(run, rules, tool, number, written_at):
            if draft.results and not any(result.outcome is Outcome.PASS for result in draft.results.values()):
                draft.problems.append(_ONLY_FAILURES)
            yield Foreign(draft.assessment(), tool, "SARIF")


def _drafts(run: Mapping[str, Any], rules: _Rules, tool: str, number: int, written_at: float) -> list[Draft]:
    """A draft for each machine, in the order of invocations."""
    invocations = list(mappings(run.get("invocations"))) or [{}]
    fallback = name(mapping(run.get("automationDetails")).get("id")) or f"{tool} run {number + 1}"
    drafts: dict[str, Draft] = {}
    by_invocation: list[Draft] = []
    for invocation in invocations:
        machine = host_name(invocation.get("machine") or fallback)
        draft = drafts.setdefault(machine, _draft(machine, invocation, tool, written_at))
        by_invocation.append(draft)
        _note(invocation, draft)
    for result in mappings(run.get("results")):
        where = mapping(result.get("provenance")).get("invocationIndex")
        known = isinstance(where, int) and not isinstance(where, bool) and 0 <= where < len(by_invocation)
        draft = by_invocation[where] if known and isinstance(where, int) else by_invocation[0]
        if result.get("baselineState") != "absent":  # no longer there
            _add(result, rules, draft)
    return list(drafts.values())


def _draft(machine: str, invocation: Mapping[str, Any], tool: str, written_at: float) -> Draft:
    started, finished = moment(invocation.get("startTimeUtc")), moment(invocation.get("endTimeUtc"))
    moments = [value for value in (started, finished) if value is not None] or [written_at]
    own = mapping(invocation.get("properties"))
    host = Host(machine, user=name(invocation.get("account")))
    baseline = name(own.get("baseline")) or tool.partition(" ")[0]
    return Draft(baseline, f"Rules of {tool}" if not own.get("baseline") else baseline, host, moments[0], moments[-1])


def _note(invocation: Mapping[str, Any], draft: Draft) -> None:
    """What the tool said about itself; a run that failed without results is a target that was not reached."""
    notes = [
        text(mapping(note.get("message")).get("text"), 1000)
        for note in mappings(invocation.get("toolExecutionNotifications"))
        if (name(note.get("level")) or "warning") in {"error", "warning"}
    ]
    if invocation.get("executionSuccessful") is False:
        draft.unreachable = joined(notes) or text(invocation.get("exitCodeDescription"), 1000) or "the tool failed"
    else:
        draft.problems += filter(None, notes)


def _add(result: Mapping[str, Any], rules: _Rules, draft: Draft) -> None:
    rule = _rule_of(result, rules)
    check = _check(result, rule)
    said = name(result.get("kind")) or "fail"
    outcome = FOREIGN["sarif"].get(said, Outcome.ERROR)
    disposition, justification = _decided(result, outcome, check.id, draft)
    own = mapping(result.get("properties"))
    reason = "" if outcome is Outcome.PASS else text(mapping(result.get("message")).get("text") or _message_of(result, rule), 2000)
    draft.unreachable = ""  # a failed run that has results has results
    draft.add(
        check,
        Result(
            check=check.id,
            subject=_subject(result) or draft.host.name,
            outcome=outcome,
            severity=_severity(result, rule),
            reason=joined([reason, justification]),
            requirements=texts(own.get("requirements")),
            disposition=disposition,
            waiver=check.id if disposition is not Disposition.NONE and check.id in draft.waivers else "",
        ),
    )


def _rule_of(result: Mapping[str, Any], rules: _Rules) -> Mapping[str, Any]:
    identifier = result.get("ruleId") or mapping(result.get("rule")).get("id")
    index = result.get("ruleIndex", mapping(result.get("rule")).get("index"))
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(rules.listed):
        return rules.listed[index]
    return rules.by_id.get(name(identifier), {})


def _message_of(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """The message string of a rule, with the result's arguments put in."""
    message = mapping(result.get("message"))
    template = text(mapping(mapping(rule.get("messageStrings")).get(name(message.get("id")))).get("text"), 2000)
    for number, argument in enumerate(texts(message.get("arguments"))):
        template = template.replace(f"{{{number}}}", argument)
    return template


def _check(result: Mapping[str, Any], rule: Mapping[str, Any]) -> CheckText:
    identifier = name(rule.get("id") or result.get("ruleId") or mapping(result.get("rule")).get("id")) or "unnamed rule"
    described = [text(mapping(rule.get(key)).get("text")) for key in ("shortDescription", "fullDescription", "help")]
    tags = [tag.partition(":") for tag in texts(mapping(rule.get("properties")).get("tags"))]
    references: dict[str, list[str]] = {}
    for catalogue, _, reference in tags:
        if catalogue in _CATALOGUES and reference:
            references.setdefault(catalogue, []).append(reference)
    return CheckText(
        id=identifier,
        domain="imported",
        title=described[0] or name(rule.get("name")) or identifier,
        rationale=described[1],
        remedy=described[2],
        effort="",
        when="",
        references={catalogue: tuple(several) for catalogue, several in references.items()},
        sha256="",
    )


def _severity(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    own = mapping(result.get("properties")).get("severity")
    score = text(mapping(rule.get("properties")).get("security-severity"), 20)
    if own:
        return severity(own)
    try:
        return severity_of_score(float(score))
    except ValueError:
        default = name(mapping(rule.get("defaultConfiguration")).get("level")) or "warning"
        return _LEVELS.get(name(result.get("level")) or default, "medium")


def _decided(result: Mapping[str, Any], outcome: Outcome, check: str, draft: Draft) -> tuple[Disposition, str]:
    """Accepted only when every suppression is; one under review or rejected accepts nothing."""
    suppressions = list(mappings(result.get("suppressions")))
    if not suppressions or outcome not in {Outcome.FAIL, Outcome.ERROR, Outcome.MANUAL}:
        return Disposition.NONE, ""
    if any(each.get("status", "accepted") != "accepted" for each in suppressions):
        return Disposition.NONE, ""
    justification, own = text(suppressions[0].get("justification"), 1000), mapping(suppressions[0].get("properties"))
    starts, expires = moment(own.get("starts_at")), moment(own.get("expires_at"))
    if starts is None or expires is None:
        return Disposition.WAIVED, justification
    who = [name(own.get(key)) for key in ("owner", "approver", "ticket")]
    draft.waivers[check] = WaiverText(check, justification, who[0], who[1], starts, expires, who[2])
    return Disposition.WAIVED if draft.started_at < expires else Disposition.EXPIRED, ""


def _subject(result: Mapping[str, Any]) -> str:
    """Where the result is: a logical place that is not the host itself, or a file and line."""
    location = next(mappings(result.get("locations")), {})
    logical = [name(each.get("name")) for each in mappings(location.get("logicalLocations")) if each.get("kind") != "host"]
    if logical or location.get("logicalLocations"):
        return next(iter(logical), "")
    place = mapping(location.get("physicalLocation"))
    uri = name(mapping(place.get("artifactLocation")).get("uri"))
    line = mapping(place.get("region")).get("startLine")
    return f"{uri}:{line}" if uri and isinstance(line, int) else uri
