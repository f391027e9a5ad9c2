"""Scans of lab hosts by the command line, and what came out of them."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .lab import Lab

CONTENT = Path(__file__).with_name("content")


@dataclass(frozen=True)
class Scan:
    """One run of `secscan scan`."""

    exit: int
    stdout: str
    stderr: str
    seconds: float
    folder: Path

    @cached_property
    def documents(self) -> Mapping[str, dict[str, Any]]:
        """Assessments by host."""
        found = (json.loads(path.read_text()) for path in sorted(self.folder.glob("hosts/*.json")))
        return {document["host"]["name"]: document for document in found}

    def outcomes(self, host: str) -> dict[str, str]:
        """Outcome by check."""
        return {result["check"]: result["outcome"] for result in self.documents[host]["results"]}

    def counts(self, host: str) -> Counter[str]:
        """How many checks came to each outcome."""
        return Counter(self.outcomes(host).values())

    def unreachable(self, host: str) -> str:
        """Why a host was not reached; empty when it was."""
        return str(self.documents[host]["unreachable"])


class Scanner:
    """Runs scans; each has a folder of its own below `folder`."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab, self._folder, self._runs = lab, folder, 0

    def command(self, *arguments: str, verb: str = "scan") -> list[str]:
        """The command of a run, without what puts it into the lab's network."""
        return [sys.executable, "-m", "secscan", verb, *arguments]

    def new_folder(self) -> Path:
        """A folder for the next run."""
        self._runs += 1
        return self._folder / f"scan-{self._runs}"

    def scan(
        self, *arguments: str, baseline: str = "lab_small", timeout_s: float = 180, environment: Mapping[str, str] | None = None
    ) -> Scan:
        """Run `secscan scan` to its end. `baseline` is the lab's small one, or one that ships."""
        folder = self.new_folder()
        options = ("--content", str(CONTENT), "-b", baseline, "-o", str(folder), "-f", "json,html,text")
        began = time.monotonic()
        done = self._lab.enclosure.client(
            self.command(*arguments, *options), {**self._lab.client.environment, **(environment or {})}, timeout_s
        )
        return Scan(done.returncode, done.stdout, done.stderr, time.monotonic() - began, folder)
