"""SARIF 2.1.0: one run for all hosts, a rule per check, a result per check and subject, an invocation per host.

What could not be judged is `open` and said in a notification too; a host that was not reached has an invocation that failed, with
the reason, and no results. Hosts are not files: a result names its host as logical location, and the check's own file as the place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.assessments import Document
from secscan.inert import visible
from secscan.reporters import Reporter
from secscan.statements import (
    account,
    excerpts,
    fingerprint,
    fingerprint_without_site,
    identifier,
    judged_by,
    line,
    moment_key,
    references,
    sentences,
    subject_of,
    write_json,
)
from secscan.vocabularies import OMITTED, VOCABULARIES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SECURITY_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}  # GitHub sorts by it, as by CVSS
_BASES = {"CHECKS": {"description": {"text": "The folder of checks that secscan was given"}}}
_NOTIFICATIONS = 100  # of one host
_WORDS = VOCABULARIES["sarif"]
_NEW = frozenset({"new", "host_added", "check_added"})  # other kinds of change: the result was there, and is another one now


@dataclass(slots=True)
class _Run:
    """What is kept while results are written: rules and invocations, never results."""

    rules: dict[str, str] = field(default_factory=dict)  # check -> rule as JSON
    numbers: dict[str, int] = field(default_factory=dict)
    invocations: list[str] = field(default_factory=list)
    version: str = ""
    names: set[str] = field(default_factory=set)
    baselines: set[str] = field(default_factory=set)  # the runs that hosts are compared with


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One run; `tool` and `invocations` come last because they are known last."""
    run = _Run()
    yield f'{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[{{"results":['
    comma = ""
    for document in documents:
        run.version = document["provenance"]["tool_version"]
        since = document.get("since")
        run.names.add(document["provenance"].get("run", ""))
        run.baselines.add(since["run"] if since else "")
        states = _states(document)
        found = (_result(result, document, run, states) for result in document["results"])
        for written in (*found, *_gone(document)):
            if written:
                yield f"{comma}\n{written}"
                comma = ","
        run.invocations.append(write_json(_invocation(document)))
    yield f'\n],"columnKind":"unicodeCodePoints","tool":{{"driver":{{{_driver(run)},"rules":['
    yield ",".join(f"\n{rule}" for rule in run.rules.values())
    yield f'\n]}}}},"originalUriBaseIds":{write_json(_BASES)},"invocations":['
    yield ",".join(f"\n{invocation}" for invocation in run.invocations)
    yield f"\n]{_which(run)}}}]}}\n"


def _which(run: _Run) -> str:
    """Which run this is, and which it is compared with: where all hosts are of one."""
    told = ""
    if len(run.names) == 1 and (name := min(run.names)):
        told += f',"automationDetails":{write_json({"guid": identifier("run", name)})}'
    if len(run.baselines) == 1 and (name := min(run.baselines)):
        told += f',"baselineGuid":"{identifier("run", name)}"'
    return told


def _states(document: Document) -> Callable[[Mapping[str, Any]], str]:
    """What tells whether a result is new, updated or unchanged since an earlier run; nothing where there was none."""
    since = document.get("since")
    if not since:
        return lambda _result: ""
    if since["host"] == "added":
        return lambda _result: "new"
    changes = {(change["check"], change["subject"]): change["kind"] for change in since["changes"]}
    host = document["host"]["name"]

    def state(result: Mapping[str, Any]) -> str:
        kind = changes.get((result["check"], "" if result["subject"] == host else result["subject"]))
        return "unchanged" if kind is None else "new" if kind in _NEW else "updated"

    return state


def _gone(document: Document) -> Iterator[str]:
    """Results of the earlier run whose check is asked no more."""
    since, host = document.get("since"), line(document["host"]["name"], 200)
    for change in since["changes"] if since else ():
        before = change["before"]
        word = _WORDS.word(before["outcome"], before["disposition"]) if change["kind"] == "check_removed" else None
        if word is None or word.said in {OMITTED, "notification"}:
            continue
        logical = [{"name": host, "fullyQualifiedName": host, "kind": "host"}]
        written = {
            "ruleId": visible(change["check"]),
            "kind": word.said,
            "level": _LEVELS.get(change["severity"], "warning") if word.said == "fail" else "none",
            "message": {"text": "Not asked any more."},
            "locations": [{"logicalLocations": logical}],
            "baselineState": "absent",
        }
        yield write_json(written)


def _driver(run: _Run) -> str:
    driver = {"name": "secscan", "organization": "secscan", "version": line(run.version) or "0"}
    return write_json(driver)[1:-1]


def _result(result: Mapping[str, Any], document: Document, run: _Run, state: Callable[[Mapping[str, Any]], str]) -> str:
    word = _WORDS.word(result["outcome"], result["disposition"])
    if word.said in {OMITTED, "notification"}:
        return ""
    check = document["checks"][result["check"]]
    number = run.numbers.setdefault(check["id"], len(run.numbers))
    if check["id"] not in run.rules:
        run.rules[check["id"]] = write_json(_rule(result, check))
    written: dict[str, Any] = {
        "ruleId": visible(check["id"]),
        "ruleIndex": number,
        "kind": word.said,
        "level": _LEVELS[result["severity"]] if word.said == "fail" else "none",
        "message": {"text": _plain(account(result, document))},
        "locations": [_location(result, check, document)],
        "partialFingerprints": {
            "checkOnSubject/v1": fingerprint_without_site(result, document),
            "checkOnSubject/v2": fingerprint(result, document),
        },
        "provenance": {"invocationIndex": len(run.invocations)},
        "properties": _properties(result, document),
    }
    if compared := state(result):
        written["baselineState"] = compared
    if word.mark:
        written["suppressions"] = [_suppression(result, document, word.mark)]
    return write_json(written)


