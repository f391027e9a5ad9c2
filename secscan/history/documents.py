"""A comparison of two runs as the documents of the later one tell it, each what concerns its host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from secscan.history.queries import fails
from secscan.history.records import Change, Diff
from secscan.history.states import Kind, Status

GONE_NAMED = 20  # hosts that are asked no more are named in every document, so only the first of them
_NOT_STILL = (Kind.NEW, Kind.CHANGED_VALUE, Kind.HOST_ADDED, Kind.CHECK_ADDED)


@dataclass(frozen=True, slots=True)
class Since:
    """Two runs compared, by host."""

    diff: Diff
    changes: Mapping[str, tuple[Change, ...]] = field(repr=False)

    @classmethod
    def of(cls, diff: Diff) -> Since:
        """The comparison, sorted by host."""
        found: dict[str, list[Change]] = {}
        for change in diff.changes:
            found.setdefault(change.host, []).append(change)
        return cls(diff, {host: tuple(changes) for host, changes in found.items()})

    def document(self, host: str, failing: int) -> dict[str, Any]:
        """What the document of a host says below `since`; `failing` is how many of its results fail."""
        diff, changes = self.diff, self.changes.get(host, ())
        failing_anew = sum(change.kind in _NOT_STILL and fails(change.after) for change in changes)
        return {
            "run": diff.before.name,
            "finished_at": _moment(diff.before.finished_at or diff.before.started_at),
            "content_changed": diff.before.content_sha256 != diff.after.content_sha256,
            "host": self._host(host),
            "still_failing": failing - failing_anew,
            "changes": [_change(change) for change in changes if change.told],
            "hosts_gone": {"count": len(diff.hosts_gone), "names": list(diff.hosts_gone[:GONE_NAMED])},
        }

    def _host(self, host: str) -> str:
        diff = self.diff
        lists = {"added": diff.hosts_added, "unreached": diff.unreached, "reached_again": diff.reached_again}
        return next((word for word, hosts in lists.items() if host in hosts), "known")


def _change(change: Change) -> dict[str, Any]:
    status = change.after or change.before
    hidden = {"failed_before": _status(change.failed_before)} if change.failed_before else {}
    return {
        "kind": change.kind.value,
        "check": change.check,
        "subject": change.subject,
        "severity": status.severity if status else "",
        "before": _status(change.before),
        "after": _status(change.after),
        "check_changed": change.content,
        **hidden,
    }


def _status(status: Status | None) -> dict[str, str] | None:
    return {"outcome": status.outcome, "disposition": status.disposition} if status else None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
