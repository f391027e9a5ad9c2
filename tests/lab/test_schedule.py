"""A run by the calendar of a booted host: it is put there, goes off, survives a reboot, catches up, and is taken away whole."""

from __future__ import annotations

import json
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import secscan

from .conftest import give_up
from .hosts import Host, Shape
from .lab import Lab
from .roots import PACKAGES, NoRootError, Recipe, debian_root

pytestmark = pytest.mark.lab

BASELINE = "id: own\ntitle: Own\nrequirements:\n  UNC-IS-18: [kernel_addresses_randomised, system_accounts_have_no_password]\n"
PROJECT = """
inventory: inventory.yml
baseline: own
content: [content]
output: reports
history: history.sqlite
prometheus: numbers/secscan.prom
identity: key
known_hosts: known_hosts
become: true
"""
INSTALL = f"""
set -e
python3 -m venv --without-pip /opt/secscan
printf '/opt/project\\n/opt/packages\\n' >"$(echo /opt/secscan/lib/python3*/site-packages)/secscan.pth"
mkdir -p /srv/nightly/content/baselines
cd /srv/nightly
ssh-keygen -q -t ed25519 -N '' -f key
cat key.pub >>/home/scan/.ssh/authorized_keys
echo "127.0.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >known_hosts
echo 'hosts: [{{name: this, address: 127.0.0.1, user: scan}}]' >inventory.yml
cat >secscan.yml <<'END'
{PROJECT}
END
cat >content/baselines/own.yaml <<'END'
{BASELINE}
END
"""
# A user's project that writes in many places, reached by ways of ssh: keys and shared sockets in a home that cannot be written.
SANDBOXED = """
set -e
cp -r /srv/nightly/content /home/plain/content
mkdir -p /home/plain/nightly /home/plain/kept /home/plain/keys /home/plain/.ssh/shared
cd /home/plain/nightly
ln -s /home/plain/kept/history.sqlite history.sqlite
printf 'Include more\\nHost *\\n  User scan\\n  IdentityFile ~/.ssh/key\\n' >../.ssh/config
cat >../.ssh/more <<'END'
Host *
  StrictHostKeyChecking accept-new
  UserKnownHostsFile ~/keys/known
  ControlMaster auto
  ControlPath ~/.ssh/shared/%C
Host jumped
  HostName 127.0.0.1
  ProxyCommand ssh -W %h:%p 127.0.0.1
Host shared
  HostName 127.0.0.1
END
cp /srv/nightly/key ../.ssh/key
printf 'hosts: [{name: jumped}, {name: shared, transport: openssh}]\\n' >inventory.yml
printf 'inventory: inventory.yml\\nbaseline: own\\ncontent: [../content]\\noutput: ~/reports\\n' >secscan.yml
printf 'history: history.sqlite\\nbecome: true\\nworkers: 1\\n' >>secscan.yml
chmod 700 ../.ssh; chown -R plain: /home/plain
"""
# Checks that a sandbox would have judge something else: mounts, files that it hides, rights that it takes away.
VIEWS = """
set -e
mkdir -p /srv/views/content/baselines
cd /srv/views
printf 'hosts: [local]\\n' >inventory.yml
printf 'inventory: inventory.yml\\nbaseline: views\\ncontent: [content]\\noutput: out\\nhistory: h.sqlite\\n' >secscan.yml
cat >content/baselines/views.yaml <<'END'
id: views
title: Views
requirements:
  UNC-IS-18: [data_mounts_bring_no_privileges, no_trust_files_in_homes, private_ssh_keys_protected, set_id_programs_known,
    processes_cannot_trace_others, ssh_authorized_keys_strong, startup_files_private, sudo_forgets_password_soon]
END
"""
SECSCAN = "/opt/secscan/bin/python -m secscan"


