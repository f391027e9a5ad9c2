"""What a result comes to, in sentences: where, what was expected and what was found.

Values that came from a host are quoted but not made harmless: that is for the medium (see inert.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secscan.messages import mark
from secscan.wording import ENGLISH, Wording

VALUE_LIMIT = 300  # characters of one value in a sentence
_EXPECTED = {
    "equals": mark("{expected}"),
    "in": mark("one of {expected}"),
    "not_in": mark("none of {expected}"),
    "matches": mark("a text that matches {expected}"),
    "contains": mark("to contain {expected}"),
    "lacks": mark("not to contain {expected}"),
    "at_least": mark("at least {expected}"),
    "at_most": mark("at most {expected}"),
    "mode_at_most": mark("permissions of at most {expected}"),
    "older_than": mark("longer than {expected} ago"),
    "newer_than": mark("no longer than {expected} ago"),
    "left_at_least": mark("at least {expected} from now"),
    "version_at_least": mark("version {expected} or newer"),
    "subset_of": mark("nothing but {expected}"),
    "superset_of": mark("all of {expected}"),
    "no": mark("no record like this"),
    "each": mark("a collection to look through"),
    "none": mark("something of this to hold"),
    "none no": mark("a record like this"),
    "none each": mark("a record that is not like this"),
}
_FLAGS = {
    ("empty", True): mark("to be empty"),
    ("empty", False): mark("not to be empty"),
    ("present", True): mark("to be there"),
    ("present", False): mark("not to be there"),
    ("absent", True): mark("not to be there"),
    ("absent", False): mark("to be there"),
}
_AGES = {"older_than", "newer_than", "left_at_least"}


def write_finding(w: Wording, finding: Mapping[str, Any]) -> str:
    """A finding document as a sentence: `root_login.value: expected one of "no", got "yes"`."""
    where = write_place(w, finding)
    if finding["holds"] is None:
        return w.sentence(
            mark("{where}: cannot be told: {reason}"), where=where, reason=finding["reason"] or write_actual(w, finding)
        )
    if finding["matcher"] == "no" and finding["item"]:
        return w.sentence(mark("{where}: must not be there"), where=where)
    said = w.sentence(
        mark("{where}: expected {expected}, got {actual}"),
        where=where,
        expected=write_expected(w, finding),
        actual=write_actual(w, finding),
    )
    return w.joined("; ", [said, *write_details(w, finding)])


def write_place(w: Wording, finding: Mapping[str, Any]) -> str:
    """What a finding is about: the attribute, and the record of a collection."""
    that = finding["that"]
    return f"{that} ({write_record(w, finding['item'])})" if finding["item"] else str(that)


def write_headline(w: Wording, result: Mapping[str, Any]) -> str:
    """What a result comes to in one sentence; empty for a pass."""
    findings = result["findings"]
    if not findings or result["outcome"] == "manual":
        return str(result["reason"])
    more = result["findings_total"] - 1
    return w.joined(" ", [write_finding(w, findings[0]), *([f"(+{w.figures.number(more)})"] if more > 0 else [])])


def write_expected(w: Wording, finding: Mapping[str, Any]) -> str:
    """What was expected, without the word itself."""
    matcher, expected = finding["matcher"], finding["expected"]
    if matcher.startswith("none ") and matcher not in _EXPECTED:
        return w.sentence(
            mark("not: {expected}"), expected=write_expected(w, {**finding, "matcher": matcher.removeprefix("none ")})
        )
    flag = _FLAGS.get((matcher, expected)) if isinstance(expected, bool) else None
    if flag:
        return w.translate(flag)
    text = w.figures.duration(expected) if matcher in _AGES and isinstance(expected, int | float) else write_value(w, expected)
    if matcher in _EXPECTED:
        return w.sentence(_EXPECTED[matcher], expected=text)
    return f"{matcher} {text}"


def write_actual(w: Wording, finding: Mapping[str, Any]) -> str:
    """What was found, without the word itself."""
    actual = finding["actual"]
    if actual is None and finding["item"]:
        return w.translate(mark("this one"))
    if actual is None:
        return w.translate(mark("nothing"))
    return write_value(w, actual)


def write_details(w: Wording, finding: Mapping[str, Any]) -> list[str]:
    """What expected and actual do not say: missing and surplus elements, and the matcher's own reason."""
    said = []
    if finding["missing"]:
        said.append(w.sentence(mark("missing: {elements}"), elements=write_value(w, finding["missing"])))
    if finding["extra"]:
        said.append(w.sentence(mark("too much: {elements}"), elements=write_value(w, finding["extra"])))
    if finding["reason"]:
        said.append(finding["reason"])
    return said


def write_value(w: Wording, value: Any) -> str:
    """A JSON value for people: texts in quotes, lists with commas, absence and ignorance in words."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= VALUE_LIMIT else w.cut(f'"{value}"', VALUE_LIMIT, '…"')
    if isinstance(value, bool):
        return w.translate(mark("true") if value else mark("false"))
    if value is None:
        return w.translate(mark("nothing"))
    if isinstance(value, list):
        return w.cut(w.joined(", ", [write_value(w, each) for each in value]), VALUE_LIMIT) or w.translate(mark("an empty list"))
    if isinstance(value, Mapping):
        return _mapping(w, value)
    return str(value)


def write_record(w: Wording, record: Mapping[str, Any]) -> str:
    """A record on one line as machines write it, in every language: `user=games uid=5 shell=- hash=?`.

    `-` is for what is not there, `?` for what nobody could see: the reason stands once, beside the record.
    """
    return w.cut(" ".join(f"{name}={_field(item)}" for name, item in record.items()), VALUE_LIMIT)


def _mapping(w: Wording, value: Mapping[str, Any]) -> str:
    if set(value) == {"absent"}:
        return (
            w.sentence(mark("nothing (not there: {what})"), what=value["absent"])
            if value["absent"]
            else w.translate(mark("nothing"))
        )
    if set(value) == {"unobservable"}:
        return w.sentence(mark("no answer ({reason})"), reason=value["unobservable"])
    if set(value) == {"records"} and isinstance(value["records"], int):
        count = value["records"]
        return w.translate_plural("{count} record", "{count} records", count).format(count=w.figures.number(count))
    if value == {"present": True}:
        return w.translate(mark("something that is there"))
    return w.cut(json.dumps(value, ensure_ascii=False), VALUE_LIMIT)


def gathered(findings: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """Findings that say the same of several attributes as one that names them all, each with the number it stands for."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        alike = {**finding, "that": finding["that"] if finding["item"] else ""}
        groups.setdefault(json.dumps(alike, sort_keys=True), []).append(finding)
    return [
        ({**group[0], "that": ", ".join(dict.fromkeys(each["that"] for each in group))}, len(group)) for group in groups.values()
    ]


def _field(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) in ({"absent"}, {"unobservable"}):
        return "-" if "absent" in value else "?"
    return value if isinstance(value, str) else write_value(ENGLISH, value)
