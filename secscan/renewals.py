"""Waivers that follow each other without a break, and that together accept a failure for longer than headquarters allows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from secscan.decide import too_long
from secscan.model.check import Baseline, Selection
from secscan.model.waiver import Waiver

_BREAK_S = 86400.0  # no nightly run sees a break that is shorter
_WILD = re.compile(r"[*?\[]")
_ANY_OF = re.compile(r"\[[^\]]+\]")  # one character of a pattern


@dataclass(frozen=True, slots=True)
class Renewal:
    """A waiver and those that it follows, the earliest first: each is short enough, and together they last `length_s`."""

    last: Waiver
    earlier: tuple[Waiver, ...]
    severity: str
    checks: tuple[str, ...]
    length_s: float


def renewals(waivers: Sequence[Waiver], baseline: Baseline, now: float) -> Iterator[Renewal]:
    """Every chain of waivers that is longer than the baseline allows, and is not over: once for each severity."""
    found: dict[tuple[tuple[str, ...], str], list[tuple[Selection, list[Waiver]]]] = {}
    for selection in baseline.selections:
        severity = selection.severity.value
        limit = baseline.waiver_limits.get(severity)
        if limit is None:
            continue
        near = [each for each in waivers if concerns(each, selection) and not too_long(each, severity, baseline.waiver_limits)]
        for chain in _chains(near, selection.check, now):
            if _length(chain) > limit:
                found.setdefault((tuple(each.id for each in chain), severity), []).append((selection, chain))
    for (_, severity), alike in found.items():
        *earlier, last = alike[0][1]
        checks = tuple(selection.check for selection, _ in alike)
        yield Renewal(last, tuple(earlier), severity, checks, _length(alike[0][1]))


def concerns(waiver: Waiver, selection: Selection) -> bool:
    """Whether a waiver speaks of a check as a baseline has it."""
    named = any(fnmatchcase(selection.check, pattern) for pattern in waiver.checks)
    return named or not set(waiver.requirements).isdisjoint(selection.requirements)


def _length(chain: Sequence[Waiver]) -> float:
    return max(each.expires_at for each in chain) - chain[0].starts_at


def _chains(waivers: Sequence[Waiver], check: str, now: float) -> list[list[Waiver]]:
    """Each waiver that is not over after all that it follows; none that are a part of another."""
    latest_first = sorted(waivers, key=lambda each: -each.expires_at)
    chains = [_followed(last, latest_first, check) for last in latest_first if last.expires_at > now]
    names = [{each.id for each in chain} for chain in chains]
    return [chain for chain, ours in zip(chains, names, strict=True) if not any(ours < others for others in names)]


def _followed(last: Waiver, latest_first: Sequence[Waiver], check: str) -> list[Waiver]:
    """A waiver after those that go before it without a break, the earliest first, for something that all can be about."""
    chain = [last]
    for each in latest_first:
        before = each.starts_at < chain[0].starts_at < each.expires_at + _BREAK_S
        if before and all(_may_meet(each, other, check) for other in chain):
            chain.insert(0, each)
    return chain


def _may_meet(first: Waiver, second: Waiver, check: str) -> bool:
    """Whether two waivers can be about the same result of a check; which hosts there are is not known here."""
    ours, theirs = first.scope, second.scope
    if set(first.outcomes).isdisjoint(second.outcomes):
        return False
    if _apart(ours.sites, theirs.sites) or _apart(ours.services, theirs.services):
        return False
    if any(_apart(values, theirs.labels.get(name, ())) for name, values in ours.labels.items()):
        return False
    return any(_can_match_both(one, other) for one in _subjects(first, check) for other in _subjects(second, check))


def _apart(first: Sequence[str], second: Sequence[str]) -> bool:
    return bool(first) and bool(second) and set(first).isdisjoint(second)


def _subjects(waiver: Waiver, check: str) -> Sequence[str]:
    """Patterns of what a waiver accepts failures on: the subjects that its values were seen on, else its hosts."""
    if waiver.any_value:
        return waiver.scope.hosts or ("*",)
    return [subject for subject, checks in waiver.observed.items() if check in checks]


def _can_match_both(first: str, second: str) -> bool:
    """Whether some name matches both patterns; brackets are taken for any character.

    >>> _can_match_both("web*", "*1"), _can_match_both("web?", "web10"), _can_match_both("web*", "db*")
    (True, False, False)
    """
    if not _WILD.search(first + second):
        return first == second
    first, second = _ANY_OF.sub("?", first), _ANY_OF.sub("?", second)
    ends = _past_stars({0}, first)  # after how much of the first pattern the second can stand
    for sign in second:
        if sign == "*":
            ends = set(range(min(ends), len(first) + 1))
        else:
            ends = _past_stars({at + (first[at] != "*") for at in ends if _takes(first, at, sign)}, first)
        if not ends:
            return False
    return len(first) in ends


def _takes(pattern: str, at: int, sign: str) -> bool:
    """Whether what stands there in the pattern can match a sign of another one."""
    return at < len(pattern) and (pattern[at] in "*?" or sign in ("?", pattern[at]))


def _past_stars(ends: set[int], pattern: str) -> set[int]:
    """The places and those that follow them where a star stands for nothing."""
    reached = set(ends)
    for at in range(len(pattern)):
        if at in reached and pattern[at] == "*":
            reached.add(at + 1)
    return reached
