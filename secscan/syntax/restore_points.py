"""Restore points: what any backup probe tells about repositories and the points in time they can bring back, in one shape.

A probe's shell prints for each repository (a directory, a stanza, a volume, a series of dumps: what is restored from)
  repository TOOL LOCATION
  target TEXT                          where the backups are kept, when the host only remembers them
  | WORD=VALUE ...                     of WORDS; a word that is not there is not told, `-` is none, `?` could not be read
  point TIME SIZE KIND WHOLE NAME      seconds since 1970, bytes or `-`, one word, y n or ?, anything
  done COUNT                           how many points, or `fault REASON`
and at last `end`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from secscan.model.probe import Answer, Attribute, Observation, Observed
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

POINT_LIMIT = 10000  # of one repository
_GAP_WINDOW_S = 7 * 86400.0
_PARTIAL_KINDS = {"incremental", "differential", "log"}
_EVIDENCE = {"repository", "client", "catalogue"}
_TIME_IS = {"exact", "end", "change"}
WORDS = (
    "evidence", "time_is", "id", "data_set", "encrypted", "append_only", "checked", "size", "locks", "locked_since", "unfinished",
    "damaged", "last_result", "mode",
)  # fmt: skip

_UNTOLD = {
    "append_only": "nothing here shows what those who write to it may do",
    "last_result": "no log tells how the last run ended",
    "damaged": "there is no sha256sum to look with, or its files carry no hashes",
    "pgbackrest damaged": "no log of this quarter tells of pgbackrest verify",
    "barman damaged": "Barman keeps no record of what barman verify-backup found",
}

# epoch(YEAR, MONTH, DAY, HOUR, MINUTE, SECOND), an awk function: seconds since 1970 of a moment in UTC
EPOCH_AWK = """function epoch(y, m, d, hour, minute, second,   era, day) {
  y += 0; m += 0; if (m <= 2) { y--; m += 12 }
  era = int(y / 400); y -= era * 400
  day = int((153 * (m - 3) + 2) / 5) + d - 1 + y * 365 + int(y / 4) - int(y / 100)
  return sprintf("%.0f", (era * 146097 + day - 719468) * 86400 + hour * 3600 + minute * 60 + second)
}
"""

REPOSITORY_FIELDS = (
    Attribute("location", Type.TEXT, "path, stanza, volume or pattern: what the host calls it"),
    Attribute("tool", Type.TEXT, "restic, borg, duplicity, rsnapshot, pgbackrest, barman, lvm, file, ..."),
    Attribute(
        "evidence", Type.TEXT,
        "repository: the backups themselves were seen; client: what the program remembers where it runs; catalogue: a server's",
    ),
    Attribute("newest", Type.TIMESTAMP, "time of the newest restore point that is not known to be broken; absent without one"),
    Attribute("target", Type.TEXT, "where the client keeps its backups; absent when the location is the place itself"),
    Attribute("id", Type.TEXT, "the repository's own id, by which both ends can be joined"),
    Attribute("data_set", Type.TEXT, "what is saved: a stanza, a client, a volume, a series of files"),
    Attribute(
        "time_is", Type.TEXT,
        "what the times mean. exact: the data is as of then; end: when the run had ended; change: a backup or a clean-up, so the "
        "newest backup may be older",
    ),
    Attribute("oldest", Type.TIMESTAMP, "time of the oldest restore point that is not known to be broken"),
    Attribute("newest_full", Type.TIMESTAMP, "time of the newest one that needs no other one to be restored"),
    Attribute("count", Type.INTEGER, "how many restore points that are not known to be broken", passing=True),
    Attribute("broken", Type.INTEGER, "how many that are known to be broken, or cannot be restored without what is missing"),
    Attribute("longest_gap", Type.DURATION, "longest time between neighbours of the week before the newest; absent without two"),
    Attribute("encrypted", Type.BOOLEAN, "what is stored cannot be read without a key"),
    Attribute(
        "size_percent", Type.NUMBER,
        "size of the newest, in percent of the median of up to ten of its kind before it; absent without one before it",
    ),
    Attribute("append_only", Type.BOOLEAN, "who writes backups cannot remove or change those that are there"),
    Attribute("checked", Type.TIMESTAMP, "when the program last verified what it stored"),
    Attribute("size", Type.SIZE, "bytes that are stored, where that is cheap to tell"),
    Attribute("locks", Type.INTEGER, "locks that are held", passing=True),
    Attribute("locked_since", Type.TIMESTAMP, "since when the oldest lock is held; absent without a lock"),
    Attribute("unfinished", Type.INTEGER, "leavings of runs that did not end", passing=True),
    Attribute(
        "damaged", Type.INTEGER,
        "files that no longer hold what they should, of those that were looked into: small ones and some of the newest",
    ),
    Attribute("last_result", Type.TEXT, "how the last run ended: success, warnings, failed, running"),
    Attribute("mode", Type.MODE, "permission bits of the repository's directory, or of the newest file"),
)  # fmt: skip
POINT_FIELDS = (
    Attribute("time", Type.TIMESTAMP, "see time_is"),
    Attribute("location", Type.TEXT, "location of its repository"),
    Attribute("tool", Type.TEXT, "as in its repository"),
    Attribute("evidence", Type.TEXT, "as in its repository"),
    Attribute("time_is", Type.TEXT, "exact, end or change, as in its repository"),
    Attribute("name", Type.TEXT, "the program's own name or id of it"),
    Attribute("kind", Type.TEXT, "snapshot, full, incremental, differential, transaction, archive, rotation, dump, ..."),
    Attribute("size", Type.SIZE, "bytes, where the program tells"),
    Attribute("whole", Type.BOOLEAN, "the run that made it ended, and nothing shows damage; false: it is known to be broken"),
    Attribute("encrypted", Type.BOOLEAN, "as in its repository"),
)
ATTRIBUTES = (
    Attribute("repositories", Type.RECORDS, "one record per repository", REPOSITORY_FIELDS),
    Attribute(
        "points",
        Type.RECORDS,
        "one record per restore point, the newest of a repository first; one that says why for a repository that could not be read",
        POINT_FIELDS,
    ),
    Attribute("count", Type.INTEGER, "how many repositories"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One restore point. `size` and `whole` are None when nobody tells."""

    time: float
    size: int | None
    kind: str
    whole: bool | None
    name: str


