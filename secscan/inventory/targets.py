"""Targets as people write them on a command line."""

from __future__ import annotations

import re
from pathlib import Path

from secscan.addresses import Address, parse_address, repeatable
from secscan.errors import UsageError
from secscan.model.target import Target

ENGINES = ("docker", "podman")
_SCHEME = re.compile(r"([a-z][a-z0-9_+-]*):(//)?(.*)\Z", re.DOTALL)
_PLACES = ("chroot", "replay")  # their address is a path, and one slash may be left out
ALLOWED = "[user@]host[:port], ssh://, openssh://, local, chroot:///DIR, container://[ENGINE/]NAME, docker://NAME, podman://NAME, replay:///BUNDLE"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,254}\Z")


def parse_target(text: str) -> Target:
    """One target. Raises UsageError with what is allowed.

    A scheme that is not built in names the transport of a plugin, which gets the rest as its address.
    """
    if text in ("local", "local:", "local://"):
        return Target("local", "local")
    match = _SCHEME.match(text)
    scheme, slashes, rest = match.groups() if match else ("", None, text)
    if scheme in _PLACES and rest:
        return _tree(scheme, rest)
    if not slashes or scheme == "ssh":
        return _host(text, "ssh")
    if scheme == "openssh":
        return _host(rest, "openssh")
    if scheme == "container" or scheme in ENGINES:
        return _container(scheme, rest)
    if not rest or scheme == "local":
        raise UsageError("cannot read {text!r} as a target; allowed: {allowed}", text=text, allowed=ALLOWED)
    return Target(check_name(rest.strip("/")), scheme, rest)


def check_name(name: str) -> str:
    """The name itself when a host may be called that in reports and file names; UsageError otherwise."""
    if _NAME.match(name):
        return name
    raise UsageError(
        "name {name!r} is refused; allowed: letters, digits and any of . _ : @ -, beginning with a letter, digit or _",
        name=repeatable(name),
    )


def check_keyring(reference: str) -> str:
    """The name of a secret in a keyring, SERVICE/USER; UsageError otherwise."""
    service, _, user = reference.rpartition("/")
    if service and user and reference.isprintable():
        return reference
    raise UsageError(
        "{reference!r} names nothing in a keyring; allowed: SERVICE/USER, as in `keyring set SERVICE USER`", reference=reference
    )


def shown_address(address: Address) -> str:
    """The name of a host that has no other: ports tell apart what one address forwards to."""
    if address.port in (0, 22):
        return address.host
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def _host(text: str, transport: str) -> Target:
    address = parse_address(text)
    return Target(shown_address(address), transport, address.host, address.port, address.user)


def _tree(scheme: str, path: str) -> Target:
    if "\x00" in path or "\n" in path:
        raise UsageError("path {path!r} is refused; allowed: no control characters", path=path)
    if scheme == "chroot" and not path.startswith("/"):
        raise UsageError("cannot read 'chroot:{path}' as a target; allowed: chroot:///DIR, an absolute path", path=path)
    name = Path(path).name.split(".")[0] if scheme == "replay" else path.strip("/").replace("/", "-")
    return Target(name or scheme, scheme, path)


def _container(scheme: str, rest: str) -> Target:
    engine, _, name = rest.rpartition("/")
    engine = scheme if scheme in ENGINES else engine
    if not name or (engine and engine not in ENGINES) or (scheme in ENGINES and "/" in rest):
        raise UsageError(
            "cannot read '{scheme}://{rest}' as a target; allowed: container://[docker/|podman/]NAME, docker://NAME, podman://NAME",
            scheme=scheme,
            rest=rest,
        )
    return Target(check_name(name), "container", name, options={"engine": engine} if engine else {})
