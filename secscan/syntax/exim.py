"""What the access list of Exim lets through: whom it sends mail on for. Lists of a shape that is not known are not guessed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secscan.model.values import Unobservable
from secscan.probing import Unreadable

_VERB = re.compile(r"(accept|defer|deny|discard|drop|require|warn)(?:\s+(.*))?")
_CONDITION = re.compile(r"(!?)\s*([a-z_]+)\s*(?:=\s*(.*))?")
# Words of a statement that decide nothing; `endpass` only turns a later condition that fails into a refusal.
_MODIFIERS = {"add_header", "continue", "control", "delay", "endpass", "log_message", "log_reject_target", "logwrite", "message",
              "remove_header", "set", "udpsend"}  # fmt: skip
_OWN_DOMAINS = {"+local_domains", "+relay_to_domains", "@", "@[]"}
_TABLE = re.compile(r"[a-z0-9*@,_-]+;.*|/.*|.*[${].*", re.IGNORECASE)
_NARROWEST_WIDE = 7  # bits of a network that is no organisation's own any more


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of an access list: its verb, and its conditions as (negated, name, value)."""

    verb: str
    conditions: tuple[tuple[bool, str, str], ...]

    def value(self, name: str, *, negated: bool = False) -> str | None:
        """The value of a condition; None when the statement has no such condition."""
        return next((value for turned, key, value in self.conditions if (turned, key) == (negated, name)), None)


def read_statements(lines: Iterable[str]) -> tuple[Statement, ...]:
    """The statements of one access list, modifiers left out.

    >>> read_statements(["accept", "hosts = :", "control = x", "deny !verify = sender"])[1]
    Statement(verb='deny', conditions=((True, 'verify', 'sender'),))
    """
    statements: list[tuple[str, list[tuple[bool, str, str]]]] = []
    for line in lines:
        match = _VERB.fullmatch(line)
        if match:
            statements.append((match[1], []))
        rest = (match[2] or "") if match else line
        condition = _CONDITION.fullmatch(rest)
        if not statements or (rest and not condition and not re.match(r"[A-Z0-9_]+\s*=", rest)):
            raise Unreadable(f"not a line of an access list: {line[:120]!r}")
        if condition and condition[2] not in _MODIFIERS:
            statements[-1][1].append((bool(condition[1]), condition[2], condition[3] or ""))
    return tuple(Statement(verb, tuple(conditions)) for verb, conditions in statements)


def split_list(text: str) -> tuple[str, ...]:
    """The elements of a list of Exim, empty ones left out.

    >>> split_list(": 127.0.0.1 : ::::1"), split_list("<; 10.0.0.0/8 ; ::1")
    (('127.0.0.1', '::1'), ('10.0.0.0/8', '::1'))
    """
    text = text.strip()
    separator = ":"
    match = re.match(r"<(\S)(.*)", text, re.DOTALL)
    if match:
        separator, text = match[1], match[2]
    elements = text.replace(separator * 2, "\0").split(separator)
    return tuple(element.strip().replace("\0", separator) for element in elements if element.strip())


def is_table(element: str) -> bool:
    """Whether an element stands for others that are kept elsewhere: a file, a lookup, an expansion."""
    return bool(_TABLE.fullmatch(element))


def is_wide(element: str) -> bool:
    """Whether an element of a list of hosts stands for everybody or nearly so.

    >>> [is_wide(element) for element in ("*", "0.0.0.0/1", "10.0.0.0/8", "::/0", "!192.0.2.1", "!+own")]
    [True, True, False, True, True, True]
    """
    if element.startswith("!") or element == "*":  # after an exception, whoever is not excepted
        return True
    try:
        return ipaddress.ip_network(element, strict=False).prefixlen <= _NARROWEST_WIDE
    except ValueError:
        return False


def relays_for_anybody(statements: Iterable[Statement]) -> bool | Unobservable:
    """Whether mail of a stranger to a foreign domain is taken; the lists of own hosts and domains are judged apart."""
    doubt = False  # something is refused before, by conditions that are not judged here
    for statement in statements:
        if statement.verb in {"deny", "drop", "defer", "require"}:
            if _refuses_foreign(statement):
                return False
            doubt = True
        if statement.verb in {"accept", "discard"} and not _limited(statement):
            if not statement.conditions and not doubt:
                return True
            told = ", ".join(f"{'!' * turned}{name} = {value}"[:80] for turned, name, value in statement.conditions)
            return Unobservable(f"the access list accepts mail by conditions that are not judged here: {told or 'those before it'}")
    return False  # the end of a list refuses


def _refuses_foreign(statement: Statement) -> bool:
    """The statement lets nothing through but mail for own domains."""
    if statement.verb == "require":
        return _all_own(statement.value("domains"))
    if len(statement.conditions) > 1:
        return False
    return (
        not statement.conditions or _all_own(statement.value("domains", negated=True)) or _all_foreign(statement.value("domains"))
    )


def _all_own(value: str | None) -> bool:
    return value is not None and bool(split_list(value)) and set(split_list(value)) <= _OWN_DOMAINS


def _all_foreign(value: str | None) -> bool:
    """`!+local_domains : !+relay_to_domains`: all but these."""
    elements = {re.sub(r"^!\s*", "", element) for element in split_list(value or "")}
    return bool(elements) and elements <= _OWN_DOMAINS and all(element.startswith("!") for element in split_list(value or ""))


def _limited(statement: Statement) -> bool:
    """The statement accepts only for own hosts, for who has signed in, or to own domains."""
    hosts = statement.value("hosts")
    return (
        (hosts is not None and set(split_list(hosts)) <= {"+relay_from_hosts"})
        or statement.value("authenticated") is not None
        or statement.value("verify") == "certificate"
        or _all_own(statement.value("domains"))
    )


def resolve(name: str, lists: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """The elements of a named list, those of lists that it names in their place; a list that is not told stays as its name."""
    for element in split_list(lists.get(name, "")):
        if element.startswith("+") and element[1:] in lists and depth < 8:
            yield from resolve(element[1:], lists, depth + 1)
        else:
            yield element
