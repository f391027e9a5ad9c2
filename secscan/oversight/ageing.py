"""How long recommendations have been open, and how long past their day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from secscan.model.recommendation import Recommendation

BANDS = (90, 180, 365, 730)
"""Upper ends, in days, of the bands that open recommendations are counted in; the last band has none."""


@dataclass(frozen=True, slots=True)
class Group:
    """Open recommendations of one source or owner. `bands` counts by age, `median_overdue` is None when none is overdue."""

    name: str
    open: int
    overdue: int
    oldest: int
    median_open: float
    median_overdue: float | None
    bands: tuple[int, ...]


def order_by_age(recommendations: Sequence[Recommendation], now: float) -> list[Recommendation]:
    """Those that are open, the longest overdue first, then the oldest."""
    still = [each for each in recommendations if each.status.is_open]
    return sorted(still, key=lambda each: (-each.days_overdue(now), -each.days_open(now), each.id))


def group_by(recommendations: Sequence[Recommendation], name: Callable[[Recommendation], str], now: float) -> list[Group]:
    """Open recommendations counted together by a name, the most overdue first."""
    members: dict[str, list[Recommendation]] = {}
    for each in recommendations:
        if each.status.is_open:
            members.setdefault(name(each), []).append(each)
    groups = [_count(title, found, now) for title, found in members.items()]
    return sorted(groups, key=lambda group: (-group.overdue, -group.open, group.name))


def _count(title: str, found: Sequence[Recommendation], now: float) -> Group:
    ages = [each.days_open(now) for each in found]
    late = [days for each in found if (days := each.days_overdue(now))]
    bands = [0] * (len(BANDS) + 1)
    for age in ages:
        bands[next((index for index, most in enumerate(BANDS) if age <= most), len(BANDS))] += 1
    return Group(title, len(found), len(late), max(ages), median(ages), median(late) if late else None, tuple(bands))
