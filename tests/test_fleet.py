"""Many targets at once: every one is told of, and no one waits for another."""

from __future__ import annotations

import threading
import time

from secscan.fleet import run_all
from secscan.model.target import Target


def targets(count: int) -> list[Target]:
    return [Target(f"host{number}") for number in range(count)]


def test_every_target_comes_back_once_with_its_own_result():
    results = list(run_all(targets(200), lambda target: target.name.upper(), workers=16))
    assert len(results) == 200
    assert {target.name: result for target, result in results} == {f"host{n}": f"HOST{n}" for n in range(200)}


def test_a_target_that_breaks_comes_back_as_its_error_and_the_others_go_on():
    def work(target: Target) -> str:
        if target.name in {"host3", "host7"}:
            raise OSError(f"{target.name} broke")
        return "fine"

    results = {target.name: result for target, result in run_all(targets(10), work, workers=2)}
    assert {name for name, result in results.items() if isinstance(result, OSError)} == {"host3", "host7"}
    assert len(results) == 10


def test_a_slow_target_does_not_hold_the_others_back():
    release = threading.Event()

    def work(target: Target) -> str:
        if target.name == "host0":
            release.wait(30)
        return "fine"

    arrived = []
    for target, _ in run_all(targets(20), work, workers=2):
        arrived.append(target.name)
        if len(arrived) == 19:
            assert "host0" not in arrived
            release.set()
    assert arrived[-1] == "host0"


def test_no_more_targets_are_at_work_than_workers():
    running, most, lock = 0, 0, threading.Lock()

    def work(target: Target) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    list(run_all(targets(40), work, workers=5))
    assert most <= 5


def test_when_nobody_listens_any_more_no_further_target_is_begun():
    begun = []

    def work(target: Target) -> None:
        begun.append(target.name)
        time.sleep(0.01)

    running = run_all(targets(500), work, workers=2)
    next(running)
    running.close()
    time.sleep(0.2)
    seen = len(begun)
    time.sleep(0.2)
    assert len(begun) == seen < 500


def test_results_that_are_not_fetched_hold_the_threads_back():
    done = []

    def work(target: Target) -> None:
        done.append(target.name)

    running = run_all(targets(1000), work, workers=4)
    next(running)
    time.sleep(0.3)
    assert len(done) <= 4 * 2 + 4 + 1
    running.close()
