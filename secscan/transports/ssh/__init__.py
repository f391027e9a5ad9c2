"""SSH by paramiko: the transport for fleets. One connection, one command, at most seven round trips."""

from __future__ import annotations

import sys
from collections.abc import Callable

# paramiko imports invoke, half of its 170 ms, for a part of its own ssh_config reader that is not used here, and does without.
_without_invoke = "paramiko" not in sys.modules and "invoke" not in sys.modules
if _without_invoke:
    sys.modules["invoke"] = None  # type: ignore[assignment] # "not installed", as the import system says it
import paramiko  # noqa: E402 - see above

if _without_invoke:
    del sys.modules["invoke"]

from secscan.carrying.conversation import Way, carry, carry_pinned  # noqa: E402 - see above
from secscan.carrying.line import Line  # noqa: E402 - see above
from secscan.model.target import Exchanged, Request, Target  # noqa: E402 - see above
from secscan.transports.ssh.channel import start_command  # noqa: E402 - see above
from secscan.transports.ssh.connecting import connect  # noqa: E402 - see above
from secscan.transports.ssh.faults import as_target_error  # noqa: E402 - see above
from secscan.transports.ssh.settings import settings_for  # noqa: E402 - see above


def run_over_ssh(target: Target, request: Request, receive: Callable[[bytes], bool]) -> Exchanged:
    """Run the script over SSH.

    Options: ssh_config, identity, certificate, identities_only, known_hosts, host_key_policy (strict, accept-new),
    proxy_jump, proxy_command.
    """
    settings = settings_for(target)
    connect_s = settings.connect_s or request.connect_s

    def start(command: str) -> Line:
        try:
            return start_command(connection.transport, command, connect_s)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise as_target_error(error, settings.where) from error

    connection = connect(settings, connect_s)
    with connection.closing:
        become = None if target.become and target.become.user == settings.user else target.become
        way = Way(start, packed=True)
        carried = carry_pinned(way, request, receive) if target.pinned else carry(way, request, receive, become)
    return Exchanged(
        exit=carried.exit,
        stderr=carried.stderr,
        address=connection.address,
        user=settings.user,
        host_key=connection.host_key,
        become=carried.become,
        cut_short=carried.cut_short,
    )


TRANSPORT = run_over_ssh
