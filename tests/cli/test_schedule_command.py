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
    command = f"{sys.executable} -m secscan --config {here}/secscan.yml run --quiet"
    if booted:
        assert f"\nExecStart={command}\n" in told.out
        assert f"\nUser={getpass.getuser()}\n" in told.out
        (paths,) = [line for line in told.out.splitlines() if line.startswith("ReadWritePaths=")]
        assert f"-{here}/out -{here}/www -{here}/db " in paths
        assert "\nOnCalendar=02:30\n" in told.out
    else:
        assert told.out.endswith(f"30 2 * * * {getpass.getuser()} cd {here} && exec {command}\n")
    assert not Path("out").exists()


def test_cron_gets_a_file_of_its_own_which_is_taken_away_again(secscan, project, monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "is_booted", lambda: False)
    monkeypatch.setattr(schedule, "_CRON", tmp_path / "cron.d")
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
