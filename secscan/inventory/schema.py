"""The JSON Schema of our own inventory file, so that editors complete and explain it."""

from __future__ import annotations

from typing import Any

from secscan.inventory.contents import CRITICALITIES
from secscan.inventory.own import DEFAULT_KEYS, HOST_KEYS, SITE_KEYS

_WORD: dict[str, Any] = {"type": ["string", "number"]}
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
            {"type": "object", "properties": {"user": {**_WORD, "description": "root unless said"}}, "additionalProperties": False},
        ],
    },
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
        **_entry(("organization", "defaults", "sites", "hosts"), ("hosts",)),
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
        },
    }


def _entry(keys: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Any]:
    known = {key: _PROPERTIES[key] for key in keys if key in _PROPERTIES}
    schema: dict[str, Any] = {"type": "object", "properties": known, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": item}
