"""Putting a run into the calendar, as far as that can be tried without a machine of its own (see the lab for the rest)."""

from __future__ import annotations

import getpass
import os
import pwd
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from secscan.cli import schedule, schedule_needs
from secscan.cli.configuration import read_configuration
from secscan.cli.schedule_folders import make_folders
from secscan.errors import UsageError
from secscan.model.target import Target
from secscan.scheduling import systemd
from secscan.scheduling.planned import Planned


@pytest.fixture(params=[True, False], ids=["systemd", "cron"])
def booted(request, monkeypatch) -> bool:
    """Whether systemd runs this machine."""
    monkeypatch.setattr(systemd, "is_booted", lambda: request.param)
    return request.param


@dataclass
class FakeManager:
    """Takes every schedule, and does nothing."""

    found: systemd.Status | None = None

    def status(self, name: str) -> systemd.Status | None:
        """As it was told."""
        return self.found

    def install(self, planned) -> list[Path]:
        """Nothing is written."""
        return []


@pytest.fixture
def project() -> Path:
    """A project that scans over SSH."""
    Path("inventory.yml").write_text("hosts: [ssh://far]\n")
    path = Path("secscan.yml")
    path.write_text(
        "inventory: inventory.yml\noutput: out\nreports: [{formats: [html], directory: www}]\nhistory: db/history.sqlite\n"
    )
    return path


def test_what_would_be_written_is_printed(secscan, project, booted):
    told = secscan("schedule", "install", "--on-calendar", "02:30", "--print")
    here = Path.cwd()
    assert (told.code, told.err) == (0, "")
    command = f"{sys.executable} -m secscan --config {here}/secscan.yml run"
    if booted:
        assert f"\nExecStart={command}\n" in told.out
        assert f"\nUser={getpass.getuser()}\n" in told.out
        (paths,) = [line for line in told.out.splitlines() if line.startswith("ReadWritePaths=")]
        assert f"-{here}/out -{here}/www -{here}/db " in paths
        assert "\nOnCalendar=02:30\n" in told.out
    else:
        assert told.out.endswith(f"30 2 * * * {getpass.getuser()} cd {here} && exec {command} --quiet\n")
    assert not Path("out").exists()


def test_cron_gets_a_file_of_its_own_which_is_taken_away_again(secscan, project, monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "is_booted", lambda: False)
    monkeypatch.setattr(schedule, "_CRON", tmp_path / "cron.d")
    (tmp_path / "cron.d").mkdir()
    install = ("schedule", "install", "--on-calendar", "Mon..Fri 02:30")
    assert secscan("schedule", "status").code == 1
    assert f"wrote {tmp_path}/cron.d/secscan" in secscan(*install).err
    assert "is there already" in secscan(*install).err
    assert secscan("schedule", "status").code == 0
    assert secscan("schedule", "remove").code == 0
    assert list((tmp_path / "cron.d").iterdir()) == []
    (tmp_path / "cron.d" / "secscan").write_text("0 0 * * * root true\n")
    assert secscan(*install).code == 2
    assert "nothing is scheduled" in secscan("schedule", "remove").err
    assert (tmp_path / "cron.d" / "secscan").read_text() == "0 0 * * * root true\n"


def test_that_a_service_is_not_shut_in_is_said_of_a_service_only(secscan, project, monkeypatch, tmp_path, booted):
    monkeypatch.setattr(schedule, "_manager", lambda _own: FakeManager())
    monkeypatch.setattr(schedule, "_CRON", tmp_path / "cron.d")
    (tmp_path / "cron.d").mkdir()
    Path("inventory.yml").write_text("hosts: [local]\n")
    told = secscan("schedule", "install", "--on-calendar", "daily")
    assert (told.code, "is not shut in" in told.err) == (0, booted)


def test_nothing_is_written_where_no_cron_would_read_it(secscan, project, monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "is_booted", lambda: False)
    monkeypatch.setattr(schedule, "_CRON", tmp_path / "cron.d")
    told = secscan("schedule", "install", "--on-calendar", "daily")
    assert told.code == 2
    assert f"neither systemd nor {tmp_path}/cron.d is there" in told.err
    assert not (tmp_path / "cron.d").exists()


