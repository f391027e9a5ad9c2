"""Our own inventory file: organization, sites, defaults and hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from secscan.addresses import check_host, check_port, check_user
from secscan.documents import Document, Keys, did_you_mean, text_of
from secscan.inventory.contents import NO_SECRETS, Inventory, Site
from secscan.inventory.entries import Entry, check_criticality, entries
from secscan.inventory.services import check_dependencies, read_repositories, read_services
from secscan.inventory.targets import ENGINES, check_keyring, check_name, parse_target
from secscan.model.target import Become, Target
from secscan.model.values import Scalar

TOP_KEYS = ("organization", "defaults", "sites", "hosts", "repositories", "services")
_KEYRING_KEYS = ("password_keyring", "passphrase_keyring")
SITE_KEYS = ("id", "title", "user", "port", "labels", "criticality", "become", *_KEYRING_KEYS, "parameters", "options")
DEFAULT_KEYS = (
    "transport", "user", "port", "site", "labels", "criticality", "become", *_KEYRING_KEYS, "pinned", "parameters", "options",
)  # fmt: skip
HOST_KEYS = ("name", "address", *DEFAULT_KEYS)
_SECRETS = ("password", "passphrase", "become_password", "ssh_password", "sudo_password")
_OVER_SSH = ("ssh", "openssh")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Common:
    """What hosts may share: from `defaults`, from their site, from themselves; the later wins."""

    transport: str = ""
    user: str = ""
    port: int = 0
    site: str = ""
    criticality: str = ""
    become: Become | None = None
    become_said: bool = False
    password_keyring: str = ""
    passphrase_keyring: str = ""
    pinned: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    options: Mapping[str, Scalar] = field(default_factory=dict)


def read_own(document: Document) -> Inventory:
    """The inventory in a document. Raises InputError with every problem of the file."""
    data = document.data if isinstance(document.data, dict) else {}
    if not data and not document.problems:
        document.report((), "an inventory must be a mapping with hosts", ", ".join(TOP_KEYS))
    document.reject_unknown((), data, TOP_KEYS)
    top = Entry(document, (), data)
    defaults = _read_common(Entry(document, ("defaults",), top.mapping("defaults")), DEFAULT_KEYS)
    sites: dict[str, tuple[Site, _Common]] = {}
    for entry in entries(top, "sites"):
        common = _read_common(entry, SITE_KEYS)
        site = Site(entry.checked("id", check_name, ""), entry.checked("title", str, ""), common.parameters)
        if not site.id and "id" not in entry.data:
            document.report(entry.keys, "a site has no 'id'", ", ".join(SITE_KEYS))
        if site.id in sites:
            entry.report("id", f"duplicate site {site.id!r}")
        sites[site.id] = (site, common)
    targets = _read_hosts(top, defaults, sites)
    repositories = read_repositories(top, {target.name: target.site for target in targets}, sites)
    services = read_services(top, [target.name for target in targets], sites, repositories)
    check_dependencies(top, services)
    document.raise_problems()
    organization = top.checked("organization", str, "")
    return Inventory(targets, organization, tuple(site for site, _ in sites.values()), (), repositories, services)


def _read_hosts(top: Entry, defaults: _Common, sites: Mapping[str, tuple[Site, _Common]]) -> tuple[Target, ...]:
    targets: dict[str, Target] = {}
    first: dict[str, Keys] = {}
    for entry in entries(top, "hosts"):
        target = _read_host(entry, defaults, sites)
        if target.name and target.name in first:
            line, _ = entry.document.at(first[target.name])
            entry.report("name", f"duplicate host {target.name!r}, first in line {line}")
        first.setdefault(target.name, entry.keys)
        targets[target.name] = target
    if "hosts" not in top.data and top.data:
        top.report("hosts", "there are no 'hosts'", ", ".join(TOP_KEYS))
    return tuple(targets.values())


def _read_host(entry: Entry, defaults: _Common, sites: Mapping[str, tuple[Site, _Common]]) -> Target:
    own = _read_common(entry, HOST_KEYS)
    if entry.data.get("name") is None:
        entry.document.report(entry.keys, "a host has no 'name'", ", ".join(HOST_KEYS))
    site = own.site or defaults.site
    if site and site not in sites:
        place = entry if own.site else Entry(entry.document, ("defaults",), {})
        place.report(
            "site", f"unknown site {site!r}{did_you_mean(site, sites)}", ", ".join(sites) or "none is listed under 'sites'"
        )
    layers = (defaults, sites[site][1] if site in sites else _Common(), own)
    base = _named(entry)
    transport = _latest(layer.transport for layer in layers) or base.transport
    engine = {"engine": transport} if transport in ENGINES else {}
    target = Target(
        name=base.name,
        transport="container" if engine else transport,
        address=entry.checked("address", str, "") or base.address or base.name,
        port=own.port or base.port or _latest(layer.port for layer in layers[:2]) or 0,
        user=own.user or base.user or _latest(layer.user for layer in layers[:2]) or "",
        site=site,
        criticality=_latest(layer.criticality for layer in layers) or "",
        labels={key: value for layer in layers for key, value in layer.labels.items()},
        become=next((layer.become for layer in reversed(layers) if layer.become_said), None),
        password_keyring=_latest(layer.password_keyring for layer in layers) or "",
        passphrase_keyring=_latest(layer.passphrase_keyring for layer in layers) or "",
        pinned=next((layer.pinned for layer in reversed(layers) if layer.pinned is not None), False),
        parameters=_merged(layer.parameters for layer in layers),
        options={**base.options, **engine, **{key: value for layer in layers for key, value in layer.options.items()}},
    )
    _check_address(entry, target)
    return target


def _check_address(entry: Entry, target: Target) -> None:
    if target.transport in _OVER_SSH and target.name:
        Entry(entry.document, entry.keys, {"address": target.address}).checked("address", check_host, "")
    elif target.transport == "chroot" and not target.address.startswith("/"):
        entry.report("address", "the address of a chroot must be the absolute path of a directory")


def _named(entry: Entry) -> Target:
    """The target that a name alone stands for: a name is also an address, and may say everything, as on the command line."""
    text = entry.data.get("name")
    if len(entry.data) == 1 and isinstance(text, str):
        return entry.checked("name", parse_target, Target(""))
    return Target(entry.checked("name", check_name, ""))


def _read_common(entry: Entry, known: Iterable[str]) -> _Common:
    for key in entry.data:
        if key in _SECRETS:
            entry.report(key, NO_SECRETS)
        elif key not in known:
            entry.document.reject_unknown(entry.keys, (key,), known)
    return _Common(
        transport=entry.checked("transport", str, ""),
        user=entry.checked("user", check_user, ""),
        port=entry.checked("port", check_port, 0),
        site=entry.checked("site", str, ""),
        criticality=entry.checked("criticality", check_criticality, ""),
        become=_read_become(entry),
        become_said=entry.data.get("become") is not None,
        password_keyring=entry.checked("password_keyring", check_keyring, ""),
        passphrase_keyring=entry.checked("passphrase_keyring", check_keyring, ""),
        pinned=entry.boolean("pinned"),
        labels=_read_labels(entry),
        parameters=_read_parameters(entry),
        options=_read_options(entry),
    )


def _read_become(entry: Entry) -> Become | None:
    value = entry.data.get("become")
    if value is None or value is False:
        return None
    if value is True:
        return Become()
    if not isinstance(value, dict):
        entry.report("become", "'become' must be true, false or a mapping", "user, password_keyring")
        return None
    inner = Entry(entry.document, (*entry.keys, "become"), value)
    if "password" in value:
        inner.report("password", NO_SECRETS)
    else:
        entry.document.reject_unknown(inner.keys, value, ("user", "password_keyring"))
    return Become(inner.checked("user", check_user, "root"), password_keyring=inner.checked("password_keyring", check_keyring, ""))


def _read_labels(entry: Entry) -> Mapping[str, str]:
    """Labels as a list of words, or as a mapping of words to values."""
    value = entry.data.get("labels")
    if value is None:
        return {}
    pairs = (
        value.items() if isinstance(value, dict) else ((word, "") for word in value) if isinstance(value, list) else ((None, None),)
    )
    labels = {}
    for key, written in pairs:
        if not isinstance(key, str | int) or isinstance(written, dict | list) or any(sign in str(key) for sign in ",=!"):
            entry.report("labels", "'labels' must be a list of words or a mapping of words to words", "words without , = and !")
            return {}
        labels[str(key)] = text_of(written)
    return labels


def _read_parameters(entry: Entry) -> Mapping[str, Mapping[str, object]]:
    value = entry.mapping("parameters")
    for check, settings in value.items():
        if not isinstance(settings, dict):
            entry.document.report((*entry.keys, "parameters", check), "parameters of a check must be a mapping", "PARAMETER: VALUE")
    return {check: settings for check, settings in value.items() if isinstance(settings, dict)}


def _read_options(entry: Entry) -> Mapping[str, Scalar]:
    options: dict[str, Scalar] = {}
    for key, value in entry.mapping("options").items():
        place = (*entry.keys, "options", key)
        if key in _SECRETS:
            entry.document.report(place, NO_SECRETS)
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            options[key] = tuple(value)
        elif isinstance(value, str | int | bool):
            options[key] = value
        else:
            entry.document.report(place, f"option {key!r} must be text, a number, true, false or a list of texts")
    return options


def _latest(values: Iterable[_T]) -> _T | None:
    """The last value that says something."""
    said = [value for value in values if value]
    return said[-1] if said else None


def _merged(layers: Iterable[Mapping[str, Mapping[str, object]]]) -> Mapping[str, Mapping[str, object]]:
    merged: dict[str, dict[str, object]] = {}
    for layer in layers:
        for check, settings in layer.items():
            merged.setdefault(check, {}).update(settings)
    return merged
