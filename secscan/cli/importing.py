"""`secscan import`: results of other scanners as assessments, so that one report serves all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli.journal import say_aside
from secscan.cli.reports import Run, prepare_folder, write_whole
from secscan.messages import Message, counted

if TYPE_CHECKING:
    from secscan.model.assessment import Assessment


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the assessments go, as DIR/hosts/*.json; may be the folder of a scan.",
)
def command(files: tuple[Path, ...], output: Path) -> int:
    """Make assessments of the results of other scanners.

    FILE holds XCCDF 1.1 or 1.2 results or an ARF report (OpenSCAP), HDF or InSpec's JSON, or SARIF 2.1.0. What another tool
    judged is shown as its judgement, without evidence. `secscan report DIR` renders the assessments, together with those of a
    scan that are in DIR. When one file cannot be read, nothing is written.
    """
    from secscan import __version__  # noqa: PLC0415 - keep --help free of it
    from secscan.assessments import to_document, write_document  # noqa: PLC0415 - as above
    from secscan.imports import read_results  # noqa: PLC0415 - as above

    read = [(path, read_results(path, __version__)) for path in files]
    run = Run(prepare_folder(output), keep_evidence=False)
    for path, assessments in read:
        for assessment in assessments:
            write_whole(run.path(_name(assessment)), [write_document(to_document(assessment))])
        tool = assessments[0].origin.tool if assessments[0].origin else ""
        say_aside(counted("{path}: {tool}, {count} host", "{path}: {tool}, {count} hosts", len(assessments), path=path, tool=tool))
    say_aside(Message("wrote {path}", path=output / "hosts"))
    return 0


def _name(assessment: Assessment) -> str:
    """A name for the file that no scan of the same host takes; importing the same file again takes it again."""
    key = f"{assessment.baseline}\n{assessment.started_at}\n{assessment.origin}"
    return f"{assessment.host.name}+{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
