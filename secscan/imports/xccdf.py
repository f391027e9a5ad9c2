"""XCCDF TestResults, alone, in their Benchmark or inside an ARF report (NISTIR 7275r4, 7694): an assessment for each.

The file is read element by element: rules and results are taken down to what we need and thrown away, and whatever is not XCCDF
(OVAL results, asset reports) is not kept at all.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from secscan.imports.reading import Draft, Foreign, host_name, joined, moment, name, severity, text
from secscan.model.assessment import CheckText, Disposition, Host, Outcome, Result
from secscan.terms import CATALOGUES
from secscan.vocabularies import FOREIGN

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SPACES = ("http://checklists.nist.gov/xccdf/1.2", "http://checklists.nist.gov/xccdf/1.1")
_KEPT = ("Rule", "TestResult", "Profile", "title")
_ELEMENTS = 5_000_000  # of a file
_HELD = 200_000  # in memory at once
_DEPTH = 200
_CATALOGUES = {
    "800-53": "nist_800_53",
    "cisecurity.org": "cis",
    "iso.org": "iso_27001",
    "iso27001": "iso_27001",
    "cce.mitre.org": "cce",
    "nvd.nist.gov/cce": "cce",
    "pcisecuritystandards": "pci_dss",
    "csf": "nist_csf",
}
_OURS = "urn:secscan:catalogue:"
_BEFORE_STOP = re.compile(r" ([.,;:)])(?= |$)")  # where an element such as <code> ended


@dataclass(slots=True)
class _Rule:
    """What a Benchmark says about a rule."""

    check: CheckText
    severity: str


@dataclass(slots=True)
class _Benchmark:
    """What is known so far: a file has its rules before its results."""

    written_at: float  # when the file was written
    title: str = ""
    rules: dict[str, _Rule] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    results: list[Draft] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)


def read(data: bytes, written_at: float) -> Iterator[Foreign]:
    """The assessments of a file; what tells no time is of `written_at`, in seconds since the epoch.

    Raises what the XML parser and defusedxml raise, and ValueError beyond the bounds.
    """
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415 - only for XML

    benchmark, inside, count, held = _Benchmark(written_at), 0, 0, 0
    stack: list[Element] = []
    root = ""
    for event, element in iterparse(io.BytesIO(data), ("start", "end"), forbid_dtd=True):
        tag = _tag(element)
        if event == "start":
            root = root or element.tag.rpartition("}")[2]
            count += 1
            stack.append(element)
            inside += tag in _KEPT
            held = held + 1 if inside else 0
            if count > _ELEMENTS or held > _HELD or len(stack) > _DEPTH:
                raise ValueError("it has too many elements, or nests them too deep")
            if tag == "Group":
                benchmark.groups.append(element.get("id", ""))
            continue
        stack.pop()
        _take(tag, element, stack, benchmark)
        inside -= tag in _KEPT
        if not inside:
            element.clear()
            if stack:
                stack[-1].remove(element)
        elif tag == "rule-result":
            held -= sum(1 for _ in element.iter()) - 1
            element[:] = []
    form = "ARF" if root == "asset-report-collection" else "XCCDF"
    for draft, tool in zip(benchmark.results, benchmark.tools, strict=True):
        yield Foreign(draft.assessment(), tool, form)


def _tag(element: Element) -> str:
    """The name of an XCCDF element; empty for elements of other name spaces."""
    space, _, local = element.tag[1:].partition("}") if element.tag.startswith("{") else ("", "", element.tag)
    return local if space in _SPACES else ""


def _take(tag: str, element: Element, stack: list[Element], benchmark: _Benchmark) -> None:
    """Keep what an element that has just ended tells."""
    parent = _tag(stack[-1]) if stack else ""
    if tag == "title" and parent == "Benchmark":
        benchmark.title = _words(element)
    elif tag == "Group":
        benchmark.groups.pop()
    elif tag == "Profile":
        benchmark.profiles[element.get("id", "")] = _child(element, "title")
    elif tag == "Rule":
        identifier = element.get("id", "")
        benchmark.rules[identifier] = _rule(element, benchmark.groups)
    elif tag == "TestResult":
        benchmark.results.append(_test_result(element, benchmark))
        benchmark.tools.append(_tool(element.get("test-system")))
    elif tag == "rule-result":
        told = _told(element)
        element.attrib.update({f"told-{key}": value for key, value in told.items()})


def _words(element: Element | None, limit: int = 4000) -> str:
    if element is None:
        return ""
    pieces, size = [], 0
    for piece in element.itertext():
        pieces.append(piece[: 4 * limit])
        size += len(piece)
        if size > 4 * limit:
            break
    return _BEFORE_STOP.sub(r"\1", text(" ".join(pieces), limit))


def _find(element: Element, local: str) -> Iterator[Element]:
    return (child for child in element if _tag(child) == local)


def _child(element: Element, local: str) -> str:
    return _words(next(_find(element, local), None))


def _short(identifier: str, kind: str) -> str:
    """`xccdf_org.ssgproject.content_rule_no_empty_passwords` is `no_empty_passwords`."""
    return name(identifier.partition(f"_{kind}_")[2] or identifier)


def _rule(element: Element, groups: list[str]) -> _Rule:
    references: dict[str, list[str]] = {}
    for reference in (*_find(element, "reference"), *_find(element, "ident")):
        where = reference.get("href") or reference.get("system") or ""
        catalogue = where.removeprefix(_OURS) if where.startswith(_OURS) else _catalogue(where)
        if catalogue and len(references.get(catalogue, ())) < 100:
            said = name(_words(reference)).removeprefix(f"{CATALOGUES.get(catalogue, '')} ")
            references.setdefault(catalogue, []).append(said)
    identifier = element.get("id", "")
    rationale, described = _child(element, "rationale"), _child(element, "description")
    if "ssgproject" in identifier:
        references.setdefault("ssg", []).append(_short(identifier, "rule"))
    check = CheckText(
        id=_short(identifier, "rule"),
        domain=_short(groups[-1], "group") if groups else "imported",
        title=_child(element, "title") or _short(identifier, "rule"),
        rationale=rationale or _discussion(described),
        remedy=_child(element, "fixtext") or (described if rationale else ""),  # SCAP Security Guide describes how it should be
        effort="",
        when="",
        references={catalogue: tuple(filter(None, dict.fromkeys(several))) for catalogue, several in references.items()},
        sha256="",
    )
    return _Rule(check, element.get("severity", ""))


def _discussion(described: str) -> str:
    """The prose of a description; DISA's have markup in the text, of which the discussion is what people read."""
    inside = described.partition("<VulnDiscussion>")[2].partition("</VulnDiscussion>")[0]
    return inside or described


