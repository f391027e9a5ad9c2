"""What lies on this machine to sign in with: keys, agent, known hosts, configuration, and who else can read or change them."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.doctor.findings import Finding, State, writable_by_others
from secscan.errors import SecscanError
from secscan.messages import Message
from secscan.model.target import Target

if TYPE_CHECKING:
    from secscan.transports.ssh.settings import Settings

_AGENT_S = 5.0


def look_at_ssh(targets: Iterable[Target]) -> Iterator[Finding]:
    """What the targets that are asked over SSH need here; each file and agent once."""
    from secscan.transports.ssh.settings import settings_for  # noqa: PLC0415 - paramiko is slow to import

    settings: dict[tuple[object, ...], Settings] = {}
    told: set[str] = set()
    for target in targets:
        if target.transport != "ssh":
            continue
        try:
            found = settings_for(target)
        except SecscanError as error:
            if str(error) not in told:
                mend = Message("mend what it names; `ssh -G HOST` shows what ssh reads")
                yield Finding(Message("ssh configuration"), State.WRONG, error.message, mend)
            told.add(str(error))
            continue
        settings.setdefault((found.identities, found.agent, found.known_hosts, found.password is None), found)
    if settings:
        yield from _look_at_folder(Path.home() / ".ssh")
    for path in dict.fromkeys(path for found in settings.values() for path in found.identities):
        yield from _look_at_key(path)
    for paths in dict.fromkeys((*found.known_hosts, *found.global_known_hosts) for found in settings.values()):
        yield from _look_at_known_hosts(paths)
    for found in settings.values():
        yield from _look_at_credentials(found)


def _look_at_folder(folder: Path) -> Iterator[Finding]:
    for path in (folder, folder / "config"):
        if path.exists():
            yield from writable_by_others(Message("ssh configuration"), path)


def _look_at_key(path: Path) -> Iterator[Finding]:
    """Whether others could take the key away. That it is there, and can be read, comes with the credentials."""
    if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(path.stat().st_mode)
        what = Message("others may read the private key {path} (mode {mode})", path=path, mode=f"{mode:04o}")
        yield Finding(Message("keys"), State.WRONG, what, f"chmod 600 {path}")


def _look_at_known_hosts(paths: tuple[Path, ...]) -> Iterator[Finding]:
    there = [path for path in paths if path.is_file()]
    if not there:
        what = Message("no host key is known: {paths} is not there", paths=list(map(str, paths)) or Message("no file"))
        yield Finding(Message("known hosts"), State.WRONG, what, Message("ssh-keyscan HOST, compare, and add"))
        return
    for path in there:
        found = list(writable_by_others(Message("known hosts"), path))
        yield from found
        try:
            lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip() and not line.startswith("#")]
        except OSError as error:
            what = Message("{path} cannot be read: {reason}", path=path, reason=error.strerror)
            yield Finding(Message("known hosts"), State.WRONG, what, f"chmod u+r {path}")
            continue
        if not found:
            what = Message("{path}: lines with keys: {count}", path=path, count=len(lines))
            yield Finding(Message("known hosts"), State.OK, what)


def _look_at_credentials(settings: Settings) -> Iterator[Finding]:
    from secscan.transports.ssh.keys import KeyRing  # noqa: PLC0415 - paramiko is slow to import

    ring = KeyRing(settings, time.monotonic() + _AGENT_S)
    try:
        keys = [key.shown for key in ring.in_order()]
    finally:
        ring.close()
    at_hand: list[str] = [*keys, *([Message("a password")] if settings.password is not None else [])]
    state = State.NOTE if at_hand else State.WRONG
    for text in ring.notes:
        yield Finding(Message("keys"), state, text, Message("ssh-add it to an agent, or name another with identity:"))
    if at_hand:
        yield Finding(Message("keys"), State.OK, Message("at hand: {keys}", keys=list(dict.fromkeys(at_hand))))
    elif not ring.notes:
        mend = Message("ssh-keygen -t ed25519, or start an agent")
        yield Finding(Message("keys"), State.WRONG, Message("neither a key nor a password is at hand"), mend)
