"""Taking an assessment in: what moved, written in one transaction.

Nearly everything is as it was the night before, so that what is known is compared in the numbers that the tables have, and only
what moved is looked at and written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from secscan.history.naming import Names
from secscan.history.queries import present
from secscan.history.records import Change, Run
from secscan.history.states import REMOVED, UNJUDGED, Failure, State, Status, advance, by_content, classify, hidden_failure
from secscan.history.tables import assessments, states, transitions

Key = tuple[int, str]  # the number of the check, and the subject (empty when it is the host)
Found = tuple[str, str, str, str, int]  # a status as _STATUS has it in the tables
_STATUS = (states.c.outcome, states.c.disposition, states.c.fingerprint, states.c.severity, states.c.version_id)
_TIMES = (states.c.first_seen, states.c.since, states.c.changed_at, states.c.reopened, states.c.mended)  # in the order of a State
_KNOWN = select(states.c.check_id, states.c.subject, *_STATUS).where(
    states.c.host_id == bindparam("host"), states.c.baseline == bindparam("series")
)
_MOVING = select(states.c.check_id, states.c.subject, *_STATUS, states.c.id, states.c.moves, *_TIMES).where(
    states.c.host_id == bindparam("host"),
    states.c.baseline == bindparam("series"),
    states.c.check_id.in_(bindparam("checks", expanding=True)),
)
_STORIES = (
    select(transitions.c.state_id, transitions.c.at, *(transitions.c[column.name] for column in _STATUS))
    .where(transitions.c.state_id.in_(bindparam("states", expanding=True)))
    .order_by(transitions.c.state_id, transitions.c.number)
)
_HAS_HOST = select(assessments.c.id).where(assessments.c.run_id == bindparam("run"), assessments.c.host_id == bindparam("host"))
_ADD_HOST, _ADD_STATE, _ADD_TRANSITION = insert(assessments), insert(states), insert(transitions)
_SORTED = json.JSONEncoder(sort_keys=True)
_MOVE = update(states).where(states.c.id == bindparam("state"))


@dataclass(frozen=True, slots=True)
class Moved:
    """One state that moved. `number` is its own in the tables, None for a new one; `moves` is how often it did before."""

    key: Key
    number: int | None
    moves: int
    before: State | None
    after: State


def move_states(connection: Connection, names: Names, run: Run, host_id: int, document: Mapping[str, Any]) -> list[Change]:
    """Every state of a host, moved by one assessment; what changed."""
    host, moment, baseline = document["host"]["name"], read_moment(document["started_at"]), document["baseline"]["id"]
    place = {"host": host_id, "series": baseline}
    known: dict[Key, Found] = {row[:2]: row[2:] for row in connection.execute(_KNOWN, place).fetchall()}
    found = _find(connection, names, document)
    moving = {key: each for key, each in found.items() if known.get(key) != each}
    gone = {key: each for key, each in known.items() if key not in found and each[0] != REMOVED}
    moving |= {key: (REMOVED, "none", "", "", version_id) for key, (*_, version_id) in gone.items()}
    if not moving:
        return []
    checks = sorted({check_id for check_id, _ in moving.keys() & known.keys()})
    rows = {row[:2]: row for row in connection.execute(_MOVING, {**place, "checks": checks}).fetchall()} if checks else {}
    hidden = _hidden(connection, names, [rows[key] for key in moving.keys() & rows.keys()])
    moved = [
        _move(connection, names, key, rows.get(key), hidden, _status(connection, names, each), moment)
        for key, each in moving.items()
    ]
    _write(connection, names, run, {"host_id": host_id, "baseline": baseline}, moved, moment)
    changes = [_change(host, names.checks.text(connection, each.key[0]), each) for each in moved]
    return [change for change in changes if change is not None]


def has_host(connection: Connection, run: Run, host_id: int) -> bool:
    """Whether a run has a host already."""
    return connection.execute(_HAS_HOST, {"run": run.id, "host": host_id}).first() is not None


def add_host(connection: Connection, run: Run, host_id: int, document: Mapping[str, Any]) -> None:
    """Keep an assessment as a whole."""
    row = {
        "run_id": run.id,
        "host_id": host_id,
        "started_at": read_moment(document["started_at"]),
        "finished_at": read_moment(document["finished_at"]),
        "unreachable": document["unreachable"][:1000],
        "counts": json.dumps(document["tally"]["counts"], sort_keys=True),
        "bundle_sha256": document["provenance"]["bundle_sha256"],
    }
    connection.execute(_ADD_HOST, row)


def read_moment(written: str) -> float:
    """Seconds since the epoch of a moment in a document."""
    return datetime.fromisoformat(written).timestamp()


def _version_of(sha256: str, parameters: Mapping[str, Any]) -> str:
    """The digest of a check as it was applied: its file and its parameters."""
    return hashlib.sha256(_SORTED.encode([sha256, parameters]).encode()).hexdigest()[:32]


def _find(connection: Connection, names: Names, document: Mapping[str, Any]) -> dict[Key, Found]:
    """What an assessment says, by check and subject."""
    host, texts, results = document["host"]["name"], document["checks"], document["results"]
    applied = [(each["check"], texts[each["check"]]["sha256"], repr(each["parameters"])) for each in results]
    new = {how: each["parameters"] for how, each in zip(applied, results, strict=True) if how not in names.applied}
    if new:
        versions = {how: _version_of(how[1], parameters) for how, parameters in new.items()}
        check_ids = names.checks.numbers(connection, {check for check, _, _ in new})
        version_ids = names.versions.numbers(connection, set(versions.values()))
        names.applied.update({how: (check_ids[how[0]], version_ids[version]) for how, version in versions.items()})
    found = {}
    for each, how in zip(results, applied, strict=True):
        check_id, version_id = names.applied[how]
        subject = "" if each["subject"] == host else each["subject"]
        found[check_id, subject] = (each["outcome"], each["disposition"], each["fingerprint"], each["severity"], version_id)
    return found


def _hidden(connection: Connection, names: Names, rows: Iterable[Any]) -> dict[int, Failure | None]:
    """The failure of each state that could not be judged, by its number. `rows` are of _MOVING, which knows only what is."""
    ids = [row.id for row in rows if row.outcome in UNJUDGED]
    stories = connection.execute(_STORIES, {"states": ids}).fetchall() if ids else ()
    return {
        state: hidden_failure((at, _status(connection, names, (*found,))) for _, at, *found in story)
        for state, story in groupby(stories, key=itemgetter(0))
    }


def _move(
    connection: Connection, names: Names, key: Key, row: Any, hidden: Mapping[int, Failure | None], status: Status, moment: float
) -> Moved:
    """One state from what _MOVING tells of it, None where it is new, and what _hidden does."""
    if row is None:
        return Moved(key, None, 0, None, advance(None, status, moment)[0])
    first_seen, since, changed_at, reopened, mended = row[9:]
    before = State(_status(connection, names, row[2:7]), first_seen, since, changed_at, reopened, mended, hidden.get(row.id))
    return Moved(key, row.id, row.moves, before, advance(before, status, moment)[0])


def _change(host: str, check: str, moved: Moved) -> Change | None:
    """What it means that a state moved; None where it means nothing to anybody."""
    earlier, later = present(moved.before.status if moved.before else None), present(moved.after.status)
    told = later and later.outcome not in UNJUDGED
    failure = moved.before.hidden.status if told and moved.before and moved.before.hidden else None
    kind = classify(earlier, later, failure)
    return Change(host, check, moved.key[1], kind, earlier, later, by_content(failure or earlier, later), failure) if kind else None


def _status(connection: Connection, names: Names, found: Found) -> Status:
    outcome, disposition, fingerprint, severity, version_id = found
    return Status(outcome, disposition, fingerprint, names.versions.text(connection, version_id), severity)


def _write(connection: Connection, names: Names, run: Run, place: Mapping[str, Any], moved: Sequence[Moved], moment: float) -> None:
    """New and changed states, and a transition for each."""
    versions = names.versions.numbers(connection, {each.after.status.version for each in moved})
    rows = {each.key: _columns(each, versions[each.after.status.version]) for each in moved}
    ids = {each.key: each.number for each in moved if each.number is not None}
    if ids:
        connection.execute(_MOVE, [{"state": state_id, **rows[key]} for key, state_id in ids.items()])
    new = [{**place, "check_id": key[0], "subject": key[1], **row} for key, row in rows.items() if key not in ids]
    if new:
        connection.execute(_ADD_STATE, new)
        query = select(states.c.check_id, states.c.subject, states.c.id)
        query = query.where(states.c.host_id == place["host_id"], states.c.baseline == place["baseline"])
        ids = {(check_id, subject): state_id for check_id, subject, state_id in connection.execute(query)}
    kept = ("outcome", "disposition", "fingerprint", "severity", "version_id")
    steps = [
        {"state_id": ids[key], "number": row["moves"] - 1, "run_id": run.id, "at": moment, **{name: row[name] for name in kept}}
        for key, row in rows.items()
    ]
    connection.execute(_ADD_TRANSITION, steps)


def _columns(moved: Moved, version_id: int) -> dict[str, Any]:
    state, status = moved.after, moved.after.status
    return {
        "outcome": status.outcome, "disposition": status.disposition, "fingerprint": status.fingerprint,
        "severity": status.severity, "version_id": version_id, "first_seen": state.first_seen, "since": state.since,
        "changed_at": state.changed_at, "reopened": state.reopened, "mended": state.mended, "moves": moved.moves + 1,
    }  # fmt: skip
