"""How long 300 check files take to load: cold (read, parsed, validated) and from the cache. Run: python tests/bench/loading.py."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from secscan import plugins
from secscan.cases import run_cases
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary

FILES = 300
_SHAPES = (
    """\
parameters:
  least: {{type: integer, default: {number}, stricter: higher, describe: the smallest accepted value}}
observe:
  setting: {{probe: sysctl, key: net.example.setting_{number}}}
expect:
  - that: setting.number
    at_least: {{parameter: least}}
cases:
  - {{name: the value is set, outcome: pass, setting: "net.example.setting_{number} = {number}\\n"}}
  - {{name: the value is larger, outcome: pass, setting: "net.example.setting_{number} = {larger}\\n"}}
  - {{name: switched off, outcome: fail, setting: "net.example.setting_{number} = -1\\n"}}
  - {{name: the kernel has no such parameter, outcome: fail, setting: "absent\\n"}}
  - {{name: proc is not mounted, outcome: error, setting: "unobservable: /proc/sys is not mounted\\n"}}
""",
    """\
applies_to: {{platform: [debian, rhel]}}
observe:
  first: {{probe: sysctl, key: net.example.first_{number}}}
  second: {{probe: sysctl, key: net.example.second_{number}}}
expect:
  - any:
      - that: first
        in: ["0", "1"]
      - that: second
        matches: ^[0-9]+$
        not_in: ["0"]
cases:
  - name: both are set
    outcome: pass
    first: |
      net.example.first_{number} = 0
    second: |
      net.example.second_{number} = 7
  - name: neither is right
    outcome: fail
    first: |
      net.example.first_{number} = 9
    second: |
      net.example.second_{number} = 0
  - {{name: the kernel was not asked, outcome: error, first: {{exit: 127, stderr: "sh: sysctl: not found"}}}}
""",
    """\
observe:
  setting: {{probe: sysctl, key: kernel.example_{number}}}
expect:
  - that: setting
    equals: "2"
cases:
  - {{name: fully switched on, outcome: pass, setting: "kernel.example_{number} = 2\\n"}}
  - {{name: partly switched on, outcome: fail, setting: "kernel.example_{number} = 1\\n"}}
  - {{name: switched off, outcome: fail, setting: "kernel.example_{number} = 0\\n"}}
  - {{name: proc is not mounted, outcome: error, setting: "unobservable: /proc/sys is not mounted\\n"}}
""",
)
_HEAD = """\
id: {name}
title: The setting number {number} of the example has a value that can be defended
severity: {severity}
rationale: >
  The setting decides whether an ordinary user may learn where the kernel keeps its data. With another value a fault in one program
  becomes a way into all the others, and nobody sees it in the logs. The default of this system is not the safe one.
remediation:
  text: Set `example.setting_{number} = {number}` in a file under /etc/sysctl.d and run `sysctl --system`.
  effort: minutes
  when: runtime
references:
  nist_800_53: [SI-16, "AC-6(2)"]
  iso_27001: ["8.9"]
  cis_v8: ["10.5"]
  ssg: [sysctl_example_setting_{number}]
"""


def write_checks(folder: Path, count: int = FILES) -> Path:
    """A folder of so many check files, in six domains, of the sizes and forms of the shipped ones."""
    for number in range(count):
        name = f"example_setting_{number}_is_safe"
        path = folder / f"domain{number % 6}" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        severity = ("low", "medium", "high", "critical")[number % 4]
        text = (_HEAD + _SHAPES[number % len(_SHAPES)]).format(name=name, number=number, larger=number + 1, severity=severity)
        path.write_text(text, encoding="utf-8")
    return folder


def best_and_median(work: Callable[[], object], times: int = 7) -> tuple[float, float]:
    """Milliseconds of processor time of the best run and of the median: what else the machine does makes no difference."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) * 1000)
    return min(taken), statistics.median(taken)


def main() -> int:
    """Print the figures; exit 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="print where the cold load spends its time")
    arguments = parser.parse_args()
    vocabulary = Vocabulary(plugins.probes(), plugins.matchers())
    with tempfile.TemporaryDirectory() as place:
        checks = write_checks(Path(place) / "checks")
        size = sum(path.stat().st_size for path in checks.rglob("*.yaml"))
        print(f"{FILES} check files, {size / 1024:.0f} KiB")  # noqa: T201 - a script for people

        def cold() -> object:
            return load_library([checks], [], vocabulary, None)

        def use(cache: Path | None) -> object:
            library = load_library([checks], [], vocabulary, cache)
            return [library.checks[name] for name in library.checks]

        if arguments.profile:
            import cProfile  # noqa: PLC0415 - only when asked for

            cProfile.runctx("cold()", {"cold": cold}, {}, sort="tottime")
            return 0
        cache = Path(place) / "cache"
        use(cache)
        library = load_library([checks], [], vocabulary, None)
        loaded = list(library.checks.values())

        def test() -> object:
            return [list(run_cases(check, vocabulary.probes, vocabulary.matchers)) for check in loaded]

        limits = {
            "loaded and validated, cold": (cold, 100.0),
            "from the cache": (lambda: load_library([checks], [], vocabulary, cache), 10.0),
            "from the cache, every check made": (lambda: use(cache), None),
            "every case run": (test, 2000.0),
        }
        missed = 0
        for what, (work, limit) in limits.items():
            best, median = best_and_median(work)
            missed += limit is not None and best > limit
            print(f"{what:35} {best:8.1f} ms best {median:8.1f} ms median" + (f"   limit {limit:.0f}" if limit else ""))  # noqa: T201 - as above
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
