"""Secrets that are asked for: typed at a terminal, or come through a pipe; where nobody types one, that is said."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest

SCAN = (sys.executable, "-m", "secscan", "collect", "127.0.0.1:1", "-o", "out")
OPTIONS = {
    "--ask-password": "no SSH password was typed",
    "--ask-passphrase": "no passphrase of the SSH key was typed",
    "--ask-become-password": "no sudo password was typed",
}


def asked(option: str, **how) -> subprocess.CompletedProcess[str]:
    """A command that asks, without the terminal of whoever runs the tests."""
    words = [*SCAN, option]
    return subprocess.run(words, capture_output=True, text=True, start_new_session=True, timeout=60, check=False, **how)


@pytest.fixture
def at_a_terminal() -> Callable[[bytes], tuple[int, str]]:
    """Types at the prompt of a command, on a terminal of its own; how it ended and all that it said."""

    def typed(keys: bytes) -> tuple[int, str]:
        master, slave = pty.openpty()
        words = [*SCAN, "--ask-password"]
        how = {"stdin": slave, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True}
        try:
            with subprocess.Popen(words, **how) as asking:
                prompt = asking.stdout.read(len("SSH password: "))  # what is typed before it is thrown away
                os.write(master, keys)
                said = prompt + asking.communicate(timeout=60)[0]
            return asking.returncode, said.decode()
        finally:
            os.close(master)
            os.close(slave)

    return typed


@pytest.mark.parametrize("option", OPTIONS)
def test_a_secret_that_nobody_can_type_is_wrong_input_and_not_an_interruption(option: str):
    told = asked(option, stdin=subprocess.DEVNULL)
    assert told.returncode == 2
    assert told.stderr == f"secscan: {OPTIONS[option]}; allowed: to type it at a terminal, or another option for it (see --help)\n"


def test_a_standard_input_that_is_closed_is_no_crash():
    words = ["sh", "-c", 'exec "$@" <&-', "sh", *SCAN, "--ask-password"]
    told = subprocess.run(words, capture_output=True, text=True, start_new_session=True, timeout=60, check=False)
    assert told.returncode == 2
    assert told.stderr.startswith("secscan: no SSH password was typed; allowed: ")


def test_a_secret_through_a_pipe_is_taken_without_a_word():
    told = asked("--ask-password", input="hunter2\n")
    assert told.returncode == 3  # nobody is there
    assert "typed" not in told.stderr
    assert "hunter2" not in told.stdout + told.stderr
    assert "password:" not in told.stderr


def test_a_line_with_nothing_in_it_is_no_secret():
    assert asked("--ask-password", input="\n").returncode == 2


def test_a_secret_is_typed_at_a_terminal_and_not_shown(at_a_terminal):
    code, said = at_a_terminal(b"hunter2\n")
    assert code == 3
    assert said.startswith("SSH password: \n")
    assert "hunter2" not in said


def test_who_ends_the_prompt_without_a_word_has_typed_none(at_a_terminal):
    code, said = at_a_terminal(b"\x04")
    assert code == 2
    assert said.startswith("SSH password: \nsecscan: no SSH password was typed; allowed: ")
