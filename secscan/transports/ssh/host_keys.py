"""Whether a host's key is believed: known, certified by a known authority, or new where new ones may be accepted."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import SSHCertificate, SSHCertificateType, load_ssh_public_identity

from secscan.errors import HostKeyError
from secscan.ssh_config import matches_patterns
from secscan.transports.ssh.known_hosts import KnownKey, known_keys, remember, written_name
from secscan.transports.ssh.settings import Settings

CERTIFIED = "-cert-v01@openssh.com"
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # a kind of key, and the algorithms that use it
_ORDER = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known about one host before it is connected to."""

    settings: Settings
    name: str
    keys: tuple[KnownKey, ...]

    @property
    def believed(self) -> tuple[KnownKey, ...]:
        """The host's own keys."""
        return tuple(key for key in self.keys if not key.marker)

    @property
    def authorities(self) -> tuple[KnownKey, ...]:
        """The keys that may certify the host's."""
        return tuple(key for key in self.keys if key.marker == "authority")


def trust_in(settings: Settings) -> Trust:
    """What the known_hosts files say about a host."""
    name = settings.known_as.lower() or written_name(settings.host, settings.port)
    paths = (*settings.known_hosts, *settings.global_known_hosts)
    return Trust(settings, name, known_keys(paths, name))


def wanted_algorithms(trust: Trust, possible: Sequence[str]) -> tuple[str, ...]:
    """Host key algorithms in the order in which to ask for them: those whose key is known first."""
    kinds = [key.kind for key in trust.believed]
    known = [algorithm for kind in kinds for algorithm in _ALGORITHMS.get(kind, (kind,))]
    plain = sorted((name for name in _ORDER if name in possible), key=lambda name: name not in known)
    certified = [f"{name}{CERTIFIED}" for name in _ORDER if name in possible] if trust.authorities else []
    return (*certified, *plain)


def verify(trust: Trust, blob: bytes) -> str:
    """The fingerprint of a host key that is believed. Raises HostKeyError otherwise, in one line that says what to do."""
    kind = _kind(blob)
    key, authority = (blob, b"") if not kind.endswith(CERTIFIED) else _certified(trust, kind, blob)
    revoked = {known.blob for known in trust.keys if known.marker == "revoked"}
    if revoked & {blob, key, authority}:
        raise HostKeyError(f"{trust.settings.where} uses a key that is marked @revoked: {fingerprint(key)}")
    if not authority and blob not in {known.blob for known in trust.believed}:
        _meet(trust, kind, blob)
    return fingerprint(key)


def fingerprint(blob: bytes) -> str:
    """SHA256:..., as ssh-keygen -l shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _meet(trust: Trust, kind: str, blob: bytes) -> None:
    """A key that is not known: remembered when new hosts may be, refused otherwise."""
    settings, shown = trust.settings, fingerprint(blob)
    if trust.believed:
        known = trust.believed[0]
        what = "changed" if kind in {key.kind for key in trust.believed} else "is of another kind than the known one"
        raise HostKeyError(
            f"the host key of {settings.where} {what}: got {kind} {shown}, {known.path}:{known.line} has {known.kind} "
            f"{fingerprint(known.blob)}; if the change is expected, run: ssh-keygen -R '{trust.name}' and add the new key"
        )
    if not settings.accept_new:
        port = "" if settings.port == 22 else f"-p {settings.port} "
        raise HostKeyError(
            f"the host key of {settings.where} is not known: {kind} {shown}; compare it with the host's own, then add it with: "
            f"ssh-keyscan {port}{settings.host} >> {_own_file(trust)}, or accept new keys with host_key_policy: accept-new"
        )
    if not settings.known_hosts or str(settings.known_hosts[0]) == "/dev/null":
        raise HostKeyError(f"the key of {settings.where} is new, and accept-new needs a known_hosts file to remember it in")
    remember(settings.known_hosts[0], trust.name, kind, blob, hashed=settings.hash_new)


def _own_file(trust: Trust) -> str:
    return str(trust.settings.known_hosts[0]) if trust.settings.known_hosts else "~/.ssh/known_hosts"


def _kind(blob: bytes) -> str:
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii", "replace")


def _certified(trust: Trust, kind: str, blob: bytes) -> tuple[bytes, bytes]:
    """The key and the authority's key of a host certificate that holds for this host now (PROTOCOL.certkeys)."""
    where = trust.settings.where
    try:
        certificate = load_ssh_public_identity(kind.encode() + b" " + base64.b64encode(blob))
        if not isinstance(certificate, SSHCertificate):
            raise HostKeyError(f"{where} sent something else than the certificate it announced")
        certificate.verify_cert_signature()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise HostKeyError(f"the host certificate of {where} is not valid: {type(error).__name__} {error}") from error
    authority = _wire(certificate.signature_key())
    if authority not in {known.blob for known in trust.authorities}:
        raise HostKeyError(f"the host certificate of {where} is signed by an unknown authority: {fingerprint(authority)}")
    objection = _objection(trust, certificate)
    if objection:
        raise HostKeyError(f"the host certificate of {where} {objection}")
    return _wire(certificate.public_key()), authority


def _objection(trust: Trust, certificate: SSHCertificate) -> str:
    names = [name.decode("utf-8", "replace") for name in certificate.valid_principals]
    wanted = (trust.settings.known_as or trust.settings.host).lower()
    if certificate.type is not SSHCertificateType.HOST:
        return "is one for users"
    if not certificate.valid_after <= time.time() < certificate.valid_before:
        return "is expired or not yet valid"
    if certificate.critical_options:
        return "has critical options, which none is known for hosts"
    if names and not any(matches_patterns(wanted, name.lower()) for name in names):
        return f"is for {', '.join(names)}, not for {wanted}"
    return ""


def _wire(key: object) -> bytes:
    text: bytes = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)  # type: ignore[attr-defined] # the union has no common base
    return base64.b64decode(text.split()[1])
