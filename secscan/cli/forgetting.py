"""Forgetting runs that a policy does not keep: their evidence on disk, then what the history says of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.errors import UsageError

if TYPE_CHECKING:
    from secscan.history.citing import Citations
    from secscan.history.records import Run
    from secscan.history.retention import Policy
    from secscan.history.store import History

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, or would be: runs, and how many bundles of evidence."""

    runs: tuple[Run, ...]
    bundles: int


def forget_runs(
    history: History, policy: Policy, cited: Citations, concerns: Callable[[Run], bool] | None = None, *, dry_run: bool = False
) -> Forgotten:
    """Forget what a policy does not keep, of the runs that it concerns (all unless said). Raises HistoryError, UsageError.

    Evidence goes first: who is interrupted in between finds the runs still there, and forgets them the next time.
    """
    from secscan.history.retention import superfluous_runs  # noqa: PLC0415 - keep --help free of it

    runs = superfluous_runs(filter(concerns, history.runs()), policy, cited, history.runs_with(cited.digests))
    if not runs:
        return Forgotten((), 0)
    paths = [path for folder, digest in history.evidence_of(runs) if (path := _bundle(folder, digest)) and path.exists()]
    if not dry_run:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UsageError("{path}: cannot be removed: {reason}", path=path, reason=error.strerror) from error
        history.drop(runs)
    return Forgotten(tuple(runs), len(paths))


def _bundle(folder: str, digest: str) -> Path | None:
    """The file of a bundle; None for what is no place or no digest, as somebody else may write in a database."""
    place = Path(folder)
    return place / "evidence" / f"{digest}.bundle.json.gz" if place.is_absolute() and _DIGEST.match(digest) else None
