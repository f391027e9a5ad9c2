"""A script travels as gzip over networks, and as it is to a host that has no gzip."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from servers import GREET, NONCE

from secscan.carrying.commands import LISTEN_PACKED, asking_sudo_command, plain_command, sudo_command
from secscan.carrying.conversation import Carried, Way, carry
from secscan.carrying.line import Line
from secscan.carrying.process import start_process
from secscan.errors import ExchangeError
from secscan.model.target import Become, Request

SHELLS = ["sh", "dash", "bash", "zsh", "fish", "csh", "tcsh", "mksh", "ksh"]
SCRIPT = f'{GREET}echo "it\'s $((1 + 1))"\n'
ANSWER = f"\n{NONCE} H plain\nit's 2\n".encode()


class Host:
    """A host with these programs and no others; `commands` is what it was asked to run."""

    def __init__(self, folder: Path, programs: Iterable[str]) -> None:
        self.commands: list[str] = []
        self._path = folder / "bin"
        self._path.mkdir()
        for program in programs:
            (self._path / program).symlink_to(shutil.which(program))

    def start(self, command: str) -> Line:
        self.commands.append(command)
        return start_process(("/bin/sh", "-c", command), {"PATH": str(self._path)})

    def ask(self, script: str = SCRIPT, become: Become | None = None) -> tuple[Carried, bytes]:
        heard = bytearray()

        def receive(data: bytes) -> bool:
            heard.extend(data)
            return False

        return carry(Way(self.start, packed=True), Request(script, NONCE, 10, 10, 20), receive, become), bytes(heard)


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_a_packed_script_is_run_through_a_login_shell(shell):
    message = NONCE.encode() + b"\n" + gzip.compress(SCRIPT.encode())
    done = subprocess.run([shell, "-c", plain_command(listen=LISTEN_PACKED)], input=message, capture_output=True, check=True)
    assert done.stdout == ANSWER


def test_a_host_with_gzip_is_asked_once(tmp_path):
    host = Host(tmp_path, ["sh", "cat", "gzip"])
    assert host.ask()[1] == ANSWER
    assert len(host.commands) == 1


def test_a_host_without_gzip_gets_the_script_as_it_is(tmp_path):
    host = Host(tmp_path, ["sh", "cat"])
    assert host.ask()[1] == ANSWER
    assert ["gzip" in command for command in host.commands] == [True, False]


def test_a_host_without_gzip_and_sudo_still_answers_and_the_refusal_is_told(tmp_path):
    carried, heard = Host(tmp_path, ["sh", "cat"]).ask(become=Become("somebody"))
    assert heard == ANSWER
    assert carried.become.startswith("refused: ")
    assert "sudo" in carried.become


def test_a_script_that_ends_as_if_a_command_were_missing_is_not_run_twice(tmp_path):
    host = Host(tmp_path, ["sh", "cat", "gzip"])
    assert host.ask(f"{GREET}exit 127")[0].exit == 127
    assert len(host.commands) == 1


def test_what_gzip_cannot_read_is_not_run(tmp_path):
    message = NONCE.encode() + b"\n" + gzip.compress(SCRIPT.encode())[:-12]
    done = subprocess.run(["sh", "-c", LISTEN_PACKED], input=message, capture_output=True, check=False)
    assert done.stdout == b""
    assert done.returncode != 0


def test_a_host_that_runs_nothing_says_why(tmp_path):
    with pytest.raises(ExchangeError, match="the host ran no collector"):
        Host(tmp_path, []).ask()


def test_packed_commands_hold_no_character_that_a_login_shell_reads_its_own_way():
    asking = asking_sudo_command("root", "secscan-password-1:", "secscan-ready-1", listen=LISTEN_PACKED)
    for command in (plain_command(listen=LISTEN_PACKED), sudo_command("root", listen=LISTEN_PACKED), asking):
        assert command.count("'") % 2 == 0
        assert not set("".join(command.split("'")[::2])) & set('$`"\\!*?[]{}()<>|&;#~^=%\n')
        assert not set("".join(command.split("'")[1::2])) & set("\\!\n")
