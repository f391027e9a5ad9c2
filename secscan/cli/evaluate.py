"""`secscan evaluate`: judge what was collected before."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from secscan.cli.options import content_options, load
from secscan.cli.reports import Run, check_formats, exit_code, parse_fail_on, report_options, write_reports


@click.command("evaluate")
@click.argument("evidence", nargs=-1, required=True, type=click.Path(path_type=Path))
@content_options
@report_options
@click.option("--name", metavar="HOST", help="The host's name, for answers that a person collected by hand.")
@click.option("-q", "--quiet", is_flag=True, help="No summary; only what was asked for.")
def command(
    evidence: tuple[Path, ...],
    baseline: str,
    content: tuple[Path, ...],
    output: Path | None,
    formats: str,
    fail_on: str,
    colour: bool | None,
    name: str | None,
    quiet: bool,
) -> int:
    """Judge evidence that was collected before.

    EVIDENCE is a bundle, a folder of bundles, or what the script of `secscan plan --script` printed on an isolated host
    (echo 0123456789abcdef | sh collector.sh > answers).
    """  # fmt: skip
    from secscan.pipeline import evaluate, read_evidence  # noqa: PLC0415 - keep --help free of it

    rule = parse_fail_on(fail_on)
    wanted = check_formats(formats, output)
    engine = load(baseline, content)
    with contextlib.ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secscan-")))
        run = Run(folder, keep_evidence=False)
        for path in _bundles(evidence):
            bundle = read_evidence(engine, path)
            if name:
                bundle = replace(bundle, origin=replace(bundle.origin, target=name))
            run.add(run.write(evaluate(engine, bundle)))
        write_reports(run, wanted, output, quiet, colour)
    return exit_code(run, rule)


def _bundles(paths: tuple[Path, ...]) -> list[Path]:
    found = [inside for path in paths for inside in (sorted(path.glob("*.bundle.json.gz")) if path.is_dir() else [path])]
    if not found:
        raise click.UsageError(f"no bundle in {', '.join(map(str, paths))}; allowed: files that end in .bundle.json.gz")
    return found
