"""Hosts that are not Debian with systemd and sshd, made of Debian's own rpm, dnf, zypper, OpenRC, busybox and dropbear."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import secscan
from secscan import plugins
from secscan.ask.exchange import Limits, ask_target
from secscan.judge.observe import exhibits, observe
from secscan.model.assessment import Assessment
from secscan.model.probe import Call, Observation
from secscan.model.target import Become, Target
from secscan.model.values import Scalar
from secscan.plan.compile import compile_plan

from .cheap import has_started
from .hosts import Host, OwnFile, Shape
from .lab import MAIN_SUITE, Lab
from .roots import Recipe, debian_root

PACKAGES = (
    "openssh-server", "sudo", "systemd", "systemd-sysv", "dbus", "iproute2", "procps", "passwd", "libpam-modules", "cron",
    "openssl", "gzip", "mount", "util-linux", "rpm", "gpg", "gpg-agent", "dnf", "zypper", "createrepo-c", "openrc", "dropbear-bin",
    "firewalld", "ufw", "iptables", "nftables", "chrony",
)  # fmt: skip
HERE = Path(__file__).parent
_T = TypeVar("_T")


DROPBEAR = """\
mkdir -p /etc/dropbear
dropbearconvert openssh dropbear /etc/ssh/ssh_host_ed25519_key /etc/dropbear/dropbear_ed25519_host_key
exec dropbear -F -E
"""
SUSE = """\
mv /etc/yum.repos.d /srv/kept/
mv /srv/kept/zypp /etc/zypp
mv /srv/kept/zypper /usr/bin/
mv /etc/os-release /srv/kept/
cat >/etc/os-release <<'END'
NAME="openSUSE Leap"
ID="opensuse-leap"
ID_LIKE="suse opensuse"
VERSION_ID="16.0"
PRETTY_NAME="openSUSE Leap 16.0"
END
zypper --non-interactive --quiet --no-gpg-checks refresh
"""
NO_SUSE = """\
mv /etc/zypp /usr/bin/zypper /srv/kept/
mv /srv/kept/yum.repos.d /etc/
mv /srv/kept/os-release /etc/os-release
"""
ALPINE = {
    "/etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n',
    "/etc/apk/world": "alpine-base\ndropbear\nnodejs=22.16.0-r2\n",
    "/etc/apk/repositories": "https://dl-cdn.alpinelinux.org/alpine/v3.22/main\n#https://dl-cdn.alpinelinux.org/alpine/v3.22/community\n",
    "/lib/apk/db/installed": "".join(
        f"C:Q1mb=\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:{name}\nU:https://example.org\nL:MIT\no:{origin}\nt:1750000000\n"
        f"F:usr\nF:usr/bin\nR:{name}\na:0:0:755\nZ:Q1ab=\n\n"
        for name, version, origin in (
            ("alpine-baselayout", "3.7.0-r0", "alpine-baselayout"),
            ("busybox", "1.37.0-r19", "busybox"),
            ("dropbear", "2025.88-r1", "dropbear"),
            ("nodejs", "22.16.0-r2", "nodejs"),
            ("ssl_client", "1.37.0-r19", "busybox"),
        )
    ),
}


def foreign_root() -> Path:
    """A Debian root that has them all. Raises NoRootError."""
    return debian_root(Recipe(MAIN_SUITE, PACKAGES))


def boot_rpm(lab: Lab, root: Path) -> Host:
    """A host of rpm and systemd, with a firewall of its own."""
    host = lab.boot("rpm", root, Shape(nspawn=("--capability=CAP_NET_ADMIN",)))
    host.run((HERE / "rpm.sh").read_text())
    return host


def boot_openrc(lab: Lab, root: Path) -> Host:
    """A host that OpenRC brought up."""
    script = (HERE / "openrc.sh").read_text()
    host = lab.boot("openrc", root, Shape(boot=("/bin/sh", "-c", f"{script}\ntouch /run/lab-started\nexec sleep infinity")))
    ends_at = time.monotonic() + 60
    while not has_started(host.root):
        if time.monotonic() > ends_at:
            raise TimeoutError("OpenRC did not come up within 60 s")
        time.sleep(0.05)
    return host


def boot_dropbear(lab: Lab, root: Path) -> Host:
    """A host with sudo where dropbear serves SSH and sshd, though installed and set up well, does not run."""
    files = {"/etc/ssh/sshd_config.d/lab.conf": OwnFile("PermitRootLogin no\nPasswordAuthentication no\n")}
    return lab.boot("dropbear", root, Shape(boot=("/bin/sh", "-c", DROPBEAR), files=files), root_too=True)


def ask(lab: Lab, host: Host, *calls: Call, target: Target | None = None) -> list[Observation]:
    """What a host answers to these questions over SSH as root, read by their probes."""
    probes = plugins.probes()
    plan = compile_plan(calls, probes)
    asked = target or target_of(lab, host)
    bundle = _in_network(lab, lambda: ask_target(asked, plan, plugins.transport(asked.transport), "", Limits(), plugins.inquiry))
    answers = exhibits(bundle, probes)
    return [observe(probes[call.probe], call, answers[call].answer) for call in calls]


def judge(lab: Lab, host: Host, engine: secscan.Engine, target: Target | None = None) -> Assessment:
    """The verdicts of a scan over SSH as root."""
    return _in_network(lab, lambda: secscan.scan(engine, target or target_of(lab, host)))[0]


def outcomes(assessment: Assessment) -> dict[str, str]:
    """Outcome by check."""
    return {result.check: str(result.outcome) for result in assessment.results}


def load_engines(folder: Path, sets: Mapping[str, Iterable[str]]) -> dict[str, secscan.Engine]:
    """Engines for sets of checks by name; their baselines go into a folder, all at once, so that the library is read once."""
    for name, checks in sets.items():
        (folder / f"{name}.yaml").write_text(f"id: {name}\ntitle: {name}\nrequirements:\n  UNC-IS-07: [{', '.join(checks)}]\n")
    return {name: secscan.load_engine(name, baseline_folders=[folder], cache=folder / "cache") for name in sets}


def target_of(
    lab: Lab, host: Host, user: str = "scan", transport: str = "ssh", *, root: bool = True, become: Become | None = None
) -> Target:
    """A host of the lab as a scan sees it; `root` asks by sudo, which `become` may say more of."""
    options: dict[str, Scalar] = {"ssh_config": str(lab.client.config)}
    return Target(host.name, transport, host.name, user=user, become=become or Become() if root else None, options=options)


def _in_network(lab: Lab, act: Callable[[], _T]) -> _T:
    """What an act returns or raises where the lab's clients are."""
    told: list[_T] = []
    raised: list[Exception] = []

    def go() -> None:
        lab.enclosure.enter_network()
        try:
            told.append(act())
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            raised.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return told[0]
