"""TLS servers of every kind, asked from outside."""

from __future__ import annotations

import datetime as dt
import socket
import time

import pytest
from asked_outside import HERE, ask, seen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from peer_servers import HOSTILE, NAME, NOW, closing, free_port, over_tls

from secscan import plugins
from secscan.judge.observe import observe
from secscan.model.inquiry import Place
from secscan.model.probe import Answer, Call
from secscan.model.values import Absent, Unobservable
from secscan.syntax.certificates import certificate_facts
from secscan.syntax.tls import SUITES, client_hello, read_flight

ALL = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


def the(found, collection="endpoints"):
    return found[collection][0]


def test_a_good_server_is_seen_as_good(authority, tls_server):
    certified = authority.issue()
    port = tls_server(certified, "-cipher", "ECDHE+AESGCM")
    found = seen("tls_endpoint", endpoints=(f"{NAME}:{port}",), authorities=str(certified.authority))
    server, leaf = the(found), the(found, "certificates")
    versions = {version: server[version] for version in ("ssl2", "ssl3", "tls1_0", "tls1_1", "tls1_2", "tls1_3")}
    assert versions == {"ssl2": False, "ssl3": False, "tls1_0": False, "tls1_1": False, "tls1_2": True, "tls1_3": True}
    assert set(server["suites"]) == {f"TLS_ECDHE_ECDSA_WITH_AES_{bits}" for bits in ("128_GCM_SHA256", "256_GCM_SHA384")}
    assert (server["broken_suites"], server["forward_secret"], server["authenticated"]) == ((), True, True)
    assert (server["trusted"], server["trust_fault"], server["name_matches"]) == (True, Absent("a fault"), True)
    assert (server["secure_renegotiation"], server["compression"], server["stapled"]) == (True, False, False)
    assert (leaf["names"], leaf["key_bits"], leaf["self_signed"]) == ((NAME,), 256, False)
    assert [record["position"] for record in found["certificates"]] == [0, 1]
    assert found["count"] == 1


@pytest.mark.parametrize(
    ("version", "field"), [pytest.param("-tls1", "tls1_0", id="1.0"), pytest.param("-tls1_1", "tls1_1", id="1.1")]
)
def test_old_versions_are_found_though_nothing_here_would_use_them(authority, tls_server, version, field):
    server = the(seen("tls_endpoint", endpoints=(str(tls_server(authority.issue(), version, "-cipher", ALL)),)))
    others = [server[name] for name in ("ssl2", "ssl3", "tls1_0", "tls1_1", "tls1_2", "tls1_3") if name != field]
    assert server[field] is True
    assert others == [False] * 5
    assert server["authenticated"] is False
    assert any("anon" in suite for suite in server["broken_suites"])


def test_a_server_of_tls_1_3_alone_shows_its_chain_and_no_staple(authority, tls_server):
    found = seen("tls_endpoint", endpoints=(str(tls_server(authority.issue(), "-tls1_3")),))
    assert (the(found)["tls1_3"], the(found)["tls1_2"], the(found)["suites"]) == (True, False, ())
    assert the(found)["forward_secret"] is True
    assert isinstance(the(found)["stapled"], Unobservable)
    assert len(found["certificates"]) == 2


def test_expired_self_signed_and_weak_certificates_are_read_as_that(authority, tls_server, weak_key):
    expired = seen(
        "tls_endpoint",
        endpoints=(str(tls_server(authority.issue(days=(-30, -1)))),),
        authorities=str(authority.folder / "authority.pem"),
    )
    assert the(expired, "certificates")["not_after"] < NOW.timestamp()
    assert the(expired)["trusted"] is True
    own = seen("tls_endpoint", endpoints=(str(tls_server(authority.issue(own=True))),))
    assert the(own, "certificates")["self_signed"] is True
    assert the(own)["trusted"] is False
    weak = seen("tls_endpoint", endpoints=(str(tls_server(authority.issue(key=weak_key), "-cipher", ALL)),))
    assert (the(weak, "certificates")["key_type"], the(weak, "certificates")["key_bits"]) == ("rsa", 1024)
    assert the(weak)["forward_secret"] is False


