"""Passwords come from a keyring where one is named, reach the target, and are repeated by nobody."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
import yaml
from jsonschema import Draft202012Validator
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from secscan.cli import confidential
from secscan.cli.options import read_access, read_targets
from secscan.errors import UsageError

SECRET = "canary-keyring-8841"


class Kept(KeyringBackend):
    """A keyring in memory; a locked one says more in its error than anybody should hear."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.secrets = {("secscan", "scanner"): SECRET, ("https://vault/a", "root"): "other"}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked(f"the password {SECRET} is locked")
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password


@pytest.fixture(autouse=True)
def kept() -> Iterator[Kept]:
    """A keyring of this test's own in place of the user's."""
    before = keyring.get_keyring()
    backend = Kept()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def arguments(**given: object) -> dict[str, object]:
    names = ("identity", "ssh_config", "known_hosts", "accept_new", "become", "password_file", "become_password_file")
    asked = ("ask_password", "ask_passphrase", "ask_become_password")
    return dict.fromkeys((*names, *asked)) | given


def test_every_secret_can_come_from_the_keyring():
    access = read_access(arguments(password_keyring="secscan/scanner", passphrase_keyring="https://vault/a/root",
                                   become_password_keyring="secscan/scanner"))  # fmt: skip
    assert (access.password, access.passphrase, access.become_password) == (SECRET, "other", SECRET)
    assert access.become is True
    assert SECRET not in repr(access)


def test_a_keyring_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("SECSCAN_PASSWORD", "from the environment")
    assert read_access(arguments(password_keyring="secscan/scanner")).password == SECRET
    assert read_access(arguments()).password == "from the environment"


def test_one_secret_from_two_places_is_a_mistake():
    with pytest.raises(UsageError, match="either --password-file FILE, or --password-keyring"):
        read_access(arguments(password_keyring="secscan/scanner", password_file=Path("x")))


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("secscan", "names no password in a keyring; allowed: SERVICE/USER"),
        ("/scanner", "names no password in a keyring"),
        ("secscan/", "names no password in a keyring"),
        ("secscan/nobody", "the keyring holds no password 'secscan/nobody'"),
    ],
)
def test_what_the_keyring_does_not_hold_is_told(reference, complaint):
    with pytest.raises(UsageError, match=complaint):
        confidential.read_keyring(reference)


def test_a_locked_keyring_is_told_by_the_kind_of_its_error_alone(kept, secscan):
    kept.locked = True
    told = secscan("scan", "local", "--password-keyring", "secscan/scanner")
    assert told.code == 2
    assert "the keyring does not give the SSH password 'secscan/scanner' (KeyringLocked); allowed: an unlocked keyring" in told.err
    assert SECRET not in told.err
    with pytest.raises(UsageError) as caught:
        confidential.read_keyring("secscan/scanner")
    assert caught.value.__suppress_context__


def test_without_the_package_it_is_told_how_to_install_it(secscan, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "allowed: pip install 'secscan[keyring]'" in secscan("scan", "local", "--become-password-keyring", "a/b").err


def test_the_project_file_names_the_place_and_config_shows_nothing_else(secscan, tiny):
    Path("secscan.yml").write_text("become_password_keyring: secscan/scanner\n")
    told = secscan("config", "--json", *tiny("pass"))
    shown = {each["name"]: each["value"] for each in json.loads(told.out)}
    assert shown["become_password_keyring"] == "secscan/scanner"
    assert SECRET not in told.out + told.err


INVENTORY = """
defaults: {password_keyring: secscan/scanner}
sites: [{id: gva, become: {user: root, password_keyring: https://vault/a/root}}]
hosts:
  - {name: ssh1, site: gva}
  - {name: ssh2, password_keyring: https://vault/a/root, passphrase_keyring: secscan/scanner}
"""


def test_a_host_has_secrets_of_its_own_which_win_over_the_options(kept, monkeypatch):
    Path("inventory.yml").write_text(INVENTORY)
    monkeypatch.setenv("SECSCAN_PASSWORD", "of the options")
    monkeypatch.setenv("SECSCAN_PASSPHRASE", "of the options")
    one, two = read_targets({**arguments(), "inventory": "inventory.yml", "targets": (), "limit": ()})
    assert (one.password, one.passphrase, one.become.password) == (SECRET, "of the options", "other")
    assert (two.password, two.passphrase, two.become) == ("other", SECRET, None)
    assert SECRET not in repr((one, two))


@pytest.mark.parametrize("wrong", ["password_keyring: nothing", "passphrase_keyring: /x", "become: {password_keyring: x/}"])
def test_a_name_that_no_keyring_can_hold_is_told_with_its_place(secscan, wrong):
    Path("inventory.yml").write_text(f"hosts:\n  - {{name: a, {wrong}}}\n")
    told = secscan("scan", "-i", "inventory.yml")
    assert told.code == 2
    assert "inventory.yml:2:" in told.err
    assert "names nothing in a keyring; allowed: SERVICE/USER" in told.err
    schema = Draft202012Validator(json.loads(secscan("schema", "inventory").out))
    assert not schema.is_valid(yaml.safe_load(Path("inventory.yml").read_text()))
    assert schema.is_valid(yaml.safe_load(INVENTORY))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_password_file_of_somebody_else_is_refused(tmp_path):
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_text("hunter2\n")
    assert confidential.read_private(path) == "hunter2"
    os.chown(path, 65_534, 65_534)
    with pytest.raises(UsageError, match="somebody else owns this password"):
        confidential.read_private(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o666])
def test_a_password_file_that_others_may_read_or_change_is_refused(tmp_path, mode):
    path = tmp_path / "password"
    path.write_text("hunter2\n")
    path.chmod(mode)
    with pytest.raises(UsageError, match=rf"others may read this password \(mode {mode:04o}\); allowed: mode 0600"):
        confidential.read_private(path)


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_the_password(tmp_path):
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_bytes(b"\xef\xbb\xbfhunter2\r\n")
    assert confidential.read_private(path) == "hunter2"
