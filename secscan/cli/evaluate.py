"""`secscan evaluate`: judge what was collected before."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from secscan.cli import SpokenCommand
from secscan.cli.failing import exit_code, parse_fail_on
from secscan.cli.files import prepare_folder
from secscan.cli.journal import say_aside
from secscan.cli.kept import Run
from secscan.cli.options import attestations_options, content_options, load, read_declared, waivers_option, with_inventory
from secscan.cli.overwriting import demand_room, names_of
from secscan.cli.redacting import read_redaction
from secscan.cli.reports import check_formats, choose_words, report_options, write_reports
from secscan.errors import UsageError
from secscan.messages import Message


@click.command("evaluate", cls=SpokenCommand)
@click.argument("evidence", nargs=-1, required=True, type=click.Path(path_type=Path))
@content_options
@waivers_option
@attestations_options
@report_options
@click.option("-i", "--inventory", metavar="FILE", help="The inventory that declares sites, services and repositories.")
@click.option("--name", metavar="HOST", help="The host's name, for answers that a person collected by hand.")
@click.option("-q", "--quiet", is_flag=True, help="No summary; only what was asked for.")
def command(
    evidence: tuple[Path, ...],
    baseline: str,
    content: tuple[Path, ...],
    waivers: tuple[Path, ...],
    attestations: Path | None,
    organization: str | None,
    output: Path | None,
    formats: str,
    fail_on: str,
    language: str,
    terms: Path | None,
    redact: bool,
    redact_key: Path | None,
    colour: bool | None,
    inventory: str | None,
    name: str | None,
    quiet: bool,
) -> int:
    """Judge evidence that was collected before.

    EVIDENCE is a bundle, a folder of bundles, or what the script of `secscan plan --script` printed on an isolated host
    (echo 0123456789abcdef | sh collector.sh > answers). Evidence that cannot be used is named, the rest is judged, and the exit
    code is 2. Of several bundles of one host the newest is judged.
    """  # fmt: skip
    from secscan.errors import SecscanError  # noqa: PLC0415 - keep --help free of it
    from secscan.pipeline import evaluate, read_evidence, view  # noqa: PLC0415 - as above

    rule = parse_fail_on(fail_on)
    paths = _bundles(evidence)
    if name and len(paths) > 1:
        raise UsageError("--name names one host, and there are {count} bundles; allowed: one bundle with --name", count=len(paths))
    wanted, words = check_formats(formats, output), choose_words(language, terms)
    redaction, declared = read_redaction(redact, redact_key), read_declared(inventory)
    engine = load(baseline, content, waivers=waivers, attestations=attestations, organization=organization)
    engine = with_inventory(engine, declared)
    targets = {target.name: target for target in engine.inventory.targets}
    with contextlib.ExitStack() as stack:
        folder = prepare_folder(output) if output else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secscan-")))
        demand_room(folder, engine.baseline, names_of(engine, ()))
        run = Run(folder, keep_evidence=False, redaction=redaction)
        whole = True
        newest: dict[str, float] = {}
        for path in paths:
            try:
                bundle = read_evidence(engine, path)
            except SecscanError as error:
                say_aside(error.message)
                whole = False
                continue
            if name:
                bundle = replace(bundle, origin=replace(bundle.origin, target=name))
            host, finished_at = bundle.origin.target, bundle.origin.finished_at
            if host in newest:
                say_aside(Message("note: {host} has several bundles; the newest is judged", host=host))
            if finished_at >= newest.get(host, finished_at):
                newest[host] = finished_at
                demand_room(folder, engine.baseline, [host])
                run.add(replace(run.write(evaluate(engine, bundle, targets.get(host))), view=view(engine, bundle)))
        run.keep_together(engine)
        if run.kept:
            write_reports(run, wanted, output, quiet, colour, words)
    return exit_code(run, rule) if whole else 2


def _bundles(paths: tuple[Path, ...]) -> list[Path]:
    found = [inside for path in paths for inside in (sorted(path.glob("*.bundle.json.gz")) if path.is_dir() else [path])]
    if not found:
        raise UsageError("no bundle in {paths}; allowed: files that end in .bundle.json.gz", paths=list(map(str, paths)))
    return found
