"""Two files: verdicts.csv has what both said, disagreements.yaml the reasons. docs/accuracy.md is printed from them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

VERDICTS = Path(__file__).with_name("verdicts.csv")
REASONS = Path(__file__).with_name("disagreements.yaml")
STATES = {"installed": "as installed", "good": "set up well"}
_SIDES = {"secscan": "secscan is right", "openscap": "OpenSCAP is right", "both": "Both are right, of different questions"}
_COLUMNS = ("check", "host", "secscan", "openscap", "rules_failed", "rules_passed")
Rules = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both said of one check on a host in one state. `rules` has OpenSCAP's results of those that it judged."""

    check: str
    host: str
    ours: str
    rules: Rules
    theirs: str

    @property
    def agrees(self) -> bool:
        """Both said the same."""
        return self.ours == self.theirs

    def others(self) -> list[str]:
        """The rules that say something else than secscan."""
        return [rule for rule, result in self.rules.items() if result != self.ours]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why they disagree: the hosts by check, who is right and why."""

    right: str
    why: str
    ours: str
    theirs: str
    seen: Mapping[str, Sequence[str]]

    def keys(self) -> Iterator[tuple[str, str, str, str]]:
        """Check, host, secscan's and OpenSCAP's verdict of each disagreement that this explains."""
        for check, hosts in self.seen.items():
            for host in hosts:
                yield check, host, self.ours, self.theirs


@dataclass(frozen=True, slots=True)
class Terms:
    """How the two are compared."""

    values: Mapping[str, str]  # of OpenSCAP's variables, so that both ask for the same
    one_of: Sequence[frozenset[str]]  # rules of which one is enough
    reasons: Sequence[Reason]

    def together(self, rules: Rules) -> str:
        """One verdict of several rules: all must pass, but of alternatives one."""
        failed = {rule for rule, result in rules.items() if result == "fail"}
        passed = rules.keys() - failed
        excused = {rule for group in self.one_of if group & passed for rule in group}
        return "fail" if failed - excused else "pass"

    def compare(self, references: Mapping[str, Sequence[str]], host: str, ours: Rules, theirs: Rules) -> list[Verdict]:
        """A verdict for every check of which OpenSCAP judged a rule."""
        told = []
        for check in sorted(references.keys() & ours.keys()):
            judged = {rule: theirs[rule] for rule in references[check] if theirs.get(rule) in ("pass", "fail")}
            if judged:
                told.append(Verdict(check, host, ours[check], judged, self.together(judged)))
        return told


def read_terms() -> Terms:
    """The terms and reasons on record. Raises ValueError for a reason that names nobody who is right."""
    data: dict[str, Any] = yaml.load(REASONS.read_text(), yaml.BaseLoader)
    reasons = []
    for each in data["disagreements"]:
        if each["right"] not in _SIDES:
            raise ValueError(f"right: {each['right']}; allowed: {', '.join(_SIDES)}")
        seen = {check: hosts.split() for check, hosts in each["seen"].items()}
        ours, theirs = each["verdicts"].split(" / ")
        reasons.append(Reason(each["right"], " ".join(each["why"].split()), ours, theirs, seen))
    return Terms(data["values"], [frozenset(group) for group in data["one_of"]], reasons)


def write_verdicts(verdicts: Iterable[Verdict]) -> str:
    """The text of verdicts.csv."""
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for verdict in sorted(verdicts, key=lambda each: (each.check, each.host)):
        by_result = [" ".join(rule for rule, found in verdict.rules.items() if found == result) for result in ("fail", "pass")]
        rows.writerow((verdict.check, verdict.host, verdict.ours, verdict.theirs, *by_result))
    return stream.getvalue()


def read_verdicts() -> list[Verdict]:
    """The verdicts on record."""
    with VERDICTS.open(encoding="utf-8", newline="") as stream:
        return [
            Verdict(row["check"], row["host"], row["secscan"],
                    {rule: result for result in ("fail", "pass") for rule in row[f"rules_{result}ed"].split()}, row["openscap"])
            for row in csv.DictReader(stream)
        ]  # fmt: skip


def counts() -> str:
    """How often they agree, by host, in Markdown."""
    lines = [
        "| host | compared | both pass | both fail | secscan alone fails | OpenSCAP alone fails | other |",
        "|---|---|---|---|---|---|---|",
    ]
    verdicts = sorted(read_verdicts(), key=lambda each: _order(each.host))
    kinds = (("pass", "pass"), ("fail", "fail"), ("fail", "pass"), ("pass", "fail"))
    for host, those in [*((host, list(group)) for host, group in groupby(verdicts, key=lambda each: each.host)), ("all", verdicts)]:
        found = Counter((each.ours, each.theirs) for each in those)
        named = [found.pop(kind, 0) for kind in kinds]
        lines.append(f"| {_title(host)} | {len(those)} | {' | '.join(map(str, named))} | {found.total()} |")
    checks = {each.check for each in verdicts}
    rules = {rule for each in verdicts for rule in each.rules}
    agreed = sum(each.agrees for each in verdicts)
    share = f"{100 * agreed / len(verdicts):.0f} %"
    told = (
        f"{len(checks)} checks and {len(rules)} rules were compared; {agreed} of {len(verdicts)} verdicts ({share}) are the same."
    )
    return "\n".join((*lines, "", told))


def disagreements() -> str:
    """Every disagreement with its reason, in Markdown, by who is right."""
    verdicts = {(each.check, each.host): each for each in read_verdicts()}
    parts = []
    for side, title in _SIDES.items():
        reasons = [reason for reason in read_terms().reasons if reason.right == side]
        if reasons:
            number = sum(len(list(reason.keys())) for reason in reasons)
            parts.append(f"### {title}: {number}\n\n" + "\n\n".join(_explained(reason, verdicts) for reason in reasons))
    return "\n\n".join(parts)


def _explained(reason: Reason, verdicts: Mapping[tuple[str, str], Verdict]) -> str:
    lines = [
        f"secscan: {reason.ours}, OpenSCAP: {reason.theirs}. {reason.why}",
        "",
        "| check | rules that say otherwise | host |",
        "|---|---|---|",
    ]
    for check, hosts in sorted(reason.seen.items()):
        rules = dict.fromkeys(rule for host in hosts for rule in verdicts[check, host].others())
        lines.append(f"| `{check}` | {', '.join(f'`{rule}`' for rule in rules)} | {', '.join(map(_title, hosts))} |")
    return "\n".join(lines)


def _title(host: str) -> str:
    return STATES.get(host, host.replace("wrong", "set up wrong "))


def _order(host: str) -> tuple[int, str]:
    return (list(STATES).index(host) if host in STATES else len(STATES)), host