def test_a_line_for_ones_own_table_brings_what_the_run_needs_to_know(secscan, project, monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "is_booted", lambda: False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "da ta"))
    told = secscan("schedule", "install", "--user", "--on-calendar", "daily", "--print")
    assert told.out.startswith(f"XDG_DATA_HOME='{tmp_path}/da ta'\n")
    assert told.out.splitlines()[-1].startswith("0 0 * * * cd ")


def test_variables_of_whoever_installs_are_none_of_the_run_and_change_nothing(secscan, project, booted, monkeypatch):
    expected = secscan("schedule", "install", "--on-calendar", "daily", "--print").out
    monkeypatch.setenv("SECSCAN_OUTPUT", "/srv/elsewhere")
    assert secscan("schedule", "install", "--on-calendar", "daily", "--print").out == expected


@pytest.mark.parametrize("accepts", ["inventory", "ssh_config"])
@pytest.mark.parametrize("named", [True, False])
def test_a_service_may_remember_new_host_keys_where_it_is_to_accept_them(secscan, project, monkeypatch, accepts, named):
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    monkeypatch.setenv("HOME", str(Path.cwd() / "home"))
    where = Path("keys/known_hosts") if named else Path("home/.ssh/known_hosts")
    before = secscan("schedule", "install", "--on-calendar", "daily", "--print").out
    assert f"{where.parent}" not in before
    if named:
        project.write_text(f"{project.read_text()}known_hosts: {where}\n")
    if accepts == "inventory":
        Path("inventory.yml").write_text("hosts: [{name: far, options: {host_key_policy: accept-new}}]\n")
    else:
        Path("home/.ssh").mkdir(parents=True)
        Path("home/.ssh/config").write_text("Host *\n  StrictHostKeyChecking accept-new\n")
    told = secscan("schedule", "install", "--on-calendar", "daily", "--print")
    (paths,) = [line for line in told.out.splitlines() if line.startswith("ReadWritePaths=")]
    assert f"-{Path.cwd()}/{where.parent}" in paths.split(" "), told


def written(secscan, *words: str) -> set[str]:
    """The folders that a service may write in."""
    told = secscan("schedule", "install", "--on-calendar", "daily", "--print", *words)
    (paths,) = [line for line in told.out.splitlines() if line.startswith("ReadWritePaths=")]
    return {path.removeprefix("-") for path in paths.removeprefix("ReadWritePaths=").split(" ")}


@pytest.fixture
def ssh_folder(monkeypatch) -> Path:
    """~/.ssh of a home of this test's own; the system has no configuration of ssh."""
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    monkeypatch.setattr(schedule_needs, "_OF_THE_SYSTEM", Path("/nowhere"))
    monkeypatch.setenv("HOME", str(Path.cwd() / "home"))
    folder = Path.cwd() / "home/.ssh"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ("config", "Include more\n"),
        ("mine", "Host web*\n  StrictHostKeyChecking accept-new\n"),
        ("config", 'Match exec "touch ran"\n  StrictHostKeyChecking accept-new\n'),
    ],
    ids=["included", "of the project", "by a command"],
)
def test_wherever_ssh_is_told_to_accept_new_keys_their_file_may_be_written(secscan, project, ssh_folder, named, text):
    (ssh_folder / named).write_text(text)
    (ssh_folder / "more").write_text("StrictHostKeyChecking accept-new\nUserKnownHostsFile ~/.ssh/known_hosts ~/keys/known\n")
    if named != "config":
        project.write_text(f"{project.read_text()}ssh_config: {ssh_folder}/{named}\n")
    assert str(ssh_folder) in written(secscan)
    assert ("Include" in text) == (str(ssh_folder.parent / "keys") in written(secscan))
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Host *\n  ControlMaster auto\n  ControlPath ~/.ssh/shared/%r@%h-%C\n", True),
        ("Host *\n  ControlPath ~/.ssh/shared/%C\n", False),
        ("Host *\n  ControlMaster no\n  ControlPath ~/.ssh/shared/%C\n", False),
    ],
    ids=["shares", "does not say", "uses what is there"],
)
def test_ssh_may_make_its_sockets_where_it_is_to_share_connections(secscan, project, ssh_folder, text, expected):
    (ssh_folder / "config").write_text(text)
    assert (str(ssh_folder / "shared") in written(secscan)) == expected
    assert not (ssh_folder / "shared").exists()


