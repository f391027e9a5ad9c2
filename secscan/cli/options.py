"""Options that several commands share, and what they turn into: an engine, targets, secrets."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli.confidential import KEYRING, SECRET_VARIABLES, ask, read_keyring, read_private
from secscan.cli.journal import note as tell
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.inventory import Inventory
    from secscan.model.target import Become, Target
    from secscan.pipeline import Engine

F = TypeVar("F", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A time limit: a number within its range, which `nan` is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As FloatRange does, but comparisons with nan hold for nothing."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not in the range", param, ctx)
        return seconds


_FILE = click.Path(path_type=Path)


def content_options(command: F) -> F:
    """--baseline and --content."""
    command = click.option(
        "-b", "--baseline", default="un_minimum", show_default=True, metavar="ID", help="The baseline to judge by."
    )(command)
    return click.option(
        "--content", "content", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
        help="A folder of your own with checks/ and baselines/; may be repeated.",
    )(command)  # fmt: skip


def target_options(command: F) -> F:
    """Targets, which of them, inventory and how to get in."""
    limit = click.option(
        "-l",
        "--limit",
        multiple=True,
        metavar="WHERE",
        help="Only hosts where site=…, label=…, host=…; comma is and, repeat is or.",
    )
    return click.argument("targets", nargs=-1, metavar="[TARGET]...")(limit(access_options(command)))


def access_options(command: F) -> F:
    """Inventory and how to get in."""
    for option in reversed(_ACCESS_OPTIONS):
        command = option(command)
    return command


_ACCESS_OPTIONS = [
    click.option("-i", "--inventory", metavar="FILE", help="secscan or Ansible inventory, or the word ssh-config."),
    click.option("--become/--no-become", default=None, help="Ask as root, by sudo once around the whole script."),
    click.option("--ask-password", is_flag=True, help="Prompt for the SSH password."),
    click.option("--ask-passphrase", is_flag=True, help="Prompt for the passphrase of the SSH key."),
    click.option("--ask-become-password", is_flag=True, help="Prompt for the sudo password."),
    click.option("--password-file", type=_FILE, metavar="FILE", help="Read the SSH password from a private file."),
    click.option("--become-password-file", type=_FILE, metavar="FILE", help="Read the sudo password from a private file."),
    click.option("--password-keyring", metavar="NAME", help="Take the SSH password from the keyring: SERVICE/USER."),
    click.option("--passphrase-keyring", metavar="NAME", help="Take the passphrase of the SSH key from the keyring: SERVICE/USER."),
    click.option("--become-password-keyring", metavar="NAME", help="Take the sudo password from the keyring: SERVICE/USER."),
    click.option("--identity", metavar="FILE", help="SSH private key to sign in with."),
    click.option("--ssh-config", metavar="FILE", help="OpenSSH client configuration instead of ~/.ssh/config."),
    click.option("--known-hosts", metavar="FILE", help="Known host keys instead of ~/.ssh/known_hosts."),
    click.option("--accept-new", is_flag=True, help="Record keys of hosts never seen before; changed keys are still refused."),
    click.option("--connect-timeout", type=Seconds(1, 600), default=15, show_default=True, metavar="S", help="Seconds to connect."),
    click.option(
        "--timeout", type=Seconds(5, 7200), default=300, show_default=True, metavar="S", help="Seconds for one whole host."
    ),
]


@dataclass(frozen=True, slots=True)
class Access:
    """How to get in, as the options say."""

    become: bool | None
    password: str | None = field(repr=False)
    passphrase: str | None = field(repr=False)
    become_password: str | None = field(repr=False)
    options: dict[str, str]

    def apply(self, target: Target) -> Target:
        """The target with what the options add; what the inventory says about one host stays. Reads the secrets that it names."""
        from secscan.model.target import Become  # noqa: PLC0415 - keep --help free of it

        become: Become | None = target.become
        if self.become is False:
            become = None
        elif self.become and become is None:
            become = Become()
        if become and become.password is None:
            kept = _kept(become.password_keyring, Message("sudo password"))
            become = replace(become, password=self.become_password if kept is None else kept)
        options = {**self.options, **target.options}
        password = target.password or _kept(target.password_keyring, Message("SSH password")) or self.password
        passphrase = target.passphrase or _kept(target.passphrase_keyring, Message("passphrase of the SSH key")) or self.passphrase
        return replace(target, become=become, options=options, password=password, passphrase=passphrase)


@cache
def _kept(reference: str, what: str) -> str | None:
    """A secret that the keyring has, asked for once however many hosts share it; None where none is named."""
    return read_keyring(reference, what) if reference else None


def waivers_option(command: F) -> F:
    """--waivers."""
    return click.option(
        "--waivers", multiple=True, type=_FILE, metavar="FILE", help="Accepted failures (see secscan waiver); may be repeated."
    )(command)


def attestations_options(command: F) -> F:
    """--attestations and --organization."""
    name = click.option("--organization", metavar="NAME", help="What reports call the organization that statements are about.")
    folder = click.option("--attestations", type=_FILE, metavar="DIR", help="Statements of people (see secscan attest).")
    return folder(name(command))


def load(
    baseline: str,
    content: Sequence[Path],
    connect_s: float = 15.0,
    total_s: float = 300.0,
    waivers: Sequence[Path] = (),
    attestations: Path | None = None,
    organization: str | None = None,
) -> Engine:
    """The engine for the content options."""
    from secscan.ask.exchange import Limits  # noqa: PLC0415 - keep --help free of it
    from secscan.pipeline import load_engine  # noqa: PLC0415 - as above

    checks, baselines = content_folders(content)
    limits = Limits(connect_s=connect_s, total_s=total_s, idle_s=min(total_s, 120.0))
    engine = load_engine(baseline, checks, baselines, limits=limits, waivers=waivers)
    if attestations:
        from secscan.attestations.reading import read_attestations  # noqa: PLC0415 - only for statements

        engine = replace(engine, attestations=read_attestations(attestations, engine.library.checks))
    return replace(engine, organization=organization) if organization else engine


def content_folders(content: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The folders of checks and of baselines below the folders of --content."""
    for folder in content:
        if not folder.is_dir():
            raise UsageError(
                "--content {folder}: no such folder; allowed: a folder that holds checks/ or baselines/", folder=folder
            )
        if not ((folder / "checks").is_dir() or (folder / "baselines").is_dir()):
            raise UsageError(
                "--content {folder}: has neither checks/ nor baselines/; allowed: a folder that holds one of them", folder=folder
            )
    checks = [folder / "checks" for folder in content if (folder / "checks").is_dir()]
    return checks, [folder / "baselines" for folder in content if (folder / "baselines").is_dir()]


