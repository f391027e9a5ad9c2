"""The system's ssh as a carrier: same answers, and its failures told by kind."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from servers import ask, free_port, make_key, public

from secscan.errors import AuthenticationError, HostKeyError, UnreachableError, UsageError
from secscan.model.target import Target
from secscan.transports.openssh import TRANSPORT


@pytest.fixture
def through_ssh(scene):
    """The scene with the system's ssh."""
    scene.target = replace(scene.target, transport="openssh", options={**scene.target.options})
    return scene


def test_the_answer_comes_back(through_ssh):
    exchanged, answer = ask(TRANSPORT, through_ssh.target, "echo out; echo complaint >&2; exit 3")
    assert (answer, exchanged.stderr, exchanged.exit) == (b"out\n", b"complaint\n", 3)


def test_an_unknown_and_a_changed_host_key_are_told_as_such(through_ssh, tmp_path):
    through_ssh.known_hosts.write_text("")
    with pytest.raises(HostKeyError):
        ask(TRANSPORT, through_ssh.target)
    through_ssh.known_hosts.write_text(f"{through_ssh.server.known_as} {public(make_key(tmp_path / 'former'))}\n")
    with pytest.raises(HostKeyError):
        ask(TRANSPORT, through_ssh.with_options(host_key_policy="accept-new"))


def test_accept_new_remembers_the_key(through_ssh):
    through_ssh.known_hosts.write_text("")
    assert ask(TRANSPORT, through_ssh.with_options(host_key_policy="accept-new"))[1] == b"answer\n"
    assert public(through_ssh.server.host_key) in through_ssh.known_hosts.read_text()


@pytest.mark.parametrize("folder", ["with a blank", "100%complete %h %%", 'quo"te', "日本"])
def test_files_are_taken_by_their_names_whatever_these_look_like(through_ssh, tmp_path, folder):
    place = tmp_path / folder
    place.mkdir()
    key = Path(shutil.copy(through_ssh.target.options["identity"], place / "key"))
    known = Path(shutil.copy(through_ssh.known_hosts, place / "known_hosts"))
    target = through_ssh.with_options(identity=str(key), known_hosts=str(known))
    assert ask(TRANSPORT, target)[1] == b"answer\n"


def test_a_refused_key_is_an_authentication_error(through_ssh, tmp_path):
    with pytest.raises(AuthenticationError, match="Permission denied"):
        ask(TRANSPORT, through_ssh.with_options(identity=str(make_key(tmp_path / "other"))))


def test_a_closed_port_is_unreachable(through_ssh):
    with pytest.raises(UnreachableError, match="Connection refused"):
        ask(TRANSPORT, replace(through_ssh.target, port=free_port()))


def test_a_connection_that_breaks_keeps_what_came_and_says_so(through_ssh):
    exchanged, answer = ask(TRANSPORT, through_ssh.target, "echo first; sleep 0.3; kill -9 $PPID $$")
    assert answer == b"first\n"
    assert exchanged.cut_short.startswith("the connection broke")


@pytest.mark.parametrize("name", ["-oProxyCommand=id", "web;id", "a b"])
def test_a_name_that_could_be_misread_is_refused(name):
    with pytest.raises(UsageError, match="refused"):
        ask(TRANSPORT, Target(name, "openssh"))


def test_a_password_is_refused_because_ssh_takes_none_from_a_program():
    with pytest.raises(UsageError, match="password"):
        ask(TRANSPORT, Target("web1", "openssh", password="secret"))
