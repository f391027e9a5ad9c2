"""How a directory is reached on its host: through which links, and where other file systems begin."""

from __future__ import annotations

from dataclasses import dataclass

from secscan.continuity.evidence import Evidence
from secscan.continuity.within import is_within, plain

SIZES = "data_usage"
_MOUNTS = "mounts"


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a path. `real` is where it lies, the path itself where nobody tells, and empty where its links lead nowhere.

    `links` are the parts of the path that are links, itself included. `borders` are the parts of the real path where another file
    system begins; None where that is not known.
    """

    path: str
    real: str
    links: tuple[str, ...] = ()
    borders: tuple[str, ...] | None = None

    @property
    def is_link(self) -> bool:
        """Whether the path itself is a link."""
        return self.path in self.links

    def link_from(self, start: str, *, opened: bool) -> str:
        """The first link that is met on the way from a directory above, which is `opened` even if it is a link; empty for none."""
        met = (link for link in self.links if is_within(link, start) and not (opened and link == start))
        return min(met, key=len, default="")

    def real_of(self, start: str) -> str:
        """Where a directory above really lies, when no link is met from there.

        >>> Way("/srv/erp/files", "/data/erp/files", ("/srv/erp",)).real_of("/srv/erp/files")
        '/data/erp/files'
        >>> Way("/srv/erp/files/new", "/data/erp/files/new", ("/srv/erp",)).real_of("/srv/erp/files")
        '/data/erp/files'
        """
        return plain(self.real.removesuffix(self.path.removeprefix(plain(start))))


def way_to(host: str, path: str, evidence: Evidence) -> Way:
    """The way to a path of a host, as far as the host tells it."""
    path = plain(path)
    for record in evidence.records(host, SIZES, "places"):
        links, real, borders = (record.get(name) for name in ("links", "real", "borders"))
        if plain(str(record["path"])) == path and isinstance(links, tuple):
            known = tuple(map(str, borders)) if isinstance(borders, tuple) else _mounted(host, str(real), evidence)
            return Way(path, real if isinstance(real, str) else "", tuple(map(str, links)), known)
    return Way(path, path, (), _mounted(host, path, evidence))


def _mounted(host: str, path: str, evidence: Evidence) -> tuple[str, ...] | None:
    """The mount points above a path, where its host tells no more of file systems."""
    if evidence.why_untold(host, _MOUNTS):
        return None
    mounts = (mount for mount in evidence.records(host, _MOUNTS, "mounts") if mount["kind"] != "virtual")
    return tuple(str(mount["path"]) for mount in mounts if is_within(path, str(mount["path"])))
