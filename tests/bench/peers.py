"""Target 6: ten hosts, fifty checks, against tools that ask over SSH too. Each does the same work in its own usual and fast way."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.bench import ROOT, Bench, Row
from tests.bench.content import FIFTY, FILES, PACKAGES, SERVICES, SSHD_OPTIONS, SYSCTLS
from tests.bench.measuring import Sample, median, ratio, round_robin
from tests.lab.hosts import Host
from tests.lab.roots import cache_folder, debian_root

REQUIREMENTS = ("ansible-core", "mitogen", "pytest-testinfra", "pyinfra")
_LIMITS = {"ansible": (80, 80), "mitogen": (25, 80), "testinfra": (15, 25), "pyinfra": (5, 8)}
_COUNT = 10

_PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
{tasks}
"""
_ANSIBLE = """\
[defaults]
inventory = inventory.ini
forks = 10
host_key_checking = true
interpreter_python = /usr/bin/python3
callback_result_format = yaml
retry_files_enabled = false
{mitogen}
[ssh_connection]
pipelining = true
ssh_args = -F ssh_config
"""
_TESTINFRA = """\
import pytest
@pytest.mark.parametrize("key", {sysctls!r})
def test_sysctl(host, key):
    assert host.run("sysctl -n %s", key).rc in (0, 1, 255)
@pytest.mark.parametrize("path", {files!r})
def test_file(host, path):
    assert not host.file(path).exists or host.file(path).mode is not None
@pytest.mark.parametrize("name", {packages!r})
def test_package(host, name):
    assert host.package(name).is_installed in (True, False)
@pytest.mark.parametrize("name", {services!r})
def test_service(host, name):
    assert host.service(name).is_running in (True, False)
@pytest.mark.parametrize("option", ["permitrootlogin", "x11forwarding"])
def test_sshd(host, option):
    assert option in host.run("sshd -T").stdout
"""
_PYINFRA = """\
from pyinfra import host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import File
from pyinfra.facts.server import Command
from pyinfra.facts.systemd import SystemdStatus
for key in {sysctls!r}:
    assert host.get_fact(Command, command="sysctl -n " + key + " || echo absent")
for path in {files!r}:
    host.get_fact(File, path=path)
assert "openssh-server" in host.get_fact(DebPackages)
for name in {services!r}:
    assert host.get_fact(SystemdStatus)[name + ".service"] in (True, False)
assert "permitrootlogin" in host.get_fact(Command, command="sshd -T")
assert "x11forwarding" in host.get_fact(Command, command="sshd -T | cat")
"""


def install() -> Path:
    """An environment with the peers in it, kept until the list changes. Needs the package index once."""
    digest = hashlib.sha256(repr((REQUIREMENTS, sys.version_info[:2])).encode()).hexdigest()[:12]
    folder = cache_folder() / "peers" / digest
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run(
            [folder / "bin/python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", *REQUIREMENTS], check=True
        )
        (folder / "done").touch()
    return folder


