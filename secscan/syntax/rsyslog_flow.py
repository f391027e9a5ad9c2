"""Whether messages about sign-ins get as far as a statement of rsyslog: filters around it, and what is discarded before it.

Filters are tried on what such messages look like. What cannot be tried (a text in the message, a pattern, a function) is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

_PROGRAMS = ("sshd", "sshd-session", "sudo", "su", "login", "systemd-logind")
_FACILITIES = {"auth": "4", "authpriv": "10"}
_SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_OTHER_NAMES = {"panic": "emerg", "error": "err", "warn": "warning"}
_LOCAL = "127.0.0.1"
_TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]|==|!=|<>|<=|>=|<|>|\$[!.\w-]+|\w+)""")
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "==": str.__eq__,
    "isequal": str.__eq__,
    "!=": str.__ne__,
    "<>": str.__ne__,
    "contains": str.__contains__,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains_i": lambda value, part: part.lower() in value.lower(),
    "startswith_i": lambda value, part: value.lower().startswith(part.lower()),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message about a sign-in on this host: who says it, by which facility. Its severity is info or notice."""

    program: str
    facility: str

    def property(self, name: str) -> str | None:
        """The value of a property; None for one that may hold anything."""
        return {
            "programname": self.program,
            "app-name": self.program,
            "syslogtag": f"{self.program}:",
            "syslogfacility-text": self.facility,
            "syslogfacility": _FACILITIES[self.facility],
            "fromhost-ip": _LOCAL,
        }.get(name.lower())


MESSAGES = tuple(Message(program, facility) for facility in _FACILITIES for program in _PROGRAMS)


_DEFAULT = "RSYSLOG_DefaultRuleset"
Fate: TypeAlias = tuple[bool | None, str]


@dataclass(frozen=True, slots=True)
class _Event:
    """A statement in its order: `stop`, `call`, `send` to the target of a number, or `spare`: the same, standing in."""

    kind: str
    name: str
    guards: tuple[str, ...]
    ruleset: str
    where: str


@dataclass(slots=True)
class Flow:
    """Follows the statements that tell which way messages take, as they are read; then says how each target fares."""

    _given: list[str] = field(default_factory=list)
    _events: list[_Event] = field(default_factory=list)
    _ruleset: str = _DEFAULT
    _doubt: str = ""
    _stand_in: bool = False

    def takes(self, text: str, where: str) -> bool:
        """Whether a statement tells of nothing but the way: a filter, `stop` or `call`."""
        kind, _, rest = text.partition(" ")
        if kind == "given":
            self._given.append(rest)
        elif text == "stop":
            self._add("stop", "", where)
        elif kind in {"call", "call_indirect"}:
            self._add(kind, rest.strip(), where)
        else:
            return False
        return True

    def direct(self, name: str, value: str, where: str) -> None:
        """A setting of the old language."""
        if name == "ruleset":
            self._ruleset = value
        elif name == "defaultruleset" and value != _DEFAULT:
            self.doubt_all(f"{where} makes another ruleset the default")
        elif name == "actionexeconlywhenpreviousissuspended":
            self._stand_in = value.lower() in {"on", "yes", "true", "1"}

    def doubt_all(self, why: str) -> None:
        """No target is known to be reached."""
        self._doubt = self._doubt or why

    def arrive(self, number: int, selector: str, where: str, *, stand_in: bool) -> None:
        """A target; `selector` is the one right before it. One that stands in gets only what another could not take."""
        kind = "spare" if stand_in or self._stand_in else "send"
        self._add(kind, str(number), where, *(() if selector == "property" else (f"selector {selector}",)))

    def leave(self) -> None:
        """The filters told so far belong to what was read."""
        self._given.clear()

    def fates(self) -> dict[int, Fate]:
        """For each target: whether messages about sign-ins reach it, and why that is not known."""
        told = {
            int(event.name): _unknown(f"{event.where} stands in the ruleset {event.ruleset}, and nothing tells what comes there")
            for event in self._events
            if event.kind in {"send", "spare"}
        }
        self._go(_DEFAULT, _unknown(self._doubt) if self._doubt else _ARRIVES, told, frozenset())
        return told

    def _add(self, kind: str, name: str, where: str, *guards: str) -> None:
        around = [guard for guard in self._given if not guard.startswith("ruleset ")]
        rulesets = [guard.removeprefix("ruleset ") for guard in self._given if guard.startswith("ruleset ")]
        self._events.append(_Event(kind, name, (*around, *guards), rulesets[-1] if rulesets else self._ruleset, where))
        self._given.clear()

    def _go(self, ruleset: str, fate: Fate, told: dict[int, Fate], above: frozenset[str]) -> None:
        for event in self._events:
            if event.ruleset != ruleset:
                continue
            if event.kind == "stop":
                fate = _after_stop(event, fate)
            elif event.kind == "call_indirect" or event.name in above:
                fate = fate if fate[0] is False else _unknown(f"{event.where} calls a ruleset that is not followed")
            elif event.kind == "call":
                self._go(event.name, _through(event, fate), told, above | {ruleset})
                if any(each.kind != "send" and each.ruleset == event.name and _stops_some(each) for each in self._events):
                    fate = fate if fate[0] is False else _unknown(f"{event.where} calls a ruleset that discards messages")
            elif event.kind == "spare":
                told[int(event.name)] = _unknown(f"{event.where} gets what another target could not take")
            elif told[int(event.name)][0] is not True:
                told[int(event.name)] = _through(event, fate)


_ARRIVES: Fate = (True, "")
_LOST: Fate = (False, "")


def _unknown(why: str) -> Fate:
    return None, why


def _stops_some(event: _Event) -> bool:
    return event.kind != "stop" or takes_some(event.guards) is not False


def _after_stop(event: _Event, fate: Fate) -> Fate:
    taken = takes_some(event.guards)
    if taken is None:
        return fate if fate[0] is not True else _unknown(f"{event.where} discards messages by a filter that cannot be followed")
    return _LOST if taken else fate


def _through(event: _Event, fate: Fate) -> Fate:
    let = lets_pass(event.guards)
    if let is False or fate[0] is False:
        return _LOST
    return fate if let else _unknown(f"{event.where} stands behind a filter that cannot be followed")


def lets_pass(guards: Sequence[str]) -> bool | None:
    """Whether all messages about sign-ins of one facility at least pass filters that all must hold."""
    told = {message: _all(_holds(guard, message) for guard in guards) for message in MESSAGES}
    by_facility = [[told[message] for message in MESSAGES if message.facility == facility] for facility in _FACILITIES]
    if any(all(each is True for each in values) for values in by_facility):
        return True
    return None if None in told.values() else False


def takes_some(guards: Sequence[str]) -> bool | None:
    """Whether any message about a sign-in passes filters that all must hold."""
    told = [_all(_holds(guard, message) for guard in guards) for message in MESSAGES]
    return True if True in told else None if None in told else False


def _all(values: Iterator[bool | None]) -> bool | None:
    found = list(values)
    return False if False in found else None if None in found else True


def _holds(guard: str, message: Message) -> bool | None:
    kind, _, rest = guard.partition(" ")
    if kind == "selector":
        return selects(rest, message.facility)
    if kind == "property":
        return _property_holds(rest, message)
    if kind == "if":
        return _Condition(rest, message).value()
    return None


def selects(selector: str, facility: str) -> bool | None:
    """Whether a selector takes messages of severity info or notice; None when it takes one of these alone, or cannot be read."""
    chosen: set[str] = set()
    for part in selector.lower().replace(" ", "").split(";"):
        facilities, dot, priority = part.rpartition(".")
        if not dot:
            return None
        if not {"*", facility} & set(facilities.split(",")):
            continue
        taken = _severities(priority.lstrip("!"))
        if taken is None:
            return None
        chosen = set() if priority == "none" else chosen - taken if priority.startswith("!") else chosen | taken
    kept = {"info", "notice"} & chosen
    return None if len(kept) == 1 else bool(kept)


def _severities(priority: str) -> set[str] | None:
    name = _OTHER_NAMES.get(priority.lstrip("="), priority.lstrip("="))
    if name in {"*", "none"}:
        return set(_SEVERITIES)
    if name not in _SEVERITIES:
        return None
    return {name} if priority.startswith("=") else set(_SEVERITIES[: _SEVERITIES.index(name) + 1])


def _property_holds(text: str, message: Message) -> bool | None:
    """`:programname, !isequal, "x"`."""
    found = re.fullmatch(r':([^,\s]+)\s*,\s*(!?)(\w+)\s*,\s*"((?:[^"\\]|\\.)*)"', text.strip())
    if not found or "\\" in found[4]:
        return None
    value, compare = message.property(found[1]), _COMPARISONS.get(found[3].lower())
    if value is None or compare is None:
        return None
    return compare(value, found[4]) is not bool(found[2])


class _Condition:
    """An expression of RainerScript for one message: comparisons of a property with a text, joined by and, or, not."""

    def __init__(self, text: str, message: Message) -> None:
        self._message = message
        self._tokens = _TOKEN.findall(text) if re.fullmatch(rf"(?:{_TOKEN.pattern})*\s*", text) else []

    def value(self) -> bool | None:
        """None when it cannot be tried."""
        try:
            value = self._either()
        except (IndexError, LookupError):
            return None
        return None if self._tokens else value

    def _either(self) -> bool | None:
        values = [self._both()]
        while self._next() == "or":
            self._tokens.pop(0)
            values.append(self._both())
        return True if True in values else None if None in values else False

    def _both(self) -> bool | None:
        values = [self._one()]
        while self._next() == "and":
            self._tokens.pop(0)
            values.append(self._one())
        return _all(iter(values))

    def _one(self) -> bool | None:
        if self._next() == "not":
            self._tokens.pop(0)
            value = self._one()
            return None if value is None else not value
        if self._next() == "(":
            self._tokens.pop(0)
            value = self._either()
            if self._tokens.pop(0) != ")":
                raise LookupError
            return value
        name, operator, operand = (self._tokens.pop(0) for _ in range(3))
        compare = _COMPARISONS[operator.lower()]
        if not name.startswith("$") or not re.match("[\"'0-9]", operand):
            raise LookupError
        told = self._message.property(name[1:])
        given = operand.strip("\"'")
        return None if told is None or "\\" in given else compare(told, given)

    def _next(self) -> str:
        return self._tokens[0].lower() if self._tokens else ""
