"""The project: `secscan.yml` and the environment, as defaults of the options, each with the place it comes from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from secscan.cli.channels import Notify
from secscan.cli.confidential import SECRET_VARIABLES
from secscan.cli.journal import note
from secscan.cli.settings import KEYS, Key, ReportOrder
from secscan.cli.written import KINDS, beside, is_written_as
from secscan.documents import Document, did_you_mean, read_document
from secscan.errors import UsageError
from secscan.messages import Message
from secscan.scheduling.planned import SHUT_IN

FILE = "secscan.yml"
PREFIX = "SECSCAN_"
_JOINED = ("formats", "fail_on")  # the command line has them as words with commas between
_WORDS = (("inventory", "ssh-config"), ("ssh_config", "none"))  # words that are no places
_FILE_URL = "sqlite:///"  # what follows is a path
_COMMANDS = ("run", "config", "doctor", "scan", "collect", "evaluate", "explain", "plan", "diff", "history", "continuity")
_GROUPS = {
    "runs": ("list", "failing", "forget", "upgrade"),
    "attest": ("new", "list", "verify", "due", "report"),
    "kpi": ("show", "report", "risks"),
    "notify": ("test", "check"),
    "waiver": ("add", "check"),
    "check": ("record",),
}
_WORDS_OF_REPORTS = ("language", "terms", "redact", "redact_key", "content", "registers")
_ONLY: dict[str, tuple[str, ...]] = {"report": _WORDS_OF_REPORTS, "import": ("history",), "schema": ("content",)}
"""Commands that take some keys alone, because a word such as `output` means something else there."""
_OF_CONTENT = {
    "check": ("list", "show", "lint", "test", "pages"),
    "baseline": ("list", "show", "lint"),
    "requirement": ("list", "show", "coverage"),
}
"""Commands that look at content, ours and that of the project."""
_OF_OVERSIGHT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("list", "show", "ageing"), ("content", "registers")),
    "report": ("content", "registers", "language", "terms"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as an option takes it, and where it was written: `secscan.yml:3`, `environment variable SECSCAN_BASELINE`."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What holds where the command line does not say, by key. `path` is the project file, None where there is none."""

    path: Path | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def reports(self) -> tuple[ReportOrder, ...]:
        """The further reports of a run."""
        found: tuple[ReportOrder, ...] = self.settings["reports"].value if "reports" in self.settings else ()
        return found

    @property
    def notify(self) -> Notify | None:
        """Whom to tell what; None where nobody is told anything."""
        found: Notify | None = self.settings["notify"].value if "notify" in self.settings else None
        return found

    def defaults(self) -> dict[str, dict[str, Any]]:
        """Defaults of the parameters of each command."""
        defaults = {KEYS[name].parameter: setting.value for name, setting in self.settings.items() if KEYS[name].parameter}
        content = {name: value for name, value in defaults.items() if name == "content"}
        groups: dict[str, dict[str, Any]] = {group: dict.fromkeys(names, defaults) for group, names in _GROUPS.items()}
        for group, names in _OF_CONTENT.items():
            groups[group] = {**groups.get(group, {}), **dict.fromkeys(names, content)}
        groups["oversight"] = {command: _only(defaults, names) for command, names in _OF_OVERSIGHT.items()}
        some = {command: _only(defaults, names) for command, names in _ONLY.items()}
        return {**dict.fromkeys(_COMMANDS, defaults), **groups, **some}