def _catalogue(where: str) -> str:
    return next((catalogue for mark, catalogue in _CATALOGUES.items() if mark in where.lower()), "")


def _tool(system: str | None) -> str:
    """`cpe:/a:redhat:openscap:1.3.7` as `openscap 1.3.7`."""
    parts = (system or "").removeprefix("cpe:/a:").split(":")
    return name(" ".join(parts[1:3]) if (system or "").startswith("cpe:/a:") else system) or "an XCCDF tool"


def _told(element: Element) -> dict[str, str]:
    """What a rule-result says, as plain texts, so that its elements need not be kept."""
    override = next(_find(element, "override"), None)
    measured = _child(override, "old-result") if override is not None else ""
    messages = [_words(message, 500) for message in _find(element, "message")]
    if override is not None:
        messages.append(f"{_child(override, 'remark')} ({name(override.get('authority'))})")
    instance = next(_find(element, "instance"), None)
    return {
        "result": name(_child(element, "result")),
        "measured": name(measured),
        "reason": joined(messages),
        "subject": name(_words(instance)) if instance is not None else "",
    }


def _test_result(element: Element, benchmark: _Benchmark) -> Draft:
    finished = moment(element.get("end-time"))
    started = moment(element.get("start-time"))
    moments = [value for value in (started, finished) if value is not None] or [benchmark.written_at]
    profile = next((each.get("idref", "") for each in _find(element, "profile")), "")
    titles = [benchmark.profiles.get(profile, ""), benchmark.title or _child(element, "title")]
    draft = Draft(
        baseline=_short(profile, "profile") or "imported",
        title=": ".join(dict.fromkeys(filter(None, titles))),
        host=_host(element),
        started_at=moments[0],
        finished_at=moments[-1],
    )
    for result in _find(element, "rule-result"):
        identifier = result.get("idref", "")
        rule = benchmark.rules.get(identifier) or _Rule(_unknown_rule(identifier), "")
        draft.add(rule.check, _result(result.attrib, rule, draft.host.name))
    return draft


def _unknown_rule(identifier: str) -> CheckText:
    """A rule that the file does not define."""
    short = _short(identifier, "rule")
    return CheckText(short, "imported", short, "", "", "", "", {}, "")


def _host(element: Element) -> Host:
    facts: dict[str, str] = {}
    for group in _find(element, "target-facts"):
        facts |= {each.get("name", "").rpartition(":")[2]: name(each.text) for each in _find(group, "fact")}
    identity = next(_find(element, "identity"), None)
    addresses = [_words(each, 100) for each in _find(element, "target-address")]
    outside = [address for address in addresses if not address.startswith(("127.", "::1", "0:0:0:0:0:0:0:1"))]
    return Host(
        name=host_name(_child(element, "target")),
        address=next(iter(outside or addresses), ""),
        user=name(identity.text) if identity is not None else "",
        uid=0 if identity is not None and identity.get("privileged") in {"true", "1"} else None,
        hostname=facts.get("host_name", "") or facts.get("fqdn", ""),
        system=facts.get("system", ""),
        kernel=facts.get("kernel", ""),
        site=facts.get("site", ""),
        criticality=facts.get("criticality", ""),
        machine_id=facts.get("machine_id", ""),
    )


_STATED = {
    Outcome.PASS: Disposition.ATTESTED,
    Outcome.FAIL: Disposition.ATTESTED_FAIL,
    Outcome.NOT_APPLICABLE: Disposition.ATTESTED_NOT_APPLICABLE,
}
"""What an override says where nothing was measured."""


def _result(told: Mapping[str, str], rule: _Rule, host: str) -> Result:
    said, measured = told["told-result"], told["told-measured"]
    outcome = FOREIGN["xccdf"].get(measured or said, Outcome.ERROR)
    disposition = Disposition.NONE
    if measured and measured != said:
        stated = _STATED.get(FOREIGN["xccdf"].get(said, Outcome.ERROR)) if outcome in {Outcome.MANUAL, Outcome.ERROR} else None
        disposition = stated or Disposition.WAIVED
    reason = told["told-reason"]
    if not reason and said not in {"pass", "fail", "notapplicable", "notselected"}:
        reason = f"the tool says: {said or 'nothing'}"
    return Result(
        check=rule.check.id,
        subject=told["told-subject"] or host,
        outcome=outcome,
        severity=severity(told.get("severity") or rule.severity),
        reason=reason,
        disposition=disposition,
    )
