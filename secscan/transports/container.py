"""A running container, entered with `podman exec` or `docker exec`."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from functools import partial

from secscan.carrying.conversation import Carried, Way, carry, carry_pinned
from secscan.carrying.process import ProcessLine, client_environment, start_process
from secscan.errors import ExchangeError, TargetError, UnreachableError, UsageError
from secscan.model.target import Exchanged, Request, Target

ENGINES = ("podman", "docker")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?\Z")
_MISSING = re.compile(
    r"cannot connect|no such container|no container with|does not exist|is not running|container state improper"
    r"|can only create exec|unable to find user",
    re.IGNORECASE,
)


def run_in_container(target: Target, request: Request, receive: Callable[[bytes], bool]) -> Exchanged:
    """Run the script in the container named by the target's address.

    Option `engine` names podman or docker; without it, those that are installed are tried. The engine can enter as any user, so
    `become` needs no sudo: it is the user that the engine is asked for.
    """
    name, user = _checked(target)
    refusals: list[str] = []
    for engine in _engines(target):
        words = (engine, "exec", "-i", *(("--user", user) if user else ()), name)
        way = Way(partial(_start, words), failure=partial(_failure, engine, name))
        try:
            carried = (carry_pinned if target.pinned else carry)(way, request, receive)
        except UnreachableError as error:
            refusals.append(str(error))
        else:
            return Exchanged(carried.exit, carried.stderr, address=name, user=user, cut_short=carried.cut_short)
    raise UnreachableError("; ".join(refusals))


def _engines(target: Target) -> tuple[str, ...]:
    wanted = str(target.options.get("engine") or "")
    if wanted and wanted not in ENGINES:
        raise UsageError("container engine {wanted!r} is not known; allowed: {allowed}", wanted=wanted, allowed=list(ENGINES))
    found = tuple(engine for engine in ((wanted,) if wanted else ENGINES) if shutil.which(engine))
    if not found:
        raise UnreachableError(f"no container engine is installed here: {wanted or ' or '.join(ENGINES)}")
    return found


def _checked(target: Target) -> tuple[str, str]:
    user = target.become.user if target.become else target.user
    if not _NAME.match(target.address):
        raise UsageError(
            "container name {address!r} is refused; allowed: letters, digits and _ . -, beginning with one of the first two",
            address=target.address,
        )
    if user and not _USER.match(user):
        raise UsageError("container user {user!r} is refused; allowed: a name or number, and :group after it", user=user)
    return target.address, user


def _start(words: tuple[str, ...], command: str) -> ProcessLine:
    return start_process((*words, "sh", "-c", f"exec {command}"), client_environment(os.environ))


def _failure(engine: str, name: str, carried: Carried) -> TargetError | None:
    if carried.exit in (126, 127):
        return ExchangeError(f"container {name} has no sh that can be run: {carried.complaint}")
    if carried.exit > 0 and (carried.exit == 125 or _MISSING.search(carried.complaint)):
        return UnreachableError(f"{engine} cannot enter container {name}: {carried.complaint}")
    return None


TRANSPORT = run_in_container
