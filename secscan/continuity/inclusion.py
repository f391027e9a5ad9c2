"""Whether backups hold the data that they are said to hold: what programs are told to save against what is declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from secscan.continuity.evidence import Evidence
from secscan.continuity.extent import is_within
from secscan.continuity.points import Copy
from secscan.model.service import DataSet
from secscan.model.values import Record

PROBE = "backup_sources"


def leave_out(data_set: DataSet, copies: Sequence[Copy], evidence: Evidence) -> tuple[Copy, ...]:
    """The copies; of one whose program is told, in full, to save other places it is not known whether it holds the data set."""
    return tuple(_doubted(copy, _left_out(data_set, copy, evidence)) for copy in copies)


def _doubted(copy: Copy, paths: Sequence[str]) -> Copy:
    if copy.fault or not paths:
        return copy
    why = f"what {copy.repository.tool} is told to save does not name {', '.join(paths)}"
    return replace(copy, points=(), fault=why, errors=None)


def _left_out(data_set: DataSet, copy: Copy, evidence: Evidence) -> list[str]:
    """The paths of a data set that no list names; none where some list is not known, or nobody has one."""
    told = _places(data_set.host, copy, "paths", evidence)
    if copy.repository.tool == "rsnapshot" and copy.repository.host != data_set.host:
        fetched = _places(copy.repository.host, copy, "remote", evidence)
        told = None if fetched is None else [place.partition(":")[2] for place in fetched if place.startswith(f"{data_set.host}:")]
    return [path for path in data_set.paths if told and not any(is_within(path, place) for place in told)]


def _places(host: str, copy: Copy, name: str, evidence: Evidence) -> list[str] | None:
    """The places of all lists for the tool on a host; None where one of them is not known."""
    found: list[str] = []
    records: list[Record] = [each for each in evidence.records(host, PROBE, "sources") if each["tool"] == copy.repository.tool]
    for record in records:
        places = record[name]
        if not isinstance(places, tuple):
            return None
        found += [str(place) for place in places]
    return found
