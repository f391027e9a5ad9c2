"""How the place of a service is written in a check: `443`, `25/smtp`, `www.example.org:443`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from secscan.model.values import Unobservable

STARTTLS = ("smtp", "imap", "pop3", "ldap", "postgres", "ftp")
HOST_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?"
NAME_OR_NONE = rf"(?:{HOST_NAME})?"
HOST = rf"{HOST_NAME}|[0-9A-Fa-f:.]{{2,45}}"
PORT = r"[1-9][0-9]{0,4}"
ENDPOINT = rf"(?:{HOST_NAME}:)?{PORT}(?:/(?:{'|'.join(STARTTLS)}))?"
"""RE2: an endpoint. The name is what is asked for at the target, not where it is: that is always the target's address."""
_ENDPOINT = re.compile(rf"(?:({HOST_NAME}):)?({PORT})(?:/({'|'.join(STARTTLS)}))?")

UNDECLARED = Unobservable("no domain is declared for this host; allowed: its label `domain` in the inventory, or the argument")


def parse_endpoint(text: str) -> tuple[str, int, str]:
    """Name, port and protocol before TLS; empty texts for what is not written. Raises ValueError.

    >>> parse_endpoint("www.example.org:443"), parse_endpoint("25/smtp")
    (('www.example.org', 443, ''), ('', 25, 'smtp'))
    """
    found = _ENDPOINT.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no endpoint")
    return found[1] or "", int(found[2]), found[3] or ""


RESOLVER = r"(?:[0-9A-Fa-f:.]{2,45}|[0-9.]{7,15}:[0-9]{1,5}|\[[0-9A-Fa-f:.]{2,45}\]:[0-9]{1,5})?"
"""RE2: a name server, as ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; or none."""


def network_of(address: str) -> str:
    """The network that usually fails as one: /24 of IPv4, /48 of IPv6. Raises ValueError.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1::7")
    ('192.0.2.0/24', '2001:db8:1::/48')
    """
    bits = 48 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def count_networks(addresses: Iterable[str]) -> int:
    """In how many networks addresses are, for clients that have one protocol: a server has an address of each, and fails as one.

    >>> count_networks(["192.0.2.7", "2001:db8:1::7"]), count_networks(["192.0.2.7", "198.51.100.7", "2001:db8:1::7"])
    (1, 2)
    """
    networks = set(map(network_of, addresses))
    newer = sum(":" in network for network in networks)
    return max(newer, len(networks) - newer)


PORTS = r"[1-9][0-9]{0,4}(?:-[1-9][0-9]{0,4})?"
"""RE2: a port or a range of ports."""
MOST_PORTS = 2000


def parse_ports(written: Iterable[str]) -> list[int]:
    """Every port of a list of ports and ranges, sorted, each once. Raises ValueError beyond 65535 or 2000 of them.

    >>> parse_ports(["8000-8002", "22"])
    [22, 8000, 8001, 8002]
    """
    found: set[int] = set()
    for text in written:
        first, _, last = text.partition("-")
        if not int(first) <= int(last or first) <= 65535:
            raise ValueError(f"{text!r} is no range of ports")
        found |= set(range(int(first), int(last or first) + 1))
        if len(found) > MOST_PORTS:
            raise ValueError(f"more than {MOST_PORTS} ports")
    return sorted(found)
