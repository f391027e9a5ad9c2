"""Heimdall Data Format and InSpec's exec-json: an assessment for each profile that no other profile includes.

Outcomes follow Heimdall's reading: an error before everything, then no impact (not applicable), failed, passed, skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

_CATALOGUES = {
    "nist": "nist_800_53",
    "cci": "cci",
    "cis": "cis",
    "cis_v8": "cis_v8",
    "iso_27001": "iso_27001",
    "stig_id": "stig",
    "ssg": "ssg",
}  # tag -> catalogue


def read(document: Mapping[str, Any], written_at: float) -> Iterator[Foreign]:
    """The assessments of a file; what tells no time is of `written_at`, in seconds since the epoch."""
    profiles = list(mappings(document.get("profiles")))
    included = _results_of_included(profiles)
    version = name(document.get("version"))
    for profile in profiles:
        if not profile.get("parent_profile"):
            draft = _draft(profile, document, written_at)
            for control in mappings(profile.get("controls")):
                _add(control, list(mappings(control.get("results"))) or included.get(name(control.get("id")), []), draft)
            if profile.get("status") == "failed" and all(each.outcome is Outcome.ERROR for each in draft.results.values()):
                draft.unreachable = text(profile.get("status_message")) or "the profile failed"
                draft.results = {key: _unreachable(result) for key, result in draft.results.items()}
            yield Foreign(draft.assessment(), f"{_tool(profile)} {version}".strip(), "HDF")


def _tool(profile: Mapping[str, Any]) -> str:
    """Who made a profile: the form does not say, but we do, and InSpec's profiles say for which InSpec they are."""
    if any(name(each.get("name")) == "secscan_host" for each in mappings(profile.get("attributes"))):
        return "secscan"
    return "InSpec" if "inspec_version" in profile else "an HDF tool"


