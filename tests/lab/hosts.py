"""Hosts: a shared root, a layer with what is this host's own, an upper layer for what it writes, and a booted system on top."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .enclosure import Enclosure

USERS = {"scan": 2001, "scanpw": 2002, "plain": 2003}
_STOP_S = 15.0
_FIRST = {"systemd", "(sd-stubinit)", "sd-stubinit"}


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of a host's own layer."""

    text: str
    mode: int = 0o644
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """How a host differs from the usual. `disk` limits what it can write (as in tmpfs(5)); `boot` replaces its init."""

    read_only: bool = False
    disk: str = "1g"
    boot: Sequence[str] = ()
    nspawn: Sequence[str] = ()
    files: Mapping[str, OwnFile] = field(default_factory=dict)


@dataclass(slots=True)
class Host:
    """A running host. `leader` is its first process, by the number it has on this machine."""

    name: str
    address: str
    inner_address: str
    enclosure: Enclosure
    process: subprocess.Popen[bytes]
    leader: int
    host_keys: tuple[str, ...]
    shape: Shape = field(default_factory=Shape)

    @property
    def upper(self) -> Path:
        """What it has written since it was made, as overlayfs keeps it."""
        return self.enclosure.path(f"{_folder(self.name)}/disk/upper")

    @property
    def root(self) -> Path:
        """Its whole file system."""
        return Path(f"/proc/{self.leader}/root")

    def run(self, script: str, *, check: bool = True, timeout_s: float = 60) -> str:
        """Run a shell script as its root, without SSH; what it prints. Raises RuntimeError when it fails and `check` is set."""
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--all", "--", "/bin/sh", "-c", script],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C"}, cwd="/",
            capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=timeout_s, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(
                f"on {self.name}: exit status {done.returncode}: {done.stderr.strip() or done.stdout.strip()[-500:]}"
            )
        return done.stdout

    def wait_until_settled(self) -> str:
        """Return once everything that starts at boot has started: running or degraded, in systemd's words."""
        return self.run("systemctl is-system-running --wait", check=False).strip()

    def cpu_s(self) -> float:
        """Processor seconds that its processes have used so far, as the kernel counts them."""
        stat = self.enclosure.cgroup / self.name / "cpu.stat"
        return int(stat.read_text().split()[1]) / 1e6

    def power_off(self) -> None:
        """Halt in order; after a while, without. What it has written stays, for it to be started again."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.leader, signal.SIGRTMIN + 4)  # poweroff.target, systemd(1)
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
            self.process.wait(_STOP_S)

    def power_on(self) -> None:
        """Boot again after `power_off`, with what it had written, until everything that starts at boot has started."""
        self.process, self.leader = _spawn(self.enclosure, self.name, self.shape, f"/run/netns/{self.name}")
        self.wait_until_settled()

    def stop(self) -> None:
        """Halt, and forget what it has written."""
        self.power_off()
        self.enclosure.run("umount", f"{_folder(self.name)}/root", f"{_folder(self.name)}/disk")


def start_host(enclosure: Enclosure, name: str, root: Path, shape: Shape, network: str) -> tuple[subprocess.Popen[bytes], int]:
    """Mount a host's layers and start it in a network namespace (its path inside); nspawn's process and the host's first one."""
    folder = _folder(name)
    _write_layer(enclosure.path(folder) / "own", root, name, shape.files)
    enclosure.run("mkdir", f"{folder}/disk", f"{folder}/root")
    enclosure.run("mount", "-t", "tmpfs", "-o", f"size={shape.disk},mode=0755", "lab", f"{folder}/disk")
    enclosure.run("mkdir", f"{folder}/disk/upper", f"{folder}/disk/work")
    layers = f"lowerdir={folder}/own:{root},upperdir={folder}/disk/upper,workdir={folder}/disk/work"
    enclosure.run("mount", "-t", "overlay", "-o", layers, "lab", f"{folder}/root")
    return _spawn(enclosure, name, shape, network)


def _spawn(enclosure: Enclosure, name: str, shape: Shape, network: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a host whose layers are mounted; nspawn's process and the host's first one."""
    folder = _folder(name)
    cgroup = f"/sys/fs/cgroup/{name}"
    spawn = [
        "systemd-nspawn", "--quiet", f"--directory={folder}/root", f"--machine={name}", f"--network-namespace-path={network}",
        "--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
        *(["--read-only"] if shape.read_only else []), *shape.nspawn,
        *(["--as-pid2", *shape.boot] if shape.boot else ["--boot"]),
    ]  # fmt: skip
    join = f'mkdir -p {cgroup} && echo $$ >{cgroup}/cgroup.procs && exec "$@"'
    with (enclosure.path(folder) / "console").open("wb") as console:
        process = subprocess.Popen(
            enclosure.inside("sh", "-c", join, "sh", *spawn), stdin=subprocess.DEVNULL, stdout=console, stderr=console
        )
    return process, _wait_for_leader(process, enclosure.path(folder) / "console")


def own_files(authorized_key: str, *, root_too: bool = False) -> dict[str, OwnFile]:
    """Who may sign in: the lab's users, and root where asked."""
    line = f"{authorized_key} lab\n"
    files = {f"/home/{user}/.ssh/authorized_keys": OwnFile(line, 0o600, uid) for user, uid in USERS.items()}
    return {**files, **({"/root/.ssh/authorized_keys": OwnFile(line, 0o600)} if root_too else {})}


def _folder(name: str) -> str:
    return f"/run/lab/{name}"


def _write_layer(layer: Path, root: Path, name: str, files: Mapping[str, OwnFile]) -> None:
    """The host's own layer. Folders that are in the root keep its modes; new ones are their owner's alone."""
    own = {
        "/etc/hostname": OwnFile(f"{name}\n"),
        "/etc/hosts": OwnFile(f"127.0.0.1 localhost\n127.0.1.1 {name}\n"),
        "/etc/machine-id": OwnFile(f"{secrets.token_hex(16)}\n", 0o444),
        **files,
    }
    layer.mkdir(parents=True)
    shutil.copystat(root, layer)
    for path, file in own.items():
        folder = layer
        for part in Path(path).parts[1:-1]:
            folder /= part
            if folder.is_dir():
                continue
            folder.mkdir(mode=0o700)
            below = root / folder.relative_to(layer)
            os.chown(folder, file.uid, file.uid)
            if below.is_dir():
                shutil.copystat(below, folder)
                os.chown(folder, below.stat().st_uid, below.stat().st_gid)
        target = layer / path.lstrip("/")
        target.write_text(file.text)
        target.chmod(file.mode)
        os.chown(target, file.uid, file.uid)


def _wait_for_leader(process: subprocess.Popen[bytes], console: Path) -> int:
    """The host's first process, once it is more than a fork of nspawn."""
    ends_at = time.monotonic() + 15
    while time.monotonic() < ends_at and process.poll() is None:
        for number in _descendants(process.pid):
            with contextlib.suppress(OSError):
                status = dict(line.split(":", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines())
                levels = status["NSpid"].split()
                if len(levels) >= 3 and levels[-1] == "1" and status["Name"].strip() in _FIRST:
                    return number
        time.sleep(0.01)
    raise RuntimeError(f"the host did not start: {console.read_text(errors='replace')[-500:]}")


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for number in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split())
    return found
