"""Mount tables are merged as the kernel, mount(8) and systemd do it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.filesystem.mounts import read_table, settle_options, unit_name

UNITS = {
    "/": "-.mount",
    "/tmp": "tmp.mount",
    "/var/tmp/": "var-tmp.mount",
    "//srv//x": "srv-x.mount",
    "/srv/my data": r"srv-my\x20data.mount",
    "/srv/a-b": r"srv-a\x2db.mount",
    "/.hidden/.b": r"\x2ehidden-.b.mount",
    "/srv/é": r"srv-\xc3\xa9.mount",
}


@pytest.mark.parametrize(("path", "unit"), UNITS.items(), ids=UNITS)
def test_a_mount_point_has_the_unit_that_systemd_gives_it(path, unit):
    assert unit_name(path) == unit
    if shutil.which("systemd-escape"):
        said = subprocess.run(["systemd-escape", "-p", "--suffix=mount", path], capture_output=True, text=True, check=True).stdout
        assert said.strip() == unit


OPTIONS = {
    "nosuid,nodev": ("nosuid", "nodev"),
    "nosuid,suid": ("suid",),
    "ro,rw": ("rw",),
    "user": ("user", "noexec", "nosuid", "nodev"),
    "user,exec": ("user", "nosuid", "nodev", "exec"),
    "exec,users": ("users", "noexec", "nosuid", "nodev"),
    "noatime,nodev,nodev": ("noatime", "nodev"),
    "norecovery,": ("norecovery",),
}


@pytest.mark.parametrize(("written", "settled"), OPTIONS.items(), ids=OPTIONS)
def test_of_contrary_mount_options_the_last_holds(written, settled):
    assert settle_options(written) == settled


@given(st.lists(st.sampled_from(["suid", "nosuid", "dev", "nodev", "exec", "noexec", "ro", "rw", "user", "defaults", "size=1"])))
def test_settled_options_are_settled(options):
    once = settle_options(",".join(options))
    assert not {"suid", "nosuid"} <= set(once)
    assert not {"ro", "rw"} <= set(once)
    assert len(once) == len(set(once))


def test_a_drop_in_of_a_higher_directory_hides_one_of_the_same_name():
    table = read_table([
        "fstab tmpfs /tmp tmpfs nosuid",
        "unit /etc/systemd/system/tmp.mount.d/10.conf Options=nodev",
        "unit /usr/lib/systemd/system/tmp.mount.d/10.conf Options=noexec",
    ])  # fmt: skip
    assert table.configured["/tmp"].options == ("nodev",)


def test_a_vendor_unit_does_not_replace_fstab():
    table = read_table(["fstab tmpfs /tmp tmpfs nosuid", "unit /usr/lib/systemd/system/tmp.mount Options=rw", "wanted tmp.mount"])
    assert table.configured["/tmp"].file == "/etc/fstab"


def test_the_mount_made_last_covers_the_others():
    table = read_table(["mounted a / ext4 rw 0 0", "mounted b /srv ext4 rw 0 0", "mounted c /srv xfs ro 0 0"])
    assert table.holding("/srv/x").source == "c"
    assert table.holding("/srvx").source == "a"


def test_of_two_lines_of_fstab_for_one_path_only_what_both_say_holds():
    table = read_table(["fstab tmpfs /tmp tmpfs nosuid,nodev", "fstab tmpfs /tmp tmpfs nodev,noexec,nosuid"])
    assert table.configured["/tmp"].options == ("nosuid", "nodev")


def test_what_is_not_mounted_at_the_start_is_not_configured_unless_entering_it_mounts_it():
    table = read_table(["fstab a /a ext4 noauto,nosuid", "fstab b /b ext4 noauto,x-systemd.automount"])
    assert set(table.configured) == {"/b"}
