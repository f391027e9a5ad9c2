"""Ansible's INI inventories: `[group]`, `[group:vars]`, `[group:children]`, and ranges such as web[01:20]."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from secscan.addresses import repeatable
from secscan.errors import Problem
from secscan.inventory.ansible import Groups

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?\Z")
_RANGE = re.compile(r"\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")
_RANGE_LIMIT = 100_000
_SECTIONS = ("hosts", "vars", "children")


def read_ini(text: str, path: str) -> Groups:
    """The groups of an INI inventory; problems are collected in them."""
    groups = Groups()
    group, section = "ungrouped", "hosts"
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words[0] in "#;":
            continue
        match = _SECTION.match(words)
        if match:
            group, section = match[1], match[2] or "hosts"
            groups.group(group)
            if section not in _SECTIONS:
                groups.problems.append(Problem(path, number, 1, f"unknown section [{group}:{section}]", ", ".join(_SECTIONS)))
                section = "vars"  # what stands below is not taken for hosts
            continue
        try:
            _read_line(groups, group, section, words, (path, number, 1))
        except ValueError as error:
            groups.problems.append(Problem(path, number, 1, str(error)))
    return groups


def expand_range(name: str) -> Iterator[str]:
    """The hosts that a name with ranges stands for: web[01:03], db-[a:c], n[0:10:5]. Raises ValueError for a wrong range."""
    match = _RANGE.search(name)
    if not match:
        yield name
        return
    first, last, step = match[1], match[2], int(match[3] or 1)
    if first.isdigit() and last.isdigit():
        width = len(first) if first.startswith("0") else 0
        middle: list[str] = [str(number).zfill(width) for number in _counted(int(first), int(last), step, name)]
    elif first.isalpha() and last.isalpha():
        middle = [chr(number) for number in _counted(ord(first), ord(last), step, name)]
    else:
        raise ValueError(f"range in {name!r} mixes letters and numbers")
    for each in middle:
        yield from expand_range(name[: match.start()] + each + name[match.end() :])


def _counted(first: int, last: int, step: int, name: str) -> range:
    if step < 1 or last < first or (last - first) // step >= _RANGE_LIMIT:
        raise ValueError(f"range in {name!r} is empty or larger than {_RANGE_LIMIT}")
    return range(first, last + 1, step)


def _read_line(groups: Groups, group: str, section: str, line: str, place: tuple[str, int, int]) -> None:
    if section == "vars":
        name, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"expected NAME=VALUE, not {repeatable(line)[:60]!r}")
        groups.group(group).variables[name.strip()] = _value(value.strip())
    elif section == "children":
        child = line.partition("#")[0].strip()
        groups.group(group).children[child] = None
        groups.group(child)
    else:
        name, *settings = _words(line)
        variables: dict[str, Any] = {}
        for setting in settings:
            key, equals, value = setting.partition("=")
            if not equals:
                raise ValueError(f"expected NAME=VALUE after the host, not {repeatable(setting)!r}")
            variables[key] = value
        name, port = _split_port(name)
        if port:
            variables.setdefault("ansible_port", port)
        for host in expand_range(name):
            groups.add_host(group, host, variables, lambda: place)


def _words(line: str) -> list[str]:
    """The words of a line as a shell would part them; most lines need no such care, and shlex is slow."""
    return shlex.split(line, comments=True) if any(sign in line for sign in "'\"\\#") else line.split()


def _split_port(name: str) -> tuple[str, str]:
    """A host and the port after it; colons inside a range or an IPv6 address are neither."""
    match = re.fullmatch(r"(.*[^:]|\[[0-9a-fA-F:.]+\]):([0-9]+)", name)
    if match and ":" not in _RANGE.sub("", match[1]).strip("[]"):
        return match[1], match[2]
    return name, ""


def _value(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
