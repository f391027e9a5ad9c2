"""Pages about checks, baselines, probes and matchers, in Markdown that reads well in a terminal too."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from secscan.content.coverage import Coverage
from secscan.content.frameworks import nist_controls, rules
from secscan.model.assessment import RequirementText
from secscan.model.check import Baseline, Case, Check, Condition, Literal, LocalChange, Parameter, Selection, Subject
from secscan.model.matcher import Matcher
from secscan.model.probe import Argument, Attribute, Probe
from secscan.model.values import Type, write_duration, write_value

WIDTH = 80
_FRAMEWORKS = {
    "nist_800_53": "NIST SP 800-53 r5",
    "nist_csf": "NIST CSF 2.0",
    "iso_27001": "ISO/IEC 27001:2022",
    "iso_22301": "ISO 22301:2019",
    "cis_v8": "CIS Controls v8.1",
    "pci_dss": "PCI DSS v4",
    "ssg": "ComplianceAsCode",
    "un_catalogue": "Catalogue of proposals",
}
_TITLED = {"nist_800_53": nist_controls, "ssg": rules}  # frameworks whose titles are known and free


def check_page(check: Check, data: Mapping[str, Any], probes: Mapping[str, Probe], requirements: Iterable[RequirementText]) -> str:
    """Everything about a check. `data` is its file as plain data, `requirements` those that it serves."""
    facts = f"`{check.id}` · {check.domain} · severity {check.severity}{_about(check)}"
    head = [f"# {check.title}", facts, *_paragraph(check.rationale)]
    parts = [
        *head,
        *_section("How it is looked at", _asked(check, probes)),
        *_section("What is expected", [_yaml(data["expect"])] if "expect" in data else []),
        *_section("Questions for a person", [f"- {question}" for question in check.questions]),
        *_section("When it applies", map(_condition, check.applies_to)),
        *_section("Parameters", [_parameter(parameter) for parameter in check.parameters.values()]),
        *_section(f"Remedy ({check.remediation.effort}, takes effect at {check.remediation.when})", _remedy(check)),
        *_section("Cases", map(_case, check.cases)),
        *_section("Serves", [f"- {text.id} {text.title} ({text.source})" for text in requirements]),
        *_section("The same elsewhere", [_reference(name, ids) for name, ids in check.references.items()]),
        f"File: `{check.path}`",
    ]
    return "\n\n".join(parts) + "\n"


def baseline_page(baseline: Baseline, checks: Mapping[str, Check], requirements: Mapping[str, RequirementText]) -> str:
    """Which checks a baseline holds for which requirement, with what differs from the check's own defaults."""
    by_requirement: dict[str, list[Selection]] = {}
    for selection in baseline.selections:
        for name in selection.requirements:
            by_requirement.setdefault(name, []).append(selection)
    counted = f"{len(baseline.selections)} checks for {len(by_requirement)} requirements"
    parts = [
        f"# {baseline.title}",
        f"`{baseline.id}` · {counted} · {len(baseline.not_automated)} not automated",
        *_paragraph(baseline.description),
        *_section("Built from", [" -> ".join(baseline.lineage)] if len(baseline.lineage) > 1 else []),
        *_section("Changed against what it extends", map(_change, baseline.changes)),
    ]
    for name in sorted(by_requirement):
        lines = [_selection(selection, checks[selection.check]) for selection in by_requirement[name]]
        parts += _section(f"{name} {requirements[name].title}", lines)
    reasons = [_wrapped(f"- {name}: {why}", "  ") for name, why in sorted(baseline.not_automated.items())]
    return "\n\n".join([*parts, *_section("Not automated", reasons), f"File: `{baseline.path}`"]) + "\n"


