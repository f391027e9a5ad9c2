"""Signing in: one credential after the other, and no more attempts than a server allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.message import Message

from secscan.errors import AuthenticationError
from secscan.transports.ssh.keys import KeyRing
from secscan.transports.ssh.settings import Settings

_KEY_TRIES = 5  # sshd's MaxAuthTries is 6, and the last is for a password


class EagerAuthHandler(AuthHandler):
    """Asks for the sign-in service and signs in at once, not one after the other: one round trip less for every connection.

    A server reads the two messages in order, so nothing changes for it. Also keeps which methods the server would allow.
    """

    def __init__(self, transport: paramiko.Transport) -> None:
        super().__init__(transport)
        self.allowed: tuple[str, ...] = ()
        self._asked = False

    def _request_auth(self) -> None:
        if not self._asked:
            super()._request_auth()  # type: ignore[misc] # the stubs leave out what is not public
            self._asked = True
        accepted = Message()
        accepted.add_string("ssh-userauth")
        accepted.rewind()
        super()._parse_service_accept(accepted)  # type: ignore[misc] # it is what sends the request

    def _parse_service_accept(self, m: Message) -> None:
        """The server's word that it will listen to what has been sent already."""

    def _parse_userauth_failure(self, m: Message) -> None:
        self.allowed = tuple(m.get_list())
        m.rewind()
        super()._parse_userauth_failure(m)  # type: ignore[misc] # as above


def sign_in(transport: paramiko.Transport, settings: Settings, ends_at: float) -> None:
    """Sign in with the first credential that the host takes. Raises AuthenticationError that says what was tried and allowed."""
    handler = EagerAuthHandler(transport)
    transport.auth_handler = handler
    ring = KeyRing(settings, ends_at)
    attempt = _SigningIn(transport, handler, settings, ends_at)
    try:
        if not (attempt.try_keys(ring) or attempt.try_password()):
            raise AuthenticationError(attempt.told(ring.notes))
    finally:
        ring.close()


@dataclass(slots=True)
class _SigningIn:
    """One sign-in, and what it has tried so far."""

    transport: paramiko.Transport
    handler: EagerAuthHandler
    settings: Settings
    ends_at: float
    tried: list[str] = field(default_factory=list)
    half_way: bool = False

    def try_keys(self, ring: KeyRing) -> bool:
        """Whether a key was taken."""
        for key in ring.in_order():
            event = threading.Event()
            self.tried.append(key.shown)
            self.handler.auth_publickey(self.settings.user, key.pkey, event)
            if self._let_in(event):
                return True
            if "publickey" not in self.handler.allowed or len(self.tried) >= _KEY_TRIES:
                return False
        return False

    def try_password(self) -> bool:
        """Whether the password was taken, by method `password` or as the one hidden answer of `keyboard-interactive`."""
        password = self.settings.password
        if password is None:
            return False

        def answer(_title: str, _text: str, questions: Sequence[tuple[str, bool]]) -> list[str]:
            return [password if number == 0 and not shown else "" for number, (_, shown) in enumerate(questions)]

        if not self.handler.allowed or "password" in self.handler.allowed:
            event = threading.Event()
            self.tried.append("password")
            self.handler.auth_password(self.settings.user, password, event)
            if self._let_in(event):
                return True
        if "password" in self.handler.allowed or "keyboard-interactive" not in self.handler.allowed:
            return False
        event = threading.Event()
        self.tried.append("keyboard-interactive")
        self.handler.auth_interactive(self.settings.user, answer, event)
        return self._let_in(event)

    def told(self, notes: Sequence[str]) -> str:
        """Why nobody was let in."""
        tried = ", ".join(self.tried) or "nothing, as neither key nor password was at hand"
        told = f"{self.settings.where} did not let in {self.settings.user}; tried: {tried}"
        asks = "took the last of these and asks for more" if self.half_way else "allows"
        allowed = f"the host {asks}: {', '.join(self.handler.allowed)}" if self.handler.allowed else ""
        return "; ".join(filter(None, (told, allowed, *notes)))

    def _let_in(self, event: threading.Event) -> bool:
        """Whether the host let us in; False when it wants another credential, or one more."""
        self.transport.auth_timeout = max(0.0, self.ends_at - time.monotonic())
        self.half_way = False
        try:
            self.half_way = bool(self.handler.wait_for_response(event))
            return not self.half_way
        except paramiko.AuthenticationException:
            if not self.transport.is_active() or time.monotonic() >= self.ends_at:
                raise
            return False
