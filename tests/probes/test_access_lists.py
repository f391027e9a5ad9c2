"""What access-control lists grant, told by the file system itself where it has such lists, and by programs that only print."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call, Observation, Observed
from secscan.model.values import Unobservable
from secscan.probes.access_list import PROBE

LISTED = """# file: {path}
# owner: root
# group: shadow
user::rw-
user:mallory:rw-\t\t#effective:r--
user:nobody:-w-\t\t#effective:---
group::r--
group:users:r--
mask::r--
other::---
default:user:mallory:rwx

"""
GNU = """case $1 in --version) echo 'ls (GNU coreutils) 9.1' ;; *) echo '{} 1 root shadow 700 Nov 21 10:00 '"$3" ;; esac"""


def asked(tmp_path: Path, pattern: str, programs: dict[str, str]) -> Observation:
    """The observation where of the programs that tell about lists only these exist."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    library = f'have() {{ [ -x "{folder}/$1" ] || [ "$1" != getfacl ]; }}\npart() {{ :; }}\n'
    call = Call.of("access_list", {"patterns": (pattern,)})
    done = subprocess.run(
        ["sh", "-c", library + PROBE.ask([call.mapping()]).script],
        env={"PATH": f"{folder}:{os.environ['PATH']}"}, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return observe(PROBE, call, Answer(done.stdout, done.stderr, done.returncode))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch()
    path.chmod(0o640)
    return path


def told(observation: Observation) -> list[tuple[object, ...]]:
    assert isinstance(observation, Observed), observation
    grants = observation.attributes["grants"]
    assert isinstance(grants, tuple)
    return [(record["kind"], record["name"], record["may"]) for record in grants]


def test_a_list_grants_what_its_mask_allows_and_defaults_of_a_directory_grant_nothing(tmp_path: Path, secret: Path):
    observation = asked(tmp_path, str(secret), {"getfacl": f"cat <<'END'\n{LISTED.format(path=secret)}END"})
    assert told(observation) == [("user", "mallory", "r--"), ("group", "users", "r--")]


def test_where_the_bits_of_the_group_are_off_a_list_grants_nothing_and_nobody_is_asked(tmp_path: Path, secret: Path):
    secret.chmod(0o604)
    assert told(asked(tmp_path, str(secret), {"ls": "exit 1"})) == []


def test_without_getfacl_a_file_that_has_a_list_is_not_decided(tmp_path: Path, secret: Path):
    observation = asked(tmp_path, str(secret), {"ls": GNU.format("-rw-r-----+")})
    assert isinstance(observation, Unobservable)
    assert "has an access-control list" in observation.reason


def test_without_getfacl_a_file_that_has_no_list_is_told_by_ls(tmp_path: Path, secret: Path):
    assert told(asked(tmp_path, str(secret), {"ls": GNU.format("-rw-r-----.")})) == []


@pytest.mark.parametrize("program", [{"ls": "exit 1"}, {"getfacl": "exit 1"}], ids=["an ls without lists", "a getfacl that fails"])
def test_what_cannot_tell_of_lists_is_no_proof_that_there_is_none(tmp_path: Path, secret: Path, program: dict[str, str]):
    assert isinstance(asked(tmp_path, str(secret), program), Unobservable)


def test_files_that_are_not_there_and_links_to_nowhere_grant_nothing(tmp_path: Path):
    (tmp_path / "link").symlink_to("/nowhere")
    assert told(asked(tmp_path, f"{tmp_path}/l*", {})) == []


@pytest.mark.skipif(not shutil.which("setfacl"), reason="needs the package acl")
def test_a_grant_that_was_made_for_real_is_told(tmp_path: Path, secret: Path):
    if subprocess.run(["setfacl", "-m", "u:65534:r", str(secret)], check=False, capture_output=True).returncode:
        pytest.skip("this file system has no access-control lists")
    getfacl = shutil.which("getfacl")
    ((_, _, may),) = told(asked(tmp_path, str(secret), {"getfacl": f'exec {getfacl} "$@"'}))
    assert may == "r--"
