"""The history itself: runs begin, hosts are recorded one transaction each, and questions are answered from what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from secscan.errors import HistoryError, UsageError
from secscan.garbage import uncollected
from secscan.history import queries, recording
from secscan.history.comparing import compare
from secscan.history.naming import Names
from secscan.history.records import Change, Chapter, Diff, Failing, Run
from secscan.history.schema import open_database, reason
from secscan.history.standing import failing_now
from secscan.history.tables import assessments, checks, hosts, runs, states
from secscan.kpi.spells import Spell, spells_of


class History:
    """A history in a database, opened as open_database does. Every method raises HistoryError when the database cannot do it."""

    def __init__(self, url: str, *, whole: bool = True) -> None:
        self._engine: Engine = open_database(url, whole=whole)
        self._names = Names()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def begin(
        self, name: str, baseline: str, content_sha256: str, started_at: float, targets: int, folder: str, *, partial: bool = False
    ) -> Run:
        """A new run, or the one of that name taken up again. `partial`: over some hosts of its inventory only."""
        with self._work() as connection:
            found = queries.find_run(connection, name)
            if found is None:
                values = {"baseline": baseline, "content_sha256": content_sha256, "started_at": started_at, "folder": folder}
                connection.execute(insert(runs).values(name=name, targets=targets, partial=partial, **values))
            else:
                connection.execute(
                    update(runs).where(runs.c.id == found.id).values(finished_at=None, targets=targets, partial=partial)
                )
            return queries.demand_run(connection, name)

    def rename_checks(self, renamed: Mapping[str, str]) -> None:
        """What is known of a check stays known when it gets another name: new names by old ones. One that is known has its own."""
        with self._work() as connection:
            known = set(connection.execute(select(checks.c.name).where(checks.c.name.in_({*renamed, *renamed.values()}))).scalars())
            for old, new in renamed.items():
                if old in known and new not in known:
                    connection.execute(update(checks).where(checks.c.name == old).values(name=new))
                    known.add(new)
        self._names.forget()

    def record(self, run: Run, document: Mapping[str, Any]) -> list[Change]:
        """Take in what was found on one host, and tell what changed. A host that the run has already is not taken in again."""
        try:
            with self._work() as connection:
                name = document["host"]["name"]
                host_id = self._names.hosts.numbers(connection, {name})[name]
                if recording.has_host(connection, run, host_id):
                    return []
                recording.add_host(connection, run, host_id, document)
                if document["unreachable"]:
                    return []
                return recording.move_states(connection, self._names, run, host_id, document)
        except BaseException:
            self._names.forget()
            raise

    def finish(self, run: Run, moment: float) -> None:
        """Mark a run as whole."""
        with self._work() as connection:
            connection.execute(update(runs).where(runs.c.id == run.id).values(finished_at=moment))

    def runs(self) -> list[Run]:
        """Every run, the newest last."""
        with self._work() as connection:
            return [queries.run_of(row) for row in connection.execute(queries.select_runs().order_by(runs.c.id))]

    def run(self, name: str) -> Run:
        """A run by its name; `latest` is the last that came to its end, else the last. UsageError for one that is not known."""
        with self._work() as connection:
            if name == "latest" and (found := queries.latest_run(connection)):
                return found
            return queries.demand_run(connection, name)

    def run_before(self, run: Run) -> Run:
        """The run that another one is compared with: the last whole one of its series before it. UsageError where there is none."""
        earlier = [each for each in self.runs() if each.id < run.id and each.series == run.series]
        if not earlier:
            raise UsageError(
                "there is no run before {name} by baseline {baseline} into {folder}; allowed: two runs of `secscan runs list`",
                name=run.name,
                baseline=run.baseline,
                folder=run.folder,
            )
        return max(earlier, key=lambda each: (each.whole, each.id))

    def recorded(self, run: Run) -> set[str]:
        """The hosts of a run that are in the history."""
        with self._work() as connection:
            query = select(hosts.c.name).join(assessments).where(assessments.c.run_id == run.id)
            return set(connection.execute(query).scalars())

    def runs_with(self, digests: Iterable[str]) -> set[str]:
        """The runs that rest on evidence with one of these digests."""
        with self._work() as connection:
            query = select(runs.c.name).join(assessments).where(assessments.c.bundle_sha256.in_(list(digests)))
            return set(connection.execute(query).scalars())

    def diff(self, before: Run, after: Run) -> Diff:
        """What changed from one run to a later one."""
        if after.id <= before.id:
            raise UsageError(
                "run {name} is not later than {earlier}; allowed: the earlier run first", name=after.name, earlier=before.name
            )
        with self._work() as connection, uncollected():
            return compare(connection, self._names, before, after)

    def story(self, check: str, host: str) -> list[Chapter]:
        """Every change of a check on a host, the oldest first. UsageError when there is none."""
        with self._work() as connection:
            found = queries.story_of(connection, check, host)
        if not found:
            raise UsageError(
                "nothing is known of {check!r} on {host!r}; allowed: a check and a host of an earlier run", check=check, host=host
            )
        return found

    def failing(self, now: float, at_most: int | None = None) -> list[Failing]:
        """What fails now on the hosts that are still asked, longest first, and whether it comes and goes."""
        with self._work() as connection, uncollected():
            return failing_now(connection, now, at_most)

    def spells(self, baselines: Iterable[str]) -> dict[str, tuple[Spell, ...]]:
        """The failures of every host that was judged by one of these baselines, mended or not."""
        wanted = list(baselines)
        with self._work() as connection:
            asked = select(states.c.host_id).where(states.c.baseline.in_(wanted))
            known = connection.execute(select(hosts.c.name).where(hosts.c.id.in_(asked))).scalars()
            found: dict[str, list[Spell]] = {name: [] for name in known}
            for host, steps in queries.steps_of_failures(connection, wanted):
                found[host] += spells_of(host, steps)
            return {host: tuple(spells) for host, spells in found.items()}

    def evidence_of(self, forgotten: Iterable[Run]) -> list[tuple[str, str]]:
        """Folder and digest of the evidence that only these runs rest on. What a host said last into a folder is not in it."""
        with self._work() as connection:
            return queries.evidence_of(connection, {run.id: run.folder for run in forgotten})

    def drop(self, forgotten: Iterable[Run]) -> int:
        """Forget runs, not the changes that they brought. Returns how many were forgotten."""
        with self._work() as connection:
            return connection.execute(delete(runs).where(runs.c.id.in_([run.id for run in forgotten]))).rowcount

    @contextmanager
    def _work(self) -> Iterator[Connection]:
        """One transaction."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise HistoryError("the history cannot be used: {reason}", reason=reason(error)) from error
