"""OSCAL 1.2.1: what assessment results and plans of action and milestones have in common.

Every UUID is made from what it names, so that the same assessment always makes the same document, and both kinds of document speak
of the same observation and risk. Texts of hosts are harmless as Markdown, which OSCAL's descriptions are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_decision
from secscan.inert import for_markdown
from secscan.statements import account, excerpts, gist, host_key, identifier, line, moment_key, references, subject_of
from secscan.vocabularies import VOCABULARIES, Word
from secscan.wording import ENGLISH

VERSION = "1.2.1"
NAMESPACE = "urn:secscan:oscal"
EPOCH = "1970-01-01T00:00:00Z"  # the moment of a document about nothing
TOOL = identifier("component", "secscan")
_NOT_TOKEN = re.compile(r"[^A-Za-z0-9._-]")
_METHODS = {"manual": ["EXAMINE", "INTERVIEW"]}
_PARTY = "person"

Json = dict[str, Any]


def words(result: Mapping[str, Any]) -> Word:
    """OSCAL's word for a result."""
    return VOCABULARIES["oscal"].word(result["outcome"], result["disposition"])


def metadata(title: str, modified: str, version: str, parties: Mapping[str, str]) -> Json:
    """Title, moment and the people that a document names, by UUID."""
    written: Json = {
        "title": title,
        "last-modified": modified or EPOCH,
        "version": line(version, 100) or "unknown",
        "oscal-version": VERSION,
    }
    if parties:
        written["parties"] = [{"uuid": uuid, "type": _PARTY, "name": name} for uuid, name in parties.items()]
    return written


def token(text: str) -> str:
    """A text as an OSCAL token: letters, digits, `._-`, beginning with a letter; a digest where that changes it."""
    safe = _NOT_TOKEN.sub("_", text)[:100]
    safe = safe if safe[:1].isalpha() or safe.startswith("_") else f"_{safe}"
    return safe if safe == text else f"{safe}-{identifier('token', text)[:8]}"


def props(told: Mapping[str, object]) -> list[Json]:
    """Properties of our namespace; those without a value are left out."""
    values = {name: line(str(value), 500) for name, value in told.items() if value is not None}
    return [{"name": name, "ns": NAMESPACE, "value": value} for name, value in values.items() if value]


def prose(text: str) -> str:
    """Text as a Markdown description, never empty."""
    return for_markdown(text) or "None."


def title(text: str) -> str:
    """Text as a title: one line, never empty."""
    return for_markdown(line(text, 300)) or "Untitled"


def host_uuid(document: Document) -> str:
    """The inventory item of a host."""
    return identifier("host", *host_key(document))


def inventory_item(document: Document) -> Json:
    """The host, as it was found."""
    host = document["host"]
    told = {key: host[key] for key in ("address", "system", "family", "kernel", "machine_id", "site", "criticality", "host_key")}
    item: Json = {"uuid": host_uuid(document), "description": prose(f"Host {line(host['name'], 200)}")}
    standard = {"asset-id": line(host["name"], 200), "fqdn": line(host["hostname"], 200), "os-name": line(host["system"], 200)}
    item["props"] = [{"name": name, "value": value} for name, value in standard.items() if value] + props(told)
    return item


def assets(version: str) -> Json:
    """The tool itself, as component and platform."""
    component = {
        "uuid": TOOL,
        "type": "software",
        "title": "secscan",
        "description": "Agentless compliance scanner: asks hosts, keeps the answers as evidence, and judges them.",
        "props": [{"name": "version", "value": line(version, 100) or "unknown"}],
        "status": {"state": "operational"},
    }
    platform = {"uuid": identifier("platform", "secscan"), "title": "secscan", "uses-components": [{"component-uuid": TOOL}]}
    return {"components": [component], "assessment-platforms": [platform]}


def key_of(result: Mapping[str, Any], document: Document) -> tuple[str, ...]:
    """Tells one result of one assessment from every other."""
    return (moment_key(document), result["check"], result["subject"])


def parties_of(result: Mapping[str, Any], document: Document) -> dict[str, str]:
    """The people who decided about a result, by UUID."""
    waiver = document["waivers"].get(result["waiver"])
    named = filter(None, [waiver["owner"], waiver["approver"]]) if waiver else ()
    return {identifier("party", name): line(name, 200) for name in named}


def observation(result: Mapping[str, Any], document: Document) -> Json:
    """What was seen: one for every result, with its evidence."""
    check, outcome = document["checks"][result["check"]], result["outcome"]
    subject: Json = {"subject-uuid": host_uuid(document), "type": "inventory-item", "title": title(document["host"]["name"])}
    told = {
        "check": result["check"],
        "outcome": outcome,
        "disposition": result["disposition"],
        "severity": result["severity"],
        "subject": subject_of(result, document),
        "baseline": document["baseline"]["id"],
    }
    written: Json = {
        "uuid": identifier("observation", *key_of(result, document)),
        "title": title(check["title"]),
        "description": prose(account(result, document)),
        "props": props(told),
        "methods": _METHODS.get(outcome, ["TEST"]),
        "types": ["control-objective"],
        "origins": [_origin()],
        "subjects": [subject],
        "collected": document["finished_at"],
    }
    evidence = [_evidence(proof, text) for proof, text in excerpts(result, document)]
    if evidence:
        written["relevant-evidence"] = evidence
    return written


