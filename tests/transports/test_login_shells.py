"""The commands that are sent mean the same in every login shell that is installed here."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from servers import GREET, NONCE

from secscan.carrying.commands import asking_sudo_command, plain_command

SHELLS = ["sh", "dash", "bash", "zsh", "fish", "csh", "tcsh", "mksh", "ksh"]


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_the_script_is_run_through_a_login_shell(shell):
    message = f'{NONCE}\n{GREET}echo "it\'s $((1 + 1))"\n'
    done = subprocess.run([shell, "-c", plain_command()], input=message.encode(), capture_output=True, check=True)
    assert done.stdout == f"\n{NONCE} H plain\nit's 2\n".encode()


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_the_command_for_sudo_reaches_sudo_as_it_was_meant(shell, tmp_path):
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    sudo.chmod(0o755)
    command = asking_sudo_command("web admin".replace(" ", "-"), "secscan-password-1:", "secscan-ready-1")
    done = subprocess.run(
        [shutil.which(shell), "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, check=True
    )
    words = ["-S", "-p", "secscan-password-1:", "-u", "web-admin", "--", "sh", "-c"]
    assert done.stdout.decode().splitlines()[: len(words)] == words
