"""The commands that are sent. Each is safe in any login shell: sh, bash, zsh, fish and csh read single quotes alike."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from secscan.errors import UsageError

LISTEN = 'IFS= read -r secscan_nonce; eval "$(cat)"'
LISTEN_PACKED = 'IFS= read -r secscan_nonce; secscan_script=$(gzip -dc) || exit; eval "$secscan_script"'
NOT_THERE = 127  # exit status of the above where there is no gzip, as of any shell for a command that it does not find
SHELL = ("sh", "-c")
_SUDO_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}\Z")


def plain_command(shell: Sequence[str] = SHELL, listen: str = LISTEN) -> str:
    """A shell that reads a nonce and then a script from standard input. `shell` may put words before (`chroot DIR sh -c`)."""
    return shlex.join((*shell, listen))


def sudo_command(user: str, shell: Sequence[str] = SHELL, listen: str = LISTEN) -> str:
    """The same as another user, where sudo asks for no password."""
    return shlex.join(("sudo", "-n", "-u", _sudo_user(user), "--", *shell, listen))


def asking_sudo_command(user: str, prompt: str, ready: str, shell: Sequence[str] = SHELL, listen: str = LISTEN) -> str:
    """The same where sudo may ask: it asks on standard error with `prompt`, and the shell says `ready` before it reads."""
    return shlex.join(("sudo", "-S", "-p", prompt, "-u", _sudo_user(user), "--", *shell, f"echo {ready}; {listen}"))


def _sudo_user(name: str) -> str:
    if not _SUDO_USER.match(name):
        raise UsageError(
            "cannot become user {name!r}; allowed: letters, digits and any of _ . @ + -, not beginning with a sign", name=name
        )
    return name
