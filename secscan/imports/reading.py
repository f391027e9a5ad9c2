"""What importers share: values that may be of any type, texts of bounded length, and the assessment that is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from secscan.inert import shorten
from secscan.model.assessment import Assessment, CheckText, Disposition, Host, Outcome, RequirementText, Result, WaiverText

TEXT_LIMIT = 4000  # characters
NAME_LIMIT = 300
_SEVERITIES = {
    "critical": "critical",
    "very-high": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "info": "low",
    "none": "low",
}
_RANK = (
    Outcome.SKIPPED,
    Outcome.NOT_APPLICABLE,
    Outcome.PASS,
    Outcome.MANUAL,
    Outcome.ERROR,
    Outcome.FAIL,
)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Foreign:
    """An assessment that another tool made, with the tool's name and the form in which it came."""

    assessment: Assessment
    tool: str
    format: str


def text(value: object, limit: int = TEXT_LIMIT) -> str:
    """A text on one line and of bounded length; empty for anything but texts and numbers. Half characters become U+FFFD."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    whole = str(value)[: 4 * limit].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return shorten(_BLANKS.sub(" ", whole).strip(), limit)


def name(value: object) -> str:
    """A text that names something."""
    return text(value, NAME_LIMIT)


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a list; nothing for anything else."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list, or the only one; at most a hundred."""
    values = value[:100] if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(filter(None, map(name, values))))


def moment(value: object) -> float | None:
    """An ISO 8601 moment in seconds since the epoch, in UTC where it names no zone; None when it is none."""
    try:
        told = datetime.fromisoformat(text(value, 64))
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def severity(word: object) -> str:
    """Our word for a severity; `medium` for one that is not known."""
    return _SEVERITIES.get(text(word, 20).lower(), "medium")


def severity_of_score(score: float) -> str:
    """Our word for a score from 0 to 10, as CVSS reads it."""
    return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"


def joined(sentences: Iterable[str], limit: int = 5) -> str:
    """Sentences of a tool as one reason: the first five, and how many more there were."""
    said = list(dict.fromkeys(filter(None, sentences)))
    more = f"... and {len(said) - limit} more" if len(said) > limit else ""
    return shorten("; ".join([*said[:limit], *filter(None, [more])]), TEXT_LIMIT)


@dataclass(slots=True)
class Draft:
    """An assessment while it is read."""

    baseline: str
    title: str
    host: Host
    started_at: float
    finished_at: float
    checks: dict[str, CheckText] = field(default_factory=dict)
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    waivers: dict[str, WaiverText] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unreachable: str = ""

    def add(self, check: CheckText, result: Result) -> None:
        """A result; where a check already has one on the same subject, the worse outcome counts and both reasons are kept."""
        self.checks.setdefault(check.id, check)
        key = (result.check, result.subject)
        self.results[key] = _worse(self.results[key], result) if key in self.results else result

    def assessment(self) -> Assessment:
        """The assessment, without evidence."""
        served = dict.fromkeys(requirement for result in self.results.values() for requirement in result.requirements)
        return Assessment(
            baseline=self.baseline or "imported",
            baseline_title=self.title or self.baseline or "Imported results",
            baseline_sha256="",
            host=self.host,
            started_at=self.started_at,
            finished_at=max(self.started_at, self.finished_at),
            results=tuple(self.results.values()),
            proofs=(),
            checks=self.checks,
            requirements={requirement: RequirementText(requirement, requirement) for requirement in served},
            waivers=self.waivers,
            unreachable=self.unreachable,
            problems=tuple(self.problems[:100]),
        )


def _worse(one: Result, other: Result) -> Result:
    from dataclasses import replace  # noqa: PLC0415 - beside its only use

    worst = max(one, other, key=lambda result: _RANK.index(result.outcome))
    open_ones = [each for each in (one, other) if each.outcome is worst.outcome and each.disposition is Disposition.NONE]
    kept = open_ones[0] if open_ones else worst  # what was accepted in one place is not accepted in the other
    return replace(kept, reason=joined([one.reason, other.reason]))


def host_name(value: object) -> str:
    """The name of a target; never empty, since reports are about somebody."""
    return name(value) or "unknown host"
