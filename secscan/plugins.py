"""What is installed: probes, matchers, transports, inquiries and reporters, built in or from other packages, found once.

Other packages register by entry points named `secscan.probes`, `secscan.matchers`, `secscan.transports`, `secscan.inquiries` and
`secscan.reporters`, each naming a Probe, a Matcher, a Transport or Inquiry callable or a Reporter. A plugin that does not load
stops secscan: nothing is dropped quietly.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from secscan.errors import PluginError
from secscan.messages import Message, phrase
from secscan.model.matcher import Matcher
from secscan.model.probe import Probe

if TYPE_CHECKING:
    from secscan.model.inquiry import Inquiry
    from secscan.model.target import Transport
    from secscan.reporters import Reporter

TRANSPORTS = ("ssh", "local", "chroot", "container", "openssh")


@cache
def probes() -> Mapping[str, Probe]:
    """Every installed probe by name."""
    found = {module.PROBE.name: module.PROBE for module in _modules("secscan.probes")}
    return _with_outside("secscan.probes", found, Probe)


@cache
def matchers() -> Mapping[str, Matcher]:
    """Every installed matcher by name."""
    found = {matcher.name: matcher for module in _modules("secscan.matchers") for matcher in module.MATCHERS}
    return _with_outside("secscan.matchers", found, Matcher)


REPORTERS: Mapping[str, str] = {  # name -> module below secscan.reporters
    "text": "text",
    "html": "html",
    "portal": "html.portal",
    "pdf": "html.pdf",
    "json": "json",
    "csv": "csv",
    "junit": "junit",
    "markdown": "markdown",
    "sarif": "sarif",
    "xccdf": "xccdf",
    "hdf": "hdf",
    "oscal": "oscal.results",
    "poam": "oscal.poam",
    "ocsf": "ocsf",
    "prometheus": "prometheus",
    "nagios": "nagios",
}


EXTRAS: Mapping[str, tuple[str, str]] = {"pdf": ("typst", "Typst")}  # reporter -> module and name of what its extra brings


def missing_extra(name: str) -> str:
    """What a reporter needs and is not installed, with how to install it; empty where nothing is missing."""
    module, called = EXTRAS.get(name, ("", ""))
    if not module or find_spec(module):
        return ""
    text = phrase("the format {name} needs {called}, which is not installed; allowed: pip install 'secscan[{name}]'")
    return Message(text, name=name, called=called)


def reporter_names() -> tuple[str, ...]:
    """The names of every installed reporter, without importing any."""
    return tuple(sorted({*REPORTERS, *_outside("secscan.reporters")}))


@cache
def reporter(name: str) -> Reporter:
    """The reporter of that name; its module is imported only now."""
    from secscan.reporters import Reporter  # noqa: PLC0415 - a scan that writes no report needs none

    outside = _outside("secscan.reporters")
    taken = [entry.value for word, entry in outside.items() if word in REPORTERS]
    if taken:
        raise PluginError(
            "plugin {plugin} takes a name that is taken; allowed: any name but {taken}", plugin=taken[0], taken=list(REPORTERS)
        )
    if name in REPORTERS:
        return cast("Reporter", import_module(f"secscan.reporters.{REPORTERS[name]}").REPORTER)
    plugin = _load(outside[name])
    if not isinstance(plugin, Reporter):
        raise _of_another_kind(outside[name], plugin, Reporter)
    return plugin


@cache
def transport(name: str) -> Transport:
    """The transport of that name; its module is imported only now."""
    if name in TRANSPORTS:
        return cast("Transport", import_module(f"secscan.transports.{name}").TRANSPORT)
    outside = _outside("secscan.transports")
    if name not in outside:
        raise PluginError(
            "no transport is named {name!r}; allowed: {allowed}", name=name, allowed=[*TRANSPORTS, "replay", *outside]
        )
    return cast("Transport", _load(outside[name]))


@cache
def inquiry(name: str) -> Inquiry:
    """What asks the questions of the probe of that name from the scanner's side; its module is imported only now."""
    outside = _outside("secscan.inquiries")
    built_in = {info.name for info in pkgutil.iter_modules(import_module("secscan.inquiries").__path__)}
    if name in outside and name in built_in:
        raise _taken(outside[name])
    if name in built_in:
        return cast("Inquiry", import_module(f"secscan.inquiries.{name}").INQUIRY)
    if name not in outside:
        raise PluginError(
            "nothing asks the questions of probe {name!r}; allowed: a plugin of that name in secscan.inquiries", name=name
        )
    return cast("Inquiry", _load(outside[name]))


def _modules(package: str) -> Iterator[Any]:
    for info in pkgutil.iter_modules(import_module(package).__path__):
        yield import_module(f"{package}.{info.name}")


def _with_outside(group: str, found: dict[str, Any], kind: type) -> Mapping[str, Any]:
    for name, entry in _outside(group).items():
        plugin: Any = _load(entry)
        if not issubclass(type(plugin), kind):
            raise _of_another_kind(entry, plugin, kind)
        if name in found:
            raise _taken(entry)
        if plugin.name != name:
            text = phrase("plugin {plugin} calls itself {own!r} but is registered as {name!r}")
            raise PluginError(text, plugin=entry.value, own=plugin.name, name=name)
        found[name] = plugin
    return found


@cache
def _outside(group: str) -> Mapping[str, Any]:
    """Entry points of a group, without importing importlib.metadata when no installed package declares any."""
    if not any(_declares_plugins(place) for place in sys.path):
        return {}
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs 40 ms, and most machines have no plugins

    found: dict[str, Any] = {}
    for entry in entry_points(group=group):
        if entry.name in found and found[entry.name].value != entry.value:
            first, second = found[entry.name].value, entry.value
            raise PluginError("two plugins are named {name!r}: {first} and {second}", name=entry.name, first=first, second=second)
        found[entry.name] = entry
    return found


@cache
def _declares_plugins(place: str) -> bool:
    """Whether any package metadata below a directory of sys.path names a group of ours."""
    from pathlib import Path  # noqa: PLC0415 - beside its only use

    try:
        return any(b"[secscan." in listing.read_bytes() for listing in Path(place or ".").glob("*.*-info/entry_points.txt"))
    except OSError:
        return False


def _load(entry: Any) -> Any:
    try:
        return entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PluginError("plugin {plugin} cannot be loaded: {reason}", plugin=entry.value, reason=reason) from error


def _of_another_kind(entry: Any, plugin: object, kind: type) -> PluginError:
    told = {"plugin": entry.value, "found": type(plugin).__name__, "kind": kind.__name__}
    return PluginError("plugin {plugin} is a {found}, allowed: a {kind}", **told)


def _taken(entry: Any) -> PluginError:
    return PluginError("plugin {plugin} takes the name {name!r}, which is taken", plugin=entry.value, name=entry.name)
