"""One target: whether it is reached, known, lets us in, lets us be root, and has the same time as we have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from secscan.doctor.findings import Finding, State
from secscan.errors import AuthenticationError, ExchangeError, HostKeyError, SecscanError, TargetError, UnreachableError
from secscan.model.evidence import Bundle
from secscan.model.target import Target

CLOCK_S = 30.0
_MENDS: dict[type[SecscanError], str] = {
    UnreachableError: "check its name, address and port, the route and firewalls: ssh -v HOST from here",
    HostKeyError: "compare the fingerprint with the host's own (ssh-keygen -lf there), then add its key to known_hosts",
    AuthenticationError: "add the public key to authorized_keys of that user there, or name the right user and key",
    ExchangeError: "sign in by hand and run `sh -c true`: the shell there must start, and say nothing of its own",
}


def look_at_target(target: Target, ask: Callable[[Target], Bundle]) -> Iterator[Finding]:
    """Everything about one target, by one short exchange. `ask` raises TargetError when it cannot be asked."""
    try:
        bundle = ask(target)
    except SecscanError as error:
        kind = next((kind for kind in _MENDS if isinstance(error, kind)), None)
        mend = _MENDS[kind] if kind else "mend what it names"
        words = "not reached" if isinstance(error, TargetError) else "cannot be asked"
        yield Finding(target.name, State.WRONG, f"{words}: {error}", mend)
        return
    origin = bundle.origin
    known = ", host key known" if origin.host_key else ""
    yield Finding(target.name, State.OK, f"reached by {target.transport}{known}, signed in as {origin.user or '?'}")
    yield _look_at_rights(target, bundle)
    yield _look_at_clock(target.name, origin.clock_offset_s)
    for problem in bundle.problems:
        if not problem.startswith("sudo refused"):
            yield Finding(target.name, State.NOTE, problem, "see `secscan explain` for what it means for a check")


def _look_at_rights(target: Target, bundle: Bundle) -> Finding:
    origin = bundle.origin
    if origin.become.startswith("refused"):
        mend = "`secscan plan --sudoers` prints the rule it needs; or give the sudo password (become_password_file)"
        return Finding(target.name, State.WRONG, f"sudo {origin.become}", mend)
    if origin.uid == 0:
        return Finding(target.name, State.OK, "asks as root" + (", by sudo" if origin.become == "sudo" else ""))
    if target.become:
        return Finding(target.name, State.OK, f"asks as {target.become.user}, by sudo")
    mend = "become: true in the inventory, where that is wanted"
    return Finding(target.name, State.NOTE, "asks without root: what needs root cannot be judged", mend)


def _look_at_clock(name: str, offset_s: float | None) -> Finding:
    if offset_s is None:
        return Finding(name, State.NOTE, "does not tell its time", "nothing, where `date +%s` is not there")
    if abs(offset_s) > CLOCK_S:
        ahead = "ahead of" if offset_s > 0 else "behind"
        return Finding(
            name,
            State.WRONG,
            f"its clock is {abs(offset_s):.0f} s {ahead} ours",
            "start a time service there, or here: timedatectl",
        )
    return Finding(name, State.OK, f"clock within {CLOCK_S:.0f} s")
