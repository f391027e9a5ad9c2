"""The way to a host over SSH: jump hosts, ProxyCommand, ssh_config, busy and silent servers, and how many round trips it takes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import replace

import pytest
from relay import Relay
from servers import Server, ask, free_port, make_key, me, public

from secscan.errors import AuthenticationError, HostKeyError, UnreachableError, UsageError
from secscan.model.target import Target
from secscan.transports.ssh import TRANSPORT


@pytest.fixture
def bastion(make_sshd, scene) -> Server:
    server = make_sshd()
    with scene.known_hosts.open("a") as known_hosts:
        known_hosts.write(server.known_line())
    return server


@pytest.fixture
def config(tmp_path, client_key, scene):
    """Writes an ssh_config and gives the scene's target with it and nothing else."""

    def write(text: str, name: str = "web") -> Target:
        path = tmp_path / "config"
        path.write_text(f"{text}\nHost *\n  IdentityFile {client_key}\n  UserKnownHostsFile {scene.known_hosts}\n")
        return Target(name, options={"ssh_config": str(path)})

    return write


def test_a_jump_host_is_gone_through_and_both_keys_are_verified(scene, bastion, config):
    target = config(
        f"Host web\n HostName 127.0.0.1\n Port {scene.server.port}\n ProxyJump gate\n"
        f"Host gate\n HostName 127.0.0.1\n Port {bastion.port}\n User {me()}"
    )
    assert ask(TRANSPORT, target)[1] == b"answer\n"
    assert "Accepted publickey" in bastion.log
    scene.known_hosts.write_text(scene.server.known_line())
    with pytest.raises(HostKeyError, match="gate"):
        ask(TRANSPORT, target)


def test_jump_hosts_can_be_chained_and_given_for_one_target(scene, bastion, make_sshd, config):
    second = make_sshd()
    with scene.known_hosts.open("a") as known_hosts:
        known_hosts.write(second.known_line())
    target = config(f"Host web\n HostName 127.0.0.1\n Port {scene.server.port}")
    hops = f"{me()}@127.0.0.1:{bastion.port},ssh://127.0.0.1:{second.port}"
    assert ask(TRANSPORT, replace(target, options={**target.options, "proxy_jump": hops}))[1] == b"answer\n"
    assert "Accepted publickey" in bastion.log
    assert "Accepted publickey" in second.log


def test_the_password_of_a_target_is_not_shown_to_its_jump_host(scene, make_sshd, config, tmp_path):
    gate = make_sshd(PasswordAuthentication="yes")
    (gate.folder / "authorized_keys").write_text(public(make_key(tmp_path / "stranger")))
    with scene.known_hosts.open("a") as known_hosts:
        known_hosts.write(gate.known_line())
    target = config(f"Host web\n HostName 127.0.0.1\n Port {scene.server.port}\n ProxyJump 127.0.0.1:{gate.port}")
    with pytest.raises(AuthenticationError):
        ask(TRANSPORT, replace(target, password="for the target only"))
    assert "Failed password" not in gate.log


def test_a_jump_host_that_cannot_reach_the_target_is_an_error_that_names_it(bastion, config):
    target = config(f"Host web\n HostName 127.0.0.1\n Port {free_port()}\n ProxyJump 127.0.0.1:{bastion.port}")
    with pytest.raises(UnreachableError, match="web"):
        ask(TRANSPORT, target)


def test_jump_hosts_in_a_circle_are_refused(config):
    with pytest.raises(UsageError, match="circle"):
        ask(TRANSPORT, config("Host web\n ProxyJump gate\nHost gate\n ProxyJump web"))


def test_a_proxy_command_carries_the_connection(scene, config, client_key, tmp_path):
    relay = tmp_path / "relay.py"
    relay.write_text(
        "import socket, sys, threading, os\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def out():\n"
        "    while data := s.recv(65536): os.write(1, data)\n"
        "threading.Thread(target=out, daemon=True).start()\n"
        "while data := os.read(0, 65536): s.sendall(data)\n"
    )
    target = config(f"Host web\n HostName 127.0.0.1\n Port {scene.server.port}\n ProxyCommand python3 {relay} %h %p")
    assert ask(TRANSPORT, target)[1] == b"answer\n"


def test_a_proxy_command_that_fails_is_an_error_in_time(config):
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="hung up before speaking SSH"):
        ask(TRANSPORT, config("Host web\n HostName 127.0.0.1\n ProxyCommand false"), connect_s=1)
    assert time.monotonic() - began < 5


