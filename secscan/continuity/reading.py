"""From the evidence of all hosts to the copies of a data set: the repository on its own host is proof, a client's memory is not."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from secscan.continuity.archive import ARCHIVE, archived_points
from secscan.continuity.points import Copy, Integrity, RestorePoint
from secscan.judge.observe import exhibits, observe
from secscan.model.evidence import Bundle
from secscan.model.probe import Call, Observation, Observed, Probe
from secscan.model.service import DataSet, Repository
from secscan.model.values import Record, Unobservable, write_duration

TOLERANCE_S = 5.0
"""How far two clocks may seem apart after correction: offsets are known to about a second plus half a round trip."""
WRONG_S = 300.0
"""How wrong a clock may be while its times count as measured: nobody knows whether it was as wrong when a backup was made."""
_ASKED_BY = {
    **dict.fromkeys(("restic", "borg", "duplicity"), "backup_repositories"),
    **dict.fromkeys(("lvm", "zfs", "btrfs"), "snapshots"),
    **dict.fromkeys(("file", "tree"), "backup_files"),
    **dict.fromkeys(("bacula", "bareos"), "backup_catalogue"),
    "rsnapshot": "rsnapshot",
    "pgbackrest": "pgbackrest",
    "barman": "barman",
}
_SERVERS = "postgresql_state"
_KEPT = {_SERVERS, "dns_record", "tls_endpoint"}  # what is of use wherever it was asked
_PLACES = {"backup_repositories": "places", "backup_files": "patterns"}
_CONFIGURED = {"rsnapshot", "barman"}  # look where their configuration says, which may be another one than was asked for
_CLIENT_CLOCK = {"duplicity"}  # the names of its files hold the time of the host that is saved


@dataclass(frozen=True, slots=True)
class Look:
    """One question and what came of it."""

    call: Call
    observation: Observation


@dataclass(frozen=True, slots=True)
class HostView:
    """What one host told. `clock_offset_s` is its time less the scanner's; None when it told no time.

    `machine` is what it tells of itself that no other machine should; empty when nothing.
    """

    host: str
    clock_offset_s: float | None
    looks: tuple[Look, ...]
    finished_at: float = 0.0
    machine: str = ""


def view_host(bundle: Bundle, probes: Mapping[str, Probe]) -> HostView:
    """What a bundle says about repositories and restore points, and what derived probes need to know of hosts."""
    needed = {call.probe for probe in probes.values() for call in probe.needs}
    able = {
        name: probe
        for name, probe in probes.items()
        if name in needed or name in _KEPT or (probe.attribute("repositories") and probe.attribute("points"))
    }
    answered = exhibits(bundle, able)
    looks = tuple(Look(call, observe(able[call.probe], call, exhibit.answer)) for call, exhibit in answered.items())
    origin = bundle.origin
    machine = f"{origin.machine_id} {origin.host_key}" if origin.machine_id else ""
    return HostView(origin.target, origin.clock_offset_s, looks, origin.finished_at, machine)


def find_copies(
    data_set: DataSet, repositories: Mapping[str, Repository], views: Mapping[str, HostView], now: float
) -> tuple[Copy, ...]:
    """The copies of a data set, one for each repository that is said to save it, in that order."""
    copies = [_find_copy(data_set, repositories[name], views, now) for name in data_set.backups]
    return tuple(_without_log(copy) if _is_copy_of_a_copy(copy, copies, data_set.host) else copy for copy in copies)


def _is_copy_of_a_copy(copy: Copy, copies: Iterable[Copy], origin: str) -> bool:
    """Whether a repository elsewhere holds the very backups of one on the host of a database: runs to two never have one name."""
    if copy.repository.tool != "pgbackrest" or copy.repository.host == origin:
        return False
    kept = {point.name for other in copies if other.repository.host == origin for point in other.points if point.method != ARCHIVE}
    return any(point.name in kept for point in copy.points)


def _without_log(copy: Copy) -> Copy:
    """The server archives its log to the repository that was copied; how much of it has come this far, nobody tells."""
    points = tuple(point for point in copy.points if point.method != ARCHIVE)
    return replace(copy, points=points, notes=(*copy.notes, f"how much of the log has reached {copy.repository.id} is not known"))


def _find_copy(data_set: DataSet, repository: Repository, views: Mapping[str, HostView], now: float) -> Copy:
    view = views.get(repository.host)
    if view is None:
        return Copy(repository, fault=f"{repository.host} was not read", claimed=_claim(repository, None, views))
    matches = {
        str(record["location"]): (record, look)
        for look in reversed(view.looks)
        for record in _records(look, "repositories")
        if record["tool"] == repository.tool and record["evidence"] != "client" and _is_named(record, repository.path)
    }
    if len(matches) > 1:
        return Copy(repository, fault=f"{repository.path} on {repository.host} may be any of: {', '.join(sorted(matches))}")
    if not matches:
        fault = _why_missing(repository, view)
        return Copy(repository, fault=fault, claimed=_claim(repository, None, views), errors=None if fault else 0)
    ((record, look),) = matches.values()
    claimed = _claim(repository, record, views)
    if isinstance(record["evidence"], Unobservable):
        return Copy(repository, fault=record["evidence"].reason, claimed=claimed)
    points = tuple(_read_points(data_set, repository, record, look, views, now))
    database = views.get(data_set.host)
    if repository.tool == "pgbackrest" and data_set.database and database and database.clock_offset_s is not None:
        servers = [server for each in database.looks for server in _records(each, "servers")]
        points += tuple(archived_points(servers, database.clock_offset_s, points, now))
    damaged = record["damaged"]
    broken = sum(not point.restorable for point in points)
    errors = broken + damaged if isinstance(damaged, int) else broken or None
    notes, identity = tuple(_notes(repository, record, points, claimed)), record["id"]
    return Copy(
        repository, points, claimed=claimed, errors=errors, notes=notes, identity=identity if isinstance(identity, str) else ""
    )


def _is_named(record: Record, path: str) -> bool:
    return str(record["location"]).rstrip("/") == path.rstrip("/") or record["data_set"] == path


def _why_missing(repository: Repository, view: HostView) -> str:
    """Why nothing is known about a repository; empty when its host was asked for it and has none."""
    asked = _ASKED_BY.get(repository.tool, "")
    looks = [look for look in view.looks if look.call.probe == asked]
    reasons = [look.observation.reason for look in looks if isinstance(look.observation, Unobservable)]
    if reasons:
        return reasons[0]
    places = _PLACES.get(asked)
    covering = [look for look in looks if places is None or _looks_at(look.call.mapping().get(places), repository.path)]
    if not covering or asked in _CONFIGURED:
        return f"{repository.host} was not asked about {repository.path}"
    return ""


def _looks_at(places: object, path: str) -> bool:
    """Whether patterns, as a shell takes them, find a path."""
    parts = path.rstrip("/").split("/")
    patterns = [str(place).rstrip("/").split("/") for place in places] if isinstance(places, tuple) else []
    return any(
        len(pattern) == len(parts) and all(fnmatch.fnmatchcase(part, glob) for part, glob in zip(parts, pattern, strict=True))
        for pattern in patterns
    )


def _records(look: Look, name: str) -> tuple[Record, ...]:
    if not isinstance(look.observation, Observed):
        return ()
    records = look.observation.attributes.get(name)
    return records if isinstance(records, tuple) and all(isinstance(record, dict) for record in records) else ()  # type: ignore[return-value] # a tuple of texts has none


def _read_points(
    data_set: DataSet, repository: Repository, record: Record, look: Look, views: Mapping[str, HostView], now: float
) -> Iterator[RestorePoint]:
    clock = views.get(data_set.host if repository.tool in _CLIENT_CLOCK else repository.host)
    offset = clock.clock_offset_s if clock else None
    doubt = f"the clock of {clock.host if clock else data_set.host} is not known" if offset is None else ""
    if clock and offset is not None and abs(offset) > WRONG_S:
        doubt = f"the clock of {clock.host} is wrong by {write_duration(abs(offset) // 60 * 60)}, and may have been right before"
    if record["time_is"] == "change":
        doubt = f"{repository.tool} shows when something changed, a backup or a clean-up"
    damaged = isinstance(record["damaged"], int) and record["damaged"] > 0
    encrypted = record["encrypted"]
    for told in _points_of(record, look):
        time = float(told["time"]) - (offset or 0.0)  # type: ignore[arg-type] # a timestamp is a number
        whole = told["whole"]
        broken = whole is False or damaged or not 0 <= time <= now + TOLERANCE_S
        until, claimed = _immutable(repository, record, time)
        yield RestorePoint(
            data_set=data_set.id,
            method=repository.tool,
            host=repository.host,
            location=str(record["location"]),
            time=time,
            integrity=Integrity.BROKEN if broken else Integrity.WHOLE if whole is True else Integrity.UNVERIFIED,
            encrypted=encrypted if isinstance(encrypted, bool) else None,
            immutable_until=until,
            immutable_claimed=claimed,
            doubt=doubt or ("" if whole is True else "nothing tells whether it is whole"),
            name=str(told["name"]),
            kind=str(told["kind"]),
            size=size if isinstance(size := told["size"], int) else None,
        )


def _points_of(record: Record, look: Look) -> Iterable[Record]:
    """The points of a repository."""
    points = _records(look, "points")
    return [
        point
        for point in points
        if point["location"] == record["location"] and point["tool"] == record["tool"] and isinstance(point["time"], int | float)
    ]


def _immutable(repository: Repository, record: Record, time: float) -> tuple[float | None, bool]:
    """Until when nobody can change a point, and whether that is only said: what the host shows outweighs what is said."""
    said, shown = repository.immutable, record["append_only"]
    if said == 0 or shown is False:
        return 0.0, False
    if shown is True:
        return time + (said if said is not None else math.inf), False
    return (None, False) if said is None else (time + said, True)


def _claim(repository: Repository, record: Record | None, views: Mapping[str, HostView]) -> float | None:
    """The newest time that any other host remembers of this repository, by the scanner's clock."""
    times = [
        float(other["newest"]) - (view.clock_offset_s or 0.0)
        for view in views.values()
        for look in view.looks
        for other in _records(look, "repositories")
        if isinstance(other["newest"], int | float) and other["tool"] == repository.tool
        if (other["evidence"] == "client" or view.host != repository.host) and _is_same(other, record, repository)
    ]
    return max(times, default=None)


def _is_same(other: Record, record: Record | None, repository: Repository) -> bool:
    """Whether two hosts speak of one repository: by its own id, else by the address that a client remembers."""
    if record is not None and isinstance(other["id"], str) and isinstance(record["id"], str):
        return other["id"] == record["id"]
    target = other["target"]
    return isinstance(target, str) and target.rstrip("/").endswith(repository.path.rstrip("/")) and repository.host in target


def _notes(repository: Repository, record: Record, points: tuple[RestorePoint, ...], claimed: float | None) -> Iterator[str]:
    newest = max((point.time for point in points), default=-math.inf)
    if claimed is not None and claimed > newest + TOLERANCE_S and record["time_is"] != "change":
        yield f"a client remembers a later backup to {repository.id} than it holds"
    if repository.immutable and record["append_only"] is False:
        yield f"{repository.id} is said to be immutable, and is not: who writes to it can also delete"
    if isinstance(record["damaged"], int) and record["damaged"] > 0:
        yield f"{repository.id} is damaged: {record['damaged']} files do not hold what they should"
    if any(not point.restorable for point in points):
        yield f"{repository.id} has {sum(not point.restorable for point in points)} restore points that cannot be counted on"
