"""What lies on this machine to sign in with: keys, agent, known hosts, configuration, and who else can read or change them."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.doctor.findings import Finding, State, writable_by_others
from secscan.errors import SecscanError
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
                yield Finding(
                    "ssh configuration", State.WRONG, str(error), "mend what it names; `ssh -G HOST` shows what ssh reads"
                )
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
            yield from writable_by_others("ssh configuration", path)


def _look_at_key(path: Path) -> Iterator[Finding]:
    """Whether others could take the key away. That it is there, and can be read, comes with the credentials."""
    if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(path.stat().st_mode)
        yield Finding("keys", State.WRONG, f"others may read the private key {path} (mode {mode:04o})", f"chmod 600 {path}")


def _look_at_known_hosts(paths: tuple[Path, ...]) -> Iterator[Finding]:
    there = [path for path in paths if path.is_file()]
    if not there:
        names = ", ".join(map(str, paths)) or "no file"
        yield Finding(
            "known hosts", State.WRONG, f"no host key is known: {names} is not there", "ssh-keyscan HOST, compare, and add"
        )
        return
    for path in there:
        found = list(writable_by_others("known hosts", path))
        yield from found
        try:
            lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip() and not line.startswith("#")]
        except OSError as error:
            yield Finding("known hosts", State.WRONG, f"{path} cannot be read: {error.strerror}", f"chmod u+r {path}")
            continue
        if not found:
            yield Finding("known hosts", State.OK, f"{path}: lines with keys: {len(lines)}")


def _look_at_credentials(settings: Settings) -> Iterator[Finding]:
    from secscan.transports.ssh.keys import KeyRing  # noqa: PLC0415 - paramiko is slow to import

    ring = KeyRing(settings, time.monotonic() + _AGENT_S)
    try:
        keys = [key.shown for key in ring.in_order()]
    finally:
        ring.close()
    at_hand = [*keys, *(["a password"] if settings.password is not None else [])]
    state = State.NOTE if at_hand else State.WRONG
    for text in ring.notes:
        yield Finding("keys", state, text, "ssh-add it to an agent, or name another with identity:")
    if at_hand:
        yield Finding("keys", State.OK, f"at hand: {', '.join(dict.fromkeys(at_hand))}")
    elif not ring.notes:
        yield Finding("keys", State.WRONG, "neither a key nor a password is at hand", "ssh-keygen -t ed25519, or start an agent")
