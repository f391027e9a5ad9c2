"""What files set at the next start, asked of this machine with other files, another init and other values in place of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from test_settings_asked import as_root, ask, every_shell

from secscan.model.values import Absent, Unobservable

KERNEL = {"kernel/kptr_restrict": "1", "kernel/randomize_va_space": "2", "kernel/printk": "4\t4\t1\t7", "net/ipv4/ip_forward": "1",
          "kernel/core_pattern": "core", "net/ipv4/conf/all/rp_filter": "2", "net/ipv4/conf/lo/rp_filter": "0",
          "net/ipv4/conf/default/rp_filter": "2"}  # fmt: skip
_MOUNTS = Path("/proc/1/mountinfo")
pytestmark = [
    as_root,
    pytest.mark.skipif(
        os.geteuid() != 0 or any(line.split()[4].startswith("/proc/sys") for line in _MOUNTS.read_text().splitlines()),
        reason="the kernel's parameters are another machine's here",
    ),
]


class Machine:
    """One without files but those that a test writes, whose kernel says what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.over: dict[str, Path] = {}
        for name in ("run", "etc", "lib", "systemd", "own"):
            (folder / name).mkdir()
        for path, source in {
            "/run": "run",
            "/etc/sysctl.d": "etc",
            "/usr/lib/sysctl.d": "lib",
            "/usr/lib/systemd": "systemd",
        }.items():
            self.over[path] = folder / source
        for path in ("/etc/systemd/system", "/etc/ufw", "/etc/default", "/usr/local/lib/sysctl.d"):
            if Path(path).is_dir():
                (folder / path.replace("/", "_")).mkdir()
                self.over[path] = folder / path.replace("/", "_")
        self.lies_over("/etc/sysctl.conf", "")
        self.lies_over("/usr/bin/systemd-detect-virt", "#!/bin/sh\necho kvm\n", 0o755)
        for key, value in KERNEL.items():
            self.runs(key, value)

    def lies_over(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file in the place of one that this machine has."""
        if Path(path).exists():
            own = self.folder / "own" / path.replace("/", "_")
            own.write_text(text)
            own.chmod(mode)
            self.over[path] = own

    def runs(self, key: str, value: str, mode: int = 0o644) -> None:
        if not Path(f"/proc/sys/{key}").exists():
            pytest.skip(f"no {key} in the kernel here")
        self.lies_over(f"/proc/sys/{key}", f"{value}\n", mode)

    def has(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def with_systemd(self) -> Machine:
        (self.folder / "run/systemd/system").mkdir(parents=True)
        unit = self.has("systemd/system/systemd-sysctl.service", "[Service]\n")
        (unit.parent / "sysinit.target.wants").mkdir()
        (unit.parent / "sysinit.target.wants/systemd-sysctl.service").symlink_to("../systemd-sysctl.service")
        return self

    def tells(self, shell: str = "dash"):
        return ask("sysctl_drift", self.over, shell)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path).with_systemd()


def differing(observed) -> dict[str, str]:
    """What is written, by the parameter as it runs."""
    return {record["setting"]: record["written"] for record in observed.attributes["differing"]}


@every_shell
def test_every_key_that_a_file_names_is_compared(machine, shell):
    machine.has(
        "etc/60-own.conf", "# why\n; and\n\n kernel.kptr_restrict = 2 \n-kernel/randomize_va_space=2\nnet.ipv4.ip_forward=0\r\n"
    )
    answer, observed = machine.tells(shell)
    assert differing(observed) == {"kernel.kptr_restrict=1": "2", "net.ipv4.ip_forward=1": "0"}, answer
    (first, _) = observed.attributes["differing"]
    assert (first["file"], first["running"], first["how"]) == ("/etc/sysctl.d/60-own.conf", "1", "differs")
    assert (observed.attributes["compared"], observed.attributes["applied"]) == (3, True)


@pytest.mark.parametrize("awk", ["mawk", "gawk", "busybox awk", "original-awk"])
def test_every_awk_tells_the_same(machine, awk):
    if not shutil.which(awk.split(maxsplit=1)[0]):
        pytest.skip(f"{awk} is not installed")
    program = shutil.which(awk.split(maxsplit=1)[0])
    machine.has("awk/awk", f'#!/bin/sh\nexec {program} {"awk" if " " in awk else ""} "$@"\n').chmod(0o755)
    machine.over["/usr/local/sbin"] = machine.folder / "awk"
    machine.lies_over(os.path.realpath("/usr/bin/awk"), '#!/bin/sh\nexec /usr/local/sbin/awk "$@"\n', 0o755)
    if os.path.realpath("/usr/bin/awk") == os.path.realpath(str(program)):
        del machine.over[os.path.realpath("/usr/bin/awk")]
    machine.has(
        "etc/60-own.conf",
        "kernel.kptr_restrict = 2\nnet.ipv4.conf.[a]*.rp_filter=1\n kernel/printk =\t4 \n-net.ipv4.conf.lo.rp_filter\n",
    )
    machine.has("etc/61=own.conf", "kernel.core_pattern = |/bin/x --token y\n;\nkernel.no=1\n")
    assert differing(machine.tells()[1]) == {"kernel.kptr_restrict=1": "2", "net.ipv4.conf.all.rp_filter=2": "1"}


@every_shell
def test_a_file_masks_those_of_its_name_in_lower_places_and_later_names_win(machine, shell):
    machine.has("lib/50-default.conf", "kernel.kptr_restrict = 0\n")
    machine.has("lib/60-vendor.conf", "kernel.randomize_va_space = 0\n")
    machine.has("run/sysctl.d/60-vendor.conf", "kernel.randomize_va_space = 2\n")
    machine.has("etc/70-own.conf", "kernel.printk = 3 4 1 3\n")
    machine.has("lib/80-last.conf", "kernel.printk = 4\n")
    machine.has("lib/90-gone.conf", "net.ipv4.ip_forward = 0\n")
    (machine.folder / "etc/50-default.conf").symlink_to("/dev/null")
    machine.has("etc/90-gone.conf", "")
    machine.has("etc/95-no.conf.bak", "net.ipv4.ip_forward = 0\n")
    machine.has("etc/.95-no.conf", "net.ipv4.ip_forward = 0\n")
    assert differing(machine.tells(shell)[1]) == {}
    (machine.folder / "etc/50-default.conf").unlink()
    assert differing(machine.tells(shell)[1]) == {"kernel.kptr_restrict=1": "0"}


@every_shell
def test_patterns_and_exclusions_are_followed_as_systemd_does(machine, shell):
    machine.has(
        "etc/50.conf",
        "net.ipv4.conf.default.rp_filter = 2\nnet.ipv4.conf.*.rp_filter = 1\n-net.ipv4.conf.lo.rp_filter\n-kernel.kptr_restrict\n",
    )
    machine.has("etc/10.conf", "kernel.kptr_restrict = 2\nnet.ipv4.conf.*.rp_filter = 0\n")
    assert differing(machine.tells(shell)[1])["net.ipv4.conf.all.rp_filter=2"] == "1"
    machine.has("etc/50.conf", "net/ipv4/conf/[ad]*/rp_filter = 2\n-kernel.kptr_restrict\n")
    machine.has("etc/10.conf", "kernel.kptr_restrict = 2\n")
    assert differing(machine.tells(shell)[1]) == {}


@every_shell
def test_what_the_kernel_does_not_have_or_does_not_let_be_set_is_no_difference(machine, shell):
    machine.runs("kernel/core_pattern", "core", 0o444)
    text = "kernel.no_such_thing = 1\nkernel.core_pattern = |/bin/x\nnet.ipv4=1\nnet.ip*=1\n"
    machine.has("etc/1.conf", f"{text}net.ipv4.conf.nope0/5.rp_filter = 1\n../../etc/x=1\n")
    observed = machine.tells(shell)[1]
    assert (differing(observed), observed.attributes["compared"]) == ({}, 0)
    assert observed.attributes["missing"] == ("kernel.no_such_thing", "net.ipv4", "net.ip*", "net.ipv4.conf.nope0/5.rp_filter")
    assert observed.attributes["not_compared"] == ("kernel.core_pattern: a start of this system cannot set it",)


@every_shell
def test_a_write_only_key_and_a_secret_are_not_compared_and_a_secret_stays(machine, shell):
    machine.runs("kernel/core_pattern", "|/bin/up --token abcdef", 0o644)
    machine.runs("kernel/printk", "4", 0o200)
    machine.has("etc/1.conf", "kernel.core_pattern = |/bin/up token=verysecret\nkernel.printk = 1\nkernel.password = verysecret\n")
    answer, observed = machine.tells(shell)
    assert b"verysecret" not in answer.stdout
    assert differing(observed) == {}
    assert observed.attributes["not_compared"] == (
        "kernel.core_pattern: a secret, which stays on the host", "kernel.printk: can only be written",
    )  # fmt: skip


@every_shell
def test_a_file_that_a_start_does_not_read_is_told_unless_another_says_the_same(machine, shell):
    if "/etc/sysctl.conf" not in machine.over:
        pytest.skip("no /etc/sysctl.conf here to lie over")
    machine.lies_over("/etc/sysctl.conf", "kernel.kptr_restrict = 1\nkernel.randomize_va_space = 2\n")
    machine.has("etc/1.conf", "kernel.randomize_va_space = 2\n")
    (record,) = machine.tells(shell)[1].attributes["differing"]
    assert (record["setting"], record["file"], record["how"]) == ("kernel.kptr_restrict=1", "/etc/sysctl.conf", "not read")
    (machine.folder / "etc/99-sysctl.conf").symlink_to("../sysctl.conf")
    assert differing(machine.tells(shell)[1]) == {}


@every_shell
def test_a_masked_service_applies_nothing(machine, shell):
    machine.has("etc/1.conf", "kernel.kptr_restrict = 1\n")
    (machine.folder / "run/systemd/system/systemd-sysctl.service").symlink_to("/dev/null")
    observed = machine.tells(shell)[1]
    assert (observed.attributes["applied"], observed.attributes["compared"]) == (False, 1)
    assert observed.attributes["not_applied_because"] == "systemd-sysctl.service is masked"


@every_shell
def test_ufw_writes_its_own_file_after_the_others_when_it_is_on(machine, shell):
    if not {"/etc/ufw", "/etc/default", "/etc/systemd/system"} <= set(machine.over):
        pytest.skip("no /etc/ufw here to lie over")
    machine.has("_etc_default/ufw", 'IPT_SYSCTL="/etc/ufw/sysctl.conf"\n')
    machine.has("etc/1.conf", "net.ipv4.conf.all.rp_filter = 2\n")
    machine.has("_etc_ufw/sysctl.conf", "net/ipv4/conf/all/rp_filter=1\n")
    conf = machine.has("_etc_ufw/ufw.conf", "ENABLED=no\n")
    wants = machine.folder / "_etc_systemd_system/multi-user.target.wants"
    wants.mkdir()
    (wants / "ufw.service").symlink_to("/proc/self/exe")
    assert differing(machine.tells(shell)[1]) == {}
    conf.write_text("ENABLED=yes\n")
    (record,) = machine.tells(shell)[1].attributes["differing"]
    assert (record["written"], record["file"]) == ("1", "/etc/ufw/sysctl.conf")


@every_shell
def test_in_a_container_only_its_own_network_is_compared(machine, shell):
    machine.lies_over("/usr/bin/systemd-detect-virt", "#!/bin/sh\necho lxc\n", 0o755)
    machine.has("etc/1.conf", "kernel.kptr_restrict = 2\n")
    assert isinstance(machine.tells(shell)[1], Absent)
    machine.has("etc/1.conf", "kernel.kptr_restrict = 2\nnet.ipv4.ip_forward = 0\n")
    assert differing(machine.tells(shell)[1]) == {"net.ipv4.ip_forward=1": "0"}


@every_shell
def test_a_container_without_an_init_system_applies_nothing(tmp_path, shell):
    machine = Machine(tmp_path)
    machine.lies_over("/usr/bin/systemd-detect-virt", "#!/bin/sh\necho docker\n", 0o755)
    machine.has("etc/1.conf", "net.ipv4.ip_forward = 0\n")
    assert isinstance(machine.tells(shell)[1], Absent)


@every_shell
def test_busybox_reads_alpines_files_in_the_order_of_its_init_script(tmp_path, shell):
    if not Path("/etc/init.d/procps").exists():
        pytest.skip("nothing in /etc/init.d here")
    machine = Machine(tmp_path)
    machine.has("run/openrc/softlevel", "default\n")
    machine.has("init.d/sysctl", "Ignoring /usr/lib/sysctl.d\n")
    machine.over |= {"/etc/init.d": tmp_path / "init.d"}
    machine.lies_over(os.path.realpath("/sbin/sysctl"), "#!/bin/sh\nexit 1\n", 0o755)
    machine.has("lib/00-alpine.conf", "kernel.kptr_restrict = 0\nnet.ipv4.conf.lo.rp_filter 9\n-net.ipv4.conf.lo.rp_filter=9\n")
    machine.has("etc/00-own.conf", "kernel.kptr_restrict = 2 # no\nnet.ipv4.conf.*.rp_filter = 9\n")
    machine.has("run/sysctl.d/00-alpine.conf.no", "")
    answer, observed = machine.tells(shell)
    assert differing(observed) == {"kernel.kptr_restrict=1": "2 # no"}, answer
    assert observed.attributes["applied"] is False
    machine.has("run/sysctl.d/z.conf", "kernel.kptr_restrict=1\n")
    assert differing(machine.tells(shell)[1]) == {}
    machine.has("init.d/sysctl", "something else\n")
    (record,) = machine.tells(shell)[1].attributes["differing"]
    assert record["setting"] == Unobservable("/etc/init.d/sysctl is not known")


@every_shell
@pytest.mark.parametrize(
    ("version", "written"),
    [("3.3.17", {"kernel.kptr_restrict=1": "2"}), ("4.0.4", {"net.ipv4.conf.all.rp_filter=2": "1", "kernel.kptr_restrict=1": "2"})],
)
def test_sysvinit_runs_procps_with_the_main_file_last_and_patterns_since_its_version_4(tmp_path, shell, version, written):
    if not Path("/etc/init.d/procps").exists() or not Path("/etc/sysctl.conf").exists():
        pytest.skip("no /etc/init.d/procps here")
    machine = Machine(tmp_path)
    machine.lies_over(os.path.realpath("/sbin/sysctl"), f"#!/bin/sh\necho sysctl from procps-ng {version}\n", 0o755)
    machine.has("etc/1.conf", "kernel.kptr_restrict = 1\nnet.ipv4.conf.a*.rp_filter = 1\nkernel.printk =\n")
    machine.lies_over("/etc/sysctl.conf", "kernel.kptr_restrict = 2\n")
    assert differing(machine.tells(shell)[1]) == written


@every_shell
@pytest.mark.parametrize("kind", ["fifo", "endless", "large", "odd", "long", "braces", "unknown link"])
def test_what_cannot_be_read_to_the_end_is_not_known(machine, shell, kind):
    file = machine.folder / "etc/66.conf"
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "endless":
        file.symlink_to("/dev/zero")
    elif kind == "large":
        with file.open("wb") as stream:
            stream.truncate(3 << 30)
    elif kind == "odd":
        file.write_bytes(b"kernel.kptr_restrict$(id)=1\n")
    elif kind == "long":
        file.write_text(f"kernel.core_pattern={'x' * 5000}\n")
    elif kind == "braces":
        file.write_text("net.ipv4.conf.{lo,all}.rp_filter=1\n")
    else:
        (machine.folder / "etc/a\nb.conf").write_text("kernel.kptr_restrict=2\n")
    observed = machine.tells(shell)[1]
    (record,) = observed.attributes["differing"]
    assert isinstance(record["setting"], Unobservable), record


def test_more_parameters_than_anybody_sets_are_not_followed(machine):
    machine.has("etc/1.conf", "".join(f"kernel.made_up_{number}=1\n" for number in range(12_000)))
    (record,) = machine.tells()[1].attributes["differing"]
    assert "more than 10000" in record["setting"].reason


@every_shell
def test_bytes_that_are_no_text_neither_break_the_answer_nor_count(machine, shell):
    (machine.folder / "etc/1.conf").write_bytes(b"\x00\x01\x1b[2J=1\nend\nnow x\nkernel.kptr_restrict = 1\x07\n\xff\xfe=3\n")
    answer, observed = machine.tells(shell)
    assert differing(observed) in ({"kernel.kptr_restrict=1": "1?"}, {"kernel.kptr_restrict=1": "1"}), answer
