"""Arithmetic on moments and spans of time. All are seconds since 1970 in UTC: no zone and no summer time can bend a distance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

Span = tuple[float, float]
"""From a moment up to, and without, another."""


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time as spans that neither meet nor overlap, in order; empty and backward spans hold nothing.

    >>> union([(5, 7), (1, 3), (2, 4), (4, 4)])
    ((1, 4), (5, 7))
    """
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def uncovered(spans: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """What of a window lies in none of the spans, in order.

    >>> uncovered([(1, 3), (5, 9)], (0, 7))
    ((0, 1), (3, 5))
    """
    start, end = window
    inside = union((max(first, start), min(last, end)) for first, last in spans)
    edges = [start, *(edge for span in inside for edge in span), end]
    return tuple((first, last) for first, last in zip(edges[::2], edges[1::2], strict=True) if first < last)


def share_held(times: Iterable[float], objective: float, window: Span) -> float:
    """The share of a window in which a restore point was at most as old as the objective; a loss then would have been bearable.

    >>> share_held([0, 10], 5, (0, 20))
    0.5
    """
    start, end = window
    lost = sum(last - first for first, last in uncovered(((time, time + objective) for time in times), window))
    return 1 - lost / (end - start)


def gaps(times: Iterable[float], now: float, window_s: float) -> tuple[float, ...]:
    """Distances between neighbours among the restore points of the last `window_s` seconds, the last one up to now.

    A point before the window tells that there was something to keep: the window's first part then counts as a gap, but nothing
    before the window does, since retention may have thinned it. Without a point in the window the gap is that since the newest.

    >>> gaps([0, 90, 95], 100, 30)  # the window begins at 70
    (20, 5, 5)
    >>> gaps([10], 100, 30), gaps([], 100, 30)
    ((90,), (inf,))
    """
    known = sorted(time for time in times if time <= now)
    if not known:
        return (math.inf,)
    inside = [time for time in known if time >= now - window_s]
    if not inside:
        return (now - known[-1],)
    edge = [now - window_s] if known[0] < inside[0] else []
    return tuple(later - earlier for earlier, later in pairwise([*edge, *inside, now]))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed.

    >>> quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.95)
    (2, 4)
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
