"""Hosts of other makes, for real: rpm with dnf and zypper, OpenRC, busybox as on Alpine, dropbear, every kind of firewall, chrony.

What stands in for RHEL, SUSE and Alpine is made of Debian's packages of their own tools: see docs/platforms.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import secscan
from secscan import plugins
from secscan.model.probe import Call, Observation, Observed
from secscan.model.target import Become, Target
from secscan.model.values import Absent, Unobservable

from . import platforms
from .conftest import give_up
from .flipping import load_checks_of_hosts, ready_to_scan
from .hosts import Host
from .lab import Lab
from .roots import PASSWORD, NoRootError
from .writes import differences, snapshot

pytestmark = pytest.mark.lab

FAILED = ("abandoned", "dies", "fails")
RUNNING = ("by-hand", "cron", "dropbear", "labd", "needed", "sshd", "stacked", "supervised")
STOPPED = ("at-shutdown", "never")
PATCHING = ("security_updates_installed", "no_package_held_back", "package_lists_current", "updates_installed_automatically")
FIREWALL = ("firewall_refuses_ipv4_by_default", "firewall_refuses_ipv6_by_default", "firewall_survives_restart")
CLOCK = ("clock_synchronised", "clock_error_small", "time_sources_several")
DROPBEAR = (
    "dropbear_root_passwords_refused",
    "dropbear_passwords_refused",
    "dropbear_idle_sessions_end",
    "dropbear_forwarding_refused",
)
SERVICES = ("no_service_failed", "services_return_after_restart")
WRONG = {
    "account_files_protected": "chmod 666 /etc/passwd",
    "root_only_superuser": "echo second:x:0:0::/root:/bin/sh >>/etc/passwd",
    "passwords_not_empty": "echo second::20000:0:99999:7::: >>/etc/shadow",
    "su_limited_to_group": "chmod 4755 /bin/busybox",
    "legacy_servers_absent": "printf 'P:telnet-server\\nV:1-r0\\nA:x86_64\\n\\n' >>/lib/apk/db/installed",
    "package_database_consistent": "printf 'P:half\\nV:1-r0\\nA:x86_64\\nf:f\\n\\n' >>/lib/apk/db/installed",
    "repositories_approved": "echo https://packages.example.com/alpine >>/etc/apk/repositories",
    "release_supported": "sed -i s/3.22.1/3.17.9/ /etc/os-release",
    "no_world_writable_files": "touch /etc/open && chmod 666 /etc/open",
    "files_have_owners": "touch /etc/lost && chown 4711 /etc/lost",
    "shared_directories_sticky": "mkdir /etc/shared && chmod 777 /etc/shared",
}
SETS = {
    "patching": PATCHING,
    "suse": (*PATCHING, "package_signatures_enforced", "release_supported"),
    "database": ("package_database_consistent",),
    "programs": ("core_programs_unmodified",),
    "signatures": ("package_signatures_enforced",),
    "firewall": FIREWALL,
    "clock": CLOCK,
    "openrc": SERVICES,
    "dropbear": DROPBEAR,
    "restarts": ("important_services_restart_themselves",),
    "wrong": tuple(WRONG),
    "passwords": ("passwords_not_empty",),
}


def call(probe: str, **arguments: Any) -> Call:
    """A question, with the defaults of what is not given."""
    known = plugins.probes()[probe].arguments
    return Call.of(probe, {argument.name: arguments.get(argument.name, argument.default) for argument in known})


def told(observation: Observation) -> dict[str, Any]:
    """The attributes of what was observed."""
    assert isinstance(observation, Observed), observation
    return dict(observation.attributes)


@pytest.fixture(scope="module", autouse=True)
def _settings(lab: Lab) -> Iterator[None]:
    with ready_to_scan(lab):
        yield


@pytest.fixture(scope="module")
def root() -> Path:
    """A root with every tool that other platforms have."""
    try:
        return platforms.foreign_root()
    except NoRootError as error:
        give_up(str(error))
        raise


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> secscan.Engine:
    """Every check that is asked on a host."""
    return load_checks_of_hosts(tmp_path_factory.mktemp("everything"), {})


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, secscan.Engine]:
    """An engine for each of SETS."""
    return platforms.load_engines(tmp_path_factory.mktemp("sets"), SETS)


@pytest.fixture(scope="module")
def verdicts(lab: Lab, engines: dict[str, secscan.Engine]) -> Callable[..., dict[str, str]]:
    """Judges a host by one of SETS: outcome by check."""

    def judge(host: Host, name: str, target: Target | None = None) -> dict[str, str]:
        return platforms.outcomes(platforms.judge(lab, host, engines[name], target))

    return judge


@pytest.fixture(scope="module")
def rpm(lab: Lab, root: Path) -> Host:
    """RHEL's package manager under systemd, with firewalld; no dnf yet."""
    return platforms.boot_rpm(lab, root)


