"""The portal of large fleets: 1,000 hosts of 300 results, and that ten times as many take ten times as long.

Needs no host, no root and no network: saved assessments of a made-up fleet are rendered by the command that people use.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from secscan.model.assessment import Outcome
from tests.bench.bench import Row

RESULTS = 300
SIZES = (250, 1000)
"""Fleets that are measured unless others are asked for: the least, to compare with, and the one that the targets are about."""
_TARGET = 1000  # hosts
_LIMIT_S, _LIMIT_MB, _PAGE_BYTES, _LINEAR = 60.0, 500.0, 60_000, 1.3
_PROOF = b'<section class="proof"'
_OUTCOMES = ("pass",) * 14 + ("fail",) * 3 + ("error", "manual", "not_applicable")
_SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one portal took and what it is: wall time and the program's own processor time, its largest memory, its pages."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    files: int
    megabytes: float
    largest: int
    largest_path: str


def measure(sizes: Sequence[int] = SIZES) -> list[Row]:
    """Rows of target 10, of fleets of these sizes, each compared with the least."""
    least, *others = sorted(sizes)
    with tempfile.TemporaryDirectory(prefix="secscan-bench-") as place:
        before = _render(Path(place), least)
        return [row for hosts in others for row in _rows(hosts, _render(Path(place), hosts), least, before)]


def _rows(hosts: int, found: Rendered, least: int, before: Rendered) -> list[Row]:
    """What is told of one fleet; time and memory have limits for the size that the targets are about."""
    what, aimed = f"portal of {hosts:,} hosts x {RESULTS}", hosts == _TARGET
    ratio = (found.cpu_s / before.cpu_s) / (hosts / least)
    return [
        Row(
            "10" if aimed else "",
            f"{what}: wall",
            f"<= {_LIMIT_S:.0f} s" if aimed else "",
            f"{found.wall_s:.1f} s ({found.cpu_s:.1f} s CPU)",
            found.wall_s <= _LIMIT_S if aimed else None,
        ),
        Row(
            "10" if aimed else "",
            f"{what}: memory",
            f"<= {_LIMIT_MB:.0f} MB" if aimed else "",
            f"{found.peak_mb:.0f} MB",
            found.peak_mb <= _LIMIT_MB if aimed else None,
        ),
        Row("10", f"{what}: CPU a host, to that of {least:,}", f"<= {_LINEAR}x", f"{ratio:.2f}x", ratio <= _LINEAR),
        Row(
            "10",
            f"{what}: largest page before evidence",
            f"<= {_PAGE_BYTES // 1000} kB",
            f"{found.largest / 1000:.0f} kB ({found.largest_path})",
            found.largest <= _PAGE_BYTES,
        ),
        Row("", f"{what}: pages", "", f"{found.files:,}, {found.megabytes:,.0f} MB"),
    ]


def _render(place: Path, hosts: int) -> Rendered:
    """One portal, and nothing of it left on the disk: ten thousand hosts take 13 GB."""
    try:
        return render(place, hosts)
    finally:
        shutil.rmtree(place / f"saved-{hosts}", ignore_errors=True)
        shutil.rmtree(place / f"output-{hosts}", ignore_errors=True)


def render(place: Path, hosts: int) -> Rendered:
    """Write the assessments of so many hosts, and have the command make a portal of them."""
    saved, output = place / f"saved-{hosts}", place / f"output-{hosts}"
    (saved / "hosts").mkdir(parents=True)
    for number, text in enumerate(fleet(hosts)):
        (saved / "hosts" / f"host-{number:05}.json").write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("secscan")), "report", str(saved), "-f", "portal", "-o", str(output)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {process.returncode}")
    pages = [path for path in output.rglob("*") if path.is_file()]
    largest, path = max((_before_evidence(path.read_bytes()), path) for path in pages if path.suffix == ".html")
    size = sum(path.stat().st_size for path in pages) / 1e6
    shown = str(path.relative_to(output / "portal"))
    return Rendered(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, len(pages), size, largest, shown)


def fleet(hosts: int) -> Iterator[str]:
    """Assessments as saved: twenty sites, fifteen subject areas; a third of the answers are no other host's."""
    digest = "0" * 64
    checks = {name: _check(number) for number, name in enumerate(_names())}
    requirements = {
        f"REQ-{number:02}": {"id": f"REQ-{number:02}", "title": f"Requirement {number}", "source": "a source", "not_automated": ""}
        for number in range(40)
    }
    for number in range(hosts):
        name = f"host-{number:05}"
        results = [_result(name, number, at, check) for at, check in enumerate(checks)]
        counts = {outcome.value: sum(found["outcome"] == outcome for found in results) for outcome in Outcome}
        document = {
            "format": "secscan.assessment/1",
            "baseline": {"id": "everything", "title": "Everything", "sha256": digest},
            "host": {
                "name": name, "address": "", "transport": "ssh", "user": "scan", "uid": 0, "become": "", "host_key": "",
                "machine_id": "", "hostname": name, "system": "Debian GNU/Linux 12 (bookworm)", "family": "debian", "kernel": "",
                "site": f"site-{number % 20:02}", "criticality": "high", "labels": {}, "clock_offset_s": 0.1,
            },
            "started_at": "2026-11-01T09:00:00.000Z",
            "finished_at": "2026-11-01T09:00:01.000Z",
            "unreachable": "",
            "tally": {
                "counts": {outcome: count for outcome, count in counts.items() if count}, "attested": {},
                "compliance": counts["pass"] / (RESULTS - counts["not_applicable"]),
                "coverage": (counts["pass"] + counts["fail"]) / RESULTS,
            },
            "results": results,
            "proofs": [_proof(number, at) for at in range(RESULTS)],
            "checks": checks,
            "requirements": requirements,
            "changes": [],
            "waivers": {},
            "attestations": {},
            "problems": [],
            "provenance": {
                "tool_version": "0", "content_sha256": digest, "script_sha256": digest, "bundle_sha256": digest,
                "received_bytes": 40_000, "origin": None,
            },
        }  # fmt: skip
        yield json.dumps(document)


