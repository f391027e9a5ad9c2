"""Releases of kernels: which are of one flavour, and which is the newest."""

from __future__ import annotations

import re
from collections.abc import Sequence


def newest_kernel(running: str, installed: Sequence[str]) -> str:
    """The newest installed kernel of the running one's flavour; empty when there is none.

    >>> newest_kernel("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-37-amd64", "6.12.0-1-cloud-amd64"])
    '6.1.0-37-amd64'
    """
    alike = [release for release in installed if _flavour(release) == _flavour(running)]
    return max(alike, key=_release_key, default="")


def _flavour(release: str) -> tuple[str, ...]:
    """The words of a release that name a build and not a version: `deb13`, `el9_4`, `bpo` are versions."""
    words = re.findall(r"[a-z]+", release.lower())
    return tuple(word for word in words if word not in {"deb", "bpo", "el", "fc", "amzn", "uek", "rc", "ubuntu", "kali", "parrot"})


def _release_key(release: str) -> tuple[int, ...]:
    version = re.match(r"[\d.+_-]*", release)
    return tuple(int(number) for number in re.findall(r"\d+", version[0] if version else ""))
