"""What the host is: distribution, kernel, machine id, clock, and who asks. Part of every plan, as its first question."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import closed_lines, reply

_SCRIPT = r"""printf 'uid=%s\n' "$(id -u)"
printf 'time=%s\n' "$(date +%s)"
kernel=; [ ! -e /proc/self ] || kernel=$(uname -r)
printf 'kernel=%s\n' "$kernel"
printf 'machine=%s\n' "$(uname -m)"
printf 'hostname=%s\n' "$(cat /proc/sys/kernel/hostname 2>/dev/null || head -n 1 /etc/hostname 2>/dev/null)"
id=; [ ! -r /etc/machine-id ] || IFS= read -r id </etc/machine-id
printf 'machine-id=%s\n' "$id"
init=other
if [ -d /run/systemd/system ]; then init=systemd
elif [ -d /run/openrc ] || [ -e /run/openrc/softlevel ]; then init=openrc
elif [ -x /sbin/openrc-run ]; then init=openrc; fi
printf 'init=%s\n' "$init"
virt=none
if have systemd-detect-virt; then virt=$(systemd-detect-virt 2>/dev/null)
elif [ -e /.dockerenv ] || [ -e /run/.containerenv ]; then virt=container
elif grep -q '^flags.* hypervisor' /proc/cpuinfo 2>/dev/null; then virt=vm; fi
printf 'virtualization=%s\n' "${virt:-none}"
for f in /etc/os-release /usr/lib/os-release; do
  if [ -r "$f" ]; then grep -E '^(ID|ID_LIKE|VERSION_ID|PRETTY_NAME)=' "$f"; break; fi
done
printf 'end\n'
part 0 0"""
_NO_PROC = "/proc is not mounted, so the kernel may not be its own"
_FAMILIES = {
    "debian": ("debian", "ubuntu", "raspbian", "linuxmint", "devuan"),
    "rhel": ("rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn"),
    "suse": ("suse", "sles", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sle-micro"),
    "alpine": ("alpine", "postmarketos"),
    "arch": ("arch",),
}
_CONTAINERS = {
    "docker",
    "podman",
    "lxc",
    "lxc-libvirt",
    "systemd-nspawn",
    "openvz",
    "rkt",
    "wsl",
    "proot",
    "pouch",
    "container",
    "container-other",
}


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: the platform has no arguments."""
    return Question(
        _SCRIPT,
        (
            "/etc/os-release",
            "/etc/machine-id",
            "/proc/sys/kernel/hostname",
            "/etc/hostname",
            "id",
            "date",
            "uname",
            "systemd-detect-virt",
        ),
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """key=value lines, closed by `end`."""
    said = reply(answer, "the platform")
    if said:
        return said
    pairs = dict(line.split("=", 1) for line in closed_lines(answer) if "=" in line)
    system = _unquote(pairs.get("ID", ""))
    likes = _unquote(pairs.get("ID_LIKE", "")).split()
    family = next((name for name, ids in _FAMILIES.items() if system in ids), None)
    family = family or next((name for name, ids in _FAMILIES.items() if any(like in ids for like in likes)), "other")
    version = _unquote(pairs.get("VERSION_ID", ""))
    virtualization = pairs["virtualization"]
    attributes: dict[str, Value] = {
        "family": family if system else Unobservable("no os-release file"),
        "id": system or Unobservable("no os-release file"),
        "version": version or Unobservable("os-release has no VERSION_ID"),
        "name": _unquote(pairs.get("PRETTY_NAME", "")) or Unobservable("os-release has no PRETTY_NAME"),
        "kernel": pairs["kernel"] or Unobservable(_NO_PROC),
        "machine": pairs["machine"],
        "hostname": pairs["hostname"] or Unobservable(_NO_PROC),
        "machine_id": pairs["machine-id"],
        "init": pairs["init"],
        "virtualization": virtualization,
        "container": virtualization in _CONTAINERS,
        "uid": int(pairs["uid"]),
        "time": float(pairs["time"]) if re.fullmatch(r"\d{9,11}", pairs["time"]) else Unobservable("the host told no time"),
    }
    return Observed(attributes)


def _unquote(text: str) -> str:
    words = shlex.split(text) if text else []
    return words[0] if words else ""


PROBE = Probe(
    name="platform",
    summary="What the host is: distribution, kernel, init system, virtualization, clock, and who asks",
    arguments=(),
    attributes=(
        Attribute("family", Type.TEXT, "debian, rhel, suse, alpine, arch or other"),
        Attribute("id", Type.TEXT, "ID of os-release"),
        Attribute("version", Type.VERSION, "VERSION_ID of os-release"),
        Attribute("name", Type.TEXT, "PRETTY_NAME of os-release"),
        Attribute("kernel", Type.VERSION, "release of the running kernel"),
        Attribute("machine", Type.TEXT, "hardware name, such as x86_64"),
        Attribute("hostname", Type.TEXT, "the kernel's host name"),
        Attribute("machine_id", Type.TEXT, "contents of /etc/machine-id; empty when there is none"),
        Attribute("init", Type.TEXT, "systemd, openrc or other"),
        Attribute("virtualization", Type.TEXT, "what systemd-detect-virt says; none on bare metal"),
        Attribute("container", Type.BOOLEAN, "true inside a container that shares the kernel of another system"),
        Attribute("uid", Type.INTEGER, "user id the questions were asked as"),
        Attribute("time", Type.TIMESTAMP, "the host's clock when it was asked"),
    ),
    ask=ask,
    read=read,
    example=(
        "uid=0\ntime=1767225600\nkernel=6.12.0-1-amd64\nmachine=x86_64\nhostname=web1\nmachine-id=0123456789abcdef0123456789abcdef\n"
        'init=systemd\nvirtualization=kvm\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\nend\n'
    ),
    condition="family",
)
