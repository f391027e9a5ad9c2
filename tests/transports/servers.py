"""Real SSH servers and agents of this machine, started for one test, as whoever runs it."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from secscan.model.target import Exchanged, Request, Target, Transport

GREET = 'printf "\\n%s H plain\\n" "$secscan_nonce"; '
NONCE = "5ec5ca05ec5ca05e"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair."""
    rounds = ["-a", "4"] if passphrase else []
    run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, *rounds, "-C", path.name, "-f", path)
    return path


def run(*words: object) -> str:
    """What a program prints; it must succeed."""
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def public(key: Path) -> str:
    """Kind and base64 of a key's public half."""
    return " ".join(Path(f"{key}.pub").read_text().split()[:2])


@dataclass
class Server:
    """One sshd in its own folder."""

    folder: Path
    port: int
    host_key: Path
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start it with the settings it has now."""
        config = self.folder / "sshd_config"
        config.write_text("".join(f"{name} {value}\n" for name, value in self.settings.items()))
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert program, "tests need sshd: install openssh-server"
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen([program, "-D", "-e", "-f", config], stdout=log, stderr=log)
        ends_at = time.monotonic() + 10
        while time.monotonic() < ends_at:
            if self.process.poll() is not None:
                raise AssertionError(self.log)
            if f"listening on 127.0.0.1 port {self.port}" in self.log:
                return
            time.sleep(0.01)
        raise AssertionError(f"sshd does not listen: {self.log}")

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    @property
    def known_as(self) -> str:
        """Its name in known_hosts."""
        return f"[127.0.0.1]:{self.port}"

    def known_line(self) -> str:
        """The line that makes its key known."""
        return f"{self.known_as} {public(self.host_key)}\n"


def make_server(folder: Path, authorized: str, **settings: str) -> Server:
    """A started server that lets in the keys of `authorized`."""
    folder.mkdir()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    host_key = make_key(folder / "host_key")
    (folder / "authorized_keys").write_text(authorized)
    port = free_port()
    server = Server(folder, port, host_key, settings={
        "Port": str(port), "ListenAddress": "127.0.0.1", "HostKey": str(host_key), "PidFile": "none", "UsePAM": "no",
        "StrictModes": "no",
        "AuthorizedKeysFile": str(folder / "authorized_keys"), "PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no",
        "PrintMotd": "no", "PrintLastLog": "no", "LogLevel": "VERBOSE", **settings,
    })  # fmt: skip
    server.start()
    return server


def ask(
    transport: Transport, target: Target, script: str = "echo answer", end: bytes = b"", **limits: float
) -> tuple[Exchanged, bytes]:
    """Run a script; how it went, and everything it printed after the collector's greeting."""
    heard = bytearray()

    def receive(data: bytes) -> bool:
        heard.extend(data)
        return bool(end) and end in heard

    request = Request(GREET + script, NONCE, **{"connect_s": 10.0, "idle_s": 10.0, "total_s": 30.0, **limits})
    exchanged = transport(target, request, receive)
    return exchanged, bytes(heard).partition(f"{NONCE} H plain\n".encode())[2]


def me() -> str:
    """Who runs the tests."""
    return getpass.getuser()
