"""What root starts, asked of this machine with other units and tables in place of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_settings_asked import as_root, ask, every_shell

UNITS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
pytestmark = as_root


@pytest.fixture
def host(tmp_path):
    """A machine without units and tables but those that a test writes; /srv is its own too."""
    for name in ("etc/system", "lib/system", "srv", "cron.d", "spool"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def write(path, text, mode=0o755, uid=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    os.chown(path, uid, uid)


def started(host, of="units", shell="dash"):
    units = dict.fromkeys(UNITS, "empty") | {"/etc/systemd": host / "etc", "/usr/lib/systemd": host / "lib"}
    tables = {"/etc/cron.d": host / "cron.d", "/var/spool/cron": host / "spool"}
    over = {"/srv": host / "srv"} | (units if of == "units" else tables)
    return ask("root_programs", {path: source for path, source in over.items() if Path(path).is_dir()}, shell, of=of)[1].attributes


def wrong(told):
    return sorted(
        record["path"] for record in told["entries"]
        if record["type"] in {"regular", "directory"} and (record["uid"] != 0 or record["mode"] & 0o022)
    )  # fmt: skip


def programs(told):
    return sorted(record["path"] for record in told["programs"])


@every_shell
def test_a_program_of_somebody_else_and_its_directory_are_told(host, shell):
    write(host / "etc/system/app.service", "[Service]\nExecStart=-@/srv/app/run.sh app --fast\n")
    write(host / "srv/app/run.sh", "#!/bin/sh\n", uid=1000)
    (host / "srv/app").chmod(0o775)
    told = started(host, shell=shell)
    assert programs(told) == ["/srv/app/run.sh"]
    assert wrong(told) == ["/srv/app", "/srv/app/run.sh"]
    assert told["programs"][0]["started_by"] == "/etc/systemd/system/app.service ExecStart"


@every_shell
def test_what_a_link_leads_to_is_told_with_the_directories_above_it(host, shell):
    write(host / "etc/system/app.service", "[Service]\nExecStart=/srv/run\n")
    write(host / "srv/app/bin/run.sh", "#!/bin/sh\n")
    (host / "srv/run").symlink_to("app/bin/run.sh")
    os.chown(host / "srv/app", 1000, 1000)
    assert wrong(started(host, shell=shell)) == ["/srv/app"]


@every_shell
def test_units_are_merged_with_their_drop_ins(host, shell):
    write(host / "lib/system/a.service", "[Service]\nUser=app\nExecStart=/srv/ordinary\nExecStartPre=+/srv/raised\n")
    write(host / "lib/system/b.service", "[Service]\nExecStart=/srv/replaced\n")
    write(host / "etc/system/b.service.d/10.conf", "[Service]\nExecStart=\nExecStart=/bin/true \\\n# between\n  x ; /srv/second\n")
    write(host / "lib/system/c.service", "[Service]\nExecStart=/srv/masked\n")
    (host / "etc/system/c.service").symlink_to("/dev/null")
    write(host / "lib/system/d.service", "[Service]\nExecStart=/srv/hidden\n")
    write(host / "etc/system/d.service", "[Service]\nDynamicUser=yes\nExecStart=/srv/dynamic\n")
    write(host / "etc/system/e@.service", "[Service]\nUser=%i\nExecStart=/srv/x\nExecStop=!/srv/stop\n")
    write(host / "etc/system/f.service", '[Unit]\nExecStart=/srv/no\n[Service]\nUser=root\nExecReload="/srv/with blank" x\n')
    told = started(host, shell=shell)
    assert programs(told) == ["/bin/true", "/srv/raised", "/srv/second", "/srv/stop", "/srv/with blank"]
    assert told["not_looked_at"] == ("/etc/systemd/system/e@.service ExecStart whom it runs as is known when it starts",)


@every_shell
def test_scripts_and_commands_behind_others_are_followed(host, shell):
    lines = (
        "/bin/sh -c 'set -e; LANG=C exec /srv/in_shell && $THIS'",
        "/usr/bin/env A=1 python3 -u /srv/by_python.py /srv/data",
        "/usr/bin/timeout 5m /srv/limited",
        "/bin/bash /srv/by_bash",
        "%h/bin/x",
        "/usr/bin/perl -e 1",
        "sleep 1",
    )
    write(host / "etc/system/app.service", "[Service]\n" + "".join(f"ExecStartPre={line}\n" for line in lines))
    told = started(host, shell=shell)
    own = [path for path in programs(told) if path.startswith("/srv/")]
    assert own == ["/srv/by_bash", "/srv/by_python.py", "/srv/in_shell", "/srv/limited"]
    assert {"/usr/bin/sleep"} <= set(programs(told))
    assert [note.rpartition("ExecStartPre ")[2] for note in told["not_looked_at"]] == [
        "a program that a variable or a pattern names",
        "what perl is told to do on its command line",
    ]


@every_shell
def test_jobs_of_root_are_told_and_those_of_others_are_not(host, shell):
    write(
        host / "cron.d/x",
        "MAILTO=''\n# nothing\n17 * * * * root cd / && A=1 nice -n 5 /srv/nightly >/dev/null 2>&1\n"
        "@daily app /srv/of_app\n@reboot root $HOME/x\n* * * * * root [ -x /srv/no ] && if true; then /srv/if; fi\n"
        "* * * * * root flock -n /srv/lock /srv/locked --at %x /srv/stdin\n",
        0o644,
    )
    write(host / "spool/crontabs/root", "0 2 * * * /srv/own\n", 0o600)
    write(host / "spool/crontabs/anna", "0 2 * * * /srv/hers\n", 0o600)
    told = started(host, "jobs", shell)
    own = [path for path in programs(told) if path.startswith("/srv/")]
    assert own == ["/srv/if", "/srv/locked", "/srv/nightly", "/srv/own"]
    assert "/etc/cron.d/x:5 a program that a variable or a pattern names" in told["not_looked_at"]


@every_shell
def test_a_program_that_is_missing_can_be_put_there_by_who_may_write_the_nearest_directory(host, shell):
    write(host / "etc/system/app.service", "[Service]\nExecStart=/srv/open/not/there\nExecStop=/srv/open/own\n")
    write(host / "srv/open/own", "#!/bin/sh\n")
    (host / "srv/open").chmod(0o1777)
    assert wrong(started(host, shell=shell)) == ["/srv/open"]
    write(host / "etc/system/app.service", "[Service]\nExecStop=/srv/open/own\n")
    assert wrong(started(host, shell=shell)) == []
