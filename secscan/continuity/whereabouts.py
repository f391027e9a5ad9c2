"""Where data and copies of it really lie: on which machine, whatever names it has, and on which disk."""

from __future__ import annotations

from dataclasses import dataclass

from secscan.continuity.evidence import Evidence
from secscan.continuity.points import Copy
from secscan.continuity.ways import way_to
from secscan.continuity.within import is_within
from secscan.model.service import DataSet
from secscan.model.values import Record


@dataclass(frozen=True, slots=True)
class Place:
    """A machine or the server of a shared folder, and the disk as that calls it; empty where it is not told.

    `doubt` says why it may lie elsewhere than its host.
    """

    machine: str
    disk: str = ""
    doubt: str = ""


def place_of_copy(copy: Copy, evidence: Evidence) -> Place:
    """Where a repository lies. What its host has from a server of shared folders lies there, and nobody says at which site."""
    repository = copy.repository
    place = _place(repository.host, repository.path if repository.path.startswith("/") else "", evidence)
    if place.machine.startswith(_SHARED) and not repository.placed:
        server = place.machine.removeprefix(_SHARED)
        return Place(place.machine, place.disk, f"{repository.id} lies on {server}, and nothing tells at which site that is")
    return place


def place_of_data(data_set: DataSet, evidence: Evidence) -> tuple[Place, ...]:
    """Where data lies: a place for each of its paths; one without a disk for a database."""
    paths = [way_to(data_set.host, path, evidence).real or path for path in data_set.paths] or [""]
    return tuple(dict.fromkeys(_place(data_set.host, path, evidence) for path in paths))


def mount_of(host: str, path: str, evidence: Evidence) -> Record | None:
    """The mount that a path of a host lies on; None where that is not told."""
    holding = [mount for mount in evidence.records(host, "mounts", "mounts") if is_within(path, str(mount["path"]))]
    return max(holding, key=lambda mount: len(str(mount["path"])), default=None)


_SHARED = "server "


def _place(host: str, path: str, evidence: Evidence) -> Place:
    machine = evidence.machine(host)
    mount = mount_of(host, path, evidence) if path else None
    if mount is None:
        return Place(machine)
    source = str(mount["source"])
    if mount["kind"] == "network":
        return Place(f"{_SHARED}{source.removeprefix('//').split(':')[0].split('/')[0]}", source)
    return Place(machine, source)
