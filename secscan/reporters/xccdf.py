"""XCCDF 1.2: a Benchmark with the rules, a Profile per baseline, and a TestResult per host, in one file.

The format wants rules before results, so results wait in a spool. A waiver is a message, since it changes no result; what a person
attested where no machine can tell is an `override`. `critical` is XCCDF's `high`, since it has no word above that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_decision, write_local_change
from secscan.inert import for_xml, shorten
from secscan.reporters import Reporter
from secscan.spool import Spool
from secscan.statements import gist, identifier, judged_by, line, moment_key, references, sentences, subject_of
from secscan.vocabularies import VOCABULARIES
from secscan.wording import ENGLISH

_BENCHMARK = "xccdf_secscan_benchmark_checks"
_SEVERITIES = {"critical": "high", "high": "high", "medium": "medium", "low": "low"}
_MESSAGES = {"fail": "error", "error": "error"}
_NOT_NAME = re.compile(r"[^A-Za-z0-9._-]")
_WORDS = VOCABULARIES["xccdf"]


@dataclass(slots=True)
class _Benchmark:
    """What stands before the results: groups of rules and profiles, gathered while results are written."""

    groups: dict[str, dict[str, str]] = field(default_factory=dict)  # domain -> check -> rule
    profiles: dict[str, str] = field(default_factory=dict)
    version: str = ""


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One Benchmark."""
    benchmark = _Benchmark()
    with Spool() as spool:
        for document in documents:
            _gather(document, benchmark)
            for piece in _test_result(document):
                spool.write(piece)
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield f'<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="{_BENCHMARK}" resolved="true" xml:lang="en">\n'
        yield "<status>accepted</status>\n<title>Checks of secscan</title>\n"
        yield "<description>What hosts were asked, and how they were judged.</description>\n"
        yield _element("version", benchmark.version or "none")
        yield '<metadata><creator xmlns="http://purl.org/dc/elements/1.1/">secscan</creator></metadata>\n'
        yield from benchmark.profiles.values()
        for domain, rules in benchmark.groups.items():
            yield f'<Group id="{_id("group", domain)}">\n{_element("title", domain)}'
            yield from rules.values()
            yield "</Group>\n"
        yield from spool.read()
    yield "</Benchmark>\n"


def _gather(document: Document, benchmark: _Benchmark) -> None:
    benchmark.version = benchmark.version or document["provenance"]["content_sha256"][:12]
    for result in document["results"]:
        check = document["checks"][result["check"]]
        rules = benchmark.groups.setdefault(line(check["domain"], 100) or "other", {})
        if check["id"] not in rules:
            rules[check["id"]] = _rule(check, result["severity"])
    profile = _profile_id(document)
    if profile not in benchmark.profiles:
        selected = dict.fromkeys(result["check"] for result in document["results"] if result["outcome"] != "skipped")
        selects = "".join(f'<select idref="{_rule_id(document["checks"][check])}" selected="true"/>\n' for check in selected)
        title = _element("title", line(document["baseline"]["title"] or document["baseline"]["id"]) or "none")
        benchmark.profiles[profile] = f'<Profile id="{profile}">\n{title}{selects}</Profile>\n'


def _id(kind: str, *names: str) -> str:
    """An identifier as XCCDF wants it; where a name has other characters than an XML name, a digest tells it apart."""
    name = "-".join(names)
    safe = _NOT_NAME.sub("_", name)[:100]
    if safe != name or not safe:
        safe += "-" + identifier("name", name)[:8]
    return f"xccdf_secscan_{kind}_{safe}"


def _rule_id(check: Mapping[str, Any]) -> str:
    return _id("rule", check["id"])


def _profile_id(document: Document) -> str:
    return _id("profile", document["baseline"]["id"], *filter(None, [document["baseline"]["sha256"][:12]]))


def _rule(check: Mapping[str, Any], severity: str) -> str:
    known = "".join(
        f'<reference href="urn:secscan:catalogue:{_NOT_NAME.sub("_", catalogue)}">{for_xml(f"{called} {said}")}</reference>\n'
        for catalogue, called, said in references(check)
    )
    content = for_xml(_NOT_NAME.sub("_", check["domain"]) + "/" + _NOT_NAME.sub("_", check["id"]) + ".yaml")
    return (
        f'<Rule id="{_rule_id(check)}" selected="true" severity="{_SEVERITIES[severity]}">\n'
        + _element("title", line(check["title"]) or line(check["id"]))
        + known
        + _element("rationale", line(check["rationale"]))
        + f'<ident system="urn:secscan:check">{for_xml(line(check["id"], 200))}</ident>\n'
        + (_element("fixtext", line(check["remedy"])) if check["remedy"] else "")
        + f'<check system="urn:secscan:check"><check-content-ref href="{content}"/></check>\n</Rule>\n'
    )


