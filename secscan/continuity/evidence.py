"""Everything that continuity is judged on: what the inventory declares, what each host told, what people have stated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secscan.continuity.reading import HostView, Look
from secscan.model.attestation import Attestation, Demand
from secscan.model.probe import Observed
from secscan.model.service import DataSet, Repository, Service
from secscan.model.values import Record, Unobservable
from secscan.model.waiver import Waiver

WINDOW_S = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the inventory declares and the hosts told. `now` is the moment as of which everything is judged.

    `host_sites` names every host that is declared, with its site; `unread` says of hosts why nothing is known of them.
    """

    repositories: Mapping[str, Repository]
    host_sites: Mapping[str, str]
    views: Mapping[str, HostView]
    now: float
    window_s: float = WINDOW_S
    services: tuple[Service, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[Attestation, ...] = ()
    demands: Mapping[str, Demand] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that is declared or was read, by name."""
        return tuple(sorted({*self.host_sites, *self.views, *self.unread}))

    @property
    def data_sets(self) -> Iterator[DataSet]:
        """The data sets of all services."""
        for service in self.services:
            yield from service.data_sets

    def looks(self, host: str, probe: str) -> tuple[Look, ...]:
        """What a host told to the questions of a probe; nothing when it was not read or not asked."""
        view = self.views.get(host)
        return tuple(look for look in view.looks if look.call.probe == probe) if view else ()

    def why_untold(self, host: str, probe: str) -> str:
        """Why a host tells nothing by a probe; empty when it was asked and looked."""
        if host not in self.views:
            return f"{host} was not read" + (f": {self.unread[host]}" if self.unread.get(host) else "")
        looks = self.looks(host, probe)
        reasons = [look.observation.reason for look in looks if isinstance(look.observation, Unobservable)]
        if not looks:
            return f"{host} was not asked by {probe}"
        return f"{host}: {reasons[0]}" if len(reasons) == len(looks) else ""

    def records(self, host: str, probe: str, name: str) -> Iterator[Record]:
        """The records of a collection, over all questions of a probe to a host; nothing where they could not be told."""
        for look in self.looks(host, probe):
            found = look.observation.attributes.get(name) if isinstance(look.observation, Observed) else ()
            if isinstance(found, tuple):
                yield from (record for record in found if isinstance(record, dict))

    def machine(self, host: str) -> str:
        """Which machine a host is: the same for two names that one machine has; its name where it tells nothing of itself."""
        view = self.views.get(host)
        return (view.machine if view else "") or host

    def offset(self, host: str) -> float | None:
        """The clock of a host less the scanner's, in seconds; None when it is not known."""
        view = self.views.get(host)
        return view.clock_offset_s if view else None
