"""Services and backup repositories of an inventory: what must survive, how much may be lost, and where its copies are."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from secscan.documents import did_you_mean
from secscan.errors import UsageError
from secscan.inventory.entries import Entry, check_criticality, entries
from secscan.inventory.targets import check_name
from secscan.model.service import DataSet, Repository, Service
from secscan.model.values import WRITTEN, Type, read_duration

REPOSITORY_KEYS = ("id", "host", "path", "tool", "site", "immutable")
SERVICE_KEYS = ("name", "owner", "criticality", "rpo", "rto", "sites", "hosts", "depends_on", "steps", "data_sets")
DATA_SET_KEYS = ("id", "host", "paths", "database", "backups", "replicas", "tested_on", "without")
TOOLS = (
    "restic", "borg", "duplicity", "rsnapshot", "pgbackrest", "barman", "bacula", "bareos", "file", "tree", "lvm", "zfs", "btrfs",
)  # fmt: skip


def read_repositories(top: Entry, hosts: Mapping[str, str], sites: Collection[str]) -> tuple[Repository, ...]:
    """The backup repositories; `hosts` maps every host to its site, which is theirs too unless they say otherwise."""
    found: dict[str, Repository] = {}
    for entry in entries(top, "repositories"):
        entry.document.reject_unknown(entry.keys, entry.data, REPOSITORY_KEYS)
        what = "a repository"
        host = entry.required("host", str, "", what)
        _demand_known(entry, "host", host, hosts, "host")
        site = entry.checked("site", str, "")
        _demand_known(entry, "site", site, sites, "site")
        repository = Repository(
            id=entry.required("id", check_name, "", what),
            host=host,
            path=entry.required("path", _check_line, "", what),
            tool=entry.required("tool", _check_tool, "", what),
            site=site or hosts.get(host, ""),
            immutable=_read_immutable(entry),
            placed=bool(site),
        )
        if repository.id in found:
            entry.report("id", f"duplicate repository {repository.id!r}")
        found[repository.id] = repository
    return tuple(found.values())


def read_services(
    top: Entry, hosts: Collection[str], sites: Collection[str], repositories: Sequence[Repository]
) -> tuple[Service, ...]:
    """The services with their data sets; every unknown host, site or repository and every missing objective is a problem."""
    known = [repository.id for repository in repositories]
    found: dict[str, Service] = {}
    for entry in entries(top, "services"):
        entry.document.reject_unknown(entry.keys, entry.data, SERVICE_KEYS)
        what = f"service {entry.data.get('name')!r}" if entry.data.get("name") else "a service"
        service = Service(
            name=entry.required("name", check_name, "", what),
            owner=entry.required("owner", _check_line, "", what),
            criticality=entry.required("criticality", check_criticality, "", what),
            rpo=entry.required("rpo", check_duration, math.inf, what),
            rto=entry.required("rto", check_duration, math.inf, what),
            data_sets=tuple(_read_data_sets(entry, hosts, known)),
            depends_on=entry.texts("depends_on"),
            sites=entry.texts("sites"),
            hosts=entry.texts("hosts"),
            steps=dict(_read_steps(entry)),
        )
        for index, site in enumerate(service.sites):
            _demand_known(entry, "sites", site, sites, "site", index)
        for index, host in enumerate(service.hosts):
            _demand_known(entry, "hosts", host, hosts, "host", index)
        if service.name in found:
            entry.report("name", f"duplicate service {service.name!r}")
        found[service.name] = service
    return tuple(found.values())


def check_dependencies(top: Entry, services: Sequence[Service]) -> None:
    """Report services that depend on one that is not there, and each circle of services that depend on each other once."""
    needs = {service.name: service.depends_on for service in services}
    listed = top.data.get("services")
    written = enumerate(listed if isinstance(listed, list) else ())
    places = {str(item.get("name")): index for index, item in written if isinstance(item, dict)}
    for name, wanted in needs.items():
        entry = Entry(top.document, ("services", places.get(name, 0)), {})
        for index, other in enumerate(wanted):
            _demand_known(entry, "depends_on", other, needs, "service", index)
    for circle in find_circles(needs):
        entry = Entry(top.document, ("services", places.get(circle[0], 0)), {})
        entry.report("depends_on", f"services depend on each other in a circle: {' -> '.join((*circle, circle[0]))}")


def find_circles(needs: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Circles among names and what each needs, one for each way back that a walk in order finds; empty when there are none.

    >>> find_circles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
    [('a', 'b', 'c')]
    """
    circles: list[tuple[str, ...]] = []
    finished: set[str] = set()
    for start in needs:
        walk: list[tuple[str, Iterator[str]]] = [] if start in finished else [(start, iter(needs[start]))]
        while walk:
            name, rest = walk[-1]
            following = next(rest, None)
            trail = [passed for passed, _ in walk]
            if following is None:
                finished.add(name)
                walk.pop()
            elif following in trail:
                circles.append(tuple(trail[trail.index(following) :]))
            elif following in needs and following not in finished:
                walk.append((following, iter(needs[following])))
    return circles


