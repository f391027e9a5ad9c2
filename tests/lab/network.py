"""The lab's network: a bridge where the clients are, and a second one that only a jump host leads to."""

from __future__ import annotations

import itertools
import socket
import threading
import time

from .enclosure import Enclosure

_OUTER, _INNER = "10.99.0", "10.98.0"


class Network:
    """Two Ethernets inside an enclosure, and who is on them."""

    def __init__(self, enclosure: Enclosure) -> None:
        self._enclosure = enclosure
        self._numbers = itertools.count(11)
        self._ip(
            "link set lo up",
            *(line for name in ("outer", "inner") for line in (f"link add {name} type bridge", f"link set {name} up")),
            f"addr add {_OUTER}.1/24 dev outer",
        )

    def attach(self, name: str, *, outer: bool = True, inner: bool = False) -> tuple[str, str]:
        """Make a network namespace with legs on the bridges; its addresses there, outer first, empty where it has none.

        The namespace is /run/netns/NAME inside the enclosure.
        """
        number = next(self._numbers)
        self._enclosure.run("ip", "netns", "add", name)
        addresses = (f"{_OUTER}.{number}" if outer else "", f"{_INNER}.{number}" if inner else "")
        self._ip("link set lo up", namespace=name)
        for bridge, address in zip(("outer", "inner"), addresses, strict=True):
            if address:
                leg = f"{bridge[0]}{number}"
                self._ip(f"link add {leg} type veth peer name {bridge} netns {name}", f"link set {leg} master {bridge} up")
                self._ip(f"addr add {address}/24 dev {bridge}", f"link set {bridge} up", namespace=name)
        return addresses

    def detach(self, name: str) -> None:
        """Remove a namespace; its legs go with it."""
        self._enclosure.run("ip", "netns", "delete", name)

    def connect(self, address: str, port: int, timeout_s: float) -> socket.socket:
        """A connection from where the clients are. Only a thread made for it goes there; its socket stays there."""
        made: list[socket.socket | Exception] = []

        def make() -> None:
            try:
                self._enclosure.enter_network()
                made.append(socket.create_connection((address, port), timeout_s))
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if isinstance(made[0], Exception):
            raise made[0]
        return made[0]

    def wait_for_sshd(self, address: str, port: int = 22, patience_s: float = 30.0) -> None:
        """Return when an SSH server greets there. Raises TimeoutError when none does."""
        ends_at = time.monotonic() + patience_s
        while time.monotonic() < ends_at:
            try:
                with self.connect(address, port, 2) as stream:
                    if stream.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise TimeoutError(f"no SSH server at {address} port {port} after {patience_s:g} s")

    def _ip(self, *lines: str, namespace: str = "") -> None:
        where = ("-n", namespace) if namespace else ()
        self._enclosure.run("ip", *where, "-batch", "-", input="\n".join(lines) + "\n")
