"""JUnit XML as continuous integration reads it (Jenkins' junit-10.xsd): one suite per host.

`fail` is a failure, `error` an error; `not_applicable`, `manual` and `skipped` are skipped with the reason. A host that was not
reached is one error, not one per check. A waiver does not turn a failure into anything else: it is said in its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secscan.assessments import Document
from secscan.figures import seconds_between
from secscan.findings import write_finding
from secscan.inert import for_xml, prose, shorten
from secscan.reporters import Reporter
from secscan.statements import judged_by
from secscan.vocabularies import VOCABULARIES
from secscan.wording import ENGLISH

_WORDS = VOCABULARIES["junit"]
_TEXT_LIMIT = 8000


def render(documents: Iterable[Document]) -> Iterator[str]:
    """One `<testsuite>` a document."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="secscan">\n'
    for document in documents:
        yield from _suite(document)
    yield "</testsuites>\n"


def _suite(document: Document) -> Iterator[str]:
    host, reason = document["host"], document["unreachable"]
    counts = Counter({"error": 1}) if reason else Counter(_element(result) for result in document["results"])
    yield "<testsuite" + _attributes(
        name=host["name"],
        package=document["baseline"]["id"],
        tests=counts.total(),
        failures=counts["failure"],
        errors=counts["error"],
        skipped=counts["skipped"],
        time=f"{seconds_between(document['started_at'], document['finished_at']):.3f}",
        timestamp=document["started_at"][:19],
        hostname=host["address"] or host["name"],
    )
    yield ">\n" + _properties(document)
    if reason:
        case = _attributes(classname=host["name"], name="The host is reached")
        yield f"<testcase{case}>{_child('error', 'unreachable', reason, '')}</testcase>\n"
    else:
        for result in document["results"]:
            yield _case(result, document)
    yield "</testsuite>\n"


def _case(result: Mapping[str, Any], document: Document) -> str:
    check = document["checks"][result["check"]]
    subject = "" if result["subject"] == document["host"]["name"] else f" [{result['subject']}]"
    case = _attributes(classname=f"{document['host']['name']}.{check['domain']}", name=f"{check['title']} ({check['id']}){subject}")
    outcome, element = result["outcome"], _element(result)
    if not element:
        return f"<testcase{case}/>\n"
    sentences = [write_finding(ENGLISH, finding) for finding in result["findings"]]
    unseen = result["findings_total"] - len(sentences)
    message = result["reason"] or (sentences[0] if sentences else ENGLISH.translate(outcome))
    lines = [
        *sentences,
        *([f"... and {unseen} more"] if unseen else []),
        f"Severity: {result['severity']}",
        *([f"Decided: {result['disposition']}"] if result["disposition"] != "none" else []),
        *([f"Requirements: {', '.join(result['requirements'])}"] if result["requirements"] else []),
        *_remedy(check),
    ]
    kind = result["severity"] if element == "failure" else outcome
    return f"<testcase{case}>{_child(element, kind, message, chr(10).join(lines))}</testcase>\n"


def _remedy(check: Mapping[str, Any]) -> Iterator[str]:
    """How to mend it, where that is known."""
    terms = ENGLISH.remedy_terms(check)
    if check["remedy"]:
        yield f"Remedy ({terms}): {prose(check['remedy'])}" if terms else f"Remedy: {prose(check['remedy'])}"


def _element(result: Mapping[str, Any]) -> str:
    return _WORDS.word(result["outcome"], result["disposition"]).said


def _child(element: str, kind: str, message: str, text: str) -> str:
    return f"<{element}{_attributes(type=kind, message=message)}>{for_xml(shorten(text, _TEXT_LIMIT))}</{element}>"


def _properties(document: Document) -> str:
    tally, provenance = document["tally"], document["provenance"]
    named = {
        "system": document["host"]["system"],
        "baseline_sha256": document["baseline"]["sha256"],
        "compliance": ENGLISH.rate(tally["compliance"]),
        "coverage": ENGLISH.rate(tally["coverage"]),
        "tool_version": provenance["tool_version"],
        "judged_by": judged_by(document),
        "bundle_sha256": provenance["bundle_sha256"],
    }
    properties = "".join(f"<property{_attributes(name=name, value=value)}/>" for name, value in named.items())
    return f"<properties>{properties}</properties>\n"


def _attributes(**values: object) -> str:
    """Attributes; line ends in them become visible too, since XML would fold them."""
    return "".join(f' {name}="{for_xml(prose(shorten(str(value), _TEXT_LIMIT)))}"' for name, value in values.items())


REPORTER = Reporter("junit", "xml", "application/xml", "JUnit XML, for continuous integration", render)
