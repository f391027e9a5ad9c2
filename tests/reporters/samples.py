"""Assessments to render: an ordinary host, a fleet with unreachable members, a hostile host, a host that was never reached."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from secscan.assessments import to_document
from secscan.model.assessment import (
    Assessment,
    Change,
    CheckText,
    Disposition,
    Finding,
    Host,
    Outcome,
    Proof,
    RequirementText,
    Result,
    WaiverText,
)

STARTED = 1_793_523_600.25  # 2026-11-01T09:00:00.250Z
HOSTILE = (
    "</script><script>alert(1)</script>\x1b[31mred\x1b[0m\u202egnp.exe\u200b\u2028=cmd|' /C calc'!A0 ]]> \x00 \ud800 &amp; \x9b2J"
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


REQUIREMENTS = {
    requirement.id: requirement
    for requirement in (
        RequirementText("UNC-IS-01", "Secure remote administration", "JIU/REP/2021/3 para. 87; NIST SP 800-53 AC-17"),
        RequirementText("UNC-IS-03", "Strong authentication secrets", "JIU/REP/2021/3 para. 91"),
        RequirementText("UNC-IS-05", "Vulnerability and patch management", "JIU/REP/2021/3 recommendation 2"),
        RequirementText("UNC-IS-08", "Logging and audit trail", "ISO/IEC 27001:2022 A.8.15"),
        RequirementText("UNC-DR-01", "Backups exist and can be restored", "JIU/REP/2021/6 para. 54"),
        RequirementText(
            "UNC-GV-09", "Budget and staff for security are reviewed", "A/RES/78/243 para. 7", "the oversight committee reviews it"
        ),
    )
}

_CHECKS = (
    (
        "sshd_root_login_disabled",
        "ssh",
        "Root cannot sign in over SSH",
        "high",
        "UNC-IS-01",
        "Whoever signs in as root leaves no trace of who it was, and one guessed password is the whole host.",
        "Set `PermitRootLogin no` in a file under /etc/ssh/sshd_config.d and reload the service.",
        "minutes",
        "runtime",
        {"nist_800_53": ("AC-6(2)", "IA-2"), "iso_27001": ("8.2",), "cis_v8": ("5.4",), "ssg": ("sshd_disable_root_login",)},
    ),
    (
        "sshd_empty_passwords_refused",
        "ssh",
        "Accounts without a password are refused by SSH",
        "critical",
        "UNC-IS-01",
        "An account without a password is an open door.",
        "Set `PermitEmptyPasswords no` and reload the service.",
        "minutes",
        "runtime",
        {"nist_800_53": ("IA-5(1)",), "iso_27001": ("8.5",), "cis_v8": ("5.2",)},
    ),
    (
        "shadow_hashes_strong",
        "accounts",
        "Passwords are stored with a strong hash",
        "high",
        "UNC-IS-03",
        "A stolen password file with weak hashes is a list of passwords.",
        "Set `ENCRYPT_METHOD YESCRYPT` and let people change passwords.",
        "days",
        "runtime",
        {"nist_800_53": ("IA-5(1)",), "cis_v8": ("3.11",)},
    ),
    (
        "accounts_uid_zero_only_root",
        "accounts",
        "Only root has user id 0",
        "critical",
        "UNC-IS-03",
        "A second account with user id 0 is root under another name.",
        "Give the account another user id, or remove it.",
        "hours",
        "runtime",
        {"nist_800_53": ("AC-6",), "cis_v8": ("5.4",)},
    ),
    (
        "security_updates_installed",
        "patching",
        "Security updates are installed within two weeks",
        "high",
        "UNC-IS-05",
        "Most break-ins use a hole that was mended long ago.",
        "Run the package manager's upgrade; switch on unattended upgrades.",
        "minutes",
        "reboot",
        {"nist_800_53": ("SI-2",), "iso_27001": ("8.8",), "cis_v8": ("7.3",)},
    ),
    (
        "kernel_randomizes_addresses",
        "kernel",
        "The kernel randomizes where programs are loaded",
        "medium",
        "UNC-IS-05",
        "Fixed addresses make memory errors easy to use.",
        "Set `kernel.randomize_va_space = 2` in /etc/sysctl.d.",
        "minutes",
        "runtime",
        {"nist_800_53": ("SI-16",)},
    ),
    (
        "auditd_runs",
        "logging",
        "The audit service runs and starts with the host",
        "medium",
        "UNC-IS-08",
        "Without a trail nobody can tell afterwards what happened.",
        "Install auditd and enable the service.",
        "minutes",
        "runtime",
        {"nist_800_53": ("AU-2", "AU-12"), "iso_27001": ("8.15",), "cis_v8": ("8.2",)},
    ),
    (
        "journal_survives_reboot",
        "logging",
        "The journal is kept over a reboot",
        "low",
        "UNC-IS-08",
        "The traces of an attack that ends in a reboot are those that matter.",
        "Create /var/log/journal or set `Storage=persistent`.",
        "minutes",
        "restart",
        {"nist_800_53": ("AU-4",)},
    ),
    (
        "backup_newest_fresh",
        "backup",
        "The newest backup is younger than a day",
        "critical",
        "UNC-DR-01",
        "What was not saved since yesterday is lost tomorrow.",
        "Mend the backup job; watch its age.",
        "hours",
        "runtime",
        {"nist_800_53": ("CP-9",), "iso_27001": ("8.13",), "cis_v8": ("11.2",)},
    ),
    (
        "backup_restore_tested",
        "backup",
        "A restore was tested in the last half year",
        "high",
        "UNC-DR-01",
        "A backup that was never restored is a hope.",
        "Restore one system and write down how long it took.",
        "days",
        "runtime",
        {"nist_800_53": ("CP-4",)},
    ),
    (
        "world_writable_files_none",
        "files",
        "No file can be changed by everybody",
        "medium",
        "UNC-IS-03",
        "Anybody's change to a script that root runs is anybody's root.",
        "Remove the write bit for others.",
        "minutes",
        "runtime",
        {"nist_800_53": ("AC-3",)},
    ),
    (
        "grub_password_set",
        "boot",
        "The boot loader asks for a password",
        "low",
        "UNC-IS-03",
        "Whoever can edit the boot entry becomes root.",
        "Run grub-mkpasswd-pbkdf2 and add the superuser.",
        "hours",
        "reboot",
        {},
    ),
)

CHECKS = {
    check: CheckText(check, domain, title, rationale, remedy, effort, when, references, digest(check))
    for check, domain, title, _, _, rationale, remedy, effort, when, references in _CHECKS
}
SEVERITY = {row[0]: row[3] for row in _CHECKS}
SERVES = {row[0]: row[4] for row in _CHECKS}


def proof(
    name: str, probe: str, arguments: dict[str, Any], stdout: str, observation: dict[str, Any] | None = None, **more: Any
) -> Proof:
    values: dict[str, Any] = {
        "name": name,
        "probe": probe,
        "arguments": arguments,
        "state": "observed",
        "reason": "",
        "observation": observation or {},
        "stdout": stdout,
        "stdout_bytes": len(stdout.encode("utf-8", "surrogatepass")),
        "stdout_sha256": digest(stdout),
        "stderr": "",
        "exit": 0,
        "uid": 0,
        "batch": 3,
        "script_sha256": digest(probe),
        "elapsed_s": 0.02,
    }
    return Proof(**(values | more))


def host(name: str = "geneva-web-01", **more: Any) -> Host:
    values: dict[str, Any] = {
        "address": "192.0.2.10",
        "transport": "ssh",
        "user": "scan",
        "uid": 0,
        "become": "sudo",
        "host_key": "SHA256:0c1bq1Zr0pFqkX7m2Gk3X1cPpWmXq6iJcS1k5t2v9aE",
        "machine_id": "4f3c2b1a09e8d7c6b5a4938271605f4e",
        "hostname": name,
        "system": "Debian GNU/Linux 12 (bookworm)",
        "family": "debian",
        "kernel": "6.1.0-28-amd64",
        "site": "geneva",
        "criticality": "high",
        "labels": {"service": "web"},
        "clock_offset_s": 0.3,
    }
    return Host(name, **(values | more))


def result(check: str, outcome: Outcome, subject: str = "geneva-web-01", **more: Any) -> Result:
    findings = more.get("findings", ())
    values: dict[str, Any] = {"requirements": (SERVES[check],), "findings_total": len(findings), "parameters": {}}
    return Result(check, subject, outcome, SEVERITY[check], **(values | more))


def ordinary(name: str = "geneva-web-01") -> tuple[tuple[Result, ...], tuple[Proof, ...]]:
    proofs = (
        proof(
            "root_login",
            "sshd_option",
            {"option": "PermitRootLogin"},
            "permitrootlogin yes\n",
            {"value": "yes", "source": "sshd -T"},
        ),
        proof(
            "empty",
            "sshd_option",
            {"option": "PermitEmptyPasswords"},
            "permitemptypasswords no\n",
            {"value": "no", "source": "sshd -T"},
        ),
        proof(
            "accounts",
            "account",
            {},
            "root:0:0:/root:/bin/bash\ntoor:0:0:/root:/bin/sh\ndaemon:1:1:/:/usr/sbin/nologin\nend\n",
            {"list": {"records": 3}},
        ),
        proof(
            "shadow",
            "shadow",
            {},
            "",
            state="unobservable",
            reason="/etc/shadow cannot be read by this user",
            exit=126,
            uid=1001,
            stderr="cat: /etc/shadow: Permission denied\n",
        ),
        proof(
            "pending",
            "updates",
            {},
            "security 3\noldest 2026-10-02\nend\n",
            {"security": 3, "oldest": "2026-10-02T00:00:00Z"},
            elapsed_s=0.41,
        ),
        proof(
            "aslr", "sysctl", {"key": "kernel.randomize_va_space"}, "kernel.randomize_va_space = 2\n", {"value": "2", "number": 2}
        ),
        proof("auditd", "service", {"name": "auditd"}, "absent\n", state="absent", reason="service auditd"),
        proof(
            "newest",
            "file",
            {"path": "/var/backups/newest"},
            "mtime 1793437200\n",
            {"modified": "2026-10-31T09:00:00Z", "mode": "0600", "size": 734003200},
        ),
        proof(
            "walk",
            "files",
            {"kind": "world_writable"},
            "/srv/share/run.sh\n" * 300,
            {"list": {"records": 300}},
            truncated=True,
            stdout_bytes=5400,
        ),
    )
    records = tuple(
        Finding(
            "walk.list", "no", None, None, False, item={"path": f"/srv/share/run{number}.sh", "mode": "0777", "owner": "www-data"}
        )
        for number in range(25)
    )
    results = (
        result(
            "sshd_root_login_disabled",
            Outcome.FAIL,
            name,
            findings=(Finding("root_login.value", "in", ["no"], "yes", False),),
            proofs=(0,),
            parameters={"allowed": ["no"]},
        ),
        result("sshd_empty_passwords_refused", Outcome.PASS, name, proofs=(1,)),
        result(
            "shadow_hashes_strong",
            Outcome.ERROR,
            name,
            reason="/etc/shadow cannot be read by this user",
            proofs=(3,),
            findings=(Finding("shadow.list", "each", None, None, None, "/etc/shadow cannot be read by this user"),),
        ),
        result(
            "accounts_uid_zero_only_root",
            Outcome.FAIL,
            name,
            proofs=(2,),
            examined=3,
            findings=(
                Finding("accounts.list.name", "equals", "root", "toor", False, item={"name": "toor", "uid": 0, "shell": "/bin/sh"}),
            ),
        ),
        result(
            "security_updates_installed",
            Outcome.FAIL,
            name,
            proofs=(4,),
            parameters={"within": "14d"},
            disposition=Disposition.WAIVED,
            waiver="W-2026-007",
            fingerprint="0f1e2d3c4b5a6978",
            findings=(Finding("pending.oldest", "newer_than", 1209600, "2026-10-02T00:00:00Z", False),),
        ),
        result("kernel_randomizes_addresses", Outcome.PASS, name, proofs=(5,)),
        result(
            "auditd_runs",
            Outcome.FAIL,
            name,
            proofs=(6,),
            findings=(Finding("auditd", "present", True, {"absent": "service auditd"}, False),),
        ),
        result("journal_survives_reboot", Outcome.PASS, name),
        result("backup_newest_fresh", Outcome.PASS, name, proofs=(7,), parameters={"age": "26h"}),
        result("backup_restore_tested", Outcome.MANUAL, name, reason="When was a restore last tested, and how long did it take?"),
        result("world_writable_files_none", Outcome.FAIL, name, findings=records, findings_total=300, examined=300, proofs=(8,)),
        result("grub_password_set", Outcome.NOT_APPLICABLE, name, reason="not on this host: grub"),
    )
    return results, proofs


CHANGES = (
    Change("field_office", "usb_storage_disabled", "dropped", "data arrives on encrypted USB disks", "Chief of ICT"),
    Change("field_office", "sshd_idle_sessions_end", "changed limit: 10m -> 30m", "slow satellite links", "Chief of ICT"),
)

WAIVERS = {
    "W-2026-007": WaiverText(
        "W-2026-007", "the vendor certifies updates once a quarter", "Head of finance systems", "Chief of ICT",
        1_780_272_000.0, 1_798_761_600.0, "SEC-512",
    ),
}  # fmt: skip


def assessment(of: Host | None = None, **more: Any) -> Assessment:
    of = of or host()
    results, proofs = ordinary(of.name)
    values: dict[str, Any] = {
        "baseline": "field_office",
        "baseline_title": "Field office, small hosts and slow links",
        "baseline_sha256": digest("baseline"),
        "host": of,
        "started_at": STARTED,
        "finished_at": STARTED + 0.42,
        "results": results,
        "proofs": proofs,
        "checks": CHECKS,
        "requirements": REQUIREMENTS,
        "changes": CHANGES,
        "waivers": WAIVERS,
        "bundle_sha256": digest(of.name),
        "script_sha256": digest("script"),
        "tool_version": "0.1.0",
        "content_sha256": digest("content"),
        "received_bytes": 39_412,
    }
    return Assessment(**(values | more))


def unreachable(name: str, reason: str) -> Assessment:
    results = tuple(result(check, Outcome.UNREACHABLE, name) for check in CHECKS)
    nobody = Host(name, address="198.51.100.7", transport="ssh", site="nairobi")
    return assessment(
        nobody,
        results=results,
        proofs=(),
        unreachable=reason,
        changes=(),
        waivers={},
        bundle_sha256="",
        script_sha256="",
        received_bytes=0,
    )


def hostile() -> Assessment:
    """A host whose every answer is an attack on the reader."""
    results, proofs = ordinary("evil")
    findings = (
        Finding("root_login.value", "in", ["no"], HOSTILE, False, HOSTILE, {HOSTILE: HOSTILE}, (HOSTILE,), ("=1+1",)),
        Finding("root_login.value", "equals", "no", "A" * 10_000_000, False),
    )
    bad = replace(results[0], findings=findings, findings_total=2, reason=HOSTILE)
    answer = proof(
        "root_login",
        "sshd_option",
        {"option": "PermitRootLogin"},
        HOSTILE + "\n" + "A" * 10_000_000,
        {HOSTILE: HOSTILE},
        stderr=HOSTILE,
    )
    lying = host(
        "evil", hostname=HOSTILE, system=HOSTILE, kernel=HOSTILE, machine_id='=HYPERLINK("http://x")', become=f"refused: {HOSTILE}"
    )
    return assessment(lying, results=(bad, *results[1:]), proofs=(answer, *proofs[1:]), problems=(HOSTILE,))


def nothing_judged() -> Assessment:
    return assessment(host("empty"), results=(), proofs=(), checks={}, requirements={}, changes=(), waivers={})


def one_host() -> list[dict[str, Any]]:
    return [to_document(assessment())]


def three_hosts() -> list[dict[str, Any]]:
    """Two that answered and one that did not."""
    found = list(fleet(9))
    return [found[1], found[2], found[8]]


def twelve_hosts() -> list[dict[str, Any]]:
    return list(fleet(12))


def fleet(size: int) -> Iterator[dict[str, Any]]:
    """Hosts that differ a little; every ninth one is not reached."""
    sites = ("geneva", "nairobi", "new york", "vienna")
    for number in range(1, size + 1):
        name = f"{sites[number % 4].replace(' ', '')}-app-{number:02}"
        if number % 9 == 0:
            yield to_document(unreachable(name, "connection timed out after 15 s"))
            continue
        found = assessment(
            host(name, site=sites[number % 4], system=("Debian GNU/Linux 12 (bookworm)", "Alpine Linux v3.20")[number % 5 == 0])
        )
        results = list(found.results)
        for index in range(number % 4):
            results[(number + 3 * index) % 12] = result(results[(number + 3 * index) % 12].check, Outcome.PASS, name, proofs=(1,))
        yield to_document(replace(found, results=tuple(results)))
