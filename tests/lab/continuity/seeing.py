"""What a scan of the sites and `secscan continuity` make of them, flat enough to be compared with what they made of them before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.lab import Lab

BASELINE = "un_continuity"
OF_SERVICE = ("rpo_now", "worst_gap", "site_loss", "cyber", "rto")
Key = tuple[str, str]


@dataclass(frozen=True)
class Seen:
    """One look: outcomes by host or service and check; figures by service or data set and name, as knowledge and verdict."""

    folder: Path
    outcomes: Mapping[Key, str]
    figures: Mapping[Key, str]
    document: Mapping[str, Any]

    def service(self, name: str) -> dict[str, Any]:
        """A service of the continuity document."""
        return next(each for each in self.document["services"] if each["service"] == name)

    def repository(self, name: str) -> dict[str, Any]:
        """A repository of the continuity document."""
        sets = [each for service in self.document["services"] for each in service["data_sets"]]
        return next(found for each in sets for found in each["repositories"] if found["id"] == name)

    def since(self, before: Seen) -> tuple[dict[Key, str], dict[Key, str]]:
        """Outcomes and figures that are no longer what they were."""
        return _changed(before.outcomes, self.outcomes), _changed(before.figures, self.figures)


class Observer:
    """Looks at the sites as a person does: a scan, and the figures of the newest evidence of all hosts."""

    def __init__(self, lab: Lab, folder: Path, inventory: str) -> None:
        self._lab, self._folder, self._looks = lab, folder, 0
        self.inventory = folder / "inventory.yml"
        self.inventory.write_text(inventory)

    def look(self, *hosts: str, before: Seen | None = None) -> Seen:
        """Scan and measure. With hosts only these are asked; the others are as they were seen before."""
        self._looks += 1
        folder = self._folder / f"look-{self._looks}"
        if before:
            shutil.copytree(before.folder, folder)
        limit = [word for host in hosts for word in ("-l", f"host={host}")]
        self.run("scan", *limit, "-b", BASELINE, "-f", "json", "-q", "-o", str(folder))
        document = json.loads(self.run("continuity", "--saved", str(folder), "--json").stdout)
        results = [(result["subject"], result) for result in document["results"]]
        for path in sorted(folder.glob("hosts/*.json")):
            host = json.loads(path.read_text())
            if host["host"]["name"] != "organization":
                results += [(host["host"]["name"], result) for result in host["results"]]
        outcomes = {(about, result["check"]): result["outcome"] for about, result in results}
        return Seen(folder, outcomes, dict(_figures(document)), document)

    def run(self, command: str, *words: str, may_exit: Collection[int] = (0, 1, 4)) -> subprocess.CompletedProcess[str]:
        """Run secscan with the inventory. Raises RuntimeError for an exit status that was not expected."""
        line = self._lab.enclosure.beside(sys.executable, "-m", "secscan", command, "-i", str(self.inventory), *words)
        environment = {**os.environ, **self._lab.client.environment}
        done = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, check=False)
        if done.returncode not in may_exit:
            raise RuntimeError(f"secscan {command}: exit status {done.returncode}: {done.stderr[-2000:]}")
        return done


def _figures(document: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    for service in document["services"]:
        for name in OF_SERVICE:
            figure = service["figures"][name]
            yield (service["service"], name), f"{figure['knowledge']}, {figure['verdict']}"
        for each in service["data_sets"]:
            yield (each["id"], "3-2-1-1-0"), each["rule_32110"]["verdict"]
            yield (each["id"], "covered"), str(each["covered"])


def _changed(before: Mapping[Key, str], after: Mapping[Key, str]) -> dict[Key, str]:
    return {key: after.get(key, "gone") for key in {**before, **after} if before.get(key) != after.get(key)}
