"""What is written for systemd and for cron, and that nothing of others is touched."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from secscan.errors import UsageError
from secscan.scheduling.cron import cron_fields, cron_file, cron_line
from secscan.scheduling.planned import MARK, Planned
from secscan.scheduling.systemd import Manager, Status
from secscan.scheduling.units import service_text, timer_text

PLANNED = Planned(
    "nightly",
    "*-*-* 02:30",
    ("/opt/sec scan/bin/python", "-m", "secscan", "--config", "/srv/100%/$HOME.yml", "run"),
    Path("/srv/100%"),
    "scanner",
    writes=(Path("/srv/100%/out"), Path("/var/lib/with blank")),
    environment={"XDG_DATA_HOME": "/srv/data"},
)


def settings(text: str) -> dict[str, str]:
    """The settings of a unit."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_a_service_is_shut_in_and_writes_only_where_the_run_does():
    found = settings(service_text(PLANNED))
    assert found["ReadWritePaths"] == '-/srv/100%%/out "-/var/lib/with blank"'
    assert {name: found[name] for name in ("ProtectSystem", "ProtectHome", "NoNewPrivileges", "PrivateTmp", "User", "Type")} == {
        "ProtectSystem": "strict", "ProtectHome": "read-only", "NoNewPrivileges": "yes", "PrivateTmp": "yes", "User": "scanner",
        "Type": "oneshot",
    }  # fmt: skip
    assert found["CapabilityBoundingSet"] == ""


def test_sockets_of_ssh_may_be_made_where_they_are_kept():
    found = settings(service_text(replace(PLANNED, sockets=(Path("/home/scanner/.ssh"),))))
    assert found["ReadWritePaths"].endswith(" -/home/scanner/.ssh")


def test_root_may_do_to_files_of_others_what_it_may_without_a_sandbox():
    assert settings(service_text(replace(PLANNED, user="root")))["CapabilityBoundingSet"] == "CAP_DAC_OVERRIDE"


@pytest.mark.parametrize("user", ["scanner", ""])
def test_a_run_is_told_of_its_sandbox_and_only_then(user):
    shut_in = replace(PLANNED, user=user)
    assert "Environment=SECSCAN_SHUT_IN=yes" in service_text(shut_in).splitlines()
    assert "SHUT_IN" not in service_text(replace(shut_in, sees_machine=True))


def test_words_of_the_command_stay_words_and_no_specifier_is_expanded():
    found = settings(service_text(PLANNED))
    assert found["ExecStart"] == '"/opt/sec scan/bin/python" -m secscan --config "/srv/100%%/$$HOME.yml" run'
    assert found["WorkingDirectory"] == "/srv/100%%"


def test_what_a_run_finds_does_not_make_the_unit_fail():
    assert settings(service_text(PLANNED))["SuccessExitStatus"] == "1 3 4"


def test_a_run_that_is_caught_up_at_the_start_of_the_machine_waits_for_the_network_and_the_database():
    assert settings(service_text(PLANNED))["After"].split() == ["network-online.target", "postgresql.service"]


def test_a_timer_catches_up_and_does_not_start_with_all_the_others():
    found = settings(timer_text(PLANNED))
    assert (found["OnCalendar"], found["Persistent"], found["RandomizedDelaySec"]) == ("*-*-* 02:30", "true", "900s")


def test_a_run_that_looks_at_this_machine_sees_it_as_it_is():
    found = settings(service_text(replace(PLANNED, sees_machine=True)))
    assert not {name for name in found if name.startswith(("Protect", "Private", "ReadWrite", "NoNew", "System"))}


def test_a_user_unit_needs_no_rights_that_a_user_may_not_have():
    found = settings(service_text(replace(PLANNED, user="")))
    assert found["NoNewPrivileges"] == "yes"
    assert not {"User", "ProtectSystem", "PrivateTmp", "ReadWritePaths", "CapabilityBoundingSet", "After"} & found.keys()


def test_a_project_below_tmp_is_not_hidden_from_its_run():
    assert "PrivateTmp" not in settings(service_text(replace(PLANNED, folder=Path("/tmp/project"))))


def test_a_file_or_socket_below_tmp_is_not_hidden_from_a_run_that_needs_it():
    assert "PrivateTmp" not in settings(service_text(replace(PLANNED, reads=(Path("/tmp/ssh-1/agent.2"),))))
    assert "PrivateTmp" in settings(service_text(replace(PLANNED, reads=(Path("/run/user/2/agent"),))))


@pytest.mark.parametrize("folder", ["/srv/ends with a blank ", "/srv/ends with a backslash\\"])
def test_the_end_of_a_folders_name_does_not_get_lost(folder):
    assert settings(service_text(replace(PLANNED, folder=Path(folder))))["WorkingDirectory"] == f"{folder}/."


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York", "America/Port-au-Prince", "Etc/GMT+3"])
def test_a_time_may_be_that_of_any_zone(zone):
    assert settings(timer_text(replace(PLANNED, on_calendar=f"*-*-* 02:30 {zone}")))["OnCalendar"] == f"*-*-* 02:30 {zone}"


