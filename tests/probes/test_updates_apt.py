"""What apt's own, already fetched lists say about updates, with programs that only print what apt printed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call, Observed
from secscan.model.values import Unobservable
from secscan.probes.updates import PROBE
from secscan.syntax.kernels import newest_kernel

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


def asked(
    tmp_path: Path, fetched: list[str], sources: tuple[str, ...] = (MAIN, SECURITY), release: str = "", **programs: str
) -> Observed:
    """The observation where apt knows these sources and these lists were fetched; `release` is what the lists say of themselves."""
    lists = tmp_path / "lists"
    lists.mkdir()
    for name in fetched:
        (lists / f"{name}_InRelease").write_text(release)
    (tmp_path / "os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    (tmp_path / "status").write_text("Package: bash\n")
    (tmp_path / "policy").write_text(POLICY)
    targets = "".join(f"'http://deb.example/{name}' {name}_InRelease 0\\n" for name in sources)
    programs = {
        "uname": "case $1 in -v) echo '#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)' ;; *) echo 6.1.0-37-amd64 ;; esac",
        "apt-get": f'printf "{targets}"',
        "apt-cache": f"cat '{tmp_path}/policy'",
        "apt-config": "true",
        "dpkg-query": """case "$*" in *Want*) printf 'install bash\\nhold linux-image\\n' ;; *linux-image-6*) printf 6.1.140-1 ;;
            *) echo 'installed bash' ;; esac""",
        **programs,
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    library = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { :; }\n'
    script = (
        PROBE.ask([{}]).script.replace("/var/lib/dpkg/status ]", f"{tmp_path}/status ]").replace("/var/lib/apt/lists", str(lists))
    )
    script = script.replace("/etc/os-release", f"{tmp_path}/os-release").replace("/usr/bin/unattended-upgrade", "/bin/sh")
    script = script.replace("/etc/systemd/system", f"{tmp_path}/units").replace(
        "systemd_is_init() {", "systemd_is_init() { return 0"
    )
    script = script.replace("/lib/systemd/system", f"{tmp_path}/units")
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
        ("nginx", True, False),
    ]
    assert (found["pending"], found["security"], found["held"]) == (3, 2, ("nginx", "linux-image"))


def test_a_fix_that_a_pin_keeps_away_waits_all_the_same(tmp_path: Path):
    found = asked(tmp_path, [MAIN, SECURITY])
    (record,) = (each for each in found.attributes["packages"] if each["name"] == "nginx")
    assert (record["installed"], record["candidate"]) == ("1.24-1", "1.26-1")


def test_a_fix_for_another_release_is_none_for_this_one(tmp_path: Path):
    policy = POLICY.replace("bookworm-security", "trixie-security")
    found = asked(tmp_path, [MAIN, SECURITY], **{"apt-cache": f"printf '%s' '{policy}'"}).attributes
    assert ("nginx" in found["held"], found["pending"]) == (False, 2)


@pytest.mark.parametrize(
    ("until", "expired"),
    [("Sat, 18 Jan 2025 11:00:00 UTC", True), ("Sat, 18 Jan 2125 11:00:00 UTC", False)],
    ids=["over", "to come"],
)
def test_lists_that_have_expired_are_as_old_as_they_say(tmp_path: Path, until: str, expired: bool):
    release = f"Origin: Debian\nDate: Sat, 11 Jan 2025 11:00:00 UTC\nValid-Until: {until}\nSHA256:\n"
    found = asked(tmp_path, [MAIN, SECURITY], release=release).attributes
    assert (found["lists_updated"] == 1736593200.0) == expired


ORIGINS = {
    "as Debian has it": ("origin=Debian,codename=${distro_codename},label=Debian-Security", True),
    "as Ubuntu has it": ("${distro_id}:${distro_codename}-security", True),
    "all of an origin": ("origin=Debian", True),
    "a site of its own": ("site=mirror.debian.org", True),
    "point releases only": ("origin=Debian,codename=${distro_codename},label=Debian", False),
    "another archive only": ("origin=Grafana,label=stable", False),
}


@pytest.mark.parametrize(("origin", "does"), ORIGINS.values(), ids=ORIGINS)
def test_only_who_may_take_from_the_security_archive_installs_its_updates(tmp_path: Path, origin: str, does: bool):
    assert asked(tmp_path, [MAIN], **automatic(tmp_path, origin)).attributes["automatic"] is does


def test_services_of_apt_that_are_masked_install_nothing(tmp_path: Path):
    programs = automatic(tmp_path, "origin=Debian")
    (tmp_path / "units/apt-daily-upgrade.service").symlink_to("/dev/null")
    assert asked(tmp_path, [MAIN], **programs).attributes["automatic"] is False


def automatic(tmp_path: Path, origin: str) -> dict[str, str]:
    """Programs and units of a host where unattended-upgrades may take from this origin."""
    wants = tmp_path / "units/timers.target.wants"
    wants.mkdir(parents=True)
    for name in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        (tmp_path / "units" / name).touch()
        (wants / name).symlink_to(tmp_path / "units" / name)
    settings = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
    (tmp_path / "settings").write_text(f'{settings}Unattended-Upgrade::Origins-Pattern:: "{origin}";\n')
    return {"apt-config": f"cat '{tmp_path}/settings'"}


@pytest.mark.parametrize(("installed", "restart"), [("6.1.140-1", False), ("6.1.147-1", True)])
def test_a_new_build_of_the_running_kernel_wants_a_restart(tmp_path: Path, installed: str, restart: bool):
    script = f"case \"$*\" in *linux-image-6*) printf {installed} ;; *) echo 'installed bash' ;; esac"
    found = asked(tmp_path, [MAIN], **{"dpkg-query": script}).attributes
    assert (found["reboot_required"] is True) == restart


def test_a_list_that_was_never_fetched_makes_the_numbers_unknown_and_never_zero(tmp_path: Path):
    found = asked(tmp_path, [MAIN]).attributes
    assert found["pending"] == found["security"] == Unobservable(f"the package lists of {SECURITY} were never fetched")


def test_without_a_security_archive_the_number_of_security_updates_is_unknown(tmp_path: Path):
    found = asked(tmp_path, [MAIN], (MAIN,)).attributes
    assert found["pending"] == 3
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
