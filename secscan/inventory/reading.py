"""Which kind of inventory a file is, and reading it as that kind."""

from __future__ import annotations

import json
import re
from pathlib import Path

from secscan.documents import SIZE_LIMIT, Document, parse_document
from secscan.errors import InputError, Problem, UsageError
from secscan.inventory.ansible import Groups, read_ansible
from secscan.inventory.ansible_ini import read_ini
from secscan.inventory.ansible_yaml import group_variables, looks_like_groups, read_groups, read_listing
from secscan.inventory.contents import Inventory
from secscan.inventory.own import read_own
from secscan.messages import Message, phrase
from secscan.model.target import Target
from secscan.ssh_config import read_ssh_config

SSH_CONFIG = "ssh-config"
_KINDS = Message(
    "a secscan inventory, an Ansible inventory (YAML, INI, JSON or a folder of them), or the word {word}", word=SSH_CONFIG
)
_NOT_INVENTORIES = {".cfg", ".retry", ".orig", ".bak", ".pyc", ".md", ".txt", ".py", ".sh"}
_JSON_LIMIT = 256 * 2**20


def read_inventory(name: str | Path) -> Inventory:
    """The inventory in a file or folder, or the hosts of ~/.ssh/config for the word `ssh-config`.

    Raises UsageError when there is no such inventory, InputError with every problem of one that cannot be used.
    """
    if str(name) == SSH_CONFIG:
        return _read_ssh_hosts(Path.home() / ".ssh" / "config")
    path = Path(name)
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise UsageError("there is no inventory {name!r}; allowed: {kinds}", name=str(name), kinds=_KINDS)
    text = _read_text(path)
    if text.startswith("#!"):
        raise UsageError("{path} is a program; save what it says first: ansible-inventory -i {path} --list > hosts.json", path=path)
    document = None if _is_json(text) or _is_ini(path, text) else parse_document(text, str(path))
    if document is not None and not looks_like_groups(document.data):
        return read_own(document)
    groups = _read_groups(path, text, document)
    group_variables(path.parent, groups)
    return read_ansible(groups)


def _read_ssh_hosts(path: Path) -> Inventory:
    names = read_ssh_config(path).host_names()
    if not names:
        raise UsageError("{path} names no host; allowed: Host lines without * and ?", path=path)
    return Inventory(tuple(Target(name, "ssh", name) for name in names))


def _read_folder(folder: Path) -> Inventory:
    """An Ansible inventory folder: every file in it, in order of their names, as one inventory."""
    groups = Groups()
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    files = [path for path in files if path.suffix not in _NOT_INVENTORIES and not path.name.endswith("~")]
    if not files:
        raise UsageError("{folder} holds no inventory file; allowed: {kinds}", folder=folder, kinds=_KINDS)
    for path in files:
        text = _read_text(path)
        if text.startswith("#!"):
            text = phrase("{path} is a program and was not run; save what it says as JSON: ansible-inventory -i {path} --list")
            groups.notes.append(Message(text, path=path))
            continue
        document = None if _is_json(text) or _is_ini(path, text) else parse_document(text, str(path))
        if document is not None and not looks_like_groups(document.data) and not document.problems:
            document.report((), "is not an Ansible inventory; one of secscan's own must be named by itself")
        groups.merge(_read_groups(path, text, document))
    group_variables(folder, groups)
    return read_ansible(groups)


def _read_groups(path: Path, text: str, document: Document | None) -> Groups:
    if document is not None:
        return read_groups(document)
    if not _is_json(text):
        return read_ini(text, str(path))
    try:
        return read_listing(json.loads(text), str(path))
    except ValueError as error:
        place = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        raise InputError([Problem(str(path), *place, f"not valid JSON: {error}")]) from error


def _read_text(path: Path) -> str:
    limit = _JSON_LIMIT if path.suffix == ".json" else SIZE_LIMIT
    try:
        if path.stat().st_size > limit:
            raise InputError([Problem(str(path), 0, 0, f"larger than {limit // 2**20} MiB")])
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(str(path), 0, 0, f"is not UTF-8 text (byte {error.start})")]) from error


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _is_ini(path: Path, text: str) -> bool:
    """Ansible's INI form: by its name, or by what its first line says."""
    if path.suffix in (".yml", ".yaml", ".json"):
        return False
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith(("#", ";"))), "")
    return path.suffix == ".ini" or first.startswith("[") or not re.match(r"(---|[^\s:=]+:(\s|$))", first)
