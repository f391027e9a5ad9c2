"""The JSON Schema of our own inventory file, so that editors complete and explain it."""

from __future__ import annotations

from typing import Any

from secscan.inventory.contents import CRITICALITIES
from secscan.inventory.own import DEFAULT_KEYS, HOST_KEYS, SITE_KEYS, TOP_KEYS
from secscan.inventory.services import TOOLS
from secscan.model.values import PATTERNS, Type

_WORD: dict[str, Any] = {"type": ["string", "number"]}
_OBJECTIVE: dict[str, Any] = {"type": "string", "pattern": f"^{PATTERNS[Type.DURATION]}$"}
_KEYRING: dict[str, Any] = {"type": "string", "pattern": "^.+/[^/]+$"}
_WORDS: dict[str, Any] = {"type": "array", "items": _WORD}
_PROPERTIES: dict[str, dict[str, Any]] = {
    "id": {**_WORD, "description": "how hosts name this site"},
    "title": {**_WORD, "description": "the site's name for people"},
    "name": {**_WORD, "description": "the host's name in reports; alone it may be ssh://USER@HOST:PORT, chroot:///DIR, local, ..."},
    "address": {**_WORD, "description": "where it is reached, when the name is not that"},
    "transport": {
        "description": "how it is asked; ssh unless said",
        "examples": ["ssh", "local", "chroot", "container", "docker", "podman", "openssh"],
        "type": "string",
    },
    "user": {**_WORD, "description": "who signs in"},
    "port": {"type": ["integer", "string"], "description": "TCP port, 22 unless said"},
    "site": {**_WORD, "description": "the id of one of `sites`"},
    "labels": {
        "description": "words to select hosts by (--limit label=web), and for `applies_to: {label: ...}` of checks",
        "oneOf": [
            {"type": "array", "items": _WORD, "minItems": 1},
            {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
        ],
    },
    "criticality": {"enum": list(CRITICALITIES), "description": "what its loss would mean"},
    "become": {
        "description": "ask as root, by sudo once around the whole script",
        "oneOf": [
            {"type": "boolean"},
            {
                "type": "object",
                "properties": {
                    "user": {**_WORD, "description": "root unless said"},
                    "password_keyring": {**_KEYRING, "description": "the sudo password in the keyring, SERVICE/USER"},
                },
                "additionalProperties": False,
            },
        ],
    },
    "password_keyring": {**_KEYRING, "description": "the SSH password in the keyring, SERVICE/USER"},
    "passphrase_keyring": {**_KEYRING, "description": "the passphrase of the SSH key in the keyring, SERVICE/USER"},
    "pinned": {"type": "boolean", "description": "the host has the collector installed and runs nothing else for this key"},
    "parameters": {
        "description": "values for parameters of checks here: CHECK: {PARAMETER: VALUE}",
        "type": "object",
        "additionalProperties": {"type": "object"},
    },
    "options": {
        "description": "of the transport: identity, certificate, known_hosts, ssh_config, proxy_jump, host_key_policy, engine, ...",
        "type": "object",
    },
}


def inventory_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of inventory.yml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An inventory of secscan",
        **_entry(TOP_KEYS, ("hosts",)),
        "properties": {
            "organization": {**_WORD, "description": "whose hosts these are"},
            "defaults": {**_entry(DEFAULT_KEYS), "description": "what holds for every host that does not say otherwise"},
            "sites": {
                "description": "places with hosts; what a site says holds for its hosts",
                **_list(_entry(SITE_KEYS, ("id",))),
            },
            "hosts": {
                "description": "a name, or a mapping with what differs",
                **_list({"oneOf": [{"type": "string"}, _entry(HOST_KEYS, ("name",))]}),
            },
            "repositories": {"description": "where backups are kept, on hosts that are asked", **_list(_repository())},
            "services": {"description": "what people use, its objectives and its data", **_list(_service())},
        },
    }


def _repository() -> dict[str, Any]:
    properties = {
        "id": {**_WORD, "description": "how data sets name this repository"},
        "host": {**_WORD, "description": "the host of `hosts` that keeps it and is asked for proof"},
        "path": {
            **_WORD,
            "description": "its location as the probes tell it: a path, a stanza such as `main repo1`, a volume, a series",
        },
        "tool": {"enum": list(TOOLS), "description": "what writes it"},
        "site": {**_WORD, "description": "the id of one of `sites`; that of its host unless said"},
        "immutable": {
            "description": "nobody can change what was written: true, false, or for how long after it was written",
            "oneOf": [{"type": "boolean"}, _OBJECTIVE],
        },
    }
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": ["id", "host", "path", "tool"]}


def _service() -> dict[str, Any]:
    properties = {
        "name": {**_WORD, "description": "the name of the service"},
        "owner": {**_WORD, "description": "who answers for it"},
        "criticality": {"enum": list(CRITICALITIES), "description": "what its loss would mean"},
        "rpo": {**_OBJECTIVE, "description": "how much work may be lost at most, such as 4h"},
        "rto": {**_OBJECTIVE, "description": "how long it may take at most until it is back, such as 8h"},
        "sites": {**_WORDS, "description": "the sites it runs at"},
        "hosts": {**_WORDS, "description": "the hosts it runs on, each able to carry it alone"},
        "depends_on": {**_WORDS, "description": "services it cannot run without"},
        "steps": {
            "description": "what recovery takes beside the restore, such as {detect: 15m, decide: 30m, provision: 2h}",
            "type": "object",
            "additionalProperties": _OBJECTIVE,
        },
        "data_sets": {"description": "the data it needs", **_list(_data_set())},
    }
    required = ["name", "owner", "criticality", "rpo", "rto"]
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


def _data_set() -> dict[str, Any]:
    properties = {
        "id": {**_WORD, "description": "its name within the service"},
        "host": {**_WORD, "description": "the host of `hosts` that it lies on"},
        "paths": {"description": "files below these absolute paths", "type": "array", "minItems": 1, "items": {"type": "string"}},
        "database": {**_WORD, "description": "a database, or the stanza that saves it, instead of paths"},
        "backups": {**_WORDS, "description": "ids of the repositories that save it"},
        "replicas": {**_WORDS, "description": "hosts with a live copy that can take over"},
        "tested_on": {**_WORDS, "description": "further hosts whose records of restore tests count"},
        "without": {**_WORDS, "description": "patterns and paths of it that backups may leave out, as their programs write them"},
    }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": ["id", "host"],
        "oneOf": [{"required": ["paths"]}, {"required": ["database"]}],
    }


def _entry(keys: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Any]:
    known = {key: _PROPERTIES[key] for key in keys if key in _PROPERTIES}
    schema: dict[str, Any] = {"type": "object", "properties": known, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": item}
