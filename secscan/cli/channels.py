"""The key `notify` of the project file: whom to tell what, and where the URL of each channel is kept, never the URL itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan.cli.confidential import SOURCES
from secscan.cli.written import KINDS, beside, is_written_as
from secscan.documents import Document, Keys

TOPICS = ("failures", "hosts", "runs", "endings")
SEVERITIES = ("critical", "high", "medium", "low")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_DURATION: dict[str, Any] = {"type": "string", "pattern": "^[0-9.]+[smhdwy]([0-9.]+[smhdwy])*$"}
_PLACES = tuple(f"url_{kind}" for kind in SOURCES)
_URL = f"one of {', '.join(_PLACES)}, because a URL holds secrets"
_CHANNEL: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "pattern": f"^{_NAME.pattern}$", "description": "what reports and logs call the channel"},
    "url_file": {**_TEXT, "description": "a private file (mode 0600) with the channel's Apprise URL in its first line"},
    "url_env": {**_TEXT, "description": "the environment variable with the URL"},
    "url_keyring": {**_TEXT, "description": "SERVICE/USER of the URL in the keyring"},
    "tell": {
        "type": "array", "minItems": 1, "items": {"enum": list(TOPICS)},
        "description": "what it is told; everything unless said",
    },
    "severity": {"type": "string", "enum": list(SEVERITIES), "description": "failures from this severity upwards; otherwise high"},
    "language": {**_TEXT, "description": "its language, where it is another than `language`"},
    "terms": {**_TEXT, "description": "its file of terms, where it is another than `terms`"},
}  # fmt: skip
_TOP: dict[str, dict[str, Any]] = {
    "channels": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": _CHANNEL,
            "required": ["name"],
            "additionalProperties": False,
            "oneOf": [{"required": [place]} for place in _PLACES],
        },
        "description": "whom to tell",
    },
    "every": {**_DURATION, "description": "a run did not happen when the last one is longer ago: 26h for a nightly one"},
    "remind": {**_DURATION, "description": "critical failures that stay are told again after this time; 7d unless said"},
    "ahead": {**_DURATION, "description": "how long before waivers, statements and certificates end; 30d unless said"},
}
NOTIFY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": _TOP,
    "required": ["channels"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to tell people. Its URL stands at `place`, which is of one of the kinds of SOURCES."""

    name: str
    kind: str
    place: str
    tell: tuple[str, ...] = TOPICS
    severity: str = "high"
    language: str | None = None
    terms: Path | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Whom to tell what. `every_s` None: nobody watches whether runs happen."""

    channels: tuple[Channel, ...]
    every_s: float | None = None
    remind_s: float = 7 * 86400.0
    ahead_s: float = 30 * 86400.0


def read_notify(document: Document, name: str, value: Any, folder: Path) -> Notify | None:
    """What is written at the key, relative to a folder; None after a problem. What is written is not repeated in problems."""
    before = len(document.problems)
    if not isinstance(value, dict):
        document.report((name,), f"{name!r} must be a mapping", ", ".join(_TOP))
        return None
    document.reject_unknown((name,), value, _TOP)
    durations = {key: _read_duration(document, (name, key), value[key]) for key in ("every", "remind", "ahead") if key in value}
    channels = _read_channels(document, (name, "channels"), value.get("channels"), folder)
    if len(document.problems) > before:
        return None
    return Notify(channels, **{f"{key}_s": seconds for key, seconds in durations.items()})


def _read_duration(document: Document, keys: Keys, written: Any) -> float:
    from secscan.model.values import read_duration  # noqa: PLC0415 - keep --help free of it

    try:
        seconds = read_duration(written) if isinstance(written, str) else 0.0
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        document.report(keys, f"{keys[-1]!r} must be a duration", "26h, 7d, 1d12h")
    return seconds


def _read_channels(document: Document, keys: Keys, value: Any, folder: Path) -> tuple[Channel, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        document.report(keys, "'channels' must be a list of mappings", ", ".join(_CHANNEL))
        return ()
    channels = [_read_channel(document, (*keys, number), each, folder) for number, each in enumerate(value)]
    names = [channel.name for channel in channels if channel]
    for number, channel in enumerate(channels):
        if channel and channel.name in names[:number]:
            document.report((*keys, number, "name"), f"two channels are named {channel.name!r}", "each name once")
    return tuple(channel for channel in channels if channel)


def _read_channel(document: Document, keys: Keys, data: dict[Any, Any], folder: Path) -> Channel | None:
    before = len(document.problems)
    if "url" in data:
        document.report((*keys, "url"), "a channel's URL does not belong into this file", _URL)
    document.reject_unknown(keys, [key for key in data if key != "url"], _CHANNEL)
    for word in [word for word in _CHANNEL if word in data]:
        schema = _CHANNEL[word]
        if not is_written_as(schema, data[word]):
            said = " or ".join(schema["enum"]) if "enum" in schema else KINDS[schema["type"]]
            document.report((*keys, word), f"{word!r} must be {said}", schema["description"])
    places = [place for place in _PLACES if place in data]
    if len(places) != 1 and "url" not in data:
        document.report(keys, "a channel must say where its URL is kept, once", _URL)
    if not isinstance(data.get("name"), str) or not _NAME.fullmatch(data["name"]):
        document.report((*keys, "name"), "a channel must have a name", "letters, digits and . _ -, at most 40")
    tell = data.get("tell")
    if isinstance(tell, list) and not set(map(str, tell)) <= set(TOPICS):
        document.report((*keys, "tell"), "'tell' names what nobody tells", ", ".join(TOPICS))
    if len(document.problems) > before:
        return None
    kind = places[0].removeprefix("url_")
    return Channel(
        data["name"],
        kind,
        beside(folder, data[places[0]]) if kind == "file" else data[places[0]],
        tuple(dict.fromkeys(tell)) if tell else TOPICS,
        data.get("severity", "high"),
        data.get("language"),
        Path(beside(folder, data["terms"])) if "terms" in data else None,
    )
