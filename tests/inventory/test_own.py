"""Our own inventory: what it says about hosts, and every problem of a file at once."""

from __future__ import annotations

import time

import pytest

from secscan.errors import InputError, UsageError
from secscan.inventory import Site, read_inventory
from secscan.model.target import Become, Target

WHOLE = """
organization: United Nations Office at Geneva
defaults:
  user: scanner
  become: true
  labels: {unit: ict}
  parameters: {sshd_idle: {limit: 10m, count: 3}}
  options: {identity: [~/.ssh/a, ~/.ssh/b]}
sites:
  - id: geneva
    title: Palais
    parameters: {sshd_idle: {limit: 5m}}
    options: {proxy_jump: gate}
  - {id: nairobi, user: field}
hosts:
  - name: web1
    address: 10.0.0.1
    site: geneva
    port: 2222
    labels: [web, 10]
    criticality: high
    parameters: {sshd_idle: {count: 1}, other: {list: [a, b]}}
  - {name: db1, site: nairobi, become: {user: postgres}, transport: openssh, pinned: true}
  - {name: box, transport: podman, become: false}
  - {name: image, transport: chroot, address: /srv/image, user: someone}
  - admin@10.9.9.9:22
  - local
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str, name: str = "inventory.yml"):
        (tmp_path / name).write_text(text)
        return read_inventory(tmp_path / name)

    return read


def test_defaults_sites_and_hosts_are_laid_over_each_other(read):
    inventory = read(WHOLE)
    assert inventory.organization == "United Nations Office at Geneva"
    assert inventory.sites == (Site("geneva", "Palais", {"sshd_idle": {"limit": "5m"}}), Site("nairobi"))
    web1, db1, box, image, plain, local = inventory.targets
    assert web1 == Target(
        name="web1", transport="ssh", address="10.0.0.1", port=2222, user="scanner", site="geneva", criticality="high",
        labels={"unit": "ict", "web": "", "10": ""}, become=Become(),
        parameters={"sshd_idle": {"limit": "5m", "count": 1}, "other": {"list": ["a", "b"]}},
        options={"identity": ("~/.ssh/a", "~/.ssh/b"), "proxy_jump": "gate"},
    )  # fmt: skip
    assert (db1.transport, db1.address, db1.user, db1.become, db1.pinned) == ("openssh", "db1", "field", Become("postgres"), True)
    assert (box.transport, box.options["engine"], box.address, box.become) == ("container", "podman", "box", None)
    assert (image.transport, image.address, image.user) == ("chroot", "/srv/image", "someone")
    assert (plain.name, plain.address, plain.user, plain.port) == ("10.9.9.9", "10.9.9.9", "admin", 22)
    assert (local.name, local.transport) == ("local", "local")


def test_every_problem_of_a_file_is_told_at_once_with_its_place(read):
    with pytest.raises(InputError) as caught:
        read(
            "organisation: UN\n"
            "defaults: {user: '-x', criticality: hihg}\n"
            "sites:\n"
            "  - {id: geneva}\n"
            "  - {id: geneva, tilte: x}\n"
            "  - {title: y}\n"
            "hosts:\n"
            "  - {name: web1, site: genva, port: 99999}\n"
            "  - {name: web1, password: hunter2}\n"
            "  - {name: 'web;1'}\n"
            "  - {name: db, address: 'a b', become: maybe, labels: 3, parameters: {check: 1}, options: {a: {b: c}}}\n"
            "  - {address: 10.0.0.1}\n"
            "  - 7\n"
            "  - {name: img, transport: chroot}\n"
        )
    told = [(problem.line, problem.message) for problem in caught.value.problems]
    expected = [
        (1, "unknown key 'organisation' (did you mean 'organization'?)"),
        (2, "user name '-x' is refused"),
        (2, "unknown criticality 'hihg' (did you mean 'high'?)"),
        (5, "duplicate site 'geneva'"),
        (5, "unknown key 'tilte' (did you mean 'title'?)"),
        (6, "a site has no 'id'"),
        (8, "port '99999' is refused"),
        (8, "unknown site 'genva' (did you mean 'geneva'?)"),
        (9, "duplicate host 'web1', first in line 8"),
        (9, "secrets do not belong in an inventory"),
        (10, "host name 'web;1' is refused"),
        (11, "'become' must be true, false or a mapping"),
        (11, "'labels' must be a list of words"),
        (11, "host name 'a b' is refused"),
        (11, "option 'a' must be text"),
        (11, "parameters of a check must be a mapping"),
        (12, "a host has no 'name'"),
        (13, "each of 'hosts' must be a mapping"),
        (14, "the address of a chroot must be the absolute path"),
    ]
    for line, message in expected:
        assert any(at == line and said.startswith(message) for at, said in told), (line, message, told)
    assert len(told) == len(expected)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts: []", "'hosts' must be a list with something in it"),
        ("organization: UN", "there are no 'hosts'"),
        ("- a list", "must be a mapping"),
        ("", "must be a mapping"),
        ("hosts: [a, a]", "duplicate host"),
        ("hosts:\n  - name: a\n    name: b", "duplicate key"),
        ("hosts: {web1: {}}", "'hosts' must be a list"),
        ("hosts: [", "not valid YAML"),
        ("hosts: [{name: a, become: {password: x}}]", "secrets do not belong"),
        ("hosts: [{name: a, options: {passphrase: x}}]", "secrets do not belong"),
        ("hosts: ['a;b']", "is refused"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_with_its_place(read, text, said):
    with pytest.raises(InputError, match=said) as caught:
        read(text)
    assert all(problem.line > 0 for problem in caught.value.problems)


def test_a_missing_inventory_is_an_error_that_says_what_may_be_one(tmp_path):
    with pytest.raises(UsageError, match=r"there is no inventory .*allowed: a secscan inventory, an Ansible inventory"):
        read_inventory(tmp_path / "missing.yml")


def test_the_word_ssh_config_reads_the_hosts_of_the_users_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host web1 db\n  User admin\nHost *\n  Port 22\n")
    assert read_inventory("ssh-config").targets == (Target("web1", "ssh", "web1"), Target("db", "ssh", "db"))
    (tmp_path / ".ssh" / "config").write_text("Host *\n  Port 222\n")
    with pytest.raises(UsageError, match="names no host"):
        read_inventory("ssh-config")


def test_ten_thousand_hosts_load_in_about_two_seconds(read):
    hosts = "".join(
        f"  - {{name: w{number}, address: 10.1.{number // 250}.{number % 250}, site: here, labels: {{a: b}}, criticality: high}}\n"
        for number in range(10_000)
    )
    began = time.process_time()
    assert len(read(f"sites: [{{id: here}}]\nhosts:\n{hosts}").targets) == 10_000
    assert time.process_time() - began < 4  # twice what is promised, for a busy machine
