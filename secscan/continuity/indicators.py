"""Indicators over all services: how many of what there is, and which ones, so that each number can be traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secscan.continuity.assess import DataSetFigures, ServiceFigures
from secscan.continuity.figures import Verdict

_CRITICAL = {"high", "critical"}


@dataclass(frozen=True, slots=True)
class Indicator:
    """`met` of `of`, by their names (SERVICE/DATA SET, or SERVICE); what is only estimated or not known is in neither but `of`."""

    id: str
    title: str
    met: tuple[str, ...]
    estimated: tuple[str, ...]
    unknown: tuple[str, ...]
    of: tuple[str, ...]


def measure_indicators(services: Sequence[ServiceFigures]) -> tuple[Indicator, ...]:
    """K1, K2, K3 of data sets, and K5 of services whose criticality is high or critical."""
    sets = {f"{each.service.name}/{data.data_set.id}": data for each in services for data in each.data_sets}
    critical = {each.service.name: each.objectives["rto"].verdict for each in services if each.service.criticality in _CRITICAL}

    def count(name: str, title: str, verdict: Callable[[DataSetFigures], Verdict]) -> Indicator:
        return _sort(name, title, {place: verdict(data) for place, data in sets.items()})

    return (
        count("K1", "data sets with a restore point", _covered),
        count("K2", "data sets that lose no more than the objective", lambda data: data.rpo_now.verdict),
        count("K3-site", "data sets that survive the loss of their site within the objective", lambda data: data.site_loss.verdict),
        count("K3-cyber", "data sets that survive an attack on backups within the objective", lambda data: data.cyber.verdict),
        _sort("K5", "critical services that recover within the objective", critical),
    )


def _covered(data: DataSetFigures) -> Verdict:
    if data.covered is None:
        return Verdict.UNKNOWN
    return Verdict.MET if data.covered else Verdict.MISSED


def _sort(name: str, title: str, verdicts: dict[str, Verdict]) -> Indicator:
    def those(wanted: Verdict) -> tuple[str, ...]:
        return tuple(place for place, verdict in verdicts.items() if verdict is wanted)

    return Indicator(name, title, those(Verdict.MET), those(Verdict.PARTLY), those(Verdict.UNKNOWN), tuple(verdicts))
