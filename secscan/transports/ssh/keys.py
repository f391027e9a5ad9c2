"""Keys to sign in with: from the agent, from files, with their certificates, in the order in which to try them."""

from __future__ import annotations

import base64
import copy
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from cryptography.hazmat.primitives.serialization.ssh import SSHCertificate, load_ssh_public_identity
from paramiko.agent import AgentKey, AgentSSH
from paramiko.pkey import PublicBlob

from secscan.transports.ssh.settings import Settings


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the words for it in messages."""

    pkey: paramiko.PKey
    shown: str


class Agent(AgentSSH):
    """The keys in an SSH agent, which must answer in time."""

    def __init__(self, path: str, ends_at: float) -> None:
        super().__init__()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(max(0.05, ends_at - time.monotonic()))
            connection.connect(path)
            self._connect(connection)  # type: ignore[attr-defined] # what paramiko's own agents do; the stubs leave it out
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Let go of the agent."""
        self._close()  # type: ignore[attr-defined] # as above


@dataclass(slots=True)
class KeyRing:
    """The keys for one sign-in. `notes` says which could not be used, and why. Close it when signed in."""

    settings: Settings
    ends_at: float
    notes: list[str] = field(default_factory=list)
    _agent: Agent | None = None

    def in_order(self) -> Iterator[Key]:
        """Keys that were named (by the agent where it holds them), then the agent's, then those where ssh keeps them."""
        held = self._ask_agent()
        if self.settings.asked_for:
            yield from self._from_files(held)
        if not self.settings.only_these:
            for pkey in tuple(held.values()):
                yield Key(pkey, f"agent key {pkey.comment or pkey.get_name()}")
        if not self.settings.asked_for:
            yield from self._from_files({})

    def close(self) -> None:
        """Let go of the agent."""
        if self._agent is not None:
            self._agent.close()

    def _ask_agent(self) -> dict[bytes, AgentKey]:
        if not self.settings.agent:
            return {}
        try:
            self._agent = Agent(self.settings.agent, self.ends_at)
        except (OSError, paramiko.SSHException) as error:
            self.notes.append(f"the SSH agent did not answer: {error}")
            return {}
        return {pkey.asbytes(): pkey for pkey in self._agent.get_keys()}

    def _from_files(self, held: dict[bytes, AgentKey]) -> Iterator[Key]:
        for path in self.settings.identities:
            in_agent = held.pop(_public_blob(path), None)
            pkey = in_agent or self._load(path)
            if pkey is None:
                continue
            for certificate in self._certificates(path):
                certified = _with_certificate(pkey, certificate)
                if certified:
                    yield Key(certified, f"certificate {certificate}")
            yield Key(pkey, f"{'agent key' if in_agent else 'key'} {path}")

    def _certificates(self, path: Path) -> tuple[Path, ...]:
        beside = path.with_name(f"{path.name}-cert.pub")
        return tuple(dict.fromkeys((*self.settings.certificates, *((beside,) if beside.is_file() else ()))))

    def _load(self, path: Path) -> paramiko.PKey | None:
        passphrase, named = self.settings.passphrase, self.settings.asked_for
        try:
            return _load_once(path, passphrase)
        except FileNotFoundError:
            if named:
                self.notes.append(f"key {path} does not exist")
        except OSError as error:
            self.notes.append(f"key {path} cannot be read: {error.strerror}")
        except (TypeError, paramiko.PasswordRequiredException):
            self.notes.append(f"key {path} is encrypted: give its passphrase or load it into an agent")
        except (ValueError, UnsupportedAlgorithm, paramiko.SSHException) as error:
            wrong = "" if passphrase is None else "wrong passphrase, or "
            self.notes.append(f"key {path} cannot be used: {wrong}{str(error).partition(chr(10))[0][:80]}")
        return None


_loaded: dict[tuple[str, int, str | None], paramiko.PKey] = {}
_lock = threading.Lock()


def _load_once(path: Path, passphrase: str | None) -> paramiko.PKey:
    """A private key from its file, decrypted once per run: bcrypt makes that slow on purpose."""
    with _lock:
        known = (str(path), path.stat().st_mtime_ns, passphrase)
        if known not in _loaded:
            secret: object = None if passphrase is None else passphrase.encode()
            pkey = paramiko.PKey.from_path(path, secret)  # type: ignore[arg-type] # the stubs say text, what it calls wants bytes
            pkey.public_blob = None  # certificates are tried under their own name
            _loaded[known] = pkey
        return _loaded[known]


def _with_certificate(pkey: paramiko.PKey, path: Path) -> paramiko.PKey | None:
    """The key with a certificate for it; None when the certificate is for another key or cannot be read."""
    try:
        written = path.read_bytes()
        certificate = load_ssh_public_identity(written)
        public = load_ssh_public_key(f"{pkey.get_name()} {base64.b64encode(pkey.asbytes()).decode()}".encode())
        if not isinstance(certificate, SSHCertificate) or certificate.public_key() != public:
            return None
        certified = copy.copy(pkey)
        certified.load_certificate(written.decode("ascii"))
    except (OSError, ValueError, UnsupportedAlgorithm, paramiko.SSHException):
        return None
    return certified


def _public_blob(path: Path) -> bytes:
    """The public half beside a private key, to find it in the agent without a passphrase; empty when there is none."""
    public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    try:
        return bytes(PublicBlob.from_file(str(public)).key_blob)
    except (OSError, ValueError, paramiko.SSHException):
        return b""
