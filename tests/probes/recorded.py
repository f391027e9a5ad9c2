"""Recorded answers: tests/probes/<probe>/<platform>_<situation>.yaml, read for the tests beside this file."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan import probes as package
from secscan.documents import read_document
from secscan.model.probe import Answer, Call, Probe
from secscan.model.values import read_value

HERE = Path(__file__).parent
PROBES: dict[str, Probe] = {
    info.name: importlib.import_module(f"secscan.probes.{info.name}").PROBE for info in pkgutil.iter_modules(package.__path__)
}


@dataclass(frozen=True)
class Recorded:
    """One call with its raw answer and what it must be read as."""

    where: str
    probe: Probe
    call: Call
    answer: Answer
    expected: Any


def make_call(probe: Probe, written: dict[str, Any]) -> Call:
    """A call from arguments as YAML writes them, defaults filled in."""
    unknown = set(written) - {argument.name for argument in probe.arguments}
    assert not unknown, f"{probe.name} has no arguments {unknown}"
    return Call.of(
        probe.name,
        {
            argument.name: read_value(argument.type, written[argument.name]) if argument.name in written else argument.default
            for argument in probe.arguments
        },
    )


def make_answer(written: str | dict[str, Any]) -> Answer:
    """A raw answer: text, or {stdout, stderr, exit, uid}."""
    if isinstance(written, str):
        return Answer(written.encode())
    return Answer(
        str(written.get("stdout", "")).encode(),
        str(written.get("stderr", "")).encode(),
        written.get("exit", 0),
        uid=written.get("uid", -1),
    )


def all_recorded() -> list[Recorded]:
    """Every recorded call of every file."""
    found = []
    for path in sorted(HERE.glob("*/*.yaml")):
        document = read_document(path)
        document.raise_problems()
        probe = PROBES[path.parent.name]
        for number, entry in enumerate(document.data["calls"]):
            where = f"{path.parent.name}/{path.stem}#{number + 1}"
            call = make_call(probe, entry.get("arguments") or {})
            found.append(Recorded(where, probe, call, make_answer(entry["answer"]), entry["observation"]))
    return found
