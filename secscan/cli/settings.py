"""The keys of the project file `secscan.yml`: what each fills, what it may be, and what it says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan.cli.channels import NOTIFY_SCHEMA, read_notify
from secscan.cli.written import KINDS, beside, is_written_as
from secscan.documents import Document
from secscan.errors import UsageError


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file: the parameter of the commands it fills, its JSON Schema, and what it says.

    `read` makes a value of more than words of what is written at the key, relative to a folder; None after a problem.
    """

    parameter: str
    schema: Mapping[str, Any]
    describe: str
    place: bool = False  # a path, relative to the file
    read: Callable[[Document, str, Any, Path], Any] | None = None


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """Further reports of a run: these formats into this folder; language and terms None: those of the other reports.

    `redact`: these are to be shown to others, whatever is done with the other reports.
    """

    formats: tuple[str, ...]
    directory: Path
    language: str | None = None
    terms: Path | None = None
    redact: bool = False


_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_TEXTS: dict[str, Any] = {"type": "array", "minItems": 1, "items": _TEXT}
_ORDER: dict[str, dict[str, Any]] = {
    "formats": {**_TEXTS, "description": "the reports to write there"},
    "directory": {**_TEXT, "description": "the folder they go to"},
    "language": {**_TEXT, "description": "their language, where it is another than `language`"},
    "terms": {**_TEXT, "description": "their file of terms, where it is another than `terms`"},
    "redact": {"type": "boolean", "description": "true: reports to show to others, without names, addresses, values and evidence"},
}
_ORDERS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "properties": _ORDER, "required": ["formats", "directory"], "additionalProperties": False},
}


def _read_orders(document: Document, name: str, value: Any, folder: Path) -> tuple[ReportOrder, ...] | None:
    """The key `reports`."""
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        document.report((name,), f"{name!r} must be a list of mappings", ", ".join(_ORDER))
        return None
    before = len(document.problems)
    found = []
    for number, each in enumerate(value):
        document.reject_unknown((name, number), each, _ORDER)
        for word in ("formats", "directory"):
            if word not in each:
                document.report((name, number), f"{word!r} is missing", _ORDER[word]["description"])
        for word, schema in _ORDER.items():
            if word in each and not is_written_as(schema, each[word]):
                document.report((name, number, word), f"{word!r} must be {KINDS[schema['type']]}", schema["description"])
        if len(document.problems) == before:
            terms = Path(beside(folder, each["terms"])) if "terms" in each else None
            directory = Path(beside(folder, each["directory"]))
            found.append(ReportOrder(tuple(each["formats"]), directory, each.get("language"), terms, each.get("redact", False)))
    return tuple(found) if len(document.problems) == before else None


def _read_policy(document: Document, name: str, value: Any, _folder: Path) -> str | None:
    """The key `keep`."""
    from secscan.history.retention import ALLOWED, parse_policy  # noqa: PLC0415 - keep --help free of it

    if isinstance(value, str):
        with contextlib.suppress(UsageError):
            parse_policy(value)
            return value
    document.report((name,), f"{name!r} cannot be {value!r}", f"{ALLOWED}, joined by commas, each word once")
    return None


KEYS = {
    "inventory": Key("inventory", _TEXT, "the inventory file", place=True),
    "baseline": Key("baseline", _TEXT, "the baseline to judge by"),
    "content": Key("content", _TEXTS, "folders of your own with checks/ and baselines/", place=True),
    "waivers": Key("waivers", _TEXTS, "files of accepted failures", place=True),
    "attestations": Key("attestations", _TEXT, "the folder of statements that people sign", place=True),
    "oversight": Key("registers", _TEXTS, "files of recommendations of oversight bodies (secscan oversight)", place=True),
    "organization": Key("organization", _TEXT, "what reports call the organization that statements are about"),
    "history": Key("history", _TEXT, "the file or database URL that runs are remembered in", place=True),
    "keep": Key("policy", _TEXT, "which runs are kept, such as daily 30, weekly 12, yearly 7; all unless said", read=_read_policy),
    "output": Key("output", _TEXT, "the folder that reports and evidence go to", place=True),
    "formats": Key("formats", _TEXTS, "the reports to write: text, html, json, csv, ... (secscan report --help)"),
    "reports": Key("", _ORDERS, "further reports of `secscan run`: other folders, formats, languages", read=_read_orders),
    "notify": Key("", NOTIFY_SCHEMA, "whom to tell what, without being asked (secscan notify)", read=read_notify),
    "prometheus": Key("prometheus", _TEXT, "a file of numbers for node_exporter's textfile collector, NAME.prom", place=True),
    "language": Key("language", _TEXT, "the language of reports for people: ar, zh, en, fr, ru, es"),
    "terms": Key("terms", _TEXT, "a file of your organization's words in place of ours", place=True),
    "governance": Key("governance", _TEXT, "a file of your targets, risks and proposed adjustments (secscan kpi)", place=True),
    "redact": Key("redact", {"type": "boolean"}, "reports to show to others: without names, addresses, values and evidence"),
    "redact_key": Key("redact_key", _TEXT, "a private file (mode 0600) with a secret that keeps pseudonyms the same", place=True),
    "fail_on": Key("fail_on", _TEXTS, "what ends with exit code 1: a severity; error, manual, unreachable; or never"),
    "limit": Key("limit", _TEXTS, "only hosts where site=..., label=..., host=..."),
    "become": Key("become", {"type": "boolean"}, "ask as root, by sudo once around the whole script"),
    "workers": Key("workers", {"type": "integer", "minimum": 1, "maximum": 64}, "hosts asked at the same time"),
    "identity": Key("identity", _TEXT, "the SSH private key to sign in with", place=True),
    "known_hosts": Key("known_hosts", _TEXT, "known host keys instead of ~/.ssh/known_hosts", place=True),
    "ssh_config": Key("ssh_config", _TEXT, "OpenSSH client configuration instead of ~/.ssh/config", place=True),
    "password_file": Key("password_file", _TEXT, "a private file (mode 0600) with the SSH password", place=True),
    "password_keyring": Key("password_keyring", _TEXT, "SERVICE/USER of the SSH password in the keyring"),
    "passphrase_keyring": Key("passphrase_keyring", _TEXT, "SERVICE/USER of the passphrase of the SSH key in the keyring"),
    "become_password_keyring": Key("become_password_keyring", _TEXT, "SERVICE/USER of the sudo password in the keyring"),
    "become_password_file": Key("become_password_file", _TEXT, "a private file (mode 0600) with the sudo password", place=True),
    "connect_timeout": Key("connect_timeout", {"type": "integer", "minimum": 1, "maximum": 600}, "seconds to connect"),
    "timeout": Key("timeout", {"type": "integer", "minimum": 5, "maximum": 7200}, "seconds for one whole host"),
    "log_format": Key(
        "log_format", {"type": "string", "enum": ["text", "json"]}, "what is said on standard error: lines, or JSON with the run id"
    ),
}  # fmt: skip


def configuration_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of secscan.yml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The project file of secscan",
        "type": "object",
        "properties": {name: {**key.schema, "description": key.describe} for name, key in KEYS.items()},
        "additionalProperties": False,
    }
