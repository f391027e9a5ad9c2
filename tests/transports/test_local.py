"""This machine as a target, and the conversation that all transports share: limits, sudo, and what a shell may do to it."""

from __future__ import annotations

import getpass
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest
from servers import GREET, NONCE, ask

from secscan.carrying.commands import asking_sudo_command, plain_command, sudo_command
from secscan.errors import ExchangeError, UnreachableError, UsageError
from secscan.model.target import Become, Request, Target
from secscan.transports.local import TRANSPORT

HERE = Target("local", "local")


def has_ended(file: Path) -> bool:
    """Whether the process whose number a file holds is gone, or waits to be collected by whoever adopted it."""
    time.sleep(0.1)
    try:
        return Path(f"/proc/{int(file.read_text())}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_script_runs_in_a_shell_here():
    exchanged, answer = ask(TRANSPORT, HERE, "echo out; echo complaint >&2; exit 3")
    assert (answer, exchanged.stderr, exchanged.exit) == (b"out\n", b"complaint\n", 3)
    assert (exchanged.user, exchanged.become, exchanged.cut_short) == (getpass.getuser(), "", "")


def test_a_service_that_is_shut_in_does_not_ask_a_machine_that_it_does_not_see(monkeypatch):
    monkeypatch.setenv("SECSCAN_SHUT_IN", "yes")
    with pytest.raises(UnreachableError, match=r"does not see this machine as it is.*schedule install"):
        ask(TRANSPORT, HERE, "echo out")


def test_secrets_in_our_environment_are_not_seen_by_the_script(monkeypatch):
    monkeypatch.setenv("SECSCAN_PASSWORD", "hunter2")
    assert b"hunter2" not in ask(TRANSPORT, HERE, "env; cat /proc/self/environ")[1]


def test_a_script_and_an_answer_larger_than_any_pipe_pass_each_other():
    exchanged, answer = ask(TRANSPORT, HERE, "#" + "x" * 500_000 + "\nhead -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2")
    assert (len(answer), len(exchanged.stderr), exchanged.exit) == (3_000_000, 65_536, 0)


def test_a_hang_ends_in_time_with_everything_that_it_started(tmp_path):
    began = time.monotonic()
    exchanged, answer = ask(TRANSPORT, HERE, f"echo first; sleep 30 & echo $! > {tmp_path}/child; wait", idle_s=0.4)
    assert (answer, exchanged.cut_short) == (b"first\n", "not a byte for 0.4 s")
    assert time.monotonic() - began < 3
    assert has_ended(tmp_path / "child")


def test_a_child_that_keeps_the_output_open_does_not_hold_up_a_whole_answer():
    began = time.monotonic()
    assert ask(TRANSPORT, HERE, "sleep 30 & echo END", end=b"END")[1] == b"END\n"
    assert time.monotonic() - began < 4


def test_an_endless_answer_ends_in_time():
    exchanged, _ = ask(TRANSPORT, HERE, "while :; do echo x; done", total_s=0.4)
    assert exchanged.cut_short == "not finished within 0.4 s"


def test_what_the_reader_refuses_ends_the_process(tmp_path):
    def receive(data: bytes) -> bool:
        raise ExchangeError("refused")

    with pytest.raises(ExchangeError, match="refused"):
        TRANSPORT(HERE, Request(f"echo $$ > {tmp_path}/pid; {GREET} sleep 30", NONCE), receive)
    assert has_ended(tmp_path / "pid")


@pytest.fixture
def fake_sudo(tmp_path, monkeypatch):
    """A sudo on PATH that does what a script says; `$run` runs the command after `--`."""

    def make(text: str) -> None:
        program = tmp_path / "bin" / "sudo"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            "#!/bin/bash\n"
            f'printf "%s\\0" "$@" >> {tmp_path}/arguments\n'
            'while [ "$1" != -- ]; do [ "$1" = -p ] && prompt=$2; shift; done; shift\n' + text
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return make


def other_user() -> Become:
    return Become("somebody")


def test_sudo_without_a_password_runs_everything_in_one_go(fake_sudo, tmp_path):
    fake_sudo('AS=$1 exec "$@"')
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=other_user()), 'echo "as $AS"')
    assert (answer, exchanged.become) == (b"as sh\n", "sudo")
    assert (tmp_path / "arguments").read_text().split("\0")[:4] == ["-n", "-u", "somebody", "--"]


