"""The project file `secscan.yml`: what the options of the commands are where the command line does not say."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from secscan.documents import Document, read_document
from secscan.errors import UsageError

FILE = "secscan.yml"


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of the file: the parameter of the commands it fills, its JSON Schema, and what it says."""

    parameter: str
    schema: dict[str, Any]
    describe: str
    place: bool = False  # a path, relative to the file


_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_TEXTS: dict[str, Any] = {"type": "array", "minItems": 1, "items": _TEXT}
KEYS = {
    "inventory": _Key("inventory", _TEXT, "the inventory file", place=True),
    "baseline": _Key("baseline", _TEXT, "the baseline to judge by"),
    "content": _Key("content", _TEXTS, "folders of your own with checks/ and baselines/", place=True),
    "waivers": _Key("waivers", _TEXTS, "files of accepted failures", place=True),
    "attestations": _Key("attestations", _TEXT, "the folder of statements that people sign", place=True),
    "organization": _Key("organization", _TEXT, "what reports call the organization that statements are about"),
    "history": _Key("history", _TEXT, "the file or database URL that runs are remembered in", place=True),
    "output": _Key("output", _TEXT, "the folder that reports and evidence go to", place=True),
    "formats": _Key("formats", _TEXTS, "the reports to write: text, html, json, csv, ... (secscan report --help)"),
    "language": _Key("language", _TEXT, "the language of reports for people: ar, zh, en, fr, ru, es"),
    "terms": _Key("terms", _TEXT, "a file of your organization's words in place of ours", place=True),
    "fail_on": _Key("fail_on", _TEXTS, "what ends with exit code 1: a severity; error, manual, unreachable; or never"),
    "limit": _Key("limit", _TEXTS, "only hosts where site=..., label=..., host=..."),
    "become": _Key("become", {"type": "boolean"}, "ask as root, by sudo once around the whole script"),
    "workers": _Key("workers", {"type": "integer", "minimum": 1, "maximum": 64}, "hosts asked at the same time"),
    "identity": _Key("identity", _TEXT, "the SSH private key to sign in with", place=True),
    "known_hosts": _Key("known_hosts", _TEXT, "known host keys instead of ~/.ssh/known_hosts", place=True),
    "ssh_config": _Key("ssh_config", _TEXT, "OpenSSH client configuration instead of ~/.ssh/config", place=True),
    "connect_timeout": _Key("connect_timeout", {"type": "integer", "minimum": 1, "maximum": 600}, "seconds to connect"),
    "timeout": _Key("timeout", {"type": "integer", "minimum": 5, "maximum": 7200}, "seconds for one whole host"),
}
_JOINED = ("formats", "fail_on")  # the command line has them as words with commas between
_COMMANDS = ("scan", "collect", "evaluate", "explain", "plan", "diff", "history")
_GROUPS = {"runs": ("list", "failing", "forget"), "attest": ("new", "list", "verify", "due", "report")}


def configuration_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of secscan.yml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The project file of secscan",
        "type": "object",
        "properties": {name: {**key.schema, "description": key.describe} for name, key in KEYS.items()},
        "additionalProperties": False,
    }


def find_configuration() -> Path | None:
    """secscan.yml of the current folder; None when there is none, or when others could have put it there.

    Own content decides what is asked on every host, so a file that somebody else can write is not obeyed unasked.
    """
    path = Path(FILE)
    if not path.is_file():
        return None
    for each in (path, path.absolute().parent):
        state = each.stat()
        if state.st_uid not in (0, os.geteuid()) or state.st_mode & stat.S_IWOTH:
            click.echo(
                f"secscan: note: {FILE} was not read, because others can change it; name it with --config to use it", err=True
            )
            return None
    return path


def read_configuration(path: Path) -> dict[str, dict[str, Any]]:
    """Defaults of the parameters of each command. Raises UsageError, InputError with every problem of the file."""
    if not path.exists():
        raise UsageError(f"there is no configuration {str(path)!r}; allowed: a file that `secscan init` writes")
    document = read_document(path)
    data = document.data if document.data is not None or document.problems else {}
    defaults: dict[str, Any] = {}
    if not isinstance(data, dict):
        if not document.problems:
            document.report((), "a configuration must be a mapping", ", ".join(KEYS))
        document.raise_problems()
    document.reject_unknown((), data, KEYS)
    for name, value in data.items():
        if name in KEYS and _is_right(document, name, value):
            defaults[KEYS[name].parameter] = _default(name, value, path.parent)
    document.raise_problems()
    groups = {group: dict.fromkeys(commands, defaults) for group, commands in _GROUPS.items()}
    words = {name: value for name, value in defaults.items() if name in {"language", "terms"}}
    return {**dict.fromkeys(_COMMANDS, defaults), **groups, "report": words}


def _is_right(document: Document, name: str, value: Any) -> bool:
    schema = KEYS[name].schema
    kind = schema["type"]
    right: dict[str, Callable[[], bool]] = {
        "string": lambda: isinstance(value, str) and bool(value.strip()),
        "boolean": lambda: isinstance(value, bool),
        "integer": lambda: type(value) is int and schema["minimum"] <= value <= schema["maximum"],
        "array": lambda: isinstance(value, list) and bool(value) and all(isinstance(each, str) and each.strip() for each in value),
    }
    if right[kind]():
        return True
    allowed = {
        "string": "text",
        "boolean": "true or false",
        "integer": f"a whole number, {schema.get('minimum')} to {schema.get('maximum')}",
        "array": "a list of texts",
    }[kind]
    document.report((name,), f"{name!r} must be {allowed}", KEYS[name].describe)
    return False


def _default(name: str, value: Any, folder: Path) -> Any:
    if KEYS[name].place:
        if isinstance(value, list):
            return [_beside(folder, each) for each in value]
        return value if "://" in value or (name == "inventory" and value == "ssh-config") else _beside(folder, value)
    return ",".join(value) if name in _JOINED else value


def _beside(folder: Path, place: str) -> str:
    return str(folder / Path(place).expanduser())