def test_a_chain_without_its_intermediate_or_for_another_name_is_told(authority, tls_server):
    port = tls_server(authority.issue("other.example.org", own=False))
    server = the(seen("tls_endpoint", endpoints=(f"{NAME}:{port}",)))
    assert (server["name_matches"], server["trusted"]) == (False, False)
    assert "certificate" in server["trust_fault"]
    nameless = the(seen("tls_endpoint", endpoints=(str(port),)))
    assert isinstance(nameless["name_matches"], Unobservable)
    named = the(seen("tls_endpoint", Place("127.0.0.1", "other.example.org"), endpoints=(str(port),)))
    assert named["name_matches"] is True


def test_short_diffie_hellman_primes_are_found(authority, tls_server, tmp_path):
    (tmp_path / "dh.pem").write_text(DH_1024)
    port = tls_server(authority.issue(), "-dhparam", str(tmp_path / "dh.pem"), "-cipher", "ADH:@SECLEVEL=0", "-no_tls1_3")
    assert the(seen("tls_endpoint", endpoints=(str(port),)))["dh_bits"] == 1024


@pytest.mark.parametrize("behave", HOSTILE)
def test_a_hostile_peer_never_looks_like_a_server_and_never_holds_the_scan_up(serve, behave):
    port = serve(behave)
    began = time.monotonic()
    found = seen("tls_endpoint", endpoints=(str(port),), limit_s=4)
    assert time.monotonic() - began < 6
    assert found["count"] in (0, Unobservable("no endpoint answers, and nobody knows why"))
    if found["count"] == 0:
        assert found["plain"] == (str(port),)
    else:
        assert isinstance(the(found)["tls1_0"], Unobservable)
        assert isinstance(the(found, "certificates")["not_after"], Unobservable)


