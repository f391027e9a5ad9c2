"""The log archive of a database: with a base backup before it, everything up to the last archived record can be brought back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from secscan.continuity.points import Integrity, RestorePoint
from secscan.model.values import Record

ARCHIVE = "log archive"
"""The method of such a point."""


def archived_points(servers: Iterable[Record], offset_s: float, base: Sequence[RestorePoint], now: float) -> Iterator[RestorePoint]:
    """The point that the log archive adds to base backups, when exactly one server that is no standby writes on the host.

    The server tells when its archiving command last succeeded; that the archive holds every record since the base backup is not
    seen, so that the point is never more than an estimate. While archiving fails, the last success still counts.
    """
    writing = [server for server in servers if server["standby"] is False]
    restorable = [point for point in base if point.restorable]
    if len(writing) != 1 or not restorable or not isinstance(writing[0]["last_archived"], int | float):
        return
    newest = max(restorable, key=lambda point: point.time)
    time = float(writing[0]["last_archived"]) - offset_s
    if newest.time < time <= now:
        yield RestorePoint(
            data_set=newest.data_set,
            method=ARCHIVE,
            host=newest.host,
            location=newest.location,
            time=time,
            integrity=Integrity.UNVERIFIED,
            encrypted=newest.encrypted,
            immutable_until=newest.immutable_until,
            immutable_claimed=newest.immutable_claimed,
            doubt="the server tells that it archived its log, and nobody saw the archive whole",
            name=ARCHIVE,
        )
