"""What a start of MariaDB or MySQL would give to its variables, by what a program in its place prints of its files."""

from __future__ import annotations

import subprocess

import pytest
from test_settings_asked import every_shell
from test_shell import SHELLS

from secscan.syntax.mysql import TELL_FILES

PRINTS = "mysqld would have been started with the following arguments:\n"


def told(tmp_path, shell, prints, *options, names=("local_infile", "log_bin", "sync_binlog", "skip_networking", "datadir")):
    """The lines about some variables when the files say `prints`, and the process was started with options."""
    server = tmp_path / "mysqld"
    server.write_text(f'#!/bin/sh\necho "$HOME $*" >{tmp_path}/asked\ncat <<"END"\n{PRINTS}{prints}\nEND\n')
    server.chmod(0o755)
    with subprocess.Popen(["sh", "-c", "read line", "mysqld", *options], stdin=subprocess.PIPE) as process:
        script = f"{TELL_FILES}tell_files {server} {process.pid} {' '.join(names)}\n"
        done = subprocess.run(SHELLS[shell], input=script, capture_output=True, text=True, check=True, timeout=30)
        process.communicate(b"\n")
    assert not done.stderr
    return done.stdout.splitlines()


@every_shell
def test_every_way_to_write_an_option_is_told_in_the_order_that_they_are_read(tmp_path, shell):
    prints = "--datadir=/srv/my data --loose-local-infile=0 --skip-log-bin --user=mysql --sync_binlog=1K --log-bin=bin -x "
    prints += "--skip-networking "
    assert told(tmp_path, shell, prints, "--enable-local-infile", "--SYNC-BINLOG=2", "--disable_log_bin") == [
        "option-files\tread",
        "file datadir\t/srv/my data",
        "file local_infile\t0",
        "file log_bin\tOFF",
        "file sync_binlog\t1K",
        "file log_bin\tON",
        "file skip_networking\tON",
        "file local_infile\tON",
        "file sync_binlog\t2",
        "file log_bin\tOFF",
    ]


@every_shell
def test_the_files_that_the_process_was_started_with_are_asked_and_nobody_s_own(tmp_path, shell):
    told(tmp_path, shell, "", "--defaults-file=/srv/my *.cnf", "--port=3307", "--defaults-group-suffix=_b")
    assert (
        tmp_path / "asked"
    ).read_text() == "/nonexistent --defaults-file=/srv/my *.cnf --defaults-group-suffix=_b --print-defaults\n"


@pytest.mark.parametrize("shell", ["dash"])
def test_a_server_that_cannot_print_them_leaves_them_unknown(tmp_path, shell):
    assert told(tmp_path, shell, "END\nexit 1\ncat <<END") == [f"option-files\t{tmp_path}/mysqld cannot tell what they say"]
