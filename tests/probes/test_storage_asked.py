"""Whether every disk below swap is encrypted, with block devices of one's own in place of the machine's."""

from __future__ import annotations

import pytest
from test_settings_asked import as_root, ask, every_shell

from secscan.model.values import Unobservable

pytestmark = as_root


@pytest.fixture
def open_swap(tmp_path):
    """What is open of swap on a device: devices are {name: uuid of the device mapper and names below}."""
    blocks = tmp_path / "block"
    blocks.mkdir()

    def look(place, devices, *, shell="dash", **files):
        for name, (uuid, *below) in devices.items():
            (blocks / name / "dm").mkdir(parents=True)
            (blocks / name / "slaves").mkdir()
            if uuid:
                (blocks / name / "dm/uuid").write_text(f"{uuid}\n")
            for each in below:
                (blocks / name / "slaves" / each).symlink_to(f"../../{each}")
        for name, text in files.items():
            (blocks / "zram0").mkdir(exist_ok=True)
            (blocks / "zram0" / name).write_text(f"{text}\n")
        swaps = tmp_path / "swaps"
        swaps.write_text(f"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n{place}\t\tpartition\t1\t0\t-2\n")
        _, observed = ask("storage_encryption", {"/proc/swaps": swaps, "/sys/class/block": blocks}, shell)
        found = observed.attributes["open_swap"]
        return found.reason if isinstance(found, Unobservable) else found

    look.blocks = blocks
    return look


DISKS = {"sda3": ("",), "sdb1": ("",), "dm-0": ("CRYPT-LUKS2-aa-one", "sda3")}


@every_shell
def test_a_volume_over_an_encrypted_and_a_plain_disk_is_open(open_swap, shell):
    assert open_swap("/dev/dm-1", {**DISKS, "dm-1": ("LVM-aa", "dm-0", "sdb1")}, shell=shell) == ("/dev/dm-1",)


@every_shell
def test_a_volume_over_encrypted_disks_is_not(open_swap, shell):
    two = {**DISKS, "dm-2": ("CRYPT-PLAIN-two", "sdb1"), "dm-1": ("LVM-aa", "dm-0", "dm-2")}
    assert open_swap("/dev/dm-1", two, shell=shell) == ()


@pytest.mark.parametrize("uuid", ["CRYPT-VERITY-aa-x", "CRYPT-INTEGRITY-aa-x", "CRYPT-SUBDEV-aa-x"])
def test_what_only_proves_that_nothing_changed_encrypts_nothing(open_swap, uuid):
    assert open_swap("/dev/dm-1", {**DISKS, "dm-1": (uuid, "sdb1")}) == ("/dev/dm-1",)


def test_a_partition_of_an_array_is_as_the_array(open_swap):
    (open_swap.blocks / "md0/md0p1").mkdir(parents=True)
    (open_swap.blocks / "md0/md0p1/partition").write_text("1\n")
    (open_swap.blocks / "md0/slaves").mkdir()
    (open_swap.blocks / "md0/slaves/dm-0").symlink_to("../../dm-0")
    (open_swap.blocks / "md0p1").symlink_to("md0/md0p1")
    assert open_swap("/dev/md0p1", DISKS) == ()


def test_a_device_that_is_not_known_is_no_answer(open_swap):
    assert "no block device" in open_swap("/dev/dm-7", DISKS)


def test_swap_in_memory_is_open_where_it_is_written_to_a_plain_disk(open_swap):
    assert open_swap("/dev/zram0", DISKS, backing_dev="/dev/sdb1") == ("/dev/zram0",)


def test_swap_in_memory_alone_is_not_open(open_swap):
    assert open_swap("/dev/zram0", DISKS, backing_dev="none") == ()