def versions(environment: Path) -> str:
    """The peers with their versions."""
    listed = subprocess.run(
        [environment / "bin/python", "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    found = dict(line.split("==") for line in listed.stdout.splitlines() if "==" in line)
    return ", ".join(f"{name} {found.get(name) or found.get(name.replace('-', '_'), '?')}" for name in REQUIREMENTS)


def measure(bench: Bench) -> list[Row]:
    """Rows of target 6."""
    names = [f"peer{number}" for number in range(1, _COUNT + 1)]
    hosts = [bench.lab.boot(name, debian_root(ROOT), root_too=True) for name in names]
    folder = bench.folder / "peers"
    folder.mkdir()
    _write_inputs(bench, folder, names)
    tools: dict[str, Callable[[], Sample]] = {
        "secscan": lambda: bench.meter.run(bench.scan(names, FIFTY), hosts, allowed=bench.judged),
        **{name: _tool(bench, folder, words, hosts) for name, words in _commands(bench, names).items()},
    }
    samples = round_robin(tools, max(2, bench.rounds // 3))
    rows = []
    for name, (wall_limit, cpu_limit) in _LIMITS.items():
        wall, cpu = ratio(samples, name, "secscan"), ratio(samples, name, "secscan", "client_cpu_s")
        what = f"{_COUNT} hosts, 50 checks: {name} to secscan, wall / client CPU"
        rows.append(
            Row("6", what, f">= {wall_limit}x / {cpu_limit}x", f"{wall:.0f}x / {cpu:.0f}x", wall >= wall_limit and cpu >= cpu_limit)
        )
    for name in samples:
        spent = f"{median(samples, name):.2f} s; {median(samples, name, 'client_cpu_s'):.2f} s"
        rows.append(Row("", f"{name}: wall; client CPU", "", spent))
    return rows


def _commands(bench: Bench, names: list[str]) -> dict[str, list[str]]:
    """The command of each peer, run in the folder of the inputs."""
    programs = bench.peers / "bin"
    ansible = str(programs / "ansible-playbook")
    hosts = ",".join(f"ssh://root@{name}" for name in names)
    locale = ["env", "LC_ALL=C.UTF-8"]
    return {
        "ansible": [*locale, "ANSIBLE_CONFIG=ansible.cfg", ansible, "playbook.yml"],
        "mitogen": [*locale, "ANSIBLE_CONFIG=mitogen.cfg", ansible, "playbook.yml"],
        "testinfra": [
            str(programs / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--hosts={hosts}", "--ssh-config=ssh_config",
            "test_peers.py",
        ],
        "pyinfra": [str(programs / "pyinfra"), "--dry", "-y", "inventory.py", "deploy.py"],
    }  # fmt: skip


def _tool(bench: Bench, folder: Path, words: list[str], hosts: list[Host]) -> Callable[[], Sample]:
    """One run of a peer, with no connection left from the run before."""

    def run() -> Sample:
        control = Path(tempfile.mkdtemp(prefix="control-", dir=folder))
        faster = {
            "User": "root",
            "KexAlgorithms": "curve25519-sha256",
            "ControlMaster": "auto",
            "ControlPersist": "5",
            "ControlPath": f"{control}/%n",  # and no longer, since it is a socket's
        }
        options = "".join(f"  {key} {value}\n" for key, value in faster.items())
        (folder / "ssh_config").write_text(bench.lab.client.config.read_text().replace("  User scan\n", options))
        return bench.meter.run(words, hosts, cwd=folder)

    return run


def _write_inputs(bench: Bench, folder: Path, names: list[str]) -> None:
    """What each peer reads: its own words for the same fifty questions."""
    modules = [
        *(f"command: sysctl -n {key}" for key in SYSCTLS),
        *(f"stat: {{path: {path}, get_checksum: false}}" for path in FILES),
        *(f"command: dpkg-query -W {name}" for name in PACKAGES),
        *(f"command: systemctl is-active {name}" for name in SERVICES),
        *("command: sshd -T" for _ in SSHD_OPTIONS),
    ]
    ends = "      changed_when: false\n      failed_when: false\n"
    tasks = "".join(
        f"    - name: question {number}\n      {module}\n{ends}      register: answer{number}\n"
        for number, module in enumerate(modules, 1)
    )
    known = {"sysctls": SYSCTLS, "files": FILES, "packages": PACKAGES, "services": SERVICES}
    client = bench.lab.client
    access = {
        "ssh_user": "root",
        "ssh_key": str(client.key),
        "ssh_config_file": "ssh_config",
        "ssh_known_hosts_file": str(client.known_hosts),
    }
    strategies = next(bench.peers.glob("lib/python*/site-packages/ansible_mitogen/plugins/strategy"))
    mitogen = f"strategy_plugins = {strategies}\nstrategy = mitogen_linear\n"
    inputs = {
        "playbook.yml": _PLAYBOOK.format(tasks=tasks),
        "inventory.ini": "".join(f"{name} ansible_user=root\n" for name in names),
        "ansible.cfg": _ANSIBLE.format(mitogen=""),
        "mitogen.cfg": _ANSIBLE.format(mitogen=mitogen),
        "test_peers.py": _TESTINFRA.format(**known),
        "inventory.py": f"hosts = {[(name, access) for name in names]!r}\n",
        "deploy.py": _PYINFRA.format(**known),
    }
    for name, text in inputs.items():
        (folder / name).write_text(text)
