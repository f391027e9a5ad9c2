"""The system's `ssh` program, for what only it can do: GSSAPI, FIDO keys, its own connection sharing and configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial

from secscan.addresses import check_host, check_port, check_user, parse_address
from secscan.carrying.conversation import Carried, Way, carry, carry_pinned
from secscan.carrying.process import ProcessLine, client_environment, start_process
from secscan.errors import AuthenticationError, ExchangeError, HostKeyError, TargetError, UnreachableError, UsageError
from secscan.model.target import Exchanged, Request, Target
from secscan.model.values import Scalar
from secscan.ssh_config import is_there

_SSH_FAILED = 255
_ALWAYS = (
    "BatchMode=yes",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RequestTTY=no",
    "LogLevel=ERROR",
)
_KINDS: tuple[tuple[str, type[TargetError]], ...] = (
    (r"host key verification failed|remote host identification has changed|no .*host key is known|revoked", HostKeyError),
    (r"permission denied|too many authentication failures|no supported authentication", AuthenticationError),
    (r"could not resolve|connect to host|timed out|no route|network is unreachable|connection refused", UnreachableError),
    (
        r"connection closed by|connection reset|banner exchange|kex_exchange_identification|not allowed at this time",
        UnreachableError,
    ),
)


def run_through_ssh(target: Target, request: Request, receive: Callable[[bytes], bool]) -> Exchanged:
    """Run the script through `ssh`. Options: ssh_config, identity, certificate, proxy_jump, host_key_policy."""
    host = check_host(target.address or target.name)
    if target.password is not None:
        raise UsageError("transport openssh cannot sign in with a password; allowed: keys, an agent, Kerberos, or transport ssh")
    words = ("ssh", *_options(target, request), "--", host)
    way = Way(partial(_start, words), failure=partial(_failure, host), packed=True)
    carried = carry_pinned(way, request, receive) if target.pinned else carry(way, request, receive, target.become)
    broke = f"the connection broke: {carried.complaint}" if carried.exit == _SSH_FAILED else ""
    return Exchanged(
        carried.exit, carried.stderr, address=host, user=target.user, become=carried.become, cut_short=carried.cut_short or broke
    )


def _options(target: Target, request: Request) -> Iterator[str]:
    yield "-T"
    accept_new = target.options.get("host_key_policy") == "accept-new"
    strict = "accept-new" if accept_new else "yes"
    for setting in (*_ALWAYS, f"ConnectTimeout={max(1, round(request.connect_s))}", f"StrictHostKeyChecking={strict}"):
        yield from ("-o", setting)
    if target.port:
        yield from ("-p", str(check_port(target.port)))
    if target.user:
        yield from ("-l", check_user(target.user))
    for path in _texts(target.options.get("ssh_config")):
        yield from ("-F", path)
    for path in _texts(target.options.get("identity")):
        yield from ("-o", f"IdentityFile={_quoted(path)}")  # -i looks for the file before it expands its name
    for path in _texts(target.options.get("certificate")):
        yield from ("-o", f"CertificateFile={_quoted(path)}")
    for path in _texts(target.options.get("known_hosts")):
        yield from ("-o", f"UserKnownHostsFile={_quoted(path)}")
    jumps = [hop for text in _texts(target.options.get("proxy_jump")) for hop in text.split(",")]
    if jumps:
        yield from ("-J", ",".join(hop if hop == "none" else _checked_hop(hop) for hop in jumps))


def _texts(value: Scalar | None) -> tuple[str, ...]:
    return () if value in (None, "") else tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)


def _quoted(path: str) -> str:
    """A path as one word of ssh_config(5), in which no token is expanded where there is a file of that name."""
    named = path.replace("%", "%%") if is_there(path) else path
    escaped = named.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _checked_hop(hop: str) -> str:
    parse_address(hop)
    return hop


def _start(words: tuple[str, ...], command: str) -> ProcessLine:
    """The command is one word: ssh hands it to the login shell as it is."""
    return start_process((*words, command), client_environment(os.environ))


def _failure(host: str, carried: Carried) -> TargetError | None:
    if carried.exit != _SSH_FAILED:
        return None
    said = carried.stderr.decode("utf-8", "replace")
    kind = next((kind for pattern, kind in _KINDS if re.search(pattern, said, re.IGNORECASE)), ExchangeError)
    return kind(f"ssh to {host} failed: {carried.complaint or 'it said nothing'}")


TRANSPORT = run_through_ssh
