"""Boot the hosts, measure the parts that were asked for, print one table."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from secscan import __version__
from secscan.errors import SecscanError
from tests.bench import fleet, floor, link, one_host, openscap, peers, portal, starting, year
from tests.bench.bench import ROOT, Bench, Row, prepare_content
from tests.bench.measuring import BenchError, Meter
from tests.lab.enclosure import why_not
from tests.lab.lab import Lab
from tests.lab.roots import NoRootError, debian_root

PARTS: dict[str, Callable[[Bench], list[Row]]] = {  # the long ones last, so that little is lost when the time is up
    "floor": floor.measure,
    "one": one_host.measure,
    "link": link.measure,
    "start": starting.measure,
    "openscap": openscap.measure,
    "fleet": fleet.measure,
    "peers": peers.measure,
}
WITHOUT_HOSTS: dict[str, Callable[[Sequence[int]], list[Row]]] = {"portal": portal.measure, "year": lambda _: year.measure()}
"""Parts that need no lab: anybody can measure them anywhere."""
_NOTES = """\
Read it so: ratios are medians of the ratios within a round, every variant once a round in turn; nothing is compared across runs.
Client CPU is that of the program and all it started, host CPU that of the host's own processes, as the kernel counts them in
control groups. Not comparable: the hosts of a fleet share this machine's cores with the scanner and with each other, so that fleet
wall time is mostly their work, and client CPU a host is what carries over; the fleet is sshd alone, two hundred times on one root;
the peers get their answers and judge next to nothing of them, secscan judges and writes reports; OpenSCAP judges other rules than
secscan and needs its content on the host. A relay delays bytes and adds TCP's own round trip, and neither loses nor limits any.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every target that was measured is met, 1 when one is missed, 2 when something could not be measured."""
    known = (*PARTS, *WITHOUT_HOSTS)
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default=",".join(known), metavar="PART,...", help=f"parts of: {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the short measurements; longer ones take fewer")
    parser.add_argument("--minutes", type=float, default=20.0, help="begin nothing more after so long")
    parser.add_argument(
        "--portal-hosts", default=",".join(map(str, portal.SIZES)), metavar="N,...", help="sizes of the fleets of portals"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the table, as Markdown")
    options = parser.parse_args(arguments)
    wanted = options.only.split(",")
    if unknown := sorted(set(wanted) - set(known)):
        parser.error(f"no part is named {', '.join(unknown)}; allowed: {', '.join(known)}")
    try:
        sizes = [int(size) for size in options.portal_hosts.split(",")]
    except ValueError:
        sizes = []
    if len(set(sizes)) < 2 or min(sizes) < 1:
        parser.error(f"--portal-hosts cannot be {options.portal_hosts!r}; allowed: two numbers at least, joined by commas")
    with_hosts = [name for name in wanted if name in PARTS]
    if with_hosts and (reason := why_not()):
        return _complain(reason)
    try:
        measured = run(with_hosts, options.rounds, options.minutes * 60) if with_hosts else Measured()
        for name in wanted:
            if name in WITHOUT_HOSTS:
                _add(measured, name, partial(WITHOUT_HOSTS[name], sizes))
    except (NoRootError, subprocess.CalledProcessError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 130
    text = write_table(measured)
    sys.stdout.write(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 2 if measured.failures else int(any(row.met is False for row in measured.rows))


@dataclass(slots=True)
class Measured:
    """What came of all parts: rows of the table, versions of the peers, and why a part could not be measured."""

    rows: list[Row] = field(default_factory=list)
    peer_versions: str = ""
    failures: list[str] = field(default_factory=list)


def run(wanted: Sequence[str], rounds: int, time_s: float) -> Measured:
    """Measure the parts, one after the other. One that fails does not keep the others from being measured."""
    root = debian_root(ROOT)  # whatever needs the network comes before the lab is entered, which has none
    if "openscap" in wanted:
        debian_root(openscap.HOST)
        debian_root(openscap.RULES)
    environment = peers.install() if "peers" in wanted else Path()
    measured = Measured(peer_versions=peers.versions(environment) if "peers" in wanted else "")
    folder = Path(tempfile.mkdtemp(prefix="secscan-bench-"))
    with contextlib.ExitStack() as after:
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        with Lab(folder / "lab") as lab:
            meter = Meter(lab, folder, time.monotonic() + time_s)
            after.callback(meter.close)
            host = lab.boot("target", root, root_too=True)
            lab.enclosure.enter_network()
            bench = Bench(lab, meter, folder, prepare_content(folder), rounds, host, environment)
            for name in wanted:
                _add(measured, name, partial(PARTS[name], bench))
    return measured


def _add(measured: Measured, name: str, measure: Callable[[], list[Row]]) -> None:
    """Measure one part. One that fails does not keep the others from being measured."""
    began = time.monotonic()
    try:
        measured.rows += measure()
    except (BenchError, SecscanError, OSError, RuntimeError) as error:
        measured.failures.append(f"{name} could not be measured: {error}")
    sys.stderr.write(f"bench: {name}: {time.monotonic() - began:.0f} s\n")


def write_table(measured: Measured) -> str:
    """The table, with what it was measured on, as Markdown."""
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr.split(",")[0]
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, {ssh}"
    ours = f"secscan {__version__}" + (f"; {measured.peer_versions}" if measured.peer_versions else "")
    lines = [
        f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d} by `make bench`: {machine}; {ours}.",
        "",
        "| target | what | limit | measured | met |",
        "|---|---|---|---|---|",
        *(f"| {row.target} | {row.what} | {row.limit} | {row.measured} | {_MET[row.met]} |" for row in measured.rows),
        "",
        *(f"- {failure}" for failure in measured.failures),
        *([""] if measured.failures else []),
        *_NOTES.splitlines(),
    ]
    return "\n".join(lines) + "\n"


_MET = {True: "yes", False: "**no**", None: ""}


def _complain(reason: str) -> int:
    sys.stderr.write(f"bench: {reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
