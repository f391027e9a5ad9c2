"""`secscan import`: results of other scanners as assessments, so that one report serves all."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenCommand
from secscan.cli.files import prepare_folder, write_whole
from secscan.cli.journal import note, say_aside
from secscan.cli.kept import Run
from secscan.cli.memory import history_option, open_history
from secscan.errors import HistoryError
from secscan.messages import Message, counted

if TYPE_CHECKING:
    from secscan.history.records import Run as Remembered
    from secscan.history.store import History
    from secscan.model.assessment import Assessment

_NAME_LIMIT = 80  # characters of a check or baseline in the history


@click.command("import", cls=SpokenCommand)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the assessments go, as DIR/hosts/*.json; may be the folder of a scan.",
)
@history_option
@click.option("--no-history", is_flag=True, help="Do not remember these results.")
def command(files: tuple[Path, ...], output: Path, history: str | None, no_history: bool) -> int:
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
    named = ((name, each) for _, assessments in read for name, each in _named(assessments))
    documents = {run.path(name): dict(to_document(each)) for name, each in named}
    if not no_history:
        _remember(history, output, list(documents.values()))
    for place, document in documents.items():
        write_whole(place, [write_document(document)])
    for path, assessments in read:
        tool = assessments[0].origin.tool if assessments[0].origin else ""
        say_aside(counted("{path}: {tool}, {count} host", "{path}: {tool}, {count} hosts", len(assessments), path=path, tool=tool))
    say_aside(Message("wrote {path}", path=output / "hosts"))
    return 0


def _named(assessments: Iterable[Assessment]) -> Iterator[tuple[str, Assessment]]:
    """The assessments of a file, each with a name that no scan of the same host takes; importing the file again takes it again.

    Hosts of the same name in one file, as of two sites, are told apart by their order.
    """
    met: Counter[str] = Counter()
    for each in assessments:
        key = f"{each.baseline}\n{each.started_at}\n{each.origin}"
        place = f"{each.host.name}\n{key}"
        met[place] += 1
        key += f"\n{met[place]}" if met[place] > 1 else ""
        yield f"{each.host.name}+{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}", each


def _remember(place: str | None, folder: Path, documents: Sequence[dict[str, Any]]) -> None:
    """Take the documents into the history, and put into each what changed since an earlier import of its host."""
    try:
        history = open_history(place)
        try:
            for together in _runs(documents):
                _record(history, folder, together)
        finally:
            history.close()
    except HistoryError as error:
        note("history_failed", Message("{error}; what is found is on disk, but not remembered", error=error.message), "error")


def _runs(documents: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Documents by baseline, each host once: what one run of another scanner found. The oldest first."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    times: Counter[tuple[str, str]] = Counter()
    for document in sorted(documents, key=lambda document: str(document["started_at"])):
        baseline, host = document["baseline"]["id"], document["host"]["name"]
        found.setdefault((baseline, times[baseline, host]), []).append(document)
        times[baseline, host] += 1
    return list(found.values())


def _record(history: History, folder: Path, documents: Sequence[dict[str, Any]]) -> None:
    """One run with its hosts, unless the history has a later one of these: what is known now would be of the past."""
    moments = [_moment(document[key]) for document in documents for key in ("started_at", "finished_at")]
    started_at, hosts = min(moments), {document["host"]["name"] for document in documents}
    name, baseline = _name_of_run(documents, started_at), _short(documents[0]["baseline"]["id"])
    alike = [run for run in history.runs() if run.baseline == baseline and run.name != name]
    if later := next((run for run in alike if run.started_at > started_at and history.recorded(run) & hosts), None):
        say_aside(Message("older than run {name}, so not remembered: {hosts}", name=later.name, hosts=sorted(hosts)))
        return
    run = history.begin(name, baseline, "", started_at, len(documents), str(folder.absolute()), partial=True)
    for document in documents:
        document["provenance"] = {**document["provenance"], "run": name}
        history.record(run, _shortened(document))
    history.finish(run, max(moments))
    _tell_since(history, run, [each for each in alike if each.id < run.id and each.finished_at is not None], documents)


def _tell_since(history: History, run: Remembered, earlier: Sequence[Remembered], documents: Sequence[dict[str, Any]]) -> None:
    """What changed since the last run that had the same hosts; nothing where there is none."""
    from secscan.history.documents import Since  # noqa: PLC0415 - keep --help free of it

    hosts = {document["host"]["name"] for document in documents}
    before = next((each for each in reversed(earlier) if hosts <= history.recorded(each)), None)
    if before is None:
        return
    since = Since.of(history.diff(before, run))
    for document in documents:
        failing = document["tally"]["counts"].get("fail", 0)
        document["since"] = since.document(document["host"]["name"], failing)


def _name_of_run(documents: Sequence[Mapping[str, Any]], started_at: float) -> str:
    """The same for the same results, so that they are remembered once however often they are imported."""
    told = sorted(f"{each['host']['name']}\n{each['started_at']}\n{each['provenance']['origin']}" for each in documents)
    digest = hashlib.sha256("\0".join([documents[0]["baseline"]["id"], *told]).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started_at))}-{digest[:6]}"


def _shortened(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with names that the history has room for."""
    return {
        **document,
        "baseline": {**document["baseline"], "id": _short(document["baseline"]["id"])},
        "results": [{**result, "check": _short(result["check"])} for result in document["results"]],
        "checks": {_short(name): text for name, text in document["checks"].items()},
    }


def _short(name: str) -> str:
    """The name where it is short enough, else its beginning with a digest."""
    if len(name) <= _NAME_LIMIT:
        return name
    return f"{name[: _NAME_LIMIT - 17]}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _moment(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