@pytest.mark.parametrize("change", [{}, {"sees_machine": True}, {"user": ""}], ids=["system", "open", "own"])
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_takes_the_units(tmp_path, change):
    planned = replace(PLANNED, command=("/bin/true",), user="root" if "user" not in change else "", folder=tmp_path)
    planned = replace(planned, **{name: value for name, value in change.items() if name != "user"})
    (tmp_path / "nightly.service").write_text(service_text(planned))
    (tmp_path / "nightly.timer").write_text(timer_text(planned))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "nightly.service"), str(tmp_path / "nightly.timer")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "nightly" in line]
    assert ours == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "../x"}, "--name cannot be"),
        ({"name": "a.b"}, "--name cannot be"),
        ({"on_calendar": "daily\nExecStart=/bin/sh"}, "--on-calendar cannot be"),
        ({"command": ("a\nb",)}, "cannot stand in a unit"),
        ({"folder": Path("/srv/a\nb")}, "cannot stand in a unit"),
    ],
)
def test_what_would_mean_something_else_in_a_unit_is_refused(change, complaint):
    with pytest.raises(UsageError, match=complaint):
        replace(PLANNED, **change)


@pytest.mark.parametrize(
    ("on_calendar", "fields"),
    [
        ("daily", "0 0 * * *"),
        ("weekly", "0 0 * * 1"),
        ("02:30", "30 2 * * *"),
        ("*-*-* 02:30:00", "30 2 * * *"),
        ("Mon..Fri 22:05", "5 22 * * 1-5"),
        ("Sat,Sun *-*-* 06:00", "0 6 * * 6,0"),
        ("Fri..Mon 06:00", "0 6 * * 5-7,1"),
        ("Sat..Tue 06:00", "0 6 * * 6-7,1-2"),
        ("Fri..Sun 06:00", "0 6 * * 5-7"),
        ("*-02-29 03:00", "0 3 29 2 *"),
        ("*-*-01 03:00", "0 3 1 * *"),
        ("*-12-24 03:00", "0 3 24 12 *"),
        ("*:15", "15 * * * *"),
    ],
)
def test_cron_says_the_same_as_the_calendar(on_calendar, fields):
    assert cron_fields(on_calendar) == fields


@pytest.mark.parametrize(
    "on_calendar",
    [
        "*:0/5",
        "2027-01-01 00:00",
        "Mon *-*-01 03:00",
        "25:00",
        "Abc 03:00",
        "02:30:15",
        "quarterly",
        "*-*-0 03:00",
        "*-0-01 03:00",
        "*-02-30 03:00",
    ],
)
def test_what_cron_cannot_say_is_refused_and_not_bent(on_calendar):
    with pytest.raises(UsageError, match="cron cannot say"):
        cron_fields(on_calendar)


def test_a_cron_line_is_quoted_and_names_the_user_only_in_tables_of_the_system():
    line = "cd /srv/100\\% && exec '/opt/sec scan/bin/python' -m secscan --config '/srv/100\\%/$HOME.yml' run"
    assert cron_line(PLANNED) == f"30 2 * * * {line}"
    text = cron_file(PLANNED)
    assert text.startswith(MARK)
    assert text.endswith(f"\nSHELL=/bin/sh\nXDG_DATA_HOME=/srv/data\n30 2 * * * scanner {line}\n")


