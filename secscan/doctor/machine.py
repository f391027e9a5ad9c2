"""The scanner itself: its Python, and the packages that it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from secscan.doctor.findings import Finding, State
from secscan.messages import Message, counted

OLDEST = (3, 11)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LEAST = re.compile(r">=\s*([0-9.]+)")


def look_at_python(version: tuple[int, int, int]) -> Finding:
    """Whether Python is new enough."""
    shown = ".".join(map(str, version))
    if version[:2] < OLDEST:
        what = Message("Python {version} is too old", version=shown)
        return Finding("python", State.WRONG, what, Message("install Python 3.11 or newer, and secscan with it"))
    return Finding("python", State.OK, f"Python {shown}")


def look_at_packages(requirements: Iterable[str], installed: Callable[[str], str | None]) -> Iterator[Finding]:
    """Whether every package is there, new enough. `requirements` as in a wheel's metadata; `installed` tells a version."""
    fine = 0
    for requirement in requirements:
        specifier, _, marker = requirement.partition(";")
        found, bound = _NAME.match(specifier), _LEAST.search(specifier)
        if not found or "extra" in marker:
            continue
        name, least, version = found[0], bound[1] if bound else "0", installed(found[0])
        if version is None:
            what = Message("{name} is not installed", name=name)
            yield Finding(Message("packages"), State.WRONG, what, f"pip install '{specifier.strip()}'")
        elif _numbers(version) < _numbers(least):
            what = Message("{name} {version} is older than {least}", name=name, version=version, least=least)
            yield Finding(Message("packages"), State.WRONG, what, f"pip install --upgrade '{specifier.strip()}'")
        else:
            fine += 1
    what = counted("{count} package is as secscan needs it", "{count} packages are as secscan needs them", fine)
    yield Finding(Message("packages"), State.OK, what)


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
