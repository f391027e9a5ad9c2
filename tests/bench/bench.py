"""What all parts of the bench share: a lab, a meter, the host that is asked, and rows of the table."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from secscan import pipeline
from secscan.carrying.commands import plain_command
from secscan.model.target import Target
from tests.bench.content import EVERYTHING, write_content
from tests.bench.measuring import Meter
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.roots import PACKAGES, Recipe

ROOT = Recipe("bookworm", (*PACKAGES, "python3"))  # python3 is for the peers that need it on a host
KEX = ("-o", "KexAlgorithms=curve25519-sha256")  # what secscan prefers; OpenSSH's own first choice costs 50 ms of client time more
_JUDGED = (0, 1, 4)  # exit statuses of a scan that reached its hosts


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `met` is None where there is no limit."""

    target: str
    what: str
    limit: str
    measured: str
    met: bool | None = None


@dataclass
class Bench:
    """Everything a part needs."""

    lab: Lab
    meter: Meter
    folder: Path
    content: Path
    rounds: int
    host: Host
    peers: Path  # the environment that the peers are installed in

    @cached_property
    def engine(self) -> pipeline.Engine:
        """The engine with every question, in this process."""
        folders = (self.content / "checks",), (self.content / "baselines",)
        return pipeline.load_engine(EVERYTHING, *folders, cache=self.folder / "cache")

    @property
    def target(self) -> Target:
        """The host that is asked, for transports of this process."""
        options = {"ssh_config": str(self.lab.client.config)}
        return Target(self.host.name, "ssh", self.host.name, user="root", options=options)

    def scan(self, hosts: Sequence[str], baseline: str = EVERYTHING) -> list[str]:
        """The command of a scan with its usual reports."""
        targets = [f"ssh://root@{host}" for host in hosts]
        output = self.folder / f"scan-{secrets.token_hex(4)}"
        options = ["--content", str(self.content), "-b", baseline, "-o", str(output), "--quiet"]
        return [secscan_command(), "scan", *targets, *options, "--ssh-config", str(self.lab.client.config)]

    @property
    def judged(self) -> tuple[int, ...]:
        """Exit statuses of a scan that did its work."""
        return _JUDGED

    def ssh(self, host: str, *words: str) -> list[str]:
        """The command of OpenSSH, as fast as it can be without a connection that is open already."""
        plain = self.lab.client.ssh(host, *words, user="root")
        return [plain[0], *KEX, *plain[1:]]

    def same_script(self, host: str) -> tuple[list[str], bytes]:
        """OpenSSH running the very script of a scan: command and standard input."""
        return self.ssh(host, plain_command()), f"{secrets.token_hex(16)}\n{self.engine.plan.script}".encode()


def secscan_command() -> str:
    """The installed command, as people run it."""
    return str(Path(sys.executable).with_name("secscan"))


def prepare_content(folder: Path) -> Path:
    """The bench's checks and baselines."""
    return write_content(folder / "content")
