"""Containers and directory trees as targets, with stand-ins for the engines; real ones are entered in the lab."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from servers import ask

from secscan.errors import AuthenticationError, ExchangeError, TargetError, UnreachableError, UsageError
from secscan.model.target import Become, Target
from secscan.transports import chroot, container


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A stand-in for an engine on an otherwise bare PATH; it notes its arguments."""

    def make(name: str, text: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for program in ("sh", "cat", "printf"):
            found = shutil.which(program)
            if found and not (folder / program).exists():
                (folder / program).symlink_to(found)
        (folder / name).write_text(f'#!/bin/sh\necho "$*" > {tmp_path}/arguments\n{text}\n')
        (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return tmp_path / "arguments"

    return make


ENTERS = 'while [ "$1" != web ]; do shift; done; shift; exec "$@"'


def test_a_container_is_entered_with_the_engine_that_is_there(engine):
    arguments = engine("docker", ENTERS)
    exchanged, answer = ask(container.TRANSPORT, Target("web", "container", "web"))
    assert (answer, exchanged.address) == (b"answer\n", "web")
    assert arguments.read_text().startswith("exec -i web sh -c ")


def test_a_container_that_one_engine_does_not_have_is_looked_for_with_the_other(engine):
    engine("podman", "echo 'Error: no such container web' >&2; exit 125")
    engine("docker", ENTERS)
    assert ask(container.TRANSPORT, Target("web", "container", "web"))[1] == b"answer\n"
    engine("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    with pytest.raises(UnreachableError, match=r"podman cannot enter .*; docker cannot enter container web: Cannot connect"):
        ask(container.TRANSPORT, Target("web", "container", "web"))


def test_becoming_root_in_a_container_is_asked_of_the_engine_and_not_of_sudo(engine):
    arguments = engine("podman", ENTERS)
    exchanged, _ = ask(container.TRANSPORT, Target("web", "container", "web", become=Become(), options={"engine": "podman"}))
    assert arguments.read_text().startswith("exec -i --user root web sh -c ")
    assert (exchanged.user, exchanged.become) == ("root", "")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("echo 'Error: no such container web' >&2; exit 125", UnreachableError, "no such container"),
        ("echo 'Error response from daemon: container web is not running' >&2; exit 1", UnreachableError, "is not running"),
        ("echo 'exec: \"sh\": executable file not found in $PATH' >&2; exit 127", ExchangeError, "has no sh"),
    ],
    ids=["missing", "stopped", "no shell"],
)
def test_what_an_engine_cannot_enter_is_told(engine, text, kind, said):
    engine("podman", text)
    with pytest.raises(kind, match=said):
        ask(container.TRANSPORT, Target("web", "container", "web"))


@pytest.mark.parametrize("name", ["--privileged", "a b", "a;b", "$(id)", "", "a/b"])
def test_a_container_name_that_could_be_misread_is_refused(engine, name):
    engine("podman", ENTERS)
    with pytest.raises(UsageError, match="refused"):
        ask(container.TRANSPORT, Target("web", "container", name))


def test_a_machine_without_an_engine_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match="podman or docker"):
        ask(container.TRANSPORT, Target("web", "container", "web"))


def test_an_unknown_engine_is_refused():
    with pytest.raises(UsageError, match="allowed: podman, docker"):
        ask(container.TRANSPORT, Target("web", "container", "web", options={"engine": "lxc"}))


@pytest.fixture
def tree(tmp_path):
    """A tree with a shell and the libraries that it needs, and nothing else."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    top = tmp_path / "tree"
    for name in ("sh", "cat", "ls"):
        program = Path(shutil.which(name) or name).resolve()
        needs = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for library in re.findall(r"(/\S+)", needs):
            place = top / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)
        (top / "bin").mkdir(exist_ok=True)
        shutil.copy(program, top / "bin" / name)
    return top


def test_a_tree_is_entered(tree):
    exchanged, answer = ask(chroot.TRANSPORT, Target("image", "chroot", str(tree)), "ls /bin")
    assert (answer, exchanged.address) == (b"cat\nls\nsh\n", str(tree))


def test_the_kernel_of_this_machine_is_not_seen_in_a_tree_with_proc(tree):
    (tree / "proc").mkdir()
    subprocess.run(["mount", "-t", "proc", "proc", tree / "proc"], check=True)
    try:
        _, answer = ask(chroot.TRANSPORT, Target("image", "chroot", str(tree)), "ls /proc; echo end")
        assert (answer, (tree / "proc/self").exists()) == (b"end\n", True)
    finally:
        subprocess.run(["umount", tree / "proc"], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_tree_without_a_shell_says_so(tmp_path):
    with pytest.raises(ExchangeError, match="it has no sh"):
        ask(chroot.TRANSPORT, Target("image", "chroot", str(tmp_path)))


@pytest.mark.parametrize(
    ("address", "said"), [("relative", "absolute path"), ("/nowhere/at/all", "not a directory"), ("", "absolute")]
)
def test_what_is_no_tree_is_refused(address, said):
    with pytest.raises(TargetError, match=said):
        ask(chroot.TRANSPORT, Target("image", "chroot", address))


def test_entering_a_tree_without_root_says_what_is_needed(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(AuthenticationError, match="needs root"):
        ask(chroot.TRANSPORT, Target("image", "chroot", str(tmp_path)))


def test_a_tree_that_sudo_keeps_closed_is_not_tried_without_it(monkeypatch, engine, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    engine("sudo", "echo 'sudo: a password is required' >&2; exit 1")
    with pytest.raises(AuthenticationError, match="sudo refused: sudo: a password is required"):
        ask(chroot.TRANSPORT, Target("image", "chroot", str(tmp_path), become=Become()))
