"""Target 7: what OpenSCAP costs the host that it judges, check for check. It runs on the host itself, so there is no client."""

from __future__ import annotations

import re

from tests.bench.bench import Bench, Row
from tests.bench.measuring import BenchError, median, ratio, round_robin
from tests.lab.roots import PACKAGES, Recipe, debian_root

RECIPE = Recipe("trixie", (*PACKAGES, "openscap-scanner", "ssg-debian"))  # the content for this Debian is in this Debian
_CONTENT = "/usr/share/xml/scap/ssg/content"
_PROFILES = ("cis_level1_server", "standard")


def measure(bench: Bench) -> list[Row]:
    """Rows of target 7."""
    host = bench.lab.boot("judged", debian_root(RECIPE), root_too=True)
    stream = host.run(f"ls {_CONTENT}/ssg-debian1*-ds.xml | sort | tail -n 1").strip()
    offered = host.run(f"oscap info --profiles {stream}")
    profile = next(
        (line.split(":")[0] for name in _PROFILES for line in offered.splitlines() if line.split(":")[0].endswith(name)), ""
    )
    if not profile:
        raise BenchError(f"OpenSCAP's content offers none of {', '.join(_PROFILES)}: {offered[:300]}")
    results = "/tmp/results.xml"
    evaluate = f"oscap xccdf eval --profile {profile} --results {results} {stream} >/dev/null"
    samples = round_robin(
        {
            "oscap": lambda: bench.meter.run(bench.ssh("judged", evaluate), [host], allowed=(0, 2)),  # 2: some rule fails
            "secscan": lambda: bench.meter.run(bench.scan(["judged"]), [host], allowed=bench.judged),
        },
        max(2, bench.rounds // 2),
    )
    outcomes = re.findall(r"<result>(\w+)</result>", host.run(f"cat {results}"))
    rules = sum(outcome not in {"notselected", "notapplicable"} for outcome in outcomes)
    checks = len(bench.engine.rulebook.baseline.selections)
    times = ratio(samples, "oscap", "secscan", "host_cpu_s") * checks / max(1, rules)
    name = profile.rpartition("_profile_")[2]
    return [
        Row(
            "7",
            f"host CPU a check, OpenSCAP ({name}, {rules} rules) to secscan ({checks} checks)",
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
