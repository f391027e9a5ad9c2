"""Services that people depend on, the data they need, and where its backups are kept: as an inventory declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Repository:
    """A place with backups on a host that is asked. `path` is its location as the probes of that host call it.

    `immutable`: for how many seconds after it was written a restore point cannot be changed by anybody, infinite for media that
    are offline or written once, 0 when it is said that it can be changed; None when nothing is said. `placed`: its site is said of
    itself and not of its host.
    """

    id: str
    host: str
    path: str
    tool: str
    site: str = ""
    immutable: float | None = None
    placed: bool = False


@dataclass(frozen=True, slots=True)
class DataSet:
    """Data on a host: files below paths, or a database. `backups` are the ids of the repositories that save it.

    `replicas` are hosts with a live copy that can take over; `tested_on` are hosts on which restores of it are tried. `without` are
    patterns and paths of it that need not be saved.
    """

    id: str
    host: str
    paths: tuple[str, ...] = ()
    database: str = ""
    backups: tuple[str, ...] = ()
    replicas: tuple[str, ...] = ()
    tested_on: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """What people use. Objectives are seconds: `rpo` of work that may be lost, `rto` until it must be back.

    `hosts` are those that it runs on, each able to carry it alone. `steps` are the seconds of what recovery takes beside the
    restore: to detect, decide, provision, check.
    """

    name: str
    owner: str
    criticality: str
    rpo: float
    rto: float
    data_sets: tuple[DataSet, ...] = ()
    depends_on: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    steps: Mapping[str, float] = field(default_factory=dict)
