"""Two runs compared: what became of every check between them, on the hosts that the later one asked, by their baselines.

A month of a large fleet is tens of thousands of changes, so the tables are asked once, and names are looked up only once each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, or_, select

from secscan.history.naming import Names
from secscan.history.queries import fails
from secscan.history.records import Change, Diff, Run
from secscan.history.states import REMOVED, UNJUDGED, Kind, Status, by_content, classify
from secscan.history.tables import assessments, hosts, runs, states, transitions

_NOT_STILL = (Kind.NEW, Kind.CHANGED_VALUE, Kind.CHECK_ADDED)
_IN_ORDER = attrgetter("kind", "host", "check", "subject")


def compare(connection: Connection, names: Names, before: Run, after: Run) -> Diff:
    """What changed from one run to a later one. Only a whole run tells which hosts are gone, and which are new after it."""
    first, second = _reached_hosts(connection, before), _reached_hosts(connection, after)
    changes = _changes(connection, names, connection.execute(_moved(before, after)).fetchall())
    still = _failing_at(connection, before, after) - sum(change.kind in _NOT_STILL and fails(change.after) for change in changes)
    both = first.keys() & second.keys()
    again = frozenset(name for name in both if second[name] and not first[name])
    late = again & _never_reached(connection, before, after) if again else again
    return Diff(
        before,
        after,
        tuple(sorted(changes, key=_IN_ORDER)),
        still,
        tuple(sorted((second.keys() - first.keys()) | late)) if before.whole else tuple(sorted(late)),
        tuple(sorted(first.keys() - second.keys())) if after.whole else (),
        tuple(sorted(name for name in both if first[name] and not second[name])),
        tuple(sorted(again - late)),
    )


def _changes(connection: Connection, names: Names, rows: Sequence[Any]) -> list[Change]:
    """The rows of _moved, as far as they mean something."""
    hosts_by_id = names.hosts.texts(connection, {row[0] for row in rows})
    checks_by_id = names.checks.texts(connection, {row[1] for row in rows})
    versions = {version for row in rows for version in (row[6], row[11], row[16]) if version}
    versions_by_id = names.versions.texts(connection, versions)
    changes = []
    for host, check, subject, *found in rows:
        earlier, later, hidden = (_status(versions_by_id, *found[first : first + 5]) for first in (0, 5, 10))
        kind = classify(earlier, later, hidden)
        if kind is not None and kind is not Kind.STILL_FAILING:
            content = by_content(hidden or earlier, later)
            changes.append(Change(hosts_by_id[host], checks_by_id[check], subject, kind, earlier, later, content, hidden))
    return changes


def _status(
    versions_by_id: Mapping[int, str], outcome: str | None, disposition: str, fingerprint: str, version: int, severity: str
) -> Status | None:
    """A status as _columns has it, its version as a number. None: asked no more, or not yet."""
    if outcome is None or outcome == REMOVED:
        return None
    return Status(outcome, disposition, fingerprint, versions_by_id[version], severity)


def _moved(before: Run, after: Run) -> Select[Any]:
    """Host, check, subject, and what it was at the end of both runs, of every state that became something else between them.

    And the failure that was there before the first, where it had no verdict then and has one now: it went on meanwhile.
    """
    earlier, later, old = transitions.alias("earlier"), transitions.alias("later"), transitions.alias("old")
    steps = (
        select(later.c.state_id, func.max(later.c.number).label("number"))
        .where(later.c.run_id > before.id, later.c.run_id <= after.id)
        .group_by(later.c.state_id)
        .subquery()
    )
    last = select(func.max(earlier.c.number)).where(earlier.c.state_id == steps.c.state_id, earlier.c.run_id <= before.id)
    new, known, failure = transitions.alias("new"), transitions.alias("known"), transitions.alias("failure")
    verdict = select(func.max(known.c.number)).where(
        known.c.state_id == steps.c.state_id, known.c.number < old.c.number, known.c.outcome.not_in(UNJUDGED)
    )
    hidden = case((and_(old.c.outcome.in_(UNJUDGED), new.c.outcome.not_in({*UNJUDGED, REMOVED})), verdict.scalar_subquery()))
    return (
        select(states.c.host_id, states.c.check_id, states.c.subject, *_columns(old), *_columns(new), *_columns(failure))
        .select_from(steps)
        .join(new, and_(new.c.state_id == steps.c.state_id, new.c.number == steps.c.number))
        .join(states, states.c.id == steps.c.state_id)
        .outerjoin(old, and_(old.c.state_id == steps.c.state_id, old.c.number == last.scalar_subquery()))
        .outerjoin(
            failure,
            and_(failure.c.state_id == steps.c.state_id, failure.c.number == hidden, failure.c.outcome == "fail"),
        )
        .where(_concerned(before, after), or_(old.c.outcome.is_(None), _differs(old, new)))
    )


def _differs(old: Any, new: Any) -> Any:
    """That somebody is to be told: of other versions and severities with the same outcome nobody is (see classify)."""
    other_value = and_(new.c.outcome == "fail", old.c.fingerprint != new.c.fingerprint)
    return or_(old.c.outcome != new.c.outcome, old.c.disposition != new.c.disposition, other_value)


def _columns(table: Any) -> tuple[Any, ...]:
    return table.c.outcome, table.c.disposition, table.c.fingerprint, table.c.version_id, table.c.severity


def _concerned(before: Run, after: Run) -> Any:
    """That a state is of the baselines of two runs, and on a host that the later one reached: of others it knows nothing."""
    reached = select(assessments.c.host_id).where(assessments.c.run_id == after.id, assessments.c.unreachable == "")
    return and_(states.c.baseline.in_([before.baseline, after.baseline]), states.c.host_id.in_(reached))


def _reached_hosts(connection: Connection, run: Run) -> dict[str, bool]:
    """The hosts of a run, and whether they were reached."""
    query = select(hosts.c.name, assessments.c.unreachable).join(assessments).where(assessments.c.run_id == run.id)
    return {name: not why for name, why in connection.execute(query)}


def _never_reached(connection: Connection, before: Run, after: Run) -> frozenset[str]:
    """The hosts that neither the earlier run nor one before it reached, by the baselines of these two runs."""
    older = assessments.alias("older")
    reached = (
        exists()
        .where(older.c.host_id == hosts.c.id, older.c.run_id <= before.id, older.c.unreachable == "")
        .where(runs.c.id == older.c.run_id, runs.c.baseline.in_([before.baseline, after.baseline]))
    )
    asked = select(hosts.c.name).join(assessments).where(assessments.c.run_id == before.id, assessments.c.unreachable != "")
    return frozenset(connection.execute(asked.where(~reached)).scalars())


def _failing_at(connection: Connection, before: Run, after: Run) -> int:
    """How many states failed when the later run was over: those that fail now and have not changed since, and that did then."""
    concerned = _concerned(before, after)
    later = select(transitions.c.state_id).where(transitions.c.run_id > after.id)
    unchanged = select(func.count()).select_from(states).where(states.c.outcome == "fail", states.c.id.not_in(later), concerned)
    last = (
        select(transitions.c.state_id, func.max(transitions.c.number).label("number"))
        .where(transitions.c.run_id <= after.id, transitions.c.state_id.in_(later))
        .group_by(transitions.c.state_id)
        .subquery()
    )
    same = and_(last.c.state_id == transitions.c.state_id, last.c.number == transitions.c.number)
    changed = select(func.count()).select_from(transitions).join(last, same)
    changed = changed.join(states, states.c.id == transitions.c.state_id).where(transitions.c.outcome == "fail", concerned)
    return int(connection.execute(unchanged).scalar_one()) + int(connection.execute(changed).scalar_one())
