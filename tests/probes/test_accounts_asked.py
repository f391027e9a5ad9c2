"""The files of accounts and groups, written as the C library takes them and as hardly anybody writes them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from test_settings_asked import as_root, ask, every_shell

HIDDEN = {
    "short": "short::0:0",
    "indented": " \tindented:x:0:0::/root:/bin/sh",
    "plus": "plus:x:+0:0::/root:/bin/sh",
    "minus": "minus:x:-0:0::/root:/bin/sh",
    "blank": "blank:x: 0:00::/root:/bin/sh",
}
NONE = ["#comment:x:0:0::/:/bin/sh", "words:x:zero:0::/:/bin/sh", "negative:x:-1:0::/:/bin/sh", "large:x:4294967296:0::/:/bin/sh"]
with_getent = pytest.mark.skipif(not shutil.which("getent"), reason="needs getent")


@pytest.fixture
def passwd(tmp_path):
    """An /etc/passwd whose last line does not end."""
    file = tmp_path / "passwd"
    file.write_text("root:x:0:0::/root:/bin/sh\n" + "\n".join([*NONE, *HIDDEN.values(), "last:x:77:77::/:/bin/sh"]))
    return file


@as_root
@every_shell
def test_every_account_that_the_c_library_knows_is_told(passwd, shell):
    _, observed = ask("account", {"/etc/passwd": passwd}, shell)
    accounts = {record["name"]: record for record in observed.attributes["accounts"]}
    assert list(accounts) == ["root", *HIDDEN, "last"]
    assert {name for name, record in accounts.items() if record["uid"] == 0} == {"root", *HIDDEN}
    assert accounts["short"]["password"] == "empty"
    assert all(record["login_shell"] is True for record in accounts.values())
    assert observed.attributes["shared_uids"] == ("0",)


@as_root
@with_getent
def test_getent_agrees_on_which_lines_are_accounts(passwd):
    asked = ["root", *HIDDEN, "last", "#comment", "words", "negative", "large"]
    script = 'mount -n --bind "$1" /etc/passwd && shift && getent -s files passwd "$@"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(passwd), *asked]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert [line.split(":")[0] for line in told.splitlines()] == ["root", *HIDDEN, "last"]


@as_root
@every_shell
def test_a_line_without_a_user_id_is_not_passed_over(tmp_path, shell):
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\nnobody-knows:x::0::/root:/bin/sh\n")  # musl takes it for 0
    _, observed = ask("account", {"/etc/passwd": passwd}, shell)
    assert "no user id" in observed.attributes["accounts"][1]["uid"].reason


@as_root
@every_shell
def test_of_two_lines_of_shadow_the_first_counts(tmp_path, shell):
    shadow = tmp_path / "shadow"
    shadow.write_text(" root::20000::::::\nroot:!*:20000::::::\n")
    _, observed = ask("account", {"/etc/shadow": shadow}, shell)
    assert observed.attributes["accounts"][0]["password"] == "empty"


@as_root
@every_shell
def test_who_is_in_one_group_of_an_id_is_in_all_of_them(tmp_path, shell):
    passwd, group = tmp_path / "passwd", tmp_path / "group"
    passwd.write_text("root:x:0:0::/root:/bin/sh\neve:x:1000:+1000\nada:x:1001:27::/:/bin/sh\n")
    group.write_text("root:x:0\nsudo:x:27:\n team:x:+27:eve\n#none:x:27:mallory\nbroken:x:word:mallory\neve:x:1000:\n")
    _, observed = ask("group", {"/etc/passwd": passwd, "/etc/group": group}, shell)
    members = {record["name"]: record["members"] for record in observed.attributes["groups"]}
    assert members == {"root": ("root",), "sudo": ("eve", "ada"), "team": ("eve", "ada"), "eve": ("eve",)}
    assert observed.attributes["shared_gids"] == ("27",)
    assert observed.attributes["missing_gids"] == ()
