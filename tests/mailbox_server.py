"""A real mail server on this machine that keeps what it is sent."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

Mail = tuple[list[str], EmailMessage]  # to whom it was sent, and what


@contextmanager
def mail_server() -> Iterator[tuple[int, list[Mail]]]:
    """The port of an SMTP server, and what has arrived there."""
    arrived: list[Mail] = []

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            message = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=email.policy.default)
            arrived.append((envelope.rcpt_tos, message))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, arrived
    finally:
        controller.stop()
