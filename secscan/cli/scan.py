"""`secscan scan`: ask hosts, judge what they say, report it."""

from __future__ import annotations

from typing import Any

import click

from secscan.cli import SpokenCommand
from secscan.cli.job import ending, job_options, performed, read_job
from secscan.cli.reports import write_reports


@click.command("scan", cls=SpokenCommand)
@job_options
@click.option("--no-evidence", is_flag=True, help="Do not keep the bundles of raw answers.")
@click.option("--no-history", is_flag=True, help="Do not remember this run. Without -o no run is remembered.")
def command(no_evidence: bool, no_history: bool, **options: Any) -> int:
    """Ask hosts and judge what they say.

    TARGET is `local`, HOST, ssh://USER@HOST:PORT, openssh://HOST, chroot:///DIR, container://ENGINE/NAME or
    replay:///BUNDLE. Without -o the text report goes to standard output and nothing is kept.
    """  # fmt: skip
    job = read_job(options, keep_evidence=not no_evidence, remember=not no_history)
    with performed(job) as done:
        write_reports(done.run, job.formats, job.output, job.quiet, options["colour"], job.words)
    return ending(job, done)
