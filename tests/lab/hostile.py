"""Servers that wish a scanner ill: hostile.py KEY_FILE ADDRESS=BEHAVIOUR...

Each address listens on port 22 and behaves as it is told; every sign-in is let in. What clients ask for is told as lines of JSON.
All of them stop by themselves: nothing is sent for longer than a minute or beyond a gigabyte.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import paramiko

_LONGEST_S = 60.0
_MOST_BYTES = 2**30
_CHUNK = 32_768


class Asked:
    """What a client wants run, with the channel to answer on."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.channel = channel

    def read_script(self) -> tuple[bytes, bytes]:
        """The nonce and the script that the client sends on standard input, or what came of them within five seconds."""
        self.channel.settimeout(5)
        message = b""
        with contextlib.suppress(TimeoutError, OSError):
            while data := self.channel.recv(_CHUNK):
                message += data
        nonce, _, script = message.partition(b"\n")
        return nonce, zlib.decompressobj(wbits=31).decompress(script)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.channel.settimeout(_LONGEST_S)
        self.channel.sendall(data)

    def end(self, status: int = 0) -> None:
        """End as a command does."""
        self.channel.send_exit_status(status)
        self.channel.close()


def greeting(nonce: bytes, script: bytes, packing: bytes) -> bytes:
    """The line that an honest collector begins with."""
    found = re.search(rb"H plain ([0-9a-f]{64})", script)
    return b"\n" + nonce + b" H " + packing + b" " + (found[1] if found else b"0" * 64) + b"\n"


def questions(script: bytes) -> list[bytes]:
    """The numbers of the questions in a script."""
    return re.findall(rb"^  secscan_ask (\d+) ", script, re.MULTILINE)


def frame(nonce: bytes, number: bytes, body: bytes = b"", parts: int = 0) -> bytes:
    """One whole answer, with `parts` parts that all hold the same body."""
    pieces = b"".join(body + b"\n" + nonce + b" P %d 0\n" % index for index in range(parts))
    return b"\n%s B %s 1.0\n%s\n%s E %s 0 1.0\n\n%s Z %s\n" % (nonce, number, pieces, nonce, number, nonce, number)


def endless(asked: Asked) -> None:
    """Never stop, from the first byte."""
    _flood(asked, iter(lambda: b"All is well. " * 2000, b""))


def endless_complaint(asked: Asked) -> None:
    """Never stop complaining on standard error, and answer nothing."""
    ends_at, sent = time.monotonic() + _LONGEST_S, 0
    asked.channel.settimeout(_LONGEST_S)
    while time.monotonic() < ends_at and sent < _MOST_BYTES:
        asked.channel.sendall_stderr(b"mind the gap " * 2000)
        sent += 26_000


def endless_answer(asked: Asked) -> None:
    """Begin like a collector, then never end the first answer."""
    nonce, script = asked.read_script()
    asked.send(greeting(nonce, script, b"plain") + b"\n" + nonce + b" B " + questions(script)[0] + b" 1.0\n")
    _flood(asked, iter(lambda: b"kernel.panic = 1\n" * 2000, b""))


def bomb(asked: Asked) -> None:
    """A few megabytes that unpack to gigabytes."""
    nonce, script = asked.read_script()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"\n" + nonce + b" B " + questions(script)[0] + b" 1.0\n") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**26)) + packer.flush(zlib.Z_FULL_FLUSH)
    asked.send(greeting(nonce, script, b"gzip") + head)
    _flood(asked, iter([block] * 100))


def garbage(asked: Asked) -> None:
    """Begin like a collector, go on with noise."""
    nonce, script = asked.read_script()
    asked.send(greeting(nonce, script, b"gzip") + os.urandom(500_000))
    asked.end()


def noise(asked: Asked) -> None:
    """Noise alone, and a good exit status."""
    asked.read_script()
    asked.send(os.urandom(50_000))
    asked.end()


def fake_frames(asked: Asked) -> None:
    """Answers in frames with nonces that are guessed, as a file's content could hold them."""
    nonce, script = asked.read_script()
    guesses = (b"0" * 32, nonce[:-1] + b"g", nonce.upper() + b"0", nonce[:31])
    forged = b"".join(frame(guess, number, b"root:x:0:0\n", 3) for guess in guesses for number in questions(script))
    asked.send(greeting(nonce, script, b"plain") + forged + b"\n" + nonce + b" END 1\n")
    asked.end()


def replayed_frames(asked: Asked) -> None:
    """Each answer twice, with the true nonce."""
    nonce, script = asked.read_script()
    answers = [frame(nonce, number, b"safe\nend\n", 1) for number in questions(script)]
    asked.send(greeting(nonce, script, b"plain") + b"".join(answers * 2) + b"\n" + nonce + b" END 1\n")
    asked.end()


def empty_answers(asked: Asked) -> None:
    """Every mark in its place, and nothing between them."""
    nonce, script = asked.read_script()
    answers = b"".join(frame(nonce, number) for number in questions(script))
    asked.send(greeting(nonce, script, b"plain") + answers + b"\n" + nonce + b" END %d\n" % len(questions(script)))
    asked.end()