@dataclass(slots=True)
class Repository:
    """One repository as it was told; `told` holds values by words of WORDS. With a `fault` nothing else is known."""

    tool: str
    location: str
    target: str = ""
    told: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    fault: str = ""


def read_restore_points(answer: Answer, what: str) -> Observation:
    """The observation of a probe whose shell prints repositories; `what` names what was looked for."""
    said = reply(answer, what)
    return said or observe_repositories(parse_repositories(closed_lines(answer)))


def observe_repositories(repositories: Sequence[Repository]) -> Observed:
    """The attributes of ATTRIBUTES. For a repository that could not be read stands one point of which nothing is known."""
    records = [repository_record(repository) for repository in repositories]
    points: list[Record] = []
    for repository, record in zip(repositories, records, strict=True):
        if repository.fault:
            points.append({field.name: record.get(field.name, Unobservable(repository.fault)) for field in POINT_FIELDS})
        points += [point_record(record, point) for point in sorted(repository.points, key=lambda point: -point.time)]
    return Observed({"repositories": tuple(records), "points": tuple(points), "count": len(records)})


def parse_repositories(lines: Iterable[str]) -> list[Repository]:
    """The repositories of an answer without its closing line; Unreadable when there is none or one is cut off."""
    found: list[Repository] = []
    closed = True
    for line in lines:
        word, _, rest = line.partition(" ")
        if closed:
            tool, space, location = rest.partition(" ")
            if word != "repository" or not space:
                raise Unreadable(f"expected a repository: {line[:120]!r}")
            found.append(Repository(tool, location))
            closed = False
        elif word == "fault":
            found[-1] = Repository(found[-1].tool, found[-1].location, fault=rest or "it could not be read")
            closed = True
        elif word == "done":
            if len(found[-1].points) != int(rest):
                raise Unreadable(f"{len(found[-1].points)} restore points came of {rest}")
            closed = True
        else:
            _add(found[-1], word, rest)
    if not found or not closed:
        raise Unreadable("no repository, or one whose closing line is missing")
    return found


def _add(repository: Repository, word: str, rest: str) -> None:
    if word == "|":
        told = dict(item.split("=", 1) for item in rest.split())
        if not set(told) <= set(WORDS):
            raise Unreadable(f"unknown words: {rest[:120]!r}")
        repository.told.update(told)
    elif word == "point":
        time, size, kind, whole, name = rest.split(" ", 4)
        state = {"y": True, "n": False, "?": None}[whole]
        repository.points.append(Point(float(int(time)), None if size == "-" else int(size), kind, state, name))
    elif word == "target":
        repository.target = rest
    else:
        raise Unreadable(f"not a line about a repository: {word[:120]!r}")


