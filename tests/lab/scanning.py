"""Scans of lab hosts by the command line, and what came out of them."""

from __future__ import annotations

import json
import os
import subprocess
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
_ALL = "lab_everything"


@dataclass(frozen=True)
class Scan:
    """One run of `secscan scan`; its exit status is negative when a signal ended it."""

    exit: int
    stdout: str
    stderr: str
    seconds: float
    cpu_s: float
    peak_mb: float
    folder: Path

    @cached_property
    def documents(self) -> Mapping[str, dict[str, Any]]:
        """Assessments by host."""
        found = (json.loads(path.read_text()) for path in sorted(self.folder.glob("hosts/*.json")))
        return {document["host"]["name"]: document for document in found}

    def outcomes(self, host: str) -> dict[str, str]:
        """Outcome by check."""
        return {result["check"]: result["outcome"] for result in self.documents[host]["results"]}

    def reasons(self, host: str) -> str:
        """Every reason that was given for a host, as one text."""
        document = self.documents[host]
        results = "\n".join(str(result["reason"]) for result in document["results"])
        return "\n".join((str(document["unreachable"]), *map(str, document["problems"]), results))

    def counts(self, host: str) -> Counter[str]:
        """How many checks came to each outcome."""
        return Counter(self.outcomes(host).values())

    def unreachable(self, host: str) -> str:
        """Why a host was not reached; empty when it was."""
        return str(self.documents[host]["unreachable"])


class Running:
    """A scan that is under way."""

    def __init__(self, words: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._began = time.monotonic()
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=dict(environment))

    def stderr(self) -> str:
        """What it has said so far."""
        return (self.folder / "stderr").read_text(errors="replace")

    def finish(self, timeout_s: float) -> Scan:
        """Wait for its end. Raises TimeoutError, after killing it, when that takes too long."""
        ends_at = time.monotonic() + timeout_s
        while True:
            number, status, used = os.wait4(self.process.pid, os.WNOHANG)
            if number:
                break
            if time.monotonic() > ends_at:
                self.process.kill()
                self.process.wait()
                raise TimeoutError(f"the scan did not end within {timeout_s:g} s; it said: {self.stderr()[-500:]}")
            time.sleep(0.005)
        seconds = time.monotonic() - self._began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        stdout = (self.folder / "stdout").read_text(errors="replace")
        cpu_s, peak_mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        return Scan(self.process.returncode, stdout, self.stderr(), seconds, cpu_s, peak_mb, self.folder)


class Scanner:
    """Runs scans; each has a folder of its own below `folder`."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab, self._folder, self._runs = lab, folder, 0
        self._everything = folder / "everything"

    def start(
        self, *arguments: str, baseline: str = "lab_small", environment: Mapping[str, str] | None = None, verb: str = "scan"
    ) -> Running:
        """Start `secscan scan`. `baseline` is the lab's small one, `everything`, or one that ships."""
        self._runs += 1
        folder = self._folder / f"scan-{self._runs}"
        content = ["--content", str(CONTENT)]
        if baseline == "everything":
            content += ["--content", str(self._every_check())]
        options = (*content, "-b", _ALL if baseline == "everything" else baseline, "-o", str(folder))
        formats = ("-f", "json,html,text") if verb == "scan" else ()
        words = self._lab.enclosure.beside(sys.executable, "-m", "secscan", verb, *arguments, *options, *formats)
        return Running(words, {**os.environ, **self._lab.client.environment, **(environment or {})}, folder)

    def scan(
        self, *arguments: str, baseline: str = "lab_small", timeout_s: float = 180, environment: Mapping[str, str] | None = None
    ) -> Scan:
        """Run `secscan scan` to its end."""
        return self.start(*arguments, baseline=baseline, environment=environment).finish(timeout_s)

    def _every_check(self) -> Path:
        """A content folder with a baseline that selects every check that ships."""
        path = self._everything / "baselines" / f"{_ALL}.yaml"
        if not path.exists():
            path.parent.mkdir(parents=True)
            checks = ", ".join(sorted(each.stem for each in (Path(__file__).parents[2] / "checks").rglob("*.yaml")))
            path.write_text(f"id: {_ALL}\ntitle: Every check\nrequirements:\n  UNC-IS-07: [{checks}]\n")
        return self._everything
