"""Sites that share a history and write into it at the same moment, as timers make them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from documents import START, document

from secscan.history.naming import Numbered
from secscan.history.schema import open_database
from secscan.history.store import History
from secscan.history.tables import checks


def test_a_name_that_two_meet_at_the_same_time_has_one_number(url: str):
    ours, theirs = open_database(url), open_database(url)
    with ThreadPoolExecutor() as pool:
        with ours.begin() as connection:
            first = dict(Numbered(checks, "name").numbers(connection, {"a", "b"}))

            def meet() -> dict[str, int]:
                with theirs.begin() as other:
                    return dict(Numbered(checks, "name").numbers(other, {"a", "b", "c"}))

            waiting = pool.submit(meet)
            time.sleep(0.3)  # they have looked, found nothing, and wait for us
        assert waiting.result(30).items() >= first.items()
    for engine in (ours, theirs):
        engine.dispose()


def test_sites_whose_first_runs_begin_together_are_all_remembered(url: str):
    History(url).close()
    together = threading.Barrier(3)

    def scan(site: int) -> None:
        history = History(url)
        run = history.begin(f"20260101T000000Z-00000{site}", "base", "x", START, 4, f"/out{site}")
        together.wait()
        for number in range(4):
            statuses = {f"check_{number}_{each}": ("fail", "a", f"version {number} {each}") for each in range(40)}
            history.record(run, document(f"host{number}.site{site}", statuses))
        history.finish(run, START + 60)
        history.close()

    with ThreadPoolExecutor() as pool:
        for each in [pool.submit(scan, site) for site in range(3)]:
            each.result(60)
    history = History(url)
    assert [(run.recorded, run.whole) for run in history.runs()] == [(4, True)] * 3
    assert len(history.failing(START)) == 3 * 4 * 40
    history.close()
