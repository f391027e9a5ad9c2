"""What paramiko, sockets and the system raise, as the errors of secscan: one table."""

from __future__ import annotations

import socket

from paramiko import ssh_exception as theirs

from secscan.errors import AuthenticationError, ExchangeError, HostKeyError, TargetError, UnreachableError

# The nearest class in an exception's line of descent decides, so the order does not matter.
TABLE: dict[type[Exception], tuple[type[TargetError], str]] = {
    theirs.SSHException: (ExchangeError, "the SSH conversation failed"),
    theirs.AuthenticationException: (AuthenticationError, "signing in failed"),
    theirs.PasswordRequiredException: (AuthenticationError, "a key file is encrypted and no passphrase was given"),
    theirs.BadAuthenticationType: (AuthenticationError, "the host does not allow this way of signing in"),
    theirs.PartialAuthentication: (AuthenticationError, "the host asks for more than one way of signing in"),
    theirs.UnableToAuthenticate: (AuthenticationError, "signing in failed"),
    theirs.ChannelException: (ExchangeError, "the host refused a channel"),
    theirs.BadHostKeyException: (HostKeyError, "the host key is not the expected one"),
    theirs.IncompatiblePeer: (UnreachableError, "the host and secscan share no algorithm"),
    theirs.ProxyCommandFailure: (UnreachableError, "the ProxyCommand failed"),
    theirs.NoValidConnectionsError: (UnreachableError, "no address of the host answered"),
    theirs.CouldNotCanonicalize: (UnreachableError, "the host name could not be canonicalized"),
    theirs.ConfigParseError: (UnreachableError, "the SSH configuration cannot be read"),
    theirs.MessageOrderError: (ExchangeError, "the host broke the order of SSH messages, which may be an attack"),
    EOFError: (ExchangeError, "the host closed the connection"),
    TimeoutError: (UnreachableError, "no answer in time"),
    ConnectionError: (UnreachableError, "the connection broke"),
    socket.gaierror: (UnreachableError, "the host name cannot be resolved"),
    OSError: (UnreachableError, "the connection failed"),
    Exception: (ExchangeError, "the host sent what SSH does not allow"),
}


def as_target_error(error: BaseException, where: str) -> TargetError:
    """The error of ours for one of theirs, in one line that names the host."""
    if isinstance(error, TargetError):
        return error
    kind, what = next(TABLE[parent] for parent in type(error).__mro__ if parent in TABLE)
    said = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())[:200]
    return kind(f"{where}: {what}" + (f": {said}" if said else ""))
