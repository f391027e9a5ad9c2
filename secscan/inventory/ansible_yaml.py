"""Ansible's YAML inventories, what `ansible-inventory --list` prints, and the group_vars and host_vars folders beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from secscan.documents import Document, Keys, read_document
from secscan.errors import Problem
from secscan.inventory.ansible import Groups
from secscan.inventory.ansible_ini import expand_range
from secscan.messages import Message

_PARTS = ("hosts", "vars", "children")
_DEPTH = 30
Place = Callable[[], tuple[str, int, int]]


def looks_like_groups(data: Any) -> bool:
    """Whether plain YAML data can only be Ansible groups: every value is a mapping of hosts, vars and children, or nothing."""
    return (
        isinstance(data, dict)
        and bool(data)
        and all(value is None or (isinstance(value, dict) and set(value) <= set(_PARTS)) for value in data.values())
        and any(data.values())
    )


def read_groups(document: Document) -> Groups:
    """The groups of a YAML inventory; problems are collected in them."""
    groups = Groups()
    for name, body in (document.data or {}).items():
        _read_group(groups, document, (name,), body)
    groups.problems += document.problems
    return groups


def read_listing(data: Any, path: str) -> Groups:
    """The groups in the JSON of `ansible-inventory --list`."""
    groups = Groups()
    if not isinstance(data, dict):
        groups.problems.append(Problem(path, 1, 1, "expected groups as ansible-inventory --list prints them"))
        return groups
    meta = data.get("_meta")
    known = meta.get("hostvars", {}) if isinstance(meta, dict) else {}
    for name, listed in data.items():
        if name == "_meta":
            continue
        body = {"hosts": listed} if isinstance(listed, list) else listed
        if not isinstance(body, dict):
            groups.problems.append(Problem(path, 0, 0, f"group {name!r} is neither a list nor a mapping"))
            continue
        group = groups.group(name)
        group.children.update(dict.fromkeys(_strings(body.get("children"))))
        group.variables.update(body.get("vars") or {})
        for host in _strings(body.get("hosts")):
            variables = known.get(host)
            groups.add_host(name, host, variables if isinstance(variables, dict) else {}, partial(_in_file, path))
    return groups


def group_variables(folder: Path, groups: Groups) -> None:
    """Add what the folders group_vars and host_vars say; it wins over the inventory file, as in Ansible."""
    for name in list(groups.groups):
        for variables in _variables_in(folder / "group_vars", name, groups):
            groups.group(name).variables.update(variables)
    if "all" not in groups.groups:
        for variables in _variables_in(folder / "group_vars", "all", groups):
            groups.group("all").variables.update(variables)
    if (folder / "host_vars").is_dir():
        for host, known in groups.host_variables.items():
            for variables in _variables_in(folder / "host_vars", host, groups):
                known.update(variables)


def _variables_in(folder: Path, name: str, groups: Groups) -> list[Mapping[str, Any]]:
    """The variables of NAME, NAME.yml, NAME.yaml, NAME.json or every file in a folder NAME."""
    if "/" in name or not folder.is_dir():
        return []
    files = [folder / f"{name}{suffix}" for suffix in ("", ".yml", ".yaml", ".json")]
    files += sorted(path for path in (folder / name).glob("*") if path.suffix in ("", ".yml", ".yaml", ".json"))
    return [_read_variables(path, groups) for path in files if path.is_file()]


def _read_variables(path: Path, groups: Groups) -> Mapping[str, Any]:
    document = read_document(path)
    if isinstance(document.data, str) and document.data.startswith("$ANSIBLE_VAULT"):
        groups.notes.append(Message("{path} is encrypted and was not read", path=path))
        return {}
    if document.root is None and document.problems:
        groups.problems += document.problems
    return document.data if isinstance(document.data, dict) else {}


def _read_group(groups: Groups, document: Document, keys: Keys, body: Any) -> None:
    name = str(keys[-1])
    group = groups.group(name)
    if body is None:
        return
    if not isinstance(body, dict) or len(keys) > _DEPTH:
        document.report(keys, f"group {name!r} must be a mapping", ", ".join(_PARTS))
        return
    document.reject_unknown(keys, body, _PARTS)
    parts = {}
    for part in _PARTS:
        parts[part] = body.get(part) or {}
        if not isinstance(parts[part], dict):
            document.report((*keys, part), f"{part!r} of group {name!r} must be a mapping")
            parts[part] = {}
    group.variables.update(parts["vars"])
    for child, inner in parts["children"].items():
        group.children[child] = None
        _read_group(groups, document, (*keys, "children", child), inner)
    for pattern, variables in parts["hosts"].items():
        place = (*keys, "hosts", pattern)
        if variables is not None and not isinstance(variables, dict):
            document.report(place, f"variables of host {pattern!r} must be a mapping")
            continue
        try:
            for host in expand_range(pattern):
                groups.add_host(name, host, variables or {}, partial(_in_document, document, place))
        except ValueError as error:
            document.report(place, str(error))


def _in_document(document: Document, keys: Keys) -> tuple[str, int, int]:
    return (document.path, *document.at(keys))


def _in_file(path: str) -> tuple[str, int, int]:
    return path, 0, 0


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
