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