def test_what_the_target_says_wins_over_ssh_config(scene, config):
    target = config(f"Host web\n HostName 192.0.2.1\n Port 1\n User nobody\nHost 127.0.0.1\n Port {scene.server.port}")
    assert ask(TRANSPORT, replace(target, address="127.0.0.1", user=me()))[1] == b"answer\n"


def test_a_host_key_alias_is_what_known_hosts_is_searched_for(scene, config):
    scene.known_hosts.write_text(f"alias {public(scene.server.host_key)}\n")
    assert (
        ask(TRANSPORT, config(f"Host web\n HostName 127.0.0.1\n Port {scene.server.port}\n HostKeyAlias alias"))[1] == b"answer\n"
    )


def test_a_server_that_is_too_busy_is_asked_again(make_scene):
    scene = make_scene(MaxStartups="1", LoginGraceTime="1")
    with socket.create_connection(("127.0.0.1", scene.server.port)) as idler:
        assert idler.recv(100)  # it has its place now, and loses it after the grace time
        exchanged, answer = ask(TRANSPORT, scene.target)
    assert answer == b"answer\n"
    assert exchanged.exit == 0
    assert "drop connection" in scene.server.log or "MaxStartups" in scene.server.log


class Fake:
    """A server that does what a function says with each connection."""

    def __init__(self, behave):
        self.behave, self.connections = behave, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                with connection:
                    self.behave(connection)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def fake():
    made = []

    def make(behave):
        made.append(Fake(behave))
        return made[-1]

    yield make
    for each in made:
        each.close()


def at(server: Fake) -> Target:
    return Target("h", address="127.0.0.1", port=server.port, user="u", options={"ssh_config": "none", "known_hosts": "none"})


def test_a_server_that_keeps_hanging_up_is_given_up_with_its_own_words(fake):
    server = fake(lambda connection: connection.sendall(b"Not allowed at this time\r\n"))
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="hung up before speaking SSH: Not allowed at this time"):
        ask(TRANSPORT, at(server), connect_s=0.5)
    assert 1 < server.connections <= 6
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "endless",
    [b"", b"no newline ever ", b"SSH-2.0-x\r\n", b"line\r\n"],
    ids=["nothing at all", "an endless line", "a version and nothing else", "endless lines"],
)
def test_a_server_that_does_not_speak_ssh_is_given_up_in_time(fake, endless):
    def behave(connection):
        with contextlib.suppress(OSError):
            connection.settimeout(0.05)
            ends_at = time.monotonic() + 3
            once = endless.startswith(b"SSH")
            connection.sendall(endless)
            while time.monotonic() < ends_at:
                if endless and not once:
                    connection.sendall(endless)
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65536):
                        return

    began = time.monotonic()
    with pytest.raises(UnreachableError):
        ask(TRANSPORT, at(fake(behave)), connect_s=0.6)
    assert time.monotonic() - began < 3


def test_a_closed_port_is_an_error_at_once_and_is_not_tried_again():
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"^no connection to 127\.0\.0\.1 port \d+: connection refused$"):
        ask(TRANSPORT, Target("h", address="127.0.0.1", port=free_port(), options={"ssh_config": "none"}))
    assert time.monotonic() - began < 1


def test_a_name_that_does_not_resolve_is_an_error_that_names_it():
    with pytest.raises(UnreachableError, match=r"nowhere\.invalid"):
        ask(TRANSPORT, Target("nowhere.invalid", options={"ssh_config": "none"}), connect_s=5)


@pytest.mark.parametrize("name", ["-oProxyCommand=id", "web;id", "web$(id)", "web`id`", "web id", "web\nid", "a/b", ""])
def test_a_name_that_a_shell_could_misread_is_refused_before_anything_happens(name):
    with pytest.raises(UsageError, match="refused"):
        ask(TRANSPORT, Target(name, options={"ssh_config": "none"}))


def test_a_whole_exchange_takes_at_most_seven_round_trips(scene):
    one_way_s, connecting = 0.3, 1  # the relay accepts at once, a far host would take a round trip for it

    def took_s(target: Target) -> float:
        began = time.monotonic()
        ask(TRANSPORT, target)
        return time.monotonic() - began

    with Relay(scene.server.port, one_way_s) as relay:
        far = replace(scene.target, port=relay.port)
        with scene.known_hosts.open("a") as known_hosts:
            known_hosts.write(f"[127.0.0.1]:{relay.port} {public(scene.server.host_key)}\n")
        ask(TRANSPORT, scene.target)  # loads what is loaded once
        # A busy machine only ever adds to what a round trip takes: the fewest of some tries is the nearest to the truth.
        tries = (connecting + (took_s(far) - took_s(scene.target)) / (2 * one_way_s) for _ in range(5))
        assert any(round_trips < 7.5 for round_trips in tries)
