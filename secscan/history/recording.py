"""Taking an assessment in: what moved, written in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from secscan.history.queries import present, select_states, state_of
from secscan.history.records import Change, Run
from secscan.history.states import REMOVED, State, Status, advance, by_content, classify
from secscan.history.tables import assessments, checks, states, transitions, versions

Key = tuple[str, str]  # check, subject (empty when it is the host)


def version_of(document: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """The digest of a check as it was applied: its file and its parameters."""
    applied = [document["checks"][result["check"]]["sha256"], result["parameters"]]
    return hashlib.sha256(json.dumps(applied, sort_keys=True).encode()).hexdigest()[:32]


def move_states(connection: Connection, run: Run, host_id: int, document: Mapping[str, Any]) -> list[Change]:
    """Every state of a host, moved by one assessment; what changed."""
    host, moment = document["host"]["name"], read_moment(document["started_at"])
    baseline = document["baseline"]["id"]
    query = select_states().where(states.c.host_id == host_id, states.c.baseline == baseline)
    known = {(row.check, row.subject): state_of(row) for row in connection.execute(query)}
    found = dict(_found(document))
    for key, before in known.items():
        if before.status.outcome != REMOVED:
            found.setdefault(key, Status(REMOVED, version=before.status.version))
    moved: list[tuple[Key, State, State | None]] = []
    for key, status in found.items():
        after, changed = advance(known.get(key), status, moment)
        if changed:
            moved.append((key, after, known.get(key)))
    _write(connection, run, host_id, baseline, moved, moment)
    changes = []
    for (check, subject), after, before_it in moved:
        earlier, later = present(before_it.status if before_it else None), present(after.status)
        kind = classify(earlier, later)
        if kind is not None:
            changes.append(Change(host, check, subject, kind, earlier, later, by_content(earlier, later)))
    return changes


def id_of(connection: Connection, table: Any, column: str, value: str) -> int:
    """The id of a text that is kept once, made where it is new."""
    return _ids_of(connection, table, column, {value})[value]


def has_host(connection: Connection, run: Run, host_id: int) -> bool:
    """Whether a run has a host already."""
    query = select(assessments.c.id).where(assessments.c.run_id == run.id, assessments.c.host_id == host_id)
    return connection.execute(query).first() is not None


def summary_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an assessment as a whole."""
    return {
        "started_at": read_moment(document["started_at"]),
        "finished_at": read_moment(document["finished_at"]),
        "unreachable": document["unreachable"][:1000],
        "counts": json.dumps(document["tally"]["counts"], sort_keys=True),
        "bundle_sha256": document["provenance"]["bundle_sha256"],
    }


def read_moment(written: str) -> float:
    """Seconds since the epoch of a moment in a document."""
    return datetime.fromisoformat(written).timestamp()


def _found(document: Mapping[str, Any]) -> Iterator[tuple[Key, Status]]:
    host = document["host"]["name"]
    for result in document["results"]:
        subject = "" if result["subject"] == host else result["subject"]
        version = version_of(document, result)
        status = Status(result["outcome"], result["disposition"], result["fingerprint"], version, result["severity"])
        yield (result["check"], subject), status


def _write(
    connection: Connection, run: Run, host_id: int, baseline: str, moved: Sequence[tuple[Key, State, State | None]], moment: float
) -> None:
    """New and changed states, and a transition for each."""
    if not moved:
        return
    check_ids = _ids_of(connection, checks, "name", {key[0] for key, _, _ in moved})
    version_ids = _ids_of(connection, versions, "digest", {state.status.version for _, state, _ in moved})
    rows = {
        (check_ids[check], subject): {**_columns(state), "version_id": version_ids[state.status.version]}
        for (check, subject), state, _ in moved
    }
    place = {"host_id": host_id, "baseline": baseline}
    query = select(states.c.check_id, states.c.subject, states.c.id)
    query = query.where(states.c.host_id == host_id, states.c.baseline == baseline)
    known = {(check_id, subject) for check_id, subject, _ in connection.execute(query)}
    new = [{**place, "check_id": key[0], "subject": key[1], **row} for key, row in rows.items() if key not in known]
    if new:
        connection.execute(insert(states), new)
    ids = {(check_id, subject): state_id for check_id, subject, state_id in connection.execute(query)}
    for key, row in rows.items():
        if key in known:
            connection.execute(update(states).where(states.c.id == ids[key]).values(**row))
    kept = ("outcome", "disposition", "fingerprint", "severity", "version_id")
    steps = [
        {"state_id": ids[key], "run_id": run.id, "at": moment, **{name: row[name] for name in kept}} for key, row in rows.items()
    ]
    connection.execute(insert(transitions), steps)


def _columns(state: State) -> dict[str, Any]:
    status = state.status
    return {
        "outcome": status.outcome, "disposition": status.disposition, "fingerprint": status.fingerprint,
        "severity": status.severity, "first_seen": state.first_seen, "since": state.since, "changed_at": state.changed_at,
        "reopened": state.reopened,
        "mended": state.mended,
    }  # fmt: skip


def _ids_of(connection: Connection, table: Any, column: str, values: set[str]) -> dict[str, int]:
    """Ids of texts that are kept once, made where they are new."""
    wanted = sorted(values)
    query = select(table.c[column], table.c.id).where(table.c[column].in_(wanted))

    def known() -> dict[str, int]:
        return {row[0]: row[1] for row in connection.execute(query)}

    found = known()
    missing = [text for text in wanted if text not in found]
    if missing:
        connection.execute(insert(table), [{column: text} for text in missing])
        found = known()
    return found