def _plain(text: str) -> str:
    """Text without SARIF's embedded links: `](` would make one."""
    return text.replace("](", "]\\(")


def _location(result: Mapping[str, Any], check: Mapping[str, Any], document: Document) -> dict[str, Any]:
    host, subject = line(document["host"]["name"], 200), subject_of(result, document)
    logical = [{"name": host, "fullyQualifiedName": host, "kind": "host"}]
    if subject:
        logical.append({"name": subject, "fullyQualifiedName": f"{host}/{subject}", "kind": "subject"})
    place = {"uri": _uri(f"{check['domain']}/{check['id']}.yaml"), "uriBaseId": "CHECKS"}
    return {"logicalLocations": logical, "physicalLocation": {"artifactLocation": place, "region": {"startLine": 1}}}


def _uri(path: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - beside its only use

    return quote(path.encode("utf-8", "replace"), safe="/")


def _suppression(result: Mapping[str, Any], document: Document, status: str) -> dict[str, Any]:
    waiver = document["waivers"].get(result["waiver"])
    suppression: dict[str, Any] = {"kind": "external", "status": status}
    if waiver:
        suppression["justification"] = line(waiver["justification"])
        told = ("id", "owner", "approver", "starts_at", "expires_at", "ticket")
        suppression["properties"] = {key: line(waiver[key]) for key in told if waiver[key]}
    return suppression


def _properties(result: Mapping[str, Any], document: Document) -> dict[str, Any]:
    host, baseline = document["host"], document["baseline"]
    properties = {
        "outcome": result["outcome"],
        "disposition": result["disposition"],
        "severity": result["severity"],
        "host": line(host["name"], 200),
        "site": line(host["site"], 200),
        "system": line(host["system"], 200),
        "baseline": line(baseline["id"], 200),
        "requirements": [line(requirement, 200) for requirement in result["requirements"]],
        "evidence": [
            {"probe": line(proof["probe"], 100), "state": proof["state"], "answer": text, "sha256": proof["stdout_sha256"]}
            for proof, text in excerpts(result, document)
            if result["outcome"] in {"fail", "error"}
        ],
    }
    return {key: value for key, value in properties.items() if value}


def _rule(result: Mapping[str, Any], check: Mapping[str, Any]) -> dict[str, Any]:
    known = [f"{catalogue}:{reference}" for catalogue, _, reference in references(check)]
    remedy = _plain(line(check["remedy"])) or "None is given."
    called = visible(check["id"])
    words = "".join(part.capitalize() for part in called.split("_"))
    return {
        "id": called,
        **({"name": words} if words.casefold() != called.casefold() else {}),  # SARIF1001: never the same
        "shortDescription": {"text": _plain(line(check["title"])) or called},
        "fullDescription": {"text": _plain(line(check["rationale"] or check["title"])) or called},
        "help": {"text": remedy},
        "defaultConfiguration": {"level": _LEVELS[result["severity"]]},
        "properties": {
            "tags": sorted({"security", line(check["domain"], 100) or "other", *known}),
            "security-severity": _SECURITY_SEVERITY[result["severity"]],
            "effort": line(check["effort"], 100),
        },
    }


def _invocation(document: Document) -> dict[str, Any]:
    host = document["host"]
    invocation: dict[str, Any] = {
        "executionSuccessful": not document["unreachable"],
        "startTimeUtc": document["started_at"],
        "endTimeUtc": document["finished_at"],
        "machine": line(host["name"], 200),
        "account": line(host["user"], 200),
        "properties": {
            "baseline": line(document["baseline"]["id"], 200),
            "judgedBy": judged_by(document),
            "assessment": identifier("assessment", moment_key(document)),
            "compliance": document["tally"]["compliance"],
            "coverage": document["tally"]["coverage"],
        },
    }
    if not host["user"]:
        del invocation["account"]
    notifications = list(_notifications(document))
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    return invocation


def _notifications(document: Document) -> Iterator[dict[str, Any]]:
    """Why the host was not reached, which checks could not be judged, and what went wrong while asking."""
    if document["unreachable"]:
        yield _notification("unreachable", "error", line(document["unreachable"]))
    errors = [result for result in document["results"] if result["outcome"] == "error"]
    for result in errors[:_NOTIFICATIONS]:
        said = "; ".join(sentences(result)) or "could not be judged"
        yield _notification("could_not_be_judged", "error", f"{visible(result['check'])}: {said}")
    if len(errors) > _NOTIFICATIONS:
        yield _notification("could_not_be_judged", "error", f"{len(errors) - _NOTIFICATIONS} more checks could not be judged")
    for problem in document["problems"][:_NOTIFICATIONS]:
        yield _notification("problem_while_asking", "warning", line(problem))


def _notification(kind: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": kind}, "level": level, "message": {"text": _plain(text)}}


REPORTER = Reporter("sarif", "sarif", "application/sarif+json", "SARIF 2.1.0, for code scanning and its viewers", render)
