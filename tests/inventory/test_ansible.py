"""Ansible inventories are read as they are: YAML, INI, JSON and folders, with what is left out told in notes."""

from __future__ import annotations

import json

import pytest

from secscan.errors import InputError, UsageError
from secscan.inventory import read_inventory
from secscan.inventory.ansible_ini import expand_range
from secscan.model.target import Become, Target

AS_INI = """
# comment
lonely ansible_host=10.0.0.9
[web]
web[01:03].example.org ansible_user=admin   ; not a comment for Ansible's hosts
gate:2222 ansible_ssh_private_key_file="/keys/a b"  # comment
[db]
db-[a:b] ansible_connection=local
[prod:children]
web
db
[prod:vars]
ansible_become=yes
ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q bastion" -o StrictHostKeyChecking=no'
[web:vars]
ansible_become_user = operator
""".replace("   ; not a comment for Ansible's hosts", "")

AS_YAML = """
all:
  hosts:
    lonely: {ansible_host: 10.0.0.9}
  children:
    prod:
      vars:
        ansible_become: yes
        ansible_ssh_common_args: -o ProxyCommand="ssh -W %h:%p -q bastion" -o StrictHostKeyChecking=no
      children:
        web:
          vars: {ansible_become_user: operator}
          hosts:
            web[01:03].example.org: {ansible_user: admin}
            gate: {ansible_port: 2222, ansible_ssh_private_key_file: /keys/a b}
        db:
          hosts:
            db-[a:b]: {ansible_connection: local}
"""
COMMAND = {"proxy_command": "ssh -W %h:%p -q bastion"}


@pytest.fixture
def read(tmp_path):
    def read(text: str, name: str):
        (tmp_path / name).write_text(text)
        return read_inventory(tmp_path / name)

    return read


@pytest.mark.parametrize(("text", "name"), [(AS_INI, "hosts"), (AS_INI, "hosts.ini"), (AS_YAML, "hosts.yml"), (AS_YAML, "hosts")])
def test_groups_variables_ranges_and_ways_are_read(read, text, name):
    inventory = read(text, name)
    by_name = {target.name: target for target in inventory.targets}
    operator = Become("operator")
    assert by_name["lonely"] == Target("lonely", "ssh", "10.0.0.9")
    assert by_name["web02.example.org"] == Target(
        "web02.example.org", "ssh", "web02.example.org", 0, "admin", labels={"group": "prod,web"}, become=operator, options=COMMAND
    )
    assert by_name["gate"].port == 2222
    assert by_name["gate"].options == {**COMMAND, "identity": "/keys/a b"}
    assert by_name["db-b"] == Target("db-b", "local", "db-b", labels={"group": "prod,db"}, become=Become())
    assert len(by_name) == 7
    assert inventory.notes == ("ansible_ssh_common_args turns host key checking off; secscan verifies host keys all the same",)


def test_what_ansible_inventory_list_prints_is_read(read):
    listing = {
        "_meta": {
            "hostvars": {"web1": {"ansible_host": "10.0.0.1", "facts": {"deep": [1]}}, "win": {"ansible_connection": "winrm"}}
        },
        "all": {"children": ["ungrouped", "web"]},
        "web": {"hosts": ["web1", "win"], "vars": {"ansible_user": "admin"}},
        "old": ["web1"],
    }
    inventory = read(json.dumps(listing), "list.json")
    assert inventory.targets == (Target("web1", "ssh", "10.0.0.1", 0, "admin", labels={"group": "old,web"}),)
    assert inventory.notes == ("host win was left out: secscan has no transport for ansible_connection 'winrm'",)


def test_inner_groups_win_over_outer_ones_and_hosts_over_all(read):
    inventory = read(
        "[all:vars]\nansible_user=all\n[outer:children]\ninner\n[outer:vars]\nansible_user=outer\nansible_port=1\n"
        "[inner:vars]\nansible_user=inner\n[inner]\na\nb ansible_user=host\n[other]\nc\n",
        "hosts.ini",
    )
    assert [(target.name, target.user, target.port) for target in inventory.targets] == [
        ("a", "inner", 1),
        ("b", "host", 1),
        ("c", "all", 0),
    ]


def test_variable_folders_beside_the_inventory_are_read(read, tmp_path):
    for place, text in {
        "group_vars/all.yml": "ansible_user: everyone\n",
        "group_vars/web/a.yml": "ansible_port: 2222\n",
        "host_vars/web1.yaml": "ansible_host: 10.0.0.1\n",
        "group_vars/db": "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
    }.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    inventory = read("[web]\nweb1\n[db]\ndb1\n", "hosts.ini")
    assert inventory.targets[0] == Target("web1", "ssh", "10.0.0.1", 2222, "everyone", labels={"group": "web"})
    assert inventory.targets[1].user == "everyone"
    assert [note for note in inventory.notes if "db is encrypted and was not read" in note]


