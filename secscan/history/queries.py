"""Questions to the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, func, select

from secscan.errors import UsageError
from secscan.history.records import Known, Run
from secscan.history.states import REMOVED, State, Status
from secscan.history.tables import assessments, checks, hosts, runs, states, transitions, versions
from secscan.kpi.spells import Step

_TIMES = (states.c.first_seen, states.c.since, states.c.changed_at, states.c.reopened, states.c.mended)  # in the order of a State


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
        words = [word for word in ("latest", "previous") if word != name]
        raise UsageError("no run is named {name!r}; allowed: {allowed}, ...", name=name, allowed=[*words, *newest])
    return found


def select_known() -> Select[Any]:
    """States with the names that they have, and the digest of the version, as known_of reads them."""
    return (
        select(hosts.c.name, states.c.baseline, checks.c.name, states.c.subject, *status_columns(states), *_TIMES)
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .join(versions, versions.c.id == states.c.version_id)
    )


def known_of(row: Sequence[Any], *, flapping: bool) -> Known:
    """A row of select_known."""
    host, baseline, check, subject, outcome, disposition, fingerprint, version, severity, *times = row[:14]
    status = Status(outcome, disposition, fingerprint, version, severity)
    return Known(host, baseline, check, subject, State(status, *times), flapping)


def status_columns(table: Table) -> tuple[Column[Any], ...]:
    """What makes a Status, in its order; to be joined with versions."""
    return (table.c.outcome, table.c.disposition, table.c.fingerprint, versions.c.digest, table.c.severity)


def select_names(ids: Select[Any]) -> Select[Any]:
    """Host, check and subject of states."""
    return (
        select(states.c.id, hosts.c.name, checks.c.name, states.c.subject)
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .where(states.c.id.in_(ids))
    )


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
        select(transitions.c.state_id, *status_columns(transitions))
        .join(last, last.c.id == transitions.c.id)
        .join(versions, versions.c.id == transitions.c.version_id)
    )
    return {state_id: Status(*status) for state_id, *status in connection.execute(query).all()}


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
