"""What apt's own, already fetched lists say about updates, with programs that only print what apt printed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call, Observed
from secscan.model.values import Unobservable
from secscan.probes.updates import PROBE, newest_kernel

MAIN, SECURITY = "deb.example_debian_dists_bookworm", "deb.example_security_dists_bookworm-security"
POLICY = """libssl3:
  Installed: 3.0.15-1
  Candidate: 3.0.17-1
  Version table:
     3.0.17-1 500
        500 http://deb.example/debian bookworm/main amd64 Packages
     3.0.16-1 500
        500 http://deb.example/security bookworm-security/main amd64 Packages
 *** 3.0.15-1 100
        100 /var/lib/dpkg/status
tzdata:
  Installed: 2025a-0
  Candidate: 2025b-0
  Version table:
     2025b-0 500
        500 http://deb.example/debian bookworm-updates/main amd64 Packages
 *** 2025a-0 100
        100 /var/lib/dpkg/status
snapd:
  Installed: 2.63
  Candidate: 2.65
  Version table:
     2.65 500 (phased 10%)
        500 http://deb.example/debian bookworm-updates/main amd64 Packages
 *** 2.63 100
        100 /var/lib/dpkg/status
nginx:
  Installed: 1.24-1
  Candidate: 1.24-1
  Version table:
     1.26-1 -1
        500 http://deb.example/security bookworm-security/main amd64 Packages
 *** 1.24-1 100
        100 /var/lib/dpkg/status
bash:
  Installed: 5.2-2
  Candidate: 5.2-1
  Version table:
 *** 5.2-2 100
        100 /var/lib/dpkg/status
     5.2-1 1001
       1001 http://deb.example/debian bookworm/main amd64 Packages
"""


def asked(tmp_path: Path, fetched: list[str], sources: tuple[str, ...] = (MAIN, SECURITY)) -> Observed:
    """The observation where apt knows these sources and these lists were fetched."""
    lists = tmp_path / "lists"
    lists.mkdir()
    for name in fetched:
        (lists / f"{name}_InRelease").touch()
    (tmp_path / "status").write_text("Package: bash\n")
    (tmp_path / "policy").write_text(POLICY)
    targets = "".join(f"'http://deb.example/{name}' {name}_InRelease 0\\n" for name in sources)
    programs = {
        "apt-get": f'printf "{targets}"',
        "apt-cache": f"cat '{tmp_path}/policy'",
        "apt-config": "true",
        "dpkg-query": 'case $2 in *Want*) printf "install bash\\nhold linux-image\\n" ;; *) echo "installed bash" ;; esac',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    library = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { :; }\n'
    script = (
        PROBE.ask([{}]).script.replace("/var/lib/dpkg/status ]", f"{tmp_path}/status ]").replace("/var/lib/apt/lists", str(lists))
    )
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", library + script], env=environment, capture_output=True, check=True, timeout=60)
    observed = observe(PROBE, Call("updates", ()), Answer(done.stdout))
    assert isinstance(observed, Observed), (observed, done)
    return observed


def test_an_update_that_passes_a_security_fix_is_a_security_update(tmp_path: Path):
    found = asked(tmp_path, [MAIN, SECURITY]).attributes
    packages = found["packages"]
    assert isinstance(packages, tuple)
    assert [(record["name"], record["security"], record["phased"]) for record in packages] == [
        ("libssl3", True, False),
        ("tzdata", False, False),
        ("snapd", False, True),
    ]
    assert (found["pending"], found["security"], found["held"]) == (2, 1, ("linux-image",))


def test_a_list_that_was_never_fetched_makes_the_numbers_unknown_and_never_zero(tmp_path: Path):
    found = asked(tmp_path, [MAIN]).attributes
    assert found["pending"] == found["security"] == Unobservable(f"the package lists of {SECURITY} were never fetched")


def test_without_a_security_archive_the_number_of_security_updates_is_unknown(tmp_path: Path):
    found = asked(tmp_path, [MAIN], (MAIN,)).attributes
    assert found["pending"] == 2
    assert isinstance(found["security"], Unobservable)


def test_without_any_source_nothing_is_known(tmp_path: Path):
    assert asked(tmp_path, [], ()).attributes["pending"] == Unobservable("apt has no package source")


def test_the_newest_kernel_is_one_of_the_running_flavour():
    installed = ["6.1.0-9-amd64", "6.1.0-37-amd64", "6.12.41+deb13-amd64", "6.12.99-cloud-amd64"]
    assert newest_kernel("6.1.0-9-amd64", installed) == "6.12.41+deb13-amd64"
    assert newest_kernel("6.12.1-cloud-amd64", installed) == "6.12.99-cloud-amd64"
    assert newest_kernel("6.6.58-0-lts", installed) == ""
    assert (
        newest_kernel("5.14.0-427.el9.x86_64", ["5.14.0-427.el9.x86_64", "5.14.0-427.5.1.el9_4.x86_64"])
        == "5.14.0-427.5.1.el9_4.x86_64"
    )
