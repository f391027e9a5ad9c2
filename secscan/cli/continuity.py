"""`secscan continuity`: what the evidence of all hosts means for the objectives of services."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenCommand
from secscan.cli.files import prepare_folder, write_whole
from secscan.cli.journal import note
from secscan.cli.language import named, say, spoken
from secscan.cli.options import attestations_options, content_options, load, read_declared, waivers_option, with_inventory
from secscan.cli.reports import LANGUAGE_OPTIONS, choose_words
from secscan.errors import EvidenceError, UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.continuity.assess import Evidence, ServiceFigures
    from secscan.continuity.indicators import Indicator
    from secscan.inventory import Inventory
    from secscan.model.assessment import Assessment
    from secscan.model.evidence import Bundle
    from secscan.pipeline import Engine
    from secscan.wording import Wording

FORMATS = {"text": "txt", "html": "html", "json": "json"}
BASELINE = "un_continuity"
_OBJECTIVES = "service_continuity"
"""The derived probe that checks about objectives ask."""
_KNOWN_BAD = ("fail", "error")
_SHOWN = 10


@click.command("continuity", cls=SpokenCommand)
@click.option("-i", "--inventory", required=True, metavar="FILE", help="The inventory that declares services and repositories.")
@click.option(
    "--saved",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="What secscan scan -o DIR kept, or a folder of bundles.",
)
@click.option("--window", default="7d", show_default=True, metavar="SPAN", help="How far back gaps are looked for.")
@content_options
@waivers_option
@attestations_options
@click.option("-f", "--format", "formats", default="", metavar="NAME,...", help="text, html, json. Default: text.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where continuity.html and such go."
)
@LANGUAGE_OPTIONS[0]
@LANGUAGE_OPTIONS[1]
@click.option("--json", "as_json", is_flag=True, help="As -f json (see secscan schema continuity).")
def command(
    inventory: str,
    saved: Path,
    window: str,
    baseline: str,
    content: tuple[Path, ...],
    waivers: tuple[Path, ...],
    attestations: Path | None,
    organization: str | None,
    formats: str,
    output: Path | None,
    language: str,
    terms: Path | None,
    as_json: bool,
) -> int:
    """How much each service would lose now, how fast it comes back, and whether that is what was promised.

    Reads restore points and restore tests from saved evidence of all hosts: a backup counts where the host that keeps it was read.
    Of several bundles of one host the newest is used, and everything is judged as of the newest of all. What is estimated is never
    met, and neither is what is not known. The checks of the baseline about services and about the organization are judged too
    (un_continuity where -b names one without such checks).

    The short form is text. `-f html -o DIR` writes one page with the time line of restore points of every data set, the picture of
    what each service hangs on, the gaps by size, and what fails when something is lost.

    Exit codes: 0 all objectives met, 1 one is missed, 2 evidence could not be used, 4 none is missed but one is not known or only
    estimated.
    """
    from secscan.inventory.services import check_duration  # noqa: PLC0415 - keep --help free of it

    wanted, words = _check_formats("json" if as_json and not formats else formats, output), choose_words(language, terms)
    declared = read_declared(inventory)
    if declared is None or not declared.services:
        raise UsageError("{inventory} declares no service; allowed: an inventory with `services`", inventory=inventory)
    window_s = check_duration(window)
    engine = load(baseline, content, waivers=waivers, attestations=attestations, organization=organization)
    if not engine.rulebook.derived():
        engine = load(BASELINE, content, waivers=waivers, attestations=attestations, organization=organization)
    _note_strangers(engine, declared)
    bundles, broken = _newest_bundles(saved, {target.name for target in declared.targets})
    measured = measure(declared, bundles, window_s, with_inventory(engine, declared), broken)
    for name in wanted:
        if output is None:
            for piece in measured.write(name, words):
                click.echo(piece, nl=False)
        else:
            path = prepare_folder(output) / f"continuity.{FORMATS[name]}"
            write_whole(path, measured.write(name, words))
            note("report_written", Message("wrote {path}", path=path), path=str(path))
    return 2 if broken else _exit_code(measured.figures)


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of all services from one set of evidence. `broken` says of files why they were not used."""

    evidence: Evidence
    figures: Sequence[ServiceFigures]
    indicators: Sequence[Indicator]
    assessment: Assessment | None = None
    broken: Mapping[str, str] = dataclasses.field(default_factory=dict)
    objectives_judged: bool = False  # by checks of the baseline

    def write(self, form: str, words: Wording) -> Iterable[str]:
        """One of FORMATS in pieces; the page in the language of the words."""
        from secscan.reporters.html.continuity import write_continuity  # noqa: PLC0415 - keep --help free of it

        if form == "html":
            return write_continuity(json.loads(self.as_json()), words)
        return [self.as_json()] if form == "json" else (f"{line}\n" for line in self.lines())

    def lines(self) -> Iterable[str]:
        """The short form, for people, in their language."""
        from secscan.continuity.dependencies import find_losses  # noqa: PLC0415 - keep --help free of it
        from secscan.continuity.extent import find_strays  # noqa: PLC0415 - as above
        from secscan.continuity.telling import indicator_line, loss_line, short_lines, stray_line, wrapped  # noqa: PLC0415 - as above
        from secscan.lines import pad  # noqa: PLC0415 - as above

        for each in self.figures:
            yield from short_lines(each, spoken)
        for loss in find_losses(self.evidence):
            yield from wrapped(spoken(loss_line(loss)), 2)
        strays = sorted(find_strays(self.evidence), key=lambda stray: -(stray.size or 0))
        for stray in strays[:_SHOWN]:
            yield from wrapped(spoken(stray_line(stray)), 2)
        if len(strays) > _SHOWN:
            yield "... " + say("and {count} more places that belong to no declared data set", count=len(strays) - _SHOWN)
        for indicator in self.indicators:
            yield from wrapped(indicator_line(indicator, spoken), 9)
        for result in self.assessment.results if self.assessment else ():
            if result.outcome.value in _KNOWN_BAD:
                told = Message("{check} on {subject}", check=result.check, subject=result.subject)
                if result.disposition.value != "none":
                    told = Message("{result} ({decided})", result=told, decided=named(result.disposition.value))
                yield f"{pad(spoken(named(result.outcome.value)), 6)}{spoken(told)}"

    def as_json(self) -> str:
        """Everything, as one JSON document by the schema `continuity`."""
        from secscan.continuity.dependencies import find_elements, find_losses  # noqa: PLC0415 - keep --help free of it
        from secscan.continuity.documents import (  # noqa: PLC0415 - as above
            element_document,
            ending_document,
            fleet_document,
            indicator_document,
            scenario_document,
            service_document,
        )
        from secscan.continuity.expiry import expiry_records  # noqa: PLC0415 - as above
        from secscan.continuity.extent import find_strays  # noqa: PLC0415 - as above
        from secscan.continuity.scenarios import find_scenarios  # noqa: PLC0415 - as above

        evidence = self.evidence
        document = {
            "format": "secscan.continuity/1",
            "as_of": evidence.now,
            "window_s": evidence.window_s,
            "broken": [{"file": file, "why": why} for file, why in self.broken.items()],
            "services": [
                {**service_document(each), "elements": [element_document(part) for part in find_elements(each.service, evidence)]}
                for each in self.figures
            ],
            **fleet_document(evidence, find_losses(evidence), find_strays(evidence)),
            "ending": [ending_document(record) for record in expiry_records(evidence)],
            "results": [
                {
                    "check": result.check,
                    "subject": result.subject,
                    "outcome": result.outcome.value,
                    "disposition": result.disposition.value,
                    "severity": result.severity,
                    "requirements": list(result.requirements),
                }
                for result in (self.assessment.results if self.assessment else ())
            ],
            "indicators": [indicator_document(indicator) for indicator in self.indicators],
            "scenarios": [scenario_document(each) for each in find_scenarios(self.figures, evidence)],
        }
        return json.dumps(document, indent=1, allow_nan=False) + "\n"


