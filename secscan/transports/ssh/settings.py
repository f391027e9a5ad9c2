"""What a connection needs to know, from the target and from OpenSSH's client configuration, checked before anything happens."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from secscan.addresses import Address, check_host, check_port, check_user, parse_address
from secscan.errors import UsageError
from secscan.model.target import Target
from secscan.model.values import Scalar
from secscan.ssh_config import SshConfig, expand, is_there, parse_ssh_config, read_ssh_config, tokens_for

POLICIES = ("strict", "accept-new")
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_JUMPS = 8
_Found = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Settings:
    """One hop: where, as whom, with which keys, and which keys of the host are believed.

    `identities` are paths; `asked_for` says that they were named rather than looked for where ssh keeps them. `agent` is the
    path of the agent's socket, empty for none. `jumps` are the hops before this one, first hop first.
    """

    name: str
    host: str
    port: int
    user: str
    identities: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    asked_for: bool = False
    only_these: bool = False
    agent: str = ""
    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    known_as: str = ""
    known_hosts: tuple[Path, ...] = ()
    global_known_hosts: tuple[Path, ...] = ()
    accept_new: bool = False
    hash_new: bool = False
    proxy_command: str = ""
    jumps: tuple[Settings, ...] = ()
    connect_s: float | None = None
    keepalive_s: int = 30
    bind_address: str = ""
    family: str = "any"

    @property
    def where(self) -> str:
        """The place, for messages."""
        place = self.host if self.host == self.name else f"{self.name} ({self.host})"
        return place if self.port == 22 else f"{place} port {self.port}"


def settings_for(target: Target) -> Settings:
    """The settings for a target. Raises UsageError or InputError when names or configuration cannot be used."""
    options = target.options
    policy = str(options.get("host_key_policy") or "")
    if policy and policy not in POLICIES:
        raise UsageError("host_key_policy {policy!r} is not known; allowed: {allowed}", policy=policy, allowed=list(POLICIES))
    address = Address(check_host(target.address or target.name), target.port, target.user)
    return _resolve(_config(options), address, options, target)


def _config(options: Mapping[str, Scalar]) -> SshConfig:
    """The file named by option `ssh_config` (`none` for none), else ~/.ssh/config if there is one."""
    named = str(options.get("ssh_config") or "")
    if named == "none":
        return parse_ssh_config("", "")
    if named:
        return read_ssh_config(Path(named).expanduser())
    own = Path.home() / ".ssh" / "config"
    return read_ssh_config(own) if own.exists() else parse_ssh_config("", "")


def _resolve(config: SshConfig, address: Address, options: Mapping[str, Scalar], target: Target | None, depth: int = 0) -> Settings:
    """One hop and, through its ProxyJump, those before it. A jump host gets its own settings and none of the target's secrets."""
    if depth > _JUMPS:
        raise UsageError(
            "ProxyJump leads through more than {count} hosts, or in a circle, on the way to {host}", count=_JUMPS, host=address.host
        )
    found = config.lookup(address.host, address.user)
    host = check_host(expand(_first(found, "hostname", address.host), {"h": address.host}))
    port = check_port(address.port or _first(found, "port", "22"))
    user = check_user(address.user or _first(found, "user") or getpass.getuser())
    tokens = tokens_for(address.host, host, port, user)
    own = options if target else {}
    identities = _named(own.get("identity"), tokens) or _paths(found.get("identityfile", ()), tokens)
    strict = str(options.get("host_key_policy") or _first(found, "stricthostkeychecking"))
    jump, command = _way(found, own, tokens)
    return Settings(
        name=address.host,
        host=host,
        port=port,
        user=user,
        identities=identities or tuple(Path.home() / ".ssh" / name for name in _DEFAULT_KEYS),
        certificates=_named(own.get("certificate"), tokens) or _paths(found.get("certificatefile", ()), tokens),
        asked_for=bool(identities),
        only_these=own.get("identities_only") is True or _first(found, "identitiesonly").lower() == "yes",
        agent=_agent(_first(found, "identityagent"), tokens),
        password=target.password if target else None,
        passphrase=target.passphrase if target else None,
        known_as=_first(found, "hostkeyalias"),
        known_hosts=_named(options.get("known_hosts"), tokens)
        or _paths(_words(found, "userknownhostsfile", "~/.ssh/known_hosts"), tokens),
        global_known_hosts=_paths(_words(found, "globalknownhostsfile", "/etc/ssh/ssh_known_hosts"), tokens),
        accept_new=strict == "accept-new",
        hash_new=_first(found, "hashknownhosts").lower() == "yes",
        proxy_command=command,
        jumps=_hops(jump, config, options, depth) if jump else (),
        connect_s=_seconds(found, "connecttimeout"),
        keepalive_s=int(_seconds(found, "serveraliveinterval") or 30),
        bind_address=_first(found, "bindaddress"),
        family=_first(found, "addressfamily", "any").lower(),
    )


def _hops(jump: str, config: SshConfig, options: Mapping[str, Scalar], depth: int) -> tuple[Settings, ...]:
    """The hops of a ProxyJump. The first is reached the way its own configuration says, each other through the one before."""
    first, *others = (_resolve(config, parse_address(hop.strip()), options, None, depth + 1) for hop in jump.split(","))
    return (*first.jumps, replace(first, jumps=()), *(replace(hop, jumps=(), proxy_command="") for hop in others))


def _way(found: _Found, own: Mapping[str, Scalar], tokens: Mapping[str, str]) -> tuple[str, str]:
    """ProxyJump and ProxyCommand, at most one of them; what is written for the target itself wins over the configuration."""
    jump = ",".join(_texts(own.get("proxy_jump"))) or ("" if own.get("proxy_command") else _first(found, "proxyjump"))
    command = str(own.get("proxy_command") or "") or ("" if jump else _first(found, "proxycommand"))
    if "%r" in command and set(tokens["r"]) & set("\\$"):
        raise UsageError("user name {user!r} cannot be used in a ProxyCommand; allowed: names without \\ and $", user=tokens["r"])
    return _unless_none(jump, tokens), _unless_none(command, tokens)


def _unless_none(written: str, tokens: Mapping[str, str]) -> str:
    return "" if written.lower() == "none" else expand(written, tokens)


def _agent(written: str, tokens: Mapping[str, str]) -> str:
    if written.lower() == "none":
        return ""
    if written in ("", "SSH_AUTH_SOCK"):
        return os.environ.get("SSH_AUTH_SOCK", "")
    return os.environ.get(written[1:], "") if written.startswith("$") and "{" not in written else expand(written, tokens)


def _first(found: _Found, keyword: str, default: str = "") -> str:
    return found.get(keyword, (default,))[0]


def _words(found: _Found, keyword: str, default: str) -> tuple[str, ...]:
    return tuple(word for word in _first(found, keyword, default).split() if word.lower() != "none")


def _texts(value: Scalar | None) -> tuple[str, ...]:
    return () if value in (None, "") else tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)


def _named(value: Scalar | None, tokens: Mapping[str, str]) -> tuple[Path, ...]:
    """Files that an option names. One that is there is meant as it is written: its folder may be called `100%` or `${HOME}`."""
    return tuple(Path(text) if is_there(text) else Path(expand(text, tokens)) for text in _texts(value) if text.lower() != "none")


def _paths(written: tuple[str, ...], tokens: Mapping[str, str]) -> tuple[Path, ...]:
    return tuple(Path(expand(text, tokens)) for text in written if text.lower() != "none")


def _seconds(found: _Found, keyword: str) -> float | None:
    written = _first(found, keyword)
    return float(written) if written.isdecimal() else None
