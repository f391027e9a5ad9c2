"""SSH servers, keys and targets for the tests here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from servers import Server, make_key, make_server, me, public

from secscan.model.target import Target


@pytest.fixture(scope="session")
def client_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that test servers let in."""
    return make_key(tmp_path_factory.mktemp("client") / "id_client")


@pytest.fixture
def make_sshd(tmp_path: Path, client_key: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers; they end with the test."""
    servers: list[Server] = []

    def start(**settings: str) -> Server:
        servers.append(make_server(tmp_path / f"sshd{len(servers)}", f"{public(client_key)}\n", **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@dataclass
class Scene:
    """A server, and a target that reaches it with a known host key."""

    server: Server
    known_hosts: Path
    target: Target

    def with_options(self, **options: object) -> Target:
        """The target with other options; None takes one away."""
        merged = {**self.target.options, **options}
        return replace(self.target, options={name: value for name, value in merged.items() if value is not None})


@pytest.fixture
def make_scene(make_sshd: Callable[..., Server], tmp_path: Path, client_key: Path) -> Callable[..., Scene]:
    """Starts a server that is known and lets the client key in."""

    def make(**settings: str) -> Scene:
        server = make_sshd(**settings)
        known_hosts = tmp_path / f"known_hosts{server.port}"
        known_hosts.write_text(server.known_line())
        options = {"ssh_config": "none", "identity": str(client_key), "known_hosts": str(known_hosts), "identities_only": True}
        return Scene(server, known_hosts, Target("scene", "ssh", "127.0.0.1", server.port, me(), options=options))

    return make


@pytest.fixture
def scene(make_scene: Callable[..., Scene]) -> Scene:
    """The plain case."""
    return make_scene()


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent of whoever runs the tests is not theirs."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
