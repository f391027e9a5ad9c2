"""A root with busybox and dropbear alone, the way small appliances have them: made of this machine's own binaries."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from .hosts import OwnFile, Shape
from .roots import NoRootError

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nplain:x:2003:2003:plain:/home/plain:/bin/sh\n",
    "etc/group": "root:x:0:\nplain:x:2003:\n",
    "etc/shadow": "root:*:20000:0:99999:7:::\nplain:*:20000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/os-release": 'ID=busybox\nPRETTY_NAME="Busybox appliance"\n',
}
_START = "mkdir -p /dev/pts /etc/dropbear; exec dropbear -F -E -R -s"


def busybox_root(folder: Path) -> Path:
    """Make the root in a folder. Raises NoRootError when this machine lacks the binaries."""
    busybox, dropbear = _binary("busybox"), _binary("dropbear")
    if b"not a dynamic executable" not in subprocess.run(["ldd", busybox], capture_output=True, check=False).stderr:
        raise NoRootError("busybox is not the static one: install busybox-static")
    for name in ("bin", "sbin", "usr/bin", "usr/sbin", "etc", "root", "home/plain", "tmp", "var/log", "proc", "sys", "dev", "run"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "root").chmod(0o700)
    (folder / "tmp").chmod(0o1777)
    shutil.chown(folder / "home/plain", 2003, 2003)
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    (folder / "etc/shadow").chmod(0o600)
    shutil.copy(busybox, folder / "bin/busybox")
    for path in subprocess.run([busybox, "--list-full"], capture_output=True, text=True, check=True).stdout.split():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to("/bin/busybox")
    _copy_with_libraries(dropbear, folder, "usr/sbin/dropbear")
    return folder


def busybox_shape(host_key: Path) -> Shape:
    """How it is booted; its host key must be in dropbear's form (see make_host_key)."""
    return Shape(boot=("/bin/sh", "-c", _START), nspawn=(f"--bind-ro={host_key}:/etc/dropbear/dropbear_ed25519_host_key",))


def make_host_key(path: Path) -> str:
    """Make a key in dropbear's own form; its public line."""
    said = subprocess.run([_binary("dropbearkey"), "-t", "ed25519", "-f", path], capture_output=True, text=True, check=True).stdout
    return " ".join(next(line for line in said.splitlines() if line.startswith("ssh-ed25519 ")).split()[:2])


def authorized(public: str) -> dict[str, OwnFile]:
    """Who may sign in: root and plain."""
    return {
        "/root/.ssh/authorized_keys": OwnFile(f"{public}\n", 0o600),
        "/home/plain/.ssh/authorized_keys": OwnFile(f"{public}\n", 0o600, 2003),
    }


def _binary(name: str) -> str:
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        raise NoRootError(f"this machine has no {name}: run tests/install-tools.sh")
    return found


def _copy_with_libraries(binary: str, folder: Path, name: str) -> None:
    shutil.copy(binary, folder / name)
    said = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    libraries = re.findall(r"(/\S+)", said)
    for library in (*libraries, *Path("/lib/x86_64-linux-gnu").glob("libnss_files.so.2")):
        target = folder / str(library).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