def read_access(arguments: dict[str, Any]) -> Access:
    """Options about access as one value; prompts and reads the secrets they name."""
    options = {
        name: str(arguments[key])
        for key, name in (("identity", "identity"), ("ssh_config", "ssh_config"), ("known_hosts", "known_hosts"))
        if arguments[key]
    }
    if arguments["accept_new"]:
        options["host_key_policy"] = "accept-new"
    become_password = _secret("become", "become_password", arguments, Message("sudo password"))
    return Access(
        become=True if become_password is not None and arguments["become"] is None else arguments["become"],
        password=_secret("password", "password", arguments, Message("SSH password")),
        passphrase=_secret("passphrase", "passphrase", arguments, Message("passphrase of the SSH key")),
        become_password=become_password,
        options=options,
    )


def read_declared(inventory: str | None) -> Inventory | None:
    """The inventory that an option names, if any; what it asks for that was not done is told."""
    if not inventory:
        return None
    from secscan.inventory import read_inventory  # noqa: PLC0415 - only for an inventory

    declared = read_inventory(inventory)
    for note in declared.notes:
        tell("inventory_note", Message("note: {note}", note=note), "warning")
    return declared


def with_inventory(engine: Engine, declared: Inventory | None) -> Engine:
    """The engine for what an inventory declares; its organization unless another one is named."""
    if declared is None:
        return engine
    from secscan.pipeline import ORGANIZATION  # noqa: PLC0415 - keep --help free of it

    named = declared.organization if engine.organization == ORGANIZATION else ""
    return replace(engine, inventory=declared, organization=named or engine.organization)


def read_targets(arguments: dict[str, Any], declared: Inventory | None = None) -> tuple[Target, ...]:
    """The targets that the command line and the inventory name, selected and with access applied; `declared` was read before."""
    from secscan.inventory import parse_target  # noqa: PLC0415 - keep --help free of it

    targets = [parse_target(text) for text in arguments["targets"]]
    inventory = declared or read_declared(arguments["inventory"])
    if inventory:
        named = {target.name: target for target in inventory.targets}
        targets = [named.get(target.name, target) for target in targets] or list(inventory.targets)
    if not targets:
        raise UsageError("no target; allowed: local, HOST, ssh://USER@HOST, or -i INVENTORY (see secscan scan --help)")
    counts = Counter(target.name for target in targets)
    if repeated := sorted(name for name, count in counts.items() if count > 1):
        raise UsageError("named twice: {repeated}; allowed: each target once", repeated=repeated)
    chosen = tuple(targets)
    if arguments["limit"]:
        from secscan.inventory import select  # noqa: PLC0415 - only for a selection

        chosen = select(targets, arguments["limit"])
    access = read_access(arguments)
    return tuple(access.apply(target) for target in chosen)


def _secret(variable: str, name: str, arguments: Mapping[str, Any], what: str) -> str | None:
    """A secret from a prompt, a private file, the keyring or the environment, in this order; never from an argument."""
    if arguments[f"ask_{name}"]:
        return ask(what)
    file, reference = arguments.get(f"{name}_file"), arguments.get(f"{name}_keyring")
    if file and reference:
        option = name.replace("_", "-")
        raise UsageError(
            "the {what} is given twice; allowed: either --{option}-file FILE, or --{option}-keyring {keyring}",
            what=what,
            option=option,
            keyring=KEYRING,
        )
    if file:
        return read_private(file, what)
    return read_keyring(reference, what) if reference else os.environ.get(SECRET_VARIABLES[variable])
