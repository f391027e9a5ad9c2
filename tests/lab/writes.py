"""Proof of what was written on a host: its upper layer and its file systems in memory, before and after."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .hosts import Host

# What signing in, sudo and the passing of time write by themselves. Everything else is a write of the scan.
ALLOWED: Mapping[str, str] = {
    r"/var/log/(auth\.log|syslog|user\.log|messages|cron\.log)": "rsyslog notes sign-ins and what sudo ran",
    r"/var/log/journal/[0-9a-f]{32}(/(system|user-\d+)(@[0-9a-f-]+)?\.journal)?": "journald notes the same",
    r"/run/log/journal/[0-9a-f]{32}(/.*)?": "journald, where it keeps its journal in memory",
    r"/run/systemd/journal/streams(/.*)?": "journald's list of who writes to it",
    r"/var/log/(wtmp|lastlog|btmp)(\.db)?|/var/lib/(wtmpdb|lastlog)(/.*)?|/run/utmp": "sshd notes sessions (login accounting)",
    r"/run/systemd/(sessions|users|seats|inhibit|transient|units|propagate)(/.*)?": "logind's list of sessions, by pam_systemd",
    r"/run/user(/\d+(/.*)?)?": "the user manager that pam_systemd starts for a session",
    r"/run/systemd": "the folder of those lists",
    r"/run/motd\.dynamic(\.new)?": "pam_motd writes it at every sign-in, whatever is run after it",
    r"/run/sudo(/ts(/[^/]+)?)?|/var/lib/sudo(/.*)?": "sudo's time stamps",
    r"/run|/run/systemd/(show-status|default-hostname|machine-id)": "written by systemd when sessions come and go",
    r"/run/lock/?": "a folder of locks",
    r"/var/lib/systemd/timers(/.*)?|/var/lib/systemd/random-seed": "systemd's timers, by the clock",
    r"/var/lib/chrony(/.*)?": "chronyd's measurements, by the clock",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a file system; `content` is the digest of a file, the target of a link."""

    kind: str
    mode: int
    owner: tuple[int, int]
    modified_ns: int
    content: str = ""


Snapshot = Mapping[str, Entry]


def snapshot(host: Host) -> Snapshot:
    """Everything that the host has written and could write, by path."""
    found = dict(_walk(host.upper, ""))
    for mount in _memory_mounts(host):
        found |= _walk(Path(f"{host.root}{mount}"), mount)
    return found


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """Paths that are new, gone or changed, and that nothing in ALLOWED explains."""
    changed = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    return [path for path in changed if not any(re.fullmatch(pattern, path) for pattern in ALLOWED)]


def _walk(top: Path, mount: str) -> Iterator[tuple[str, Entry]]:
    device = top.stat().st_dev
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if os.lstat(f"{folder}/{name}").st_dev == device]
        for path in (folder, *(f"{folder}/{name}" for name in files)):
            entry = _entry(Path(path))
            if entry:
                yield mount + path.removeprefix(str(top)) or "/", entry


def _entry(path: Path) -> Entry | None:
    try:
        status = path.lstat()
        content = ""
        if stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        elif stat.S_ISLNK(status.st_mode):
            content = str(path.readlink())
    except FileNotFoundError:
        return None
    kind = stat.filemode(status.st_mode)[0]
    return Entry(kind, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid), status.st_mtime_ns, content)


def _memory_mounts(host: Host) -> list[str]:
    """Mount points of the host's file systems in memory that can be written."""
    mounts = []
    for line in Path(f"/proc/{host.leader}/mountinfo").read_text().splitlines():
        words, _, kind = line.partition(" - ")
        where, options = words.split()[4:6]
        if kind.split()[0] in {"tmpfs", "ramfs"} and "rw" in options.split(",") and not where.startswith(("/proc", "/sys")):
            mounts.append(where)
    return mounts
