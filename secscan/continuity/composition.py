"""The rule 3-2-1-1-0, and how far back restore points reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from secscan.continuity.figures import Verdict
from secscan.continuity.points import Copy
from secscan.model.service import DataSet

_SNAPSHOTS = {"lvm", "zfs", "btrfs"}
_DEPTH_S = 30 * 86400.0
_DAYS, _WEEKS, _MONTHS = 5, 4, 3


@dataclass(frozen=True, slots=True)
class Composition:
    """Copies with the live data, hosts they lie on, copies at another site, copies nobody can change, errors that are open.

    Each number counts what is known; `verdict` is unknown where what could not be read may still fulfil the rule. `errors` is None
    when nothing tells of verification.
    """

    copies: int
    hosts: int
    off_site: int
    immutable: int
    errors: int | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Depth:
    """How long ago the oldest point is, and on how many days, ISO weeks and months (UTC) there is one."""

    seconds: float | None
    days: int
    weeks: int
    months: int
    verdict: Verdict


def compose(data_set: DataSet, copies: Sequence[Copy], site: str, now: float) -> Composition:
    """The rule from the copies that hold something. Snapshots on the host of the data die with it: they are no copies."""
    apart = [copy for copy in copies if not (copy.repository.tool in _SNAPSHOTS and copy.repository.host == data_set.host)]
    held = [copy for copy in apart if any(not point.doubt for point in copy.restorable)]
    off_site = [copy for copy in held if site and copy.repository.site and copy.repository.site != site]
    fixed = [copy for copy in held if any((point.immutable_until or 0) > now for point in copy.restorable)]
    hosts = {data_set.host, *(copy.repository.host for copy in held)}
    told = [copy.errors for copy in apart if not copy.fault]
    known = [errors for errors in told if errors is not None]
    total = sum(known)
    errors = total if total or len(known) == len(apart) else None
    enough = len(held) >= 2 and len(hosts) >= 2 and bool(off_site) and bool(fixed)
    open_questions = (
        any(copy.fault or (copy.restorable and all(point.doubt for point in copy.restorable)) for copy in apart)
        or not site
        or any(not copy.repository.site or any(point.immutable_until is None for point in copy.restorable) for copy in held)
    )
    if errors or (not enough and not (open_questions and len(apart) >= 2)):
        verdict = Verdict.MISSED
    else:
        verdict = Verdict.MET if enough and errors == 0 else Verdict.UNKNOWN
    return Composition(1 + len(held), len(hosts), len(off_site), len(fixed), errors, verdict)


def measure_depth(times: Sequence[float], now: float, incomplete: bool) -> Depth:
    """How far back points reach; `incomplete` when some repository could not be read, which may reach further."""
    moments = [datetime.fromtimestamp(time, UTC) for time in times]
    days = len({moment.date() for moment in moments})
    weeks = len({moment.isocalendar()[:2] for moment in moments})
    months = len({(moment.year, moment.month) for moment in moments})
    seconds = now - min(times) if times else None
    if seconds is not None and seconds >= _DEPTH_S and days >= _DAYS and weeks >= _WEEKS and months >= _MONTHS:
        verdict = Verdict.MET
    else:
        verdict = Verdict.UNKNOWN if incomplete else Verdict.MISSED
    return Depth(seconds, days, weeks, months, verdict)
