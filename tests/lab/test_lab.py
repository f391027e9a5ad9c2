"""The lab itself: its hosts are real, its walls hold, and nothing of it outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from . import roots
from .enclosure import Enclosure
from .lab import Lab
from .writes import differences, snapshot

pytestmark = pytest.mark.lab

_OWNER = """
    import sys, time
    sys.path.insert(0, {parent!r})
    from pathlib import Path
    from lab.lab import Lab
    lab = Lab(Path({folder!r}))
    lab.boot("victim", Path({root!r}))
    lab.boot_cheap(2)
    lab.start_hostile(["silent"])
    sys.stdout.write(f"{{lab.enclosure.pid}} {{lab.enclosure.cgroup}}\\n")
    sys.stdout.flush()
    time.sleep(60)
"""


@pytest.mark.parametrize(("suite", "version"), [("bullseye", "11"), ("bookworm", "12"), ("trixie", "13")])
def test_a_debian_host_boots_answers_over_ssh_and_halts(boot, lab, suite, version):
    host = boot(f"halting-{suite}", suite)
    assert host.wait_until_settled() == "running"
    assert lab.ssh(host.name, ". /etc/os-release; echo $VERSION_ID; sudo -n id -u").split() == [version, "0"]
    assert lab.ssh(host.name, "cat /proc/1/comm").strip() == "systemd"
    used = host.cpu_s()
    lab.ssh(host.name, "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done")
    assert host.cpu_s() > used + 0.01
    host.stop()
    assert not Path(f"/proc/{host.leader}").exists()


def test_the_users_of_a_host_have_the_rights_their_names_say(lab, clean):
    assert lab.ssh("clean", "sudo -n id -u", user="scan").strip() == "0"
    with pytest.raises(RuntimeError, match="password is required"):
        lab.ssh("clean", "sudo -n id -u", user="scanpw")
    with pytest.raises(RuntimeError, match=r"password is required|not allowed|may not run"):
        lab.ssh("clean", "sudo -n id -u", user="plain")
    with pytest.raises(RuntimeError, match="Permission denied"):
        lab.ssh("clean", "true", user="root")


def test_clients_in_the_lab_cannot_reach_anything_outside_it(lab):
    assert not lab.enclosure.client(["ip", "route", "show", "default"]).stdout
    assert "unreachable" in lab.enclosure.client(["ip", "route", "get", "192.0.2.1"]).stderr.lower()


def test_what_a_host_writes_is_seen_even_when_it_is_removed_again(boot):
    host = boot("writing")
    before = snapshot(host)
    host.run("echo x >/etc/new; echo y >>/etc/passwd; : >/opt/gone; rm /opt/gone; mkdir /run/strange; rm /etc/motd; chmod 700 /srv")
    assert differences(before, snapshot(host)) == ["/etc", "/etc/motd", "/etc/new", "/etc/passwd", "/opt", "/run/strange", "/srv"]


def test_a_relay_delays_by_the_round_trip_and_counts_turns_and_bytes(lab, clean):
    with lab.relay(clean.address, rtt_s=0.2) as relay:
        lab.client.know("127.0.0.1", clean.host_keys, relay.port)
        lab.client.alias("far", "127.0.0.1", Port=str(relay.port))
        began = time.monotonic()
        assert lab.ssh("far", "echo here").strip() == "here"
        took_s = time.monotonic() - began
        passed = relay.next_connection()
    assert 4 <= passed["turns"] <= 14
    assert took_s >= 0.2 * 5
    assert passed["received"] > 1000


def test_cheap_hosts_have_a_host_key_each(lab):
    with Lab(lab.folder / "cheap-lab") as own:
        names = own.boot_cheap(3)
        assert [own.ssh(name, "id -un").strip() for name in names] == ["scan"] * 3
        keys = {line.split(" ", 1)[1] for line in own.client.known_hosts.read_text().splitlines()}
        assert len(keys) == 3


def test_an_enclosure_that_is_closed_leaves_nothing():
    enclosure = Enclosure()
    enclosure.run("mkdir", "-p", "/run/lab/x", "/sys/fs/cgroup/x")
    process = subprocess.Popen(enclosure.inside("sleep", "60"))
    enclosure.close()
    assert process.wait(5) != 0
    assert not enclosure.cgroup.exists()
    assert not Path(f"/proc/{enclosure.pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_nothing_outlives_an_owner_that_is_killed(debian_roots, lab, tmp_path, number):
    source = _OWNER.format(parent=str(Path(__file__).parents[1]), folder=str(tmp_path), root=str(debian_roots["bookworm"]))
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    pid, folder = owner.stdout.readline().split()
    cgroup = Path(folder)
    marks = (cgroup.name, str(tmp_path))
    assert len(processes(marks)) > 10
    os.kill(owner.pid, number)
    owner.communicate()
    ends_at = time.monotonic() + 15
    while time.monotonic() < ends_at and (cgroup.exists() or processes(marks)):
        time.sleep(0.05)
    assert not processes(marks)
    assert not cgroup.exists()
    assert not Path(f"/proc/{pid}").exists()
    assert not [line for line in Path("/proc/mounts").read_text().splitlines() if line.startswith("lab ")]


def test_what_a_killed_guard_left_is_removed_by_the_next_lab():
    enclosure = Enclosure()
    left = enclosure.cgroup.with_name("secscan-lab-999999999-1")
    (left / "child").mkdir(parents=True)
    with Enclosure():
        assert not left.exists()
        assert enclosure.cgroup.exists()
    enclosure.close()


def test_a_root_that_was_not_finished_is_not_used_and_is_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("SECSCAN_LAB_CACHE", str(tmp_path))
    recipe = roots.Recipe("bookworm", ("x",))
    (tmp_path / f"{recipe.name}.building-999999999-1").mkdir()
    monkeypatch.setattr(roots, "find_mirror", lambda: (_ for _ in ()).throw(roots.NoRootError("no mirror")))
    with pytest.raises(roots.NoRootError, match="no mirror"):
        roots.debian_root(recipe)
    assert [path.name for path in tmp_path.iterdir()] == [f"{recipe.name}.lock"]


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param({"sources.list": "deb [arch=amd64] http://here.example/debian bookworm main\n"}, id="one-line"),
        pytest.param(
            {"sources.list": "# deb http://no.example/ bookworm main\ndeb http://here.example/debian stable main\n"}, id="comment"
        ),
        pytest.param(
            {
                "sources.list.d/x.sources": "Types: deb\n# URIs: http://no.example\nURIs: http://here.example/debian\n"
                "Suites: bookworm\nComponents: main\n"
            },
            id="deb822",
        ),
        pytest.param(
            {
                "sources.list.d/a.list": "deb http://vendor.example nodistro main\ndeb http://sec.example bookworm-security main\n",
                "sources.list.d/b.list": "deb http://here.example/debian bookworm contrib main\n",
            },
            id="others-first",
        ),
    ],
)
def test_the_mirror_is_the_one_the_machine_uses_itself(tmp_path, monkeypatch, sources):
    for name, text in sources.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(roots, "APT", tmp_path)
    monkeypatch.setattr(roots, "own_suites", lambda: {"bookworm", "stable"})
    assert roots.find_mirror() == "http://here.example/debian"


def processes(marks: tuple[str, ...]) -> set[str]:
    """Processes whose control group or command line has one of the marks: their numbers and the start of what they run."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            groups = (folder / "cgroup").read_text()
        except OSError:
            continue
        if any(mark in words or mark in groups for mark in marks):
            found.add(f"{folder.name} {words[:80]}")
    return found