@contextmanager
def doing(host: Host, script: str, undo: str) -> Iterator[None]:
    """A host on which a script has run, until another one undoes it."""
    host.run(script)
    try:
        yield
    finally:
        host.run(undo)


def test_packages_are_read_from_the_database_of_rpm(lab, rpm):
    names = ("hello", "kernel-core", "openssh-server", "httpd")
    hello, kernel, server, gone, all_of_them = platforms.ask(
        lab, rpm, *(call("package", name=name) for name in names), call("packages")
    )
    assert told(hello) | {"version": "1:1.0-1.el9", "source": "hello", "manager": "rpm"} == told(hello)
    assert isinstance(told(kernel)["version"], Unobservable)
    assert set(told(kernel)["versions"]) == {"0:5.14.0-427.13.1.el9_4", "0:5.14.0-427.16.1.el9_4"}
    assert told(server)["source"] == "lab"
    assert isinstance(gone, Absent)
    installed = rpm.run("rpm -qa --qf '%{NAME}\\n'").split()
    assert "gpg-pubkey" in installed  # a key counts as a package
    assert sorted(package["name"] for package in told(all_of_them)["packages"]) == sorted(installed)
    assert told(all_of_them)["broken"] == ()


def test_a_key_that_rpm_trusts_is_told_with_whether_it_signed_what_is_installed(lab, rpm):
    (key,) = told(platforms.ask(lab, rpm, call("signing_keys"))[0])["keys"]
    assert key["used"] is True
    assert str(key["file"]).startswith("gpg-pubkey-")


def test_two_versions_of_a_package_are_an_upgrade_that_was_cut_off_and_two_kernels_are_not(rpm, verdicts):
    assert verdicts(rpm, "database") == {"package_database_consistent": "pass"}
    install = "rpm --install --force --nodeps --force-debian /srv/repo/hello-1.1-1.el9.rpm"
    with doing(rpm, install, "rpm --erase --nodeps hello-1.1-1.el9"):
        assert verdicts(rpm, "database") == {"package_database_consistent": "fail"}


@pytest.mark.parametrize(
    "harm",
    ["rm -r /var/lib/rpm", "rm -r /var/lib/rpm && mkdir /var/lib/rpm", "head -c 40000 /dev/urandom >/var/lib/rpm/rpmdb.sqlite"],
    ids=["missing", "empty", "damaged"],
)
def test_without_a_database_of_rpm_no_package_is_absent_and_none_is_made(lab, rpm, harm):
    with doing(rpm, f"cp -a /var/lib/rpm /srv/away && {harm}", "rm -rf /var/lib/rpm && mv /srv/away /var/lib/rpm"):
        before = snapshot(rpm)
        for observation in platforms.ask(lab, rpm, call("package", name="hello"), call("package", name="httpd"), call("packages")):
            assert observation == Unobservable("the rpm database cannot be read, or is empty")
        assert differences(before, snapshot(rpm)) == []


def test_a_program_that_differs_from_its_rpm_is_found_and_its_repair_too(rpm, verdicts):
    check = "core_programs_unmodified"
    assert verdicts(rpm, "programs") == {check: "pass"}
    with doing(rpm, "cp -a /usr/bin/ps /srv/ps && echo more >>/usr/bin/ps", "mv /srv/ps /usr/bin/ps"):
        assert verdicts(rpm, "programs") == {check: "fail"}
    with doing(rpm, "mv /usr/bin/free /srv/free", "mv /srv/free /usr/bin/free"):
        assert verdicts(rpm, "programs") == {check: "fail"}
    assert verdicts(rpm, "programs") == {check: "pass"}


