"""With which options sshd is started: by its service and drop-ins of it, by a second service, by those that run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from test_settings_asked import as_root, ask, every_shell

from secscan.model.values import Unobservable

pytestmark = [as_root, pytest.mark.skipif(not shutil.which("sshd"), reason="needs sshd")]
UNIT = "[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n"


@pytest.fixture
def host(tmp_path):
    """Lays units and an /etc/ssh with `PermitRootLogin no` over those of this machine; other.conf says yes."""
    etc, units, vendor = tmp_path / "ssh", tmp_path / "units", tmp_path / "vendor"
    for directory in (etc, units / "multi-user.target.wants", vendor):
        directory.mkdir(parents=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", etc / "key"], check=True)
    (etc / "sshd_config").write_text("HostKey /etc/ssh/key\nPermitRootLogin no\n")
    (etc / "other.conf").write_text("HostKey /etc/ssh/key\nPermitRootLogin yes\n")
    (vendor / "ssh.service").write_text(UNIT)
    (units / "multi-user.target.wants/ssh.service").symlink_to("/usr/lib/systemd/system/ssh.service")
    (tmp_path / "run/systemd/system").mkdir(parents=True)

    def write(files=()):
        for name, content in dict(files).items():
            path = units / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        return {
            "/etc/ssh": etc,
            "/etc/systemd/system": units,
            "/usr/lib/systemd/system": vendor,
            "/run": tmp_path / "run",
        }

    return write


def root_login(over, shell="dash", beside=""):
    _, observed = ask("sshd_option", over, shell, beside, option="PermitRootLogin")
    return observed.reason if isinstance(observed, Unobservable) else observed.attributes["value"]


def drop_in(command):
    return {"ssh.service.d/x.conf": f"[Service]\nExecStart=\nExecStart={command}\n"}


@every_shell
def test_without_drop_ins_the_usual_file_counts(host, shell):
    assert root_login(host(), shell) == "no"


@every_shell
@pytest.mark.parametrize(
    "command",
    [
        "/usr/sbin/sshd -D -oPermitRootLogin=yes",
        "-/usr/sbin/sshd -D -o PermitRootLogin=yes $SSHD_OPTS",
        '/usr/sbin/sshd -D -o "PermitRootLogin yes"',
        '/usr/sbin/sshd -D "-oPermitRootLogin yes"',
        "/usr/sbin/sshd -Def /etc/ssh/other.conf",
        "/usr/sbin/sshd -f/etc/ssh/other.conf -D",
    ],
)
def test_the_command_of_a_drop_in_counts(host, command, shell):
    assert root_login(host(drop_in(command)), shell) == "yes"


@every_shell
def test_a_variable_that_a_drop_in_sets_counts(host, shell):
    over = host({"ssh.service.d/x.conf": '[Service]\nEnvironment="SSHD_OPTS=-o PermitRootLogin=yes"\n'})
    assert root_login(over, shell) == "yes"


def test_a_file_of_variables_that_a_drop_in_names_counts(host, tmp_path):
    over = host({"ssh.service.d/x.conf": "[Service]\nEnvironmentFile=/etc/ssh/opts\n"})
    (over["/etc/ssh"] / "opts").write_text("SSHD_OPTS='-f /etc/ssh/other.conf'\n")
    assert root_login(over) == "yes"


@pytest.mark.parametrize(
    "command",
    [
        "/bin/sh -c 'exec /usr/sbin/sshd -f /etc/ssh/other.conf'",
        "/usr/sbin/sshd -D `cat x`",
        "/usr/sbin/sshd -o Banner=%h/x",
        "/usr/sbin/sshd --x",
    ],
)
def test_a_command_that_is_not_understood_is_no_answer(host, command):
    over = host(drop_in(command))
    assert "not understood" in root_login(over)


@every_shell
def test_a_second_service_with_a_file_of_its_own_is_no_answer(host, shell):
    over = host({"admin.service": "[Service]\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/other.conf\n"})
    assert root_login(over, shell) == "no"  # nothing starts it
    (over["/etc/systemd/system"] / "multi-user.target.wants/admin.service").symlink_to("../admin.service")
    assert "admin.service and ssh.service start sshd with different options" in root_login(over, shell)


def test_instances_of_a_socket_count(host):
    own = "[Service]\nExecStart=\nExecStart=-/usr/sbin/sshd -i -f /etc/ssh/other.conf\n"
    over = host({"ssh@.service": "[Service]\nExecStart=-/usr/sbin/sshd -i $SSHD_OPTS\n", "ssh@.service.d/x.conf": own})
    assert root_login(over) == "no"
    (over["/etc/systemd/system"] / "sockets.target.wants").mkdir()
    (over["/etc/systemd/system"] / "sockets.target.wants/ssh.socket").symlink_to("/usr/lib/systemd/system/ssh.socket")
    assert "different options" in root_login(over)


@pytest.mark.parametrize(
    ("title", "answer"),
    [
        ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", "no"),
        ("sshd: ada [priv]", "no"),
        ("sshd: /usr/sbin/sshd -D -p 2222 -oPidFile=/run/other [listener] 0 of 10-100 startups", "no"),
        ("sshd: /usr/sbin/sshd -D -f /etc/ssh/other.conf [listener] 0 of 10-100 startups", "different options"),
        ("/usr/sbin/sshd -o PermitRootLogin=yes", "different options"),
        ("what", "not understood"),
    ],
)
def test_servers_that_run_count(host, tmp_path, title, answer):
    program = shutil.copy(shutil.which("sleep"), tmp_path / "sshd")
    assert answer in root_login(host(), beside=f"exec -a '{title}' {program} 60")


def test_a_server_that_runs_after_its_service_was_disabled_tells_its_options(host, tmp_path):
    over = host()
    (over["/etc/systemd/system"] / "multi-user.target.wants/ssh.service").unlink()
    over |= {f"/etc/rc{level}.d": "empty" for level in "2345" if Path(f"/etc/rc{level}.d").is_dir()}
    program = shutil.copy(shutil.which("sleep"), tmp_path / "sshd")
    assert root_login(over, beside=f"exec -a 'sshd: /usr/sbin/sshd -f /etc/ssh/other.conf [listener] 0' {program} 60") == "yes"


def test_keys_are_not_looked_for_while_the_configuration_is_in_doubt(host):
    over = host(drop_in("/usr/sbin/sshd --strange"))
    for probe in ("authorized_keys", "ssh_host_key", "ssh_host_certificate"):
        _, observed = ask(probe, over, beside="")
        assert isinstance(observed, Unobservable), probe
        assert "not understood" in observed.reason
