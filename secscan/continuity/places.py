"""Where data and backups lie that the inventory declares: what their hosts are asked beside what a baseline asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from secscan.continuity.ways import SIZES
from secscan.inventory.contents import Inventory
from secscan.model.probe import Call, Probe

_FOUND_BY = {
    **dict.fromkeys(("restic", "borg", "duplicity"), ("backup_repositories", "places")),
    **dict.fromkeys(("file", "tree"), ("backup_files", "patterns")),
}
_MEANS_SOMETHING = frozenset("\\{}*?[]")  # to a shell; the `#` of a series stands for its date


def calls_for(host: str, inventory: Inventory, probes: Mapping[str, Probe]) -> list[Call]:
    """Questions for the repositories and the data sets on a host, wherever they lie."""
    wanted: dict[tuple[str, str], dict[str, None]] = {}
    for repository in inventory.repositories:
        if repository.host == host and repository.tool in _FOUND_BY and _is_plain(repository.path):
            wanted.setdefault(_FOUND_BY[repository.tool], {})[repository.path.replace("#", "*")] = None
    for data_set in (each for service in inventory.services for each in service.data_sets):
        if data_set.host == host:
            wanted.setdefault((SIZES, "places"), {}).update(dict.fromkeys(filter(_is_plain, data_set.paths)))
    return [_call(probes[probe], argument, places) for (probe, argument), places in wanted.items() if places and probe in probes]


def _call(probe: Probe, argument: str, places: Iterable[str]) -> Call:
    return Call.of(probe.name, {**{each.name: each.default for each in probe.arguments}, argument: tuple(sorted(places))})


def _is_plain(path: str) -> bool:
    return path.startswith("/") and path.isprintable() and _MEANS_SOMETHING.isdisjoint(path)
