"""Remembering what a scan found, while it runs: the history is told of every host, and a run can be taken up again."""

from __future__ import annotations

import calendar
import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.addresses import without_password
from secscan.cli.forgetting import Forgotten, forget_runs
from secscan.cli.journal import note
from secscan.cli.kept import Run as Folder
from secscan.cli.kept import keep_document
from secscan.errors import HistoryError, SecscanError, UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.history.citing import Citations
    from secscan.history.records import Change, Diff, Run
    from secscan.history.retention import Policy
    from secscan.history.store import History
    from secscan.model.target import Target
    from secscan.pipeline import Engine

F = TypeVar("F", bound=Callable[..., Any])
_MOMENT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-f]{6}\Z")  # of a run
_PASSWORD_WITH_AT = re.compile(r"[^:/?]+://[^:/?]*:[^?]*@[^?]*@")  # of a URL; a user may hold one
_NAMED = 5  # hosts in a complaint


def history_option(command: F) -> F:
    """--history."""
    return click.option(
        "--history", "history", envvar="SECSCAN_HISTORY", metavar="FILE|URL",
        help="Where runs are remembered; default: history.sqlite in $XDG_DATA_HOME/secscan.",
    )(command)  # fmt: skip


def data_folder() -> Path:
    """Where secscan keeps what it remembers: $XDG_DATA_HOME/secscan or ~/.local/share/secscan."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "secscan"


def open_history(place: str | None, *, whole: bool = True) -> History:
    """The history at a file or URL; the default place for None. Raises UsageError, HistoryError. `whole` as for open_database."""
    from secscan.history.store import History  # noqa: PLC0415 - SQLAlchemy is slow to import

    return History(_url_of(place), whole=whole)


def known_history(place: str | None, *, whole: bool = False) -> History:
    """The history at a place that has one: nothing is made for a question. Raises UsageError, HistoryError."""
    if inspect_history(place, whole=False) == "missing":
        shown = without_password(place) if place else data_folder() / "history.sqlite"
        raise UsageError("{place}: there is no history; allowed: the file or URL of one, or to scan first, with -o", place=shown)
    return open_history(place, whole=whole)


def upgrade_history(place: str | None) -> tuple[str | None, Path | None]:
    """Bring older tables up to date: their version, None when there was nothing to do, and a copy of a file."""
    from secscan.history.schema import upgrade_database  # noqa: PLC0415 - SQLAlchemy is slow to import

    return upgrade_database(_url_of(place))


def inspect_history(place: str | None, *, whole: bool = True, to_write: bool = False) -> str:
    """How a history stands, changing nothing, as inspect_database says. Raises UsageError, HistoryError."""
    from secscan.history.schema import inspect_database  # noqa: PLC0415 - SQLAlchemy is slow to import

    return inspect_database(_url_of(place), whole=whole, to_write=to_write)


def _url_of(place: str | None) -> str:
    if place is None:
        place = str(data_folder() / "history.sqlite")
    if "://" in place:
        if _PASSWORD_WITH_AT.match(place):  # what comes after it would be read as the host, and repeated by whoever looks for that
            raise UsageError("the password in the URL of the history holds @; allowed: %40 for each, or no password and ~/.pgpass")
        return place
    from sqlalchemy import URL  # noqa: PLC0415 - slow to import

    return URL.create("sqlite", database=str(Path(place).expanduser().absolute())).render_as_string()


@dataclass(slots=True)
class Memory:
    """The history during one run. What it cannot take is told once, never stops the run, and is tried once more at its end.

    `begin` opens the history: late, because that is slow, and the hosts can be asked meanwhile. `complaint` is why something is
    not remembered, empty when everything is.
    """

    begin: Callable[[], tuple[History, Run]]
    complaint: str = ""
    changes: list[Change] = field(default_factory=list)
    _opened: tuple[History, Run] | None = None
    _behind: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The run's name; empty as long as the history is not open."""
        return self._opened[1].name if self._opened else ""

    def open(self) -> None:
        """Open the history, once. Raises UsageError for a place that cannot be meant."""
        if self._opened is None and not self.complaint:
            with self._patient():
                self._opened = self.begin()

    def close(self) -> None:
        """Let go of the database."""
        if self._opened:
            self._opened[0].close()

    def take_up(self, folder: Folder, targets: Sequence[Target]) -> tuple[Target, ...]:
        """The targets that a run which broke off still has to ask; what it has is counted in again. Raises HistoryError.

        What is on disk of this very run, and not yet in the history, is remembered now, and not asked again.
        """
        self._opened = self.begin()
        history, run = self._opened
        recorded, missing = history.recorded(run), []
        for target in targets:
            document = _document_of(folder.path(target.name), target.name)
            if document and (target.name in recorded or document["provenance"].get("run") == run.name):
                history.record(run, document)
                folder.add(keep_document(document))
            else:
                missing.append(target)
        return tuple(missing)

    def record(self, document: Path) -> None:
        """Take in the saved document of a host."""
        if self.complaint or not self._opened:
            self._behind.append(document)
            return
        with self._patient():
            self._take_in(*self._opened, document)
            return
        self._behind.append(document)

    def finish(self, name: str) -> None:
        """Mark the run as whole, when everything is remembered, if need be at the second try."""
        if self.complaint:
            self._catch_up(name)
        if self._opened and not self.complaint:
            history, run = self._opened
            with self._patient():
                history.finish(run, time.time())

    def forget(self, policy: Policy, cited: Citations) -> Forgotten | None:
        """Forget what the policy does not keep of the runs of this baseline and folder; None when that cannot be done."""
        if not self._opened or self.complaint:
            return None
        history, run = self._opened
        try:
            return forget_runs(history, policy, cited, lambda each: each.series == run.series)
        except SecscanError as error:
            note("forget_failed", Message("{error}; no run was forgotten", error=error.message), "error")
            return None

    def compare(self, hosts: Iterable[str]) -> Diff | None:
        """What changed on these hosts since the last whole run of the same baseline into the same folder; None without one.

        A run over a part of the inventory is none, so that the hosts it left out do not come back as added.
        """
        if not self._opened or self.complaint:
            return None
        history, begun = self._opened
        with self._patient():
            known = history.runs()
            run = next(each for each in known if each.id == begun.id)  # as it is now that it has come to its end
            alike = [each for each in known if each.id < run.id and each.whole and each.series == run.series]
            if alike:
                diff, asked = history.diff(alike[-1], run).with_added_hosts_apart(), set(hosts)
                return replace(diff, changes=tuple(change for change in diff.changes if change.host in asked))
        return None

    def _take_in(self, history: History, run: Run, document: Path) -> None:
        from secscan.assessments import read_written  # noqa: PLC0415 - keep --help free of it

        self.changes += history.record(run, read_written(document))

    def _catch_up(self, name: str) -> None:
        """Whatever was not remembered, once more: a server that was restarted meanwhile takes it."""
        try:
            self._opened = self._opened or self.begin()
            while self._behind:
                self._take_in(*self._opened, self._behind[-1])
                self._behind.pop()
        except HistoryError:
            text = Message(
                "not remembered of run {name}: hosts {count}; with --resume {name} they will be, without being asked again",
                name=name,
                count=len(self._behind),
            )
            note("history_behind", text, "error")
            return
        note("history_caught_up", Message("the history is there again, and nothing is missing in it"))
        self.complaint = ""

    @contextlib.contextmanager
    def _patient(self) -> Iterator[None]:
        try:
            yield
        except HistoryError as error:
            self.complaint = str(error)
            note("history_failed", Message("{error}; what is found is on disk, but not remembered", error=error.message), "error")


