"""What a service and everything it depends on hang on, and what there is only one of: hosts, sites, disks, resolvers, uplinks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secscan.continuity.assess import needed_by
from secscan.continuity.evidence import Evidence
from secscan.continuity.ways import way_to
from secscan.continuity.whereabouts import mount_of
from secscan.model.probe import Observed
from secscan.model.service import DataSet, Service
from secscan.model.values import Absent, Unobservable, Value

KINDS = ("host", "site", "disk", "resolver", "uplink")
RESOLVER_FILE = "/etc/resolv.conf"
_FOLLOWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "postgresql_replication": ("servers", ("standby", "connected")),
    "mysql_replication": ("sources", ("receiving", "applying")),
}
"""What shows that a database on a host follows another one: a standby that lost its server has only the data of then."""
_NOT_REDUNDANT = {"raid0", "linear", "single", "stripe", "0"}


@dataclass(frozen=True, slots=True)
class Element:
    """Something that a service, or one that it needs, cannot do without.

    `single`: there is no second one; Absent for what a host does not have of its own, such as the disks of a virtual machine.
    """

    kind: str
    name: str
    service: str
    single: bool | Absent | Unobservable
    why: str


@dataclass(frozen=True, slots=True)
class Loss:
    """What stops when one element is lost: the services that have no second one, near or far."""

    kind: str
    name: str
    services: tuple[str, ...]


def find_elements(service: Service, evidence: Evidence) -> tuple[Element, ...]:
    """What a service hangs on, with everything it depends on, each element once for each service that needs it."""
    known = {each.name: each for each in evidence.services}
    needs = {name: each.depends_on for name, each in known.items()}
    services = [service, *(known[name] for name in needed_by(service.name, needs))]
    return tuple(dict.fromkeys(element for each in services for element in _elements(each, evidence)))


def find_losses(evidence: Evidence) -> tuple[Loss, ...]:
    """What takes services with it when it is lost, the element that takes most first."""
    taken: dict[tuple[str, str], dict[str, None]] = {}
    for service in evidence.services:
        for element in find_elements(service, evidence):
            if element.single is True:
                taken.setdefault((element.kind, element.name), {})[service.name] = None
    losses = [Loss(kind, name, tuple(services)) for (kind, name), services in taken.items()]
    return tuple(sorted(losses, key=lambda loss: (-len(loss.services), KINDS.index(loss.kind), loss.name)))


def _elements(service: Service, evidence: Evidence) -> Iterator[Element]:
    name = service.name
    if not service.hosts and not service.data_sets:
        if not service.depends_on:
            yield Element("host", name, name, Unobservable(f"{name} does not say which hosts it runs on"), "")
        return
    groups: list[tuple[str, tuple[str, ...]]] = []
    if service.hosts:
        groups.append(("runs on", service.hosts))
        single = len({evidence.machine(host) for host in service.hosts}) == 1
        yield from (Element("host", host, name, single, f"{name} runs on it") for host in service.hosts)
    for data_set in service.data_sets:
        groups.append((f"data set {data_set.id}", (data_set.host, *data_set.replicas)))
        yield Element("host", data_set.host, name, stands_alone(data_set, evidence), f"data set {data_set.id} lies on it")
        yield from _disks(data_set, name, evidence)
    for what, hosts in groups:
        yield _site(hosts, name, what, evidence)
    for host in dict.fromkeys(host for _, hosts in groups for host in hosts):
        yield Element("resolver", f"resolver of {host}", name, _has_one_resolver(host, evidence), f"{host} asks it for names")
        yield Element("uplink", f"uplink of {host}", name, _has_one_uplink(host, evidence), f"{host} is reached by it")


def stands_alone(data_set: DataSet, evidence: Evidence) -> bool | Unobservable:
    """Whether nothing can take over from the host of a data set: a replica of a database must be seen to follow now.

    Another name of the same machine is no replica.
    """
    replicas = [host for host in data_set.replicas if evidence.machine(host) != evidence.machine(data_set.host)]
    if not replicas:
        return True
    if not data_set.database:
        return False
    faults: dict[str, None] = {}
    for host in replicas:
        for probe, (collection, signs) in _FOLLOWS.items():
            if fault := evidence.why_untold(host, probe):
                faults[fault] = None
            for record in evidence.records(host, probe, collection):
                told = [record[sign] for sign in signs]
                if all(value is True for value in told):
                    return False
                faults |= {f"{host}: {value.reason}": None for value in told if isinstance(value, Unobservable)}
    return Unobservable("; ".join(faults)) if faults else True


def _site(hosts: tuple[str, ...], service: str, what: str, evidence: Evidence) -> Element:
    sites = {evidence.host_sites.get(host, "") for host in hosts}
    named = sorted(sites - {""})
    if len(named) > 1:
        return Element("site", ", ".join(named), service, False, what)
    if "" in sites:
        lacking = ", ".join(host for host in hosts if not evidence.host_sites.get(host))
        return Element("site", "?", service, Unobservable(f"the site of {lacking} is not declared"), what)
    return Element("site", named[0], service, True, what)


def _has_one_resolver(host: str, evidence: Evidence) -> bool | Unobservable:
    fault = evidence.why_untold(host, "file_content")
    for look in evidence.looks(host, "file_content"):
        if look.call.mapping().get("path") != RESOLVER_FILE:
            continue
        if not isinstance(look.observation, Observed):
            return Unobservable(f"{host} has no {RESOLVER_FILE}" if isinstance(look.observation, Absent) else fault)
        lines = look.observation.attributes.get("lines")
        words = [line.split() for line in lines if isinstance(line, str)] if isinstance(lines, tuple) else []
        servers = {line[1] for line in words if len(line) > 1 and line[0] == "nameserver"}
        remote = {server for server in servers if not _is_loopback(server)}
        if servers and not remote:
            return Unobservable(f"{host} asks a resolver of its own, and nothing tells which ones that asks")
        return len(remote) < 2
    return Unobservable(fault or f"{host} was not asked for {RESOLVER_FILE}")


def _is_loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _has_one_uplink(host: str, evidence: Evidence) -> bool | Absent | Unobservable:
    virtual = _is_virtual(host, evidence)
    if virtual is not False:
        return Absent("an uplink of its own") if virtual is True else virtual
    if fault := evidence.why_untold(host, "bond"):
        return Unobservable(fault)
    members = [bond["members_up"] for bond in evidence.records(host, "bond", "bonds")]
    return not any(isinstance(count, int) and count > 1 for count in members)


def _is_virtual(host: str, evidence: Evidence) -> bool | Unobservable:
    """Whether a host shares the machine of another one, which then has what it seems to have."""
    for look in evidence.looks(host, "platform"):
        if isinstance(look.observation, Observed):
            told, inside = look.observation.attributes["virtualization"], look.observation.attributes["container"]
            if isinstance(told, str):
                return told != "none"
            return True if inside is True else Unobservable(f"nothing tells whether {host} is a virtual machine")
    return Unobservable(evidence.why_untold(host, "platform"))


def _disks(data_set: DataSet, service: str, evidence: Evidence) -> Iterator[Element]:
    host = data_set.host
    virtual = _is_virtual(host, evidence)
    if virtual is not False:
        single: bool | Absent | Unobservable = Absent("disks of its own") if virtual is True else virtual
        yield Element("disk", f"disks of {host}", service, single, f"data set {data_set.id} lies on them")
        return
    if not data_set.paths:
        lacking = Unobservable(f"where the database {data_set.database} lies on {host} is not told")
        yield Element("disk", f"disks of {host}", service, lacking, f"data set {data_set.id} lies on them")
    for path in data_set.paths:
        fault = evidence.why_untold(host, "mounts") or evidence.why_untold(host, "raid")
        mount = mount_of(host, way_to(host, path, evidence).real or path, evidence)
        source = str(mount["source"]) if mount else path
        single = Unobservable(fault) if fault else _is_one_disk(host, mount, evidence)
        yield Element("disk", f"{source} of {host}", service, single, f"data set {data_set.id} lies on it")


def _is_one_disk(host: str, mount: Mapping[str, Value] | None, evidence: Evidence) -> bool | Unobservable:
    """Whether a mounted file system lies on a single disk: false when a redundant array of that name carries it."""
    if mount is None:
        return Unobservable(f"{host} does not tell where it is mounted")
    source, path = str(mount["source"]), str(mount["path"])
    names = {source, source.rpartition("/")[2], source.partition("/")[0], path, source.rpartition("/")[2].replace("-", "/")}
    for array in evidence.records(host, "raid", "arrays"):
        if array["name"] in names:
            members, missing = array["members"], array["missing"]
            if not isinstance(members, int) or not isinstance(missing, int):
                return Unobservable(f"{host} does not tell of how many disks {array['name']} is")
            return str(array["level"]).lower() in _NOT_REDUNDANT or members - missing < 2
    if mount["kind"] == "local" and source.startswith("/dev/") and not source.startswith(("/dev/mapper/", "/dev/dm-")):
        return True
    return Unobservable(f"what lies below {source} on {host} is not told")
