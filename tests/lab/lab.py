"""The lab as tests see it: hosts by name, a client that knows them, and scans of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

from .busybox import busybox_root, busybox_shape
from .cheap import cheap_address, cheap_shape, has_started
from .enclosure import Enclosure, why_not
from .hosts import Host, OwnFile, Shape, own_files, start_host
from .network import Network
from .relay import Relay
from .roots import NoRootError, Recipe, debian_root
from .ssh import Client, new_key, write_private

SUITES = ("bullseye", "bookworm", "trixie")
MAIN_SUITE = "bookworm"


def reason_to_skip() -> str:
    """Why there can be no lab here; empty when there can. Roots are not built to find out."""
    return why_not()


def is_required() -> bool:
    """Whether a lab that cannot be had is a failure rather than a reason to skip (SECSCAN_LAB=require, as CI sets it)."""
    return os.environ.get("SECSCAN_LAB") == "require"


class Hostile:
    """Running servers that behave badly; `events` is what clients asked of them so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process, self._stream = process, process.stdout
        self.events: list[dict[str, str]] = []
        if "ready" not in self._stream.readline():
            raise RuntimeError("the hostile servers did not start")
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self._stream:
            self.events.append(json.loads(line))

    def close(self) -> None:
        """End them."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._stream.close()


class Lab:
    """An enclosure with a network, a client in it and the hosts that were booted. Close it, or die: nothing stays behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.enclosure = Enclosure()
        self.network = Network(self.enclosure)
        self.client = Client(folder / "home")
        self.hosts: dict[str, Host] = {}
        self._servers: list[Hostile] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything."""
        for server in self._servers:
            server.close()
        self.enclosure.close()
        for host in self.hosts.values():
            host.process.wait(10)

    def boot(
        self,
        name: str,
        root: Path | str = MAIN_SUITE,
        shape: Shape | None = None,
        *,
        inner: bool = False,
        outer: bool = True,
        root_too: bool = False,
    ) -> Host:
        """Boot a host whose sshd answers and whose boot is over; the client knows it by its name. `root` may be a suite's name."""
        shape = shape or Shape()
        folder = debian_root(Recipe(root)) if isinstance(root, str) else root
        keys = {kind: new_key(kind) for kind in ("ed25519", "ecdsa")}
        files: Mapping[str, OwnFile] = {
            **own_files(self.client.public, root_too=root_too),
            **{f"/etc/ssh/ssh_host_{kind}_key": OwnFile(pair.private, 0o600) for kind, pair in keys.items()},
            **{f"/etc/ssh/ssh_host_{kind}_key.pub": OwnFile(f"{pair.public}\n") for kind, pair in keys.items()},
            **shape.files,
        }
        addresses = self.network.attach(name, outer=outer, inner=inner)
        public = tuple(pair.public for pair in keys.values())
        started = start_host(self.enclosure, name, folder, replace(shape, files=files), f"/run/netns/{name}")
        host = Host(name, *addresses, self.enclosure, *started, public, shape)
        self.hosts[name] = host
        if outer:
            self.network.wait_for_sshd(host.address)
        if not shape.boot:
            host.wait_until_settled()
        self.client.know(host.address or host.inner_address, public)
        self.client.alias(name, host.address or host.inner_address)
        return host

    def boot_cheap(self, count: int, root: Path | None = None, *, root_too: bool = False) -> list[str]:
        """Start many hosts that are sshd alone, on 127.0.4.x; their names."""
        keys = {number: new_key() for number in range(1, count + 1)}
        shape = cheap_shape({number: pair.private for number, pair in keys.items()})
        shape = replace(shape, files={**own_files(self.client.public, root_too=root_too), **shape.files})
        process, leader = start_host(self.enclosure, "cheap", root or debian_root(Recipe(MAIN_SUITE)), shape, "/proc/1/ns/net")
        self.hosts["cheap"] = host = Host("cheap", "127.0.4.0", "", self.enclosure, process, leader, ())
        ends_at = time.monotonic() + 60
        while not has_started(host.root):
            if time.monotonic() > ends_at:
                raise TimeoutError("the cheap hosts did not start within 60 s")
            time.sleep(0.1)
        names = {number: f"cheap{number}" for number in keys}
        for number, name in names.items():
            self.client.know(cheap_address(number), [keys[number].public])
            self.client.alias(name, cheap_address(number))
        return list(names.values())

    def boot_busybox(self, name: str, files: Mapping[str, str] | None = None) -> Host:
        """Start a host of busybox and dropbear; root and plain may sign in. `files` are texts by path."""
        root = self.folder / name
        public = busybox_root(root)
        addresses = self.network.attach(name)
        process, leader = start_host(
            self.enclosure, name, root, busybox_shape(self.client.public, files or {}), f"/run/netns/{name}"
        )
        self.hosts[name] = host = Host(name, *addresses, self.enclosure, process, leader, (public,))
        self.network.wait_for_sshd(host.address)
        self.client.know(host.address, [public])
        self.client.alias(name, host.address, User="root")
        return host

    def start_hostile(self, behaviours: Sequence[str]) -> Hostile:
        """Start servers that behave badly, each named after its behaviour with dashes."""
        key = new_key()
        path = self.folder / "hostile_key"
        write_private(path, key.private)
        addresses = {behaviour: f"127.0.5.{number}" for number, behaviour in enumerate(behaviours, 1)}
        words = [f"{address}={behaviour}" for behaviour, address in addresses.items()]
        script = str(Path(__file__).with_name("hostile.py"))
        process = subprocess.Popen(
            self.enclosure.beside(sys.executable, script, str(path), *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        hostile = Hostile(process)
        for behaviour, address in addresses.items():
            self.client.know(address, [key.public])
            self.client.alias(behaviour.replace("_", "-"), address)
        self._servers.append(hostile)
        return hostile

    def relay(self, address: str, rtt_s: float, port: int = 22) -> Relay:
        """A slow link to an address; close it or leave it as a context."""
        return Relay.start(self.enclosure.beside(), address, port, rtt_s)

    def ssh(self, host: str, *words: str, user: str = "scan") -> str:
        """What words print on a host, by OpenSSH. Raises RuntimeError when they fail."""
        done = self.enclosure.client(self.client.ssh(host, *words, user=user), self.client.environment)
        if done.returncode:
            raise RuntimeError(f"ssh {host} {' '.join(words)}: exit status {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def build_roots(suites: tuple[str, ...] = SUITES) -> dict[str, Path | NoRootError]:
    """Roots of several suites, built side by side where they are not there yet; the reason for those that cannot be."""

    def build(suite: str) -> Path | NoRootError:
        try:
            return debian_root(Recipe(suite))
        except NoRootError as error:
            return error

    with ThreadPoolExecutor(len(suites)) as pool:
        return dict(zip(suites, pool.map(build, suites), strict=True))