def test_every_check_on_a_host_of_rpm_is_judged_but_for_updates_nobody_can_list_and_nothing_is_written(lab, rpm, everything):
    before = snapshot(rpm)
    assessment = platforms.judge(lab, rpm, everything)
    assert differences(before, snapshot(rpm)) == []
    assert assessment.host.system.startswith("Rocky Linux 9.6")
    outcomes = platforms.outcomes(assessment)
    assert {check: outcomes[check] for check in PATCHING} == dict.fromkeys(PATCHING, "error")
    assert {check: outcomes[check] for check in FIREWALL} == dict.fromkeys(FIREWALL, "pass")
    errors = [result for result in assessment.results if str(result.outcome) == "error" and result.check not in PATCHING]
    assert len(errors) <= 15, errors
    assert outcomes["release_supported"] == outcomes["package_database_consistent"] == outcomes["sudo_rules_hold"] == "pass"


def test_updates_of_dnf_are_counted_even_where_they_are_excluded(lab, rpm, verdicts):
    with doing(rpm, "mv /srv/kept/dnf* /usr/bin/", "rm -f /etc/dnf/dnf.conf; mv /usr/bin/dnf* /srv/kept/"):
        unfetched = verdicts(rpm, "patching")
        assert unfetched == dict.fromkeys(PATCHING[:1] + PATCHING[2:3], "error") | {PATCHING[1]: "pass", PATCHING[3]: "fail"}
        rpm.run("mkdir -p /etc/dnf && printf '[main]\\nexclude=hello,\\n  nothing\\n' >/etc/dnf/dnf.conf && dnf -q makecache 2>&1")
        assert "hello" not in rpm.run("dnf -C -q check-update 2>/dev/null; true")
        before = snapshot(rpm)
        updates = told(platforms.ask(lab, rpm, call("updates"))[0])
        assert differences(before, snapshot(rpm)) == []
        assert (updates["manager"], updates["pending"], updates["security"]) == ("dnf", 2, 1)
        assert updates["held"] == ("hello", "nothing")
        assert [(each["name"], each["candidate"], each["security"]) for each in updates["packages"]] == [
            ("hello", "1:1.1-1.el9", True),
            ("libfoo", "1:1.1-1.el9", False),
        ]
        assert updates["reboot_required"] is True  # a kernel came after the boot
        judged = verdicts(rpm, "patching")
        assert judged == dict.fromkeys(PATCHING, "fail") | {"package_lists_current": "pass"}
        with doing(
            rpm,
            "rpm --upgrade --nodeps --force-debian /srv/repo/hello-*.rpm /srv/repo/libfoo-*.rpm; rm /etc/dnf/dnf.conf",
            "rpm --upgrade --oldpackage --nodeps --force-debian /srv/rpms/hello-1.0-*.rpm /srv/rpms/libfoo-1.0-*.rpm",
        ):
            assert verdicts(rpm, "patching") == dict.fromkeys(PATCHING, "pass") | {"updates_installed_automatically": "fail"}


def test_updates_of_zypper_are_counted_even_where_they_are_locked(lab, rpm, verdicts):
    with doing(rpm, platforms.SUSE, platforms.NO_SUSE):
        platform, repositories = platforms.ask(lab, rpm, call("platform"), call("repositories"))
        assert (told(platform)["family"], told(platform)["version"]) == ("suse", "16.0")
        assert told(repositories)["unsigned"] == ("file:///srv/repo",)
        rpm.run("zypper --non-interactive --quiet addlock hello libfoo && ! zypper --non-interactive list-updates | grep hello")
        before = snapshot(rpm)
        updates = told(platforms.ask(lab, rpm, call("updates"))[0])
        assert differences(before, snapshot(rpm)) == []
        assert (updates["manager"], updates["pending"], updates["security"]) == ("zypper", 2, 1)
        assert updates["held"] == ("hello", "libfoo")
        judged = verdicts(rpm, "suse")
        assert judged == dict.fromkeys(judged, "fail") | {"package_lists_current": "pass", "release_supported": "pass"}


