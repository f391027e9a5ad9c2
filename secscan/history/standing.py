"""What fails now, on the hosts that are still asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from secscan.history.records import Failing
from secscan.history.tables import assessments, checks, hosts, runs, states, transitions

FLAPPING_S = 14 * 86400.0
FLAPPING_CHANGES = 4
_NOT_FAILING = ("pass", "not_applicable")
_VERDICTS = ("fail", *_NOT_FAILING)


def failing_now(connection: Connection, now: float, at_most: int | None) -> list[Failing]:
    """Failures, the longest first, and whether each comes and goes."""
    flapping = set(connection.execute(_flapping(now - FLAPPING_S)).scalars())
    found: list[Failing] = []
    for baseline in connection.execute(select(runs.c.baseline).distinct()).scalars().all():
        rows = connection.execute(_failures(baseline, at_most)).fetchall()
        found += [Failing._make((*each, number in flapping)) for number, *each in rows]
    found.sort(key=lambda each: (each.since, each.host, each.check))
    return found[:at_most]


def _failures(baseline: str, at_most: int | None) -> Select[Any]:
    """The number of each state that fails by a baseline, and a Failing as far as it stands in the tables."""
    asked = select(assessments.c.host_id).where(assessments.c.run_id.in_(_asking(baseline)))
    return (
        select(
            states.c.id, hosts.c.name, states.c.baseline, checks.c.name, states.c.subject, states.c.severity, states.c.disposition,
            states.c.since, states.c.reopened,
        )
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .where(states.c.outcome == "fail", states.c.baseline == baseline, states.c.host_id.in_(asked))
        .order_by(states.c.since, hosts.c.name, checks.c.name)
        .limit(at_most)
    )  # fmt: skip


def _asking(baseline: str) -> Select[Any]:
    """The runs whose hosts are still asked: of each series the last whole one, and any after it. Hosts of others have left."""
    last = (
        select(runs.c.folder, func.max(runs.c.id).label("id"))
        .where(runs.c.baseline == baseline, runs.c.finished_at.is_not(None), runs.c.partial.is_(False))
        .group_by(runs.c.folder)
        .subquery()
    )
    return (
        select(runs.c.id)
        .outerjoin(last, last.c.folder == runs.c.folder)
        .where(runs.c.baseline == baseline, runs.c.id >= func.coalesce(last.c.id, 0))
    )


def _flapping(start: float) -> Select[Any]:
    """The states of failures that come and go: often since a moment they had another verdict, whatever could not be judged between.

    Most that move often only fail with another value every night. They are left out first, so that few stories are read.
    """
    restless = (
        select(transitions.c.state_id)
        .where(transitions.c.at >= start)
        .group_by(transitions.c.state_id)
        .having(func.count() >= FLAPPING_CHANGES)
    )
    mended = (
        select(transitions.c.state_id)
        .where(transitions.c.state_id.in_(restless), transitions.c.at >= start, transitions.c.outcome.in_(_NOT_FAILING))
        .group_by(transitions.c.state_id)
        .having(func.count() >= FLAPPING_CHANGES // 2)  # between two of its failures there is one of them
    )
    earlier = func.lag(transitions.c.outcome).over(partition_by=transitions.c.state_id, order_by=transitions.c.number)
    verdicts = (
        select(transitions.c.state_id, transitions.c.at, transitions.c.outcome, earlier.label("earlier"))
        .where(transitions.c.state_id.in_(mended), transitions.c.outcome.in_(_VERDICTS))
        .subquery()
    )
    return (
        select(verdicts.c.state_id)
        .where(verdicts.c.at >= start, verdicts.c.outcome != func.coalesce(verdicts.c.earlier, ""))
        .group_by(verdicts.c.state_id)
        .having(func.count() >= FLAPPING_CHANGES)
    )
