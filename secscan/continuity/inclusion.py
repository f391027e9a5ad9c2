"""Whether backups hold what they are said to hold: what programs are told to save and to leave out against what is declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from secscan.continuity.evidence import Evidence
from secscan.continuity.exclusion import Reach, reach
from secscan.continuity.extent import is_within
from secscan.continuity.points import Copy
from secscan.model.service import DataSet, Repository
from secscan.model.values import Record, Unobservable

PROBE = "backup_sources"
_MOUNTS = "mounts"
_SAVED_BY = {"tree": "rsync"}  # the program that writes a repository, where it has another name
_FETCHING = {"rsnapshot", "rsync"}
_DIRECTED = {"bacula", "bareos"}
_PATH_LIKE = ("/", "sftp:", "ssh://", "file://", "scp://", "rsync://")


@dataclass(frozen=True, slots=True)
class _Job:
    """What one list says. `paths` is None where not all of them are written out; `vague` says why not all exclusions are told."""

    tool: str
    paths: tuple[str, ...] | None
    excludes: tuple[str, ...]
    vague: str
    one_file_system: bool

    def names(self, path: str) -> bool:
        """Whether it says that a directory is saved."""
        return self.paths is not None and any(is_within(path, place) for place in self.paths)


@dataclass(frozen=True, slots=True)
class _Lack:
    """What a job leaves out of a directory, and in what words that is told."""

    reach: Reach
    why: str = ""


def leave_out(data_set: DataSet, copies: Sequence[Copy], evidence: Evidence) -> tuple[Copy, ...]:
    """The copies as far as they hold the data set.

    One whose program is told to leave out some of it holds no restore point of it. One whose program is told, in full, to save
    other places, or leaves out what cannot be told, is not known to hold it.
    """
    return tuple(copy if copy.fault else _held_against(data_set, copy, evidence) for copy in copies)


def _held_against(data_set: DataSet, copy: Copy, evidence: Evidence) -> Copy:
    tool = copy.repository.tool
    jobs = list(_jobs(data_set, copy.repository, evidence))
    lacks = {path: lack for path in data_set.paths if (lack := _lack(path, jobs, data_set, evidence)).reach}
    sure = [lack for lack in lacks.values() if lack.reach in {Reach.WHOLE, Reach.PART}]
    if sure:
        names = ", ".join(dict.fromkeys(lack.why for lack in sure))
        partly = len(sure) < len(data_set.paths) or any(lack.reach is Reach.PART for lack in sure)
        why = f"{tool} is told to leave out {names}"
        return replace(copy, points=(), left_out=why, left_out_in_part=partly, notes=(*copy.notes, why))
    unnamed = [path for path in data_set.paths if _is_unnamed(path, jobs)]
    reasons = [f"what {tool} is told to save does not name {', '.join(unnamed)}"] if unnamed else []
    reasons += [f"whether {tool} leaves out some of {path} is not known: {lack.why}" for path, lack in lacks.items()]
    return replace(copy, points=(), fault="; ".join(reasons), errors=None) if reasons else copy


def _is_unnamed(path: str, jobs: Sequence[_Job]) -> bool:
    """Whether lists are known in full, and none has a directory. rsync copies much else: that its lists do not is no proof."""
    listed = [job for job in jobs if job.tool != "rsync"]
    known = all(job.paths is not None for job in listed) and any(job.paths for job in listed)
    return known and not any(job.names(path) for job in listed)


def _lack(path: str, jobs: Sequence[_Job], data_set: DataSet, evidence: Evidence) -> _Lack:
    """What the jobs that save a directory leave out of it: the most of any, as a run of each is a restore point.

    A job that leaves out all of it does not save it, and counts only when no other does.
    """
    naming = [job for job in jobs if job.names(path)]
    hidden = [job for job in jobs if job.paths is None]
    told = [_left_out_by(job, path, data_set, evidence) for job in naming]
    saving = [lack for lack in told if lack.reach is not Reach.WHOLE]
    if saving:
        return max(saving, key=lambda lack: lack.reach)
    maybe = [_left_out_by(job, path, data_set, evidence) for job in hidden]
    if told and not hidden:
        return told[0]
    doubts = [*told, *(lack for lack in maybe if lack.reach)]
    if not doubts:
        return _Lack(Reach.NOTHING)
    first = doubts[0]
    return first if first.reach is Reach.PERHAPS else _Lack(Reach.PERHAPS, f"it is told to leave out {first.why}")


def _left_out_by(job: _Job, path: str, data_set: DataSet, evidence: Evidence) -> _Lack:
    lacks = [_Lack(reach(pattern, path, job.tool), pattern) for pattern in job.excludes if not _is_meant(pattern, data_set)]
    lacks = [_named(lack, path) for lack in lacks]
    if job.vague:
        lacks.append(_Lack(Reach.PERHAPS, job.vague))
    if job.one_file_system and job.paths is not None:
        lacks += _other_file_systems(job, path, data_set, evidence)
    return max(lacks, key=lambda lack: lack.reach, default=_Lack(Reach.NOTHING))


def _named(lack: _Lack, path: str) -> _Lack:
    """A pattern that leaves out all of a directory is told by the directory."""
    if lack.reach is Reach.PERHAPS:
        return replace(lack, why=f"its pattern {lack.why} may fit there")
    return replace(lack, why=path) if lack.reach is Reach.WHOLE else lack


def _is_meant(pattern: str, data_set: DataSet) -> bool:
    """Whether the inventory says that this need not be saved."""
    return any(pattern == each or (each.startswith("/") and is_within(pattern, each)) for each in data_set.without)


def _other_file_systems(job: _Job, path: str, data_set: DataSet, evidence: Evidence) -> Iterator[_Lack]:
    """What lies in file systems that are mounted below what the job saves."""
    if fault := evidence.why_untold(data_set.host, _MOUNTS):
        yield _Lack(Reach.PERHAPS, f"it leaves out file systems that are mounted below, and {fault}")
        return
    places = [place for place in job.paths or () if is_within(path, place)]
    for mount in evidence.records(data_set.host, _MOUNTS, "mounts"):
        point = str(mount["path"])
        if mount["kind"] == "virtual" or any(is_within(place, point) for place in places) or _is_meant(point, data_set):
            continue
        if is_within(path, point):
            yield _Lack(Reach.WHOLE, path)
        elif is_within(point, path):
            yield _Lack(Reach.PART, point)


def _jobs(data_set: DataSet, repository: Repository, evidence: Evidence) -> Iterator[_Job]:
    """The lists that may be those of a repository: of its tool, on the host of the data or where it is fetched or directed from."""
    tool = _SAVED_BY.get(repository.tool, repository.tool)
    far = repository.host != data_set.host
    if tool in _DIRECTED:
        _, _, files = repository.path.partition(": ")
        yield from (_job(each, "paths") for each in _records(repository.host, tool, evidence) if each["file"] == files)
        return
    if not (far and tool == "rsnapshot"):
        yield from (_job(each, "paths") for each in _records(data_set.host, tool, evidence) if _may_feed(each, repository))
    if far and tool in _FETCHING:
        for record in _records(repository.host, tool, evidence):
            job = _job(record, "remote")
            fetched = [place.partition(":") for place in job.paths or ()]
            own = tuple(path for host, _, path in fetched if host == data_set.host)
            if job.paths is None or own or (tool == "rsnapshot" and not fetched):
                yield replace(job, paths=None if job.paths is None else own)


def _records(host: str, tool: str, evidence: Evidence) -> Iterable[Record]:
    return (record for record in evidence.records(host, PROBE, "sources") if record["tool"] == tool)


def _job(record: Record, field: str) -> _Job:
    places, excludes = record[field], record["excludes"]
    return _Job(
        tool=str(record["tool"]),
        paths=tuple(map(str, places)) if isinstance(places, tuple) else None,
        excludes=tuple(map(str, excludes)) if isinstance(excludes, tuple) else (),
        vague=excludes.reason if isinstance(excludes, Unobservable) else "",
        one_file_system=record["one_file_system"] is True,
    )


def _may_feed(record: Record, repository: Repository) -> bool:
    """Whether a list may be that of a repository. Only a path that ends otherwise shows that it goes elsewhere."""
    targets = record["targets"]
    known = [str(target).rstrip("/") for target in targets] if isinstance(targets, tuple) else []
    name = repository.path.rstrip("/").rpartition("/")[2]
    if not known or "#" in name or not all(target.startswith(_PATH_LIKE) for target in known):
        return True
    return any(target.rpartition("/")[2].rpartition(":")[2] in {name, ""} for target in known)
