"""OCSF 1.5 Compliance Finding (class 2003), one event a line: a result each, and one for a host that was not reached.

Skipped checks make no event. A waived failure is a failure whose finding is suppressed. Times are milliseconds since the epoch.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.reporters import Reporter
from secscan.statements import (
    account,
    excerpts,
    fingerprint,
    gist,
    host_key,
    identifier,
    judged_by,
    line,
    milliseconds,
    references,
    subject_of,
    write_json,
)
from secscan.vocabularies import OMITTED, VOCABULARIES, Word
from secscan.wording import ENGLISH

VERSION = "1.5.0"
_STATUS_IDS = {"Unknown": 0, "Pass": 1, "Warning": 2, "Fail": 3, "Other": 99}
_FINDING_STATUS_IDS = {"New": 1, "Suppressed": 3}
_SEVERITY_IDS = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"), "critical": (5, "Critical")}
_WORDS = VOCABULARIES["ocsf"]


def render(documents: Iterable[Document]) -> Iterator[str]:
    """Events of one document after the other."""
    for document in documents:
        if document["unreachable"]:
            yield write_json(_unreachable(document)) + "\n"
            continue
        for result in document["results"]:
            word = _WORDS.word(result["outcome"], result["disposition"])
            if word.said != OMITTED:
                yield write_json(_event(result, document, word)) + "\n"


def _envelope(document: Document, uid: str, word: Word, severity: str) -> dict[str, Any]:
    provenance = document["provenance"]
    severity_id, severity_name = _SEVERITY_IDS[severity] if word.said in {"Fail", "Warning", "Unknown"} else (1, "Informational")
    envelope: dict[str, Any] = {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "time": milliseconds(document["finished_at"]),
        "start_time": milliseconds(document["started_at"]),
        "end_time": milliseconds(document["finished_at"]),
        "severity_id": severity_id,
        "severity": severity_name,
        "metadata": {
            "version": VERSION,
            "uid": identifier("event", uid, document["finished_at"]),
            "product": {"name": "secscan", "vendor_name": "secscan", "version": line(provenance["tool_version"]) or "unknown"},
        },
        "resources": [_resource(document)],
    }
    if word.mark:
        envelope |= {"status_id": _FINDING_STATUS_IDS[word.mark], "status": word.mark}
    return envelope


def _event(result: Mapping[str, Any], document: Document, word: Word) -> dict[str, Any]:
    check = document["checks"][result["check"]]
    uid = fingerprint(result, document)
    event = _envelope(document, uid, word, result["severity"])
    event["message"] = f"{line(check['title'])}: {gist(result, document)}"
    event["finding_info"] = {
        "uid": uid,
        "title": line(check["title"]) or line(check["id"]),
        "desc": line(check["rationale"] or check["title"]),
        "types": [line(check["domain"], 100) or "other"],
        "created_time": milliseconds(document["finished_at"]),
    }
    standards = [line(document["baseline"]["title"] or document["baseline"]["id"])]
    known = [f"{called} {reference}" for _, called, reference in references(check)]
    told = {
        "control": line(check["id"], 200),
        "requirements": [*(line(requirement, 200) for requirement in result["requirements"]), *known],
        "standards": standards,
        "status": "Not applicable" if word.said == "Other" else word.said,
        "status_id": _STATUS_IDS[word.said],
        "status_code": result["outcome"],
        "status_details": account(result, document).split("\n"),
    }
    event["compliance"] = {key: value for key, value in told.items() if value != []}
    if check["remedy"]:
        event["remediation"] = {"desc": line(check["remedy"])}
    evidences = [
        {"name": line(proof["name"], 200), "data": {"probe": line(proof["probe"], 100), "state": proof["state"], "answer": text}}
        for proof, text in excerpts(result, document)
        if result["outcome"] in {"fail", "error"}
    ]
    if evidences:
        event["evidences"] = evidences
    event["unmapped"] = _unmapped(result, document)
    return event


def _unmapped(result: Mapping[str, Any], document: Document) -> dict[str, Any]:
    waiver = document["waivers"].get(result["waiver"])
    told: dict[str, Any] = {
        "disposition": result["disposition"],
        "judged_by": judged_by(document),
        "baseline": line(document["baseline"]["id"], 200),
        "baseline_sha256": document["baseline"]["sha256"],
        "subject": subject_of(result, document),
        "waiver": {key: line(str(value)) for key, value in waiver.items() if value} if waiver else None,
    }
    return {key: value for key, value in told.items() if value}


def _unreachable(document: Document) -> dict[str, Any]:
    """One event for the host, not one for each check."""
    word = _WORDS.word("unreachable", "none")
    uid = identifier("host", *host_key(document), document["baseline"]["id"])
    event = _envelope(document, uid, word, "high")
    reason = line(document["unreachable"])
    event["message"] = f"The host was not reached: {reason}"
    event["finding_info"] = {
        "uid": uid,
        "title": "The host is reached",
        "desc": f"{ENGLISH.checks(len(document['results']))} could not be asked.",
        "created_time": milliseconds(document["finished_at"]),
    }
    event["compliance"] = {
        "control": "host_reached",
        "standards": [line(document["baseline"]["title"] or document["baseline"]["id"])],
        "status": word.said,
        "status_id": _STATUS_IDS[word.said],
        "status_code": "unreachable",
        "status_details": [reason],
    }
    return event


def _resource(document: Document) -> dict[str, Any]:
    host = document["host"]
    told: dict[str, Any] = {
        "name": line(host["name"], 200),
        "uid": line(host["machine_id"], 200),
        "type": "host",
        "hostname": line(host["hostname"], 200),
        "ip": host["address"] if _is_address(host["address"]) else "",
        "criticality": line(host["criticality"], 100),
        "namespace": line(host["site"], 200),
        "labels": [f"{line(name, 100)}:{line(value, 200)}" for name, value in host["labels"].items()],
        "data": {key: line(host[key], 200) for key in ("system", "family", "kernel") if host[key]},
    }
    return {key: value for key, value in told.items() if value}


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


REPORTER = Reporter("ocsf", "ocsf.jsonl", "application/x-ndjson", "OCSF Compliance Findings, for SIEMs and data lakes", render)