def measure(
    declared: Inventory,
    bundles: Sequence[Bundle],
    window_s: float,
    engine: Engine,
    broken: Mapping[str, str] | None = None,
    unread: Mapping[str, str] | None = None,
) -> Measured:
    """The figures of the declared services, by the evidence of these hosts: one bundle each, one at least.

    The statements and waivers of the engine count, and its checks about services and the organization are judged. `unread` says
    of hosts why there is no evidence of theirs.
    """
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.continuity.assess import assess_services  # noqa: PLC0415 - as above
    from secscan.continuity.indicators import measure_indicators  # noqa: PLC0415 - as above
    from secscan.continuity.reading import view_host  # noqa: PLC0415 - as above
    from secscan.pipeline import assess_together, join_evidence  # noqa: PLC0415 - as above

    probes, now = plugins.probes(), time.time()
    views = {bundle.origin.target: view_host(bundle, probes) for bundle in bundles}
    evidence = join_evidence(engine, views, now, unread, window_s)
    figures = assess_services(declared.services, evidence)
    assessment = assess_together(engine, evidence, now)
    indicators = measure_indicators(figures, evidence, assessment.results if assessment else ())
    judged = any(probe.name == _OBJECTIVES for probe in engine.rulebook.derived())
    return Measured(evidence, figures, indicators, assessment, broken or {}, judged)


