"""From settings to a signed-in SSH transport: through jump hosts, with every host key verified, again when a server is busy."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import paramiko

from secscan.errors import TargetError, UnreachableError
from secscan.transports.ssh.faults import as_target_error
from secscan.transports.ssh.host_keys import Trust, trust_in, verify, wanted_algorithms
from secscan.transports.ssh.settings import Settings
from secscan.transports.ssh.signing_in import sign_in
from secscan.transports.ssh.sockets import CommandSocket, TunedSocket, open_command, open_tcp

# Fast and sound first; what paramiko has besides stays behind them for old hosts.
_KEX = ("curve25519-sha256@libssh.org", "ecdh-sha2-nistp256")
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
_RETRIES = 6
_FIRST_PAUSE_S = 0.25
_PATIENCE = 3  # how many times connect_s all tries together may take

_log = logging.getLogger("paramiko")  # it logs tracebacks of what is told as an error here
_log.addHandler(logging.NullHandler())
_log.propagate = False


@dataclass(frozen=True, slots=True)
class Connection:
    """A signed-in transport, and what to close when it is done with."""

    transport: paramiko.Transport
    address: str
    host_key: str
    closing: ExitStack


class BusyError(UnreachableError):
    """The server hung up before it spoke SSH: MaxStartups, PerSourcePenalties or a restart. It is worth trying again."""


class VerifiedTransport(paramiko.Transport):
    """A transport that asks for the host key algorithms we can verify, and keeps the key as it came, certificates whole."""

    def __init__(self, sock: TunedSocket | paramiko.Channel, trust: Trust) -> None:
        super().__init__(sock)
        self.host_key_blob = b""
        options = self.get_security_options()
        options.kex = _preferred(_KEX, options.kex)
        options.ciphers = _preferred(_CIPHERS, options.ciphers)
        options.digests = _preferred(_MACS, options.digests)
        self._wanted = wanted_algorithms(trust, options.key_types)

    @property
    def preferred_keys(self) -> Sequence[str]:
        """Host key algorithms to ask for, in order."""
        return self._wanted

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        super()._verify_key(host_key, sig)  # type: ignore[misc] # the stubs leave out what is not public
        self.host_key_blob = host_key


def connect(settings: Settings, connect_s: float) -> Connection:
    """Connect and sign in, each try within `connect_s`; a server that is busy is tried again within three times that."""
    patience_ends_at = time.monotonic() + _PATIENCE * connect_s
    for attempt in range(_RETRIES):
        try:
            return _connect_once(settings, min(time.monotonic() + connect_s, patience_ends_at))
        except BusyError:
            pause_s = _FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
            if attempt == _RETRIES - 1 or time.monotonic() + pause_s >= patience_ends_at:
                raise
            time.sleep(pause_s)
    raise AssertionError  # the last attempt returns or raises


def _connect_once(settings: Settings, ends_at: float) -> Connection:
    with ExitStack() as closing:
        transport: VerifiedTransport | None = None
        hop, host_key, address = settings, "", settings.host
        try:
            for hop in (*settings.jumps, settings):
                stream = _open_stream(hop, transport, ends_at)
                closing.callback(stream.close)
                if hop is settings and transport is None and not hop.proxy_command:
                    address = str(stream.getpeername()[0])
                transport, host_key = _shake_hands(hop, stream, ends_at, closing)
                sign_in(transport, hop, ends_at)
        except Exception as error:
            late = time.monotonic() >= ends_at and not isinstance(error, TargetError)
            raise (
                UnreachableError(f"{hop.where} did not let us in in time") if late else as_target_error(error, hop.where)
            ) from error
        assert transport is not None  # noqa: S101 - there is one hop at least
        transport.set_keepalive(settings.keepalive_s)
        return Connection(transport, address, host_key, closing.pop_all())


def _open_stream(
    settings: Settings, via: paramiko.Transport | None, ends_at: float
) -> TunedSocket | CommandSocket | paramiko.Channel:
    if via is not None:
        return _open_through(via, settings, max(0.05, ends_at - time.monotonic()))
    return open_command(settings) if settings.proxy_command else open_tcp(settings, ends_at)


def _open_through(via: paramiko.Transport, settings: Settings, wait_s: float) -> paramiko.Channel:
    try:
        return via.open_channel("direct-tcpip", (settings.host, settings.port), ("127.0.0.1", 0), timeout=wait_s)
    except paramiko.ChannelException as error:
        raise UnreachableError(f"the jump host could not connect to {settings.where}: {error.text}") from error


def _shake_hands(
    settings: Settings, stream: TunedSocket | paramiko.Channel, ends_at: float, closing: ExitStack
) -> tuple[VerifiedTransport, str]:
    """Agree on keys with a host that proves to be the one we know; its key's fingerprint."""
    trust = trust_in(settings)
    transport = VerifiedTransport(stream, trust)
    closing.callback(transport.close)
    left_s = max(0.05, ends_at - time.monotonic())
    transport.banner_timeout = transport.handshake_timeout = left_s
    agreed = threading.Event()
    transport.start_client(event=agreed)
    if not agreed.wait(left_s):
        raise UnreachableError(f"{settings.where} accepted the connection but did not speak SSH within {left_s:.0f} s")
    if not transport.is_active() or not transport.host_key_blob:
        raise _not_agreed(settings, transport, stream)
    return transport, verify(trust, transport.host_key_blob)


def _not_agreed(settings: Settings, transport: paramiko.Transport, stream: TunedSocket | paramiko.Channel) -> Exception:
    error = transport.get_exception() or EOFError()
    if transport.remote_version:
        return error
    early = getattr(stream, "early", b"")
    said = "".join(c for c in early.decode("utf-8", "replace").partition("\n")[0] if c.isprintable())[:100]
    return BusyError(f"{settings.where} hung up before speaking SSH" + (f": {said}" if said else ""))


def _preferred(first: Sequence[str], possible: Sequence[str]) -> tuple[str, ...]:
    return (*(name for name in first if name in possible), *(name for name in possible if name not in first))
