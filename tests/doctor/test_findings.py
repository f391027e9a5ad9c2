"""What the doctor sees of each thing, and that it tells how to mend what is wrong."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from transports.servers import make_key

from secscan.doctor import storage
from secscan.doctor.findings import State
from secscan.doctor.hosts import look_at_target
from secscan.doctor.machine import look_at_packages, look_at_python
from secscan.doctor.ssh_files import look_at_ssh
from secscan.doctor.storage import look_at_folders, look_at_history
from secscan.errors import AuthenticationError, ExchangeError, HistoryError, HostKeyError, UnreachableError, UsageError
from secscan.model.evidence import Bundle, Origin
from secscan.model.target import Become, Target


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """A home with an empty .ssh, and no agent."""
    (tmp_path / ".ssh").mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


def wrong(found) -> list[str]:
    """What is wrong, each with its remedy; every wrong thing has one."""
    bad = [each for each in found if each.state is State.WRONG]
    assert all(each.mend for each in bad)
    return [each.what for each in bad]


def test_an_old_python_is_wrong_and_a_new_one_is_not():
    assert look_at_python((3, 10, 9)).state is State.WRONG
    assert look_at_python((3, 11, 0)).state is State.OK
    assert look_at_python((4, 0, 0)).state is State.OK


def test_packages_that_are_missing_or_too_old_are_told_and_those_of_extras_are_not_asked_for():
    there = {"click": "8.1.7", "paramiko": "3.10.1", "PyYAML": "5.4.1"}
    requirements = ["click>=8.1", "paramiko<5,>=3.4", "PyYAML>=6.0", "gone", "psycopg[binary]>=3.1; extra == 'postgresql'"]
    found = list(look_at_packages(requirements, there.get))
    assert wrong(found) == ["PyYAML 5.4.1 is older than 6.0", "gone is not installed"]
    assert found[-1].what.startswith("2 packages")


ORIGIN = Origin("far", "", "ssh", user="scan", become="sudo", host_key="SHA256:x", uid=0, clock_offset_s=0.4)
BUNDLE = Bundle(ORIGIN, "", "", "", ())


def asked(**change: object):
    """The findings on a target that answers like this."""
    bundle = replace(BUNDLE, origin=replace(BUNDLE.origin, **change))
    return list(look_at_target(Target("far", become=Become()), lambda _: bundle))


def test_a_target_that_answers_as_root_with_the_right_time_is_fine():
    assert [(each.state, each.what) for each in asked()] == [
        (State.OK, "reached by ssh, host key known, signed in as scan"),
        (State.OK, "asks as root, by sudo"),
        (State.OK, "clock within 30 s"),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"become": "refused: a password is required", "uid": 1000}, "sudo refused: a password is required"),
        ({"clock_offset_s": -3600.0}, "its clock is 3600 s behind ours"),
        ({"clock_offset_s": 31.0}, "its clock is 31 s ahead of ours"),
    ],
)
def test_a_target_that_answers_otherwise_is_told(change, told):
    assert wrong(asked(**change)) == [told]


def test_where_there_is_no_sudo_no_rule_for_it_is_proposed():
    (told,) = (each for each in asked(become="refused: sh: 1: sudo: not found", uid=1000) if each.state is State.WRONG)
    assert told.mend == "install sudo there, or sign in as root"


def test_a_target_that_is_asked_without_root_is_noted():
    bundle = replace(BUNDLE, origin=replace(BUNDLE.origin, uid=1000, become="", clock_offset_s=None))
    found = list(look_at_target(Target("far"), lambda _: bundle))
    assert [each.state for each in found] == [State.OK, State.NOTE, State.NOTE]


@pytest.mark.parametrize("kind", [UnreachableError, HostKeyError, AuthenticationError, ExchangeError])
def test_each_way_of_not_getting_in_has_its_own_remedy(kind):
    def told(error):
        def fail(_):
            raise error

        (found,) = look_at_target(Target("far"), fail)
        return found

    found = told(kind("no"))
    others = {UnreachableError, HostKeyError, AuthenticationError, ExchangeError} - {kind}
    assert found.what == "not reached: no"
    assert found.mend not in {told(each("no")).mend for each in others}
    unusable = told(UsageError("no such thing"))
    assert (unusable.state, unusable.what) == (State.WRONG, "cannot be asked: no such thing")


@pytest.mark.parametrize("transport", ["local", "chroot", "container"])
def test_who_is_not_asked_over_ssh_is_not_sent_to_look_for_a_route(transport):
    def fail(_):
        raise UnreachableError("podman cannot enter container web: no such container")

    (found,) = look_at_target(Target("web", transport), fail)
    assert "ssh" not in found.mend
    assert found.mend == "mend what it names"


def test_nothing_to_sign_in_with_and_nobody_known_are_told(home):
    found = list(look_at_ssh([Target("far"), Target("near")]))
    assert [each.about for each in found] == ["known hosts", "keys"]
    assert wrong(found)[1] == "neither a key nor a password is at hand"
    assert list(look_at_ssh([Target("here", "local")])) == []


def test_keys_and_files_that_others_can_read_or_change_are_told(home):
    key = make_key(home / ".ssh" / "id_ed25519")
    known = home / ".ssh" / "known_hosts"
    known.write_text("# a comment\nfar ssh-ed25519 AAAA\n")
    known.chmod(0o600)
    assert wrong(look_at_ssh([Target("far")])) == []
    key.chmod(0o644)
    known.chmod(0o666)
    (home / ".ssh").chmod(0o777)
    assert wrong(look_at_ssh([Target("far")])) == [
        f"others can change {home}/.ssh (mode 0777)",
        f"others may read the private key {key} (mode 0644)",
        f"others can change {known} (mode 0666)",
    ]


def test_a_key_that_cannot_be_used_is_wrong_only_when_there_is_nothing_else(home):
    make_key(home / ".ssh" / "id_ed25519", passphrase="a passphrase")
    (home / ".ssh" / "known_hosts").write_text("far ssh-ed25519 AAAA\n")
    (home / ".ssh" / "known_hosts").chmod(0o600)
    (told,) = wrong(look_at_ssh([Target("far")]))
    assert "is encrypted" in told
    assert wrong(look_at_ssh([Target("far", password="a password")])) == []
    assert wrong(look_at_ssh([Target("far", passphrase="a passphrase")])) == []


def test_an_agent_that_does_not_answer_is_told(home, monkeypatch):
    (home / ".ssh" / "known_hosts").write_text("far ssh-ed25519 AAAA\n")
    (home / ".ssh" / "known_hosts").chmod(0o600)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "no agent"))
    assert any("the SSH agent did not answer" in text for text in wrong(look_at_ssh([Target("far")])))


def test_a_configuration_that_cannot_be_read_is_told_once(home):
    (home / ".ssh" / "config").write_text('Host "\n')
    found = list(look_at_ssh([Target("far"), Target("near")]))
    assert [each.about for each in found] == ["ssh configuration"]


@pytest.mark.parametrize("standing", ["missing", "current", "older"])
def test_a_history_that_can_be_used_is_fine(standing):
    assert look_at_history("here", lambda: standing).state is State.OK


def test_a_history_that_waits_to_be_brought_up_to_date_is_wrong_because_nothing_is_remembered_meanwhile():
    found = look_at_history("here", lambda: "waiting")
    assert (found.state, found.mend) == (State.WRONG, "copy it (pg_dump), then `secscan runs upgrade`")


def test_a_history_that_cannot_be_used_is_wrong():
    def inspect() -> str:
        raise HistoryError("is damaged")

    assert wrong([look_at_history("here", inspect)]) == ["is damaged"]
    assert look_at_history("sqlite:///here", inspect).mend.startswith("restore it from a backup")
    assert look_at_history("postgresql+psycopg://me@far/here", inspect).mend.startswith("see that the server runs")


def test_a_history_that_this_user_may_not_write_is_wrong():
    found = look_at_history("postgresql://me@far/here", lambda: "refused")
    assert (found.state, found.mend.startswith("grant the user CREATE")) == (State.WRONG, True)


def test_folders_are_tried_and_those_that_are_not_there_are_not_made(tmp_path):
    (tmp_path / "file").touch()
    found = list(look_at_folders([tmp_path, tmp_path / "new" / "below", tmp_path / "file" / "x"]))
    assert wrong(found) == [f"{tmp_path}/file is not a folder"]
    assert [each.about for each in found] == ["folders", "disk", "folders", "folders"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".ssh", "file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_of_others_is_wrong():
    assert wrong(look_at_folders([Path("/proc/none")]))


@pytest.mark.parametrize(("free", "files", "told"), [(10, 10**6, "MiB are free"), (10**7, 5, "more files fit")])
def test_a_disk_without_room_is_wrong(tmp_path, monkeypatch, free, files, told):
    state = SimpleNamespace(f_bavail=free, f_frsize=4096, f_files=10**6, f_favail=files)
    monkeypatch.setattr(storage.os, "statvfs", lambda _: state)
    assert [told in text for text in wrong(look_at_folders([tmp_path]))] == [True]
