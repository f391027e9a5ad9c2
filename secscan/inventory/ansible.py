"""Ansible's groups, hosts and variables as targets: the ansible_* variables that say how to reach a host, groups as labels."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any, TypeVar

from secscan.addresses import check_host, check_port, check_user, repeatable
from secscan.errors import InputError, Problem, UsageError
from secscan.inventory.contents import Inventory
from secscan.inventory.targets import check_name
from secscan.messages import Message, phrase
from secscan.model.target import Become, Target
from secscan.model.values import Scalar

_T = TypeVar("_T")
_TRANSPORTS = {
    "ssh": "ssh", "smart": "ssh", "paramiko": "ssh", "paramiko_ssh": "ssh", "ansible.builtin.ssh": "ssh",
    "ansible.builtin.paramiko_ssh": "ssh", "local": "local", "ansible.builtin.local": "local", "docker": "container",
    "community.docker.docker": "container", "community.docker.docker_api": "container", "podman": "container",
    "containers.podman.podman": "container", "chroot": "chroot", "community.general.chroot": "chroot",
}  # fmt: skip
_SECRETS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_become_password", "ansible_become_pass")
_TRUE, _FALSE = {"true", "yes", "on", "1", "y", "t"}, {"false", "no", "off", "0", "n", "f", ""}
_IMPLIED = ("all", "ungrouped")
_NOTES = 20  # told, of thousands
_SSH_OPTIONS = {
    "proxyjump": "proxy_jump", "proxycommand": "proxy_command", "identityfile": "identity", "userknownhostsfile": "known_hosts",
    "certificatefile": "certificate",
}  # fmt: skip


@dataclass(slots=True)
class Group:
    """One group as written: the names of its hosts and of the groups in it, and its variables."""

    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Groups:
    """A whole Ansible inventory as written. `places` says where a host is first named: file, line, column."""

    groups: dict[str, Group] = field(default_factory=dict)
    host_variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, Callable[[], tuple[str, int, int]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def group(self, name: str) -> Group:
        """A group by name, made when it is new."""
        return self.groups.setdefault(name, Group())

    def add_host(self, group: str, name: str, variables: Mapping[str, Any], place: Callable[[], tuple[str, int, int]]) -> None:
        """Put a host into a group; what is said about it later wins."""
        self.group(group).hosts[name] = None
        self.host_variables.setdefault(name, {}).update(variables)
        self.places.setdefault(name, place)

    def merge(self, other: Groups) -> None:
        """Take in what another file of the same folder says."""
        for name, group in other.groups.items():
            mine = self.group(name)
            mine.hosts.update(group.hosts)
            mine.children.update(group.children)
            mine.variables.update(group.variables)
        for host, variables in other.host_variables.items():
            self.host_variables.setdefault(host, {}).update(variables)
            self.places.setdefault(host, other.places[host])
        self.problems += other.problems
        self.notes += other.notes


def read_ansible(groups: Groups) -> Inventory:
    """Every host of the groups as a target. Raises InputError with every problem."""
    order = _by_depth(groups)
    member_of: dict[str, list[str]] = {host: [] for host in groups.host_variables}
    for name in order:
        for host in _hosts_below(groups, name):
            member_of[host].append(name)
    targets = []
    for host, names in member_of.items():
        variables: dict[str, Any] = dict(groups.groups["all"].variables) if "all" in groups.groups else {}
        for name in names:
            variables.update(groups.groups[name].variables)
        variables.update(groups.host_variables[host])
        targets.append(_Host(groups, host, variables, tuple(name for name in names if name not in _IMPLIED)).target())
    if groups.problems:
        raise InputError(groups.problems)
    kept = tuple(target for target in targets if target is not None)
    if not kept:
        notes = groups.notes[:3]
        if not notes:
            raise UsageError("the inventory has no host that secscan can reach")
        raise UsageError("the inventory has no host that secscan can reach; {notes}", notes=reduce(_joined, notes))
    return Inventory(kept, notes=_few(groups.notes))


def _few(notes: list[str]) -> tuple[str, ...]:
    """Notes without repetition, and not thousands of them."""
    distinct = list(dict.fromkeys(notes))
    more = len(distinct) - _NOTES
    return (*distinct[:_NOTES], *([Message("and {count} notes more of this kind", count=more)] if more > 0 else ()))


def _joined(said: str, note: str) -> str:
    return Message("{said}; {note}", said=said, note=note)


def _by_depth(groups: Groups) -> list[str]:
    """Group names, outer before inner and then by name: the order in which Ansible lets variables win."""
    depths: dict[str, int] = {}

    def settle(name: str, depth: int, above: tuple[str, ...]) -> None:
        if name in above:
            groups.problems.append(Problem("inventory", 0, 0, f"group {name!r} contains itself"))
        elif depths.get(name, -1) < depth:
            depths[name] = depth
            for child in groups.group(name).children:
                settle(child, depth + 1, (*above, name))

    for name in list(groups.groups):
        settle(name, 0 if name == "all" else 1, ())
    return sorted(depths, key=lambda name: (depths[name], name))


def _hosts_below(groups: Groups, name: str) -> dict[str, None]:
    """The hosts of a group and of every group in it."""
    found: dict[str, None] = {}
    seen = {name}
    waiting = [name]
    while waiting:
        group = groups.groups[waiting.pop()]
        found.update(group.hosts)
        waiting += [child for child in group.children if child not in seen]
        seen.update(group.children)
    return found


@dataclass(frozen=True, slots=True)
class _Host:
    """One host with the variables that hold for it."""

    groups: Groups
    name: str
    variables: Mapping[str, Any]
    member_of: tuple[str, ...]

    def target(self) -> Target | None:
        """The host as a target; None when it cannot be reached by any transport, which a note says."""
        connection = self._text("ansible_connection") or "ssh"
        if connection not in _TRANSPORTS:
            text = phrase("host {host} was left out: secscan has no transport for ansible_connection {connection!r}")
            self.groups.notes.append(Message(text, host=self.name, connection=connection))
            return None
        transport = _TRANSPORTS[connection]
        self._tell_secrets()
        address = self._text("ansible_host", "ansible_ssh_host") or self.name
        if transport == "ssh":
            self._checked(check_host, address)
        key = self._text("ansible_ssh_private_key_file", "ansible_private_key_file")
        engine = {"engine": "docker" if "docker" in connection else "podman"} if transport == "container" else {}
        return Target(
            name=self._checked(check_name, self.name) or self.name,
            transport=transport,
            address=self._text("ansible_docker_host", "ansible_podman_host") or address if engine else address,
            port=self._checked(check_port, self._text("ansible_port", "ansible_ssh_port")) or 0,
            user=self._checked(check_user, self._text("ansible_user", "ansible_ssh_user")) or "",
            labels={"group": ",".join(self.member_of)} if self.member_of else {},
            become=self._become(),
            options={**self._ssh_options(), **({"identity": key} if key else {}), **engine} if transport != "local" else {},
        )

    def _become(self) -> Become | None:
        if not self._boolean("ansible_become"):
            return None
        method = self._text("ansible_become_method") or "sudo"
        if method not in ("sudo", "ansible.builtin.sudo"):
            text = phrase("host {host}: ansible_become_method {method!r} is not supported, sudo is used")
            self.groups.notes.append(Message(text, host=self.name, method=method))
        return Become(self._checked(check_user, self._text("ansible_become_user")) or "root")

    def _ssh_options(self) -> Mapping[str, Scalar]:
        """What ansible_ssh_common_args and its kin say that concerns the way to the host."""
        options: dict[str, Scalar] = {}
        for name in ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"):
            try:
                for option, value in _ssh_arguments(self._text(name)):
                    if option in _SSH_OPTIONS:
                        options[_SSH_OPTIONS[option]] = value
                    elif option == "stricthostkeychecking" and value.lower() not in ("yes", "true", "ask"):
                        text = phrase("{name} turns host key checking off; secscan verifies host keys all the same")
                        self.groups.notes.append(Message(text, name=name))
            except ValueError as error:
                self._report(f"{name} cannot be read: {error}")
        return options

    def _tell_secrets(self) -> None:
        for name in _SECRETS:
            if self.variables.get(name) not in (None, ""):
                text = phrase(
                    "{name} in the inventory was not used: give the password by a prompt, a file or an environment variable"
                )
                self.groups.notes.append(Message(text, name=name))

    def _text(self, *names: str) -> str:
        """The value of the first variable that is set, as text; a problem for what only Ansible could work out."""
        for name in names:
            value = self.variables.get(name)
            if value is None or value == "":
                continue
            if not isinstance(value, str | int) or "{{" in str(value):
                kind = "a template, which secscan does not evaluate" if "{{" in str(value) else "not a text or number"
                self._report(f"{name} is {kind}")
                return ""
            return str(value)
        return ""

    def _boolean(self, name: str) -> bool:
        text = self._text(name).lower()
        if text not in _TRUE | _FALSE:
            self._report(f"{name} is {text!r}", "yes, no")
        return text in _TRUE

    def _checked(self, check: Callable[[str], _T], text: str) -> _T | None:
        """What the check makes of a text; None for an empty one, and for one that fails, with its problem."""
        try:
            return check(text) if text else None
        except UsageError as error:
            self._report(str(error))
            return None

    def _report(self, message: str, allowed: str = "") -> None:
        path, line, column = self.groups.places[self.name]()
        self.groups.problems.append(Problem(path, line, column, f"host {repeatable(self.name)}: {message}", allowed))


@cache
def _ssh_arguments(text: str) -> tuple[tuple[str, str], ...]:
    """Options in ssh's own words, as (keyword in lower case, value)."""
    return tuple(_ssh_settings(iter(shlex.split(text))))


def _ssh_settings(rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    short = {"-J": "proxyjump", "-i": "identityfile"}
    for word in rest:
        if word[:2] in short:
            yield short[word[:2]], word[2:] or next(rest, "")
        elif word.startswith("-o"):
            setting = re.match(r"\s*(\w+)(?:\s*=\s*|\s+)\"?(.*?)\"?\s*\Z", word[2:] or next(rest, ""))
            if setting:
                yield setting[1].lower(), setting[2]
