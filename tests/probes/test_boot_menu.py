"""What the boot loader will pass at the next boot: its own menu counts, not the file from which the menu is made one day."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call, Observed
from secscan.model.values import Unobservable
from secscan.probes.kernel_boot import PROBE

ROOT = "root=UUID=0a1b ro "
KERNEL = f"\tlinux\t/boot/vmlinuz-6.1.0-37-amd64 {ROOT}"
MENU = "menuentry 'Debian GNU/Linux' --class gnu-linux $menuentry_id_option 'gnulinux-simple-0a1b' {{\n{}\n}}\n"
RECOVERY = "  menuentry 'Debian (recovery mode)' $menuentry_id_option 'gnulinux-6.1-recovery-0a1b' {{\n{}\n  }}\n"
DEFAULTS = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="audit=1"\n'
MENUS = {
    "the menu was not written anew": (MENU.format(f"{KERNEL} quiet"), "quiet"),
    "the menu was": (MENU.format(f"{KERNEL}audit=1 quiet"), "audit=1 quiet"),
    "an entry for repairs": (MENU.format(f"{KERNEL}audit=1") + RECOVERY.format(f"{KERNEL}single"), "audit=1"),
    "nothing is passed": (MENU.format(KERNEL), ""),
    "variables that are empty": (MENU.format(f"{KERNEL} ${{extra_cmdline}} quiet $vt_handoff"), "quiet"),
    "a test of memory": (MENU.format(f"{KERNEL} quiet") + MENU.format("\tlinux16\t/boot/memtest86+.bin"), "quiet"),
    "a comment": (MENU.format(f"#{KERNEL} quiet\n{KERNEL}audit=1"), "audit=1"),
    "a stub that leads elsewhere": ("search.fs_uuid 0a1b root\nconfigfile ($root)/boot/grub/grub.cfg\n", "audit=1 quiet"),
    "a word with a pass in it": (
        MENU.format(f'{KERNEL} "spec-store-bypass-disable=off" rd.password=x'),
        '"spec-store-bypass-disable=off" rd.password=***',
    ),
    "no menu": (None, "audit=1 quiet"),
}
LIBRARY = "part() { :; }\n"


def asked(tmp_path: Path, menu: str | None) -> Observed:
    """The observation where the boot loader has this menu."""
    (tmp_path / "default").mkdir()
    (tmp_path / "default/grub").write_text(DEFAULTS)
    (tmp_path / "boot/grub").mkdir(parents=True, exist_ok=True)
    if menu is not None:
        (tmp_path / "boot/grub/grub.cfg").write_text(menu)
    script = PROBE.ask([{}]).script.replace("/etc/default", f"{tmp_path}/default").replace("/boot/", f"{tmp_path}/boot/")
    script = script.replace("/etc/selinux", f"{tmp_path}/selinux")
    done = subprocess.run(["sh", "-c", LIBRARY + script], capture_output=True, check=False, timeout=60)
    observed = observe(PROBE, Call("kernel_boot", ()), Answer(done.stdout, done.stderr, done.returncode))
    assert isinstance(observed, Observed), observed
    return observed


@pytest.mark.parametrize(("menu", "passed"), MENUS.values(), ids=MENUS)
def test_the_menu_of_the_boot_loader_tells_what_is_passed_next(tmp_path: Path, menu: str | None, passed: str):
    assert asked(tmp_path, menu).attributes["configured_command_line"] == passed


def test_entries_that_differ_are_not_decided(tmp_path: Path):
    observed = asked(tmp_path, MENU.format(f"{KERNEL} quiet") + MENU.format(f"{KERNEL}audit=1"))
    assert isinstance(observed.attributes["configured_command_line"], Unobservable)


ENTRIES = {
    "one line": ("options root=UUID=0a1b ro quiet\n", "", "root=UUID=0a1b ro quiet"),
    "two lines add up": ("options root=UUID=0a1b mitigations=off\noptions quiet\n", "", "root=UUID=0a1b mitigations=off quiet"),
    "variables of RHEL 8": ("options $kernelopts $tuned_params\n", "kernelopts=root=/dev/vda1 ro\n", "root=/dev/vda1 ro"),
    "variables of RHEL 9 that tuned has set": (
        "options root=/dev/vda1 ro $tuned_params\n",
        "saved_entry=0\ntuned_params=audit=0 nohz=on\n",
        "root=/dev/vda1 ro audit=0 nohz=on",
    ),
}


@pytest.mark.parametrize("place", ["boot/loader/entries", "boot/efi/loader/entries"])
@pytest.mark.parametrize(("entry", "environment", "passed"), ENTRIES.values(), ids=ENTRIES)
def test_boot_loader_entries_go_before_the_menu(tmp_path: Path, place: str, entry: str, environment: str, passed: str):
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "0a1b-6.1.conf").write_text(f"title Linux\nlinux /vmlinuz\n{entry}")
    (tmp_path / "boot/grub2").mkdir(parents=True)
    (tmp_path / "boot/grub2/grubenv").write_text(environment)
    assert asked(tmp_path, MENU.format(f"{KERNEL} single")).attributes["configured_command_line"] == passed


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("SELINUX=permissive\nSELINUX=enforcing\n", "permissive"),
        (" SELINUX=enforcing\nSELINUX=disabled\n", "disabled"),
        ("# SELINUX=disabled\nSELINUXTYPE=targeted\nSELINUX= Enforcing\n", "enforcing"),
    ],
    ids=["the first line counts", "a blank before it", "a comment"],
)
def test_the_mode_of_selinux_is_read_as_its_library_reads_it(tmp_path: Path, text: str, mode: str):
    (tmp_path / "selinux").mkdir()
    (tmp_path / "selinux/config").write_text(text)
    assert asked(tmp_path, None).attributes["selinux_configured"] == mode
