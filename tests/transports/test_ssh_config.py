"""OpenSSH's client configuration is read as ssh reads it, told by ssh itself where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from secscan.errors import InputError, UsageError
from secscan.ssh_config import expand, matches_patterns, parse_ssh_config, read_ssh_config, tokens_for

CONFIG = """
# a comment
User everyone
Host web1 web2
    HostName %h.example.org
    Port=2222
    IdentityFile ~/.ssh/first
    IdentityFile "~/.ssh/with blank"
Host *.example.org !db.example.org
    ProxyJump gate
Host db*
  User late
  ConnectTimeout 7
Match host *.example.org user everyone
    ServerAliveInterval 11
Match originalhost web2
    AddressFamily inet
Match !originalhost web2
    AddressFamily inet6
Match exec "test %h = web2.example.org"
    HashKnownHosts yes
Host *
    Port 99
    IdentityFile ~/.ssh/last
"""


@pytest.mark.parametrize(
    ("host", "keyword", "values"),
    [
        ("web1", "hostname", ("%h.example.org",)),
        ("web1", "port", ("2222",)),
        ("web1", "identityfile", ("~/.ssh/first", "~/.ssh/with blank", "~/.ssh/last")),
        ("web1", "user", ("everyone",)),
        ("web1", "serveraliveinterval", ("11",)),
        ("web1", "addressfamily", ("inet6",)),
        ("web1", "hashknownhosts", None),
        ("web2", "hashknownhosts", ("yes",)),
        ("web2", "addressfamily", ("inet",)),
        ("app.example.org", "proxyjump", ("gate",)),
        ("db.example.org", "proxyjump", None),
        ("db9", "user", ("everyone",)),
        ("db9", "connecttimeout", ("7",)),
        ("other", "port", ("99",)),
    ],
)
def test_the_first_value_that_holds_for_a_host_wins(host, keyword, values):
    assert parse_ssh_config(CONFIG, "config").lookup(host).get(keyword) == values


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs ssh to compare with")
@pytest.mark.parametrize("host", ["web1", "web2", "app.example.org", "db.example.org", "db9", "other", "WEB1"])
def test_ssh_itself_would_use_the_same_settings(host, tmp_path):
    path = tmp_path / "config"
    path.write_text(CONFIG)
    told = subprocess.run(["ssh", "-G", "-F", path, host], capture_output=True, text=True, check=True).stdout
    theirs = dict(line.partition(" ")[::2] for line in told.splitlines())
    ours = read_ssh_config(path).lookup(host)
    name = expand(ours["hostname"][0], {"h": host}) if "hostname" in ours else host
    assert theirs["hostname"].lower() == name.lower()
    for keyword, default in (
        ("port", "22"),
        ("user", ""),
        ("serveraliveinterval", "0"),
        ("addressfamily", "any"),
        ("proxyjump", None),
    ):
        assert theirs.get(keyword) == ours.get(keyword, (default,))[0]
    assert [line.partition(" ")[2] for line in told.splitlines() if line.startswith("identityfile ")] == list(ours["identityfile"])


def test_a_user_given_beforehand_wins_and_counts_for_match():
    config = parse_ssh_config("Match user root\n  Port 1\nUser other\n", "config")
    assert config.lookup("web", "root") == {"user": ("root",), "port": ("1",)}
    assert "port" not in config.lookup("web", "someone")


def test_match_final_is_read_a_second_time():
    config = parse_ssh_config("Match final host real\n  Port 1\nHost web\n  HostName real\n", "config")
    assert config.lookup("web")["port"] == ("1",)
    assert "port" not in config.lookup("other")


def test_included_files_hold_only_where_their_include_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh" / "conf.d").mkdir(parents=True)
    (tmp_path / ".ssh" / "conf.d" / "a").write_text("Port 1\nHost inner\n  User inner\n")
    (tmp_path / ".ssh" / "config").write_text("Host inner web\n  Include conf.d/*\n  Compression yes\nHost *\n  Port 2\n")
    config = read_ssh_config(tmp_path / ".ssh" / "config")
    assert config.lookup("web") == {"port": ("1",), "compression": ("yes",)}
    assert config.lookup("inner")["user"] == ("inner",)
    assert config.lookup("other") == {"port": ("2",)}


def test_a_file_that_includes_itself_is_a_problem_and_not_a_hang(tmp_path):
    path = tmp_path / "config"
    path.write_text(f"Include {path}\n")
    with pytest.raises(InputError, match="deeper than 16 levels"):
        read_ssh_config(path)


def test_every_problem_is_told_with_its_line():
    with pytest.raises(InputError) as caught:
        parse_ssh_config('Host web\nPort\nUser "open\nMatch tagged x\n', "config")
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (2, "cannot read 'Port'"),
        (3, "cannot read 'User \"open'"),
        (4, "Match 'tagged' is not supported"),
    ]


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "config"
    for port in ("1", "22222"):
        path.write_text(f"Port {port}\n")
        assert read_ssh_config(path).lookup("web")["port"] == (port,)


def test_only_spelt_out_names_are_host_names():
    config = parse_ssh_config("Host web1 web2 *.lan !web3\nHost web1 db?\nMatch host m1\nHost last\n", "config")
    assert config.host_names() == ("web1", "web2", "last")


def test_tokens_variables_and_the_home_folder_are_expanded(monkeypatch):
    monkeypatch.setenv("KEYS", "/keys")
    tokens = tokens_for("web", "web.example.org", 2222, "admin")
    assert expand("%n %h:%p %r 100%%", tokens) == "web web.example.org:2222 admin 100%"
    assert expand("${KEYS}/%r", tokens) == "/keys/admin"
    assert expand("~/.ssh/id", tokens) == str(Path.home() / ".ssh" / "id")
    for wrong in ("%z", "100%", "${NOT_SET_HERE}"):
        with pytest.raises(UsageError):
            expand(wrong, tokens)


@pytest.mark.parametrize(
    ("name", "patterns", "matches"),
    [("a", "*", True), ("web1", "web?", True), ("web10", "web?", False), ("A", "a", False), ("a", "b,a", True),
     ("a", "a,!a", False), ("[1.2.3.4]:22", "[1.2.*]:22", True), ("a", "!b", False), ("a", "[ab]", False)],
)  # fmt: skip
def test_patterns_match_as_in_ssh(name, patterns, matches):
    assert matches_patterns(name, patterns) is matches
