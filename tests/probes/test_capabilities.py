"""Programs with capabilities of the kernel, found by the walk that all kinds of unusual files share."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from secscan.judge.observe import observe, split_batch
from secscan.model.evidence import Batch, Frame
from secscan.model.probe import Call, Observation, Observed
from secscan.model.values import Unobservable
from secscan.probes.files import PROBE

CALLS = tuple(Call.of("files", {"kind": kind}) for kind in ("set_id", "capability"))
FINDS = ["find", "busybox find"]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can look into every directory")


def walked(root: Path, find: str = "find", getcap: str = "", library: str = "") -> list[Observation]:
    """What is observed of set_id and capability where the walk goes over one directory; `getcap` replaces the program."""
    if not shutil.which(find.split(maxsplit=1)[0]):
        pytest.skip(f"{find} is not installed")
    programs = root.parent / "programs"
    programs.mkdir()
    if getcap:
        (programs / "getcap").write_text(f"#!/bin/sh\n{getcap}\n")
        (programs / "getcap").chmod(0o755)
    shell = f"""have() {{ command -v "$1" >/dev/null; }}
{library}
find() {{
  if [ "$1" = /dev/null ]; then command {find} "$@"; return; fi
  while [ "${{1#-}}" = "$1" ]; do shift; done
  command {find} '{root}' "$@"
}}
"""
    script = PROBE.ask([call.mapping() for call in CALLS]).script
    done = subprocess.run(
        ["sh", "-c", shell + script],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C"}, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    batch = Batch(1, "files", CALLS, "", Frame(1, rest=done.stdout, stderr=done.stderr, exit=done.returncode))
    return [observe(PROBE, call, exhibit.answer) for call, exhibit in zip(CALLS, split_batch(batch, PROBE, 0), strict=True)]


def granted(observation: Observation) -> set[str]:
    assert isinstance(observation, Observed), observation
    grants = observation.attributes["grants"]
    assert isinstance(grants, tuple)
    return {str(record["grant"]) for record in grants}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    for name in ("plain", "with blank", "data"):
        (folder / name).write_bytes(b"#!/bin/true\n")
        (folder / name).chmod(0o755)
    (folder / "data").chmod(0o644)
    return folder


def give(path: Path, capabilities: str) -> None:
    if not shutil.which("setcap") or not shutil.which("getcap"):
        pytest.skip("setcap and getcap are not installed")
    if subprocess.run(["setcap", capabilities, str(path)], capture_output=True, check=False).returncode:
        pytest.skip("this file system takes no capabilities")


@pytest.mark.parametrize("find", FINDS)
def test_each_capability_of_a_program_is_told_and_the_other_kinds_are_as_ever(root: Path, find: str):
    give(root / "plain", "cap_setuid+ep")
    give(root / "with blank", "cap_net_raw,cap_chown=ip cap_kill=p")
    (root / "set").touch()
    (root / "set").chmod(0o4755)
    set_id, capability = walked(root, find)
    assert granted(capability) == {
        f"{root}/plain cap_setuid", f"{root}/with blank cap_net_raw", f"{root}/with blank cap_chown",
        f"{root}/with blank cap_kill",
    }  # fmt: skip
    assert isinstance(set_id, Observed)
    assert set_id.attributes["count"] == 1


@pytest.mark.parametrize("find", FINDS)
def test_a_program_that_has_all_of_them_is_told(root: Path, find: str):
    give(root / "plain", "all+ep")
    assert granted(walked(root, find)[1]) == {f"{root}/plain all"}


@pytest.mark.parametrize("find", FINDS)
def test_what_nobody_can_execute_is_not_asked(root: Path, find: str):
    give(root / "data", "cap_setuid+ep")
    assert granted(walked(root, find)[1]) == set()


def test_without_getcap_capabilities_are_not_decided_and_the_rest_is(root: Path):
    set_id, capability = walked(root, library='have() { [ "$1" != getcap ]; }')
    assert isinstance(set_id, Observed)
    assert isinstance(capability, Unobservable)
    assert "no getcap" in capability.reason


def test_the_words_of_older_programs_are_read_too(root: Path):
    getcap = 'for path; do case $path in *blank) printf "%s = cap_net_admin,cap_net_raw+eip\\n" "$path" ;; esac; done'
    grants = granted(walked(root, getcap=getcap)[1])
    assert grants == {f"{root}/with blank cap_net_admin", f"{root}/with blank cap_net_raw"}


def test_a_file_system_that_has_no_capabilities_is_no_fault_and_one_that_fails_is(root: Path):
    complain = "echo \"Failed to get capabilities of file '$1' ({})\" >&2; exit 1"
    assert granted(walked(root, getcap=complain.format("Operation not supported"))[1]) == set()
    shutil.rmtree(root.parent / "programs")
    assert isinstance(walked(root, getcap=complain.format("Input/output error"))[1], Unobservable)


@pytest.mark.parametrize("find", FINDS)
def test_a_name_with_a_line_break_hides_no_capability(root: Path, find: str):
    hidden = root / "a\n" / "ping"
    hidden.parent.mkdir()
    hidden.write_bytes(b"x")
    hidden.chmod(0o755)
    give(hidden, "cap_setuid+ep")
    capability = walked(root, find)[1]
    assert isinstance(capability, Unobservable)
    assert "holds a line break" in capability.reason


def test_an_empty_set_takes_rights_away_and_grants_none(root: Path):
    assert granted(walked(root, getcap='for path; do printf "%s =\\n" "$path"; done')[1]) == set()


def test_what_another_kind_has_is_no_empty_list(root: Path):
    set_id, capability = walked(root, getcap="true")
    assert isinstance(set_id, Observed)
    assert isinstance(capability, Observed)
    assert isinstance(set_id.attributes["grants"], Unobservable)
    assert isinstance(capability.attributes["entries"], Unobservable)
