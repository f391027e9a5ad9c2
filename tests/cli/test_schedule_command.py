"""Putting a run into the calendar, as far as that can be tried without a machine of its own (see the lab for the rest)."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import pytest

from secscan.cli import schedule
from secscan.scheduling import systemd


@pytest.fixture(params=[True, False], ids=["systemd", "cron"])
def booted(request, monkeypatch) -> bool:
    """Whether systemd runs this machine."""
    monkeypatch.setattr(systemd, "is_booted", lambda: request.param)
    return request.param


class FakeManager:
    """Takes every schedule, and does nothing."""

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


def test_a_folder_for_numbers_can_be_read_by_those_who_collect_them(secscan, project, monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "is_booted", lambda: True)
    project.write_text(f"{project.read_text()}prometheus: numbers/below/secscan.prom\n")
    monkeypatch.setattr(schedule, "_manager", lambda _: FakeManager())
    assert secscan("schedule", "install", "--on-calendar", "daily").code == 0
    modes = {name: Path(name).stat().st_mode & 0o777 for name in ("numbers", "numbers/below", "out", "www")}
    assert modes == {"numbers": 0o755, "numbers/below": 0o755, "out": 0o700, "www": 0o700}


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
