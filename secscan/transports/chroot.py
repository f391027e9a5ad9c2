"""A directory tree that holds a system: a mounted image or a restored backup, entered with chroot, which needs root."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from secscan.carrying.conversation import Carried, Way, carry
from secscan.carrying.process import ProcessLine, quiet_environment, start_process
from secscan.errors import AuthenticationError, ExchangeError, TargetError, UnreachableError
from secscan.model.target import Become, Exchanged, Request, Target

# A mounted /proc or /sys is that of this machine's kernel, which is not the tree's. It is taken away for the scan alone, in a name
# space of its own, so that questions about the kernel find nothing to look at. $0 is the tree, $1 the script.
_HIDE_KERNEL = """for each in proc sys; do while umount -l "$0/$each" 2>/dev/null; do :; done; done
[ ! -e "$0/proc/self" ] || exit 124
exec chroot "$0" sh -c "$1"
"""
_HIDDEN = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _HIDE_KERNEL)
_CHROOT_FAILED = {
    124: "/proc is mounted in it and cannot be hidden",
    125: "chroot could not enter it",
    126: "its sh cannot be run",
    127: "it has no sh",
}


def run_in_tree(target: Target, request: Request, receive: Callable[[bytes], bool]) -> Exchanged:
    """Run the script inside the tree at the target's address, an absolute path."""
    tree = _require_tree(target.address)
    become = None if os.geteuid() == 0 else target.become
    if os.geteuid() != 0 and become is None:
        raise AuthenticationError(f"entering {tree} needs root: run secscan as root, or let it use sudo with --become")
    way = Way(partial(_start, quiet_environment(os.environ)), _words(tree), partial(_failure, tree, become))
    carried = carry(way, request, receive, become)
    return Exchanged(
        carried.exit, carried.stderr, address=str(tree), user=getpass.getuser(), become=carried.become, cut_short=carried.cut_short
    )


def _words(tree: Path) -> tuple[str, ...]:
    """What enters the tree. The tree / is this machine itself, and its kernel is its own."""
    if (tree / "proc/self").exists() and not tree.samefile("/"):
        return (*_HIDDEN, str(tree))
    return ("chroot", str(tree), "sh", "-c")


def _require_tree(address: str) -> Path:
    tree = Path(address)
    if not tree.is_absolute():
        raise UnreachableError(f"chroot address {address!r} is refused; allowed: the absolute path of a directory")
    if not tree.is_dir():
        raise UnreachableError(f"{tree} is not a directory that can be reached here")
    return tree


def _start(environment: dict[str, str], command: str) -> ProcessLine:
    return start_process(("sh", "-c", f"exec {command}"), environment)


def _failure(tree: Path, become: Become | None, carried: Carried) -> TargetError | None:
    """Why nothing answered. Without root there is no second try: chroot cannot be had unprivileged."""
    if carried.exit in _CHROOT_FAILED and not (become and "sudo:" in carried.complaint):
        return ExchangeError(f"cannot ask {tree}: {_CHROOT_FAILED[carried.exit]}: {carried.complaint}")
    if become and (carried.exit > 0 or carried.become):
        return AuthenticationError(f"entering {tree} needs root, and sudo refused: {carried.become or carried.complaint}")
    return None


TRANSPORT = run_in_tree
