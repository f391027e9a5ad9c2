"""OpenSSH's known_hosts files as an index: parsed once, looked up in constant time, hashed entries too (sshd(8))."""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import hmac
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from secscan.errors import HostKeyError
from secscan.ssh_config import matches_patterns

_NO_FILE = (0, 0, 0)
_MARKERS = {"@revoked": "revoked", "@cert-authority": "authority"}


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that a file holds: `marker` is empty, `revoked` or `authority`."""

    kind: str
    base64: str
    marker: str
    path: str
    line: int

    @property
    def blob(self) -> bytes:
        """The key as it goes over the wire; empty when the file holds no base64."""
        try:
            return base64.b64decode(self.base64, validate=True)
        except binascii.Error:
            return b""


@dataclass(slots=True)
class KnownHosts:
    """One file. Plain names are a dictionary; patterns and hashed names are tried one by one."""

    plain: dict[str, list[KnownKey]] = field(default_factory=dict)
    patterns: list[tuple[str, KnownKey]] = field(default_factory=list)
    hashed: list[tuple[bytes, bytes, KnownKey]] = field(default_factory=list)
    stamp: tuple[int, int, int] = _NO_FILE

    def keys_of(self, name: str) -> Iterator[KnownKey]:
        """Every key for a name as known_hosts writes it: `host`, or `[host]:port` for another port than 22."""
        name = name.lower()
        yield from self.plain.get(name, ())
        yield from (key for patterns, key in self.patterns if matches_patterns(name, patterns))
        wanted = name.encode()
        yield from (key for salt, digest, key in self.hashed if hmac.digest(salt, wanted, "sha1") == digest)

    def add(self, names: str, key: KnownKey) -> None:
        """Take in one line's names and key."""
        if names.startswith("|1|"):
            try:
                salt, digest = (base64.b64decode(part, validate=True) for part in names[3:].split("|"))
            except ValueError:
                return  # as ssh: a line that cannot be read knows no host
            self.hashed.append((salt, digest, key))
        elif any(sign in names for sign in "*?!"):
            self.patterns.append((names.lower(), key))
        else:
            for name in names.lower().split(","):
                self.plain.setdefault(name, []).append(key)


_files: dict[str, KnownHosts] = {}
_lock = threading.Lock()


def known_keys(paths: Iterable[Path], name: str) -> tuple[KnownKey, ...]:
    """Every key that any of the files holds for a name. A file is parsed again only when it has changed."""
    return tuple(key for path in paths for key in _current(path).keys_of(name))


def written_name(host: str, port: int) -> str:
    """A host as known_hosts writes it."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def parse_known_hosts(text: str, path: str) -> KnownHosts:
    """The index of a file's text. Lines that cannot be read know no host, as for ssh."""
    hosts = KnownHosts()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        marker = _MARKERS.get(words[0], "") if words else ""
        if not words or words[0].startswith("#") or (words[0].startswith("@") and not marker):
            continue
        if marker:
            del words[0]
        if len(words) >= 3:
            hosts.add(words[0], KnownKey(words[1], words[2], marker, path, number))
    return hosts


def remember(path: Path, name: str, kind: str, blob: bytes, *, hashed: bool) -> None:
    """Append a key to a file, which is created when missing. Raises HostKeyError when it cannot be remembered."""
    key = KnownKey(kind, base64.b64encode(blob).decode(), "", str(path), 0)
    names = _hashed(name) if hashed else name
    try:
        with _lock:
            hosts = _read(path)
            already = {known.blob for known in hosts.keys_of(name)}
            if blob in already:
                return  # another connection to the same host was faster
            if already:
                raise HostKeyError(f"{name} shows two different new keys at once")
            _append(path, f"{names} {kind} {key.base64}\n".encode())
            hosts.add(names, key)
            hosts.stamp = _stamp(path)
    except OSError as error:
        raise HostKeyError(f"the key of {name} cannot be remembered in {path}: {error.strerror}") from error


def _current(path: Path) -> KnownHosts:
    with _lock:
        return _read(path)


def _read(path: Path) -> KnownHosts:
    """The index of a file as it is now; an empty one for a file that is not there. The lock is held."""
    try:
        stamp = _stamp(path)
        known = _files.get(str(path))
        if known is None or known.stamp != stamp:
            known = parse_known_hosts(path.read_text(encoding="utf-8", errors="replace"), str(path))
            known.stamp = stamp
            _files[str(path)] = known
        return known
    except FileNotFoundError:
        return _forget(path)
    except OSError as error:
        raise HostKeyError(f"{path} cannot be read, so no host key can be verified: {error.strerror}") from error


def _forget(path: Path) -> KnownHosts:
    """An empty index for a file that is not there; the one that is there already, so that it can be added to."""
    known = _files.get(str(path))
    if known is None or known.stamp != _NO_FILE:
        known = _files[str(path)] = KnownHosts()
    return known


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with open(number, "r+b", buffering=0) as stream:  # noqa: PTH123 - opened by number, to set the mode at creation
        with contextlib.suppress(OSError):  # a home without locks (NFS): one write at the end of the file is whole all the same
            fcntl.flock(number, fcntl.LOCK_EX)
        size = os.fstat(number).st_size
        if size and os.pread(number, 1, size - 1) != b"\n":
            line = b"\n" + line
        stream.write(line)


def _hashed(name: str) -> str:
    salt = secrets.token_bytes(20)
    digest = hmac.digest(salt, name.encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