def check_duration(text: str) -> float:
    """Seconds of an objective; UsageError for what is no duration, or none at all."""
    try:
        seconds = read_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise UsageError(
            "{text!r} is not an objective; allowed: {written}, longer than 0", text=text, written=WRITTEN[Type.DURATION]
        )
    return seconds


def _read_data_sets(service: Entry, hosts: Collection[str], repositories: Collection[str]) -> Iterator[DataSet]:
    ids: set[str] = set()
    for entry in entries(service, "data_sets"):
        entry.document.reject_unknown(entry.keys, entry.data, DATA_SET_KEYS)
        what = "a data set"
        data_set = DataSet(
            id=entry.required("id", check_name, "", what),
            host=entry.required("host", str, "", what),
            paths=entry.texts("paths"),
            database=entry.checked("database", _check_line, ""),
            backups=entry.texts("backups"),
            replicas=entry.texts("replicas"),
            tested_on=entry.texts("tested_on"),
            without=entry.texts("without"),
        )
        _demand_known(entry, "host", data_set.host, hosts, "host")
        for key, named in (("replicas", data_set.replicas), ("tested_on", data_set.tested_on)):
            for index, host in enumerate(named):
                _demand_known(entry, key, host, hosts, "host", index)
        if data_set.host and data_set.host in data_set.replicas:
            entry.report("replicas", f"{data_set.host!r} is the host of the data itself", "other hosts")
        if bool(entry.data.get("paths")) == bool(entry.data.get("database")):
            entry.document.report(entry.keys, "a data set must have either 'paths' or a 'database'")
        for index, path in enumerate(data_set.paths):
            if not path.startswith("/"):
                entry.document.report((*entry.keys, "paths", index), f"path {path!r} is refused", "an absolute path")
        for index, repository in enumerate(data_set.backups):
            _demand_known(entry, "backups", repository, repositories, "repository", index)
        if data_set.id in ids:
            entry.report("id", f"duplicate data set {data_set.id!r}")
        ids.add(data_set.id)
        yield data_set


def _read_steps(service: Entry) -> Iterator[tuple[str, float]]:
    """The steps of a recovery beside the restore, each with its seconds."""
    steps = Entry(service.document, (*service.keys, "steps"), service.mapping("steps"))
    for name in steps.data:
        seconds = steps.checked(str(name), check_duration, None)
        if seconds is not None:
            yield str(name), seconds
        elif steps.data[name] is None:
            steps.report(str(name), f"step {name!r} takes no time", WRITTEN[Type.DURATION])


def _demand_known(entry: Entry, key: str, name: str, known: Collection[str], kind: str, index: int | None = None) -> None:
    if name and name not in known:
        keys = (*entry.keys, key) if index is None else (*entry.keys, key, index)
        listed = ", ".join(known) or "none is listed"
        entry.document.report(keys, f"unknown {kind} {name!r}{did_you_mean(name, known)}", listed)


def _read_immutable(entry: Entry) -> float | None:
    value = entry.data.get("immutable")
    if isinstance(value, bool):
        return math.inf if value else 0.0
    return entry.checked("immutable", check_duration, None)


def _check_tool(text: str) -> str:
    if text not in TOOLS:
        raise UsageError(
            "unknown tool {text!r}{near}; allowed: {allowed}", text=text, near=did_you_mean(text, TOOLS), allowed=list(TOOLS)
        )
    return text


def _check_line(text: str) -> str:
    if not text.strip() or any(ord(sign) < 32 for sign in text):
        raise UsageError("{text!r} is refused; allowed: text of one line", text=text)
    return text
