"""A slow link: a TCP relay that delays both ways.

relay.py LISTEN_ADDRESS ADDRESS PORT RTT_S
Prints the port it listens on, then for each connection that ended a line of JSON: bytes each way, and turns, how often the client
waited for the server before it went on. The handshake of TCP itself takes a round trip too, as it does on a real link.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_CHUNK = 65_536
_MOST_CHUNKS = 1024  # in flight, each way


@dataclass(slots=True)
class Passed:
    """What went through one connection."""

    sent: int = 0
    received: int = 0
    turns: int = 0
    clients_turn: bool = False


class Relay:
    """A relay in a process of its own, so that its work does not disturb what is measured."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    @classmethod
    def start(cls, before: Sequence[str], address: str, port: int, rtt_s: float) -> Self:
        """Start a relay to an address by a command that runs others (`before`)."""
        words = [*before, sys.executable, "-I", __file__, "127.0.0.1", address, str(port), str(rtt_s)]
        return cls(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def next_connection(self) -> dict[str, int]:
        """What went through the connection that ended first since the last call; waits for one to end."""
        assert self._process.stdout is not None
        said: dict[str, int] = json.loads(self._process.stdout.readline())
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


async def serve(listen: str, address: str, port: int, rtt_s: float) -> None:
    """Relay until killed."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = Passed()
        await asyncio.sleep(rtt_s)  # the handshake
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(address, port)
            up = _carry(reader, back, rtt_s / 2, passed, from_client=True)
            down = _carry(there, writer, rtt_s / 2, passed, from_client=False)
            await asyncio.gather(up, down)
            back.close()
        writer.close()
        _say(json.dumps({"sent": passed.sent, "received": passed.received, "turns": passed.turns}))

    server = await asyncio.start_server(relay, listen, 0)
    _say(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late_s: float, passed: Passed, *, from_client: bool
) -> None:
    """One direction, every byte late by the same time."""
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_CHUNKS)
    clock = asyncio.get_running_loop().time

    async def read() -> None:
        data = b"?"
        while data:
            try:
                data = await reader.read(_CHUNK)
            except OSError:
                data = b""
            if from_client:
                passed.sent += len(data)
                passed.turns += bool(data) and passed.clients_turn
                passed.clients_turn = passed.clients_turn and not data
            else:
                passed.received += len(data)
            await on_the_way.put((clock() + late_s, data))

    async def write() -> None:
        data = b"?"
        while data:
            due, data = await on_the_way.get()
            await asyncio.sleep(max(0.0, due - clock()))
            passed.clients_turn = passed.clients_turn or (not from_client and bool(data))
            with contextlib.suppress(OSError):
                if data:
                    writer.write(data)
                    await writer.drain()
                elif writer.can_write_eof():
                    writer.write_eof()

    await asyncio.gather(read(), write())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
