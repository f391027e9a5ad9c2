"""Servers on 127.0.0.1 for the tests of inquiries: honest, old, wrong and hostile ones."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
NAME = "www.example.org"


@dataclass(frozen=True)
class Certified:
    """Files of a chain with its key, in one PEM, and of the authority that it leads to."""

    pem: Path
    authority: Path


@dataclass
class Authority:
    """Issues certificates for tests."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(
        self, name: str = NAME, days: tuple[int, int] = (-1, 60), key=None, own: bool = False, chain: bool = True
    ) -> Certified:
        """A certificate that is good from `days[0]` to `days[1]` from now; `own`: signed with its own key."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own else self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + days[0] * DAY)
            .not_valid_after(NOW + days[1] * DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key if own else self.key, hashes.SHA256())
        )
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        issued = [certificate] if own else [certificate, self.certificate]
        path = self.folder / f"{x509.random_serial_number()}.pem"
        path.write_bytes(private + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in issued))
        return Certified(path, self.folder / "authority.pem")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority of our own."""
    folder = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example CA")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - 2 * DAY)
        .not_valid_after(NOW + 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "authority.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(folder, key, certificate)


@pytest.fixture(scope="session")
def weak_key() -> rsa.RSAPrivateKey:
    """An RSA key that is too short."""
    return rsa.generate_private_key(65537, 1024)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Serves connections on 127.0.0.1, each by a function in a thread of its own; gives the port."""
    with contextlib.ExitStack() as stack:

        def begin(handle: Callable[[socket.socket], None]) -> int:
            listener = socket.create_server(("127.0.0.1", 0))
            stack.callback(listener.close)

            def run(connection: socket.socket) -> None:
                with contextlib.suppress(OSError), connection:
                    handle(connection)

            def accept() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = listener.accept()
                        threading.Thread(target=run, args=(connection,), daemon=True).start()

            threading.Thread(target=accept, daemon=True).start()
            return listener.getsockname()[1]

        yield begin


@pytest.fixture
def tls_server() -> Iterator[Callable[..., int]]:
    """Starts `openssl s_server` with a certificate and further words; gives the port."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(certified: Certified, *words: str) -> int:
        port = free_port()
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", str(certified.pem), "-cert", str(certified.pem)]
        command += ["-cert_chain", str(certified.authority), "-www", *words]
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return port
            time.sleep(0.05)
        raise AssertionError(f"openssl s_server did not start: {' '.join(command)}")

    yield begin
    for process in started:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def over_tls(certified: Certified, connection: socket.socket) -> ssl.SSLSocket:
    """The server's side of TLS on a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified.pem)
    return context.wrap_socket(connection, server_side=True)


def slowly(connection: socket.socket) -> None:
    """A byte in a while, for ever."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.2)


def endlessly(connection: socket.socket) -> None:
    """As many bytes as are taken."""
    while True:
        connection.sendall(b"2" * 65_536)


def garbage(connection: socket.socket) -> None:
    """What no protocol says."""
    connection.sendall(b"\x00\xff\xfe\r\n\r\n<html>\r\n")
    connection.recv(1024)


def silently(connection: socket.socket) -> None:
    """Takes everything and says nothing."""
    while connection.recv(1024):
        pass


def closing(connection: socket.socket) -> None:
    """Hangs up at once."""


HOSTILE = [pytest.param(each, id=each.__name__) for each in (slowly, endlessly, garbage, silently, closing)]
