"""Whether backups hold what they are said to hold: what programs are told to save and to leave out against what is declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from secscan.continuity.evidence import Evidence
from secscan.continuity.exclusion import Reach, reach
from secscan.continuity.points import Copy
from secscan.continuity.ways import Way, way_to
from secscan.continuity.whereabouts import mount_of
from secscan.continuity.within import is_within, plain
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
    follows_links: bool = False

    def names(self, way: Way) -> bool:
        """Whether it says that a directory is saved, under its own name or that of where it lies."""
        return any(is_within(way.path, place) or (way.real and is_within(way.real, place)) for place in self.paths or ())

    def walks(self, way: Way) -> Iterator[tuple[str, str]]:
        """What it calls a directory that it comes to, and where it really started to get there."""
        for place in self.paths or ():
            if is_within(way.path, place) and (self.follows_links or not self.link_met(place, way)):
                yield way.path, way.real_of(place)
            elif way.real and is_within(way.real, place):
                yield way.real, plain(place)

    def link_met(self, place: str, way: Way) -> str:
        """The link at which it stops on its way from a place that it is told; empty for none."""
        opened = self.tool == "rsnapshot" or (self.tool == "rsync" and place.endswith("/"))
        return way.link_from(plain(place), opened=opened)


@dataclass(frozen=True, slots=True)
class _Lack:
    """What a job leaves out of a directory, and in what words that is told. `link` is one that it saves as such."""

    reach: Reach
    why: str = ""
    link: str = ""


def leave_out(data_set: DataSet, copies: Sequence[Copy], evidence: Evidence) -> tuple[Copy, ...]:
    """The copies as far as they hold the data set.

    One whose program is told to leave out some of it holds no restore point of it. One whose program is told, in full, to save
    other places, or leaves out what cannot be told, is not known to hold it.
    """
    return tuple(copy if copy.fault else _held_against(data_set, copy, evidence) for copy in copies)


def _held_against(data_set: DataSet, copy: Copy, evidence: Evidence) -> Copy:
    tool = copy.repository.tool
    jobs = list(_jobs(data_set, copy.repository, evidence))
    ways = [way_to(data_set.host, path, evidence) for path in data_set.paths]
    ways = [way for way in ways if not _is_elsewhere(way, ways)]
    lacks = {way.path: lack for way in ways if (lack := _lack(way, jobs, data_set, evidence)).reach}
    sure = [lack for lack in lacks.values() if lack.reach in {Reach.WHOLE, Reach.PART}]
    if sure:
        names = ", ".join(dict.fromkeys(lack.why for lack in sure if not lack.link))
        partly = len(sure) < len(ways) or any(lack.reach is Reach.PART for lack in sure)
        clauses = [f"is told to leave out {names}"] if names else []
        clauses += dict.fromkeys(f"saves {lack.link} as a link, without {lack.why}" for lack in sure if lack.link)
        why = f"{tool} {' and '.join(clauses)}"
        return replace(copy, points=(), left_out=why, left_out_in_part=partly, notes=(*copy.notes, why))
    unnamed = [way.path for way in ways if _is_unnamed(way, jobs)]
    reasons = [f"what {tool} is told to save does not name {', '.join(unnamed)}"] if unnamed else []
    reasons += [f"whether {tool} leaves out some of {path} is not known: {lack.why}" for path, lack in lacks.items()]
    return replace(copy, points=(), fault="; ".join(reasons), errors=None) if reasons else copy


def _is_elsewhere(way: Way, others: Sequence[Way]) -> bool:
    """Whether a link leads to what is declared by its own name too, which is judged there."""
    return way.is_link and any(is_within(way.real, other.path) and not other.links for other in others if way.real)


def _is_unnamed(way: Way, jobs: Sequence[_Job]) -> bool:
    """Whether lists are known in full, and none has a directory. rsync copies much else: that its lists do not is no proof."""
    listed = [job for job in jobs if job.tool != "rsync"]
    known = all(job.paths is not None for job in listed) and any(job.paths for job in listed)
    return known and not any(job.names(way) for job in listed)


def _lack(way: Way, jobs: Sequence[_Job], data_set: DataSet, evidence: Evidence) -> _Lack:
    """What the jobs that save a directory leave out of it: the most of any, as a run of each is a restore point.

    A job that leaves out all of it does not save it, and counts only when no other does.
    """
    naming = [job for job in jobs if job.names(way)]
    hidden = [job for job in jobs if job.paths is None]
    told = [_left_out_by(job, way, data_set, evidence) for job in naming]
    saving = [lack for lack in told if lack.reach is not Reach.WHOLE]
    if saving:
        return max(saving, key=lambda lack: lack.reach)
    maybe = [_left_out_by(job, way, data_set, evidence) for job in hidden]
    if told and not hidden:
        return told[0]
    doubts = [*told, *(lack for lack in maybe if lack.reach)]
    if not doubts:
        return _Lack(Reach.PERHAPS, _link_told(way)) if way.is_link else _Lack(Reach.NOTHING)
    first = doubts[0]
    why = f"it saves {first.link} as a link" if first.link else f"it is told to leave out {first.why}"
    return first if first.reach is Reach.PERHAPS else _Lack(Reach.PERHAPS, why)


def _link_told(way: Way) -> str:
    return f"it is a link to {way.real}, and programs save links as such" if way.real else "it is a link that leads nowhere"


def _left_out_by(job: _Job, way: Way, data_set: DataSet, evidence: Evidence) -> _Lack:
    walks = list(job.walks(way))
    if job.names(way) and not walks:
        links = [link for place in job.paths or () if is_within(way.path, place) if (link := job.link_met(place, way))]
        return _Lack(Reach.WHOLE, way.real or "what it leads to", max(links, key=len))
    names = [name for name, _ in walks] or [way.path]
    lacks = [_by_pattern(pattern, names, job) for pattern in job.excludes if not _is_meant(pattern, data_set)]
    if job.vague:
        lacks.append(_Lack(Reach.PERHAPS, job.vague))
    if job.one_file_system and job.paths is not None:
        lacks += _other_file_systems(job, way, [start for _, start in walks], data_set, evidence)
    return max(lacks, key=lambda lack: lack.reach, default=_Lack(Reach.NOTHING))


def _by_pattern(pattern: str, names: Sequence[str], job: _Job) -> _Lack:
    """What a pattern leaves out of a directory: the least over the names that the job has for it."""
    return min((_named(_Lack(reach(pattern, name, job.tool), pattern), name) for name in names), key=lambda lack: lack.reach)


def _named(lack: _Lack, path: str) -> _Lack:
    """A pattern that leaves out all of a directory is told by the directory."""
    if lack.reach is Reach.PERHAPS:
        return replace(lack, why=f"its pattern {lack.why} may fit there")
    return replace(lack, why=path) if lack.reach is Reach.WHOLE else lack


def _is_meant(pattern: str, data_set: DataSet) -> bool:
    """Whether the inventory says that this need not be saved."""
    return any(pattern == each or (each.startswith("/") and is_within(pattern, each)) for each in data_set.without)


def _other_file_systems(job: _Job, way: Way, starts: Sequence[str], data_set: DataSet, evidence: Evidence) -> Iterator[_Lack]:
    """What lies in file systems that begin below where the job starts, on the way to a directory and in it."""
    if all(any(is_within(border, start) and border != start for border in way.borders or ()) for start in starts):
        yield _Lack(Reach.WHOLE, f"{way.path}, which lies on another file system")
    if fault := evidence.why_untold(data_set.host, _MOUNTS):
        yield _Lack(Reach.PERHAPS, f"it leaves out file systems that are mounted below, and {fault}")
        return
    own = mount_of(data_set.host, way.real, evidence)
    for mount in evidence.records(data_set.host, _MOUNTS, "mounts"):
        point = str(mount["path"])
        apart = is_within(point, way.real) and point != plain(way.real) and mount["kind"] != "virtual" and not _is_same(mount, own)
        if apart and not any(is_within(place, point) for place in job.paths or ()) and not _is_meant(point, data_set):
            yield _Lack(Reach.PART, f"{point}, another file system")


def _is_same(mount: Record, other: Record | None) -> bool:
    """Whether two mounts show one file system, as a bind mount does: who stays on it walks into both."""
    device = str(mount["source"])
    return other is not None and device == other["source"] and device.startswith("/dev/") and mount["fstype"] != "btrfs"


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
        follows_links=record.get("follows_links") is True,
    )


def _may_feed(record: Record, repository: Repository) -> bool:
    """Whether a list may be that of a repository. Only a path that ends otherwise shows that it goes elsewhere."""
    targets = record["targets"]
    known = [str(target).rstrip("/") for target in targets] if isinstance(targets, tuple) else []
    name = repository.path.rstrip("/").rpartition("/")[2]
    if not known or "#" in name or not all(target.startswith(_PATH_LIKE) for target in known):
        return True
    return any(target.rpartition("/")[2].rpartition(":")[2] in {name, ""} for target in known)
