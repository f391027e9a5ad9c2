"""Repositories that several hosts share: without its key, nobody sees whose backup a restore point of restic or Borg is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from secscan.continuity.evidence import Evidence
from secscan.continuity.points import Copy
from secscan.model.service import DataSet

_SECRETIVE = {"restic", "borg"}


def doubt_mixed(data_set: DataSet, copies: Sequence[Copy], evidence: Evidence) -> tuple[Copy, ...]:
    """The copies; a point of a repository that another host saves to as well may be that host's, and is no measurement."""
    return tuple(_doubted(data_set, copy, evidence) for copy in copies)


def _doubted(data_set: DataSet, copy: Copy, evidence: Evidence) -> Copy:
    others = sorted(set(_others(data_set, copy, evidence))) if copy.repository.tool in _SECRETIVE else []
    if not others:
        return copy
    why = f"it may be a backup of {', '.join(others)}, as nothing shows whose it is"
    return replace(copy, points=tuple(replace(point, doubt=point.doubt or why) for point in copy.points))


def _others(data_set: DataSet, copy: Copy, evidence: Evidence) -> Iterator[str]:
    """Hosts that save to the same repository: those whose data is declared to lie there, and those that remember it."""
    own = copy.repository
    same = {
        each.id for each in evidence.repositories.values() if (each.host, each.path, each.tool) == (own.host, own.path, own.tool)
    }
    for other in evidence.data_sets:
        if other.host != data_set.host and not same.isdisjoint(other.backups):
            yield other.host
    for host in evidence.views:
        for record in evidence.records(host, "backup_clients", "repositories") if copy.identity else ():
            if record["id"] == copy.identity and host not in {data_set.host, own.host}:
                yield host
