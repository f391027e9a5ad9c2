"""One target: whether it is reached, known, lets us in, lets us be root, and has the same time as we have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from secscan.doctor.findings import Finding, State
from secscan.errors import AuthenticationError, ExchangeError, HostKeyError, SecscanError, TargetError, UnreachableError
from secscan.messages import Message, phrase
from secscan.model.evidence import Bundle
from secscan.model.target import Target

CLOCK_S = 30.0
_OVER_SSH = ("ssh", "openssh")  # what a route, a key or a shell there can stand in the way of
_MENDS: dict[type[SecscanError], str] = {
    UnreachableError: phrase("check its name, address and port, the route and firewalls: ssh -v HOST from here"),
    HostKeyError: phrase("compare the fingerprint with the host's own (ssh-keygen -lf there), then add its key to known_hosts"),
    AuthenticationError: phrase("add the public key to authorized_keys of that user there, or name the right user and key"),
    ExchangeError: phrase("sign in by hand and run `sh -c true`: the shell there must start, and say nothing of its own"),
}


def look_at_target(target: Target, ask: Callable[[Target], Bundle]) -> Iterator[Finding]:
    """Everything about one target, by one short exchange. `ask` raises TargetError when it cannot be asked."""
    try:
        bundle = ask(target)
    except SecscanError as error:
        mends = _MENDS if target.transport in _OVER_SSH else {}
        kind = next((kind for kind in mends if isinstance(error, kind)), None)
        mend = Message(mends[kind]) if kind else Message("mend what it names")
        reached = Message("cannot be asked: {reason}", reason=error.message)
        what = Message("not reached: {reason}", reason=error.message) if isinstance(error, TargetError) else reached
        yield Finding(target.name, State.WRONG, what, mend)
        return
    origin = bundle.origin
    how = {"transport": target.transport, "user": origin.user or "?"}
    reached = Message("reached by {transport}, signed in as {user}", **how)
    known = Message("reached by {transport}, host key known, signed in as {user}", **how)
    yield Finding(target.name, State.OK, known if origin.host_key else reached)
    yield _look_at_rights(target, bundle)
    yield _look_at_clock(target.name, origin.clock_offset_s)
    for problem in bundle.problems:
        if not problem.startswith("sudo refused"):
            yield Finding(target.name, State.NOTE, problem, Message("see `secscan explain` for what it means for a check"))


def _look_at_rights(target: Target, bundle: Bundle) -> Finding:
    origin = bundle.origin
    if origin.become.startswith("refused"):
        mend = Message("`secscan plan --sudoers` prints the rule it needs; or give the sudo password (become_password_file)")
        if "not found" in origin.become:
            mend = Message("install sudo there, or sign in as root")
        return Finding(target.name, State.WRONG, f"sudo {origin.become}", mend)
    if origin.uid == 0 and origin.become == "sudo":
        return Finding(target.name, State.OK, Message("asks as root, by sudo"))
    if origin.uid == 0:
        return Finding(target.name, State.OK, Message("asks as root"))
    if target.become:
        return Finding(target.name, State.OK, Message("asks as {user}, by sudo", user=target.become.user))
    mend = Message("become: true in the inventory, where that is wanted")
    return Finding(target.name, State.NOTE, Message("asks without root: what needs root cannot be judged"), mend)


def _look_at_clock(name: str, offset_s: float | None) -> Finding:
    if offset_s is None:
        return Finding(name, State.NOTE, Message("does not tell its time"), Message("nothing, where `date +%s` is not there"))
    if abs(offset_s) > CLOCK_S:
        off = round(abs(offset_s))
        ahead = Message("its clock is {count} s ahead of ours", count=off)
        what = ahead if offset_s > 0 else Message("its clock is {count} s behind ours", count=off)
        return Finding(name, State.WRONG, what, Message("start a time service there, or here: timedatectl"))
    return Finding(name, State.OK, Message("clock within {count} s", count=round(CLOCK_S)))
