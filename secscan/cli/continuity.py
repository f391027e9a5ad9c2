"""`secscan continuity`: what the restore points of all hosts mean for the objectives of services."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from secscan.continuity.assess import Evidence, ServiceFigures
    from secscan.continuity.indicators import Indicator
    from secscan.inventory import Inventory
    from secscan.model.evidence import Bundle


@click.command("continuity")
@click.option("-i", "--inventory", required=True, metavar="FILE", help="The inventory that declares services and repositories.")
@click.option(
    "--saved",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="What secscan scan -o DIR kept, or a folder of bundles.",
)
@click.option("--window", default="7d", show_default=True, metavar="SPAN", help="How far back gaps are looked for.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(inventory: str, saved: Path, window: str, as_json: bool) -> int:
    """How much each service would lose now, and whether that is what was promised.

    Reads restore points from saved evidence of all hosts: a backup counts where the host that keeps it was read. Of several
    bundles of one host the newest is used, and everything is judged as of the newest of all. What is estimated is never met,
    and neither is what is not known.

    Exit codes: 0 all objectives met, 1 one is missed, 4 none is missed but one is not known or only estimated.
    """
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it
    from secscan.inventory import read_inventory  # noqa: PLC0415 - as above
    from secscan.inventory.services import check_duration  # noqa: PLC0415 - as above

    declared = read_inventory(inventory)
    if not declared.services:
        raise click.UsageError(f"{inventory} declares no service; allowed: an inventory with `services`")
    window_s = check_duration(window)
    measured = measure(declared, _newest_bundles(saved, {target.name for target in declared.targets}), window_s)
    if as_json:
        click.echo(measured.as_json(), nl=False)
    else:
        from secscan.continuity.telling import indicator_line, short_lines  # noqa: PLC0415 - as above

        for each in measured.figures:
            for line in short_lines(each):
                click.echo(visible(line))
        for indicator in measured.indicators:
            click.echo(indicator_line(indicator))
    return _exit_code(measured.figures)


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of all services from one set of evidence."""

    evidence: Evidence
    figures: Sequence[ServiceFigures]
    indicators: Sequence[Indicator]

    def as_json(self) -> str:
        """Everything, as one JSON document."""
        from secscan.continuity.telling import service_document  # noqa: PLC0415 - keep --help free of it

        document = {
            "as_of": self.evidence.now,
            "window_s": self.evidence.window_s,
            "services": [service_document(each) for each in self.figures],
            "indicators": [dataclasses.asdict(indicator) for indicator in self.indicators],
        }
        return json.dumps(document, indent=1, allow_nan=False) + "\n"


def measure(declared: Inventory, bundles: Sequence[Bundle], window_s: float) -> Measured:
    """The figures of the declared services, by the evidence of these hosts: one bundle each, one at least."""
    from secscan.continuity.assess import assess_service  # noqa: PLC0415 - keep --help free of it
    from secscan.continuity.indicators import measure_indicators  # noqa: PLC0415 - as above

    evidence = _read_evidence(declared, bundles, window_s)
    figures = [assess_service(service, evidence) for service in declared.services]
    return Measured(evidence, figures, measure_indicators(figures))


def _read_evidence(declared: Inventory, bundles: Sequence[Bundle], window_s: float) -> Evidence:
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.continuity.assess import Evidence  # noqa: PLC0415 - as above
    from secscan.continuity.reading import view_host  # noqa: PLC0415 - as above

    probes = plugins.probes()
    return Evidence(
        repositories={repository.id: repository for repository in declared.repositories},
        host_sites={target.name: target.site for target in declared.targets},
        views={bundle.origin.target: view_host(bundle, probes) for bundle in bundles},
        now=max(bundle.origin.finished_at for bundle in bundles),
        window_s=window_s,
    )


def _newest_bundles(saved: Path, hosts: set[str]) -> list[Bundle]:
    """The newest bundle of each host of the inventory. Raises EvidenceError for a file that is no bundle."""
    from secscan.bundles import read_bundle  # noqa: PLC0415 - keep --help free of it

    folder = saved / "evidence" if (saved / "evidence").is_dir() else saved
    newest: dict[str, Bundle] = {}
    for path in sorted(folder.glob("*.bundle.json.gz")):
        bundle = read_bundle(path)
        before = newest.get(bundle.origin.target)
        if bundle.origin.target in hosts and (before is None or before.origin.finished_at <= bundle.origin.finished_at):
            newest[bundle.origin.target] = bundle
    if not newest:
        raise click.UsageError(f"no bundle of a host of the inventory in {folder}; allowed: what secscan scan -o DIR kept")
    return list(newest.values())


def _exit_code(figures: Iterable[ServiceFigures]) -> int:
    from secscan.continuity.figures import Verdict  # noqa: PLC0415 - keep --help free of it

    verdicts = {figure.verdict for each in figures for figure in each.objectives.values()}
    if Verdict.MISSED in verdicts:
        return 1
    return 0 if verdicts == {Verdict.MET} else 4
