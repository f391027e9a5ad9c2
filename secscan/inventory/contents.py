"""What an inventory holds once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from secscan.model.service import Repository, Service
from secscan.model.target import Target

CRITICALITIES = ("low", "medium", "high", "critical")
NO_SECRETS = "secrets do not belong in an inventory; allowed: a prompt, file, keyring or the environment, see secscan scan --help"


@dataclass(frozen=True, slots=True)
class Site:
    """A place with hosts; its parameters hold for all of them."""

    id: str
    title: str = ""
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Targets in the order of the file. `notes` says what the file asks for that was not done, and why."""

    targets: tuple[Target, ...]
    organization: str = ""
    sites: tuple[Site, ...] = ()
    notes: tuple[str, ...] = ()
    repositories: tuple[Repository, ...] = ()
    services: tuple[Service, ...] = ()
