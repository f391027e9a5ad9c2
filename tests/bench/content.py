"""The checks that the bench asks: all that ship and ask a host, filled up to 250 checks; and fifty that every peer can ask too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from secscan.judge.rulebook import every_ask
from secscan.model.check import Check, Subject
from secscan.pipeline import load_engine
from secscan.plugins import probes

EVERYTHING, FIFTY = "bench_everything", "bench_fifty"
_FULL = 250
_CHECK = """\
id: {id}
title: A question of the bench, number {number}
severity: low
rationale: It is there to be asked.
remediation: {{text: "None.", effort: minutes, when: runtime}}
observe:
  thing: {{probe: {probe}, {argument}: {value}}}
expect:
  - {{that: thing, present: true}}
cases:
  - {{name: there, outcome: pass, thing: "..."}}
  - {{name: not there, outcome: fail, thing: "absent\\n"}}
"""
SYSCTLS = (
    "kernel.randomize_va_space", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.sysrq", "kernel.core_uses_pid",
    "fs.suid_dumpable", "fs.protected_hardlinks", "fs.protected_symlinks", "net.ipv4.ip_forward", "net.ipv4.tcp_syncookies",
    "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter", "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.default.accept_redirects", "net.ipv4.conf.all.send_redirects", "net.ipv4.conf.default.send_redirects",
    "net.ipv4.conf.all.accept_source_route", "net.ipv4.conf.default.accept_source_route", "net.ipv4.conf.all.log_martians",
    "net.ipv4.conf.default.log_martians",
)  # fmt: skip
FILES = (
    "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/hosts", "/etc/fstab", "/etc/sudoers", "/etc/crontab",
    "/etc/ssh/sshd_config", "/etc/login.defs", "/etc/pam.d/sshd", "/etc/pam.d/su", "/etc/issue", "/etc/motd", "/etc/securetty",
)  # fmt: skip
PACKAGES = ("openssh-server", "sudo", "cron", "nftables", "rsyslog", "chrony", "telnetd", "rsh-server")
SERVICES = ("ssh", "cron", "rsyslog", "chrony", "systemd-journald")
SSHD_OPTIONS = ("PermitRootLogin", "X11Forwarding")
_MORE_SYSCTLS = tuple(
    f"net.ipv{version}.conf.{interface}.{name}"
    for version, interface, name in (
        *((4, interface, name) for interface in ("all", "default", "lo") for name in (
            "arp_announce", "arp_ignore", "arp_filter", "bootp_relay", "disable_policy", "forwarding", "proxy_arp",
            "secure_redirects", "shared_media", "promote_secondaries")),
        *((6, interface, name) for interface in ("all", "default", "lo") for name in (
            "accept_ra", "accept_redirects", "accept_source_route", "autoconf", "disable_ipv6", "forwarding", "hop_limit", "mtu")),
    )
)  # fmt: skip
_MORE_FILES = tuple(
    f"/etc/{name}"
    for name in (
        "adduser.conf", "bash.bashrc", "debconf.conf", "default/cron", "default/ssh", "deluser.conf", "environment", "gai.conf",
        "host.conf", "hostname", "ld.so.conf", "libaudit.conf", "logrotate.conf", "machine-id", "mke2fs.conf", "networks",
        "nsswitch.conf", "nftables.conf", "os-release", "pam.conf", "profile", "rsyslog.conf", "security/access.conf",
        "security/limits.conf", "security/pam_env.conf", "security/time.conf", "services", "shells", "subgid", "subuid",
        "sysctl.conf", "systemd/journald.conf", "systemd/logind.conf", "systemd/system.conf", "systemd/user.conf", "xattr.conf",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """One question by one probe with one argument."""

    probe: str
    argument: str
    value: str


def fifty() -> tuple[Question, ...]:
    """Fifty questions, of the kinds that every peer can ask."""
    return (
        *(Question("sysctl", "key", key) for key in SYSCTLS),
        *(Question("file", "path", path) for path in FILES),
        *(Question("package", "name", name) for name in PACKAGES),
        *(Question("service", "name", name) for name in SERVICES),
        *(Question("sshd_option", "option", name) for name in SSHD_OPTIONS),
    )


def more() -> tuple[Question, ...]:
    """Further questions, to fill up what ships."""
    return (
        *(Question("sysctl", "key", key) for key in _MORE_SYSCTLS),
        *(Question("file", "path", path) for path in _MORE_FILES),
        *(Question("file_content", "path", path) for path in _MORE_FILES[:30]),
    )


def write_content(folder: Path) -> Path:
    """A folder for --content with both baselines; the folder."""
    small, filling = fifty(), more()
    names = {question: f"bench_question_{number}" for number, question in enumerate((*small, *filling), 1)}
    for number, (question, name) in enumerate(names.items(), 1):
        path = folder / "checks" / "bench" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _CHECK.format(id=name, number=number, probe=question.probe, argument=question.argument, value=question.value)
        path.write_text(text)
    shipped = sorted(check.id for check in _shipped() if _is_asked_on_the_host(check))
    _write_baseline(folder, FIFTY, (names[question] for question in small))
    missing = max(0, _FULL - len(shipped))
    _write_baseline(folder, EVERYTHING, (*shipped, *(names[question] for question in filling[:missing])))
    return folder


def _shipped() -> Iterable[Check]:
    return load_engine().library.checks.values()


def _is_asked_on_the_host(check: Check) -> bool:
    """Whether the script asks it: what the scanner asks a port itself, or asks people, is no part of what OpenSSH can run too."""
    known = probes()
    asks = list(every_ask(check))
    return check.subject is Subject.HOST and bool(asks) and not any(known[ask.probe].outside for ask in asks)


def _write_baseline(folder: Path, name: str, checks: Iterable[str]) -> None:
    path = folder / "baselines" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"id: {name}\ntitle: Questions of the bench\nrequirements:\n  UNC-IS-07: [{', '.join(checks)}]\n")
