"""How a place is written (`admin@web1:2222`, `[fe80::1]:22`, `ssh://admin@web1`) and which names are safe to hand on.

Names end up in command lines, in `ProxyCommand` and in file names, so one that a shell or a program could take for something
else is refused before anything happens.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from secscan.errors import UsageError

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?\Z")
_SCOPE = re.compile(r"[A-Za-z0-9_.-]{1,32}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+\\$-]{0,127}\Z")
_WRITTEN = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^/]*)@)?(?P<host>\[[^\]/]*\]|[^/:]*|[^/@]*:[^/@]*:[^/@]*)(?::(?P<port>[^:/@]*))?/?\Z"
)
_PASSWORD = re.compile(r"(://[^/:]*):.*@", re.DOTALL)  # a user may hold @, a password anything
_QUERIED = re.compile(r"([?&;][^=&]*(?:pass(?!file=)|pwd|secret|token)[^=&]*)=[^&]*", re.IGNORECASE)
_USER_AND_PASSWORD = re.compile(r"([^\s:@/]*):.*@", re.DOTALL)
_SETTING = re.compile(r"(pass|pwd|secret|token|credential)(\w*)[\s:=,].*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A host with what may be written beside it; an empty user and port 0 were not written."""

    host: str
    port: int = 0
    user: str = ""


def parse_address(text: str) -> Address:
    """The address in `[ssh://][user@]host[:port]`, IPv6 in brackets or bare. Raises UsageError with what is allowed."""
    if ":" in text.removeprefix("ssh://").rpartition("@")[0]:  # what stands there is not repeated
        raise UsageError(
            "an address holds no password; allowed: [ssh://][user@]host[:port], and the password by a prompt, a private file or "
            "the environment"
        )
    written = _WRITTEN.match(text)
    if not written:
        raise UsageError(
            "cannot read {text!r} as an address; allowed: [ssh://][user@]host[:port], IPv6 as [address]:port", text=repeatable(text)
        )
    host, port, user = written["host"], written["port"], written["user"]
    return Address(
        host=check_host(host[1:-1] if host.startswith("[") and host.endswith("]") else host),
        port=0 if port is None else check_port(port),
        user="" if user is None else check_user(user),
    )


def without_password(text: str) -> str:
    """A URL, or a text with one in it, that shows no password.

    >>> without_password("postgresql://scanner:hunter2@db/secscan")
    'postgresql://scanner:***@db/secscan'
    >>> without_password("postgresql://db/secscan?user=scanner&password=hunter2")
    'postgresql://db/secscan?user=scanner&password=***'
    """
    return _QUERIED.sub(r"\1=***", _PASSWORD.sub(r"\1:***@", text)) if "://" in text else text


def repeatable(text: str) -> str:
    """What somebody wrote where no secret belongs, without what may be one: to be told when it is refused.

    >>> repeatable("root:hunter2@db"), repeatable("db ansible_password = hunter2"), repeatable("-db")
    ('root:***@db', 'db ansible_password ***', '-db')
    """
    return _SETTING.sub(r"\1\2 ***", _USER_AND_PASSWORD.sub(r"\1:***@", text))


def check_host(name: str) -> str:
    """The name itself when it is a host name or an IP address; UsageError otherwise."""
    if _HOST.match(name) or _is_ipv6(name):
        return name
    raise UsageError(
        "host name {name!r} is refused; allowed: an IP address, or letters, digits and any of . - _, not beginning with . or -",
        name=repeatable(name),
    )


def check_user(name: str) -> str:
    """The name itself when it can be a login name; UsageError otherwise."""
    if _USER.match(name):
        return name
    raise UsageError(
        "user name {name!r} is refused; allowed: letters, digits and any of _ . @ + \\ $ -, not beginning with a sign",
        name=repeatable(f"{name.partition(':')[0]}:***" if ":" in name else name),
    )


def check_port(text: str | int) -> int:
    """A port number from 1 to 65535; UsageError otherwise."""
    digits = str(text)
    if digits.isascii() and digits.isdecimal() and len(digits) <= 5 and 1 <= int(digits) <= 65535:
        return int(digits)
    raise UsageError("port {digits!r} is refused; allowed: 1 to 65535", digits=digits)


def is_address(name: str) -> bool:
    """Whether a host is written as an IP address, of either kind.

    >>> is_address("192.0.2.1"), is_address("fe80::1%eth0"), is_address("web1")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_ipv6(name: str) -> bool:
    address, _, scope = name.partition("%")
    if "%" in name and not _SCOPE.match(scope):
        return False
    try:
        return ipaddress.ip_address(address).version == 6
    except ValueError:
        return False