def test_a_folder_is_one_inventory(tmp_path):
    (tmp_path / "a.ini").write_text("[web]\nweb1\n")
    (tmp_path / "b.yml").write_text("web: {hosts: {web2: {}}, vars: {ansible_user: admin}}\n")
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "notes.md").write_text("# not an inventory")
    inventory = read_inventory(tmp_path)
    assert [(target.name, target.user) for target in inventory.targets] == [("web1", "admin"), ("web2", "admin")]
    assert len(inventory.notes) == 1
    assert "was not run" in inventory.notes[0]


@pytest.mark.parametrize("variable", ["ansible_password", "ansible_ssh_pass", "ansible_become_pass", "ansible_become_password"])
def test_a_password_in_the_file_is_not_used_and_a_note_says_so(read, variable):
    inventory = read(f"[web]\nweb1 {variable}=hunter2 ansible_become=true\n", "hosts.ini")
    assert inventory.targets[0].password is None
    assert inventory.targets[0].become == Become()
    assert inventory.notes[0].startswith(f"{variable} in the inventory was not used")
    assert "hunter2" not in str(inventory)


def test_container_and_chroot_connections_become_those_transports(read):
    inventory = read(
        "a ansible_connection=community.docker.docker ansible_docker_host=box\nb ansible_connection=podman\n"
        "c ansible_connection=chroot ansible_host=/srv/image\n",
        "hosts.ini",
    )
    assert [(target.transport, target.address, dict(target.options)) for target in inventory.targets] == [
        ("container", "box", {"engine": "docker"}), ("container", "b", {"engine": "podman"}), ("chroot", "/srv/image", {}),
    ]  # fmt: skip


def test_every_problem_is_told_at_once_with_its_line(read):
    with pytest.raises(InputError) as caught:
        read(
            "[web\n[web:hosts]\n[web:odd]\n[web]\nweb1 ansible_host={{ip}}\nweb2 ansible_port=x\nweb3 user\n'web4\n"
            "web5 ansible_host=a;b\nweb[3:1]\nweb[1:a]\nweb[1:9999999]\nweb6 ansible_become=perhaps\n[web:vars]\nno equals\n",
            "hosts.ini",
        )
    told = {problem.line: problem.message for problem in caught.value.problems}
    assert "unknown section" in told[3]
    assert told[5] == "host web1: ansible_host is a template, which secscan does not evaluate"
    assert "port 'x' is refused" in told[6]
    assert "expected NAME=VALUE after the host" in told[7]
    assert "quotation" in told[8].lower()
    assert "host name 'a;b' is refused" in told[9]
    for line in (10, 11, 12):
        assert "range" in told[line]
    assert told[13] == "host web6: ansible_become is 'perhaps'"
    assert "expected NAME=VALUE" in told[15]


def test_problems_in_yaml_point_at_the_host(read):
    with pytest.raises(InputError, match=r"hosts\.yml:3:5: host web1: ansible_port is not a text or number"):
        read("web:\n  hosts:\n    web1: {ansible_port: [1]}\n", "hosts.yml")


def test_groups_that_contain_each_other_are_a_problem_and_not_a_hang(read):
    with pytest.raises(InputError, match="contains itself"):
        read("[a:children]\nb\n[b:children]\na\n[b]\nhost\n", "hosts.ini")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("#!/usr/bin/env python3\n", "hosts", "ansible-inventory -i .* --list > hosts.json"),
        ("[web]\n", "hosts.ini", "has no host"),
        ("[web]\na ansible_connection=winrm\n", "hosts.ini", "no transport for ansible_connection 'winrm'"),
    ],
)
def test_an_inventory_without_a_host_to_ask_is_refused(read, text, name, said):
    with pytest.raises(UsageError, match=said):
        read(text, name)


@pytest.mark.parametrize(("text", "said"), [("{", "not valid JSON"), ('{"web": 3}', "neither a list nor a mapping")])
def test_json_that_is_no_inventory_is_refused(read, text, said):
    with pytest.raises(InputError, match=said):
        read(text, "list.json")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web", ["web"]),
        ("web[1:3]", ["web1", "web2", "web3"]),
        ("web[08:10].lan", ["web08.lan", "web09.lan", "web10.lan"]),
        ("n[0:4:2]", ["n0", "n2", "n4"]),
        ("[a:c]", ["a", "b", "c"]),
        ("r[1:2]-[a:b]", ["r1-a", "r1-b", "r2-a", "r2-b"]),
    ],
)
def test_ranges_are_expanded_as_ansible_does(pattern, names):
    assert list(expand_range(pattern)) == names
