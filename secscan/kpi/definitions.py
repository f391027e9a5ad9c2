"""The definitions of the indicators, which are data, and an organization's own targets and risks beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from secscan.documents import Document, parse_document, read_document
from secscan.redaction import LEFT_OUT

_FILE = Path(__file__).with_name("definitions.yaml")
_RISK_KEYS = ("owner", "treatment", "likelihood", "impact", "residual", "note")
TREATMENTS = ("mitigate", "accept", "transfer", "avoid")


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator. `measure` is a kind of figure and what it is of; `direction` says which way is better: up or down."""

    id: str
    title: str
    formula: str
    unit: str
    target: float
    direction: str
    source: str
    measure: tuple[str, Any]

    def reached(self, value: float | None, target: float) -> bool | None:
        """Whether a value reaches a target; None without a value."""
        if value is None:
            return None
        return value >= target if self.direction == "up" else value <= target


@dataclass(frozen=True, slots=True)
class OwnRisk:
    """What an organization says of the risk that a check fails; likelihood and impact from 1 to 4, None: as computed."""

    owner: str = ""
    treatment: str = ""
    likelihood: int | None = None
    impact: int | None = None
    residual: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Governance:
    """An organization's own targets by indicator, its risks by check, and what it proposes to change."""

    targets: Mapping[str, float] = field(default_factory=dict)
    risks: Mapping[str, OwnRisk] = field(default_factory=dict)
    adjustments: Sequence[str] = ()


def redact_governance(own: Governance, called: Mapping[str, str]) -> Governance:
    """The file without what people wrote in it. `called` has what the checks are called in the redacted documents."""
    risks = {
        called.get(check, check): replace(risk, owner=LEFT_OUT if risk.owner else "", note=LEFT_OUT if risk.note else "")
        for check, risk in own.risks.items()
    }
    return Governance(own.targets, risks, (LEFT_OUT,) * len(own.adjustments))


@cache
def definitions() -> tuple[int, tuple[Definition, ...]]:
    """The version of the set, and every indicator in it."""
    data = parse_document(_FILE.read_text(encoding="utf-8"), _FILE.name).data
    found = []
    for entry in data["indicators"]:
        ((kind, what),) = entry["measure"].items()
        found.append(Definition(**{**entry, "target": float(entry["target"]), "measure": (kind, what)}))
    return data["version"], tuple(found)


def read_governance(path: Path) -> Governance:
    """An organization's file: targets, risks, adjustments. Raises InputError with all that is wrong."""
    document = read_document(path)
    data = document.data if isinstance(document.data, dict) else {}
    if not isinstance(document.data, dict) and not document.problems:
        document.report((), "must be a mapping", "targets, risks, adjustments")
    document.reject_unknown((), data, ("targets", "risks", "adjustments"))
    targets = _read_targets(document, _section(data, "targets", {}))
    risks = _read_risks(document, _section(data, "risks", {}))
    adjustments = _section(data, "adjustments", [])
    if not isinstance(adjustments, list) or not all(isinstance(each, str) for each in adjustments):
        document.report(("adjustments",), "'adjustments' must be a list of texts")
        adjustments = []
    document.raise_problems()
    return Governance(targets, risks, tuple(adjustments))


def extract(stream: BinaryIO, keywords: Any, comment_tags: Any, options: Any) -> Iterator[tuple[int, None, str, list[str]]]:
    """The titles and formulas, for pybabel (see babel.cfg)."""
    for entry in parse_document(stream.read().decode("utf-8"), _FILE.name).data["indicators"]:
        yield from ((1, None, entry[key], []) for key in ("title", "formula"))


def _section(data: Mapping[str, Any], name: str, empty: Any) -> Any:
    return empty if data.get(name) is None else data[name]


def _read_targets(document: Document, data: Any) -> dict[str, float]:
    known = [definition.id for definition in definitions()[1]]
    if not isinstance(data, dict):
        document.report(("targets",), "'targets' must be a mapping", ", ".join(known))
        return {}
    document.reject_unknown(("targets",), data, known)
    found = {}
    for name, value in data.items():
        if type(value) is not int or value < 0:
            document.report(("targets", name), f"the target of {name!r} must be a whole number", "0 or more, per cent or a count")
        else:
            found[name] = float(value)
    return found


def _read_risks(document: Document, data: Any) -> dict[str, OwnRisk]:
    if not isinstance(data, dict):
        document.report(("risks",), "'risks' must be a mapping of checks", "CHECK: {owner, treatment, ...}")
        return {}
    found = {}
    for check, entry in data.items():
        place = ("risks", check)
        if not isinstance(entry, dict):
            document.report(place, f"the risk of {check!r} must be a mapping", ", ".join(_RISK_KEYS))
            continue
        document.reject_unknown(place, entry, _RISK_KEYS)
        before = len(document.problems)
        for key in ("likelihood", "impact", "residual"):
            most = 16 if key == "residual" else 4
            if key in entry and (type(entry[key]) is not int or not 1 <= entry[key] <= most):
                document.report((*place, key), f"{key!r} must be a whole number from 1 to {most}")
        for key in ("owner", "treatment", "note"):
            if key in entry and not isinstance(entry[key], str):
                document.report((*place, key), f"{key!r} must be text")
        if entry.get("treatment", "accept") not in TREATMENTS:
            document.report((*place, "treatment"), f"no treatment is named {entry['treatment']!r}", ", ".join(TREATMENTS))
        if len(document.problems) == before and entry.keys() <= set(_RISK_KEYS):
            found[check] = OwnRisk(**entry)
    return found
