"""A line over SSH: one command in one channel, its outputs read together however much of either there is."""

from __future__ import annotations

import contextlib
import select

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message

from secscan.carrying.line import Step

_CHUNK = 65_536
_SEND_WAIT_S = 0.2  # sending waits for the host's window, and reading must not wait for sending


class ChannelLine:
    """A command that runs on the host."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)

    def step(self, to_send: memoryview, wait_s: float) -> Step:
        """See Line."""
        sent = 0
        if to_send and not self._ended:
            sent = self._send(to_send, min(wait_s, _SEND_WAIT_S))
        elif not self._something_to_read:
            self._poll.poll(max(0.0, wait_s) * 1000)
        stdout = self._channel.recv(_CHUNK) if self._channel.recv_ready() else b""
        stderr = self._channel.recv_stderr(_CHUNK) if self._channel.recv_stderr_ready() else b""
        return Step(sent, stdout, stderr, over=self._ended and not self._something_to_read)

    def end_input(self) -> None:
        """See Line."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.shutdown_write()

    def close(self, wait_s: float) -> int:
        """See Line."""
        if wait_s > 0:
            self._channel.status_event.wait(wait_s)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()
        return int(self._channel.exit_status)

    @property
    def _ended(self) -> bool:
        return bool(self._channel.eof_received or self._channel.closed)

    @property
    def _something_to_read(self) -> bool:
        return self._channel.recv_ready() or self._channel.recv_stderr_ready()

    def _send(self, to_send: memoryview, wait_s: float) -> int:
        self._channel.settimeout(wait_s)
        try:
            return self._channel.send(bytes(to_send[:_CHUNK]))
        except TimeoutError:
            return 0
        except (OSError, EOFError, paramiko.SSHException):  # it no longer reads; its exit status or its end tells why
            return len(to_send)


def start_command(transport: paramiko.Transport, command: str, wait_s: float) -> ChannelLine:
    """Start a command. Does not wait for the host's word that it started: Channel.exec_command would, without any limit."""
    channel = transport.open_channel("session", timeout=wait_s)
    request = Message()
    request.add_byte(cMSG_CHANNEL_REQUEST)
    request.add_int(channel.remote_chanid)
    request.add_string("exec")
    request.add_boolean(True)  # yes, answer: a refusal then closes the channel
    request.add_string(command)
    transport._send_user_message(request)  # type: ignore[attr-defined] # noqa: SLF001 - the one way to send a request of one's own
    return ChannelLine(channel)
