"""Secrets: read from a private file, the environment, a keyring or a prompt; never from an argument, and told to nobody."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from secscan.errors import UsageError

KEYRING = "SERVICE/USER, as in `keyring set SERVICE USER`"
SECRET_LIMIT = 65_536  # bytes; no secret is longer, and what is longer is no file of one


def ask(what: str) -> str:
    """A secret that a person types, without showing it."""
    return str(click.prompt(what, hide_input=True, err=True))


def read_private(path: Path, what: str = "password") -> str:
    """The first line of a file that nobody else may read. Raises UsageError."""
    try:
        with path.open(encoding="utf-8") as stream:
            state = os.fstat(stream.fileno())
            if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                mode = f"{stat.S_IMODE(state.st_mode):04o}"
                raise UsageError(f"{path}: others may read this {what} (mode {mode}); allowed: mode 0600")
            if state.st_uid not in (0, os.geteuid()):
                raise UsageError(
                    f"{path}: somebody else owns this {what} and can change it; allowed: a file of your own, mode 0600"
                )
            secret = stream.readline(SECRET_LIMIT).rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; allowed: a file of mode 0600 with the {what}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text; allowed: a file of mode 0600 with the {what}") from error
    if not secret:
        raise UsageError(f"{path}: holds no {what}; allowed: a file of mode 0600 with the {what} in its first line")
    return secret


def read_keyring(reference: str, what: str = "password") -> str:
    """A secret that the keyring of this user keeps. Raises UsageError, which never repeats what a keyring's library says."""
    service, _, user = reference.rpartition("/")
    if not service or not user:
        raise UsageError(f"{reference!r} names no {what} in a keyring; allowed: {KEYRING}")
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
    except ModuleNotFoundError:
        raise UsageError(f"the {what} {reference!r} is in a keyring; allowed: pip install 'secscan[keyring]'") from None
    try:
        secret = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - every backend has its own errors, and their texts are not known to be harmless
        fault = type(error).__name__
        raise UsageError(f"the keyring does not give the {what} {reference!r} ({fault}); allowed: an unlocked keyring") from None
    if not secret:
        raise UsageError(f"the keyring holds no {what} {reference!r}; allowed: {KEYRING}")
    return secret


def read_variable(name: str, what: str = "password", environment: Mapping[str, str] = os.environ) -> str:
    """A secret in a variable of the environment. Raises UsageError."""
    secret = environment.get(name, "")
    if not secret:
        raise UsageError(f"environment variable {name} holds no {what}; allowed: to set it, or a private file or a keyring")
    return secret


SOURCES: Mapping[str, Callable[[str, str], str]] = {
    "file": lambda place, what: read_private(Path(place), what),
    "env": read_variable,
    "keyring": read_keyring,
}
"""How a secret is read, by the kind of its place; each takes the place and what the secret is."""