@pytest.mark.parametrize(
    "text",
    ["echo 'sudo: a password is required' >&2; exit 1", "echo; echo noise; echo 'sudo: a password is required' >&2; exit 1"],
    ids=["at once", "after noise"],
)
def test_where_sudo_refuses_the_script_runs_unprivileged_and_says_so(fake_sudo, text):
    fake_sudo(text)
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=other_user()))
    assert (answer, exchanged.become) == (b"answer\n", "refused: sudo: a password is required")


def test_where_there_is_no_sudo_the_script_runs_unprivileged_and_says_so(fake_sudo):
    fake_sudo("echo 'sh: 1: sudo: not found' >&2; exit 127")
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=other_user()))
    assert (answer, exchanged.become) == (b"answer\n", "refused: sh: 1: sudo: not found")


ASKS = (
    'for try in 1 2 3; do printf %s "$prompt" >&2; IFS= read -r word; [ "$word" = "{password}" ] && exec "$@";'
    ' echo "Sorry, try again." >&2; done; echo "sudo: 3 incorrect password attempts" >&2; exit 1'
)


def test_a_password_is_given_when_sudo_asks_for_it_and_goes_nowhere_else(fake_sudo, tmp_path):
    fake_sudo("echo lecture >&2; sleep 0.2; " + ASKS.format(password="op en'sesame"))
    become = Become("somebody", "op en'sesame")
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=become), "cat; echo answer; echo done >&2")
    assert answer.endswith(b"answer\n")
    assert (exchanged.become, exchanged.stderr) == ("sudo", b"lecture\ndone\n")
    assert "sesame" not in (tmp_path / "arguments").read_text() + repr(become) + repr(exchanged) + str(answer)


def test_a_password_that_sudo_does_not_ask_for_is_not_sent(fake_sudo, tmp_path):
    fake_sudo(f'tee {tmp_path}/stdin | "$@"')
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=Become("somebody", "sesame")))
    assert (answer, exchanged.become) == (b"answer\n", "sudo")
    assert (tmp_path / "stdin").read_text().startswith(NONCE)


def test_a_wrong_password_is_given_once_and_then_the_script_runs_unprivileged(fake_sudo, tmp_path):
    fake_sudo(f"echo asked >> {tmp_path}/log; " + ASKS.format(password="right"))
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=Become("somebody", "wrong")))
    assert (answer, exchanged.become) == (b"answer\n", "refused: the password was not accepted by sudo")
    assert (tmp_path / "log").read_text() == "asked\n"


def test_a_sudo_that_asks_in_another_way_is_given_up_in_time(fake_sudo):
    fake_sudo("printf 'Verification code: ' >&2; sleep 30")
    exchanged, answer = ask(TRANSPORT, replace(HERE, become=Become("somebody", "sesame")), connect_s=0.4)
    assert answer == b"answer\n"
    assert exchanged.become == "refused: sudo neither asked for the password nor started within 0.4 s"


def test_becoming_who_one_is_needs_no_sudo(fake_sudo):
    fake_sudo("exit 1")
    assert ask(TRANSPORT, replace(HERE, become=Become(getpass.getuser())))[0].become == ""


@pytest.mark.parametrize("user", ["-u", "a b", "root;id", "$(id)", "", "a'b"])
def test_a_user_that_a_shell_could_misread_is_refused(user):
    with pytest.raises(UsageError, match="cannot become user"):
        sudo_command(user)
    with pytest.raises(UsageError, match="cannot become user"):
        asking_sudo_command(user, "p", "r")


def test_commands_hold_no_character_that_a_login_shell_reads_its_own_way():
    for command in (plain_command(), sudo_command("root"), asking_sudo_command("root", "secscan-password-1:", "secscan-ready-1")):
        outside = "".join(command.split("'")[::2])
        assert command.count("'") % 2 == 0
        assert not set(outside) & set('$`"\\!*?[]{}()<>|&;#~^=%\n')
        assert not set("".join(command.split("'")[1::2])) & set("\\!\n")
