"""known_hosts as an index: as fast for ten thousand hosts as for one, right after changes, safe to add to."""

from __future__ import annotations

import base64
import errno
import fcntl
import os
import threading
import time
from functools import partial

import pytest
from servers import run

from secscan.errors import HostKeyError
from secscan.transports.ssh.known_hosts import known_keys, parse_known_hosts, remember, written_name

KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + bytes(36)).decode()


def test_ten_thousand_lines_are_read_once_and_looked_up_at_once(tmp_path):
    path = tmp_path / "known_hosts"
    path.write_text("".join(f"host{number},10.0.{number // 250}.{number % 250} ssh-ed25519 {KEY}\n" for number in range(10_000)))
    began = time.process_time()
    for number in range(10_000):
        assert known_keys((path,), f"host{number}")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "line",
    ["", "#", "# host ssh-ed25519 AAAA", "host", "host ssh-ed25519", "@other host ssh-ed25519 AAAA", "|1|x|y ssh-ed25519 AAAA",
     "|1| a b c", "@revoked", "\0\0\0", "|1|||  ssh-ed25519 AAAA"],
)  # fmt: skip
def test_a_line_that_cannot_be_read_knows_no_host(line):
    assert not list(parse_known_hosts(f"{line}\nother ssh-ed25519 {KEY}\n", "f").keys_of("host"))


def test_a_key_that_is_no_base64_equals_no_key():
    (key,) = parse_known_hosts("host ssh-ed25519 !!!\n", "f").keys_of("host")
    assert key.blob == b""


def test_names_are_written_as_ssh_keygen_finds_them(tmp_path):
    path = tmp_path / "known_hosts"
    for hashed in (False, True):
        remember(path, written_name("Host.Example", 2222), "ssh-ed25519", base64.b64decode(KEY), hashed=hashed)
        assert KEY in run("ssh-keygen", "-F", "[host.example]:2222", "-f", path)
        assert (path.read_text().startswith("|1|")) is hashed
        path.unlink()
        assert known_keys((path,), "[host.example]:2222") == ()


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "known_hosts"
    assert known_keys((path,), "host") == ()
    path.write_text(f"host ssh-ed25519 {KEY}\n")
    assert known_keys((path,), "host")[0].line == 1
    path.write_text("")
    assert known_keys((path,), "host") == ()


def test_many_threads_remember_many_hosts_and_lose_none(tmp_path):
    path = tmp_path / "known_hosts"
    blob = base64.b64decode(KEY)
    quick = partial(remember, path, kind="ssh-ed25519", blob=blob, hashed=False)
    threads = [threading.Thread(target=quick, args=(f"host{n}",)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text().splitlines()) == sorted(f"host{n} ssh-ed25519 {KEY}" for n in range(40))
    assert all(known_keys((path,), f"host{n}") for n in range(40))


def test_two_connections_that_see_different_new_keys_are_not_both_believed(tmp_path):
    path = tmp_path / "known_hosts"
    remember(path, "host", "ssh-ed25519", b"one", hashed=False)
    remember(path, "host", "ssh-ed25519", b"one", hashed=False)
    with pytest.raises(HostKeyError, match="two different new keys"):
        remember(path, "host", "ssh-ed25519", b"two", hashed=False)
    assert len(path.read_text().splitlines()) == 1


def test_a_home_without_locks_keeps_no_key_from_being_remembered(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    for name in ("one", "two"):
        remember(tmp_path / "known_hosts", name, "ssh-ed25519", b"key", hashed=False)
        assert [key.blob for key in known_keys((tmp_path / "known_hosts",), name)] == [b"key"]


def test_a_file_that_cannot_be_read_verifies_nobody(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(HostKeyError, match="cannot be read"):
        known_keys((tmp_path / "folder",), "host")
