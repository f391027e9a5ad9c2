"""Two runs compared: what became of every check between them, on the hosts that the later one asked, by their baselines.

A month of a large fleet is tens of thousands of changes, so the tables are asked once, and names are looked up only once each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from secscan.history.naming import Names
from secscan.history.queries import fails
from secscan.history.records import Change, Diff, Run
from secscan.history.states import REMOVED, Kind, Status, classify
from secscan.history.tables import assessments, hosts, states, transitions

_Found = tuple[Any, ...]  # a status as _columns has it, its version as a number; None throughout where there was none
_NOT_STILL = (Kind.NEW, Kind.CHANGED_VALUE, Kind.CHECK_ADDED)
_IN_ORDER = attrgetter("kind", "host", "check", "subject")


def compare(connection: Connection, names: Names, before: Run, after: Run) -> Diff:
    """What changed from one run to a later one. Only a whole run tells which hosts are gone, and which are new after it."""
    first, second = _reached_hosts(connection, before), _reached_hosts(connection, after)
    changes = _changes(connection, names, connection.execute(_moved(before, after)).fetchall())
    still = _failing_at(connection, before, after) - sum(change.kind in _NOT_STILL and fails(change.after) for change in changes)
    both = first.keys() & second.keys()
    return Diff(
        before,
        after,
        tuple(sorted(changes, key=_IN_ORDER)),
        still,
        tuple(sorted(second.keys() - first.keys())) if before.whole else (),
        tuple(sorted(first.keys() - second.keys())) if after.whole else (),
        tuple(sorted(name for name in both if first[name] and not second[name])),
        tuple(sorted(name for name in both if second[name] and not first[name])),
    )


def _changes(connection: Connection, names: Names, rows: Sequence[Any]) -> list[Change]:
    """The rows of _moved, as far as they mean something."""
    hosts_by_id = names.hosts.texts(connection, {row[0] for row in rows})
    checks_by_id = names.checks.texts(connection, {row[1] for row in rows})
    versions_by_id = names.versions.texts(connection, {version for row in rows for version in (row[6], row[11]) if version})
    statuses, changes = _Statuses(versions_by_id), []
    for row in rows:
        earlier, later = statuses[row[3:8]], statuses[row[8:]]
        kind = classify(earlier, later)
        if kind is not None and kind is not Kind.STILL_FAILING:
            content = earlier is not None and later is not None and earlier.version != later.version
            changes.append(Change(hosts_by_id[row[0]], checks_by_id[row[1]], row[2], kind, earlier, later, content))
    return changes


class _Statuses(dict[_Found, Status | None]):
    """Statuses by what the tables have of them; most are those of many checks, and made once. None: asked no more, or not yet."""

    def __init__(self, versions_by_id: Mapping[int, str]) -> None:
        super().__init__()
        self._versions = versions_by_id

    def __missing__(self, found: _Found) -> Status | None:
        outcome, disposition, fingerprint, version, severity = found
        there = outcome is not None and outcome != REMOVED
        made = self[found] = Status(outcome, disposition, fingerprint, self._versions[version], severity) if there else None
        return made


def _moved(before: Run, after: Run) -> Select[Any]:
    """Host, check, subject, and what it was at the end of both runs, of every state that moved between them."""
    moved = select(transitions.c.state_id).where(transitions.c.run_id > before.id, transitions.c.run_id <= after.id)
    earlier = case((transitions.c.run_id <= before.id, transitions.c.id))
    steps = (
        select(transitions.c.state_id, func.max(earlier).label("old"), func.max(transitions.c.id).label("new"))
        .where(transitions.c.run_id <= after.id, transitions.c.state_id.in_(moved))
        .group_by(transitions.c.state_id)
        .subquery()
    )
    old, new = transitions.alias("old"), transitions.alias("new")
    return (
        select(states.c.host_id, states.c.check_id, states.c.subject, *_columns(old), *_columns(new))
        .join(steps, steps.c.state_id == states.c.id)
        .join(new, new.c.id == steps.c.new)
        .outerjoin(old, old.c.id == steps.c.old)
        .where(_concerned(before, after))
    )


def _columns(table: Any) -> tuple[Any, ...]:
    return table.c.outcome, table.c.disposition, table.c.fingerprint, table.c.version_id, table.c.severity


def _concerned(before: Run, after: Run) -> Any:
    """That a state is of the baselines of two runs, and on a host that the later one asked."""
    asked = select(assessments.c.host_id).where(assessments.c.run_id == after.id)
    return and_(states.c.baseline.in_([before.baseline, after.baseline]), states.c.host_id.in_(asked))


def _reached_hosts(connection: Connection, run: Run) -> dict[str, bool]:
    """The hosts of a run, and whether they were reached."""
    query = select(hosts.c.name, assessments.c.unreachable).join(assessments).where(assessments.c.run_id == run.id)
    return {name: not why for name, why in connection.execute(query)}


def _failing_at(connection: Connection, before: Run, after: Run) -> int:
    """How many states failed when the later run was over: those that fail now and have not changed since, and that did then."""
    concerned = _concerned(before, after)
    later = select(transitions.c.state_id).where(transitions.c.run_id > after.id)
    unchanged = select(func.count()).select_from(states).where(states.c.outcome == "fail", states.c.id.not_in(later), concerned)
    last = (
        select(func.max(transitions.c.id).label("id"))
        .where(transitions.c.run_id <= after.id, transitions.c.state_id.in_(later))
        .group_by(transitions.c.state_id)
        .subquery()
    )
    changed = select(func.count()).select_from(transitions).join(last, last.c.id == transitions.c.id)
    changed = changed.join(states, states.c.id == transitions.c.state_id).where(transitions.c.outcome == "fail", concerned)
    return int(connection.execute(unchanged).scalar_one()) + int(connection.execute(changed).scalar_one())
