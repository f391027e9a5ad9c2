"""Pieces of news, short to write."""

from __future__ import annotations

from secscan.notifying.news import GROUPS, Item, Rule, Seen, Topic

DAY = 86_400.0
NOW = 1_800_000_000.0
EVERYTHING = frozenset(topic for group in GROUPS.values() for topic in group)
ALL = Rule(EVERYTHING, severity_rank=3, remind_s=7 * DAY)


def failure(host: str, check: str = "root_refused", severity: str = "high", **more: object) -> Item:
    """A failure of a check on a host."""
    return Item(
        Topic.FAILURE, check, baseline="base", host=host, severity=severity, name=check,
        title=more.pop("title", "Root is refused"), fresh=more.pop("fresh", True), **more,
    )  # fmt: skip


def ending(name: str, ends: float, topic: Topic = Topic.WAIVER, host: str = "", stage: str = "near") -> Item:
    """Something that ends."""
    return Item(topic, f"{name} {ends:.0f} {stage}", host=host, name=name, fresh=True, ends=ends)


def seen(*reached: str, asked: tuple[str, ...] = (), whole: bool = True, baseline: str = "base") -> Seen:
    """How far a run looked; hosts that were reached were asked."""
    return Seen(baseline, frozenset(reached), frozenset((*reached, *asked)), whole)
