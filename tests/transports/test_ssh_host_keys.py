"""Host keys over SSH: known, unknown, changed, hashed, revoked, certified, and new ones by choice only."""

from __future__ import annotations

import os
import stat

import pytest
from servers import ask, make_key, public, run

from secscan.errors import HostKeyError
from secscan.transports.ssh import TRANSPORT


def refused(scene, target=None) -> str:
    with pytest.raises(HostKeyError) as caught:
        ask(TRANSPORT, target or scene.target)
    assert "Accepted" not in scene.server.log, "signed in before the host key was verified"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_unknown_key_is_refused_with_its_fingerprint_and_what_to_do(scene):
    scene.known_hosts.write_text("")
    message = refused(scene)
    assert run("ssh-keygen", "-lf", f"{scene.server.host_key}.pub").split()[1] in message
    assert f"ssh-keyscan -p {scene.server.port} 127.0.0.1 >> {scene.known_hosts}" in message
    assert "accept-new" in message


def test_a_changed_key_is_refused_even_where_new_ones_are_accepted(scene, tmp_path):
    scene.known_hosts.write_text(f"{scene.server.known_as} {public(make_key(tmp_path / 'former'))}\n")
    for target in (scene.target, scene.with_options(host_key_policy="accept-new")):
        message = refused(scene, target)
        assert "changed" in message
        assert f"{scene.known_hosts}:1" in message
        assert f"ssh-keygen -R '{scene.server.known_as}'" in message


def test_a_key_of_another_kind_than_the_known_one_is_refused(scene, tmp_path):
    scene.known_hosts.write_text(f"{scene.server.known_as} {public(make_key(tmp_path / 'former', 'ecdsa'))}\n")
    assert "another kind" in refused(scene, scene.with_options(host_key_policy="accept-new"))


def test_the_kind_of_key_that_is_known_is_asked_for(make_scene, tmp_path):
    older = make_key(tmp_path / "older", "rsa")
    scene = make_scene()
    scene.server.stop()
    scene.server.settings["HostKey"] = f"{scene.server.host_key}\nHostKey {older}"
    scene.server.start()
    scene.known_hosts.write_text(f"{scene.server.known_as} {public(older)}\n")
    exchanged, _ = ask(TRANSPORT, scene.target)
    assert exchanged.host_key == run("ssh-keygen", "-lf", f"{older}.pub").split()[1]


def test_hashed_names_are_found(scene):
    run("ssh-keygen", "-H", "-f", scene.known_hosts)
    assert scene.known_hosts.read_text().startswith("|1|")
    assert ask(TRANSPORT, scene.target)[1] == b"answer\n"


@pytest.mark.parametrize(
    ("names", "known"),
    [
        ("[127.0.0.*]:{port}", True),
        ("other,[127.0.0.1]:{port}", True),
        ("*", True),
        ("*,![127.0.0.1]:{port}", False),
        ("127.0.0.1", False),
        ("[127.0.0.1]:22", False),
    ],
)
def test_names_in_known_hosts_are_matched_as_ssh_does(scene, names, known):
    scene.known_hosts.write_text(f"{names.format(port=scene.server.port)} {public(scene.server.host_key)} comment\n")
    if known:
        assert ask(TRANSPORT, scene.target)[1] == b"answer\n"
    else:
        assert "is not known" in refused(scene)


def test_accept_new_remembers_the_key_and_ssh_agrees_with_what_was_written(scene):
    scene.known_hosts.write_text("other.example ssh-ed25519 AAAA")  # an unended last line
    target = scene.with_options(host_key_policy="accept-new")
    assert ask(TRANSPORT, target)[1] == b"answer\n"
    assert scene.known_hosts.read_text() == f"other.example ssh-ed25519 AAAA\n{scene.server.known_line()}"
    assert public(scene.server.host_key) in run("ssh-keygen", "-F", scene.server.known_as, "-f", scene.known_hosts)
    ask(TRANSPORT, target)
    assert scene.known_hosts.read_text().count(scene.server.known_as) == 1
    assert ask(TRANSPORT, scene.target)[1] == b"answer\n"


def test_accept_new_makes_the_file_for_its_owner_only(scene, tmp_path):
    place = tmp_path / "new" / "known_hosts"
    ask(TRANSPORT, scene.with_options(host_key_policy="accept-new", known_hosts=str(place)))
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_accept_new_refuses_a_key_that_it_cannot_remember(scene):
    message = refused(scene, scene.with_options(host_key_policy="accept-new", known_hosts=os.devnull))
    assert "remember" in message


def test_turning_checks_off_in_ssh_config_weakens_nothing(scene, tmp_path):
    config = tmp_path / "config"
    config.write_text(f"Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile {os.devnull}\n")
    message = refused(scene, scene.with_options(ssh_config=str(config), known_hosts=None))
    assert "is not known" in message


def test_a_revoked_key_is_refused_though_it_is_known(scene):
    scene.known_hosts.write_text(f"{scene.server.known_line()}@revoked * {public(scene.server.host_key)}\n")
    assert "@revoked" in refused(scene)


@pytest.fixture
def certified(make_scene, tmp_path):
    """Makes a scene whose host shows a certificate of an authority that is known."""

    def make(*arguments: str, known: bool = True, names: str = "127.0.0.1"):
        scene = make_scene()
        authority = make_key(tmp_path / "authority")
        run("ssh-keygen", "-q", "-s", authority, "-I", "host", "-n", names, *(arguments or ("-h",)), f"{scene.server.host_key}.pub")
        scene.server.stop()
        scene.server.settings["HostCertificate"] = f"{scene.server.host_key}-cert.pub"
        scene.server.start()
        marker = "@cert-authority" if known else ""
        scene.known_hosts.write_text(f"{marker} {scene.server.known_as} {public(authority)}\n".lstrip())
        return scene

    return make


def test_a_host_certificate_of_a_known_authority_is_believed(certified):
    assert ask(TRANSPORT, certified().target)[1] == b"answer\n"


@pytest.mark.parametrize(
    ("arguments", "names", "why"),
    [
        (("-h", "-V", "20200101:20200102"), "127.0.0.1", "expired"),
        (("-h",), "other.example", "is for other.example, not for 127.0.0.1"),
    ],
    ids=["expired", "for another host"],
)
def test_a_host_certificate_that_does_not_hold_is_refused(certified, arguments, names, why):
    scene = certified(*arguments, names=names)
    assert why in refused(scene)


def test_a_host_certificate_of_an_unknown_authority_is_refused(certified, tmp_path):
    scene = certified()
    scene.known_hosts.write_text(f"@cert-authority * {public(make_key(tmp_path / 'stranger'))}\n")
    assert "unknown authority" in refused(scene)


def test_a_revoked_authority_certifies_nobody(certified, tmp_path):
    scene = certified()
    scene.known_hosts.write_text(scene.known_hosts.read_text() + f"@revoked * {public(tmp_path / 'authority')}\n")
    assert "@revoked" in refused(scene)
