"""Scans into a folder and a history and is killed while it does, again and again: each time by a process of its own, forked.

Run as `killed_scan.py KILLS` in a project: first one kill at every file that is opened for writing, renamed or removed there, and
at every statement of the history, then so many at moments by chance. After each, everything that is there is read, and now and then
the run is taken up to its end.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import signal
import sys
import time
from itertools import count
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import Engine, create_engine, event, text

from secscan.bundles import read_bundle
from secscan.cli import memory, run

_BE_PARENT_OF_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER, prctl.h
_FILES = ("os.rename", "os.remove")
_numbers = count(1)  # of scans, so that also those of one second are named in their order
_TAKEN_UP = 5  # each so-manieth run that is not whole is taken up to its end


def die_at(point: int) -> None:
    """Be killed at this step, counted from the next one."""
    here, seen = str(Path.cwd()), count(1)

    def step(*_: object) -> None:
        if next(seen) == point:
            os.killpg(os.getpid(), signal.SIGKILL)

    def heard(name: str, arguments: tuple[object, ...]) -> None:
        if name == "open":
            path, mode, _ = arguments
            if str(path).startswith((here, "out")) and mode is not None and not str(mode).startswith("r"):
                step()
        elif name in _FILES:
            step()

    sys.addaudithook(heard)
    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, step)


def scan(*words: str, point: int | None = None, live_s: float | None = None) -> int:
    """A scan in a process of its own, killed at a step or after so long; how it ended."""
    number = next(_numbers)
    child = os.fork()
    if child == 0:
        os.setsid()
        memory.secrets = SimpleNamespace(token_hex=lambda _: f"{number:06x}")  # type: ignore[assignment] # of it, no more is asked
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        if point is not None:
            die_at(point)
        os._exit(run(["scan", "-q", "-w", "1", *words]))
    if live_s is not None:
        time.sleep(live_s)
        os.kill(child, signal.SIGKILL)  # by its own number too: it may not lead its group yet
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(ChildProcessError):
        while True:  # shells that it asked hosts by have a group of their own, and come to their end after it
            os.wait()
    return ended


def on_disk() -> dict[str, dict[str, str]]:
    """The hosts of each run whose documents are there, with the digests of their evidence; all of them can be read, and whole."""
    found: dict[str, dict[str, str]] = {}
    for path in Path("out/hosts").glob("*.json"):
        document = json.loads(path.read_text())
        assert document["results"], path
        provenance = document["provenance"]
        found.setdefault(provenance["run"], {})[document["host"]["name"]] = provenance["bundle_sha256"]
    return found


def compare() -> str:
    """Everything that is there, read and compared; the name of the last run where it is not whole, else empty."""
    documents = on_disk()
    bundles = {path.name.partition(".")[0]: path for path in Path("out/evidence").glob("*.gz")}
    for digest in {digest for hosts in documents.values() for digest in hosts.values()}:
        assert read_bundle(bundles[digest]).sha256 == digest, "evidence is on disk before what rests on it"
    engine = create_engine(f"sqlite:///{Path.cwd()}/history.sqlite")
    event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        name, finished, targets = connection.execute(
            text("SELECT name, finished_at, targets FROM runs ORDER BY id DESC LIMIT 1")
        ).one()
        taken = "SELECT hosts.name, bundle_sha256 FROM assessments JOIN hosts ON hosts.id = host_id JOIN runs ON runs.id = run_id"
        recorded = {row[0]: row[1] for row in connection.execute(text(f"{taken} WHERE runs.name = '{name}'"))}
    engine.dispose()
    newer = max(documents)  # the names begin with their time; the history may not know the newest run yet
    if newer > name:
        return newer
    assert all(digest in bundles for digest in recorded.values())
    assert finished is None or len(recorded) == targets
    return name if finished is None else ""


def take_up(name: str) -> None:
    """Take a run up to its end: only hosts of which nothing is on disk are asked."""
    hosts = len(Path("inventory.yml").read_text().splitlines()) - 1
    there, before = len(on_disk().get(name, ())), asked()
    assert scan("--resume", name) == 0
    assert asked() - before == hosts - there
    assert len(on_disk()[name]) == hosts
    assert compare() == ""


def asked() -> int:
    """How often a host was asked."""
    return len(Path("asked").read_text().splitlines())


def main(kills: int) -> None:
    """Kill, compare, take up; tell in the end how often each was done."""
    if ctypes.CDLL(None).prctl(_BE_PARENT_OF_ORPHANS, 1, 0, 0, 0):
        raise OSError("prctl")
    began = time.monotonic()
    memory.secrets = SimpleNamespace(token_hex=lambda _: "000000")  # type: ignore[assignment] # as below
    assert run(["scan", "-q", "-w", "1"]) == 0  # in this process, which then has everything loaded that the others need
    usual_s = min(time.monotonic() - began, 1.0)
    chance, killed, broken, taken_up = random.Random(6), 0, 0, 0
    points = 0
    steps = [*[(point, None) for point in range(1, 1000)], *[(None, chance.uniform(0, usual_s)) for _ in range(kills)]]
    while steps:
        point, live_s = steps.pop(0)
        ended = scan(point=point, live_s=live_s)
        assert ended in (0, -signal.SIGKILL), ended
        if ended == 0 and point is not None:
            points, steps = point - 1, steps[-kills:]
            continue
        killed += ended != 0
        name = compare()
        broken += bool(name)
        if name and broken % _TAKEN_UP == 1:
            take_up(name)
            taken_up += 1
    assert scan() == 0
    assert compare() == ""
    assert not list(Path("out").rglob("*.partial")), "what was being written is not left behind"
    json.dump({"points": points, "killed": killed, "taken_up": taken_up}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
