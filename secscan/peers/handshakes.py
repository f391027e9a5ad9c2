"""TLS handshakes with servers of any age: hellos of our own, and whole handshakes by OpenSSL for the chain and its authority."""

from __future__ import annotations

import os
import secrets
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan.addresses import is_address
from secscan.peers.connection import Peer, Unanswered, connect
from secscan.peers.starttls import PROTOCOLS
from secscan.syntax.tls import Said, client_hello, read_flight, read_ssl2

HELLO_S = 8.0  # one connection, from its first packet to the end of what a server says in clear
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: expiry is judged from the certificates, at the time of judging


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of an address, what is spoken on it before TLS, and the name to ask for (empty: none)."""

    address: str
    port: int
    protocol: str
    name: str

    def open(self, deadline_s: float) -> Peer:
        """A connection on which TLS may begin. Raises Refused, Unanswered, PlainOnly."""
        peer = connect(self.address, self.port, min(deadline_s, time.monotonic() + HELLO_S))
        try:
            if self.protocol:
                PROTOCOLS[self.protocol](peer)
        except BaseException:
            peer.__exit__(None, None, None)
            raise
        return peer


def greet(endpoint: Endpoint, version: str, suites: Sequence[int], deadline_s: float) -> Said | None:
    """What the server answers to a hello of one version; None when it just closes the connection.

    Raises Refused, Unanswered, PlainOnly, and Unreadable when the answer is no TLS.
    """
    name = "" if is_address(endpoint.name) else endpoint.name
    with endpoint.open(deadline_s) as peer:
        peer.send(client_hello(version, suites, name, secrets.token_bytes(64)))
        data = b""
        while piece := peer.receive():
            data += piece
            if version == "SSLv2":
                if len(data) >= 11 or data[:1] == b"\x15":
                    return Said(version) if read_ssl2(data) else Said(alert=0)
                continue
            said, whole = read_flight(data)
            if whole:
                return said
        if data:
            said, _ = read_flight(data)
            return said if said.version else None
    return None


def old_context(authorities: str = "", verify: bool = False) -> ssl.SSLContext:
    """A context that speaks with servers of any age, as far as this OpenSSL can. Raises Unanswered when there is no store.

    It verifies the way to an authority, not the name and not the time.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: servers without secure renegotiation are asked too
    context.set_ciphers("ALL:@SECLEVEL=0")
    if verify:
        _load_authorities(context, authorities)
        context.verify_flags |= _NO_CHECK_TIME
    return context


def _load_authorities(context: ssl.SSLContext, further: str) -> None:
    known = ssl.get_default_verify_paths()
    has_store = bool(known.cafile and Path(known.cafile).is_file()) or bool(
        known.capath and Path(known.capath).is_dir() and any(os.scandir(known.capath))
    )
    if not has_store and not further:
        raise Unanswered("the scanner has no store of authorities; allowed: the package ca-certificates, or argument authorities")
    context.load_default_certs()
    if further:
        try:
            context.load_verify_locations(cafile=further)
        except (OSError, ssl.SSLError) as error:
            raise Unanswered(f"the authorities in {further} cannot be read on the scanner: {error}") from error


def fetch_chain(endpoint: Endpoint, authorities: str, deadline_s: float) -> tuple[tuple[bytes, ...], str]:
    """The chain as served, in DER, and what OpenSSL says against its way to an authority: empty when nothing.

    Raises Refused, Unanswered, PlainOnly, ssl.SSLError when no handshake succeeds.
    """
    try:
        return _shake_hands(endpoint, old_context(authorities, verify=True), deadline_s), ""
    except ssl.SSLCertVerificationError as error:
        return _shake_hands(endpoint, old_context(), deadline_s), error.verify_message or "not verified"


def _shake_hands(endpoint: Endpoint, context: ssl.SSLContext, deadline_s: float) -> tuple[bytes, ...]:
    with endpoint.open(deadline_s) as peer:
        return _chain(peer.secure(context, "" if is_address(endpoint.name) else endpoint.name))


def _chain(secured: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Public since Python 3.13; before, the same call of the object inside."""
    ask: Any = getattr(secured, "get_unverified_chain", None)
    if ask is not None:
        return tuple(ask())
    inside: Any = secured._sslobj  # type: ignore[attr-defined] # noqa: SLF001 - Python 3.11 and 3.12 have no other way
    chain = inside.get_unverified_chain() or ()
    return tuple(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain)