def test_a_peer_that_stalls_after_its_hello_leaves_everything_unknown(serve):
    def stall(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        time.sleep(30)

    found = seen("tls_endpoint", endpoints=(str(serve(stall)),), limit_s=3)
    assert isinstance(found["count"], Unobservable)


def test_a_closed_port_is_told_apart_from_one_without_tls(serve, authority):
    closed = free_port()
    plain = serve(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"))
    found = seen("tls_endpoint", endpoints=(str(closed), str(plain)))
    assert (found["closed"], found["plain"], found["count"]) == ((str(closed),), (str(plain),), 0)


def test_a_server_that_has_had_enough_is_not_said_to_refuse(authority, serve):
    certified, taken = authority.issue(), []

    def tired(connection: socket.socket) -> None:
        taken.append(1)
        if len(taken) > 2:
            return closing(connection)
        return over_tls(certified, connection).close()

    server = the(seen("tls_endpoint", endpoints=(str(serve(tired)),)))
    assert isinstance(server["tls1_0"], Unobservable)
    assert isinstance(server["suites"], Unobservable)
    assert isinstance(server["broken_suites"], Unobservable)


def test_a_warning_before_the_hello_is_no_refusal(authority, tls_server):
    certified = authority.issue()
    port = tls_server(certified, "-servername", "other.example.org", "-cert2", str(certified.pem), "-key2", str(certified.pem),
                      "-cipher", ALL)  # fmt: skip
    server = the(seen("tls_endpoint", endpoints=(f"{NAME}:{port}",)))
    assert (server["tls1_3"], server["tls1_2"], server["tls1_0"]) == (True, True, True)
    assert server["forward_secret"] is False


def test_a_server_that_refuses_every_name_but_its_own_is_not_said_to_be_without_tls(serve):
    def reject(connection: socket.socket) -> None:
        hello = connection.recv(4096)
        if hello[:1] == b"\x16":
            connection.sendall(b"\x15\x03\x03\x00\x02\x02\x70")  # fatal: unrecognized_name
        else:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    found = seen("tls_endpoint", endpoints=(f"{NAME}:{serve(reject)}",))
    assert isinstance(found["count"], Unobservable)
    assert found["plain"] == ()


def test_a_server_that_hangs_up_without_a_word_is_not_said_to_be_without_tls(serve):
    found = seen("tls_endpoint", endpoints=(str(serve(closing)),))
    assert isinstance(found["count"], Unobservable)


def test_a_second_certificate_for_keys_of_another_kind_is_seen(authority, tls_server, weak_key):
    good, old = authority.issue(), authority.issue("old.example.org", days=(-30, -1), key=weak_key)
    port = tls_server(good, "-dcert", str(old.pem), "-dkey", str(old.pem), "-cipher", ALL, "-no_tls1_3")
    found = seen("tls_endpoint", endpoints=(f"{NAME}:{port}",))
    kinds = [(record["position"], record["key_type"], record["key_bits"]) for record in found["certificates"]]
    assert kinds[:2] == [(0, "ec", 256), (1, "ec", 256)]
    assert (0, "rsa", 1024) in kinds[2:]
    assert (the(found)["chain_length"], the(found)["name_matches"]) == (2, False)


def test_what_was_chosen_in_an_older_version_counts_among_the_suites():
    lines = ("offers TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 x25519", "offers TLSv1.0 TLS_RSA_WITH_3DES_EDE_CBC_SHA",
             "offers SSLv2", "suite TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 x25519", "suites all", "done", "end")  # fmt: skip
    probe = plugins.probes()["tls_endpoint"]
    call = Call.of("tls_endpoint", {"endpoints": ("443",), "host": "", "authorities": ""})
    told = observe(probe, call, Answer("\n".join(("endpoint 443", *lines, "")).encode()))
    server = told.attributes["endpoints"][0]
    assert server["broken_suites"] == ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "SSLv2")
    assert server["forward_secret"] is False


def test_a_signature_without_a_hash_of_its_own_is_named_by_its_issuer(authority):
    issuer, key = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    name = authority.certificate.subject
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(NOW).not_valid_after(NOW + dt.timedelta(days=1)).sign(issuer, None)
    )  # fmt: skip
    facts = certificate_facts(certificate)
    assert (facts["key_type"], facts["signature_hash"]) == ("ec", "ed25519")


TURNED_AWAY = [
    pytest.param("smtp", b"554 blocked\r\n", id="smtp"),
    pytest.param("ftp", b"421 too many connections\r\n", id="ftp"),
    pytest.param("pop3", b"-ERR too many connections\r\n", id="pop3"),
    pytest.param("imap", b"* BYE too many connections\r\n", id="imap"),
]


@pytest.mark.parametrize(("protocol", "greeting"), TURNED_AWAY)
def test_a_server_that_turns_the_scanner_away_is_not_said_to_be_without_tls(serve, protocol, greeting):
    port = serve(lambda connection: connection.sendall(greeting))
    found = seen("tls_endpoint", endpoints=(f"{port}/{protocol}",))
    assert isinstance(found["count"], Unobservable)


def test_a_server_that_turns_the_scanner_away_later_is_not_said_to_have_no_tls(authority, serve):
    certified, taken = authority.issue(), []
    speak = starting(b"220 b\r\n", (b"EHLO", b"250 STARTTLS\r\n"), (b"STARTTLS", b"220\r\n"))

    def tired(connection: socket.socket) -> None:
        taken.append(1)
        if len(taken) > 2:
            return connection.sendall(b"421 too many connections\r\n")
        return speak(certified, connection)

    server = the(seen("tls_endpoint", endpoints=(f"{serve(tired)}/smtp",)))
    assert (server["tls1_2"], server["ssl3"]) == (True, Unobservable("it turns the scanner away: 421 too many connections"))