def _only(defaults: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The defaults of some parameters."""
    return {name: defaults[name] for name in names if name in defaults}


def configuration_of(context: click.Context) -> Configuration:
    """The project of a command that runs."""
    found = context.find_root().obj
    return found if isinstance(found, Configuration) else Configuration()


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
            text = Message("note: {file} was not read, because others can change it; name it with --config to use it", file=FILE)
            note("note", text, "warning")
            return None
    return path


def read_configuration(path: Path | None, environment: Mapping[str, str], language: str | None = None) -> Configuration:
    """What the file says, over it the variables SECSCAN_<KEY>, and over these the language before the command.

    Raises UsageError, InputError with every problem of the file.
    """
    spoken = {"language": Setting(language, Message("command line"))} if language else {}
    return Configuration(path, {**(_read_file(path) if path else {}), **_read_environment(environment), **spoken})


def unread_variables(configuration: Configuration, environment: Mapping[str, str]) -> dict[str, Message]:
    """Variables that look like ours and that nobody reads, each with what is to be told of it."""
    known = {PREFIX + name.upper() for name, key in KEYS.items() if key.parameter} | {*SECRET_VARIABLES.values(), SHUT_IN}
    channels = configuration.notify.channels if configuration.notify else ()
    read = known | {channel.place for channel in channels if channel.kind == "env"}
    return {
        name: Message("environment variable {name} is not read by secscan{near}", name=name, near=did_you_mean(name, known))
        for name in sorted(environment)
        if name.startswith(PREFIX) and environment[name] and name not in read
    }


def tell_unread_variables(configuration: Configuration) -> None:
    """Say which variables are there for nothing."""
    for name, told in unread_variables(configuration, os.environ).items():
        note("unknown_variable", Message("note: {note}", note=told), "warning", variable=name)


def _read_file(path: Path) -> dict[str, Setting]:
    if not path.exists():
        raise UsageError("there is no configuration {path!r}; allowed: a file that `secscan init` writes", path=str(path))
    document = read_document(path)
    data = document.data if document.data is not None or document.problems else {}
    settings: dict[str, Setting] = {}
    if not isinstance(data, dict):
        if not document.problems:
            document.report((), "a configuration must be a mapping", ", ".join(KEYS))
        document.raise_problems()
    document.reject_unknown((), data, KEYS)
    for name, written in data.items():
        if name in KEYS:
            value = _read_value(document, name, written, path.parent)
            if value is not None:
                settings[name] = Setting(value, f"{path}:{document.at((name,))[0]}")
    document.raise_problems()
    return settings


def _read_value(document: Document, name: str, written: Any, folder: Path) -> Any:
    """The value of a key as options take it; None after a problem."""
    key = KEYS[name]
    if key.read:
        return key.read(document, name, written, folder)
    if is_written_as(key.schema, written):
        return _default(name, written, folder)
    document.report((name,), f"{name!r} must be {_allowed(key)}", key.describe)
    return None


def _allowed(key: Key) -> str:
    schema = key.schema
    if "enum" in schema:
        return " or ".join(schema["enum"])
    return KINDS[schema["type"]] + (f", {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else "")


def _read_environment(environment: Mapping[str, str]) -> dict[str, Setting]:
    settings = {}
    for name, key in KEYS.items():
        variable = PREFIX + name.upper()
        if not key.parameter or not environment.get(variable):
            continue
        value = _from_words(key, environment[variable])
        if not is_written_as(key.schema, value):
            raise UsageError(
                "environment variable {variable} must be {allowed}; allowed: {describe}",
                variable=variable,
                allowed=_allowed(key),
                describe=key.describe,
            )
        settings[name] = Setting(_default(name, value, Path()), Message("environment variable {name}", name=variable))
    return settings


def _from_words(key: Key, text: str) -> Any:
    """What a variable says, as the file would: lists have commas between."""
    match key.schema["type"]:
        case "array":
            return [word.strip() for word in text.split(",")]
        case "integer":
            return int(text) if text.isdecimal() else text
        case "boolean":
            return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _default(name: str, value: Any, folder: Path) -> Any:
    if KEYS[name].place:
        if isinstance(value, list):
            return [beside(folder, each) for each in value]
        if value.startswith(_FILE_URL) and not value.startswith((f"{_FILE_URL}/", f"{_FILE_URL}:")):
            return _FILE_URL + beside(folder, value.removeprefix(_FILE_URL))
        return value if "://" in value or (name, value) in _WORDS else beside(folder, value)
    return ",".join(value) if name in _JOINED else value
