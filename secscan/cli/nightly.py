"""`secscan run`: the whole nightly job of the project file, in order."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from secscan.cli import SpokenCommand
from secscan.cli.conclusion import Finished, conclude, exit_code_with, never_collected
from secscan.cli.configuration import configuration_of, tell_unread_variables
from secscan.cli.failing import exit_code
from secscan.cli.files import prepare_folder, write_whole
from secscan.cli.job import Done, Job, ending, job_options, performed, read_job
from secscan.cli.journal import note
from secscan.cli.kept import Run
from secscan.cli.redacting import read_redaction
from secscan.cli.reports import check_formats, choose_words, write_files
from secscan.cli.settings import ReportOrder
from secscan.cli.speech import speech_of
from secscan.cli.telling import tell, words_of
from secscan.errors import SecscanError, UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.cli.continuity import Measured
    from secscan.cli.forgetting import Forgotten
    from secscan.history.retention import Policy
    from secscan.model.evidence import Bundle
    from secscan.wording import Wording


@click.command("run", cls=SpokenCommand)
@job_options
@click.option(
    "--prometheus", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Also write numbers for node_exporter's textfile collector there, NAME.prom.",
)  # fmt: skip
@click.option(
    "--keep", "policy", metavar="POLICY", help="Then forget older runs: daily 30, weekly 12, yearly 7 (secscan runs forget)."
)
@click.pass_context
def command(context: click.Context, /, prometheus: Path | None, policy: str | None, **options: Any) -> int:
    """Do the whole nightly job that secscan.yml describes.

    Asks the hosts of the inventory, remembers what was found, writes every report and the figures of services, and tells what
    changed since the last run, to the channels of `notify` too. `secscan config` shows what it would go by.
    """
    from secscan.summary import summarise  # noqa: PLC0415 - keep --help free of it

    keeping = _read_policy(policy)
    tell_unread_variables(configuration_of(context))
    job = read_job(options)
    if job.output is None:
        raise UsageError("a run needs a folder to keep what it finds in; allowed: output: DIR in secscan.yml, or -o DIR")
    orders = [_read_order(order, options) for order in configuration_of(context).reports]
    notify = configuration_of(context).notify
    words = words_of(notify, options["language"], options["terms"]) if notify else {}
    if prometheus:
        prepare_folder(prometheus.parent, 0o755)
        if passed_over := never_collected(prometheus):
            note("prometheus_name", Message("note: {note}", note=passed_over), "warning", path=str(prometheus))
    with performed(job) as done:
        pen = _Pen()
        pen.write_reports(done.run, job.formats, job.output, job.words)
        for order, its_words in orders:
            redaction = job.redaction or read_redaction(order.redact, None)
            pen.write_reports(replace(done.run, redaction=redaction), order.formats, order.directory, its_words)
        services = _measure_services(job, done.run)
        if services:
            pen.write(job.output / "continuity.json", services.as_json())
        code = ending(job, done, exit_code_with(exit_code(done.run, job.rule), services, job.rule))
        code = code if not pen.failed or done.interrupted else UsageError.exit_code
        summary, told = summarise(done.run.documents()), []
        if notify and not done.interrupted:
            bundles = _bundles(done.run)
            told = tell(notify, words, job.output, speech_of(job, done, summary, bundles, notify, whole=not job.partial))
        forgotten = None if done.interrupted else _forget(job, done, keeping)
        if not (done.interrupted or job.partial):
            _review_waivers(job, done.run)
        finished = Finished(
            name=done.run.name,
            baseline=job.engine.baseline,
            started_at=done.started_at,
            finished_at=time.time(),
            summary=summary,
            documents=done.run.documents,
            since=done.since,
            services=services,
            told=told,
            written=tuple(pen.written),
            forgotten=forgotten,
            exit_code=code,
        )
        told_now = context.get_parameter_source("prometheus") is ParameterSource.COMMANDLINE
        watched = prometheus if told_now or not job.partial else None  # a look at one host says nothing of the nightly job
        return conclude(finished, watched, quiet=job.quiet)


@dataclass(slots=True)
class _Pen:
    """Writes what a run leaves. A file that cannot be written is told, and keeps nothing else from being written or told."""

    written: list[Path] = field(default_factory=list)
    failed: bool = False

    def write_reports(self, run: Run, formats: Iterable[str], folder: Path, words: Wording) -> None:
        """Each report to its file in a folder."""
        for name in formats:
            with self._careful():
                self.written += write_files(run, [name], folder, words)

    def write(self, path: Path, text: str) -> None:
        """A file."""
        with self._careful():
            write_whole(path, [text])
            self.written.append(path)

    @contextlib.contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except SecscanError as error:
            note("write_failed", error.message, "error")
            self.failed = True


def _read_order(order: ReportOrder, options: dict[str, Any]) -> tuple[ReportOrder, Wording]:
    """Further reports, found to be possible before any host is asked."""
    check_formats(",".join(order.formats), prepare_folder(order.directory))
    return order, choose_words(order.language or options["language"], order.terms or options["terms"])


def _read_policy(text: str | None) -> Policy | None:
    from secscan.history.retention import parse_policy  # noqa: PLC0415 - keep --help free of it

    return parse_policy(text) if text else None


def _forget(job: Job, done: Done, policy: Policy | None) -> Forgotten | None:
    """Forget older runs of this job; None where none is to be, and where that could not be done, which fails no run."""
    from secscan.history.citing import citations  # noqa: PLC0415 - keep --help free of it

    if policy is None or done.memory is None:
        return None
    return done.memory.forget(policy, citations(job.engine.waivers, job.engine.attestations, time.time()))


def _review_waivers(job: Job, run: Run) -> None:
    """Say what somebody should look at in the waivers, as `secscan waiver check` does. It changes nothing of how the run ends."""
    from secscan.waiver_review import review  # noqa: PLC0415 - keep --help free of it

    if not job.engine.waivers:
        return
    whole = len(job.targets) >= len(job.engine.inventory.targets)  # of hosts that are never asked nothing is known
    baseline = job.engine.rulebook.baseline
    for each in review(job.engine.waivers, job.engine.library, baseline, run.documents() if whole else None, time.time()):
        text = Message("note: {note}", note=each.told)
        note("waiver_remark", text, "warning", waiver=each.waiver, path=each.path, line=each.line)


def _measure_services(job: Job, run: Run) -> Measured | None:
    """The figures of the services that the inventory declares, by the evidence of this run; None where it declares none."""
    from secscan.cli.continuity import measure  # noqa: PLC0415 - keep --help free of it
    from secscan.continuity.assess import WINDOW_S  # noqa: PLC0415 - as above
    from secscan.inventory import read_inventory  # noqa: PLC0415 - as above

    declared = read_inventory(job.inventory) if job.inventory else None
    if declared is None or not declared.services:
        return None
    bundles = list(_bundles(run))
    if not bundles:
        note("services_unknown", Message("nothing is known of the services, because no host was reached"), "warning")
        return None
    unread = {document["host"]["name"]: document["unreachable"] for document in run.documents() if document["unreachable"]}
    return measure(declared, bundles, WINDOW_S, job.engine, unread=unread)


def _bundles(run: Run) -> Iterator[Bundle]:
    """The evidence of this run, one host at a time."""
    from secscan.bundles import read_bundle  # noqa: PLC0415 - keep --help free of it

    digests = [document["provenance"]["bundle_sha256"] for document in run.documents()]
    paths = [run.folder / "evidence" / f"{digest}.bundle.json.gz" for digest in digests if digest]
    yield from (read_bundle(path) for path in paths if path.is_file())
