"""What reports say: every outcome, severity and finding in words, in one place, ready to be translated.

Texts that people read are marked with `mark` here and translated by a Wording when they are used. Values that came from a host
are quoted but not made harmless: that is for the medium (see inert.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from secscan.inert import SPACES, visible
from secscan.messages import Message, Title
from secscan.model.assessment import ATTESTATION, Tally

VALUE_LIMIT = 300  # characters of one value in a sentence


def mark(text: str) -> str:
    """The text itself; tells the extractor of catalogues that it needs a translation."""
    return text


REDACTED = mark(
    "Redacted: hosts, sites, people and the organization have pseudonyms; addresses, accounts, values and evidence are left out."
)


def mark_plural(one: str, many: str, count: int) -> str:
    """The form that English uses for a number."""
    return one if count == 1 else many


@dataclass(frozen=True, slots=True)
class Term:
    """A word that reports use, a sign beside it so that colour is never the only signal, and what it means."""

    key: str
    word: str
    sign: str
    meaning: str


OUTCOMES = (
    Term("fail", mark("Fail"), "✕", mark("The question was asked and answered, and the answer is not what it should be.")),
    Term(
        "error",
        mark("Error"),
        "!",
        mark("Could not be judged: no privilege, no time left, a missing tool, or an answer that cannot be read."),
    ),
    Term("unreachable", mark("Unreachable"), "∅", mark("The host was not reached, so nothing was asked.")),
    Term("manual", mark("Manual"), "✎", mark("No machine can tell: a person must say.")),
    Term("pass", mark("Pass"), "✓", mark("The question was asked and answered, and the answer is what it should be.")),
    Term(
        "not_applicable",
        mark("Not applicable"),
        "○",
        mark("A declared condition was evaluated on the host, and it is not met there."),
    ),
    Term("skipped", mark("Skipped"), "»", mark("Deselected by a person or a filter; not asked.")),
)
"""Every outcome, the ones that need attention first. Reports list results in this order."""

SEVERITIES = (
    Term("critical", mark("Critical"), "▲▲", mark("A failure gives the host away, or loses what cannot be replaced.")),
    Term("high", mark("High"), "▲", mark("A failure makes a serious attack or outage likely.")),
    Term("medium", mark("Medium"), "◆", mark("A failure weakens a defence that others still back up.")),
    Term("low", mark("Low"), "▽", mark("A failure is untidy, or helps an attacker a little.")),
)
"""Every severity, the worst first."""

DISPOSITIONS = (
    Term("none", mark("Open"), "", mark("Nobody has decided anything about this outcome.")),
    Term(
        "waived",
        mark("Waived"),
        "",
        mark("A failure that somebody answerable has accepted until a date. It still shows as a failure."),
    ),
    Term(
        "attested",
        mark("Attested"),
        "",
        mark("A person has stated, with evidence and signed off, that it holds; nobody measured it."),
    ),
    Term(
        "attested_fail",
        mark("Attested not to hold"),
        "",
        mark("A person has stated that it does not hold. It counts as unanswered."),
    ),
    Term(
        "attested_not_applicable",
        mark("Attested not to be needed"),
        "",
        mark("A person has stated, with evidence and signed off, that it does not apply."),
    ),
    Term(
        "needs_review",
        mark("Needs review"),
        "",
        mark(
            "A waiver that was given for another value than the one observed now, or for longer than is allowed, or a statement "
            "that cannot be relied on: it does not count."
        ),
    ),
    Term("expired", mark("Expired"), "", mark("A waiver or statement whose time is over: it counts for nothing any more.")),
)

STANDINGS = (
    Term("holds", mark("holds"), "", mark("Signed off by another person, in time, and its evidence is what was signed for.")),
    Term("backwards", mark("ends before it begins"), "", mark("Its last day lies before the day that it is about.")),
    Term("future", mark("dated in the future"), "", mark("The day that it is about is still to come.")),
    Term("unsigned", mark("not signed off"), "", mark("Nobody has approved it, or nobody but its owner.")),
    Term("evidence_changed", mark("evidence changed"), "", mark("A file has another SHA-256 than the one that was signed for.")),
    Term("evidence_missing", mark("evidence missing"), "", mark("A file is not there, or cannot be read.")),
    Term("claimed", mark("only claimed"), "", mark("No file with a SHA-256 shows it.")),
    Term("unanswered", mark("questions left open"), "", mark("It does not answer every question of the check.")),
    Term("expired", mark("expired"), "", mark("Its last day is over, or it is older than the check allows.")),
)
"""How a statement can stand; of several faults the first of these is told."""

WORDS = (
    Term("compliance", mark("Compliance"), "", mark("Of the results that had to be judged, the share that is a pass.")),
    Term("coverage", mark("Coverage"), "", mark("Of the results that were wanted, the share that got a verdict.")),
    Term("requirement", mark("Requirement"), "", mark("A sentence of a source that the organization has to meet.")),
    Term("baseline", mark("Baseline"), "", mark("Which checks a host must pass, with which parameters, for which requirements.")),
    Term("check", mark("Check"), "", mark("One thing that must be so, and how to tell.")),
    Term("evidence", mark("Evidence"), "", mark("What the host answered, byte for byte, sealed with a digest.")),
    Term("waiver", mark("Waiver"), "", mark("A failure that somebody answerable accepts until a date, for a written reason.")),
    Term("statement", mark("Statement"), "", mark("What a person says holds, with evidence, signed off by another.")),
)
"""The words that a reader who is new to reports like ours must know."""

EFFORTS = {"minutes": mark("takes minutes"), "hours": mark("takes hours"), "days": mark("takes days")}
WHENS = {
    "runtime": mark("works at once"),
    "restart": mark("works after a restart of the service"),
    "reboot": mark("works after a reboot"),
    "reinstall": mark("needs a reinstallation"),
}
CATALOGUES = {
    "nist_800_53": "NIST SP 800-53",
    "nist_csf": "NIST CSF",
    "iso_27001": "ISO/IEC 27001",
    "iso_22301": "ISO 22301",
    "cis_v8": "CIS Controls v8",
    "pci_dss": "PCI DSS",
    "ssg": "ComplianceAsCode",
}
PROPOSALS = frozenset({"un_catalogue"})
"""Catalogues of which readers have nothing: where our own checks were proposed."""
DOMAINS = {
    "accounts": "Accounts", "backup": "Backup", "containers": "Containers", "continuity": "Continuity",
    "data_protection": "Data protection", "databases": "Databases", "dns": "DNS", "filesystem": "File systems",
    "governance": "Governance", "integrity": "Integrity", "kernel": "Kernel", "logging": "Logging", "mail": "Mail",
    "network": "Network", "passwords": "Passwords", "patching": "Patching", "pki": "Public-key infrastructure",
    "recovery": "Recovery", "resilience": "Resilience", "services": "Services", "ssh": "SSH", "time": "Time", "tls": "TLS",
    "web": "Web",
}  # fmt: skip
"""Subject areas as English says them; other languages have them in their catalogue of content."""
STATES = {"observed": mark("observed"), "absent": mark("looked, not there"), "unobservable": mark("could not look")}

OUTCOME_RANK: Mapping[str, int] = {term.key: rank for rank, term in enumerate(OUTCOMES)}
SEVERITY_RANK: Mapping[str, int] = {term.key: rank for rank, term in enumerate(SEVERITIES)}

_ADJUSTMENTS = {"dropped": mark("dropped"), "tightened": mark("tightened {parameter}"), "changed": mark("changed {parameter}")}
_EXPECTED = {
    "equals": mark("{expected}"),
    "in": mark("one of {expected}"),
    "not_in": mark("none of {expected}"),
    "matches": mark("a text that matches {expected}"),
    "contains": mark("to contain {expected}"),
    "lacks": mark("not to contain {expected}"),
    "at_least": mark("at least {expected}"),
    "at_most": mark("at most {expected}"),
    "mode_at_most": mark("permissions of at most {expected}"),
    "older_than": mark("longer than {expected} ago"),
    "newer_than": mark("no longer than {expected} ago"),
    "left_at_least": mark("at least {expected} from now"),
    "version_at_least": mark("version {expected} or newer"),
    "subset_of": mark("nothing but {expected}"),
    "superset_of": mark("all of {expected}"),
    "no": mark("no record like this"),
    "each": mark("a collection to look through"),
    "none": mark("something of this to hold"),
    "none no": mark("a record like this"),
    "none each": mark("a record that is not like this"),
}
_FLAGS = {
    ("empty", True): mark("to be empty"),
    ("empty", False): mark("not to be empty"),
    ("present", True): mark("to be there"),
    ("present", False): mark("not to be there"),
    ("absent", True): mark("not to be there"),
    ("absent", False): mark("to be there"),
}
_AGES = {"older_than", "newer_than", "left_at_least"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


class Sentence(str):
    """Words of ours around values that are visible and set apart by isolates already: a page shows its isolates to nobody."""

    __slots__ = ()


class _Apart(str):
    """A value of a message that reads in its own direction whatever stands around it, in quotes (`!r`) too."""

    __slots__ = ("own",)
    own: str

    def __new__(cls, value: str) -> Self:
        apart = super().__new__(cls, _isolate(value))
        apart.own = value
        return apart

    def __repr__(self) -> str:
        return _isolate(repr(self.own))


class Figures(Protocol):
    """How a language writes what is counted and measured."""

    def number(self, number: float) -> str:
        """A count."""

    def signed(self, number: float) -> str:
        """A number with its sign and one decimal."""

    def decimal(self, number: float) -> str:
        """A number with one decimal."""

    def percent(self, percent: float) -> str:
        """A number of per cent, with one decimal."""

    def date(self, moment: str) -> str:
        """The day of an RFC 3339 moment in UTC."""

    def duration(self, seconds: float) -> str:
        """How long something is."""


class EnglishFigures:
    """Numbers with commas, days as ISO 8601 has them, durations as checks write them: what no reader takes for another."""

    def number(self, number: float) -> str:
        """1234 -> 1,234."""
        return f"{number:,}"

    def signed(self, number: float) -> str:
        """0.25 -> +0.2."""
        return f"{number:+.1f}"

    def decimal(self, number: float) -> str:
        """0.25 -> 0.2."""
        return f"{number:.1f}"

    def percent(self, percent: float) -> str:
        """83.3 -> 83.3%."""
        return f"{percent:.1f}%"

    def date(self, moment: str) -> str:
        """`2026-11-21T07:02:03.120Z` as `2026-11-21`."""
        return moment[:10]

    def duration(self, seconds: float) -> str:
        """93600 -> 26h."""
        return write_seconds(seconds)


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """Words of one language. `translate` is gettext, `translate_plural` ngettext; without them, English.

    `translate_content` gives a text of a check, requirement or baseline in this language, None when nobody has translated it.
    `isolates` sets the values in a sentence apart, for readers that mix directions; the sentence is a Sentence then.
    """

    translate: Callable[[str], str] = mark
    translate_plural: Callable[[str, str, int], str] = mark_plural
    translate_content: Callable[[str], str | None] = mark
    figures: Figures = field(default_factory=EnglishFigures)
    language: str = "en"
    direction: str = "ltr"
    isolates: bool = False

    def message(self, message: str) -> str:
        """A message in this language: numbers as it writes them, other values as they are; a text that is no message stays."""
        if not isinstance(message, Message) or self.language == ENGLISH.language:
            return str(message)
        count = message.values.get("count")
        if message.many and isinstance(count, int):
            text = self.translate_plural(message.text, message.many, count)
        else:
            text = self.translate(message.text)
        if not text:  # a plural that nobody has translated yet
            return str(message)
        return text.format(**{name: self._said(value) for name, value in message.values.items()}) if message.values else text

    def _said(self, value: object) -> object:
        """A value of a message: another message, a list of such, a number, or what stays as it is."""
        if isinstance(value, Message):
            return self.message(value)
        if isinstance(value, Title) and (title := self.translate_content(value)):
            return title
        if isinstance(value, list):
            return self.translate(mark(", ")).join(str(self._said(each)) for each in value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.figures.number(value)
        return _Apart(str(value)) if self.isolates and str(value) else visible(str(value), SPACES)

    def finding(self, finding: Mapping[str, Any]) -> str:
        """A finding document as a sentence: `root_login.value: expected one of "no", got "yes"`."""
        where = self.where(finding)
        if finding["holds"] is None:
            return self._say(
                mark("{where}: cannot be told: {reason}"), where=where, reason=finding["reason"] or self.actual(finding)
            )
        if finding["matcher"] == "no" and finding["item"]:
            return self._say(mark("{where}: must not be there"), where=where)
        said = self._say(
            mark("{where}: expected {expected}, got {actual}"),
            where=where,
            expected=self.expected(finding),
            actual=self.actual(finding),
        )
        return self._join("; ", [said, *self.details(finding)])

    def where(self, finding: Mapping[str, Any]) -> str:
        """What a finding is about: the attribute, and the record of a collection."""
        that = finding["that"]
        return f"{that} ({self.record(finding['item'])})" if finding["item"] else str(that)

    def headline(self, result: Mapping[str, Any]) -> str:
        """What a result comes to in one sentence; empty for a pass."""
        findings = result["findings"]
        if not findings or result["outcome"] == "manual":
            return str(result["reason"])
        more = result["findings_total"] - 1
        return self._join(" ", [self.finding(findings[0]), *([f"(+{self.figures.number(more)})"] if more > 0 else [])])

    def expected(self, finding: Mapping[str, Any]) -> str:
        """What was expected, without the word itself."""
        matcher, expected = finding["matcher"], finding["expected"]
        if matcher.startswith("none ") and matcher not in _EXPECTED:
            return self._say(mark("not: {expected}"), expected=self.expected({**finding, "matcher": matcher.removeprefix("none ")}))
        flag = _FLAGS.get((matcher, expected)) if isinstance(expected, bool) else None
        if flag:
            return self.translate(flag)
        text = self.figures.duration(expected) if matcher in _AGES and isinstance(expected, int | float) else self.value(expected)
        if matcher in _EXPECTED:
            return self._say(_EXPECTED[matcher], expected=text)
        return f"{matcher} {text}"

    def actual(self, finding: Mapping[str, Any]) -> str:
        """What was found, without the word itself."""
        actual = finding["actual"]
        if actual is None and finding["item"]:
            return self.translate(mark("this one"))
        if actual is None:
            return self.translate(mark("nothing"))
        return self.value(actual)

    def details(self, finding: Mapping[str, Any]) -> list[str]:
        """What expected and actual do not say: missing and surplus elements, and the matcher's own reason."""
        said = []
        if finding["missing"]:
            said.append(self._say(mark("missing: {elements}"), elements=self.value(finding["missing"])))
        if finding["extra"]:
            said.append(self._say(mark("too much: {elements}"), elements=self.value(finding["extra"])))
        if finding["reason"]:
            said.append(finding["reason"])
        return said

    def adjustment(self, change: str) -> str:
        """What a local baseline did to a check, as `LocalChange.change` writes it: dropped, or the parameter with both values."""
        verb, _, parameter = change.partition(" ")
        return self._say(_ADJUSTMENTS[verb], parameter=parameter.replace(" -> ", " → ")) if verb in _ADJUSTMENTS else change

    def local_change(self, change: Mapping[str, str], where: str) -> str:
        """A local change in one line, with its reason and who approved it where it needs them; `where` is the baseline."""
        said = {"check": change["check"], "change": self.adjustment(change["change"]), "baseline": where}
        if not change["reason"]:
            return self._say(mark("{check}: {change} ({baseline})"), **said)
        said |= {"reason": self.content(change["reason"]).rstrip("."), "approver": self.content(change["approver"])}
        if not change["approver"]:
            return self._say(mark("{check}: {change}. {reason} ({baseline})"), **said)
        return self._say(mark("{check}: {change}. {reason} (approved by {approver}; {baseline})"), **said)

    def decision(self, result: Mapping[str, Any], waivers: Mapping[str, Any], attestations: Mapping[str, Any] | None = None) -> str:
        """What people decided about a result: who stated or accepted it, why, and until when; empty when nobody did."""
        term = next(term for term in DISPOSITIONS if term.key == result["disposition"])
        waiver, attestation = waivers.get(result["waiver"]), (attestations or {}).get(result["attestation"])
        if waiver is None and attestation is not None:
            return self._stated(term, result["standing"], attestation)
        if waiver is None:
            return "" if term.key == "none" else self.translate(term.word)
        said = mark("{decided} ({id}): {justification} (owner {owner}, approved by {approver}, until {until}{ticket})")
        ticket = self._say(mark(", ticket {ticket}"), ticket=waiver["ticket"]) if waiver["ticket"] else ""
        return self._say(
            said,
            decided=self.translate(term.word),
            id=waiver["id"],
            justification=waiver["justification"],
            owner=waiver["owner"],
            approver=waiver["approver"],
            until=self.moment(waiver["expires_at"]),
            ticket=ticket,
        )

    def attested(self, tally: Tally) -> str:
        """What people have stated among what no machine can tell; empty when there is nothing of the kind."""
        if not tally.attested:
            return ""
        told = mark(
            "attested: {held} to hold, {failing} not to hold, {needless} not to be needed, "
            "{open} without a statement that can be relied on"
        )
        stated = tally.attested
        return self._say(
            told,
            held=stated.get("pass", 0),
            failing=stated.get("fail", 0),
            needless=stated.get("not_applicable", 0),
            open=tally.unanswered - stated.get("fail", 0),
        )

    def _stated(self, term: Term, standing: str, attestation: Mapping[str, Any]) -> str:
        """A statement: `Attested (A-1): ... (owner ..., approved by ..., performed on 2026-01-31, until 2027-01-31)`."""
        how = next(each for each in STANDINGS if each.key == standing)
        spoilt = [each["file"] for each in attestation["evidence"] if each["state"] != "kept"]
        named = f" [{', '.join(spoilt)}]" if spoilt and standing in {"evidence_changed", "evidence_missing", "claimed"} else ""
        said = mark("{decided} ({id}): {statement} (owner {owner}, {approved}, performed on {day}, until {until}{figures})")
        approver = attestation["approver"]
        figures = "".join(f", {name} {number}" for name, number in attestation["metrics"].items())
        return self._say(
            said,
            decided=self.translate(term.word) if standing == "holds" else self.translate(how.word).capitalize() + named,
            id=attestation["id"],
            statement=attestation["statement"],
            owner=attestation["owner"],
            approved=self._say(mark("approved by {approver}"), approver=approver)
            if approver
            else self.translate(mark("approved by nobody")),
            day=attestation["performed_at"][:10],
            until=self.moment(attestation["valid_until"]),
            figures=figures,
        )

    def value(self, value: Any) -> str:
        """A JSON value for people: texts in quotes, lists with commas, absence and ignorance in words."""
        if isinstance(value, str):
            return f'"{value}"' if len(value) <= VALUE_LIMIT else self.cut(f'"{value}"', VALUE_LIMIT, '…"')
        if isinstance(value, bool):
            return self.translate(mark("true") if value else mark("false"))
        if value is None:
            return self.translate(mark("nothing"))
        if isinstance(value, list):
            return self.cut(self._join(", ", list(map(self.value, value))), VALUE_LIMIT) or self.translate(mark("an empty list"))
        if isinstance(value, Mapping):
            return self._mapping(value)
        return str(value)

    def cut(self, text: str, limit: int, end: str = "…") -> str:
        """At most `limit` characters, and how many more there were."""
        over = len(text) - limit
        if over <= 0:
            return text
        note = self.translate_plural("{count} more character", "{count} more characters", over)
        return type(text)(f"{text[:limit]}{end} ({note.format(count=self.figures.number(over))})")

    def record(self, record: Mapping[str, Any]) -> str:
        """A record on one line as machines write it, in every language: `user=games uid=5 shell=- hash=?`.

        `-` is for what is not there, `?` for what nobody could see: the reason stands once, beside the record.
        """
        return self.cut(" ".join(f"{name}={_field(item)}" for name, item in record.items()), VALUE_LIMIT)

    def rate(self, rate: float | None) -> str:
        """A rate in percent, rounded down so that only everything is 100 %; words when there is none."""
        return self.translate(mark("not judged")) if rate is None else self.figures.percent(int(rate * 1000 + 1e-9) / 10)

    def number(self, count: float) -> str:
        """A count as the language writes it."""
        return self.figures.number(count)

    def moment(self, moment: str) -> str:
        """`2026-11-21T07:02:03.120Z` as `2026-11-21 07:02 UTC`."""
        return self.translate(mark("{date} {time} UTC")).format(date=self.figures.date(moment), time=moment[11:16])

    def last_day(self, moment: str) -> str:
        """The last day on which something that ends at a moment still holds: `2026-12-31` of `2027-01-01T00:00:00Z`."""
        return self.figures.date(last_day(moment))

    def seconds(self, seconds: float) -> str:
        """A measured time: `1.9 s`."""
        return self.translate(mark("{number} s")).format(number=self.figures.decimal(seconds))

    def offset(self, seconds: float) -> str:
        """How far a clock is off: `+0.3 s`."""
        return self.translate(mark("{number} s")).format(number=self.figures.signed(seconds))

    def content(self, text: str) -> str:
        """A text of a check, requirement or baseline: in this language where it is translated, else as it was written."""
        return self.translate_content(text) or text

    def hosts(self, count: int) -> str:
        """A number of hosts: `1 host`, `12 hosts`."""
        return self.translate_plural("{count} host", "{count} hosts", count).format(count=self.figures.number(count))

    def checks(self, count: int) -> str:
        """A number of checks."""
        return self.translate_plural("{count} check", "{count} checks", count).format(count=self.figures.number(count))

    def bytes(self, count: int) -> str:
        """A number of bytes."""
        return self.translate_plural("{count} byte", "{count} bytes", count).format(count=self.figures.number(count))

    def received(self, count: int) -> str:
        """A number of bytes that came from a host."""
        return self.translate_plural("{count} byte received", "{count} bytes received", count).format(
            count=self.figures.number(count)
        )

    def remedy_terms(self, text: Mapping[str, Any]) -> str:
        """Effort and effect of a check's remedy: `takes minutes, works at once`."""
        known = (EFFORTS.get(text["effort"]), WHENS.get(text["when"]))
        return self.translate(mark(", ")).join(self.translate(word) for word in known if word)

    def who(self, host: Mapping[str, Any]) -> str:
        """As whom a host was asked: `admin over ssh, as root (sudo)`; words where that is not known, as of another scanner."""
        if host["transport"] == ATTESTATION:
            return self.translate(mark("no host: what people have stated, and what all hosts together tell"))
        how = mark("{user} over {transport}") if host["user"] else mark("over {transport}")
        known = self._say(how, user=host["user"], transport=host["transport"]) if host["transport"] else str(host["user"])
        parts = [known] if known else []
        if host["uid"] is not None:
            parts.append(self._say(mark("as uid {uid}"), uid=host["uid"]) if host["uid"] else self.translate(mark("as root")))
        if host["become"]:
            parts.append(host["become"])
        return self._join(self.translate(mark(", ")), parts) if parts else self.translate(mark("not known"))

    def _mapping(self, value: Mapping[str, Any]) -> str:
        if set(value) == {"absent"}:
            return (
                self._say(mark("nothing (not there: {what})"), what=value["absent"])
                if value["absent"]
                else self.translate(mark("nothing"))
            )
        if set(value) == {"unobservable"}:
            return self._say(mark("no answer ({reason})"), reason=value["unobservable"])
        if set(value) == {"records"} and isinstance(value["records"], int):
            count = value["records"]
            return self.translate_plural("{count} record", "{count} records", count).format(count=self.figures.number(count))
        if value == {"present": True}:
            return self.translate(mark("something that is there"))
        return self.cut(json.dumps(value, ensure_ascii=False), VALUE_LIMIT)

    def _say(self, template: str, **values: object) -> str:
        said = self.translate(template)
        if not self.isolates:
            return said.format(**values)
        return Sentence(said.format(**{name: self._apart(value) for name, value in values.items()}))

    def _join(self, between: str, parts: list[str]) -> str:
        return Sentence(between.join(map(self._apart, parts))) if self.isolates else between.join(parts)

    def _apart(self, value: object) -> str:
        """A value that reads in its own direction whatever stands around it, and that cannot end its isolation."""
        if isinstance(value, Sentence) or value == "":
            return str.__str__(value)
        return _isolate(str(value))