def starting(greeting: bytes, *exchanges: tuple[bytes, bytes]):
    """A server's words before TLS: its greeting, then an answer to each line."""

    def speak(certified, connection: socket.socket) -> None:
        connection.sendall(greeting)
        for asked, answer in exchanges:
            if asked not in connection.recv(4096):
                return
            connection.sendall(answer)
        with over_tls(certified, connection) as secured:
            secured.recv(100)

    return speak


LDAP_DONE = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
STARTING = [
    pytest.param("smtp", starting(b"220-a\r\n220 b\n", (b"EHLO", b"250-b\n250 STARTTLS\n"), (b"STARTTLS", b"220\n")), id="smtp"),
    pytest.param("imap", starting(b"* OK [CAPABILITY IMAP4rev1] hello\r\n", (b"a STARTTLS", b"a OK begin\r\n")), id="imap"),
    pytest.param("pop3", starting(b"+OK hello\r\n", (b"STLS", b"+OK begin\r\n")), id="pop3"),
    pytest.param("ftp", starting(b"220 hello\r\n", (b"AUTH TLS", b"234 go\r\n")), id="ftp"),
    pytest.param("ldap", starting(b"", (b"1.3.6.1.4.1.1466.20037", LDAP_DONE)), id="ldap"),
    pytest.param("postgres", starting(b"", (b"\x04\xd2\x16\x2f", b"S")), id="postgres"),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "speak"), STARTING)
def test_tls_that_begins_in_clear_is_seen_behind_its_protocol(authority, serve, protocol, speak):
    certified = authority.issue()
    port = serve(lambda connection: speak(certified, connection))
    found = seen("tls_endpoint", endpoints=(f"{port}/{protocol}",))
    assert (the(found)["tls1_2"], the(found)["tls1_0"]) == (True, False)


REFUSING = [
    pytest.param("smtp", starting(b"220 b\r\n", (b"EHLO", b"250 SIZE 1\r\n")), id="smtp"),
    pytest.param("imap", starting(b"* OK hello\r\n", (b"a STARTTLS", b"a BAD no\r\n")), id="imap"),
    pytest.param("pop3", starting(b"+OK hello\r\n", (b"STLS", b"-ERR no\r\n")), id="pop3"),
    pytest.param("ldap", starting(b"", (b"1466", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")), id="ldap"),
    pytest.param("postgres", starting(b"", (b"\x04\xd2\x16\x2f", b"N")), id="postgres"),
]


@pytest.mark.parametrize(("protocol", "speak"), REFUSING)
def test_a_server_that_offers_no_tls_in_its_protocol_is_plain(authority, serve, protocol, speak):
    port = serve(lambda connection: speak(authority.issue(), connection))
    assert seen("tls_endpoint", endpoints=(f"{port}/{protocol}",))["plain"] == (f"{port}/{protocol}",)


def test_a_target_without_an_address_says_so():
    said = ask("tls_endpoint", Place(reason="a file tree has no address"))
    assert said == Unobservable("a file tree has no address")


def test_suites_that_nothing_here_can_offer_any_more_are_recognised_in_an_answer():
    rc4 = next(number for number, name in SUITES.items() if name == "TLS_RSA_WITH_RC4_128_MD5")
    body = b"\x03\x00" + bytes(32) + b"\x00" + rc4.to_bytes(2, "big") + b"\x01"
    message = b"\x02" + len(body).to_bytes(3, "big") + body + b"\x0e\x00\x00\x00"
    said, whole = read_flight(b"\x16\x03\x00" + len(message).to_bytes(2, "big") + message)
    assert (said.version, said.suite, said.compression, said.secure_renegotiation) == (
        "SSLv3",
        "TLS_RSA_WITH_RC4_128_MD5",
        True,
        False,
    )
    assert whole


def test_the_hello_of_sslv2_is_as_long_as_it_says():
    hello = client_hello("SSLv2", [], "", bytes(64))
    assert int.from_bytes(hello[:2], "big") & 0x7FFF == len(hello) - 2


def test_the_place_of_a_target_gives_the_name_to_ask_for():
    assert HERE.name == ""


DH_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""
