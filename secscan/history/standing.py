"""What fails now, on the hosts that are still asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from secscan.history.records import Failing
from secscan.history.tables import assessments, checks, hosts, runs, states, transitions

FLAPPING_S = 14 * 86400.0
FLAPPING_CHANGES = 4


def failing_now(connection: Connection, now: float, at_most: int | None) -> list[Failing]:
    """Failures, the longest first, and whether each comes and goes."""
    flapping = set(connection.execute(_flapping(now)).scalars())
    rows: Sequence[Any] = connection.execute(_failures(at_most)).fetchall()
    return [Failing(*(*found, number in flapping)) for number, *found in rows]


def _failures(at_most: int | None) -> Select[Any]:
    """The number of each state that fails, and a Failing as far as it stands in the tables."""
    asked = _asked().subquery()
    return (
        select(
            states.c.id, hosts.c.name, states.c.baseline, checks.c.name, states.c.subject, states.c.severity, states.c.disposition,
            states.c.since, states.c.reopened,
        )
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .join(asked, and_(asked.c.host_id == states.c.host_id, asked.c.baseline == states.c.baseline))
        .where(states.c.outcome == "fail")
        .order_by(states.c.since, hosts.c.name, checks.c.name)
        .limit(at_most)
    )  # fmt: skip


def _asked() -> Select[Any]:
    """The hosts that the last whole run of each series asked, or any run after it, by baseline. Others have left."""
    last = (
        select(runs.c.baseline, runs.c.folder, func.max(runs.c.id).label("id"))
        .where(runs.c.finished_at.is_not(None), runs.c.partial.is_(False))
        .group_by(runs.c.baseline, runs.c.folder)
        .subquery()
    )
    alike = and_(last.c.baseline == runs.c.baseline, last.c.folder == runs.c.folder)
    return (
        select(assessments.c.host_id, runs.c.baseline)
        .join(runs, runs.c.id == assessments.c.run_id)
        .outerjoin(last, alike)
        .where(runs.c.id >= func.coalesce(last.c.id, 0))
        .distinct()
    )


def _flapping(now: float) -> Select[Any]:
    """The states that come and go."""
    return (
        select(transitions.c.state_id)
        .where(transitions.c.at >= now - FLAPPING_S)
        .group_by(transitions.c.state_id)
        .having(func.count() >= FLAPPING_CHANGES)
    )
