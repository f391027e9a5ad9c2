"""Target 8: starting the command, and loading three hundred checks."""

from __future__ import annotations

import sys
from pathlib import Path

from secscan import plugins
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from tests.bench.bench import Bench, Row, secscan_command
from tests.bench.loading import FILES, best_and_median, write_checks
from tests.bench.measuring import median, ratio, round_robin


def measure(bench: Bench) -> list[Row]:
    """Rows of target 8."""
    samples = round_robin(
        {
            "python": lambda: bench.meter.run([sys.executable, "-c", "pass"]),
            "help": lambda: bench.meter.run([secscan_command(), "--help"]),
        },
        bench.rounds * 4,
        warm_ups=3,
    )
    to_python = ratio(samples, "help", "python")
    cold_ms, cached_ms = loading_ms(bench.folder / "loading")
    return [
        Row(
            "8",
            "`secscan --help`, to `python -c pass`: wall",
            "<= 3.5x",
            f"{to_python:.1f}x ({median(samples, 'help') * 1000:.0f} ms)",
            to_python <= 3.5,
        ),
        Row("8", f"{FILES} checks loaded and validated, cold", "<= 100 ms", f"{cold_ms:.0f} ms", cold_ms <= 100),
        Row("8", "the same from the cache", "<= 10 ms", f"{cached_ms:.1f} ms", cached_ms <= 10),
    ]


def loading_ms(folder: Path) -> tuple[float, float]:
    """The best processor time of a cold load and of one from the cache."""
    checks, cache = write_checks(folder / "checks"), folder / "cache"
    vocabulary = Vocabulary(plugins.probes(), plugins.matchers())
    load_library([checks], [], vocabulary, cache)
    cold, _ = best_and_median(lambda: load_library([checks], [], vocabulary, None))
    cached, _ = best_and_median(lambda: load_library([checks], [], vocabulary, cache))
    return cold, cached
