"""What fails when a host, a site or the administrator's credentials are lost: what stops, and what is lost of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from secscan.continuity.assess import DataSetFigures, ServiceFigures, loss_from
from secscan.continuity.dependencies import find_elements, stands_alone
from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Figure
from secscan.continuity.points import Copy
from secscan.continuity.whereabouts import place_of_copy
from secscan.model.service import DataSet

CREDENTIALS = "credentials"


@dataclass(frozen=True, slots=True)
class Setback:
    """What becomes of a data set: `live` says whether the data itself is gone, `loss` what is lost once the rest is restored.

    While the data itself is there, nothing is lost; `loss` then tells how well the backups that are left would do.
    """

    service: str
    data_set: str
    live: bool
    repositories: tuple[str, ...]
    loss: Figure


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is lost (`host`, `site` or `credentials` with its name), the services that stop, and what becomes of their data."""

    kind: str
    name: str
    stops: tuple[str, ...]
    setbacks: tuple[Setback, ...]


def find_scenarios(figures: Sequence[ServiceFigures], evidence: Evidence) -> tuple[Scenario, ...]:
    """One for each host and site that a service or a backup lies on, the worst first, and one for stolen credentials."""
    hosts = dict.fromkeys(host for each in figures for host in _hosts(each))
    sites = dict.fromkeys(
        site for each in figures for host in _hosts(each) if (site := evidence.host_sites.get(host, ""))
    ) | dict.fromkeys(copy.repository.site for each in figures for copy in _copies(each) if copy.repository.site)
    found = [_of_host(host, figures, evidence) for host in hosts] + [_of_site(site, figures, evidence) for site in sites]
    found.sort(key=lambda each: (-len(each.stops), -sum(back.live for back in each.setbacks), each.kind, each.name))
    return (*found, _of_credentials(figures))


def _hosts(figures: ServiceFigures) -> Iterator[str]:
    yield from figures.service.hosts
    for data in figures.data_sets:
        yield from (data.data_set.host, *data.data_set.replicas)
    yield from (copy.repository.host for copy in _copies(figures))


def _copies(figures: ServiceFigures) -> Iterator[Copy]:
    for data in figures.data_sets:
        yield from data.copies


def _of_host(host: str, figures: Sequence[ServiceFigures], evidence: Evidence) -> Scenario:
    def is_live(data_set: DataSet) -> bool:
        return data_set.host == host and stands_alone(data_set, evidence) is not False

    return Scenario("host", host, _stops("host", host, figures, evidence), tuple(
        _setbacks(figures, evidence, is_live, lambda copy: evidence.machine(copy.repository.host) == evidence.machine(host))
    ))  # fmt: skip


def _of_site(site: str, figures: Sequence[ServiceFigures], evidence: Evidence) -> Scenario:
    def is_live(data_set: DataSet) -> bool:
        if evidence.host_sites.get(data_set.host, "") != site:
            return False
        elsewhere = [host for host in data_set.replicas if evidence.host_sites.get(host, "") not in {site, ""}]
        return not elsewhere or stands_alone(data_set, evidence) is not False

    machines = {evidence.machine(host) for host, place in evidence.host_sites.items() if place == site}

    def is_there(copy: Copy) -> bool:
        place = place_of_copy(copy, evidence)
        return bool(place.doubt) or place.machine in machines

    return Scenario("site", site, _stops("site", site, figures, evidence), tuple(
        _setbacks(figures, evidence, is_live, lambda copy: copy.repository.site in {site, ""} or is_there(copy))
    ))  # fmt: skip


def _of_credentials(figures: Sequence[ServiceFigures]) -> Scenario:
    """Whoever has them can stop everything, and destroy all data and every backup that is not out of reach."""
    setbacks = [
        Setback(each.service.name, data.data_set.id, True, tuple(copy.repository.id for copy in data.copies), data.cyber)
        for each in figures
        for data in each.data_sets
    ]
    return Scenario(CREDENTIALS, "", tuple(each.service.name for each in figures), tuple(setbacks))


def _stops(kind: str, name: str, figures: Iterable[ServiceFigures], evidence: Evidence) -> tuple[str, ...]:
    return tuple(
        each.service.name
        for each in figures
        if any(part.kind == kind and part.name == name and part.single is True for part in find_elements(each.service, evidence))
    )


def _setbacks(
    figures: Iterable[ServiceFigures],
    evidence: Evidence,
    is_live: Callable[[DataSet], bool],
    is_gone: Callable[[Copy], bool],
) -> Iterator[Setback]:
    for each in figures:
        for data in each.data_sets:
            gone, live = [copy for copy in data.copies if is_gone(copy)], is_live(data.data_set)
            if gone or live:
                yield _setback(each, data, live, gone, evidence)


def _setback(each: ServiceFigures, data: DataSetFigures, live: bool, gone: list[Copy], evidence: Evidence) -> Setback:
    left = [copy for copy in data.copies if copy not in gone]
    unplaced = [f"the site of {copy.repository.id} is not declared" for copy in gone if not copy.repository.site]
    unplaced += [place.doubt for copy in gone if (place := place_of_copy(copy, evidence)).doubt]
    loss = loss_from(left, each.service.rpo, evidence.now, unplaced)
    return Setback(each.service.name, data.data_set.id, live, tuple(copy.repository.id for copy in gone), loss)