def _note_strangers(engine: Engine, declared: Inventory) -> None:
    """Tell which statements name services that nobody declares: they count for nothing here, and a name may be misspelt."""
    known = {service.name for service in declared.services}
    for each in engine.attestations:
        for name in each.scope.services:
            if name not in known:
                text = Message(
                    "statement {id} is about the service {name!r}, which the inventory does not declare", id=each.id, name=name
                )
                note("statement_about_nothing", text, "warning", statement=each.id, service=name)


def _check_formats(text: str, output: Path | None) -> list[str]:
    """The forms that were asked for; UsageError for unknown ones, and for several of them without a folder."""
    names = [name.strip() for name in text.split(",") if name.strip()] or ["text"]
    for name in names:
        if name not in FORMATS:
            raise UsageError(
                "no form of the continuity report is named {name!r}; allowed: {allowed}", name=name, allowed=list(FORMATS)
            )
    if len(names) > 1 and output is None:
        raise UsageError("several formats need a folder; allowed: -o DIR, or one of {allowed}", allowed=names)
    return list(dict.fromkeys(names))


def _newest_bundles(saved: Path, hosts: set[str]) -> tuple[list[Bundle], dict[str, str]]:
    """The newest bundle of each host of the inventory, and the files that are no bundles, with the reasons; these are told."""
    from secscan.bundles import read_bundle  # noqa: PLC0415 - keep --help free of it

    folder = saved / "evidence" if (saved / "evidence").is_dir() else saved
    newest: dict[str, Bundle] = {}
    broken: dict[str, str] = {}
    strangers: set[str] = set()
    for path in sorted(folder.glob("*.bundle.json.gz")):
        try:
            bundle = read_bundle(path)
        except EvidenceError as error:
            broken[path.name] = str(error)
            note("bundle_unusable", Message("{error}; it is left out", error=error.message), "error", file=path.name)
            continue
        before = newest.get(bundle.origin.target)
        if bundle.origin.target not in hosts:
            strangers.add(bundle.origin.target)
        elif before is None or before.origin.finished_at <= bundle.origin.finished_at:
            newest[bundle.origin.target] = bundle
    if strangers:
        many = len(strangers)
        text = Message("hosts with evidence that the inventory does not have: {count}; they count for nothing", count=many)
        note("hosts_not_declared", text, "warning", hosts=sorted(strangers))
    if not newest:
        raise UsageError("no bundle of a host of the inventory in {folder}; allowed: what secscan scan -o DIR kept", folder=folder)
    return list(newest.values()), broken


def _exit_code(figures: Iterable[ServiceFigures]) -> int:
    from secscan.continuity.figures import Verdict  # noqa: PLC0415 - keep --help free of it

    verdicts = {figure.verdict for each in figures for figure in each.promised.values()}
    if Verdict.MISSED in verdicts:
        return 1
    return 0 if verdicts == {Verdict.MET} else 4
