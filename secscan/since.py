"""What changed since an earlier run, over all hosts: from what each document says of its own. Pure, one document at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from secscan.assessments import Document
from secscan.messages import mark
from secscan.terms import DISPOSITIONS, OUTCOMES, SEVERITY_RANK
from secscan.wording import Wording

KINDS: Mapping[str, str] = {
    "new": mark("New failures"),
    "changed_value": mark("Still failing, with another value"),
    "unjudgeable": mark("Cannot be judged any more"),
    "fixed": mark("Fixed"),
    "judged_again": mark("Passes, and had no verdict before"),
    "no_longer_applies": mark("Failed, and does not apply any more"),
    "decided": mark("Decided by people"),
    "host_added": mark("Fails on added hosts"),
    "check_added": mark("Checks added"),
    "check_removed": mark("Checks removed"),
    "other": mark("Other changes"),
}
"""What a change means, by its kind, in the order in which reports tell it."""
HOSTS: Mapping[str, str] = {
    "added": mark("Hosts added"),
    "gone": mark("Hosts not asked any more"),
    "unreached": mark("Hosts not reached any more"),
    "reached_again": mark("Hosts reached again"),
}
"""What became of hosts, in the order in which reports tell it."""
LISTED = 20  # groups of one kind
_NAMED = 8  # hosts of a group, or of a list
_WORDS = {term.key: term.word for term in (*OUTCOMES, *DISPOSITIONS)}


def change_of(document: Document) -> Callable[[Mapping[str, Any]], str]:
    """What became of a result since the earlier run, for programs; empty where there was none.

    A kind of change, else `still_failing` or `unchanged`; `host_added` or `host_unreached` for everything on such a host.
    """
    since = document.get("since")
    if not since:
        return lambda _result: ""
    if since["host"] in ("added", "unreached"):
        return lambda _result: f"host_{since['host']}"
    kinds, host = {(change["check"], change["subject"]): change["kind"] for change in since["changes"]}, document["host"]["name"]

    def told(result: Mapping[str, Any]) -> str:
        kind: str | None = kinds.get((result["check"], "" if result["subject"] == host else result["subject"]))
        return kind or ("still_failing" if result["outcome"] == "fail" else "unchanged")

    return told


@dataclass(slots=True)
class Alike:
    """Changes of one kind to one check. `where` names the first hosts, or what of the only host it is about."""

    kind: str
    check: str
    title: str
    severity: str
    before: str
    after: str
    check_changed: bool
    failed_before: str
    count: int = 0
    where: list[str] = field(default_factory=list)

    def outcomes(self, w: Wording) -> str:
        """Both outcomes in words, or both decisions where only these differ; one where it stayed, or is new or gone.

        Before them the failure that was there before it could not be judged.
        """
        told = [word for word, _ in groupby(filter(None, (self.failed_before, self.before, self.after)))]
        arrow = " ← " if w.direction == "rtl" else " → "  # no reader of text turns an arrow round
        return arrow.join(w.translate(_WORDS.get(word, word)).lower() for word in told)


@dataclass(slots=True)
class Comparison:
    """Everything that changed. Counts are whole; hosts are named only as far as reports name them.

    `alone` is for a report about one host, where only the things on it need names.
    """

    alone: bool = False
    run: str = ""
    moment: str = ""
    content_changed: bool = False
    still_failing: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # kind of change
    hosts: Counter[str] = field(default_factory=Counter)  # what became of them
    named: dict[str, list[str]] = field(default_factory=dict)
    _alike: dict[tuple[object, ...], Alike] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there was a run to compare with."""
        return bool(self.run)

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        return bool(self.counts or self.hosts)

    def add(self, document: Document) -> None:
        """Take what one document says of its host; nothing where there was no earlier run."""
        since = document.get("since")
        if not since:
            return
        host = document["host"]["name"]
        self.run, self.moment = since["run"], since["finished_at"]
        self.content_changed = self.content_changed or since["content_changed"]
        self.still_failing += since["still_failing"]
        if since["host"] != "known":
            self.hosts[since["host"]] += 1
            self._name(since["host"], host)
        gone = since["hosts_gone"]
        if gone["count"]:
            self.hosts["gone"], self.named["gone"] = gone["count"], gone["names"][:_NAMED]
        for change in since["changes"]:
            self._note(change, host, document)

    def alike(self, kind: str) -> list[Alike]:
        """The changes of a kind, the worst first."""
        found = [each for each in self._alike.values() if each.kind == kind]
        return sorted(found, key=lambda each: (SEVERITY_RANK.get(each.severity, len(SEVERITY_RANK)), -each.count, each.check))

    def kinds(self) -> Iterator[tuple[str, str, int]]:
        """Each kind of change that there is, its title in English, and how many."""
        return ((kind, title, self.counts[kind]) for kind, title in KINDS.items() if self.counts[kind])

    def fates(self) -> Iterator[tuple[str, int, list[str]]]:
        """What became of hosts: the title in English, how many, and the names of the first."""
        return ((title, self.hosts[fate], self.named[fate]) for fate, title in HOSTS.items() if self.hosts[fate])

    def as_json(self) -> dict[str, Any]:
        """The whole in numbers, as JSON values."""
        return {
            "run": self.run,
            "finished_at": self.moment,
            "content_changed": self.content_changed,
            "still_failing": self.still_failing,
            "changes": {kind: count for kind, _, count in self.kinds()},
            "hosts": {fate: self.hosts[fate] for fate in HOSTS if self.hosts[fate]},
        }

    def _note(self, change: Mapping[str, Any], host: str, document: Document) -> None:
        check, kind = change["check"], change["kind"]
        differing = "disposition" if kind == "decided" else "outcome"
        before, after = (change[key][differing] if change[key] else "" for key in ("before", "after"))
        failed_before = change["failed_before"]["outcome"] if differing == "outcome" and "failed_before" in change else ""
        text = document["checks"].get(check)
        key = (kind, check, change["severity"], before, after, change["check_changed"], failed_before)
        title = text["title"] if text else ""
        fresh = Alike(kind, check, title, change["severity"], before, after, change["check_changed"], failed_before)
        found = self._alike.setdefault(key, fresh)
        found.count += 1
        self.counts[kind] += 1
        subject = change["subject"]
        name = subject if self.alone else f"{host} ({subject})" if subject else host
        if name and len(found.where) < _NAMED:
            found.where.append(name)

    def _name(self, fate: str, host: str) -> None:
        names = self.named.setdefault(fate, [])
        if len(names) < _NAMED:
            names.append(host)
