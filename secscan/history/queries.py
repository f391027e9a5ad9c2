"""Questions to the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from secscan.errors import UsageError
from secscan.history.records import Run
from secscan.history.states import REMOVED, State, Status
from secscan.history.tables import assessments, checks, hosts, runs, states, transitions, versions
from secscan.kpi.spells import Step


def select_runs() -> Select[Any]:
    """Runs with how many hosts are recorded."""
    counted = select(func.count()).where(assessments.c.run_id == runs.c.id).scalar_subquery()
    return select(runs, counted.label("recorded"))


def run_of(row: Row[Any]) -> Run:
    """A row of select_runs."""
    return Run(
        row.id, row.name, row.baseline, row.content_sha256, row.started_at, row.finished_at, row.targets, row.folder, row.recorded
    )


def find_run(connection: Connection, name: str) -> Run | None:
    """A run by its name, if there is one."""
    found = connection.execute(select_runs().where(runs.c.name == name)).first()
    return run_of(found) if found else None


def demand_run(connection: Connection, name: str) -> Run:
    """A run by its name; UsageError when there is none."""
    found = find_run(connection, name)
    if found is None:
        newest = connection.execute(select(runs.c.name).order_by(runs.c.id.desc()).limit(5)).scalars().all()
        raise UsageError("no run is named {name!r}; allowed: {allowed}, ...", name=name, allowed=["latest", "previous", *newest])
    return found


def select_states() -> Select[Any]:
    """States with the names of host and check and the digest of the version."""
    return (
        select(states, hosts.c.name.label("host"), checks.c.name.label("check"), versions.c.digest)
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .join(versions, versions.c.id == states.c.version_id)
    )


def select_names(ids: Select[Any]) -> Select[Any]:
    """Host, check and subject of states."""
    return (
        select(states.c.id, states.c.subject, hosts.c.name.label("host"), checks.c.name.label("check"))
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .where(states.c.id.in_(ids))
    )


def status_of(row: Row[Any]) -> Status:
    """The status in a row that has a version's digest."""
    return Status(row.outcome, row.disposition, row.fingerprint, row.digest, row.severity)


def state_of(row: Row[Any]) -> State:
    """A row of select_states."""
    return State(status_of(row), row.first_seen, row.since, row.changed_at, row.reopened, row.mended)


def present(status: Status | None) -> Status | None:
    """The status, or None where the check is asked no more."""
    return None if status is None or status.outcome == REMOVED else status


def fails(status: Status | None) -> bool:
    """Whether there is a status, and it is a failure."""
    return status is not None and status.outcome == "fail"


def reached_hosts(connection: Connection, run: Run) -> dict[str, bool]:
    """The hosts of a run, and whether they were reached."""
    query = select(hosts.c.name, assessments.c.unreachable).join(assessments).where(assessments.c.run_id == run.id)
    return {name: not why for name, why in connection.execute(query)}


def _last(run_id: int, ids: Select[Any] | None = None) -> Any:
    """The last transition of each state up to a run."""
    query = select(func.max(transitions.c.id).label("id")).where(transitions.c.run_id <= run_id)
    if ids is not None:
        query = query.where(transitions.c.state_id.in_(ids))
    return query.group_by(transitions.c.state_id).subquery()


def statuses_at(connection: Connection, run_id: int, ids: Select[Any]) -> dict[int, Status]:
    """What each of these states was when a run was over."""
    last = _last(run_id, ids)
    query = (
        select(transitions, versions.c.digest)
        .join(last, last.c.id == transitions.c.id)
        .join(versions, versions.c.id == transitions.c.version_id)
    )
    return {row.state_id: status_of(row) for row in connection.execute(query)}


def steps_of_failures(connection: Connection, baselines: Iterable[str]) -> Iterator[tuple[str, list[Step]]]:
    """Host and outcomes, in their order, of every check on a subject that ever failed by one of these baselines."""
    failed = select(transitions.c.state_id).where(transitions.c.outcome == "fail")
    query = (
        select(hosts.c.name, transitions.c.state_id, transitions.c.at, transitions.c.outcome, transitions.c.severity)
        .join(states, states.c.id == transitions.c.state_id)
        .join(hosts, hosts.c.id == states.c.host_id)
        .where(states.c.baseline.in_(list(baselines)), states.c.id.in_(failed))
        .order_by(transitions.c.state_id, transitions.c.id)
    )
    for _, rows in groupby(connection.execute(query), key=lambda row: row.state_id):
        first, *others = rows
        yield first.name, [Step(row.at, row.outcome, row.severity) for row in (first, *others)]


def failing_at(connection: Connection, run_id: int) -> int:
    """How many states failed when a run was over: those that fail now and have not changed since, and those that did then."""
    later = select(transitions.c.state_id).where(transitions.c.run_id > run_id)
    unchanged = select(func.count()).select_from(states).where(states.c.outcome == "fail", states.c.id.not_in(later))
    last = _last(run_id, later)
    changed = select(func.count()).select_from(transitions).join(last, last.c.id == transitions.c.id)
    changed = changed.where(transitions.c.outcome == "fail")
    return int(connection.execute(unchanged).scalar_one()) + int(connection.execute(changed).scalar_one())
