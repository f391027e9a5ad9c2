"""Many cheap hosts: one root, one sshd for each address of 127.0.4.0/24, each with a host key of its own."""

from __future__ import annotations

from pathlib import Path

from .hosts import OwnFile, Shape

_CONFIG = """\
Port 22
ListenAddress {address}
HostKey /lab/{number}.key
PidFile none
AuthenticationMethods publickey
UsePAM no
MaxStartups 100
LogLevel ERROR
"""
_START = (
    "mkdir -p /run/sshd; for each in /lab/*.conf; do /usr/sbin/sshd -f $each; done; touch /run/lab-started; exec sleep infinity"
)


def cheap_address(number: int) -> str:
    """The address of a cheap host; numbers count from 1 and fit into a byte."""
    return f"127.0.4.{number}"


def cheap_shape(private_keys: dict[int, str]) -> Shape:
    """One host that is many: an sshd for each number, with its key."""
    files: dict[str, OwnFile] = {}
    for number, key in private_keys.items():
        files[f"/lab/{number}.key"] = OwnFile(key, 0o600)
        files[f"/lab/{number}.conf"] = OwnFile(_CONFIG.format(address=cheap_address(number), number=number))
    return Shape(boot=("/bin/sh", "-c", _START), files=files)


def has_started(root: Path) -> bool:
    """Whether every sshd has been started."""
    return (root / "run/lab-started").exists()
