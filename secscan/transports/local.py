"""This machine itself: `sh` here, through sudo where that is asked for and needed."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from functools import partial

from secscan.carrying.conversation import Way, carry, carry_pinned
from secscan.carrying.process import ProcessLine, quiet_environment, start_process
from secscan.errors import UnreachableError
from secscan.model.target import Exchanged, Request, Target
from secscan.scheduling.planned import SHUT_IN


def run_here(target: Target, request: Request, receive: Callable[[bytes], bool]) -> Exchanged:
    """Run the script on the machine that secscan runs on. UnreachableError where a sandbox shows another one."""
    if os.environ.get(SHUT_IN):
        raise UnreachableError("the service is shut in and does not see this machine as it is; allowed: secscan schedule install")
    way = Way(partial(_start, quiet_environment(os.environ)))
    user = getpass.getuser()
    become = None if target.become and target.become.user == user else target.become
    carried = carry_pinned(way, request, receive) if target.pinned else carry(way, request, receive, become)
    return Exchanged(carried.exit, carried.stderr, address="local", user=user, become=carried.become, cut_short=carried.cut_short)


def _start(environment: dict[str, str], command: str) -> ProcessLine:
    return start_process(("sh", "-c", f"exec {command}"), environment)


TRANSPORT = run_here
