"""Writes a history and is killed while it does, again and again: each time by a process of its own, forked, which is cheap.

Run as `killed_writer.py URL KILLS`: first one kill before and after every statement, and before every commit, that taking in a run
consists of, then so many at moments by chance. After each, what is there is compared with what the writer had said was there.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from itertools import count, islice

from documents import START, document
from sqlalchemy import Connection, Engine, create_engine, event, text

from secscan.history.store import History

HOSTS, CHECKS = 3, 5
WHOLE = HOSTS  # said when the run is marked as whole


def found(host: int, run: int) -> dict[str, tuple[str, str, str]]:
    """What a run finds on a host: some checks never change, some do every time, some come and go."""
    outcomes = ("pass", "fail", "error")
    return {
        f"check_{check}": (outcomes[run // (check + 1) % 3], f"{run % (check + 1)}", "1")
        for check in range(CHECKS)
        if (run + host) % (check + 2)
    }


def write(url: str, number: int, say: int) -> None:
    """One run; each host is said after it was taken in."""
    history = History(url)
    run = history.begin(f"run-{number}", "base", "x", START + number, HOSTS, "")
    for host in range(HOSTS):
        history.record(run, document(f"host-{host}", found(host, number), START + number))
        os.write(say, bytes([host]))
    history.finish(run, START + number + 1)
    os.write(say, bytes([WHOLE]))


def die_at(point: int) -> None:
    """Be killed at this statement or commit, counted from the next one."""
    seen = 0

    def reached(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, reached)


def fork(url: str, number: int, point: int | None, live_s: float | None) -> tuple[set[int], bool]:
    """Write a run in a process of its own, killed at a point or after so long; what it had said, and whether it came to its end."""
    hear, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        if point is not None:
            die_at(point)
        write(url, number, say)
        os._exit(0)
    os.close(say)
    if live_s is not None:
        time.sleep(live_s)
        os.kill(child, signal.SIGKILL)
    said = b""
    while piece := os.read(hear, 64):
        said += piece
    os.close(hear)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), "the writer broke by itself"
    return set(said), status == 0


_TAKEN_IN = """SELECT hosts.name, max(runs.started_at) FROM assessments
    JOIN hosts ON hosts.id = host_id JOIN runs ON runs.id = run_id GROUP BY hosts.name"""
_STATES = """SELECT hosts.name, checks.name, outcome, fingerprint, states.id FROM states
    JOIN hosts ON hosts.id = host_id JOIN checks ON checks.id = check_id"""
_LAST_CHANGES = """SELECT state_id, outcome, fingerprint FROM transitions
    WHERE (state_id, number) IN (SELECT state_id, max(number) FROM transitions GROUP BY state_id)"""


def compare(connection: Connection, number: int, said: set[int]) -> int:
    """What is in the tables against what was said, and against itself; how many hosts of the run are there."""
    if connection.dialect.name == "sqlite":
        assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    last = {name: round(at - START) for name, at in connection.execute(text(_TAKEN_IN))}
    there = {int(name.removeprefix("host-")) for name, run in last.items() if run == number}
    assert said - {WHOLE} <= there, "what was said to be there is there"
    assert len(there - said) <= 1, "and of what was not said, at most the host in flight"
    finished = connection.execute(text(f"SELECT finished_at FROM runs WHERE name = 'run-{number}'")).scalar()
    assert finished is not None or WHOLE not in said
    rows = connection.execute(text(_STATES)).all()
    present = {(host, check): (outcome, print_[:1]) for host, check, outcome, print_, _ in rows if outcome != "removed"}
    told = {(host, check): status[:2] for host, run in last.items() for check, status in found(int(host[-1]), run).items()}
    assert present == told, "every host is wholly as one run found it"
    moved = {state: (outcome, print_) for state, outcome, print_ in connection.execute(text(_LAST_CHANGES))}
    assert moved == {state: (outcome, print_) for *_, outcome, print_, state in rows}, "the last change of each leads to what it is"
    return len(there)


def look(url: str, number: int, said: set[int]) -> int:
    """The same, in a database that is opened and closed."""
    engine = create_engine(url)
    if url.startswith("sqlite"):  # only processes die here, so what was written is there without being waited for
        event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    with engine.connect() as connection:
        there = compare(connection, number, said)
    engine.dispose()
    return there


def main(url: str, kills: int) -> None:
    """Kill, compare, and tell in the end how often the writer was killed and how far it had come."""
    chance, come = random.Random(6), [0] * (HOSTS + 1)
    numbers = count()
    began = time.monotonic()
    first = next(numbers)
    said, whole = fork(url, first, None, None)
    usual_s = time.monotonic() - began
    assert whole
    look(url, first, said)
    points = 0
    while not points or not whole:
        points, number = points + 1, next(numbers)
        said, whole = fork(url, number, points, None)
        come[look(url, number, said)] += not whole
    for number in islice(numbers, kills):
        said, whole = fork(url, number, None, chance.uniform(0, usual_s))
        come[look(url, number, said)] += not whole
    last = next(numbers)
    said, whole = fork(url, last, None, None)
    assert whole
    look(url, last, said)
    json.dump({"points": points - 1, "killed": sum(come), "hosts_taken_in": come}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