class Systemd:
    """Answers as systemctl and systemd-analyze do, and writes down what it was asked."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.asked: list[str] = []
        self.answers = answers

    def __call__(self, words):
        self.asked.append(" ".join(words))
        code, text = next((answer for word, answer in self.answers.items() if word in words), (0, ""))
        return subprocess.CompletedProcess(words, code, text if code == 0 else "", text if code else "")

    def changed(self) -> list[str]:
        """What it was asked to do."""
        return [each for each in self.asked if each.startswith("systemctl") and " show " not in each]


def test_installing_again_changes_nothing_and_another_time_changes_the_timer(tmp_path):
    systemd = Systemd()
    manager = Manager(tmp_path / "units", run=systemd)
    assert [path.name for path in manager.install(PLANNED)] == ["nightly.service", "nightly.timer"]
    assert systemd.changed() == [
        "systemctl daemon-reload",
        "systemctl enable --now nightly.timer",
        "systemctl restart nightly.timer",
    ]
    assert manager.install(PLANNED) == []
    assert systemd.changed()[3:] == ["systemctl enable --now nightly.timer"]
    assert [path.name for path in manager.install(replace(PLANNED, on_calendar="daily"))] == ["nightly.timer"]
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == ["nightly.service", "nightly.timer"]


@pytest.mark.parametrize("kind", ["service", "timer"])
@pytest.mark.parametrize("place", ["units", "vendor"])
def test_a_unit_that_others_wrote_is_neither_overwritten_nor_removed(tmp_path, kind, place):
    (tmp_path / "units").mkdir()
    (tmp_path / "vendor").mkdir()
    foreign = tmp_path / place / f"nightly.{kind}"
    foreign.write_text("[Unit]\nDescription=of somebody else\n")
    systemd = Systemd()
    manager = Manager(tmp_path / "units", run=systemd, elsewhere=(tmp_path / "vendor",))
    for refused in (lambda: manager.install(PLANNED), lambda: manager.remove("nightly")):
        with pytest.raises(UsageError, match="is not a unit that secscan wrote"):
            refused()
    assert foreign.read_text() == "[Unit]\nDescription=of somebody else\n"
    assert systemd.changed() == []
    assert [path for path in (tmp_path / "units").iterdir() if path != foreign] == []


@pytest.mark.parametrize("answers", [{"calendar": (1, "Failed to parse")}, {"verify": (1, "Unknown section")}])
def test_what_systemd_does_not_take_is_told_and_not_written(tmp_path, answers):
    with pytest.raises(UsageError, match=r"Failed to parse|Unknown section"):
        Manager(tmp_path, run=Systemd(**answers)).install(PLANNED)
    assert list(tmp_path.iterdir()) == []


def test_a_time_that_never_comes_is_refused(tmp_path):
    never = Systemd(calendar=(0, "  Original form: 2020-01-01\nNormalized form: 2020-01-01 00:00:00\n    Next elapse: never\n"))
    with pytest.raises(UsageError, match=r"2020-01-01.*never comes"):
        Manager(tmp_path, run=never).install(replace(PLANNED, on_calendar="2020-01-01"))
    assert list(tmp_path.iterdir()) == []


def test_removing_leaves_nothing_and_again_does_nothing(tmp_path):
    systemd = Systemd()
    manager = Manager(tmp_path, run=systemd, own=True)
    manager.install(PLANNED)
    assert len(manager.remove("nightly")) == 2
    assert list(tmp_path.iterdir()) == []
    assert "systemctl --user disable --now nightly.timer" in systemd.asked
    assert manager.remove("nightly") == []


def shown(**properties: str) -> tuple[int, str]:
    """What `systemctl show` prints of a schedule that is well, but for these properties."""
    usual = {
        "ActiveState": "active", "UnitFileState": "enabled", "NextElapseUSecRealtime": "Sun 2027-01-03", "LoadState": "loaded",
        "StateChangeTimestamp": "Sat 2027-01-02", "ExecMainStartTimestamp": "", "ExecMainCode": "0", "ExecMainStatus": "0",
        "Result": "success",
    }  # fmt: skip
    return 0, "".join(f"{name}={value}\n" for name, value in {**usual, **properties}.items())


def status(tmp_path: Path, **properties: str) -> Status:
    """The status of a schedule of which systemd shows these properties."""
    manager = Manager(tmp_path, run=Systemd(show=shown(**properties)))
    manager.install(PLANNED)
    told = manager.status("nightly")
    assert told is not None
    return told


def test_the_status_is_what_systemd_says(tmp_path):
    assert Manager(tmp_path, run=Systemd()).status("nightly") is None
    told = status(tmp_path, ExecMainStatus="1")
    assert (told.timer, told.next, told.last, told.code, told.is_well) == ("active", "Sun 2027-01-03", "", 1, True)


def test_a_run_that_could_not_be_started_is_no_missing_run_and_has_no_exit_code_of_ours(tmp_path):
    none = status(tmp_path, Result="resources")
    assert (none.last, none.never_ran) == ("Sat 2027-01-02", True)
    refused = status(tmp_path, Result="exit-code", ExecMainStartTimestamp="Fri", ExecMainCode="1", ExecMainStatus="203")
    assert (refused.last, refused.never_ran) == ("Fri", True)
    broken = status(tmp_path, Result="exit-code", ExecMainStartTimestamp="Fri", ExecMainCode="1", ExecMainStatus="70")
    assert not broken.never_ran


@pytest.mark.parametrize("code", ["2", "3"], ids=["killed", "dumped"])
def test_a_signal_is_no_exit_code(tmp_path, code):
    told = status(tmp_path, Result="signal", ExecMainStartTimestamp="Fri", ExecMainCode=code, ExecMainStatus="9")
    assert (told.by_signal, told.code, told.never_ran) == (True, 9, False)


@pytest.mark.parametrize(
    "properties", [{"UnitFileState": "disabled"}, {"LoadState": "not-found"}, {"LoadState": "masked"}, {"ActiveState": "failed"}]
)
def test_a_schedule_under_which_no_run_can_begin_is_not_well(tmp_path, properties):
    assert not status(tmp_path, **properties).is_well


def test_a_manager_that_does_not_answer_is_told_and_nothing_is_written(tmp_path):
    manager = Manager(tmp_path / "units", own=True, run=Systemd(show=(1, "Failed to connect to bus: No medium found")))
    with pytest.raises(UsageError, match="Failed to connect to bus"):
        manager.install(PLANNED)
    assert not (tmp_path / "units").exists()
    (tmp_path / "units").mkdir()
    (tmp_path / "units" / "nightly.timer").touch()
    with pytest.raises(UsageError, match="Failed to connect to bus"):
        manager.status("nightly")
