"""Deciding what a channel is told: what it was not told yet, and what is so bad that it is told again. Pure.

What was told is forgotten when it is over, so that it is news again should it come back; what nobody looked at is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from secscan.notifying.news import WORST, Digest, Item, Key, Rule, Seen, Topic
from secscan.terms import SEVERITY_RANK


def choose(
    items: Iterable[Item], told: Mapping[Key, float], seen: Seen | None, rule: Rule, now: float, owed: frozenset[str] = frozenset()
) -> Digest:
    """What is to be told of everything that is so. `seen` None: nobody looked, so nothing that was told is over.

    `owed` are hosts whose loss was not delivered; it is told by the next run over the whole inventory that does not ask them.
    """
    looked = seen is not None and seen.whole
    lost = [Item(Topic.GONE, "", host=host, fresh=True) for host in sorted(owed) if seen and looked and host not in seen.asked]
    wanted = {item.key: item for item in (*lost, *items) if _concerns(item, rule)}
    news = tuple(item for key, item in wanted.items() if key not in told)
    reminders = tuple(item for key, item in wanted.items() if key in told and _is_due(item, told[key], rule, now))
    kept = {key: at for key, at in told.items() if key in wanted or _may_still_be_so(key, seen)}
    owing = frozenset(item.host for item in news if item.topic is Topic.GONE)
    waiting = frozenset() if looked else owed
    return Digest(news, reminders, {**kept, **{item.key: now for item in (*news, *reminders)}}, kept, waiting, waiting | owing)


def _concerns(item: Item, rule: Rule) -> bool:
    if item.topic not in rule.topics:
        return False
    return item.topic is not Topic.FAILURE or SEVERITY_RANK.get(item.severity, 0) <= rule.severity_rank


def _is_due(item: Item, told_at: float, rule: Rule, now: float) -> bool:
    """Whether it is to be told again. A clock that was set back reminds at once, and not after years."""
    lasting = item.topic is Topic.RUN or (item.topic is Topic.FAILURE and item.severity == WORST)
    return lasting and not 0 <= now - told_at < rule.remind_s


def _may_still_be_so(key: Key, seen: Seen | None) -> bool:
    """Whether something that was told and is not known to be so now was only not looked at."""
    topic, baseline, host, what = key
    if seen is None:
        return True
    if topic is Topic.RUN:
        return False
    if topic is Topic.GONE:  # told once, until it is asked again
        return host not in seen.asked
    if not host:  # what people decided is read in whole at every run
        return False
    if host not in seen.asked:
        return not seen.whole
    places = {(host, what), (host, what.partition(" ")[0])}  # of the host, and of what the check is about on it
    unjudged = topic is Topic.FAILURE and not seen.unjudged.isdisjoint(places)
    return unjudged or host not in seen.reached or (baseline not in {"", seen.baseline})