def _names() -> list[str]:
    return [f"example_setting_{number}_is_safe" for number in range(RESULTS)]


def _check(number: int) -> dict[str, object]:
    prose = "The setting decides whether an ordinary user may learn where the kernel keeps its data. " * 3
    return {
        "id": f"example_setting_{number}_is_safe", "domain": f"area_{number % 15}",
        "title": f"The setting number {number} of the example has a value that can be defended", "rationale": prose,
        "remedy": prose, "effort": "minutes", "when": "runtime",
        "references": {"nist_800_53": [f"AC-{number % 25 + 1}"], "cis_v8": [f"{number % 18 + 1}.1"]}, "sha256": "0" * 64,
    }  # fmt: skip


def _result(host: str, number: int, at: int, check: str) -> dict[str, object]:
    outcome = _OUTCOMES[(at * 7 + number * (at % 5)) % len(_OUTCOMES)]
    finding = {
        "that": "setting.value", "matcher": "equals", "expected": "2", "actual": str(number % 7), "holds": False, "reason": "",
        "item": None, "missing": [], "extra": [],
    }  # fmt: skip
    return {
        "check": check, "subject": host, "outcome": outcome, "severity": _SEVERITIES[at % 4],
        "reason": "" if outcome in {"pass", "fail"} else "it was so", "findings": [finding] if outcome == "fail" else [],
        "findings_total": int(outcome == "fail"), "examined": None, "proofs": [at], "parameters": {},
        "requirements": [f"REQ-{at % 40:02}"], "disposition": "none", "waiver": "", "attestation": "", "standing": "",
        "fingerprint": "",
    }  # fmt: skip


def _proof(number: int, at: int) -> dict[str, object]:
    own = number if at % 3 == 0 else number % 7
    answer = f"-rw-r--r-- 644 0:0 {1000 + own} {1790000000 + own} root:root /etc/example/setting_{at}\nparents safe\nend\n"
    return {
        "name": "setting", "probe": "file", "arguments": {"path": f"/etc/example/setting_{at}"}, "state": "observed", "reason": "",
        "observation": {"mode": "0644", "owner": "root", "size": 1000 + own, "value": str(number % 7)}, "stdout": answer,
        "stdout_bytes": len(answer), "stdout_sha256": f"{own:064x}", "stderr": "", "exit": 0, "uid": 0, "batch": at % 40,
        "script_sha256": "0" * 64, "elapsed_s": number % 9 / 100, "truncated": False,
    }  # fmt: skip


def _before_evidence(page: bytes) -> int:
    """The size of a page without the questions, answers and findings on it."""
    parts = page.split(_PROOF)
    return len(parts[0]) + sum(len(part.partition(b"</section>")[2]) for part in parts[1:])
