"""A year of nightly scans of a large fleet, taken in by the history's own code: its size, what a night costs, how fast it answers.

Needs no host, no root and no network: assessments of a made-up fleet are changed from night to night as those of a real one are.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from secscan.history.records import Run
from secscan.history.store import History
from tests.bench.bench import Row

HOSTS, CHECKS, NIGHTS = 1000, 300, 365
_START, _DAY_S = 1_800_000_000.0, 86_400.0
_LIMIT_MB, _LIMIT_S = 2000.0, 1.0
_RARE = "the difference of the first and the last run"  # a year: two results in three have changed, and it has no limit
_TIME_S = 1200.0  # begin no night after so long; what a year would be is then reckoned
_OUTCOMES = ("pass",) * 14 + ("fail",) * 3 + ("error", "manual", "not_applicable")
_SEVERITIES = ("critical", "high", "medium", "low")
# What changes in a night, as a part of all results unless said: together about one in a hundred.
_DRIFT = 0.002  # a setting is changed, for better or worse
_RESTLESS = 0.006  # fails as before, with another value: updates that wait, accounts that are idle, days that are left
_DECIDED = 0.0005  # somebody accepts it, or no longer does
_FLAPPING_HOSTS, _FLAPPING_CHECKS = 0.02, 3  # of these hosts, so many checks are otherwise every other night
_UNREACHED = 0.01  # of the hosts
_RENEWED = 0.005  # of the hosts, once a week: gone, and another one in its place
_RELEASE_DAYS, _RELEASED = 30, 10  # so many checks are of a new version, once a month, for every host


@dataclass(slots=True)
class Fleet:
    """A fleet that changes from night to night, always in the same way."""

    hosts: int
    chance: random.Random = field(default_factory=lambda: random.Random(6))
    names: list[str] = field(default_factory=list)
    results: list[list[dict[str, Any]]] = field(default_factory=list)
    checks: dict[str, dict[str, str]] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.checks = {f"example_setting_{number}_is_safe": {"sha256": f"{number:064x}"} for number in range(CHECKS)}
        for place in range(self.hosts):
            self.names.append("")
            self.results.append([])
            self._renew(place)

    def _renew(self, place: int) -> None:
        """Another host in place of the one there."""
        self.names[place] = f"host-{self.made:05}.example.org"
        self.made += 1
        self.results[place] = [
            {
                "check": check, "subject": self.names[place], "outcome": self.chance.choice(_OUTCOMES),
                "severity": _SEVERITIES[number % 4], "disposition": "none", "fingerprint": "", "parameters": {"limit": number},
            }
            for number, check in enumerate(self.checks)
        ]  # fmt: skip

    def night(self, number: int) -> Iterator[dict[str, Any]]:
        """The documents of a night, host by host, as far as the history reads them."""
        if number:
            self._pass(number)
        at = _START + number * _DAY_S
        unreached = set(self.chance.sample(range(self.hosts), round(self.hosts * _UNREACHED)))
        for place, name in enumerate(self.names):
            away = "connection refused" if place in unreached else ""
            yield {
                "baseline": {"id": "everything"},
                "host": {"name": name},
                "started_at": _written(at + place),
                "finished_at": _written(at + place + 2),
                "unreachable": away,
                "tally": {"counts": {} if away else {"pass": 210, "fail": 45, "error": 15, "manual": 15, "not_applicable": 15}},
                "results": [] if away else self.results[place],
                "checks": self.checks,
                "provenance": {"bundle_sha256": "" if away else f"{self.chance.getrandbits(256):064x}"},
            }

    def _pass(self, number: int) -> None:
        """What a day brings."""
        if number % _RELEASE_DAYS == 0:
            for check in self.chance.sample(sorted(self.checks), _RELEASED):
                self.checks[check]["sha256"] = f"{self.chance.getrandbits(256):064x}"
        if number % 7 == 0:
            for place in self.chance.sample(range(self.hosts), max(1, round(self.hosts * _RENEWED))):
                self._renew(place)
        for result in self._some(_DRIFT):
            self._move(result)
        for result in self._some(_DECIDED):
            result["disposition"] = "none" if result["disposition"] == "waived" else "waived"
        for result in self._some(_RESTLESS):
            result.update(outcome="fail", fingerprint=f"{self.chance.getrandbits(64):016x}")
        for place in range(round(self.hosts * _FLAPPING_HOSTS)):
            for result in self.results[place][:_FLAPPING_CHECKS]:
                self._move(result)

    def _some(self, part: float) -> Iterator[dict[str, Any]]:
        """Results by chance; restless ones are always of the same tenth of the checks."""
        few = CHECKS // 10 if part == _RESTLESS else CHECKS
        for _ in range(round(self.hosts * CHECKS * part)):
            yield self.results[self.chance.randrange(self.hosts)][-1 - self.chance.randrange(few)]

    def _move(self, result: dict[str, Any]) -> None:
        failing = result["outcome"] == "fail"
        result.update(outcome="pass" if failing else "fail", fingerprint="" if failing else f"{self.chance.getrandbits(64):016x}")


@dataclass(slots=True)
class Year:
    """What it came to: processor seconds and bytes after each night, changes in all, and those of each question."""

    nights_s: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    changes: int = 0
    questions_s: dict[str, float] = field(default_factory=dict)

    @property
    def year_mb(self) -> float:
        """The size after a year, when the nights that were not measured add as much as those that were."""
        a_night = (self.sizes[-1] - self.sizes[0]) / max(1, len(self.sizes) - 1)
        return (self.sizes[0] + a_night * (NIGHTS - 1)) / 1e6


def measure() -> list[Row]:
    """Rows of the history."""
    with tempfile.TemporaryDirectory(prefix="secscan-bench-") as place:
        year = simulate(Path(place), HOSTS, NIGHTS, _TIME_S)
    nights = len(year.nights_s)
    what = f"history of {HOSTS:,} hosts x {CHECKS} checks"
    part = year.changes / HOSTS / CHECKS / nights
    usual = f"{statistics.median(year.nights_s):.1f} s, the first {year.nights_s[0]:.1f} s, at most {max(year.nights_s):.1f} s"
    told = "measured" if nights == NIGHTS else f"from {nights} nights with {year.sizes[-1] / 1e6:,.0f} MB"
    rows = [
        Row(
            "",
            f"{what}: size in SQLite after {NIGHTS} nights, {told}",
            "< 2 GB",
            f"{year.year_mb:,.0f} MB",
            year.year_mb < _LIMIT_MB,
        ),
        Row("", f"{what}: changes in {nights} nights", "", f"{year.changes:,}, {part:.1%} of the results of a night"),
        Row("", f"{what}: taking in a night, processor time", "", usual),
    ]
    for question, seconds in year.questions_s.items():
        asked, told = f"{what}, {nights} nights: {question}", f"{seconds * 1000:,.0f} ms"
        rows.append(Row("", asked, "", told) if question == _RARE else Row("", asked, "< 1 s", told, seconds < _LIMIT_S))
    return rows


def simulate(place: Path, hosts: int, nights: int, time_s: float) -> Year:
    """Take in nights of a fleet, as many as the time allows, keep every run, and ask what people ask."""
    path = place / "history.sqlite"
    history, fleet, year = History(f"sqlite:///{path}"), Fleet(hosts), Year()
    ends_at = time.monotonic() + time_s
    for number in range(nights):
        if time.monotonic() > ends_at:
            break
        started_at = _START + number * _DAY_S
        began = time.process_time()
        run = history.begin(f"run-{number:03}", "everything", f"{number:064x}", started_at, hosts, "/srv/secscan/reports")
        spent = time.process_time() - began
        for document in fleet.night(number):
            began = time.process_time()
            year.changes += len(history.record(run, document))
            spent += time.process_time() - began
        history.finish(run, started_at + 3600)
        year.nights_s.append(spent)
        year.sizes.append(_size(path))
    history.close()
    year.questions_s = ask(f"sqlite:///{path}", fleet.names[0], _START + len(year.nights_s) * _DAY_S)
    return year


def ask(url: str, host: str, now: float) -> dict[str, float]:
    """Processor seconds of every question by its name, each to a history that is opened for it."""

    def answer(question: Callable[[History], object]) -> None:
        history = History(url, whole=False)
        question(history)
        history.close()

    history = History(url)
    found = {
        name: _best(lambda question=question: answer(question)) for name, question in _questions(history.runs(), host, now).items()
    }
    history.close()
    return found | {"reading all of it for damage, before a run": _best(lambda: History(url).close())}


def _size(path: Path) -> int:
    """Bytes of a database, with what is still in its journal."""
    with closing(sqlite3.connect(path)) as file:
        (pages,), (size,) = (file.execute(f"PRAGMA {word}").fetchone() for word in ("page_count", "page_size"))
    return int(pages) * int(size)


def _questions(runs: Sequence[Run], host: str, now: float) -> dict[str, Callable[[History], object]]:
    """What people ask, by name."""
    return {
        "which runs there are": lambda history: history.runs(),
        "the story of a check on a host": lambda history: history.story("example_setting_0_is_safe", host),
        "what fails longest, the first 100, and whether it comes and goes": lambda history: history.failing(now, 100),
        "everything that fails now": lambda history: history.failing(now),
        "the difference of the last two runs": lambda history: history.diff(runs[-2], runs[-1]),
        "the difference of runs a month apart": lambda history: history.diff(runs[max(0, len(runs) - 31)], runs[-1]),
        _RARE: lambda history: history.diff(runs[0], runs[-1]),
        "which evidence is needed no more without the oldest run": lambda history: history.evidence_of(runs[:1]),
        "which evidence is needed no more without the older half": lambda history: history.evidence_of(runs[: len(runs) // 2]),
    }


def _best(question: Callable[[], object]) -> float:
    """The shorter of two times, in processor seconds: what is measured is the question, and not what else the machine does."""
    spent = []
    for _ in range(2):
        began = time.process_time()
        question()
        spent.append(time.process_time() - began)
    return min(spent)


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
