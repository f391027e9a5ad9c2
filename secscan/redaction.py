"""Assessments that can be shown to others: what could tell who, where or what exactly is left out or has a pseudonym.

The document is made anew from what is known to be harmless, rather than searched for what is not: outcomes, severities, counts,
identifiers of checks and requirements, and texts that ship with secscan. Hosts, sites, people, statements and the organization
get pseudonyms that are the same throughout a report; of values only their kind is told, and evidence is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secscan.assessments import Document
from secscan.model.assessment import ATTESTATION
from secscan.pseudonyms import Pseudonyms, kind_of

LEFT_OUT = "left out"
_OTHER = "another scanner (redacted)"
REDACTED_VERSION = "+redacted"  # what follows a tool's version, as PEP 440 and SemVer have it
_TRANSPORTS = frozenset({"ssh", "openssh", "local", "chroot", "container", "replay", "import", ATTESTATION})
_FAMILIES = frozenset({"debian", "rhel", "suse", "alpine", "arch", "linux"})
_CRITICALITIES = frozenset({"low", "medium", "high", "critical"})
_EFFORTS = frozenset({"minutes", "hours", "days"})
_WHENS = frozenset({"runtime", "restart", "reboot", "reinstall"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\Z")
_KINDS = {bool: "(yes or no)", int: "(number)", float: "(number)", str: "(text)", type(None): "(nothing)"}
_TOLD = ("absent", "unobservable")


@dataclass(frozen=True, slots=True)
class Published:
    """What ships with secscan, and so names nobody: digests of the files of checks, and texts of requirements and baselines."""

    checks: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def redact_in_order(
    sources: Sequence[Callable[[], Document]], pseudonyms: Pseudonyms, published: Published
) -> Iterator[dict[str, Any]]:
    """Each document as `redact` makes it, one at a time, in the order of the pseudonyms: that of the names would tell of them."""
    hosts = {number: source()["host"] for number, source in enumerate(sources)}
    called = {number: pseudonyms.of(kind_of(host), host["name"]) for number, host in hosts.items()}
    for number in sorted(called, key=called.__getitem__):
        yield redact(sources[number](), pseudonyms, published)


def redact(document: Document, pseudonyms: Pseudonyms, published: Published) -> dict[str, Any]:
    """The document without host, organization, site, people, addresses, values and evidence. Pseudonyms must know its names."""
    of, host = pseudonyms.of, document["host"]

    def called(kind: str, identifier: str, known: bool) -> str:
        return of(kind, identifier) if not known and pseudonyms.betrayed_by(identifier) else identifier

    checks = {
        name: called("check", name, text["sha256"] in published.checks and text["id"] == name)
        for name, text in document["checks"].items()
    }
    requirements = {
        name: called("requirement", name, text["title"] in published.texts) for name, text in document["requirements"].items()
    }
    baseline = document["baseline"]
    known = baseline["title"] in published.texts
    baseline_id = called("baseline", baseline["id"], known)
    return {
        "format": document["format"],
        "baseline": {**baseline, "id": baseline_id, "title": baseline["title"] if known else baseline_id},
        "host": _host(host, pseudonyms),
        "started_at": _minute(document["started_at"]),
        "finished_at": _minute(document["finished_at"]),
        "unreachable": "the reason is left out" if document["unreachable"] else "",
        "tally": document["tally"],
        "results": [_result(result, document, pseudonyms, published, checks, requirements) for result in document["results"]],
        "proofs": [],
        "checks": {checks[name]: _check(checks[name], text, published) for name, text in document["checks"].items()},
        "requirements": {
            requirements[name]: _requirement(requirements[name], text, published) for name, text in document["requirements"].items()
        },
        "changes": [
            {
                "baseline": baseline_id,
                "check": checks.get(change["check"], of("check", change["check"])),
                "change": LEFT_OUT,
                "reason": LEFT_OUT,
                "approver": of("person", change["approver"]),
            }
            for change in document["changes"]
        ],
        "waivers": {of("waiver", name): _waiver(waiver, pseudonyms) for name, waiver in document["waivers"].items()},
        "attestations": {of("statement", name): _attestation(each, pseudonyms) for name, each in document["attestations"].items()},
        "problems": [LEFT_OUT] * len(document["problems"]),
        "provenance": _provenance(document["provenance"]),
    }


def _host(host: Mapping[str, Any], pseudonyms: Pseudonyms) -> dict[str, Any]:
    become = host["become"]
    family = host["family"] if host["family"] in _FAMILIES else ""
    return {
        "name": pseudonyms.of(kind_of(host), host["name"]),
        "address": "",
        "transport": host["transport"] if host["transport"] in _TRANSPORTS else "",
        "user": "",
        "uid": 0 if host["uid"] == 0 else None,
        "become": "sudo" if become == "sudo" else "refused" if become else "",
        "host_key": "",
        "machine_id": "",
        "hostname": "",
        "system": family,
        "family": family,
        "kernel": "",
        "site": pseudonyms.of("site", host["site"]),
        "criticality": host["criticality"] if host["criticality"] in _CRITICALITIES else "",
        "labels": {},
        "clock_offset_s": None,
    }


def _result(
    result: Mapping[str, Any],
    document: Document,
    pseudonyms: Pseudonyms,
    published: Published,
    checks: Mapping[str, str],
    requirements: Mapping[str, str],
) -> dict[str, Any]:
    ours = document["checks"][result["check"]]["sha256"] in published.checks
    named = (requirements.get(name) or pseudonyms.of("requirement", name) for name in result["requirements"])
    return {
        **{key: result[key] for key in ("outcome", "severity", "findings_total", "examined", "disposition", "standing")},
        "check": checks[result["check"]],
        "subject": pseudonyms.of_subject(result["subject"]) if result["subject"] else "",
        "reason": LEFT_OUT if result["reason"] else "",
        "findings": [_finding(finding, ours=ours) for finding in result["findings"]],
        "proofs": [],
        "parameters": {},
        "requirements": list(named),
        "waiver": pseudonyms.of("waiver", result["waiver"]),
        "attestation": pseudonyms.of("statement", result["attestation"]),
        "fingerprint": "",
    }


def _finding(finding: Mapping[str, Any], *, ours: bool) -> dict[str, Any]:
    return {
        "that": finding["that"] if ours and _NAME.match(finding["that"]) else "observation",
        "matcher": finding["matcher"] if _NAME.match(finding["matcher"]) else "",
        "expected": _kind(finding["expected"]),
        "actual": _kind(finding["actual"]),
        "holds": finding["holds"],
        "reason": "",
        "item": None,
        "missing": ["(text)"] * len(finding["missing"]),
        "extra": ["(text)"] * len(finding["extra"]),
    }


def _kind(value: Any) -> Any:
    """What kind of value it is; that there was nothing, or no answer, is told as such."""
    if isinstance(value, Mapping):
        told = next((key for key in _TOLD if set(value) == {key}), None)
        return {told: LEFT_OUT if told == "unobservable" else ""} if told else "(record)"
    return "(list)" if isinstance(value, list) else _KINDS[type(value)]


def _check(name: str, text: Mapping[str, Any], published: Published) -> dict[str, Any]:
    if text["sha256"] in published.checks:
        return dict(text)
    return {
        "id": name,
        "domain": text["domain"] if text["domain"] in published.texts else "other",
        "title": name,
        "rationale": "",
        "remedy": "",
        "effort": text["effort"] if text["effort"] in _EFFORTS else "",
        "when": text["when"] if text["when"] in _WHENS else "",
        "references": {},
        "sha256": "",
    }


def _requirement(name: str, text: Mapping[str, Any], published: Published) -> dict[str, Any]:
    told = {key: text[key] if text[key] in published.texts else "" for key in ("title", "source", "not_automated")}
    told["not_automated"] = told["not_automated"] or (LEFT_OUT if text["not_automated"] else "")
    return {"id": name, **told, "title": told["title"] or name}


def _waiver(waiver: Mapping[str, Any], pseudonyms: Pseudonyms) -> dict[str, Any]:
    return {
        "id": pseudonyms.of("waiver", waiver["id"]),
        "justification": LEFT_OUT,
        "owner": pseudonyms.of("person", waiver["owner"]),
        "approver": pseudonyms.of("person", waiver["approver"]),
        "starts_at": _minute(waiver["starts_at"]),
        "expires_at": _minute(waiver["expires_at"]),
        "ticket": "",
    }


def _attestation(attestation: Mapping[str, Any], pseudonyms: Pseudonyms) -> dict[str, Any]:
    return {
        "id": pseudonyms.of("statement", attestation["id"]),
        "statement": LEFT_OUT,
        "scope": "organization" if attestation["scope"] == "organization" else LEFT_OUT,
        "result": attestation["result"],
        "owner": pseudonyms.of("person", attestation["owner"]),
        "approver": pseudonyms.of("person", attestation["approver"]),
        "performed_at": _minute(attestation["performed_at"]),
        "valid_until": _minute(attestation["valid_until"]),
        "answers": {},
        "metrics": {},
        "evidence": [],
        "open_actions": attestation["open_actions"],
    }


def _provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    origin = provenance["origin"]
    version = re.sub(r"[^A-Za-z0-9.]", "", provenance["tool_version"].removesuffix(REDACTED_VERSION))[:20]
    return {
        "tool_version": version + REDACTED_VERSION,
        "content_sha256": provenance["content_sha256"],
        "script_sha256": "",
        "bundle_sha256": "",
        "received_bytes": 0,
        "origin": {"tool": _OTHER, "format": _plain_word(origin["format"]), "sha256": "0" * 64} if origin else None,
        "redacted": True,
    }


def _plain_word(word: str) -> str:
    return word if _NAME.match(word) else LEFT_OUT


def _minute(moment: str) -> str:
    """To the minute: a moment to the millisecond can be looked for in a log."""
    return f"{moment[:16]}:00Z"