def unreachable_observation(document: Document) -> Json:
    """The one observation of a host that was not reached."""
    return {
        "uuid": identifier("observation", moment_key(document)),
        "title": "The host is reached",
        "description": prose(f"The host was not reached: {line(document['unreachable'])}"),
        "props": props({"outcome": "unreachable", "baseline": document["baseline"]["id"]}),
        "methods": ["TEST"],
        "types": ["discovery"],
        "origins": [_origin()],
        "subjects": [{"subject-uuid": host_uuid(document), "type": "inventory-item", "title": title(document["host"]["name"])}],
        "collected": document["finished_at"],
    }


def _origin() -> Json:
    return {"actors": [{"type": "tool", "actor-uuid": TOOL}]}


def _evidence(proof: Mapping[str, Any], text: str) -> Json:
    told = {
        "probe": proof["probe"],
        "state": proof["state"],
        "sha256": proof["stdout_sha256"],
        "bytes": proof["stdout_bytes"],
        "exit": proof["exit"],
        "uid": proof["uid"] if proof["uid"] >= 0 else None,
    }
    return {"description": prose(f"{line(proof['name'], 200)}:\n{text}"), "props": props(told)}


def risk_uuid(result: Mapping[str, Any], document: Document) -> str:
    """The risk of a failure."""
    return identifier("risk", *key_of(result, document))


def risk(result: Mapping[str, Any], document: Document) -> Json:
    """The risk that a failure is: its severity, its remedy, and who accepted it until when."""
    check = document["checks"][result["check"]]
    written: Json = {
        "uuid": risk_uuid(result, document),
        "title": title(f"Not so on {document['host']['name']}: {check['title']}"),
        "description": prose(account(result, document)),
        "statement": prose(line(check["rationale"] or check["title"])),
        "props": props({"severity": result["severity"], "effort": check["effort"], "takes_effect": check["when"]}),
        "status": words(result).mark,
        "origins": [_origin()],
        "characterizations": [
            {"origin": _origin(), "facets": [{"name": "severity", "system": NAMESPACE, "value": result["severity"]}]}
        ],
        "related-observations": [{"observation-uuid": identifier("observation", *key_of(result, document))}],
    }
    waiver = document["waivers"].get(result["waiver"])
    if check["remedy"]:
        written["remediations"] = [_remediation(result, document, check)]
    if waiver and result["disposition"] == "waived":
        written["deadline"] = waiver["expires_at"]
    log = list(_log(result, document))
    if log:
        written["risk-log"] = {"entries": log}
    return written


def _remediation(result: Mapping[str, Any], document: Document, check: Mapping[str, Any]) -> Json:
    return {
        "uuid": identifier("remediation", *key_of(result, document)),
        "lifecycle": "recommendation",
        "title": "Remedy",
        "description": prose(line(f"{check['remedy']} ({ENGLISH.remedy_terms(check)})")),
    }


def _log(result: Mapping[str, Any], document: Document) -> Iterator[Json]:
    waiver = document["waivers"].get(result["waiver"])
    if waiver is None:
        return
    by = identifier("party", waiver["approver"])
    entry: Json = {
        "uuid": identifier("log", *key_of(result, document)),
        "title": title(f"Waiver {waiver['id']}"),
        "description": prose(line(write_decision(ENGLISH, result, document))),
        "start": waiver["starts_at"],
        "end": waiver["expires_at"],
        "status-change": words(result).mark,
    }
    if waiver["approver"]:
        entry["logged-by"] = [{"party-uuid": by}]
    yield entry


def reviewed_controls(document: Document) -> Json:
    """The requirements that the baseline serves, and those that it says no machine can tell."""
    selected = [{"control-id": token(name)} for name in document["requirements"]]
    return {"control-selections": [{"include-controls": selected} if selected else {"include-all": {}}]}


def objectives(document: Document) -> Iterator[tuple[str, str, str]]:
    """Requirement, check and its title for every check of an assessment that serves a requirement."""
    for result in document["results"]:
        for requirement in result["requirements"]:
            yield requirement, result["check"], document["checks"][result["check"]]["title"]


def finding(result: Mapping[str, Any], document: Document) -> Json:
    """The verdict on a check as objective."""
    check = document["checks"][result["check"]]
    state = words(result).said
    written: Json = {
        "uuid": identifier("finding", *key_of(result, document)),
        "title": title(check["title"]),
        "description": prose(gist(result, document)),
        "props": props({"requirements": ", ".join(result["requirements"]), "disposition": result["disposition"]})
        + props({f"{token(catalogue)}": said for catalogue, said in _grouped(check)}),
        "origins": [_origin()],
        "target": {
            "type": "objective-id",
            "target-id": token(result["check"]),
            "title": title(check["title"]),
            "status": {"state": state, "reason": "pass" if state == "satisfied" else "fail"},
        },
        "related-observations": [{"observation-uuid": identifier("observation", *key_of(result, document))}],
    }
    if words(result).said == "not-satisfied":
        written["related-risks"] = [{"risk-uuid": risk_uuid(result, document)}]
    return written


def _grouped(check: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known: dict[str, list[str]] = {}
    for catalogue, _, said in references(check):
        known.setdefault(catalogue, []).append(said)
    for catalogue, several in known.items():
        yield catalogue, ", ".join(several)