def _results_of_included(profiles: list[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Results of controls in profiles that others include: an overlay's own control has none."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for profile in profiles:
        if profile.get("parent_profile"):
            for control in mappings(profile.get("controls")):
                found.setdefault(name(control.get("id")), []).extend(mappings(control.get("results")))
    return found


def _draft(profile: Mapping[str, Any], document: Mapping[str, Any], written_at: float) -> Draft:
    platform = mapping(document.get("platform"))
    own = {name(each.get("name")): mapping(each.get("options")).get("value") for each in mappings(profile.get("attributes"))}
    moments = [
        begun
        for control in mappings(profile.get("controls"))
        for result in mappings(control.get("results"))
        if (begun := moment(result.get("start_time"))) is not None
    ]
    lasted = mapping(document.get("statistics")).get("duration")
    return Draft(
        baseline=name(profile.get("name")),
        title=text(profile.get("title") or profile.get("name"), 500),
        host=Host(
            host_name(own.get("secscan_host") or platform.get("target_id") or platform.get("name")),
            family=name(platform.get("name")),
            system=name(own.get("secscan_system")) or name(f"{name(platform.get('name'))} {name(platform.get('release'))}"),
            site=name(own.get("secscan_site")),
        ),
        started_at=min(moments, default=written_at),
        finished_at=max(moments, default=written_at) + (lasted if isinstance(lasted, int | float) and 0 < lasted < 86_400 else 0.0),
    )


def _add(control: Mapping[str, Any], results: list[Mapping[str, Any]], draft: Draft) -> None:
    tags = mapping(control.get("tags"))
    check = _check(control, tags)
    statuses = [name(result.get("status")) for result in results]
    outcome = _outcome(control, results, statuses)
    disposition, reason = _decided(control, outcome, draft)
    draft.add(
        check,
        Result(
            check=check.id,
            subject=draft.host.name,
            outcome=outcome,
            severity=_severity(control, tags),
            reason=joined([reason, *_reasons(results, outcome)]),
            requirements=texts(tags.get("requirements")),
            disposition=disposition,
            waiver=check.id if check.id in draft.waivers else "",
        ),
    )


def _outcome(control: Mapping[str, Any], results: list[Mapping[str, Any]], statuses: list[str]) -> Outcome:
    words = [
        Outcome.ERROR if result.get("backtrace") else FOREIGN["hdf"].get(status, Outcome.ERROR)
        for result, status in zip(results, statuses, strict=True)
    ]
    if Outcome.ERROR in words:
        return Outcome.ERROR
    if control.get("impact") == 0 and control["impact"] is not False:
        return Outcome.NOT_APPLICABLE
    if not words:
        return Outcome.ERROR
    attested = mapping(control.get("attestation_data")).get("status")
    if attested == "failed":
        return Outcome.FAIL
    if attested == "passed" and set(words) & {Outcome.MANUAL}:
        return Outcome.MANUAL
    return next(outcome for outcome in (Outcome.FAIL, Outcome.PASS, Outcome.MANUAL) if outcome in words)


def _decided(control: Mapping[str, Any], outcome: Outcome, draft: Draft) -> tuple[Disposition, str]:
    """What people decided, and how the file says it; a waiver with a date becomes one of the assessment's."""
    attestation, waiver = mapping(control.get("attestation_data")), mapping(control.get("waiver_data"))
    if attestation and outcome in {Outcome.MANUAL, Outcome.FAIL}:
        who = f"attested by {name(attestation.get('updated_by'))}: {text(attestation.get('explanation'), 500)}"
        return (Disposition.ATTESTED if outcome is Outcome.MANUAL else Disposition.NONE), who
    if not waiver or outcome not in {Outcome.FAIL, Outcome.ERROR, Outcome.MANUAL}:
        return Disposition.NONE, ""
    justification, expires = text(waiver.get("justification"), 1000), moment(waiver.get("expiration_date"))
    if expires is None:
        return Disposition.WAIVED, justification
    identifier = name(control.get("id"))
    draft.waivers[identifier] = WaiverText(identifier, justification, "", "", min(draft.started_at, expires), expires)
    return (Disposition.WAIVED if draft.started_at < expires else Disposition.EXPIRED), ""


def _reasons(results: list[Mapping[str, Any]], outcome: Outcome) -> Iterator[str]:
    if outcome is Outcome.PASS:
        return
    if not results:
        yield "the control has no results"
    for result in results:
        if FOREIGN["hdf"].get(name(result.get("status"))) is not Outcome.PASS:
            said = text(result.get("message") or result.get("skip_message") or result.get("exception"), 500)
            yield said or text(result.get("code_desc"), 500)


def _severity(control: Mapping[str, Any], tags: Mapping[str, Any]) -> str:
    word = text(tags.get("severityoverride") or tags.get("severity"), 20)
    impact = control.get("impact")
    if word:
        return severity(word)
    return severity_of_score(10 * impact) if isinstance(impact, int | float) and not isinstance(impact, bool) else "medium"


def _check(control: Mapping[str, Any], tags: Mapping[str, Any]) -> CheckText:
    identifier = host_name(control.get("id")) if control.get("id") else "unnamed control"
    described = {name(each.get("label")): text(each.get("data")) for each in mappings(control.get("descriptions"))}
    references = {catalogue: texts(tags[tag]) for tag, catalogue in _CATALOGUES.items() if tags.get(tag)}
    return CheckText(
        id=identifier,
        domain=name(tags.get("gtitle")) or "imported",
        title=text(control.get("title"), 500) or identifier,
        rationale=text(control.get("desc")) or described.get("default", ""),
        remedy=described.get("fix", "") or text(tags.get("fix")),
        effort="",
        when="",
        references={catalogue: several for catalogue, several in references.items() if several},
        sha256="",
    )


def _unreachable(result: Result) -> Result:
    from dataclasses import replace  # noqa: PLC0415 - beside its only use

    return replace(result, outcome=Outcome.UNREACHABLE, reason="")
