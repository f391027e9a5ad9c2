"""Hosts that left the inventory: their documents go where no report counts them, and nothing of them is deleted."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.cli.files import write_whole
from secscan.cli.journal import note
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.cli.kept import Run

GONE = "gone"
"""The folder beside `hosts` with what hosts said last that are not asked any more."""


INVENTORIES = ".inventories"
"""The file that says whose hosts `hosts` has, by baseline: those of two inventories would drive each other out in turn."""


def demand_own(folder: Path, baseline: str, inventory: str) -> None:
    """UsageError where whole runs over another inventory, which is still there, keep their hosts by this baseline."""
    owner = _owners(folder).get(baseline)
    if owner and Path(owner).exists() and not Path(owner).samefile(inventory):
        raise UsageError(
            "{folder} has the hosts of {owner} by {baseline}, and a run over {inventory} would take them for gone; "
            "allowed: -o with a folder for each inventory, or to remove {file} where {inventory} takes the place of {owner}",
            folder=folder,
            owner=owner,
            baseline=baseline,
            inventory=inventory,
            file=folder / INVENTORIES,
        )


def claim(folder: Path, baseline: str, inventory: str) -> None:
    """Note that a folder has the hosts of an inventory by a baseline. Raises UsageError as demand_own does."""
    demand_own(folder, baseline, inventory)
    owners, own = _owners(folder), str(Path(inventory).absolute())
    if owners.get(baseline) != own:
        write_whole(folder / INVENTORIES, [json.dumps({**owners, baseline: own}, ensure_ascii=False, indent=1) + "\n"])


def set_aside(run: Run, baseline: str) -> None:
    """Move documents of earlier runs by this baseline, on hosts that a whole run did not ask; and tell it.

    Other jobs may use the folder, so what they brought stays, and what came by hand or from another scanner does too.
    """
    asked = {run.path(name).name for name in run.names}
    left = [path for path in sorted((run.folder / "hosts").glob("*.json")) if path.name not in asked and _is_of(path, baseline)]
    folder = run.folder / GONE
    try:
        if left:
            folder.mkdir(mode=0o700, exist_ok=True)
        for path in left:
            path.replace(folder / path.name)
    except OSError as error:  # they are where they were, and the run is as good as it is
        note("set_aside_failed", Message("{path}: cannot be written: {reason}", path=folder, reason=error.strerror), "error")
        return
    if left:
        text = Message("hosts not asked any more: {count}; what they said last is in {folder}", count=len(left), folder=folder)
        note("hosts_gone", text, hosts=[path.stem for path in left])


def take_back(run: Run) -> None:
    """What hosts said before they left makes room where they have said something new."""
    if (run.folder / GONE).is_dir():
        for name in run.names:
            with contextlib.suppress(OSError):
                (run.folder / GONE / run.path(name).name).unlink(missing_ok=True)


def _owners(folder: Path) -> dict[str, str]:
    """Inventories by baseline; none where that was never noted, or cannot be read."""
    try:
        return {str(baseline): str(owner) for baseline, owner in json.loads((folder / INVENTORIES).read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_of(path: Path, baseline: str) -> bool:
    """Whether a document is what a run by this baseline found on a host."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = document["provenance"]
        return bool(found.get("run")) and found["origin"] is None and document["baseline"]["id"] == baseline
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
