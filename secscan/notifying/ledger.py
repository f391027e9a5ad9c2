"""The file that remembers what each channel was told, and how its last message fared. Pure: text in, text out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from secscan.errors import InputError, Problem
from secscan.notifying.news import Digest, Key, Topic

FORMAT = "secscan.notified/1"


@dataclass(frozen=True, slots=True)
class Last:
    """The last message to a channel. `complaint` says why it was not delivered, empty when it was; `at` is seconds, UTC."""

    run: str
    at: float
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """By channel: when each thing was told, the last message, and the hosts whose loss is still to be told."""

    told: Mapping[str, Mapping[Key, float]] = field(default_factory=dict)
    last: Mapping[str, Last] = field(default_factory=dict)
    owed: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_channel(self, channel: str, digest: Digest, last: Last | None) -> Ledger:
        """The ledger after a channel was told something, or had nothing to be told (`last` None)."""
        failed = last is not None and bool(last.complaint)
        owed = {**self.owed, channel: digest.owing if failed else digest.owed}
        return replace(
            self,
            told={**self.told, channel: digest.kept if failed else digest.told},
            last={**self.last, **({channel: last} if last else {})},
            owed={name: hosts for name, hosts in owed.items() if hosts},
        )


def rename_checks(ledger: Ledger, renamed: Mapping[str, str]) -> Ledger:
    """The ledger with the ids that checks have now; `renamed` has them by their former ones."""
    return replace(ledger, told={name: {_now(key, renamed): at for key, at in told.items()} for name, told in ledger.told.items()})


def _now(key: Key, renamed: Mapping[str, str]) -> Key:
    topic, baseline, host, what = key
    check, blank, subject = what.partition(" ")
    return (topic, baseline, host, f"{renamed.get(check, check)}{blank}{subject}") if topic is Topic.FAILURE else key


def write_ledger(ledger: Ledger) -> str:
    """As JSON."""
    channels: dict[str, Any] = {}
    for name in sorted(ledger.told.keys() | ledger.last.keys() | ledger.owed.keys()):
        told: dict[str, Any] = {}
        for (topic, baseline, host, what), at in sorted(ledger.told.get(name, {}).items()):
            told.setdefault(topic.value, {}).setdefault(baseline, {}).setdefault(host, {})[what] = int(at)
        last = ledger.last.get(name)
        channels[name] = {"last": {"run": last.run, "at": last.at, "complaint": last.complaint} if last else None, "told": told}
        if name in ledger.owed:
            channels[name]["owed"] = sorted(ledger.owed[name])
    return json.dumps({"format": FORMAT, "channels": channels}, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_ledger(text: str, path: str) -> Ledger:
    """What write_ledger wrote; `path` is only shown. Raises InputError for anything else."""
    try:
        data = json.loads(text)
        channels = {FORMAT: data["channels"]}[data["format"]].items()
        return Ledger(
            {name: dict(_entries(channel["told"])) for name, channel in channels},
            {name: _last(channel["last"]) for name, channel in channels if channel["last"]},
            {name: frozenset(map(str, channel["owed"])) for name, channel in channels if "owed" in channel},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = Problem(path, 0, 0, "is not what secscan wrote about what it told", "to remove it: everything is then told anew")
        raise InputError([problem]) from error


def _entries(told: Mapping[str, Any]) -> list[tuple[Key, float]]:
    return [
        ((Topic(topic), baseline, host, what), float(at))
        for topic, baselines in told.items()
        for baseline, hosts in baselines.items()
        for host, whats in hosts.items()
        for what, at in whats.items()
    ]


def _last(data: Mapping[str, Any]) -> Last:
    return Last(str(data["run"]), float(data["at"]), str(data["complaint"]))