def requirement_page(coverage: Coverage, checks: Mapping[str, Check]) -> str:
    """A requirement in full, and what serves it."""
    row = coverage.requirement
    note = "" if row.note.partition(" ")[0] in ("", "memory", row.verification.value) else f"; {row.note}"
    serving = [*coverage.checks, *coverage.attested]
    parts = [
        f"# {row.id} {row.title}",
        _wrapped(row.statement),
        *_section("Source", [_wrapped(f"{row.place} ({row.verification.meaning}{note})")]),
        *_section("Evidence", [_wrapped(f"- {each}", "  ") for each in row.evidence]),
        *_section("Served by checks", [_wrapped(f"- `{name}` {checks[name].title}", "  ") for name in serving]),
        *_section("Served by derived requirements", [", ".join(coverage.parts)] if coverage.parts else []),
        *_section(f"Served: {coverage.served.value.replace('_', ' ')}", [_wrapped(coverage.reason)] if coverage.reason else []),
        *_section("The same elsewhere", [_reference(name, ids) for name, ids in row.mappings.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def probe_page(probe: Probe) -> str:
    """What a probe can be asked and what it tells, with an example answer."""
    facts = [_source(probe)]
    if probe.time_limit_s:
        facts.append(f"at most {probe.time_limit_s} s")
    if probe.condition:
        facts.append(f"applies_to: {{{probe.name}: [{probe.condition}, ...]}}")
    parts = [
        f"# Probe {probe.name}",
        _wrapped(f"{probe.summary}. ({'; '.join(facts)})"),
        *_section("Arguments", [_argument(each) for each in probe.arguments]),
        *_section("Attributes (the first is meant when none is named)", _attributes(probe.attributes)),
        *_section("A raw answer", [_fenced(probe.example.rstrip("\n"), "text")]),
    ]
    return "\n\n".join(parts) + "\n"


def _source(probe: Probe) -> str:
    """Where its answer comes from."""
    if probe.derived:
        return f"about {'the' if probe.derived == Subject.ORGANIZATION.value else 'each'} {probe.derived}, from what all hosts said"
    return "asked from the scanner's side" if probe.outside else "needs root" if probe.needs_root else "any user"


def matcher_page(matcher: Matcher) -> str:
    """What a matcher compares."""
    accepted = ", ".join(sorted(kind.value for kind in matcher.accepts))
    return (
        "\n\n".join(
            [
                f"# Matcher {matcher.name}",
                _wrapped(f"`{matcher.name}`: {matcher.summary}."),
                _fenced(matcher.example, "yaml"),
                _wrapped(f"Attributes: {accepted}."),
            ]
        )
        + "\n"
    )


def _about(check: Check) -> str:
    return {Subject.ORGANIZATION: " · about the organization", Subject.SERVICE: " · about each service"}.get(check.subject, "")


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """A heading and its lines; nothing when there are none."""
    body = list(lines)
    return [f"## {title}", "\n".join(body)] if body else []


def _paragraph(text: str) -> list[str]:
    return [_wrapped(text)] if text else []


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _fenced(text: str, kind: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{kind}\n{text}\n{fence}"


def _yaml(data: Any) -> str:
    import yaml  # noqa: PLC0415 - only for pages

    written = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None)
    return _fenced(written.rstrip("\n"), "yaml")


def _asked(check: Check, probes: Mapping[str, Probe]) -> Iterator[str]:
    for ask in check.asks:
        probe = probes[ask.probe]
        given = ", ".join(_argument_value(name, value, probe) for name, value in ask.arguments if _is_given(name, value, probe))
        root = ", as root" if probe.needs_root else ""
        yield _wrapped(f"- `{ask.name}`: probe `{ask.probe}`{f' ({given})' if given else ''}: {probe.summary}{root}", "  ")


def _is_given(name: str, value: Any, probe: Probe) -> bool:
    argument = probe.argument(name)
    return not isinstance(value, Literal) or argument is None or value.value != argument.default


def _argument_value(name: str, value: Any, probe: Probe) -> str:
    if not isinstance(value, Literal):
        return f"{name}: parameter {value.name}"
    argument = probe.argument(name)
    return f"{name}: {_value(argument.type if argument else Type.TEXT, value.value)}"


def _value(kind: Type, value: Any) -> str:
    if kind is Type.DURATION and isinstance(value, int | float):
        return write_duration(value)
    shown = write_value(kind, value)
    return ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)


def _condition(condition: Condition) -> str:
    if condition.kind == "label":
        return "- " + "; ".join(f"the host's label `{name}` is one of {', '.join(values)}" for name, values in condition.labels)
    if condition.kind == "when":
        return "- the expectations under `applies_to: when` hold on the host"
    asked = ", ".join(
        str(value.value) for ask in condition.asks for _, value in ask.arguments if isinstance(value, Literal) and value.value
    )
    return _wrapped(f"- {condition.asks[0].probe}: any of {asked} is there", "  ")


def _parameter(parameter: Parameter) -> str:
    stricter = f"; stricter: {parameter.stricter}" if parameter.stricter else ""
    default = _value(parameter.type, parameter.default)
    return _wrapped(f"- `{parameter.name}` ({parameter.type}, default {default}{stricter}): {parameter.describe}", "  ")


def _remedy(check: Check) -> list[str]:
    return [_wrapped(line) if line.strip() else "" for line in check.remediation.text.splitlines()]


def _case(case: Case) -> str:
    return _wrapped(f"- {case.outcome.replace('_', ' ')}: {case.name}", "  ")


def _reference(framework: str, ids: Sequence[str]) -> str:
    titles = _TITLED[framework]() if framework in _TITLED else {}
    return _wrapped(f"- {_FRAMEWORKS[framework]}: " + "; ".join(f"{name} {titles.get(name, '')}".rstrip() for name in ids), "  ")


def _change(change: LocalChange) -> str:
    why = f": {change.reason}" if change.reason else ""
    who = f" ({change.approver})" if change.approver else ""
    return _wrapped(f"- {change.baseline}: `{change.check}` {change.change}{why}{who}", "  ")


def _selection(selection: Selection, check: Check) -> str:
    notes = []
    for name, parameter in check.parameters.items():
        if selection.parameters[name] != parameter.default:
            notes.append(f"{name} = {_value(parameter.type, selection.parameters[name])}")
    if selection.severity is not check.severity:
        notes.append(f"severity {selection.severity}")
    if selection.locked:
        notes.append("locked")
    told = f" ({'; '.join(notes)})" if notes else ""
    return _wrapped(f"- `{selection.check}` {check.title}{told}", "  ")


def _argument(argument: Argument) -> str:
    facts = [argument.type.value, "required" if argument.required else "optional"]
    if argument.default is not None:
        facts.append(f"default {json.dumps(argument.default)}")
    if argument.choices:
        facts.append("one of " + ", ".join(argument.choices))
    return _wrapped(f"- `{argument.name}` ({', '.join(facts)}): {argument.describe}", "  ")


def _attributes(attributes: Iterable[Attribute], indent: str = "") -> Iterator[str]:
    for attribute in attributes:
        yield textwrap.fill(
            f"{indent}- `{attribute.name}` ({attribute.type}): {attribute.describe}", WIDTH, subsequent_indent=indent + "  "
        )
        yield from _attributes(attribute.fields, indent + "  ")
