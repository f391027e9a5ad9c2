"""Root file systems of Debian hosts: built once from the mirror this machine already uses, kept until their recipe changes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .enclosure import is_alive, own_mark

PACKAGES = (
    "openssh-server", "sudo", "systemd", "systemd-sysv", "dbus", "iproute2", "procps", "passwd", "libpam-modules", "rsyslog",
    "cron", "nftables", "chrony", "openssl", "ca-certificates", "gzip", "mount", "util-linux",
)  # fmt: skip
PASSWORD = 'lab password, with blanks & "quotes"'
# The last steps of a root: the users that tests sign in as, and no host keys, since each host gets its own.
_FINISH = f"""
set -e
useradd -m -s /bin/bash -p '*' -u 2001 scan
useradd -m -s /bin/bash -p '*' -u 2002 scanpw
useradd -m -s /bin/bash -p '*' -u 2003 plain
chpasswd <<'END'
scanpw:{PASSWORD}
END
printf 'scan ALL=(ALL:ALL) NOPASSWD: ALL\\nscanpw ALL=(ALL:ALL) ALL\\n' >/etc/sudoers.d/lab
chmod 0440 /etc/sudoers.d/lab
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
"""
# The same source in every root, whichever mirror it was built from: what a check says of it must not depend on this machine.
_SOURCE = "deb http://mirror.debian.org/debian {suite} main"
APT = Path("/etc/apt")
_KEPT_ROOTS = 6
_KEPT_S = 24 * 3600
_NO_NETWORK = re.compile(r"(?i)could not (resolve|connect)|temporary failure|connection (refused|timed out|failed)|unreachable")


class NoRootError(Exception):
    """A root cannot be built here and now, and this says why."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a root is made of."""

    suite: str
    packages: tuple[str, ...] = PACKAGES
    variant: str = "minbase"  # or extract: the files of the packages, nothing set up, nobody may sign in

    @property
    def name(self) -> str:
        """Suite and digest: another recipe has another name."""
        text = repr((self.suite, self.packages, self.variant, _FINISH, _SOURCE))
        return f"{self.suite}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def cache_folder() -> Path:
    """$SECSCAN_LAB_CACHE or /var/cache/secscan-lab."""
    return Path(os.environ.get("SECSCAN_LAB_CACHE") or "/var/cache/secscan-lab")


def debian_root(recipe: Recipe) -> Path:
    """The folder of a root, built if it is not there. It is shared: mount it as the lower layer of an overlay."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / recipe.name
    with _locked(cache / f"{recipe.name}.lock"):
        if not root.is_dir():
            _remove_unfinished(cache)
            _build(recipe, root)
        os.utime(root)  # used now; a fresh root has the time of its packages
    _remove_unused(cache)
    return root


def find_mirror() -> str:
    """The address this machine takes its own Debian packages from. Raises NoRootError when it has none."""
    suites = own_suites()
    for uri, its_suites in _sources():
        if suites & set(its_suites) and not uri.startswith(("file:", "cdrom:")):
            return uri
    raise NoRootError("this machine's apt sources name no Debian mirror")


def own_suites() -> set[str]:
    """Names under which this machine's own Debian release may stand in its sources."""
    try:
        release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    except OSError:
        return set()
    return {release.get("VERSION_CODENAME", "").strip('"'), "stable", "oldstable", "testing", "sid"}


def _sources() -> Iterator[tuple[str, list[str]]]:
    """Addresses and suites of apt's sources, in both of their forms (sources.list(5))."""
    for path in sorted(APT.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            lines = (line for line in stanza.splitlines() if not line.startswith("#"))
            fields = {key.strip().lower(): value.split() for key, _, value in (line.partition(":") for line in lines)}
            if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"] and "main" in fields.get("components", []):
                for uri in fields.get("uris", []):
                    yield uri, fields.get("suites", [])
    for path in (APT / "sources.list", *sorted(APT.glob("sources.list.d/*.list"))):
        for line in path.read_text().splitlines() if path.exists() else ():
            words = re.sub(r"\[.*?\]", "", line).split()
            if len(words) > 3 and words[0] == "deb" and "main" in words[3:]:
                yield words[1], [words[2]]


def _build(recipe: Recipe, root: Path) -> None:
    partial = root.with_name(f"{recipe.name}.building-{own_mark()}")
    finish = f"--customize-hook=chroot \"$1\" sh <<'FINISH'\n{_FINISH}\nFINISH"
    source = f"--customize-hook=printf '%s\\n' '{_SOURCE.format(suite=recipe.suite)}' >\"$1/etc/apt/sources.list\""
    command = [
        "mmdebstrap", "--quiet", "--mode=root", f"--variant={recipe.variant}", f"--include={','.join(recipe.packages)}",
        *([finish] if recipe.variant == "minbase" else []), source, recipe.suite, str(partial), find_mirror(),
    ]  # fmt: skip
    try:
        built = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900, check=False)
        if built.returncode:
            said = built.stderr.strip()[-2000:]
            if _NO_NETWORK.search(said):
                raise NoRootError(f"Debian {recipe.suite} cannot be fetched: {said.splitlines()[-1]}")
            raise RuntimeError(f"mmdebstrap failed for {recipe.suite}:\n{said}")
        partial.rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_unfinished(cache: Path) -> None:
    for partial in cache.glob("*.building-*"):
        if not is_alive(partial.name.rpartition(".building-")[2]):
            shutil.rmtree(partial, ignore_errors=True)


def _remove_unused(cache: Path) -> None:
    """Keep the cache small: of more than a few roots, those go that nobody has used for a day."""
    used_at = {path: path.stat().st_mtime for path in cache.iterdir() if path.is_dir() and ".building-" not in path.name}
    for root in sorted(used_at, key=used_at.__getitem__)[:-_KEPT_ROOTS]:
        if time.time() - used_at[root] > _KEPT_S:
            shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
