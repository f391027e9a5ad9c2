"""The grammar of sudoers(5): defaults, aliases and user specifications, aliases expanded, one rule per command.

Lines come as `FILE:LINE: TEXT` with comments gone, continued lines joined and includes in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secscan.probing import Unreadable

_ALIAS = {"User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}
_TAGS = {"EXEC", "FOLLOW", "LOG_INPUT", "LOG_OUTPUT", "MAIL", "INTERCEPT", "PASSWD", "SETENV"}
_OPTIONS = {"ROLE", "TYPE", "PRIVS", "LIMITPRIVS", "APPARMOR_PROFILE", "TIMEOUT", "NOTBEFORE", "NOTAFTER", "CWD", "CHROOT"}
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Default:
    """One setting of a Defaults line. `scope` is empty or names whom it is for, such as `user alice`."""

    name: str
    operator: str  # "", "=", "+=" or "-="
    value: str
    negated: bool
    scope: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody may run: as whom, under which tags. A negated command is one they may not."""

    command: str
    negated: bool = False
    runas: tuple[str, ...] = ("root",)
    runas_groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One command of one user specification."""

    users: tuple[str, ...]
    hosts: tuple[str, ...]
    command: Command
    file: str
    line: int


@dataclass(slots=True)
class Sudoers:
    """Everything the lines say. Aliases are expanded when all of them are known: they may be used before they are defined."""

    defaults: list[Default] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


def parse_sudoers(lines: Sequence[str]) -> Sudoers:
    """Defaults and rules, in order. Raises Unreadable for a line that sudoers(5) does not know."""
    located = [_locate(line) for line in lines]
    aliases: dict[tuple[str, str], list[str]] = {}
    for _, _, text in located:
        kind, _, rest = text.partition(" ")
        if kind in _ALIAS:
            for name, members in _alias(rest):
                aliases[kind.replace("Cmd_", "Cmnd_"), name] = members
    found = Sudoers()
    for file, number, text in located:
        kind = re.split(r"[\s@:!>]", text, maxsplit=1)[0]
        if kind == "Defaults":
            found.defaults += _defaults(text, file, number)
        elif kind not in _ALIAS:
            found.rules += _specification(text, file, number, aliases)
    return found


def _locate(line: str) -> tuple[str, int, str]:
    found = re.fullmatch(r"(/.*?):(\d+): (\S.*)", line)
    if not found:
        raise Unreadable(f"expected 'FILE:LINE: TEXT', got {line[:120]!r}")
    return found[1], int(found[2]), found[3].replace("\t", " ")


def _alias(text: str) -> Iterator[tuple[str, list[str]]]:
    """`A = a, b : B = c`. A colon inside a member (an address, a digest) is no separator: a new alias has an upper-case name."""
    for definition in re.split(r"\s*(?<!\\):\s*(?=[A-Z][A-Z0-9_]*\s*=)", text):
        name, separator, members = definition.partition("=")
        if not separator or not re.fullmatch(r"\s*[A-Z][A-Z0-9_]*\s*", name):
            raise Unreadable(f"not an alias: {definition[:120]!r}")
        yield name.strip(), _members(members)


def _members(text: str) -> list[str]:
    """Elements of a list, separated by commas outside of quotes, `!` kept in front."""
    parts = re.findall(r'((?:"(?:[^"\\]|\\.)*"|\\.|[^,"\\])+)', text)
    return [re.sub(r"^(!+)\s+", r"\1", part.strip()) for part in parts if part.strip()]


def _expand(members: Sequence[str], kind: str, aliases: Mapping[tuple[str, str], Sequence[str]], depth: int = 0) -> Iterator[str]:
    if depth > _DEPTH:
        raise Unreadable("aliases that name each other")
    for member in members:
        bare = member.lstrip("!")
        negated = (len(member) - len(bare)) % 2 == 1
        inner = aliases.get((kind, bare))
        for item in _expand(inner, kind, aliases, depth + 1) if inner is not None else [bare]:
            opposite = item.startswith("!")
            yield (item.lstrip("!") if negated and opposite else f"!{item}" if negated else item)


def _defaults(text: str, file: str, number: int) -> list[Default]:
    """`Defaults[@:!>who] name, !name, name=value, name+=value`."""
    found = re.fullmatch(r'Defaults(?:([@:!>])\s*((?:"[^"]*"|\\.|[^\s,"]|\s*,\s*)+))?\s+(.*)', text)
    if not found:
        raise Unreadable(f"not a Defaults line: {text[:120]!r}")
    words = {"@": "host", ":": "user", "!": "command", ">": "runas"}
    scope = f"{words[found[1]]} {found[2].strip()}" if found[1] else ""
    settings = []
    for part in _members(found[3]):
        setting = re.fullmatch(r"(!*)([A-Za-z0-9_]+)(?:\s*(\+=|-=|=)\s*(.*))?", part, re.DOTALL)
        if not setting:
            raise Unreadable(f"not a setting: {part[:120]!r}")
        value = (setting[4] or "").strip()
        value = value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value
        settings.append(Default(setting[2], setting[3] or "", value, len(setting[1]) % 2 == 1, scope, file, number))
    return settings


def _specification(text: str, file: str, number: int, aliases: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[Rule]:
    """`users hosts = commands : hosts = commands`."""
    head, separator, rest = _cut(text, "=")
    users, hosts = _users_and_hosts(head)
    if not separator or not users or not hosts:
        raise Unreadable(f"not a rule: {text[:120]!r}")
    everyone = tuple(_expand(users, "User_Alias", aliases))
    while True:
        commands, more, following = _cut_privilege(rest)
        where = tuple(_expand(hosts, "Host_Alias", aliases))
        for command in _commands(commands, aliases):
            yield Rule(everyone, where, command, file, number)
        if not more:
            return
        head, _, rest = _cut(following, "=")
        hosts = _members(head)


def _cut(text: str, mark: str) -> tuple[str, str, str]:
    """Like partition, at the first mark outside of quotes and backslashes."""
    found = re.match(rf'((?:"(?:[^"\\]|\\.)*"|\\.|[^"\\{mark}])*){mark}', text)
    return (found[1], mark, text[found.end() :]) if found else (text, "", "")


def _cut_privilege(text: str) -> tuple[str, str, str]:
    """Commands of one host list, and what follows a colon that begins the next one (`: HOST = ...`)."""
    found = re.search(r"(?<!\\)\s:\s*((?:!?[^\s,:=()]+)(?:\s*,\s*!?[^\s,:=()]+)*\s*=)", _without_options(text))
    if not found:
        return text, "", ""
    return text[: found.start()], ":", text[found.start(1) :]


def _without_options(text: str) -> str:
    """The text with the contents of parentheses and quotes blanked, so that colons in them do not count; same length."""
    return re.sub(r'\([^)]*\)|"[^"]*"', lambda found: "(" * len(found[0]), text)


def _users_and_hosts(head: str) -> tuple[list[str], list[str]]:
    """Two lists with a blank between them: blanks next to commas and after `!` belong to a list."""
    folded = re.sub(r"\s*,\s*", ",", re.sub(r"!\s+", "!", head.strip()))
    words = re.findall(r'(?:"(?:[^"\\]|\\.)*"|\\.|[^\s"\\])+', folded)
    if len(words) != 2:
        return [], []
    return _members(words[0]), _members(words[1])


def _commands(text: str, aliases: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[Command]:
    """`(runas:groups) TAG: OPTION=x command, ...`; runas and tags stay in force for the commands after them."""
    current = Command("")
    for part in _split_commands(text):
        rest = part
        found = re.match(r"\(([^):]*)(?::([^)]*))?\)\s*", rest)
        if found:
            people = tuple(_expand(_members(found[1]), "Runas_Alias", aliases))
            groups = tuple(_expand(_members(found[2] or ""), "Runas_Alias", aliases))
            current = replace(current, runas=people or (() if groups else ("root",)), runas_groups=groups)
            rest = rest[found.end() :]
        while True:
            if option := re.match(rf'({"|".join(sorted(_OPTIONS))})\s*=\s*("[^"]*"|\S+)\s*', rest):
                rest = rest[option.end() :]
            elif (tag := re.match(r"(NO)?([A-Z_]+)\s*:\s*", rest)) and tag[2] in _TAGS:
                opposites = {tag[2], f"NO{tag[2]}"}
                current = replace(current, tags=(*(old for old in current.tags if old not in opposites), (tag[1] or "") + tag[2]))
                rest = rest[tag.end() :]
            else:
                break
        yield from _one_command(rest.strip(), current, aliases)


def _split_commands(text: str) -> list[str]:
    """Commands separated by commas outside of parentheses, quotes and backslashes; a list of digests stays with its command."""
    parts = re.findall(r'((?:\([^)]*\)|"(?:[^"\\]|\\.)*"|\\.|[^,"\\(])+)', text)
    joined: list[str] = []
    for part in (part.strip() for part in parts):
        if joined and re.fullmatch(r"(.*\s)?sha\d{3}\s*:\s*\S+", joined[-1]):
            joined[-1] = f"{joined[-1]}, {part}"
        elif part:
            joined.append(part)
    return joined


def _one_command(text: str, current: Command, aliases: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[Command]:
    text = re.sub(r"^(!*\s*)(sha\d{3}\s*:\s*[A-Za-z0-9+/=]+\s*,?\s*)+", r"\1", text)
    if not text:
        raise Unreadable("a rule without a command")
    for item in _expand([re.sub(r"^(!+)\s+", r"\1", text)], "Cmnd_Alias", aliases):
        yield replace(current, command=item.lstrip("!"), negated=item.startswith("!"))