@pytest.fixture(scope="module")
def planned(lab: Lab) -> Host:
    """A host with secscan and a project that asks the host itself over SSH."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the lab's Debian has Python 3.11, and what is compiled for another does not run there")
    try:
        root = debian_root(Recipe("bookworm", (*PACKAGES, "python3")))
    except NoRootError as error:
        give_up(str(error))
    project, packages = Path(secscan.__file__).parents[1], sysconfig.get_paths()["purelib"]
    binds = [f"--bind-ro={project}:/opt/project", f"--bind-ro={packages}:/opt/packages"]
    host = lab.boot("planned", root, Shape(nspawn=binds))
    host.run(INSTALL)
    return host


def runs(host: Host) -> int:
    """How many runs were finished."""
    listed = host.run(f"{SECSCAN} runs list --json --history /srv/nightly/history.sqlite 2>/dev/null || echo '[]'")
    return sum(run["finished_at"] is not None for run in json.loads(listed))


def install(host: Host, when: str, check: bool = True) -> str:
    """Put the run into the calendar; what was said."""
    words = f"schedule install --config /srv/nightly/secscan.yml --random-delay 1s --on-calendar '{when}'"
    return host.run(f"{SECSCAN} {words} 2>&1", check=check)


def wait(host: Host, what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so; what the service said when it does not come."""
    ends_at = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends_at, host.run("journalctl --no-pager -u secscan.service | tail -40", check=False)
        time.sleep(0.5)


def test_a_run_is_installed_goes_off_and_leaves_its_reports(planned):
    assert "wrote /etc/systemd/system/secscan.timer" in install(planned, "*:*:0/5")
    assert "is there already, as it should be" in install(planned, "*:*:0/5")
    wait(planned, lambda: runs(planned) > 0)
    report = json.loads((planned.root / "srv/nightly/reports/report.json").read_text())
    document = report.get("assessments", [report])[0]
    assert document["host"]["name"] == "this"
    assert document["host"]["become"] == "sudo"
    assert {result["outcome"] for result in document["results"]} <= {"pass", "fail"}
    assert "secscan_run_info" in (planned.root / "srv/nightly/numbers/secscan.prom").read_text()
    assert "timer active, next run " in planned.run(f"{SECSCAN} schedule status")


def test_the_service_is_shut_in_by_the_running_system(planned):
    install(planned, "daily")
    shown = planned.run("systemctl show secscan.service -p ProtectSystem -p NoNewPrivileges -p PrivateTmp -p ReadWritePaths")
    assert "ProtectSystem=strict\n" in shown
    assert "NoNewPrivileges=yes\n" in shown
    assert "PrivateTmp=yes\n" in shown
    assert "/srv/nightly/reports" in shown
    level = float(planned.run("systemd-analyze security --no-pager secscan.service | tail -1").split(":")[1].split()[0])
    assert level < 3.0


def test_a_unit_of_somebody_else_stays_as_it_is(planned):
    planned.run("printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/theirs.service")
    told = planned.run(
        f"{SECSCAN} schedule install --config /srv/nightly/secscan.yml --on-calendar daily --name theirs 2>&1; echo $?"
    )
    assert "is not a unit that secscan wrote" in told
    assert told.endswith("\n2\n")
    assert planned.run("cat /etc/systemd/system/theirs.service") == "[Service]\nExecStart=/bin/true\n"


def test_a_schedule_survives_a_reboot_and_a_run_that_was_missed_is_caught_up(planned):
    install(planned, "daily")
    before = runs(planned)
    planned.run("touch -d '3 days ago' /var/lib/systemd/timers/stamp-secscan.timer")
    planned.power_off()
    planned.power_on()
    wait(planned, lambda: runs(planned) == before + 1)
    assert planned.run("systemctl is-active secscan.timer", check=False) == "active\n"
    planned.power_off()
    planned.power_on()
    time.sleep(5)
    assert runs(planned) == before + 1, "what was not missed is not caught up"
    assert "no run since the start of this machine" in planned.run(f"{SECSCAN} schedule status")
    assert planned.run("systemctl is-active secscan.timer", check=False) == "active\n"


def test_a_run_that_breaks_shows_in_the_status_and_is_a_failed_unit(planned):
    install(planned, "daily")
    planned.run("mv /srv/nightly/inventory.yml /srv/nightly/away; systemctl start secscan.service", check=False)
    told = planned.run(f"{SECSCAN} schedule status; echo $?")
    assert "exit code 2" in told
    assert told.endswith("\n1\n")
    planned.run("mv /srv/nightly/away /srv/nightly/inventory.yml; systemctl start secscan.service")
    assert planned.run(f"{SECSCAN} schedule status; echo $?").endswith("\n0\n")


