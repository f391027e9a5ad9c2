"""Heimdall Data Format (InSpec's exec-json): one profile per host, a control per check, a result per subject.

Heimdall reads: error before everything, then no impact as Not Applicable, then failed, passed, skipped (Not Reviewed). A waiver is
told as one whose control was run all the same, so that a failure stays a failure. A host that was not reached is a profile that
failed, with one erroneous result a control.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.figures import seconds_between
from secscan.reporters import Reporter
from secscan.statements import account, excerpts, gist, judged_by, line, references, subject_of, write_json
from secscan.terms import CATALOGUES
from secscan.vocabularies import VOCABULARIES, Word

_IMPACTS = {"critical": 0.9, "high": 0.7, "medium": 0.5, "low": 0.3}
_NOT_RUN = ("not_applicable", "skipped")
_WORDS = VOCABULARIES["hdf"]


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One exec-json; the platform comes last because it is known last."""
    hosts, duration, version, comma = 0, 0.0, "", ""
    platform: dict[str, str] = {}
    counts: Counter[str] = Counter()
    yield '{"profiles":['
    for document in documents:
        hosts += 1
        duration += max(0.0, seconds_between(document["started_at"], document["finished_at"]))
        version, platform = document["provenance"]["tool_version"], _platform(document)
        yield f"{comma}\n{write_json(_profile(document, counts))}"
        comma = ","
    if hosts != 1:
        platform = {"name": "secscan", "release": line(version), "target_id": f"{hosts} hosts"}
    statistics = {
        "duration": round(duration, 3),
        "controls": {word: {"total": counts[word]} for word in ("passed", "failed", "skipped")},
    }
    closing = {"platform": platform, "statistics": statistics, "version": line(version) or "unknown"}
    yield f"\n],{write_json(closing)[1:]}\n"


def _platform(document: Document) -> dict[str, str]:
    host = document["host"]
    return {
        "name": line(host["family"], 200) or "unknown",
        "release": line(host["system"], 200),
        "target_id": line(host["name"], 200),
    }


def _profile(document: Document, counts: Counter[str]) -> dict[str, Any]:
    host, baseline = document["host"], document["baseline"]
    by_check: dict[str, list[Mapping[str, Any]]] = {}
    for result in document["results"]:
        by_check.setdefault(result["check"], []).append(result)
    domains: dict[str, list[str]] = {}
    for name in by_check:
        domains.setdefault(line(document["checks"][name]["domain"], 100), []).append(line(name, 200))
    profile: dict[str, Any] = {
        "name": line(baseline["id"], 200) or "unknown",
        "title": line(f"{baseline['title']} on {host['name']}"),
        "version": baseline["sha256"][:12],
        "sha256": baseline["sha256"],
        "summary": line(
            f"{baseline['title']}, judged by {judged_by(document)} for {host['name']} ({host['system'] or 'system unknown'})"
        ),
        "supports": [],
        "attributes": [
            {"name": f"secscan_{key}", "options": {"value": line(host[name], 300)}}
            for key, name in (("host", "name"), ("system", "system"), ("site", "site"))
            if host[name]
        ],
        "groups": [{"id": domain, "title": domain, "controls": names} for domain, names in domains.items()],
        "controls": [_control(results, document, counts) for results in by_check.values()],
        "status": "failed" if document["unreachable"] else "loaded",
    }
    if document["unreachable"]:
        profile["status_message"] = f"The host was not reached: {line(document['unreachable'])}"
    return profile


def _control(results: list[Mapping[str, Any]], document: Document, counts: Counter[str]) -> dict[str, Any]:
    check, severity = document["checks"][results[0]["check"]], results[0]["severity"]
    tags: dict[str, Any] = {"severity": severity, "requirements": [line(name, 200) for name in results[0]["requirements"]]}
    for catalogue, _, reference in references(check):
        tags.setdefault({"nist_800_53": "nist"}.get(catalogue, catalogue), []).append(reference)
    control: dict[str, Any] = {
        "id": line(check["id"], 200),
        "title": line(check["title"]),
        "desc": line(check["rationale"]),
        "descriptions": [
            {"label": label, "data": text}
            for label, text in (("default", line(check["rationale"])), ("fix", line(check["remedy"])))
        ],
        "impact": 0 if all(result["outcome"] == "not_applicable" for result in results) else _IMPACTS[severity],
        "refs": [{"ref": f"{CATALOGUES.get(catalogue, catalogue)} {said}"} for catalogue, _, said in references(check)],
        "tags": tags,
        "code": _questions(results, document),
        "source_location": {"ref": line(f"{check['domain']}/{check['id']}.yaml", 300), "line": 1},
        "results": [_result(result, document, counts) for result in results],
    }
    waived = [result for result in results if _word(result).mark == "waiver_data"]
    if waived:
        control["waiver_data"] = _waiver(waived[0], document)
    return control


def _word(result: Mapping[str, Any]) -> Word:
    return _WORDS.word(result["outcome"], result["disposition"])


def _result(result: Mapping[str, Any], document: Document, counts: Counter[str]) -> dict[str, Any]:
    status, check, host = _word(result).said, document["checks"][result["check"]], line(document["host"]["name"], 200)
    counts[status] += 1
    subject = subject_of(result, document)
    written: dict[str, Any] = {
        "status": status,
        "code_desc": f"{line(check['title'])} ({f'{host}, {subject}' if subject else host})",
        "start_time": document["started_at"],
    }
    if status in {"failed", "error"}:
        written["message"] = account(result, document) if not document["unreachable"] else gist(result, document)
    elif status == "skipped":
        meaning = "not applicable: " if result["outcome"] in _NOT_RUN[:1] else ""
        written["skip_message"] = meaning + gist(result, document)
    return written


def _questions(results: list[Mapping[str, Any]], document: Document) -> str:
    """What was asked, and how the answer began."""
    lines = []
    for result in results:
        for proof, text in excerpts(result, document):
            asked = {"probe": proof["probe"], **proof["arguments"]}
            lines.append(line(f"{proof['name']}: {write_json(asked)}"))
            lines.append(text.rstrip("\n"))
    return "\n".join(filter(None, lines))


def _waiver(result: Mapping[str, Any], document: Document) -> dict[str, Any]:
    waiver = document["waivers"].get(result["waiver"])
    told: dict[str, Any] = {"run": True, "skipped_due_to_waiver": False, "message": line(result["waiver"], 200)}
    if waiver:
        who = f"{waiver['justification']} (owner {waiver['owner']}, approved by {waiver['approver']})"
        told |= {"expiration_date": waiver["expires_at"], "justification": line(who)}
    return told


REPORTER = Reporter(
    "hdf", "hdf.json", "application/json", "Heimdall Data Format (InSpec exec-json), for Heimdall and the SAF tools", render
)
