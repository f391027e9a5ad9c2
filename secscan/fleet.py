"""Many targets at once: a bounded pool of threads, results as they come, and nothing that one host does stops another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from secscan.model.target import Target

R = TypeVar("R")
DEFAULT_WORKERS = 32


def run_all(
    targets: Sequence[Target], work: Callable[[Target], R], workers: int = DEFAULT_WORKERS
) -> Generator[tuple[Target, R | Exception]]:
    """Apply `work` to every target, at most `workers` at a time; yield each target with its result or its exception.

    The work begins at once, before the first result is asked for.
    The threads are daemons: when the caller stops listening (Ctrl-C), targets not begun are dropped and those in flight are
    abandoned, so that what is finished can be kept at once.
    """
    waiting: queue.SimpleQueue[Target] = queue.SimpleQueue()
    finished: queue.Queue[tuple[Target, R | Exception]] = queue.Queue(maxsize=workers * 2)
    stopped = threading.Event()
    for target in targets:
        waiting.put(target)

    def serve() -> None:
        while not stopped.is_set():
            try:
                target = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                outcome: R | Exception = work(target)
            except BaseException as error:  # noqa: BLE001 - one bad host never stops a run; a panic of Rust code is no Exception
                outcome = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
            _offer(finished, (target, outcome), stopped)

    for number in range(min(workers, len(targets))):
        threading.Thread(target=serve, name=f"target-{number}", daemon=True).start()
    return _results(len(targets), finished, stopped)


def _results(
    count: int, finished: queue.Queue[tuple[Target, R | Exception]], stopped: threading.Event
) -> Generator[tuple[Target, R | Exception]]:
    try:
        for _ in range(count):
            yield finished.get()
    finally:
        stopped.set()


def _offer(
    finished: queue.Queue[tuple[Target, R | Exception]], item: tuple[Target, R | Exception], stopped: threading.Event
) -> None:
    """Hand over a result; give up only when nobody listens any more, so that a slow writer holds the threads back."""
    while not stopped.is_set():
        try:
            finished.put(item, timeout=1.0)
        except queue.Full:
            continue
        return
