"""How large data is, and how much of it no backup holds: what was discovered on hosts, less what is declared and saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secscan.continuity.evidence import Evidence
from secscan.continuity.points import Copy
from secscan.continuity.ways import SIZES, way_to
from secscan.continuity.within import is_within, plain
from secscan.model.probe import Observed
from secscan.model.service import DataSet

_PARTIAL = {"incremental", "differential", "log"}


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes of a data set, and of what no restorable point holds of it; None where that is not known, and `why` says why."""

    size: int | None = None
    uncovered: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """Data that was found on a host and belongs to no data set. `size` is None where not all of it could be read."""

    host: str
    path: str
    size: int | None


def measure_extent(data_set: DataSet, copies: Sequence[Copy], covered: bool | None, evidence: Evidence) -> Extent:
    """The size of a data set as its host shows it, or for a database as its backups tell; and how much of it is not covered."""
    size, why = _database_size(copies) if data_set.database else _files_size(data_set, evidence)
    if covered is False and any(copy.left_out_in_part for copy in copies):
        return Extent(size, None, why or "how much of it is left out is not told")
    uncovered = {True: 0, False: size, None: None}[covered]
    return Extent(size, uncovered, why)


def find_strays(evidence: Evidence) -> Iterator[Stray]:
    """Places with data, on all hosts, that lie in no declared data set and in no repository, and hold none of either."""
    known: dict[str, list[str]] = {}
    for data_set in evidence.data_sets:
        for host in (data_set.host, *data_set.replicas, *data_set.tested_on):
            known.setdefault(host, []).extend(data_set.paths)
            known[host] += [way_to(host, path, evidence).real or path for path in data_set.paths]
    for repository in evidence.repositories.values():
        known.setdefault(repository.host, []).append(repository.path)
    for host in evidence.hosts:
        really = {way_to(host, path, evidence).real or path: size for path, size in _places(host, evidence).items()}
        for path, size in sorted(really.items()):
            if not any(is_within(path, each) or is_within(each, path) for each in known.get(host, ())):
                yield Stray(host, path, size)


def _files_size(data_set: DataSet, evidence: Evidence) -> tuple[int | None, str]:
    places = _places(data_set.host, evidence)
    total = 0
    for path in _outermost(data_set.paths, data_set.host, evidence):
        if path not in places:
            fault = evidence.why_untold(data_set.host, SIZES) or _why_untold(data_set.host, path, evidence)
            if fault:
                return None, fault
            continue
        size = places[path]
        if size is None:
            return None, f"not all of {path} on {data_set.host} may be read"
        total += size
    return total, ""


def _why_untold(host: str, path: str, evidence: Evidence) -> str:
    """Why a place was not found: that nobody looked for it; empty when it was looked for and is not there."""
    asked = any(path in map(plain, look.call.mapping().get("places") or ()) for look in evidence.looks(host, SIZES))
    return "" if asked else f"{host} was not asked how much lies in {path}"


def _outermost(paths: Iterable[str], host: str, evidence: Evidence) -> list[str]:
    """The paths without those that really lie in another one, so that nothing counts twice."""
    real = {way_to(host, path, evidence).real or path: plain(path) for path in sorted(paths)}
    return [path for place, path in real.items() if not any(is_within(place, other) for other in real if other != place)]


def _places(host: str, evidence: Evidence) -> Mapping[str, int | None]:
    """Sizes by path, None for what could not be read whole."""
    found: dict[str, int | None] = {}
    for look in evidence.looks(host, SIZES):
        records = look.observation.attributes.get("places") if isinstance(look.observation, Observed) else ()
        for record in records if isinstance(records, tuple) else ():
            if isinstance(record, dict):
                size = record["size"]
                found[plain(str(record["path"]))] = size if isinstance(size, int) else None
    return found


def _database_size(copies: Iterable[Copy]) -> tuple[int | None, str]:
    """The size of the newest full restore point that tells one."""
    told = [(point.time, point.size) for copy in copies for point in copy.restorable if point.size and point.kind not in _PARTIAL]
    return (max(told)[1], "") if told else (None, "no backup tells how large the database is")