def _document_of(path: Path, host: str) -> dict[str, Any] | None:
    """The saved document of a host; None where there is none that can be read."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document if document["host"]["name"] == host else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def name_of_run(started_at: float) -> str:
    """A new id: when it began, and a word that nobody else has."""
    return f"{time.strftime(_MOMENT, time.gmtime(started_at))}-{secrets.token_hex(3)}"


def _open_for(place: str | None, engine: Engine) -> History:
    """The history, in which checks have the names that they have now."""
    history = open_history(place)
    history.rename_checks({old: check.id for check in engine.library.checks.values() for old in check.formerly})
    return history


def begin_run(
    place: str | None, engine: Engine, targets: Sequence[Target], folder: Path, name: str, started_at: float, *, partial: bool
) -> tuple[History, Run]:
    """The history, and in it a new run. Raises UsageError, HistoryError."""
    history = _open_for(place, engine)
    content = engine.library.sha256
    whole = str(folder.absolute())
    run = history.begin(name, engine.baseline, content, started_at, len(targets), whole, partial=partial)
    for other, names in _namesakes(history, run, targets):
        text = Message(
            "{hosts}: runs into {folder} have hosts of these names too, and the history takes them for the same;"
            " allowed: other names, or a history of its own",
            hosts=names if len(names) <= _NAMED else [*names[:_NAMED], "..."],
            folder=other,
        )
        note("shared_names", text, "warning", hosts=len(names), folder=other)
    return history, run


def _namesakes(history: History, run: Run, targets: Sequence[Target]) -> Iterator[tuple[str, list[str]]]:
    """Other folders by turns with which hosts of these names were asked by the same baseline, and the names that both have."""
    earlier = [each for each in history.runs() if each.id < run.id and each.baseline == run.baseline and each.whole]
    mine = [each.id for each in earlier if each.folder == run.folder]
    lately = {each.folder: each for each in earlier if mine and each.id > mine[-1]}
    for folder, last in sorted(lately.items()):
        if shared := history.recorded(last) & {target.name for target in targets}:
            yield folder, sorted(shared)


def resume_run(
    place: str | None, engine: Engine, targets: Sequence[Target], folder: Path, name: str, *, partial: bool
) -> tuple[History, Run]:
    """The history, and in it the run that is to be taken up again. Raises UsageError, HistoryError."""
    history = _open_for(place, engine)
    known = _known(history, engine, targets, folder, name)
    if known.baseline != engine.baseline:
        raise UsageError("run {name} was by baseline {baseline}; allowed: -b {baseline}", name=known.name, baseline=known.baseline)
    if Path(known.folder) != folder.absolute():
        raise UsageError("run {name} keeps what it found in {folder}; allowed: -o {folder}", name=known.name, folder=known.folder)
    _demand_nothing_since(history, known, targets)
    content = engine.library.sha256
    if known.content_sha256 != content and known.recorded:
        text = Message(
            "the content has changed since run {name} began, and what is there already was judged by what it was;"
            " `secscan evaluate {evidence}` judges all hosts alike",
            name=known.name,
            evidence=folder / "evidence",
        )
        note("content_changed", text, "warning")
    return history, history.begin(
        known.name, engine.baseline, content, known.started_at, len(targets), known.folder, partial=partial
    )


def _known(history: History, engine: Engine, targets: Sequence[Target], folder: Path, name: str) -> Run:
    """A run by its name; made now for one that is on disk, and that the history could not be told of. Raises UsageError."""
    begun = _NAME.match(name)
    if begun and name not in {run.name for run in history.runs()}:
        paths = [Folder(folder, keep_evidence=False).path(target.name) for target in targets]
        documents = (_document_of(path, target.name) for path, target in zip(paths, targets, strict=True))
        if any(each and each["provenance"].get("run") == name and each["baseline"]["id"] == engine.baseline for each in documents):
            started_at = calendar.timegm(time.strptime(begun[1], _MOMENT))
            whole = str(folder.absolute())
            return history.begin(name, engine.baseline, engine.library.sha256, started_at, len(targets), whole)
    alike = [run for run in history.runs() if run.series == (engine.baseline, str(folder.absolute()))]
    return alike[-1] if name == "latest" and alike else history.run(name)


def _demand_nothing_since(history: History, run: Run, targets: Sequence[Target]) -> None:
    """UsageError when later runs asked what this one missed: what was found now would stand before what is older."""
    missing = {target.name for target in targets} - history.recorded(run)
    for later in history.runs():
        if later.id > run.id and later.baseline == run.baseline and (asked := sorted(history.recorded(later) & missing)):
            raise UsageError(
                "run {name} cannot be taken up: {later} has asked {hosts} since; allowed: a run that no later one has followed",
                name=run.name,
                later=later.name,
                hosts=asked if len(asked) <= _NAMED else [*asked[:_NAMED], "..."],
            )
