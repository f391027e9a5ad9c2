"""What a run found on hosts by one baseline is not overwritten by what is found by another: a folder has one document of a host."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.cli.kept import Run
from secscan.errors import UsageError

if TYPE_CHECKING:
    from secscan.model.target import Target
    from secscan.pipeline import Engine

_NAMED = 5  # hosts in a complaint
_TELLING = (b'"baseline": ', b'"provenance": ')  # how the lines begin that are read: the others are a thousand times as long


def names_of(engine: Engine, targets: Iterable[Target]) -> list[str]:
    """Whom a run over these targets writes a document of: them, and the organization where something is asked of it."""
    from secscan.judge.rulebook import ABOVE_HOSTS  # noqa: PLC0415 - keep --help free of it

    above = [engine.organization] if engine.rulebook.about(*ABOVE_HOSTS) else []
    return [*(target.name for target in targets), *above]


def demand_room(folder: Path, baseline: str, names: Iterable[str]) -> None:
    """UsageError where runs by another baseline have left documents of these names in a folder."""
    run, found = Run(folder, keep_evidence=False), dict[str, list[str]]()
    for name in names:
        if (other := _found_by(run.path(name))) not in ("", baseline):
            found.setdefault(other, []).append(name)
    for other, taken in found.items():
        raise UsageError(
            "{folder} has what a run by {other} found on {hosts}, and one by {baseline} would overwrite it; "
            "allowed: -o with a folder for each baseline, or to move {documents} away where {baseline} takes the place of {other}",
            folder=folder,
            other=other,
            hosts=taken if len(taken) <= _NAMED else [*taken[:_NAMED], "..."],
            baseline=baseline,
            documents=folder / "hosts",
        )


def _found_by(document: Path) -> str:
    """The baseline by which a run found what a document says; empty where there is none, or it came by hand or from others."""
    try:
        lines = [line.removesuffix(b",") for line in document.read_bytes().split(b"\n") if line.startswith(_TELLING)]
        told = json.loads(b"{%s}" % b",".join(lines))
        of_run = told["provenance"].get("run") and told["provenance"]["origin"] is None
        return str(told["baseline"]["id"]) if of_run else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