def repository_record(repository: Repository) -> Record:
    """The fields of REPOSITORY_FIELDS."""
    if repository.fault:
        unknown = dict.fromkeys((field.name for field in REPOSITORY_FIELDS), Unobservable(repository.fault))
        return {**unknown, "location": repository.location, "tool": repository.tool}
    told = repository.told
    if told.get("evidence") not in _EVIDENCE or told.get("time_is") not in _TIME_IS:
        raise Unreadable("it is not told what the times mean")
    times = sorted(point.time for point in repository.points if point.whole is not False)
    full = [point.time for point in repository.points if point.whole is not False and point.kind not in _PARTIAL_KINDS]
    none = Absent("a restore point")
    client = told["evidence"] == "client"
    return {
        "location": repository.location,
        "tool": repository.tool,
        "evidence": told["evidence"],
        "newest": times[-1] if times else none,
        "target": repository.target
        or (Unobservable(f"{repository.tool} does not remember it in the clear") if client else Absent("another place")),
        "id": _told(repository, "id"),
        "data_set": _told(repository, "data_set"),
        "time_is": told["time_is"],
        "oldest": times[0] if times else none,
        "newest_full": max(full) if full else Absent("a full restore point"),
        "count": len(times),
        "broken": len(repository.points) - len(times),
        "longest_gap": longest_gap(times),
        "encrypted": _switch(repository, "encrypted"),
        "size_percent": size_percent(repository.points),
        "append_only": _switch(repository, "append_only"),
        "checked": _number(repository, "checked"),
        "size": _number(repository, "size"),
        "locks": _number(repository, "locks"),
        "locked_since": _number(repository, "locked_since"),
        "unfinished": _number(repository, "unfinished"),
        "damaged": _number(repository, "damaged"),
        "last_result": _told(repository, "last_result"),
        "mode": int(mode, 8) if isinstance(mode := _told(repository, "mode"), str) else mode,
    }


def point_record(repository: Record, point: Point) -> Record:
    """The fields of POINT_FIELDS."""
    return {
        "time": point.time,
        **{name: repository[name] for name in ("location", "tool", "evidence", "time_is", "encrypted")},
        "name": point.name,
        "kind": point.kind,
        "size": point.size if point.size is not None else Unobservable(f"{repository['tool']} does not tell"),
        "whole": point.whole if point.whole is not None else Unobservable("nothing tells whether it is whole"),
    }


def longest_gap(times: Sequence[float]) -> float | Absent:
    """The longest time between neighbours of the week before the last, or between the last two; `times` ascend.

    Retention thins out older points, so that older gaps prove nothing.

    >>> longest_gap([0, 86400, 3 * 86400, 4 * 86400])
    172800
    >>> longest_gap([0, 30 * 86400, 31 * 86400])
    86400
    """
    if len(times) < 2:
        return Absent("two restore points")
    gaps = [later - earlier for earlier, later in pairwise(times) if earlier >= times[-1] - _GAP_WINDOW_S]
    return max(gaps, default=times[-1] - times[-2])


def size_percent(points: Sequence[Point]) -> Value:
    """The size of the newest point in percent of the median of up to ten of its kind before it; broken ones count too."""
    if not points:
        return Absent("a restore point")
    newest, *before = sorted(points, key=lambda point: -point.time)
    sizes = [point.size for point in before if point.kind == newest.kind and point.size is not None][:10]
    if newest.size is None:
        return Unobservable("the sizes of restore points are not told")
    usual = median(sizes) if sizes else 0
    return round(100 * newest.size / usual, 1) if usual else Absent("a restore point of the same kind before the newest")


def _told(repository: Repository, word: str) -> str | Absent | Unobservable:
    value = repository.told.get(word)
    if value is None:
        otherwise = _UNTOLD.get(word, f"{repository.tool} does not tell this way")
        return Unobservable(_UNTOLD.get(f"{repository.tool} {word}", otherwise))
    if value == "?":
        return Unobservable("it could not be read")
    return Absent(word.replace("_", " ")) if value == "-" else value


def _switch(repository: Repository, word: str) -> Value:
    value = _told(repository, word)
    return {"yes": True, "no": False}[value] if isinstance(value, str) else value


def _number(repository: Repository, word: str) -> Value:
    value = _told(repository, word)
    return int(value) if isinstance(value, str) else value
