"""Secrets: read from a private file, the environment, a keyring or a prompt; never from an argument, and told to nobody."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from secscan.cli.language import spoken
from secscan.errors import UsageError
from secscan.messages import Message

KEYRING = Message("SERVICE/USER, as in `keyring set SERVICE USER`")
SECRET_VARIABLES = {"password": "SECSCAN_PASSWORD", "passphrase": "SECSCAN_PASSPHRASE", "become": "SECSCAN_BECOME_PASSWORD"}
SECRET_LIMIT = 65_536  # bytes; no secret is longer, and what is longer is no file of one


def ask(what: str) -> str:
    """A secret that a person types, without showing it; without a terminal, a line of standard input. Raises UsageError."""
    secret = _typed(what) if _has_terminal() else _piped()
    if not secret:
        raise UsageError("no {what} was typed; allowed: to type it at a terminal, or another option for it (see --help)", what=what)
    return secret


def _has_terminal() -> bool:
    """Whether somebody can be asked: getpass goes to the terminal of the process, wherever standard input comes from."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
    return True


def _typed(what: str) -> str:
    try:
        return getpass.getpass(f"{spoken(what)}: ", sys.stderr)
    except EOFError:
        click.echo(err=True)  # after the prompt
        return ""


def _piped() -> str:
    return sys.stdin.readline(SECRET_LIMIT).rstrip("\r\n") if sys.stdin else ""  # closed, Python has none


def read_private(path: Path, what: str = Message("password")) -> str:
    """The first line of a file that nobody else may read. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig") as stream:  # some editors begin a file with a mark that nobody sees
            state = os.fstat(stream.fileno())
            if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                mode = f"{stat.S_IMODE(state.st_mode):04o}"
                raise UsageError(
                    "{path}: others may read this {what} (mode {mode}); allowed: mode 0600", path=path, what=what, mode=mode
                )
            if state.st_uid not in (0, os.geteuid()):
                raise UsageError(
                    "{path}: somebody else owns this {what} and can change it; allowed: a file of your own, mode 0600",
                    path=path,
                    what=what,
                )
            secret = stream.readline(SECRET_LIMIT).rstrip("\r\n")
    except OSError as error:
        raise UsageError(
            "{path}: cannot be read: {reason}; allowed: a file of mode 0600 with the {what}",
            path=path,
            reason=error.strerror,
            what=what,
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError("{path}: is not UTF-8 text; allowed: a file of mode 0600 with the {what}", path=path, what=what) from error
    if not secret:
        raise UsageError(
            "{path}: holds no {what}; allowed: a file of mode 0600 with the {what} in its first line", path=path, what=what
        )
    return secret


def read_keyring(reference: str, what: str = Message("password")) -> str:
    """A secret that the keyring of this user keeps. Raises UsageError, which never repeats what a keyring's library says."""
    service, _, user = reference.rpartition("/")
    if not service or not user:
        raise UsageError(
            "{reference!r} names no {what} in a keyring; allowed: {keyring}", reference=reference, what=what, keyring=KEYRING
        )
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
    except ModuleNotFoundError:
        raise UsageError(
            "the {what} {reference!r} is in a keyring; allowed: pip install 'secscan[keyring]'", what=what, reference=reference
        ) from None
    try:
        secret = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - every backend has its own errors, and their texts are not known to be harmless
        fault = type(error).__name__
        raise UsageError(
            "the keyring does not give the {what} {reference!r} ({fault}); allowed: an unlocked keyring",
            what=what,
            reference=reference,
            fault=fault,
        ) from None
    if not secret:
        raise UsageError(
            "the keyring holds no {what} {reference!r}; allowed: {keyring}", what=what, reference=reference, keyring=KEYRING
        )
    return secret


def read_variable(name: str, what: str = Message("password"), environment: Mapping[str, str] = os.environ) -> str:
    """A secret in a variable of the environment. Raises UsageError."""
    secret = environment.get(name, "")
    if not secret:
        raise UsageError(
            "environment variable {name} holds no {what}; allowed: to set it, or a private file or a keyring", name=name, what=what
        )
    return secret


SOURCES: Mapping[str, Callable[[str, str], str]] = {
    "file": lambda place, what: read_private(Path(place), what),
    "env": read_variable,
    "keyring": read_keyring,
}
"""How a secret is read, by the kind of its place; each takes the place and what the secret is."""
