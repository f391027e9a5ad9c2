"""Byte streams to a host: TCP tuned for short conversations, a command's own streams, or a channel through another host."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Any

from secscan.carrying.process import client_environment
from secscan.errors import UnreachableError
from secscan.transports.ssh.settings import Settings

_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux only; without it things are slower, not wrong
_EARLY = 512
_COMMAND_ENDS_S = 1.0
_Resolved = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class TunedSocket(socket.socket):
    """TCP without Nagle's delay, and without delayed acknowledgements: together they cost 80 of 110 ms of a sign-in.

    `early` keeps the first bytes that came: what a server says that hangs up before it speaks SSH.
    """

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected.family, connected.type, connected.proto, fileno=connected.detach())
        self.early = b""
        with contextlib.suppress(OSError):  # a socket pair has no such option
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive; the kernel forgets quick acknowledgement after each packet, so it is asked for again."""
        if _QUICKACK is not None:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        data = super().recv(size, flags)
        if len(self.early) < _EARLY:
            self.early += data[:_EARLY]
        return data

    def close(self) -> None:
        """Hang up; a thread that still waits for bytes wakes at once."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)
        super().close()


class CommandSocket(TunedSocket):
    """The streams of a ProxyCommand as one socket; the command ends with it."""

    def __init__(self, ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
        super().__init__(ours)
        self._process = process

    def close(self) -> None:
        """Hang up, and end the command and what it started."""
        super().close()
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(_COMMAND_ENDS_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def open_tcp(settings: Settings, ends_at: float) -> TunedSocket:
    """A connection to the first address of the host that answers; every address gets its share of the time."""
    addresses = _resolve(settings, ends_at)
    complaint = ""
    for left, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(max(0.05, (ends_at - time.monotonic()) / left))
            if settings.bind_address:
                raw.bind((settings.bind_address, 0))
            raw.connect(address)
            return TunedSocket(raw)
        except TimeoutError:
            complaint = "no answer in time"
            raw.close()
        except OSError as error:
            complaint = (error.strerror or str(error)).lower()
            raw.close()
    raise UnreachableError(f"no connection to {settings.where}: {complaint}")


def open_command(settings: Settings) -> CommandSocket:
    """A connection through the host's ProxyCommand, which ~/.ssh/config or the inventory's owner wrote."""
    ours, theirs = socket.socketpair()
    with theirs:
        words = ["/bin/sh", "-c", f"exec {settings.proxy_command}"]
        end, environment = theirs.fileno(), client_environment(os.environ)
        process = subprocess.Popen(  # noqa: S603 - what is put into the command was checked
            words, stdin=end, stdout=end, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
        )
    return CommandSocket(ours, process)


def _resolve(settings: Settings, ends_at: float) -> Sequence[_Resolved]:
    """The addresses of a host. The resolver cannot be told to hurry, so it is left behind when time is up."""
    found: list[Sequence[_Resolved] | OSError] = []

    def look() -> None:
        try:
            family = _FAMILIES.get(settings.family, socket.AF_UNSPEC)
            found.append(socket.getaddrinfo(settings.host, settings.port, family, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error if isinstance(error, OSError) else OSError(0, "not a name that can be looked up"))

    if set(settings.host) <= set("0123456789."):
        look()
    else:
        looking = threading.Thread(target=look, name="secscan-resolve", daemon=True)
        looking.start()
        looking.join(max(0.0, ends_at - time.monotonic()))
    if not found:
        raise UnreachableError(f"no connection to {settings.where}: the name was not resolved in time")
    if isinstance(found[0], OSError):
        raise UnreachableError(f"no connection to {settings.where}: {(found[0].strerror or str(found[0])).lower()}")
    return found[0]