def test_a_repository_without_signatures_is_found_in_the_files_of_dnf(rpm, verdicts):
    check = "package_signatures_enforced"
    assert verdicts(rpm, "signatures") == {check: "pass"}
    edit = "sed -i s/gpgcheck={}/gpgcheck={}/ /etc/yum.repos.d/lab.repo"
    with doing(rpm, edit.format(1, 0), edit.format(0, 1)):
        assert verdicts(rpm, "signatures") == {check: "fail"}


FILTERS = {
    # what is set up: refuses IPv4, refuses IPv6, comes back after a restart; who did it
    "firewalld": ("systemctl start firewalld && firewall-cmd --state", "systemctl stop firewalld", "pass pass pass", "firewalld"),
    "nothing": (":", ":", "fail fail fail", ""),
    "ufw": ("ufw allow 22/tcp && ufw --force enable", "ufw --force disable", "pass pass pass", "ufw"),
    "ufw that lets everything in": (
        "sed -i /INPUT_POLICY/s/DROP/ACCEPT/ /etc/default/ufw && ufw --force enable",
        "sed -i /INPUT_POLICY/s/ACCEPT/DROP/ /etc/default/ufw && ufw --force disable",
        "fail fail pass",
        "ufw",
    ),
    "nftables": (
        "nft 'table inet f { chain in { type filter hook input priority 0; policy drop; tcp dport 22 accept; }; }'",
        ":",
        "pass pass fail",
        "nftables",
    ),
    "iptables over nftables": (
        "iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT && iptables-nft -P INPUT DROP && ip6tables-nft -A INPUT -j REJECT",
        ":",
        "pass pass fail",
        "iptables",
    ),
    "iptables of old, for IPv4 only": (
        "iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT && iptables-legacy -P INPUT DROP",
        "iptables-legacy -P INPUT ACCEPT && iptables-legacy -F",
        "pass fail fail",
        "iptables",
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_firewall_is_judged_by_what_the_kernel_does_whoever_set_it_up(lab, rpm, verdicts, name):
    script, undo, expected, tool = FILTERS[name]
    rpm.run("systemctl stop firewalld && nft flush ruleset")
    if name.startswith("iptables of old") and rpm.run("iptables-legacy-save >/dev/null 2>&1; echo $?").strip() != "0":
        pytest.skip("this kernel has no tables for iptables-legacy")
    with doing(rpm, script, f"{undo} && nft flush ruleset"):
        firewall = told(platforms.ask(lab, rpm, call("firewall"))[0])
        assert firewall["tool"] == tool if tool else isinstance(firewall["tool"], Absent)
        judged = verdicts(rpm, "firewall")
    assert " ".join(judged[check] for check in FIREWALL) == expected


def test_rules_of_old_iptables_that_no_program_can_list_are_not_taken_for_none(lab, rpm):
    rpm.run("systemctl stop firewalld && nft flush ruleset")
    if rpm.run("iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT 2>&1 && iptables-legacy -P INPUT DROP || echo no").strip():
        pytest.skip("this kernel has no tables for iptables-legacy")
    hide = "mv /usr/sbin/iptables-legacy-save /srv/"
    with doing(rpm, hide, "mv /srv/iptables-legacy-save /usr/sbin/ && iptables-legacy -P INPUT ACCEPT && iptables-legacy -F"):
        assert platforms.ask(lab, rpm, call("firewall")) == [Unobservable("iptables rules of iptables-legacy")]


CHRONY = """
mv /usr/bin/systemd-detect-virt /srv/
mkdir -p -m 0750 /run/chrony
mkdir -p /srv/chrony
cd /srv/chrony
printf '1 SHA256 HEX:00112233445566778899aabbccddeeff00112233\\n' >keys
for at in 2 3; do
  printf 'bindaddress 127.0.0.%s\\npidfile /srv/chrony/%s.pid\\n' $at $at >$at.conf
  printf 'local stratum 3\\nallow 127.0.0.0/8\\ncmdport 0\\nbindcmdaddress /\\nkeyfile /srv/chrony/keys\\n' >>$at.conf
  chronyd -x -u root -f /srv/chrony/$at.conf
  printf 'server 127.0.0.%s iburst minpoll -2 maxpoll 0 key 1\\n' $at >>client.conf
done
printf 'keyfile /srv/chrony/keys\\npidfile /srv/chrony/client.pid\\n' >>client.conf
chronyd -x -u root -f /srv/chrony/client.conf
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  ! chronyc -n -c sources | grep -q '^^,[*],' || exit 0
  sleep 0.5
done
exit 1
"""
NO_CHRONY = "mv /srv/systemd-detect-virt /usr/bin/; kill $(cat /srv/chrony/*.pid); rm -r /srv/chrony"


def test_the_clock_is_judged_by_what_chrony_says_of_its_sources(lab, rpm, verdicts):
    with doing(rpm, CHRONY, NO_CHRONY):
        clock = told(platforms.ask(lab, rpm, call("time_sync"))[0])
        assert (clock["service"], clock["synchronised"], clock["stratum"], clock["authenticated"]) == ("chrony", True, 4, True)
        assert {source["name"] for source in clock["sources"]} == {"127.0.0.2", "127.0.0.3"}
        judged = verdicts(rpm, "clock")
        assert (judged["clock_synchronised"], judged["clock_error_small"]) == ("pass", "pass")
        rpm.run("kill $(cat /srv/chrony/client.pid); sleep 0.5; sed -i /^server/d /srv/chrony/client.conf")
        rpm.run("chronyd -x -u root -f /srv/chrony/client.conf")
        assert verdicts(rpm, "clock") == dict.fromkeys(CLOCK, "fail")


@pytest.fixture(scope="module")
def openrc(lab: Lab, root: Path) -> Host:
    """Services of every kind under OpenRC, some of which have failed."""
    return platforms.boot_openrc(lab, root)


def test_services_of_openrc_are_told_as_rc_status_tells_them_and_more_where_it_trusts_its_records(lab, openrc):
    platform, services = platforms.ask(lab, openrc, call("platform"), call("services"))
    assert told(platform)["init"] == told(services)["init"] == "openrc"
    assert (told(services)["failed"], told(services)["active"]) == (FAILED, RUNNING)
    assert set(told(services)["enabled"]) == {*FAILED, *RUNNING} - {"by-hand"}
    assert told(services)["not_persistent"] == ("by-hand",)
    crashed = openrc.run("rc-status --crashed").split()
    assert "abandoned" in crashed
    assert set(crashed) <= set(FAILED)
    by_hand = openrc.run("rc-status --nocolor manual 2>/dev/null || rc-status --nocolor --manual", check=False)
    assert "by-hand" in by_hand


def test_a_service_of_openrc_is_the_same_alone_as_among_all(lab, openrc):
    names = (*FAILED, *RUNNING, *STOPPED)
    alone = dict(zip(names, platforms.ask(lab, openrc, *(call("service", name=name) for name in names)), strict=True))
    among = {each["name"]: each for each in told(platforms.ask(lab, openrc, call("services"))[0])["services"]}
    assert set(among) == set(names)
    for name, one in alone.items():
        assert {key: told(one)[key] for key in ("active", "enabled", "failed", "state")} == {
            key: among[name][key] for key in ("active", "enabled", "failed", "state")
        }, name
    assert told(alone["labd"])["main_pid"] == int(openrc.run("cat /run/labd.pid"))
    assert told(alone["at-shutdown"])["wanted_by"] == ("shutdown",)
    assert platforms.ask(lab, openrc, call("service", name="nothing|cron|never"))[0] == alone["cron"]


def test_dropbear_is_judged_by_what_runs_and_by_what_its_service_starts_next(openrc, verdicts):
    fails, passes = dict.fromkeys(DROPBEAR, "fail"), dict.fromkeys(DROPBEAR, "pass")
    assert verdicts(openrc, "dropbear") == fails
    put_back = "rm -f /etc/conf.d/dropbear; rc-service dropbear restart"
    with doing(openrc, "mkdir -p /etc/conf.d; echo 'DROPBEAR_OPTS=\"-s -j -k -I 600\"' >/etc/conf.d/dropbear", put_back):
        assert verdicts(openrc, "dropbear") == fails  # it runs as before
        openrc.run("rc-service dropbear restart")
        assert verdicts(openrc, "dropbear") == passes
        openrc.run("rm /etc/conf.d/dropbear")
        assert verdicts(openrc, "dropbear") == fails  # the next start takes passwords again
    assert verdicts(openrc, "dropbear") == fails


def test_failed_services_of_openrc_fail_the_check_until_they_run_and_one_in_doubt_passes_nothing(openrc, verdicts):
    assert verdicts(openrc, "openrc") == dict.fromkeys(SERVICES, "fail")
    assert verdicts(openrc, "restarts") == {
        "important_services_restart_themselves": "error"
    }  # sshd is one, and OpenRC tells nothing
    openrc.run("""
        rc-update --quiet del fails
        rc-service by-hand stop
        for name in dies abandoned; do rc-service $name zap; rc-service $name start; done
    """)
    assert verdicts(openrc, "openrc") == dict.fromkeys(SERVICES, "pass")
    openrc.run("kill -9 $(cat /run/dropbear.pid)")  # it has no pid file that OpenRC would know of
    assert verdicts(openrc, "openrc") == {"no_service_failed": "error", "services_return_after_restart": "pass"}
    openrc.run("rc-update --quiet del dropbear")
    assert verdicts(openrc, "openrc") == dict.fromkeys(SERVICES, "error")


@pytest.fixture(scope="module")
def alpine(lab: Lab) -> Host:
    """Busybox and dropbear alone, with Alpine's files."""
    try:
        return lab.boot_busybox("alpine", platforms.ALPINE)
    except NoRootError as error:
        give_up(str(error))
        raise


def test_what_busybox_alone_cannot_tell_is_said_with_its_reason(lab, alpine):
    asked = {
        "services": "neither systemd nor OpenRC runs here",
        "firewall": "nft is not installed, so rules of nftables cannot be seen",
        "time_sync": "a container keeps the clock of its host",
    }
    target = platforms.target_of(lab, alpine, user="root", root=False)
    observed = platforms.ask(lab, alpine, *map(call, asked), target=target)
    assert dict(zip(asked, observed, strict=True)) == {probe: Unobservable(reason) for probe, reason in asked.items()}
    options = platforms.ask(lab, alpine, call("sshd_option", option="PermitRootLogin"), call("mail_queue"), target=target)
    assert isinstance(options[0], Unobservable)
    assert isinstance(options[1], Absent)
    platform, package, packages, updates = map(
        told,
        platforms.ask(
            lab, alpine, call("platform"), call("package", name="ssl_client"), call("packages"), call("updates"), target=target
        ),
    )
    assert (platform["family"], platform["version"], platform["init"]) == ("alpine", "3.22.1", "other")
    assert (package["version"], package["source"], package["manager"]) == ("1.37.0-r19", "busybox", "apk")
    assert (packages["count"], packages["broken"]) == (5, ())
    assert updates["held"] == ("nodejs",)
    assert all(isinstance(updates[name], Unobservable) for name in ("pending", "security", "lists_age", "automatic"))


def running(host: Host) -> set[str]:
    """The names of the processes of a host, those of this question left out."""
    said = host.run("for each in /proc/[0-9]*; do [ -e $each/exe ] && [ ${each#/proc/} != $$ ] && cat $each/comm; done; :")
    return set(said.splitlines())


def test_on_busybox_nothing_passes_that_no_tool_there_could_tell_and_nothing_is_started(lab, alpine, everything):
    target = platforms.target_of(lab, alpine, user="root", root=False)
    before = snapshot(alpine)
    assessment = platforms.judge(lab, alpine, everything, target)
    assert differences(before, snapshot(alpine)) == []
    ends_at = time.monotonic() + 30  # the watchers of busybox's timeout look once a second whether they are needed
    while "timeout" in running(alpine) and time.monotonic() < ends_at:
        time.sleep(0.2)
    assert running(alpine) == {"(sd-stubinit)", "dropbear"}
    passed = {result.check for result in assessment.results if str(result.outcome) == "pass"}
    told_by = {ask.probe: check.id for check in everything.library.checks.values() if check.id in passed for ask in check.asks}
    blind = {"services", "service", "timer", "firewall", "time_sync", "sshd_option", "journald", "journal_storage", "rsyslog"}
    blind |= {"audit_rule", "audit_status", "kernel_module", "updates", "container", "mysql_setting", "postgresql_setting"}
    assert {probe: check for probe, check in told_by.items() if probe in blind} == {}
    assert len(passed) >= 40


def test_on_busybox_every_wrong_setting_of_a_table_fails_its_check(lab, alpine, verdicts):
    target = platforms.target_of(lab, alpine, user="root", root=False)
    assert verdicts(alpine, "wrong", target) == dict.fromkeys(WRONG, "pass")
    alpine.run("\n".join(WRONG.values()))
    assert verdicts(alpine, "wrong", target) == dict.fromkeys(WRONG, "fail")


def test_without_sudo_a_user_of_dropbear_asks_as_himself_and_an_unreadable_database_is_no_absence(lab, alpine, engines):
    plain = platforms.target_of(lab, alpine, user="plain")
    installed, uid = platforms.ask(lab, alpine, call("package", name="dropbear"), call("platform"), target=plain)
    assert isinstance(installed, Unobservable)
    assert told(uid)["uid"] == 2003
    assessment = platforms.judge(lab, alpine, engines["passwords"], plain)
    assert platforms.outcomes(assessment) == {"passwords_not_empty": "error"}
    assert any("sudo" in problem for problem in assessment.problems), assessment.problems
    with pytest.raises(RuntimeError, match="not found"):
        lab.ssh("alpine", "scp", user="plain")


@pytest.fixture(scope="module")
def dropbear(lab: Lab, root: Path) -> Host:
    """Dropbear serves SSH, and a well-configured sshd is installed beside it."""
    return platforms.boot_dropbear(lab, root)


def test_where_dropbear_serves_ssh_no_setting_of_an_idle_sshd_passes(lab, dropbear, everything):
    as_root = platforms.target_of(lab, dropbear, user="root", root=False)
    assessment = platforms.judge(lab, dropbear, everything, as_root)  # root may sign in, whatever sshd_config says
    assert assessment.host.uid == 0
    options = {check.id for check in everything.library.checks.values() if any(ask.probe == "sshd_option" for ask in check.asks)}
    outcomes = platforms.outcomes(assessment)
    assert {check: outcomes[check] for check in options if outcomes.get(check) == "pass"} == {}
    assert outcomes["sshd_root_login_disabled"] == "error"
    assert "dropbear" in next(result.reason for result in assessment.results if result.check == "sshd_root_login_disabled")
    own = {check for check in outcomes if check.startswith("dropbear_")}
    assert {check: outcomes[check] for check in own} == dict.fromkeys(own, "fail")  # it runs without any option that restrains it
    assert len(own) == 4
    keys = told(platforms.ask(lab, dropbear, call("ssh_host_key"))[0])["keys"]
    prints = {key["path"]: key["fingerprint"] for key in keys}
    assert prints["/etc/dropbear/dropbear_ed25519_host_key"] == prints["/etc/ssh/ssh_host_ed25519_key"]


@pytest.mark.parametrize("transport", ["ssh", "openssh"])
def test_over_dropbear_sudo_is_used_as_over_sshd(lab, dropbear, transport):
    observed = platforms.ask(lab, dropbear, call("platform"), target=platforms.target_of(lab, dropbear, transport=transport))
    assert told(observed[0])["uid"] == 0


def test_over_dropbear_sudo_gets_its_password(lab, dropbear):
    target = platforms.target_of(lab, dropbear, user="scanpw", become=Become(password=PASSWORD))
    assert told(platforms.ask(lab, dropbear, call("platform"), target=target)[0])["uid"] == 0
