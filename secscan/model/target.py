"""Targets, and what goes between a scanner and one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from secscan.model.values import Scalar


@dataclass(frozen=True, slots=True)
class Become:
    """Asking as another user: `sudo`, once around the whole script. No password means sudo must not need one.

    The password is kept out of repr, arguments, logs and evidence.
    """

    user: str = "root"
    password: str | None = field(default=None, repr=False)
    password_keyring: str = ""  # where a keyring has it: SERVICE/USER


@dataclass(frozen=True, slots=True)
class Target:
    """One host to ask. `transport` names how; `address`, `port` and `user` may be empty: the transport then decides.

    `options` are the transport's own settings (identity file, jump host, container engine, bundle path, ...), as text.
    """

    name: str
    transport: str = "ssh"
    address: str = ""
    port: int = 0
    user: str = ""
    site: str = ""
    criticality: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    become: Become | None = None
    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)  # of encrypted key files
    password_keyring: str = ""  # where a keyring has it: SERVICE/USER
    passphrase_keyring: str = ""
    pinned: bool = False
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # check -> parameter -> as written
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One script to run with one nonce. A pinned host already has the script: only the nonce is sent.

    Times are seconds: `connect_s` for the connection and sign-in, `idle_s` without a byte, `total_s` for the whole exchange.
    """

    script: str
    nonce: str
    connect_s: float = 15.0
    idle_s: float = 90.0
    total_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Exchanged:
    """How an exchange went. `cut_short` says why the answer ended early, empty when the host ended it itself.

    `become` is "" (not asked for), "sudo", or "refused: why" when sudo said no and the script ran unprivileged instead.
    """

    exit: int
    stderr: bytes = b""
    address: str = ""
    user: str = ""
    host_key: str = ""
    become: str = ""
    cut_short: str = ""


class Transport(Protocol):
    """Carries a script there and its output back. Plugins register a callable under the entry point `secscan.transports`."""

    def __call__(self, target: Target, request: Request, receive: Callable[[bytes], bool]) -> Exchanged:
        """Run the script; pass each piece of standard output to `receive`, which returns True when it has the end mark.

        Raises TargetError when the host could not be asked at all. A time-out after the script started is not raised but
        told in `cut_short`, so that what has arrived is kept.
        """
        ...
