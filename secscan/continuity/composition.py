"""The rule 3-2-1-1-0, and how far back restore points reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Verdict
from secscan.continuity.points import Copy
from secscan.continuity.trials import Trials
from secscan.continuity.whereabouts import Place, place_of_copy, place_of_data
from secscan.model.service import DataSet

_SNAPSHOTS = {"lvm", "zfs", "btrfs"}
_DEPTH_S = 30 * 86400.0
_DAYS, _WEEKS, _MONTHS = 5, 4, 3
_UNVERIFIED = {
    "restic": "its host has no sha256sum",
    "pgbackrest": "there is no log of pgbackrest verify of this quarter",
}
_OTHERWISE_UNVERIFIED = "its program keeps no record, and no restore of everything from it is recorded"
NO_TRIALS = Trials()


@dataclass(frozen=True, slots=True)
class Composition:
    """Copies with the live data, hosts they lie on, copies at another site, copies nobody can change, errors that are open.

    Each number counts what is known; `verdict` is unknown where what could not be read may still fulfil the rule. `errors` is None
    when nothing tells of verification. `missing` says what stands between this and the rule.
    """

    copies: int
    hosts: int
    off_site: int
    immutable: int
    errors: int | None
    verdict: Verdict
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Depth:
    """How long ago the oldest point is, and on how many days, ISO weeks and months (UTC) there is one."""

    seconds: float | None
    days: int
    weeks: int
    months: int
    verdict: Verdict


def compose(data_set: DataSet, copies: Sequence[Copy], evidence: Evidence, trials: Trials = NO_TRIALS) -> Composition:
    """The rule from the copies that hold something.

    Snapshots on the host of the data die with it, and so does what lies on its disk: they are no copies. Two names of one machine
    are one host, and two repositories on one disk are one copy.
    """
    site, now = evidence.host_sites.get(data_set.host, ""), evidence.now
    homes = place_of_data(data_set, evidence)
    apart = [copy for copy in copies if not (copy.repository.tool in _SNAPSHOTS and copy.repository.host == data_set.host)]
    places = {copy.repository.id: place_of_copy(copy, evidence) for copy in apart}
    beside = [copy for copy in apart if places[copy.repository.id].disk and places[copy.repository.id] in homes]
    apart = [copy for copy in apart if copy not in beside]
    held = [copy for copy in apart if any(not point.doubt for point in copy.restorable)]
    media = {_medium(copy, places[copy.repository.id]) for copy in held}
    machines = {*(home.machine for home in homes), *(places[copy.repository.id].machine for copy in held)}
    off_site = [copy for copy in held if is_away(copy, places[copy.repository.id], homes, site)]
    fixed = [copy for copy in held if any((point.immutable_until or 0) > now for point in copy.restorable)]
    told = [_errors(copy, trials.restored_from(copy.repository.id, len(copies) == 1, now)) for copy in apart if not copy.fault]
    known = [errors for errors in told if errors is not None]
    total = sum(known)
    errors = total if total or len(known) == len(apart) else None
    lacking = [
        *(["it is held by fewer than two repositories on different disks"] if len(media) < 2 else []),
        *(["no other host holds it"] if len(machines) < 2 else []),
        *([] if off_site else ["no other site is known to hold it"]),
        *([] if fixed else ["no copy is known that nobody can change"]),
    ]
    questions = list(_questions(apart, held, places, site))
    open_media = {_medium(copy, places[copy.repository.id]) for copy in apart}
    if errors or (lacking and not (questions and len(open_media) >= 2)):
        verdict = Verdict.MISSED
    else:
        verdict = Verdict.MET if not lacking and errors == 0 else Verdict.UNKNOWN
    unverified = [copy for copy, errors in zip((each for each in apart if not each.fault), told, strict=True) if errors is None]
    missing = (
        *lacking,
        *(f"{copy.repository.id} lies on the disk of the data" for copy in beside),
        *questions,
        *(f"{copy.repository.id} has {count} errors" for copy, count in zip(_readable(apart), told, strict=True) if count),
        *(f"nothing tells that {copy.repository.id} was verified: {_why_unverified(copy)}" for copy in unverified),
    )
    return Composition(1 + len(media), len(machines), len(off_site), len(fixed), errors, verdict, tuple(dict.fromkeys(missing)))


def is_away(copy: Copy, place: Place, homes: Sequence[Place], site: str) -> bool:
    """Whether a copy is at another site than the data: by what is declared, unless it shows that it lies elsewhere."""
    there = copy.repository.site
    return bool(site and there and there != site and not place.doubt and all(place.machine != home.machine for home in homes))


def _medium(copy: Copy, place: Place) -> tuple[str, str]:
    location = next((point.location for point in copy.points), copy.repository.path)
    return place.machine, place.disk or location.rstrip("/")


def _readable(copies: Sequence[Copy]) -> list[Copy]:
    return [copy for copy in copies if not copy.fault]


def _errors(copy: Copy, restored: bool | None) -> int | None:
    """Errors that verification found. A restore of everything that worked is the best verification, one that failed is an error."""
    if restored is False:
        return (copy.errors or 0) + 1
    return 0 if restored and copy.errors is None else copy.errors


def _questions(apart: Sequence[Copy], held: Sequence[Copy], places: Mapping[str, Place], site: str) -> Iterator[str]:
    """What is not known, and may fulfil the rule."""
    yield from (copy.fault for copy in apart if copy.fault)
    for copy in apart:
        if copy.restorable and all(point.doubt for point in copy.restorable):
            yield f"{copy.repository.id}: {copy.restorable[0].doubt}"
    if not site:
        yield "the site of the data is not declared"
    for copy in held:
        name = copy.repository.id
        if places[name].doubt:
            yield places[name].doubt
        if not copy.repository.site:
            yield f"the site of {name} is not declared"
        if any(point.immutable_until is None for point in copy.restorable):
            yield f"nothing shows whether {name} can be changed"


def _why_unverified(copy: Copy) -> str:
    return _UNVERIFIED.get(copy.repository.tool, _OTHERWISE_UNVERIFIED)


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