def test_a_run_does_in_its_sandbox_what_it_does_by_hand(planned):
    planned.run(SANDBOXED)
    told = planned.run(f"{SECSCAN} schedule install --config /home/plain/nightly/secscan.yml --name boxed --on-calendar daily 2>&1")
    assert "wrote /etc/systemd/system/boxed.service" in told
    planned.run("systemctl start boxed.service")
    told = planned.run("journalctl -o cat --no-pager -u boxed.service")
    assert "jumped: 2 pass" in told
    assert "shared: 2 pass" in told
    assert "not remembered" not in told
    assert planned.run("stat -c %U /home/plain/kept/history.sqlite /home/plain/keys/known") == "plain\nplain\n"
    assert planned.run("stat -c '%U %a' /home/plain/reports") == "plain 700\n"
    planned.run("printf 'hosts: [local]\\n' >/home/plain/nightly/inventory.yml; systemctl start boxed.service")
    told = planned.run("journalctl -o cat --no-pager -u boxed.service")
    assert "local: not reached: the service is shut in and does not see this machine as it is" in told
    planned.run("rm -r /home/plain/nightly; systemctl start boxed.service", check=False)
    told = planned.run(f"{SECSCAN} schedule status --name boxed; echo $?")
    assert "secscan could not be started (exit-code 200)" in told
    assert told.endswith("\n1\n")
    planned.run(f"{SECSCAN} schedule remove --name boxed")


def test_this_machine_is_judged_by_a_service_as_by_who_signs_in(planned):
    planned.run(VIEWS)
    sign_in = "ssh -i key -o UserKnownHostsFile=known_hosts scan@127.0.0.1"
    planned.run(f"cd /srv/nightly; {sign_in} 'cd /srv/views && sudo {SECSCAN} run' >&2; mv /srv/views/out /srv/by_hand")
    planned.run(f"{SECSCAN} schedule install --config /srv/views/secscan.yml --name views --on-calendar daily")
    planned.run(f"systemctl start views.service; {SECSCAN} schedule remove --name views")
    by_hand, by_service = (outcomes(planned, folder) for folder in ("srv/by_hand", "srv/views/out"))
    assert set(by_hand.values()) == {"pass", "fail"}
    assert by_service == by_hand


def outcomes(host: Host, folder: str) -> dict[str, str]:
    """The outcome of every check on the machine itself."""
    document = json.loads((host.root / folder / "hosts/local.json").read_text())
    return {f"{result['check']} {result['subject']}": result["outcome"] for result in document["results"]}


def test_a_users_own_manager_does_it_too(planned):
    planned.run(
        "set -e; mkdir -p /home/scan/own; cp -r /srv/nightly/content /home/scan/own; cd /home/scan/own\n"
        "printf 'hosts: [local]\\n' >inventory.yml\n"
        "printf 'inventory: inventory.yml\\nbaseline: own\\ncontent: [content]\\noutput: out\\nhistory: h.sqlite\\n' >secscan.yml\n"
        "chown -R scan: /home/scan; mkdir -p /run/systemd/system/user@.service.d\n"
        "printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\\n' >/run/systemd/system/user@.service.d/runtime.conf\n"
        "systemctl daemon-reload; systemctl start user@2001.service"  # the folder is named as pam_systemd would
    )
    as_user = "setpriv --reuid=2001 --regid=2001 --init-groups env HOME=/home/scan XDG_RUNTIME_DIR=/run/user/2001"
    words = "schedule install --user --config /home/scan/own/secscan.yml --random-delay 1s --on-calendar '*:*:0/5'"
    told = planned.run(f"{as_user} {SECSCAN} {words} 2>&1", check=False)
    assert "wrote /home/scan/.config/systemd/user/secscan.timer" in told, told
    assert "loginctl enable-linger scan" in told
    wait(planned, (planned.root / "home/scan/own/out/report.json").exists)
    assert planned.run("stat -c %U /home/scan/own/out/report.json") == "scan\n"
    assert "timer active, next run " in planned.run(f"{as_user} {SECSCAN} schedule status --user")
    planned.run(f"{as_user} {SECSCAN} schedule remove --user; systemctl stop user@2001.service")
    assert planned.run("find /home/scan/.config -name '*secscan*'") == ""


def test_removing_the_schedule_leaves_nothing_of_it(planned):
    install(planned, "daily")
    planned.run(f"{SECSCAN} schedule remove")
    left = planned.run(
        "find /etc/systemd /run/systemd /var/lib/systemd -name '*secscan*'; systemctl list-units --all --no-legend 'secscan*';"
        " systemctl list-unit-files --no-legend 'secscan*'", check=False,
    )  # fmt: skip
    assert left == ""
    assert "nothing is scheduled" in planned.run(f"{SECSCAN} schedule remove 2>&1")
    assert runs(planned) > 0