@pytest.mark.parametrize("place", ["sqlite:////var/lib/secscan-history/h.sqlite", "sqlite:///kept/h.sqlite", "link.sqlite"])
def test_the_folder_that_sqlite_writes_in_may_be_written(secscan, project, ssh_folder, place):
    project.write_text(f"inventory: inventory.yml\noutput: out\nhistory: '{place}'\n")
    Path("link.sqlite").symlink_to("/var/lib/secscan-history/h.sqlite")
    expected = Path.cwd() / "kept" if "kept" in place else "/var/lib/secscan-history"
    assert str(expected) in written(secscan)


def test_the_variable_of_the_sandbox_is_none_that_nobody_reads(secscan, project, monkeypatch):
    monkeypatch.setenv("SECSCAN_SHUT_IN", "yes")
    assert "SECSCAN_SHUT_IN" not in secscan("config").err


def test_a_history_on_a_server_is_no_folder(secscan, project, ssh_folder):
    before = written(secscan) - {str(Path.cwd() / "db")}
    project.write_text(project.read_text().replace("db/history.sqlite", "'postgresql+psycopg:///h?host=/run/postgresql'"))
    assert written(secscan) == before


def test_the_home_of_the_project_is_that_of_who_runs_it(secscan, project, ssh_folder):
    project.write_text("inventory: inventory.yml\noutput: ~/reports\n")
    home = Path(pwd.getpwnam("nobody").pw_dir)
    assert {f"{home}/reports", f"{home}/.local/share/secscan"} <= written(secscan, "--run-as", "nobody")
    assert f"{ssh_folder.parent}/reports" not in written(secscan, "--run-as", "nobody")
    assert f"{ssh_folder.parent}/reports" in written(secscan)


def test_a_run_finds_the_agent_the_files_and_the_python_that_it_needs(project, ssh_folder):
    (ssh_folder / "config").write_text("Host *\n  IdentityAgent /tmp/of %u/agent\n")
    project.write_text(f"{project.read_text()}content: [/srv/own]\nidentity: key\n")
    found = set(schedule_needs.needed_files(read_configuration(project, {}), Path("/srv"), [Target("far")]))
    assert {Path(f"/tmp/of {getpass.getuser()}/agent"), Path("/srv/own"), Path("/srv/key"), Path(sys.executable)} <= found


@pytest.mark.parametrize(
    ("given", "told", "code"),
    [
        ({"last": "Fri", "code": 3}, "last run Fri: success, exit code 3", 0),
        ({"last": "Fri", "service": "failed", "result": "signal", "code": 9, "by_signal": True}, "signal, ended by signal 9", 1),
        ({"last": "Fri", "service": "failed", "result": "exit-code", "code": 203}, "could not be started (exit-code 203)", 1),
        ({"last": "Fri", "service": "failed", "result": "resources", "started": False}, "could not be started (resources)", 1),
        ({"last": "Fri", "service": "activating"}, "last run Fri: under way", 0),
        ({}, "no run since the start of this machine", 0),
        ({"loaded": "masked"}, "no run can begin: systemd says masked of secscan.service", 1),
        ({"enabled": False}, "the timer is not enabled", 1),
        ({"timer": "inactive", "next": ""}, "timer inactive, next run not known", 1),
    ],
)
def test_the_status_tells_how_the_last_run_ended_and_whether_another_can_begin(secscan, monkeypatch, given, told, code):
    usual = {"timer": "active", "enabled": True, "next": "Sat", "loaded": "loaded", "last": "", "service": "inactive"}
    found = systemd.Status(**{**usual, "result": "success", "code": 0, **given})
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    monkeypatch.setattr(schedule, "_manager", lambda _: FakeManager(found))
    said = secscan("schedule", "status")
    assert told in said.out
    assert said.code == code


def test_the_status_of_ones_own_manager_tells_that_runs_end_with_the_session(secscan, monkeypatch):
    found = systemd.Status("active", True, "Sat", "loaded", "", "inactive", "success", 0)
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    monkeypatch.setattr(schedule, "_manager", lambda _: FakeManager(found))
    monkeypatch.setattr(schedule, "_lingers", lambda: False)
    assert "loginctl enable-linger" in secscan("schedule", "status", "--user").out
    assert "linger" not in secscan("schedule", "status").out


