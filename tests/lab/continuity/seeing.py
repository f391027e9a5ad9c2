"""What a scan of the sites and `secscan continuity` make of them, flat enough to be compared with what they made of them before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.lab import Lab
from lab.scanning import Scanner

BASELINE = "un_continuity"
OF_SERVICE = ("rpo_now", "worst_gap", "site_loss", "cyber", "rto")


@dataclass(frozen=True)
class Seen:
    """One look: outcomes by host or service and check; figures by service or data set and name, as knowledge and verdict."""

    outcomes: Mapping[tuple[str, str], str]
    figures: Mapping[tuple[str, str], str]
    document: Mapping[str, Any]
    why: Mapping[tuple[str, str], str]

    def service(self, name: str) -> dict[str, Any]:
        """A service of the continuity document."""
        return next(each for each in self.document["services"] if each["service"] == name)

    def repository(self, name: str) -> dict[str, Any]:
        """A repository of the continuity document."""
        sets = [each for service in self.document["services"] for each in service["data_sets"]]
        return next(found for each in sets for found in each["repositories"] if found["id"] == name)

    def since(self, before: Seen) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
        """Outcomes and figures that are no longer what they were."""
        return _changed(before.outcomes, self.outcomes), _changed(before.figures, self.figures)


class Observer:
    """Looks at the sites as a person does: a scan of all hosts, and the figures of what it kept."""

    def __init__(self, lab: Lab, scanner: Scanner, inventory: Path) -> None:
        self._lab, self._scanner, self._inventory = lab, scanner, inventory

    def look(self) -> Seen:
        """Scan all hosts and measure."""
        scan = self._scanner.scan("-i", str(self._inventory), baseline=BASELINE)
        told = self.measure(scan.folder, "--json")
        if told.returncode not in {0, 1, 4}:
            raise RuntimeError(f"secscan continuity: exit status {told.returncode}: {told.stderr}")
        document = json.loads(told.stdout)
        hosts = [(name, result) for name, host in scan.documents.items() for result in host["results"]]
        outcomes = {(_about(name, result), result["check"]): result["outcome"] for name, result in hosts}
        why = {(_about(name, result), result["check"]): f"{result['reason']} {result['findings']}" for name, result in hosts}
        return Seen(outcomes, dict(_figures(document)), document, why)

    def measure(self, saved: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `secscan continuity` on what a scan kept."""
        command = [sys.executable, "-m", "secscan", "continuity", "-i", str(self._inventory), "--saved", str(saved), *words]
        environment = {**os.environ, **self._lab.client.environment}
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, check=False)


def _about(name: str, result: Mapping[str, Any]) -> str:
    return str(result.get("subject") or name)


def _figures(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    for service in document["services"]:
        for name in OF_SERVICE:
            figure = service["figures"][name]
            yield (service["service"], name), f"{figure['knowledge']}, {figure['verdict']}"
        for each in service["data_sets"]:
            yield (each["id"], "3-2-1-1-0"), each["rule_32110"]["verdict"]
            yield (each["id"], "covered"), str(each["covered"])


def _changed(before: Mapping[tuple[str, str], str], after: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    return {key: after.get(key, "gone") for key in {**before, **after} if before.get(key) != after.get(key)}
