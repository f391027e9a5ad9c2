"""A root with busybox and dropbear alone, the way small appliances have them, made of Debian's packages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .hosts import OwnFile, Shape
from .roots import Recipe, debian_root

_RECIPE = Recipe("bookworm", ("busybox-static", "dropbear-bin"), "extract")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nplain:x:2003:2003:plain:/home/plain:/bin/sh\n",
    "etc/group": "root:x:0:\nplain:x:2003:\n",
    "etc/shadow": "root:*:20000:0:99999:7:::\nplain:*:20000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/os-release": 'ID=busybox\nPRETTY_NAME="Busybox appliance"\n',
}
_FOLDERS = (
    "bin",
    "sbin",
    "usr/bin",
    "usr/sbin",
    "etc/dropbear",
    "root",
    "home/plain",
    "tmp",
    "var/log",
    "proc",
    "sys",
    "dev",
    "run",
)
_HOST_KEY = "/etc/dropbear/dropbear_ed25519_host_key"


def busybox_root(folder: Path) -> str:
    """Make the root in a folder, with a host key of its own; the key's public line. Raises NoRootError."""
    shutil.copytree(
        debian_root(_RECIPE), folder, symlinks=True, ignore=shutil.ignore_patterns("dev", "doc", "lintian", "man", "dpkg", "apt")
    )
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    (folder / "etc/shadow").chmod(0o600)
    (folder / "root").chmod(0o700)
    (folder / "tmp").chmod(0o1777)
    shutil.chown(folder / "home/plain", 2003, 2003)
    applets = _run(folder, "/bin/busybox", "--list-full").split()
    for path in applets:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to("/bin/busybox")
    said = _run(folder, "/usr/bin/dropbearkey", "-t", "ed25519", "-f", _HOST_KEY)
    return " ".join(next(line for line in said.splitlines() if line.startswith("ssh-ed25519 ")).split()[:2])


def busybox_shape(authorized_key: str, files: Mapping[str, str]) -> Shape:
    """How it is booted: dropbear and nothing else; root and plain may sign in. `files` are texts by path."""
    return Shape(
        boot=("/usr/sbin/dropbear", "-F", "-E", "-s"),
        files={
            "/root/.ssh/authorized_keys": OwnFile(f"{authorized_key}\n", 0o600),
            "/home/plain/.ssh/authorized_keys": OwnFile(f"{authorized_key}\n", 0o600, 2003),
            **{path: OwnFile(text) for path, text in files.items()},
        },
    )


def _run(folder: Path, *words: str) -> str:
    return subprocess.run(["chroot", str(folder), *words], capture_output=True, text=True, check=True).stdout
