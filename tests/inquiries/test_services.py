"""Mail servers, SSH servers and ports, asked from outside."""

from __future__ import annotations

import socket
import time

import pytest
from asked_outside import ask, seen
from peer_servers import HOSTILE, free_port, over_tls

from secscan.model.inquiry import Place
from secscan.model.values import Absent, Unobservable


def speaking(greeting: str, replies: dict[str, str], certified=None):
    """A server of lines; after a reply to a word of encryption it goes on over TLS with what it says then."""

    def converse(connection: socket.socket, before: str) -> None:
        while data := connection.recv(4096):
            words = data.decode(errors="replace").strip()
            answer = replies.get(before + words, "500 what\r\n")
            connection.sendall(answer.encode())
            if words.endswith("STARTTLS") and answer.startswith("220") and certified:
                with over_tls(certified, connection) as secured:
                    converse(secured, "tls ")
                return

    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting.encode())
        converse(connection, "")

    return handle


EHLO = "EHLO scanner.invalid"


def test_a_mail_server_that_lets_nobody_sign_in_in_clear(serve, authority):
    replies = {
        EHLO: "250-mail\r\n250 STARTTLS\r\n",
        "STARTTLS": "220 go\r\n",
        f"tls {EHLO}": "250-mail\r\n250 AUTH PLAIN LOGIN\r\n",
    }
    found = seen("mail_service", port=serve(speaking("220 mail ESMTP\r\n", replies, authority.issue())))
    assert (found["encrypts"], found["sign_in_in_clear"], found["sign_in"]) == (True, False, ("PLAIN", "LOGIN"))
    assert (found["greeting"], found["tells_version"]) == ("220 mail ESMTP", False)


def test_a_mail_server_without_encryption(serve):
    replies = {EHLO: "250-mail\r\n250 AUTH LOGIN\r\n", "STARTTLS": "502 no\r\n"}
    found = seen("mail_service", port=serve(speaking("220 mail ESMTP Exim 4.96\r\n", replies)))
    assert (found["encrypts"], found["sign_in_in_clear"], found["tells_version"]) == (False, True, True)
    assert isinstance(found["after"], Absent)


def test_encryption_that_is_promised_and_does_not_begin_is_unknown(serve):
    replies = {EHLO: "250-mail\r\n250 STARTTLS\r\n", "STARTTLS": "220 go\r\n"}
    found = seen("mail_service", port=serve(speaking("220 mail\r\n", replies)), limit_s=3)
    assert isinstance(found["encrypts"], Unobservable)


IMAP, POP3 = ("* OK hi\r\n", {"c STARTTLS": "c NO\r\n"}), ("+OK hi\r\n", {"STLS": "-ERR\r\n"})
MAILBOXES = [
    pytest.param("imap", IMAP, {"b CAPABILITY": "* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nb OK\r\n"}, False, id="imap-closed"),
    pytest.param("imap", IMAP, {"b CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nb OK\r\n"}, True, id="imap-open"),
    pytest.param("pop3", POP3, {"CAPA": "+OK\r\nTOP\r\n.\r\n"}, False, id="pop3-closed"),
    pytest.param("pop3", POP3, {"CAPA": "+OK\r\nUSER\r\n.\r\n"}, True, id="pop3-open"),
]


@pytest.mark.parametrize(("protocol", "server", "more", "clear"), MAILBOXES)
def test_signing_in_to_a_mailbox_in_clear_is_seen(serve, protocol, server, more, clear):
    greeting, replies = server
    found = seen("mail_service", port=serve(speaking(greeting, {**replies, **more})), protocol=protocol)
    assert (found["encrypts"], found["sign_in_in_clear"]) == (False, clear)


def test_encryption_from_the_first_byte(serve, authority):
    certified = authority.issue()

    def handle(connection):
        with over_tls(certified, connection) as secured:
            speaking("* OK hi\r\n", {"b CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nb OK\r\n"})(secured)

    found = seen("mail_service", port=serve(handle), protocol="imap", tls=True)
    assert (found["encrypts"], found["sign_in_in_clear"], found["sign_in"]) == (True, False, ("PLAIN", "LOGIN"))


@pytest.mark.parametrize("behave", HOSTILE)
@pytest.mark.parametrize("protocol", ["smtp", "imap", "pop3", "ssh"])
def test_a_hostile_peer_is_no_server(serve, behave, protocol):
    began = time.monotonic()
    if protocol == "ssh":
        said = ask("ssh_algorithms", port=serve(behave), limit_s=2)
    else:
        said = ask("mail_service", port=serve(behave), protocol=protocol, limit_s=2)
    assert isinstance(said, Unobservable)
    assert time.monotonic() - began < 5


def kexinit(*lists: str) -> bytes:
    payload = b"\x14" + bytes(16) + b"".join(len(each).to_bytes(4, "big") + each.encode() for each in (*lists, "", "")) + bytes(5)
    padding = 8 - (len(payload) + 5) % 8 + 8
    return (len(payload) + padding + 1).to_bytes(4, "big") + bytes([padding]) + payload + bytes(padding)


KEX = "curve25519-sha256,kex-strict-s-v00@openssh.com"
LISTS = (KEX, "ssh-ed25519", "aes256-ctr", "aes128-ctr", "hmac-sha1", "hmac-sha1", "none", "none")


def test_what_an_ssh_server_offers_is_read_without_signing_in(serve):
    port = serve(lambda connection: (connection.sendall(b"hello\r\nSSH-2.0-Example_1\r\n" + kexinit(*LISTS)), connection.recv(99)))
    found = seen("ssh_algorithms", Place("127.0.0.1", ssh_port=port))
    assert (found["protocol"], found["software"], found["kex"], found["strict_kex"]) == (
        "2.0",
        "Example_1",
        ("curve25519-sha256",),
        True,
    )
    assert (found["ciphers"], found["macs"]) == (("aes256-ctr", "aes128-ctr"), ("hmac-sha1",))


def test_an_offer_that_is_cut_off_or_no_offer_says_nothing(serve):
    for sent in (kexinit(*LISTS)[:-60], b"\x00\x00\x00\x20" + bytes(32), b"\xff\xff\xff\xff"):
        port = serve(lambda connection, sent=sent: connection.sendall(b"SSH-2.0-x\r\n" + sent))
        assert isinstance(ask("ssh_algorithms", port=port, limit_s=2), Unobservable)


def test_version_1_of_the_protocol_is_told(serve):
    found = seen("ssh_algorithms", port=serve(lambda connection: connection.sendall(b"SSH-1.5-old\r\n")))
    assert (found["protocol"], found["kex"]) == ("1.5", ())


def test_open_and_closed_ports_are_told_apart(serve):
    port, closed = serve(lambda connection: None), free_port()
    found = seen("open_port", ports=(str(port), str(closed)))
    assert (found["open"], found["closed"], found["silent"]) == ((str(port),), (str(closed),), ())


def test_a_name_that_does_not_exist_has_no_closed_ports():
    said = ask("open_port", Place("nobody.invalid"), ports=("22",))
    assert isinstance(said, Unobservable)
    assert "cannot be resolved" in said.reason
