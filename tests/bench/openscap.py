"""Target 7: what OpenSCAP costs the host that it judges, check for check. It runs on the host itself, so there is no client."""

from __future__ import annotations

import re

from tests.bench.bench import Bench, Row
from tests.bench.measuring import BenchError, median, ratio, round_robin
from tests.lab.hosts import OwnFile, Shape
from tests.lab.roots import PACKAGES, Recipe, debian_root

HOST = Recipe("bookworm", (*PACKAGES, "openscap-scanner"))
RULES = Recipe("trixie", ("ssg-debian",), "extract")  # the rules for Debian 12 are in the release after it
_STREAM = "/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
_PROFILE = "anssi_bp28_high"  # of those that Debian packages, the one with most rules


def measure(bench: Bench) -> list[Row]:
    """Rows of target 7."""
    rules_file = OwnFile((debian_root(RULES) / _STREAM.lstrip("/")).read_text())
    host = bench.lab.boot("judged", debian_root(HOST), Shape(files={_STREAM: rules_file}), root_too=True)
    results = "/tmp/results.xml"
    evaluate = f"oscap xccdf eval --profile {_PROFILE} --results {results} {_STREAM} >/dev/null"
    samples = round_robin(
        {
            "oscap": lambda: bench.meter.run(bench.ssh("judged", evaluate), [host], allowed=(0, 2)),  # 2: some rule fails
            "secscan": lambda: bench.meter.run(bench.scan(["judged"]), [host], allowed=bench.judged),
        },
        max(2, bench.rounds // 2),
    )
    outcomes = re.findall(r"<result>(\w+)</result>", host.run(f"cat {results}"))
    rules = sum(outcome in {"pass", "fail"} for outcome in outcomes)
    if not rules:
        raise BenchError("OpenSCAP judged nothing: its content does not take this host for a Debian 12")
    checks = len(bench.engine.rulebook.baseline.selections)
    times = ratio(samples, "oscap", "secscan", "host_cpu_s") * checks / rules
    return [
        Row(
            "7",
            f"host CPU a check, OpenSCAP ({_PROFILE}, {rules} rules) to secscan ({checks} checks)",
            ">= 8x",
            f"{times:.1f}x",
            times >= 8,
        ),
        Row(
            "", "OpenSCAP: wall; host CPU", "", f"{median(samples, 'oscap'):.1f} s; {median(samples, 'oscap', 'host_cpu_s'):.1f} s"
        ),
        Row(
            "",
            "secscan on the same host: wall; host CPU",
            "",
            f"{median(samples, 'secscan'):.2f} s; {median(samples, 'secscan', 'host_cpu_s'):.2f} s",
        ),
    ]
