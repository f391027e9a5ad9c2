"""Signing in over SSH: keys, agents, certificates, passwords, and what is said when nothing works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from servers import ask, make_key, me, public, run

from secscan.errors import AuthenticationError
from secscan.transports.ssh import TRANSPORT


def test_a_key_file_signs_in_and_the_answer_comes_back(scene):
    exchanged, answer = ask(TRANSPORT, scene.target, "echo out; echo complaint >&2; exit 3")
    assert (answer, exchanged.stderr, exchanged.exit) == (b"out\n", b"complaint\n", 3)
    assert (exchanged.address, exchanged.user, exchanged.become, exchanged.cut_short) == ("127.0.0.1", me(), "", "")
    assert exchanged.host_key == run("ssh-keygen", "-lf", f"{scene.server.host_key}.pub").split()[1]


@pytest.mark.parametrize("folder", ["with a blank", "100%complete %h %%", "${HOME} $HOME", 'quo"te', "日本"])
def test_files_are_taken_by_their_names_whatever_these_look_like(scene, tmp_path, folder):
    place = tmp_path / folder
    place.mkdir()
    key = Path(shutil.copy(scene.target.options["identity"], place / "key"))
    known = Path(shutil.copy(scene.known_hosts, place / "known_hosts"))
    target = scene.with_options(identity=str(key), known_hosts=str(known))
    assert ask(TRANSPORT, target)[1] == b"answer\n"


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_older_kinds_of_keys_sign_in(scene, tmp_path, kind):
    key = make_key(tmp_path / kind, kind)
    (scene.server.folder / "authorized_keys").write_text(public(key))
    assert ask(TRANSPORT, scene.with_options(identity=str(key)))[1] == b"answer\n"


@pytest.fixture
def agent(tmp_path, monkeypatch):
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    while not socket.exists():
        time.sleep(0.01)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield socket
    process.terminate()
    process.wait(5)


def test_a_key_that_only_the_agent_holds_signs_in(scene, agent, tmp_path):
    key = make_key(tmp_path / "id_agent")
    run("ssh-add", "-q", key)
    (scene.server.folder / "authorized_keys").write_text(public(key))
    key.unlink()
    assert ask(TRANSPORT, scene.with_options(identity=None, identities_only=None))[1] == b"answer\n"


def test_an_encrypted_key_that_the_agent_holds_needs_no_passphrase(scene, agent, tmp_path):
    key = make_key(tmp_path / "id_both")
    run("ssh-add", "-q", key)
    run("ssh-keygen", "-q", "-p", "-N", "secret", "-f", key)
    (scene.server.folder / "authorized_keys").write_text(public(key))
    assert ask(TRANSPORT, scene.with_options(identity=str(key)))[1] == b"answer\n"


def test_an_agent_that_is_gone_is_named_when_nothing_else_works(scene, monkeypatch, tmp_path):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    with pytest.raises(AuthenticationError, match="agent did not answer"):
        ask(TRANSPORT, scene.with_options(identity=str(make_key(tmp_path / "other")), identities_only=None))


def test_an_encrypted_key_opens_with_its_passphrase_and_not_without(scene, tmp_path):
    key = make_key(tmp_path / "id_locked", passphrase="open sesame")
    (scene.server.folder / "authorized_keys").write_text(public(key))
    target = scene.with_options(identity=str(key))
    with pytest.raises(AuthenticationError, match="id_locked is encrypted"):
        ask(TRANSPORT, target)
    with pytest.raises(AuthenticationError, match="wrong passphrase") as caught:
        ask(TRANSPORT, replace(target, passphrase="wrong guess"))
    assert "wrong guess" not in str(caught.value)
    assert ask(TRANSPORT, replace(target, passphrase="open sesame"))[1] == b"answer\n"


def test_a_user_certificate_signs_in_where_the_bare_key_is_not_known(make_scene, client_key, tmp_path):
    authority = make_key(tmp_path / "ca")
    key = make_key(tmp_path / "id_certified")
    run("ssh-keygen", "-q", "-s", authority, "-I", "scanner", "-n", me(), f"{key}.pub")
    scene = make_scene(TrustedUserCAKeys=f"{authority}.pub", AuthorizedKeysFile="none")
    assert ask(TRANSPORT, scene.with_options(identity=str(key)))[1] == b"answer\n"
    elsewhere = (tmp_path / "id_certified-cert.pub").rename(tmp_path / "moved")
    with pytest.raises(AuthenticationError):
        ask(TRANSPORT, scene.with_options(identity=str(key)))
    assert ask(TRANSPORT, scene.with_options(identity=str(key), certificate=str(elsewhere)))[1] == b"answer\n"


def test_a_refused_password_is_an_error_that_says_what_is_allowed_and_not_the_password(make_scene, tmp_path):
    scene = make_scene(PasswordAuthentication="yes")
    target = replace(scene.with_options(identity=str(make_key(tmp_path / "other"))), password="hunter2-wrong")
    with pytest.raises(AuthenticationError, match=r"tried: key .*other, password; the host allows: publickey, password") as caught:
        ask(TRANSPORT, target)
    assert "hunter2" not in str(caught.value) + repr(target)
    assert "\n" not in str(caught.value)


def test_a_password_is_not_sent_to_a_host_that_does_not_ask_for_one(scene, tmp_path):
    target = replace(scene.with_options(identity=str(make_key(tmp_path / "other"))), password="secret")
    with pytest.raises(AuthenticationError, match=r"tried: key [^,;]*; the host allows: publickey$"):
        ask(TRANSPORT, target)


def test_a_host_that_wants_a_key_and_a_password_says_what_is_missing(make_scene):
    scene = make_scene(PasswordAuthentication="yes", AuthenticationMethods="publickey,password")
    with pytest.raises(AuthenticationError, match=r"took the last of these and asks for more: password$"):
        ask(TRANSPORT, scene.target)
    with pytest.raises(AuthenticationError, match=r"tried: key .*id_client, password; "):
        ask(TRANSPORT, replace(scene.target, password="wrong"))


def test_a_missing_key_file_is_named(scene, tmp_path):
    with pytest.raises(AuthenticationError, match=re.escape(f"key {tmp_path / 'nowhere'} does not exist")):
        ask(TRANSPORT, scene.with_options(identity=str(tmp_path / "nowhere")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_an_unreadable_key_file_is_named(scene, tmp_path):
    key = make_key(tmp_path / "closed")
    key.chmod(0)
    with pytest.raises(AuthenticationError, match="closed cannot be read: Permission denied"):
        ask(TRANSPORT, scene.with_options(identity=str(key)))


def test_a_file_that_is_no_key_is_named(scene, tmp_path):
    (tmp_path / "junk").write_text("not a key")
    with pytest.raises(AuthenticationError, match="junk cannot be used"):
        ask(TRANSPORT, scene.with_options(identity=str(tmp_path / "junk")))


def test_no_more_keys_are_tried_than_a_server_allows(scene, tmp_path):
    keys = tuple(str(make_key(tmp_path / f"id{number}")) for number in range(8))
    with pytest.raises(AuthenticationError, match=r"did not let in .*id4; the host allows"):
        ask(TRANSPORT, scene.with_options(identity=keys))
    assert "Too many authentication failures" not in scene.server.log


def test_the_first_attempt_is_the_right_one_when_a_key_is_named(scene):
    ask(TRANSPORT, scene.target)
    assert "Failed" not in scene.server.log
    assert scene.server.log.count("Accepted publickey") == 1


def test_the_usual_key_files_are_tried_when_none_is_named(scene, tmp_path, monkeypatch, client_key):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_bytes(client_key.read_bytes())
    monkeypatch.setenv("HOME", str(home))
    assert ask(TRANSPORT, scene.with_options(identity=None, identities_only=None))[1] == b"answer\n"
    assert Path.home() == home