def test_a_folder_for_numbers_can_be_read_by_those_who_collect_them(secscan, project, monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    project.write_text(f"{project.read_text()}prometheus: numbers/below/secscan.prom\n")
    monkeypatch.setattr(schedule, "_manager", lambda _: FakeManager())
    assert secscan("schedule", "install", "--on-calendar", "daily").code == 0
    modes = {name: Path(name).stat().st_mode & 0o777 for name in ("numbers", "numbers/below", "out", "www")}
    assert modes == {"numbers": 0o755, "numbers/below": 0o755, "out": 0o700, "www": 0o700}


def test_secrets_in_variables_are_told_not_to_reach_the_service(secscan, project, monkeypatch):
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    monkeypatch.setattr(schedule, "_manager", lambda _: FakeManager())
    install = ("schedule", "install", "--on-calendar", "daily")
    assert "variables of your session" not in secscan(*install).err
    project.write_text(f"{project.read_text()}notify: {{channels: [{{name: officer, url_env: OFFICER_URL}}]}}\n")
    monkeypatch.setenv("SECSCAN_BECOME_PASSWORD", "canary")
    told = secscan(*install).err
    assert "no variables of your session: OFFICER_URL, SECSCAN_BECOME_PASSWORD must come from a drop-in" in told
    assert "canary" not in told


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder whose way everybody may go, as no folder of pytest is."""
    if os.geteuid() != 0:
        pytest.skip("only root makes folders for others")
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def make_folder(folder: Path, project: Path) -> Path:
    """Have a folder made for nobody."""
    planned = Planned("nightly", "daily", ("true",), project.parent, "nobody", writes=(folder,))
    make_folders(planned, project, None)
    return folder


def test_folders_are_made_by_the_rights_of_who_writes_there(open_folder):
    theirs, roots = open_folder / "theirs", open_folder / "roots"
    for folder in (theirs, roots):
        folder.mkdir(mode=0o755)
    (theirs / "secscan.yml").touch()
    os.chown(theirs, pwd.getpwnam("nobody").pw_uid, -1)
    (theirs / "way").symlink_to(roots)
    made = make_folder(theirs / "reports/now", theirs / "secscan.yml")
    assert {(path.owner(), path.stat().st_mode & 0o777) for path in (made, made.parent)} == {("nobody", 0o700)}
    for refused in (roots / "service.d", theirs / "way/service.d"):
        with pytest.raises(UsageError, match=r"nobody may not make it; allowed: install -d -m 700 -o nobody /"):
            make_folder(refused, theirs / "secscan.yml")
    assert list(roots.iterdir()) == []


def test_what_root_alone_declares_root_makes_for_who_writes_there(open_folder):
    project = open_folder / "secscan.yml"
    project.touch(mode=0o644)
    made = make_folder(open_folder / "reports/now", project)
    assert {(path.owner(), path.stat().st_mode & 0o777) for path in (made, made.parent)} == {("nobody", 0o700)}
    project.chmod(0o666)
    with pytest.raises(UsageError, match="nobody may not make it"):
        make_folder(open_folder / "more", project)


@pytest.mark.parametrize(
    ("text", "words", "complaint"),
    [
        (None, (), "there is no project to run here"),
        ("inventory: inventory.yml\n", (), "names no output"),
        ("output: out\n", (), "names no inventory"),
        ("output: out\ninventory: nosuch.yml\n", (), "there is no inventory"),
        ("output: out\ninventory: inventory.yml\n", ("--run-as", "nobody-of-that-name"), "there is no such user"),
        ("output: out\ninventory: inventory.yml\n", ("--user", "--run-as", "root"), "your own manager runs nothing as others"),
        ("output: out\ninventory: inventory.yml\n", ("--random-delay", "soon"), "--random-delay cannot be 'soon'"),
        ("output: out\ninventory: inventory.yml\n", ("--name", "../x"), "--name cannot be"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_before_anything_is_written(secscan, project, text, words, complaint):
    if text is None:
        project.unlink()
    else:
        project.write_text(text)
    told = secscan("schedule", "install", "--on-calendar", "daily", "--print", *words)
    assert told.code == 2
    assert complaint in told.err
    assert not Path("out").exists()


def test_a_run_that_looks_at_this_machine_is_not_shut_in(secscan, project, monkeypatch):
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    Path("inventory.yml").write_text("hosts: [local]\n")
    assert "ProtectSystem" not in secscan("schedule", "install", "--on-calendar", "daily", "--print").out
