"""Services that people depend on, the data they need, and where its backups are kept: as an inventory declares them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repository:
    """A place with backups on a host that is asked. `path` is its location as the probes of that host call it.

    `immutable`: for how many seconds after it was written a restore point cannot be changed by anybody, infinite for media that
    are offline or written once, 0 when it is said that it can be changed; None when nothing is said.
    """

    id: str
    host: str
    path: str
    tool: str
    site: str = ""
    immutable: float | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    """Data on a host: files below paths, or a database. `backups` are the ids of the repositories that save it."""

    id: str
    host: str
    paths: tuple[str, ...] = ()
    database: str = ""
    backups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """What people use. Objectives are seconds: `rpo` of work that may be lost, `rto` until it must be back."""

    name: str
    owner: str
    criticality: str
    rpo: float
    rto: float
    data_sets: tuple[DataSet, ...] = ()
    depends_on: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