def _isolate(value: str) -> str:
    return f"\u2068{visible(value, SPACES)}\u2069"


def _in_english(text: str) -> str:
    return DOMAINS.get(text, text)


ENGLISH = Wording(translate_content=_in_english)


def gathered(findings: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """Findings that say the same of several attributes as one that names them all, each with the number it stands for."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        alike = {**finding, "that": finding["that"] if finding["item"] else ""}
        groups.setdefault(json.dumps(alike, sort_keys=True), []).append(finding)
    return [
        ({**group[0], "that": ", ".join(dict.fromkeys(each["that"] for each in group))}, len(group)) for group in groups.values()
    ]


def _field(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) in ({"absent"}, {"unobservable"}):
        return "-" if "absent" in value else "?"
    return value if isinstance(value, str) else ENGLISH.value(value)


def write_seconds(seconds: float) -> str:
    """Seconds as a duration is written in a check: 93600 -> 26h, 0.4 -> 0.4s."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def write_moment(moment: str) -> str:
    """`2026-11-21T07:02:03.120Z` as `2026-11-21 07:02 UTC`."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def last_day(moment: str) -> str:
    """The last day, in UTC, on which something that ends at an RFC 3339 moment still holds, as ISO 8601 has it."""
    ends = datetime.fromisoformat(moment)
    return (ends - timedelta(seconds=1) if ends.year > 1 else ends).date().isoformat()


def seconds_between(start: str, end: str) -> float:
    """Seconds from one RFC 3339 moment to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
