"""What sshd's files say about keys, written in the ways that sshd allows and few people use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from test_settings_asked import as_root, ask, every_shell

BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIMTowk84yYFJJcmbcgEB/ZTamvIUpA2yr0kmhpDHdlMc"


@pytest.fixture
def host(tmp_path):
    """Lays an /etc/ssh with some text and a home of root with one key over those of this machine."""
    home, etc = tmp_path / "root", tmp_path / "ssh"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/authorized_keys").write_text(f"ssh-ed25519 {BLOB}\n")
    (etc / "more").mkdir(parents=True)

    def write(text: str, **files: str) -> dict[str, Path]:
        (etc / "sshd_config").write_text(text)
        for name, content in files.items():
            (etc / "more" / name).write_text(content)
        return {"/root": home, "/etc/ssh": etc}

    return write


def keys_of(host, text, shell="dash", **files):
    _, observed = ask("authorized_keys", host(text, **files), shell, beside="")
    return [record["file"] for record in observed.attributes["keys"] if record["account"] == "root"]


@as_root
@every_shell
def test_a_match_block_with_files_of_its_own_leaves_everybody_else_the_default(host, shell):
    assert keys_of(host, "Match Group sftp\n AuthorizedKeysFile /etc/ssh/sftp/%u\n", shell).count("/root/.ssh/authorized_keys") == 1


@as_root
@pytest.mark.parametrize(
    "text",
    [
        "AuthorizedKeysFile=/etc/ssh/more/%u\n",
        'authorizedkeysfile\t"/etc/ssh/more/%u" # why\n',
        '"AuthorizedKeysFile" /etc/ssh/more/%u\n',
        "Include more/*.cf\nAuthorizedKeysFile none\n",
        "AuthorizedKeysFile none\nMatch User root\nInclude more/a.cf\n",
    ],
)
@every_shell
def test_keys_are_looked_for_wherever_the_setting_stands(host, text, shell):
    files = {"a.cf": "AuthorizedKeysFile /etc/ssh/more/%u\n", "root": f"ssh-ed25519 {BLOB}\n"}
    assert "/etc/ssh/more/root" in keys_of(host, text, shell, **files)


@as_root
def test_of_two_settings_the_first_counts(host):
    text = "AuthorizedKeysFile none\nAuthorizedKeysFile /etc/ssh/more/%u\n"
    assert "/etc/ssh/more/root" not in keys_of(host, text, root=f"ssh-ed25519 {BLOB}\n")


@as_root
@pytest.mark.parametrize(
    "text", ["AuthorizedKeysCommand /usr/bin/keys %u\n", "Match all\nauthorizedkeyscommand=/usr/bin/keys\n"], ids=["set", "match"]
)
def test_keys_that_a_program_prints_are_not_seen(host, text):
    _, observed = ask("authorized_keys", host(text), beside="")
    assert "/usr/bin/keys prints" in observed.attributes["complete"].reason


@as_root
def test_without_such_a_program_all_keys_are_seen(host):
    _, observed = ask("authorized_keys", host("AuthorizedKeysCommand none\n#AuthorizedKeysCommand /usr/bin/keys\n"), beside="")
    assert observed.attributes["complete"] is True


@as_root
@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
@every_shell
def test_every_host_key_is_found_wherever_the_setting_stands(host, shell):
    text = 'HostKey=/etc/ssh/more/one\nhostkey "/etc/ssh/more/two"\nInclude more/more.cf\n'
    files = {"one": "", "two": "", "three": "", "more.cf": "HostKey /etc/ssh/more/three\n"}
    _, observed = ask("ssh_host_key", host(text, **files), shell, beside="")
    assert [key["path"] for key in observed.attributes["keys"]] == [f"/etc/ssh/more/{name}" for name in ("one", "two", "three")]


@as_root
@pytest.mark.skipif(not shutil.which("sshd"), reason="needs sshd")
@every_shell
def test_a_quoted_keyword_of_a_match_block_is_one(host, shell):
    over = host('HostKey /etc/ssh/more/key\nPermitRootLogin no\n"Match" User ada\n"PermitRootLogin" yes\n')
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", over["/etc/ssh"] / "more/key"], check=True)
    _, observed = ask("sshd_option", over, shell, beside="", option="PermitRootLogin")
    (matched,) = observed.attributes["matched"]
    assert (matched["criteria"], matched["value"]) == ("User ada", "yes")


@as_root
@pytest.mark.skipif(not shutil.which("sshd"), reason="needs sshd")
@every_shell
@pytest.mark.parametrize(("text", "letters"), [("Keep out \n", 7), (" \n\n", 0)], ids=["text", "blank"])
def test_letters_of_the_notice_are_counted(host, text, letters, shell):
    over = host("HostKey /etc/ssh/more/key\nBanner /etc/ssh/more/notice\n", notice=text)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", over["/etc/ssh"] / "more/key"], check=True)
    _, observed = ask("sshd_option", over, shell, beside="", option="Banner")
    assert observed.attributes["letters"] == letters