def _test_result(document: Document) -> Iterator[str]:
    host, provenance, tally = document["host"], document["provenance"], document["tally"]
    digest = identifier("testresult", moment_key(document))[:8]
    system = f"cpe:/a:secscan:secscan:{_NOT_NAME.sub('_', provenance['tool_version'])[:100]}".rstrip(":")
    attributes = f'start-time="{document["started_at"]}" end-time="{document["finished_at"]}" test-system="{system}"'
    yield f'<TestResult id="{_id("testresult", host["name"])}-{digest}" {attributes}>\n'
    yield f'<benchmark href="#{_BENCHMARK}" id="{_BENCHMARK}"/>\n'
    yield _element("title", line(f"{document['baseline']['title']} on {host['name']}"))
    if document["unreachable"]:
        yield _element("remark", f"The host was not reached: {line(document['unreachable'])}")
    for problem in document["problems"]:
        yield _element("remark", line(problem))
    for change in document["changes"]:
        said = f"Changed locally: {write_local_change(ENGLISH, change, change['baseline'])}"
        yield _element("remark", line(said))
    privileged = "true" if host["uid"] == 0 else "false"
    reached = "false" if document["unreachable"] else "true"
    user = for_xml(line(host["user"], 200) or "unknown")
    yield f'<identity authenticated="{reached}" privileged="{privileged}">{user}</identity>\n'
    yield f'<profile idref="{_profile_id(document)}"/>\n'
    yield _element("target", line(host["name"], 200))
    if host["address"]:
        yield _element("target-address", line(host["address"], 200))
    yield _facts(document)
    for result in document["results"]:
        yield _rule_result(result, document)
    for name, rate in (("compliance", tally["compliance"]), ("coverage", tally["coverage"] or 0.0)):
        if rate is not None:  # a host with nothing judged has no compliance, but its coverage is nought
            yield f'<score system="urn:secscan:scoring:{name}" maximum="100">{int(rate * 10_000 + 1e-9) / 100:.2f}</score>\n'
    yield "</TestResult>\n"


def _facts(document: Document) -> str:
    host, provenance = document["host"], document["provenance"]
    told = {
        "urn:xccdf:fact:asset:identifier:host_name": host["hostname"],
        "urn:secscan:fact:site": host["site"],
        "urn:secscan:fact:criticality": host["criticality"],
        "urn:secscan:fact:system": host["system"],
        "urn:secscan:fact:kernel": host["kernel"],
        "urn:secscan:fact:machine_id": host["machine_id"],
        "urn:secscan:fact:judged_by": judged_by(document),
        "urn:secscan:fact:bundle_sha256": provenance["bundle_sha256"],
        "urn:secscan:fact:baseline_sha256": document["baseline"]["sha256"],
    }
    facts = "".join(
        f'<fact name="{name}" type="string">{for_xml(line(value, 300))}</fact>\n' for name, value in told.items() if value
    )
    return f"<target-facts>\n{facts}</target-facts>\n"


def _rule_result(result: Mapping[str, Any], document: Document) -> str:
    check, outcome = document["checks"][result["check"]], result["outcome"]
    word = _WORDS.word(outcome, result["disposition"])
    override = _override(result, document, word.said) if word.mark == "override" else ""
    said = sentences(result) or ([] if outcome == "pass" else [gist(result, document)])
    severity, decision = _MESSAGES.get(outcome, "info"), write_decision(ENGLISH, result, document)
    messages = "" if document["unreachable"] else "".join(_message(severity, sentence) for sentence in said)
    messages += _message("info", line(decision)) if decision and not override else ""
    subject = subject_of(result, document)
    return (
        f'<rule-result idref="{_rule_id(check)}" severity="{_SEVERITIES[result["severity"]]}" time="{document["finished_at"]}">\n'
        f"<result>{word.said}</result>\n{override}{messages}"
        + (f'<instance context="subject">{for_xml(subject)}</instance>\n' if subject else "")
        + '<check system="urn:secscan:check"/>\n</rule-result>\n'
    )


def _message(severity: str, text: str) -> str:
    return f'<message severity="{severity}">{for_xml(text)}</message>\n'


def _override(result: Mapping[str, Any], document: Document, said: str) -> str:
    stated = document["attestations"].get(result["attestation"], {})
    authority = line(stated.get("approver") or stated.get("owner", ""), 200) or "unknown"
    remark = write_decision(ENGLISH, result, document)
    measured = _WORDS.word(result["outcome"], "none").said
    return (
        f'<override time="{stated.get("performed_at", document["finished_at"])}" authority="{for_xml(authority)}">\n'
        f"<old-result>{measured}</old-result>\n<new-result>{said}</new-result>\n{_element('remark', line(remark))}</override>\n"
    )


def _element(name: str, text: str) -> str:
    return f"<{name}>{for_xml(shorten(text, 4000))}</{name}>\n"


REPORTER = Reporter("xccdf", "xccdf.xml", "application/xml", "XCCDF 1.2 with results, for OpenSCAP and SCAP tools", render)
