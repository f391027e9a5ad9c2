"""The risk register: a risk for every check that fails anywhere, with likelihood, impact, owner, treatment and what remains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secscan.assessments import Document
from secscan.figures import last_day
from secscan.inert import fold
from secscan.kpi.definitions import Governance, OwnRisk

LIKELIHOODS = (5, 25, 50, 100)
"""Likelihood 1 to 4: up to so many per cent of the places on which a check was wanted fail it."""
IMPACTS: Mapping[str, int] = {"low": 1, "medium": 2, "high": 3, "critical": 4}
_WANTED = frozenset({"pass", "fail", "error", "manual"})
_NOTHING = OwnRisk()


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk. `residual` is what remains once it is treated as said: score 1 to 16.

    `owners` come from decisions, and so does `due`, the last day of what was accepted.
    """

    check: str
    title: str
    domain: str
    severity: str
    likelihood: int
    impact: int
    failing: int
    accepted: int
    wanted: int
    owner: str
    treatment: str
    residual: int
    due: str
    remedy: str
    effort: str
    requirements: tuple[str, ...]
    note: str

    @property
    def score(self) -> int:
        """Likelihood times impact."""
        return self.likelihood * self.impact


@dataclass(slots=True)
class _Counted:
    title: str
    domain: str
    remedy: str
    effort: str
    severity: str = "low"
    wanted: int = 0
    failing: int = 0
    accepted: int = 0
    due: str = ""
    owners: Counter[str] = field(default_factory=Counter)
    requirements: dict[str, None] = field(default_factory=dict)


def likelihood(failing: int, wanted: int) -> int:
    """1 to 4, by the share of the places on which it fails."""
    share = 100 * failing / wanted
    return next(level for level, most in enumerate(LIKELIHOODS, 1) if share <= most)


def residual(chance: int, impact: int, failing: int, accepted: int) -> int:
    """What remains once all but the accepted failures are mended: those alone make the likelihood, and 1 is the least."""
    return max(1, -(-chance * impact * accepted // failing))


def register(documents: Iterable[Document], governance: Governance | None = None) -> list[Risk]:
    """Every risk, the greatest first. What the organization says of one goes before what is computed."""
    counted: dict[str, _Counted] = {}
    for document in documents:
        _count(document, counted)
    own = governance.risks if governance else {}
    found = [_risk(check, each, own.get(check, _NOTHING)) for check, each in counted.items() if each.failing]
    return sorted(found, key=lambda risk: (-risk.score, -risk.failing, risk.check))


def _count(document: Document, counted: dict[str, _Counted]) -> None:
    label = document["host"]["labels"].get("owner", "")
    for result in document["results"]:
        outcome, text = result["outcome"], document["checks"][result["check"]]
        if outcome not in _WANTED:
            continue
        each = counted.setdefault(result["check"], _Counted(text["title"], text["domain"], fold(text["remedy"]), text["effort"]))
        each.wanted += 1
        if outcome != "fail":
            continue
        each.failing += 1
        each.severity = max(each.severity, result["severity"], key=IMPACTS.__getitem__)
        each.requirements |= dict.fromkeys(result["requirements"])
        waiver = document["waivers"].get(result["waiver"])
        accepted = result["disposition"] == "waived"
        each.accepted += accepted
        if waiver and accepted:
            each.due = min(each.due or waiver["expires_at"], waiver["expires_at"])
        owner = waiver["owner"] if waiver else label
        if owner:
            each.owners[owner] += 1


def _risk(check: str, each: _Counted, own: OwnRisk) -> Risk:
    chance = own.likelihood or likelihood(each.failing, each.wanted)
    impact = own.impact or IMPACTS[each.severity]
    treatment = own.treatment or ("accept" if each.accepted == each.failing else "mitigate")
    computed = chance * impact if treatment == "accept" else residual(chance, impact, each.failing, each.accepted)
    return Risk(
        check=check,
        title=each.title,
        domain=each.domain,
        severity=each.severity,
        likelihood=chance,
        impact=impact,
        failing=each.failing,
        accepted=each.accepted,
        wanted=each.wanted,
        owner=own.owner or next((name for name, _ in each.owners.most_common(1)), ""),
        treatment=treatment,
        residual=own.residual or computed,
        due=last_day(each.due) if each.due else "",
        remedy=each.remedy,
        effort=each.effort,
        requirements=tuple(each.requirements),
        note=own.note,
    )