def another_plan(asked: Asked) -> None:
    """A collector that answers other questions than it was asked."""
    nonce, _ = asked.read_script()
    asked.send(b"\n" + nonce + b" H plain " + b"a" * 64 + b"\n\n" + nonce + b" END 0\n")
    asked.end()


def hangs_mid_answer(asked: Asked) -> None:
    """Begin the second answer, then say nothing more."""
    _half_an_answer(asked)
    time.sleep(_LONGEST_S)


def closes_mid_answer(asked: Asked) -> None:
    """Begin the second answer, then cut the connection."""
    _half_an_answer(asked)
    time.sleep(0.1)
    asked.channel.get_transport().close()


def never_answers(asked: Asked) -> None:
    """Take the command and the script, and say nothing."""
    asked.read_script()
    time.sleep(_LONGEST_S)


def never_reads(asked: Asked) -> None:
    """Take the command, and never take the script."""
    time.sleep(_LONGEST_S)


def trickles(asked: Asked) -> None:
    """A byte a second: never silent, never done."""
    nonce, script = asked.read_script()
    asked.send(greeting(nonce, script, b"plain") + b"\n" + nonce + b" B " + questions(script)[0] + b" 1.0\n")
    for _ in range(int(_LONGEST_S)):
        asked.send(b".")
        time.sleep(1)


def dresses_up(asked: Asked) -> None:
    """Complaints and banners full of terminal escapes and markup, and no collector."""
    asked.read_script()
    asked.channel.sendall_stderr("\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>=cmd|'/c calc'!A1\u202e\n".encode())
    asked.end(1)


def silent(client: socket.socket) -> None:
    """Take the connection and say nothing."""
    client.settimeout(_LONGEST_S)
    while client.recv(_CHUNK):
        pass


def banner_flood(client: socket.socket) -> None:
    """Lines before the SSH banner, without end; RFC 4253 section 4.2 allows some."""
    ends_at, sent = time.monotonic() + _LONGEST_S, 0
    while time.monotonic() < ends_at and sent < _MOST_BYTES:
        sent += client.send(b"Welcome to the machine\r\n" * 100)


def not_ssh(client: socket.socket) -> None:
    """Another protocol."""
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def hangs_up(client: socket.socket) -> None:
    """Close at once."""


def speaks_then_hangs(client: socket.socket) -> None:
    """An SSH banner, then nothing."""
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    silent(client)


ANSWERS: dict[str, Callable[[Asked], None]] = {
    each.__name__: each
    for each in (
        endless, endless_complaint, endless_answer, bomb, garbage, noise, fake_frames, replayed_frames, empty_answers, another_plan,
        hangs_mid_answer, closes_mid_answer, never_answers, never_reads, trickles, dresses_up,
    )
}  # fmt: skip
CONNECTIONS: dict[str, Callable[[socket.socket], None]] = {
    each.__name__: each for each in (silent, banner_flood, not_ssh, hangs_up, speaks_then_hangs)
}
REFUSALS = ("refuses_exec", "refuses_keys")


class _Server(paramiko.ServerInterface):
    """Lets everybody in and does what its behaviour says."""

    def __init__(self, address: str, behaviour: str) -> None:
        self._address, self._behaviour = address, behaviour

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.AUTH_FAILED if self._behaviour == "refuses_keys" else paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        _say({"address": self._address, "exec": command.decode("utf-8", "replace")})
        answer = ANSWERS.get(self._behaviour)
        if not answer:
            return False
        threading.Thread(target=_quietly, args=(answer, Asked(channel)), daemon=True).start()
        return True


def serve(address: str, behaviour: str, key: paramiko.PKey) -> None:
    """Listen on an address for as long as the process lives."""
    listener = socket.create_server((address, 22), backlog=64)

    def talk(client: socket.socket) -> None:
        if behaviour in CONNECTIONS:
            with client:
                CONNECTIONS[behaviour](client)
            return
        small = {"default_window_size": 32_768} if behaviour == "never_reads" else {}
        transport = paramiko.Transport(client, **small)
        transport.add_server_key(key)
        transport.start_server(event=threading.Event(), server=_Server(address, behaviour))
        _say({"address": address, "connected": True})

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_quietly, args=(talk, client), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _flood(asked: Asked, pieces: Iterator[bytes]) -> None:
    ends_at, sent = time.monotonic() + _LONGEST_S, 0
    for piece in pieces:
        if time.monotonic() > ends_at or sent > _MOST_BYTES:
            return
        asked.send(piece)
        sent += len(piece)


def _half_an_answer(asked: Asked) -> None:
    nonce, script = asked.read_script()
    first, second = questions(script)[:2]
    asked.send(greeting(nonce, script, b"plain") + frame(nonce, first) + b"\n" + nonce + b" B " + second + b" 1.0\n- 0644")


def _quietly(work: Callable[..., None], *arguments: object) -> None:
    with contextlib.suppress(OSError, EOFError, IndexError, ValueError, paramiko.SSHException):
        work(*arguments)


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    paramiko.util.get_logger("paramiko").disabled = True
    host_key = paramiko.Ed25519Key.from_private_key_file(sys.argv[1])
    for word in sys.argv[2:]:
        serve(*word.split("=", 1), host_key)
    _say({"ready": True})
    while True:
        time.sleep(3600)
