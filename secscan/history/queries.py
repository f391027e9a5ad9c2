"""Questions to the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, exists, func, select

from secscan.errors import UsageError
from secscan.history.records import Chapter, Run
from secscan.history.states import REMOVED, Status
from secscan.history.tables import assessments, checks, hosts, runs, states, transitions, versions
from secscan.kpi.spells import Step


def select_runs() -> Select[Any]:
    """Runs with how many hosts are recorded."""
    counted = select(func.count()).where(assessments.c.run_id == runs.c.id).scalar_subquery()
    return select(runs, counted.label("recorded"))


def run_of(row: Row[Any]) -> Run:
    """A row of select_runs."""
    return Run(
        row.id, row.name, row.baseline, row.content_sha256, row.started_at, row.finished_at, row.targets, row.folder, row.recorded,
        row.partial,
    )  # fmt: skip


def find_run(connection: Connection, name: str) -> Run | None:
    """A run by its name, if there is one."""
    found = connection.execute(select_runs().where(runs.c.name == name)).first()
    return run_of(found) if found else None


def latest_run(connection: Connection) -> Run | None:
    """The last run that came to its end, the last of all when none did; None where there is none."""
    query = select_runs().order_by(runs.c.finished_at.is_(None), runs.c.id.desc()).limit(1)
    found = connection.execute(query).first()
    return run_of(found) if found else None


def demand_run(connection: Connection, name: str) -> Run:
    """A run by its name; UsageError when there is none."""
    found = find_run(connection, name)
    if found is None:
        newest = connection.execute(select(runs.c.name).order_by(runs.c.id.desc()).limit(5)).scalars().all()
        allowed = [*(["latest"] if newest else []), *newest]
        if not allowed:
            raise UsageError("the history has no run; allowed: to scan first, with -o")
        raise UsageError("no run is named {name!r}; allowed: {allowed}, ...", name=name, allowed=allowed)
    return found


def status_columns(table: Table) -> tuple[Column[Any], ...]:
    """What makes a Status, in its order; to be joined with versions."""
    return (table.c.outcome, table.c.disposition, table.c.fingerprint, versions.c.digest, table.c.severity)


def present(status: Status | None) -> Status | None:
    """The status, or None where the check is asked no more."""
    return None if status is None or status.outcome == REMOVED else status


def fails(status: Status | None) -> bool:
    """Whether there is a status, and it is a failure."""
    return status is not None and status.outcome == "fail"


def story_of(connection: Connection, check: str, host: str) -> list[Chapter]:
    """Every change of a check on a host, those of each subject in the order in which they were taken in."""
    query = (
        select(
            transitions.c.state_id, transitions.c.run_id, transitions.c.at, runs.c.name, states.c.baseline, states.c.subject,
            *status_columns(transitions),
        )
        .join(states, states.c.id == transitions.c.state_id)
        .join(hosts, hosts.c.id == states.c.host_id)
        .join(checks, checks.c.id == states.c.check_id)
        .join(versions, versions.c.id == transitions.c.version_id)
        .outerjoin(runs, runs.c.id == transitions.c.run_id)
        .where(hosts.c.name == host, checks.c.name == check)
        .order_by(transitions.c.state_id, transitions.c.number)
    )  # fmt: skip
    of_states = [list(rows) for _, rows in groupby(connection.execute(query), key=lambda row: row.state_id)]
    told = merge(*of_states, key=lambda row: row.run_id)
    return [Chapter(at, run or "", baseline, subject, Status(*status)) for _, _, at, run, baseline, subject, *status in told]


def evidence_of(connection: Connection, folders: Mapping[int, str]) -> list[tuple[str, str]]:
    """Folder and digest of the evidence that only these runs rest on, which are told by number with the folder of each."""
    ids, other = list(folders), assessments.alias("other")
    newest = select(func.max(assessments.c.id)).join(runs).group_by(runs.c.folder, assessments.c.host_id)
    said_last = select(other.c.bundle_sha256).where(other.c.id.in_(newest))
    elsewhere = exists().where(other.c.bundle_sha256 == assessments.c.bundle_sha256, other.c.run_id.not_in(ids))
    query = select(assessments.c.run_id, assessments.c.bundle_sha256).where(
        (assessments.c.run_id + 0).in_(ids),  # not by the index of runs: digests that come in their order are looked up faster
        assessments.c.bundle_sha256 > "",
        ~elsewhere,
        assessments.c.bundle_sha256.not_in(said_last),
    )
    return list({(folders[run_id], digest): None for run_id, digest in connection.execute(query)})


def steps_of_failures(connection: Connection, baselines: Iterable[str]) -> Iterator[tuple[str, list[Step]]]:
    """Host and outcomes, in their order, of every check on a subject that ever failed by one of these baselines."""
    failed = select(transitions.c.state_id).where(transitions.c.outcome == "fail")
    query = (
        select(hosts.c.name, transitions.c.state_id, transitions.c.at, transitions.c.outcome, transitions.c.severity)
        .join(states, states.c.id == transitions.c.state_id)
        .join(hosts, hosts.c.id == states.c.host_id)
        .where(states.c.baseline.in_(list(baselines)), states.c.id.in_(failed))
        .order_by(transitions.c.state_id, transitions.c.number)
    )
    for _, rows in groupby(connection.execute(query), key=lambda row: row.state_id):
        first, *others = rows
        yield first.name, [Step(row.at, row.outcome, row.severity) for row in (first, *others)]
