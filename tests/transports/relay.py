"""A TCP relay that delays both ways and counts turns: how often a client waited for a server before it went on."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from typing import Self


class Relay:
    """Listens on 127.0.0.1 and relays to a port there, every byte `one_way_s` late."""

    def __init__(self, port: int, one_way_s: float) -> None:
        self.turns = 0  # of the client, after the connection itself
        self._one_way_s, self._target = one_way_s, port
        self._last = "server"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(2)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += [client, server]
                for source, sink, who in ((client, server, "client"), (server, client, "server")):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    late: queue.Queue[tuple[float, bytes]] = queue.Queue()
                    for target, arguments in ((self._read, (source, late, who)), (self._write, (late, sink, who))):
                        thread = threading.Thread(target=target, args=arguments, daemon=True)
                        self._threads.append(thread)
                        thread.start()

    def _read(self, source: socket.socket, late: queue.Queue[tuple[float, bytes]], who: str) -> None:
        data = b"?"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if who == "client" and data and self._last == "server":
                self.turns += 1
                self._last = "client"
            late.put((time.monotonic() + self._one_way_s, data))

    def _write(self, late: queue.Queue[tuple[float, bytes]], sink: socket.socket, who: str) -> None:
        data = b"?"
        while data:
            due, data = late.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if who == "server" and data:
                self._last = "server"
            with contextlib.suppress(OSError):
                if data:
                    sink.sendall(data)
                else:
                    sink.shutdown(socket.SHUT_WR)
