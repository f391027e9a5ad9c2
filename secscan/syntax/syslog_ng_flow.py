"""Which messages about sign-ins get to the destinations of syslog-ng that send elsewhere.

Each such message is taken through the log paths in their order, once for each source of the messages of the host. What cannot be
followed (a parser, a branch, a pattern, a driver of another kind) makes unknown what depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from secscan.probing import Unreadable
from secscan.syntax.rsyslog_flow import MESSAGES, Message
from secscan.syntax.syslog_ng import Element, Statement, list_elements

_SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_OTHER_NAMES = {"panic": "emerg", "error": "err", "warn": "warning"}
_NUMBERS = {"4": "auth", "10": "authpriv"}
_SENT = tuple((message, severity) for message in MESSAGES for severity in ("info", "notice"))
_NETWORK = {"network": "tcp", "syslog": "tcp", "tcp": "tcp", "tcp6": "tcp", "udp": "udp", "udp6": "udp"}
_LOCAL = {"file", "pipe", "fifo", "unix-dgram", "unix-stream", "usertty", "pseudofile"}
_ELSEWHERE = {*_NETWORK, "file", "pipe", "fifo", "internal", "program", "wildcard-file", "pseudofile", "nodejs", "mbox"}
_JOURNAL = {"system", "systemd-journal"}
_SOCKETS = {"/dev/log", "/run/systemd/journal/syslog", "/var/run/systemd/journal/syslog", "/run/systemd/journal/dev-log"}
_CHOOSE = {"match", "matches", "namespace"}  # options by which a source takes some messages of the journal


_SOURCES = 20  # of the host's own messages that are followed
_Sent: TypeAlias = tuple[Message, str]  # with its severity
_Fate: TypeAlias = tuple[bool | None, str, bool]  # whether a message gets there, why that is not known, whether by the journal
_Path: TypeAlias = tuple[Statement, tuple[Element, ...], set[str]]  # with its flags


@dataclass(frozen=True, slots=True)
class Sending:
    """One receiver. `reached` is None when it is not known whether messages about sign-ins get there: `doubt` says why."""

    driver: str
    host: str | None
    file: str
    line: int
    reached: bool | None
    doubt: str
    reads_journal: bool


@dataclass(slots=True)
class _Told:
    """What one receiver gets: whether a message arrives, by its number; the first doubt; whether any came out of the journal."""

    arrives: dict[int, bool | None] = field(default_factory=dict)
    doubt: str = ""
    journal: bool = False


def follow(statements: Sequence[Statement]) -> list[Sending]:
    """What is sent elsewhere, by destination in the order of the files."""
    return _Paths(statements).sendings()


class _Paths:
    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._logs = [(each, tuple(list_elements(each.words))) for each in statements if each.kind == "log"]
        self._named = {(each.kind, each.name): each for each in statements if each.name}
        self._held: dict[tuple[str, Message, str], bool | None] = {}
        self._told: dict[int, _Told] = {}  # by the identity of the words of a destination: two that read alike are two

    def sendings(self) -> list[Sending]:
        """Every receiver with how messages fare that are meant for it."""
        groups = [(each, each.words) for each in self._statements if each.kind == "destination"]
        groups += [(each, part.words) for each, parts in self._logs for part in parts if part.name == "destination" and part.braces]
        self._told = {id(words): _Told() for _, words in groups}
        sources = [(words, where, *_reads_system(words)) for words, where in self._sources()]
        own = [each for each in sources if each[2] is not False]
        if len(own) > _SOURCES:
            raise Unreadable(f"more than {_SOURCES} sources of the host's own messages")
        for words, where, reads, journal in own:
            mine = [(each, parts, _flags(parts)) for each, parts in self._logs if self._takes(parts, words)]
            doubt = "" if reads else f"{where} takes messages in a way that is not followed"
            for number in range(len(_SENT)):
                self._pass(number, mine, (reads, doubt, journal))
        drivers = [(each, part, words) for each, words in groups for part in list_elements(words) if part.name not in _LOCAL]
        return [_sending(each, part, self._told[id(words)]) for each, part, words in drivers]

    def _sources(self) -> Iterable[tuple[tuple[str, ...], str]]:
        for each in self._statements:
            if each.kind == "source":
                yield each.words, each.where
        for each, parts in self._logs:
            yield from ((part.words, each.where) for part in parts if part.name == "source" and part.braces)

    def _pass(self, number: int, paths: Sequence[_Path], start: _Fate) -> None:
        """Takes one message of one source through its paths: those for what no other took come last."""
        alive, doubt, journal = start
        matched: bool | None = False
        for fallback in (False, True):
            if fallback:
                alive = _and(alive, _not(matched))
            for each, parts, flags in paths:
                if ("fallback" in flags) is not fallback or alive is False:
                    continue
                passed, why = self._through(each, parts, number, (alive, doubt, journal))
                matched = _or(matched, passed)
                if "final" in flags:
                    alive = _and(alive, _not(passed))
                if passed is None:  # what later paths get may hang on it
                    doubt = doubt or why

    def _takes(self, parts: Iterable[Element], source: tuple[str, ...]) -> bool:
        own = False
        for part in parts:
            if part.name == "source" and part.braces:
                own |= part.words is source
            elif part.name == "source":
                own |= any(self._words("source", name) is source for name in part.words)
        return own or "catchall" in _flags(parts)

    def _words(self, kind: str, name: str) -> tuple[str, ...] | None:
        found = self._named.get((kind, name))
        return found.words if found else None

    def _through(self, path: Statement, parts: Iterable[Element], number: int, start: _Fate) -> tuple[bool | None, str]:
        """Whether a message passes a log path to its end, and what is not known about that."""
        alive, doubt, journal = start
        passes: bool | None = True
        changed = False
        for part in parts:
            if part.name == "destination":
                self._arrive(part, number, (_and(alive, passes), doubt, journal))
            elif part.name == "filter":
                holds = None if changed else self._filter(part, _SENT[number])
                passes = _and(passes, holds)
                doubt = doubt or (f"{path.where} has a filter that cannot be followed" if holds is None else "")
            elif part.name == "rewrite":
                changed = True
            elif part.name not in {"source", "flags"}:
                passes = _and(passes, None)
                doubt = (
                    doubt or f"{path.where} has a part that cannot be followed: {part.words[0] if part.name == '?' else part.name}"
                )
                self._nested(part, number, (_and(alive, passes), doubt, journal))
        return passes, doubt

    def _nested(self, part: Element, number: int, fate: _Fate) -> None:
        """What stands inside of a part that cannot be followed may be reached."""
        for at, word in enumerate(part.words):
            if word == "destination" and part.words[at + 1 : at + 2] == ("(",):
                self._arrive(Element("destination", part.words[at + 2 : at + 3]), number, fate)

    def _arrive(self, part: Element, number: int, fate: _Fate) -> None:
        groups = [part.words] if part.braces else [self._words("destination", name) for name in part.words]
        alive, doubt, journal = fate
        for told in (self._told[id(words)] for words in groups if words is not None):
            told.arrives[number] = _or(told.arrives.get(number, False), alive)
            told.doubt = told.doubt or (doubt if alive is None else "")
            told.journal |= journal and alive is not False

    def _filter(self, part: Element, sent: _Sent) -> bool | None:
        if part.braces:
            return self._holds(part.words, sent)
        return self._named_holds(part.words[0], sent) if len(part.words) == 1 else None

    def _named_holds(self, name: str, sent: _Sent) -> bool | None:
        key = (name, *sent)
        if key not in self._held:
            self._held[key] = None  # for filters that name each other
            words = self._words("filter", name)
            self._held[key] = None if words is None else self._holds(words, sent)
        return self._held[key]

    def _holds(self, words: Sequence[str], sent: _Sent) -> bool | None:
        """Whether an expression of filters holds; None when that cannot be told."""
        rest = [word for word in words if word and word != ";"]
        try:
            value = self._either(rest, sent)
        except (IndexError, RecursionError):
            return None
        return None if rest else value

    def _either(self, rest: list[str], sent: _Sent) -> bool | None:
        value = self._both(rest, sent)
        while rest and rest[0].lower() == "or":
            rest.pop(0)
            value = _or(value, self._both(rest, sent))
        return value

    def _both(self, rest: list[str], sent: _Sent) -> bool | None:
        value = self._one(rest, sent)
        while rest and rest[0].lower() == "and":
            rest.pop(0)
            value = _and(value, self._one(rest, sent))
        return value

    def _one(self, rest: list[str], sent: _Sent) -> bool | None:
        word = rest.pop(0).lower()
        if word == "not":
            return _not(self._one(rest, sent))
        if word == "(":
            value = self._either(rest, sent)
            return value if rest.pop(0) == ")" else None
        return self._call(word, _inside(rest), sent)

    def _call(self, name: str, words: Sequence[str], sent: _Sent) -> bool | None:
        message, severity = sent
        if name == "filter" and len(words) == 1:
            return self._named_holds(words[0], sent)
        if name == "facility":
            return _is_facility(words, message.facility)
        if name in {"level", "severity", "priority"}:
            return _is_level(words, severity)
        if name == "program" and len(words) == 1:
            return _is_program(words[0], message.program)
        return None


def _sending(statement: Statement, driver: Element, told: _Told) -> Sending:
    by_facility: dict[str, list[bool | None]] = {}
    for number, (message, _) in enumerate(_SENT):
        by_facility.setdefault(message.facility, []).append(told.arrives.get(number, False))
    reached: bool | None = False
    if any(all(each is True for each in values) for values in by_facility.values()):
        reached = True
    elif any(None in values for values in by_facility.values()):
        reached = None
    doubt = told.doubt if reached is None else ""
    if reached is True and driver.name not in _NETWORK:
        reached, doubt = None, f"{statement.where} sends by {driver.name}, which is not followed"
    return Sending(driver.name, _host(driver), statement.file, statement.line, reached, doubt, told.journal)


def _inside(rest: list[str]) -> list[str]:
    """The words of the parentheses that come next, which are taken away."""
    if rest.pop(0) != "(":
        raise IndexError
    found: list[str] = []
    depth = 1
    while True:
        word = rest.pop(0)
        depth += (word == "(") - (word == ")")
        if not depth:
            return found
        found.append(word)


def _host(driver: Element) -> str | None:
    words = driver.words
    if driver.name not in _NETWORK or not words or words[0] in {"?", "_"} or words[1:2] == ("(",):
        return None
    return words[0]


def _flags(parts: Iterable[Element]) -> set[str]:
    return {word.lower() for part in parts if part.name == "flags" for word in part.words}


def _reads_system(words: Sequence[str]) -> tuple[bool | None, bool]:
    """Whether a source takes the messages of the host, and whether it takes them out of the journal where there is one."""
    reads: bool | None = False
    journal = False
    for part in list_elements(words):
        if part.name in _JOURNAL and not _CHOOSE & {word.lower() for word in part.words}:
            reads, journal = True, True
        elif part.name == "systemd-syslog" or (part.name.startswith("unix-") and set(part.words) & _SOCKETS):
            reads = True
        elif part.name not in _ELSEWHERE and not part.name.startswith("unix-"):
            reads = _or(reads, None)
    return reads, journal


def _is_facility(words: Sequence[str], facility: str) -> bool | None:
    if any(".." in word or word == "?" for word in words):
        return None
    return facility in {_NUMBERS.get(word, word.lower()) for word in words}


def _is_level(words: Sequence[str], severity: str) -> bool | None:
    found: bool | None = False
    for part in "".join(words).lower().split(","):
        ends = [_OTHER_NAMES.get(end, end) for end in part.split("..")]
        if len(ends) > 2 or not set(ends) <= set(_SEVERITIES):
            return None
        first, last = sorted((_SEVERITIES.index(ends[0]), _SEVERITIES.index(ends[-1])))
        found = found or first <= _SEVERITIES.index(severity) <= last
    return found


def _is_program(pattern: str, program: str) -> bool | None:
    if not re.fullmatch(r"\^?[A-Za-z0-9_-]+\$?", pattern):
        return None
    return re.search(pattern, program) is not None


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _and(*values: bool | None) -> bool | None:
    return False if False in values else None if None in values else True


def _or(*values: bool | None) -> bool | None:
    return True if True in values else None if None in values else False
