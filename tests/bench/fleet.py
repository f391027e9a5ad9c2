"""Target 5: fifty and two hundred hosts at once. They share this machine's cores, so that wall time is mostly their own work."""

from __future__ import annotations

from tests.bench.bench import ROOT, Bench, Row
from tests.bench.measuring import Sample
from tests.lab.roots import debian_root

_CPU_MS, _MOST = 12, 200


def measure(bench: Bench) -> list[Row]:
    """Rows of the fleet."""
    names = bench.lab.boot_cheap(_MOST, debian_root(ROOT), root_too=True)
    warm_up = bench.scan(names[:1])
    bench.meter.run(warm_up, allowed=bench.judged)
    samples = {count: bench.meter.run(bench.scan(names[:count]), allowed=bench.judged) for count in (1, 50, _MOST)}
    per_host = {count: samples[count].client_cpu_s / count * 1000 for count in (50, _MOST)}
    growth_mb = samples[_MOST].peak_mb - samples[50].peak_mb
    return [
        *(_speed(count, samples[count]) for count in (50, _MOST)),
        Row(
            "5",
            f"client CPU a host, {_MOST} hosts, start and reports included",
            f"<= {_CPU_MS} ms",
            f"{per_host[_MOST]:.1f} ms",
            per_host[_MOST] <= _CPU_MS,
        ),
        Row("", "the same, 50 hosts", "", f"{per_host[50]:.1f} ms"),
        Row(
            "5",
            f"peak memory, {_MOST} hosts against 50",
            "flat",
            f"{samples[_MOST].peak_mb:.0f} MB, {growth_mb:+.0f} MB",
            growth_mb <= 10,
        ),
        Row("", "peak memory, one host", "", f"{samples[1].peak_mb:.0f} MB"),
    ]


def _speed(count: int, sample: Sample) -> Row:
    return Row("", f"{count} hosts: wall; hosts a second", "", f"{sample.wall_s:.1f} s; {count / sample.wall_s:.1f}")
