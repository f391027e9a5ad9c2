"""Whatever paramiko, a socket or the system raises becomes one of secscan's errors, in one line that names the host."""

from __future__ import annotations

import inspect
import socket

import paramiko
import pytest
from paramiko import ssh_exception

from secscan.errors import AuthenticationError, ExchangeError, HostKeyError, TargetError, UnreachableError
from secscan.transports.ssh.faults import TABLE, as_target_error

THEIRS = [kind for _, kind in inspect.getmembers(ssh_exception, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", THEIRS, ids=lambda kind: kind.__name__)
def test_every_error_of_paramiko_has_its_own_line_in_the_table(kind):
    assert kind in TABLE


def test_the_table_has_only_errors_of_targets():
    assert all(issubclass(ours, TargetError) and ours is not TargetError for ours, _ in TABLE.values())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (paramiko.BadAuthenticationType("no", ["publickey"]), AuthenticationError),
        (paramiko.ChannelException(1, "no"), ExchangeError),
        (ssh_exception.NoValidConnectionsError({("::1", 22): OSError()}), UnreachableError),
        (ConnectionResetError(104, "Connection reset by peer"), UnreachableError),
        (socket.gaierror(-2, "Name or service not known"), UnreachableError),
        (PermissionError(13, "Permission denied"), UnreachableError),
        (TimeoutError(), UnreachableError),
        (EOFError(), ExchangeError),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), ExchangeError),
        (AssertionError(), ExchangeError),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_becomes_the_nearest_kind(error, kind):
    made = as_target_error(error, "web1")
    assert type(made) is kind
    assert str(made).startswith("web1: ")


def test_an_error_of_ours_stays_what_it_is():
    error = HostKeyError("changed")
    assert as_target_error(error, "web1") is error


def test_what_a_host_put_into_an_error_stays_one_harmless_line():
    made = str(as_target_error(paramiko.SSHException("a\nb\x1b[31mc\u202e" + "x" * 9000), "web1"))
    assert made.startswith("web1: the SSH conversation failed: a b [31mc x")
    assert len(made) < 300
