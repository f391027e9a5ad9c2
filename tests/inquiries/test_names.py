"""Name servers and what domains say about themselves, asked of a small server on 127.0.0.1."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from asked_outside import ask, seen
from peer_servers import free_port

from secscan.model.inquiry import Place
from secscan.model.values import Absent, Unobservable

ZONE = {
    ("example.org.", "SOA"): ["ns1.example.org. hostmaster.example.org. 7 3600 600 86400 300"],
    ("example.org.", "NS"): ["ns1.example.org."],
    ("ns1.example.org.", "A"): ["127.0.0.1"],
    ("example.org.", "MX"): ["10 mail.example.org.", "20 mail2.example.org."],
    ("mail.example.org.", "A"): ["192.0.2.1"],
    ("mail2.example.org.", "A"): ["198.51.100.1"],
    ("example.org.", "TXT"): ['"v=spf1 include:_spf.example.net " "-all"', '"other=1"'],
    ("_spf.example.net.", "TXT"): ['"v=spf1 a mx ip4:192.0.2.0/24 ~all"'],
    ("_dmarc.example.org.", "TXT"): ['"v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@example.org,mailto:b@example.org"'],
    ("ed._domainkey.example.org.", "TXT"): ['"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="'],
    ("gone._domainkey.example.org.", "TXT"): ['"v=DKIM1; p="'],
    ("_smtp._tls.example.org.", "TXT"): ['"v=TLSRPTv1; rua=mailto:tls@example.org"'],
    ("_25._tcp.mail.example.org.", "TLSA"): ["3 1 1 " + "ab" * 32],
    ("limited.org.", "CAA"): ['0 issue "letsencrypt.org"'],
    ("www.example.org.", "CNAME"): ["web.example.org."],
    ("web.example.org.", "A"): ["192.0.2.80"],
}
SIGNED = ["SOA ECDSAP256SHA256 2 3600 20300101000000 20250101000000 1 example.org. AAAA"]


class Server:
    """What it does is set by the test; `asked` keeps the questions."""

    def __init__(self) -> None:
        self.validates = self.recurses = self.transfers = self.remembers = False
        self.unsigned: set[str] = set()
        self.bogus: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[str] = []

    def answer(self, query: dns.message.Message, over_tcp: bool) -> dns.message.Message | None:
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        if name in self.silent:
            return None
        made = dns.message.make_response(query)
        remembered = self.remembers and query.flags & dns.flags.RD
        made.flags |= (0 if remembered else dns.flags.AA) | (dns.flags.RA if self.recurses else 0)
        if name in self.bogus and not query.flags & dns.flags.CD:
            made.set_rcode(dns.rcode.SERVFAIL)
            return made
        if kind == "AXFR":
            made.set_rcode(dns.rcode.NOERROR if self.transfers else dns.rcode.REFUSED)
            kind = "SOA" if self.transfers else "none"
        if self.recurses and (name, kind) == ("www.iana.org.", "A"):
            made.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.99"))
        if name == ".":
            made.answer.append(dns.rrset.from_text(".", 60, "IN", "SOA", ". . 1 1 1 1 1"))
        if self.validates and name not in self.unsigned and (name == "." or name.endswith("example.org.")):
            made.flags |= dns.flags.AD
        found = ZONE.get((name, "CNAME"))
        if found and kind != "CNAME":
            made.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", *found))
            name = found[0]
        if (name, kind) in ZONE:
            made.answer.append(dns.rrset.from_text(name, 20 if remembered else 300, "IN", kind, *ZONE[name, kind]))
            if kind == "SOA" and query.ednsflags & dns.flags.DO:
                made.answer.append(dns.rrset.from_text(name, 300, "IN", "RRSIG", *SIGNED))
        return made


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    """A name server, and where it is."""
    port = free_port()
    state = Server()
    with contextlib.ExitStack() as stack:
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", port))
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", port)))

        def until_closed(step: Callable[[], None]) -> None:
            with contextlib.suppress(OSError):
                while True:
                    step()

        def datagram() -> None:
            data, peer = udp.recvfrom(4096)
            made = state.answer(dns.message.from_wire(data), over_tcp=False)
            if made:
                udp.sendto(made.to_wire(), peer)

        def stream() -> None:
            connection, _ = tcp.accept()
            with connection:
                data = connection.recv(4096)
                made = state.answer(dns.message.from_wire(data[2:]), over_tcp=True)
                if made:
                    wire = made.to_wire()
                    connection.sendall(len(wire).to_bytes(2, "big") + wire)

        for step in (datagram, stream):
            threading.Thread(target=until_closed, args=(step,), daemon=True).start()
        yield state, f"127.0.0.1:{port}"


def test_records_are_told_with_their_alias_and_signatures(server):
    state, where = server
    state.validates = True
    found = seen("dns_record", name="example.org", type="SOA", resolver=where)
    assert (found["authenticated"], found["signed"], found["algorithms"]) == (True, True, ("ECDSAP256SHA256",))
    assert (found["signature_expires"], found["ttl"]) == (1893456000, 300)
    aliased = seen("dns_record", name="www.example.org", type="A", resolver=where)
    assert (aliased["values"], aliased["alias"]) == (("192.0.2.80",), "web.example.org.")


def test_what_does_not_exist_is_an_empty_answer_and_no_silence(server):
    _, where = server
    found = seen("dns_record", name="example.org", type="CAA", resolver=where)
    assert (found["name"], found["values"], found["ttl"]) == ("example.org", (), Absent("a record"))
    assert found["issuers"] == ()


def test_records_of_the_name_above_limit_who_may_issue(server):
    _, where = server
    found = seen("dns_record", name="a.unit.limited.org", type="CAA", resolver=where)
    assert (found["name"], found["issuers"]) == ("a.unit.limited.org", ("letsencrypt.org",))


def test_how_long_an_answer_may_be_kept_is_told_by_the_servers_of_the_domain(server):
    state, where = server
    state.remembers = True
    name, port = "mail.example.org", int(where.rpartition(":")[2])
    assert seen("dns_record", name=name, type="A", resolver=where, port=port)["ttl"] == 300
    assert isinstance(seen("dns_record", name=name, type="A", resolver=where, port=free_port())["ttl"], Unobservable)


def test_what_dane_says_counts_only_where_it_is_signed(server):
    state, where = server
    state.unsigned = {"_25._tcp.mail.example.org."}
    told = []
    for state.validates in (True, False):
        found = seen("mail_policy", domain="example.org", fetch=False, resolver=where)
        told.append(found["exchangers"][0]["tlsa"])
    assert told[0] is False
    assert isinstance(told[1], Unobservable)


def test_a_server_that_tries_to_ask_others_and_fails_is_not_said_to_refuse(server):
    state, where = server
    state.recurses, state.bogus = True, {"www.iana.org."}
    (record,) = seen("dns_zone", domain="example.org", resolver=where, port=int(where.rpartition(":")[2]))["servers"]
    assert isinstance(record["recursion"], Unobservable)


def test_without_a_resolver_that_validates_nobody_knows_whether_signatures_are_right(server):
    _, where = server
    assert isinstance(seen("dns_record", name="example.org", type="SOA", resolver=where)["authenticated"], Unobservable)


def test_wrong_signatures_are_not_taken_for_a_failure_of_the_server(server):
    state, where = server
    state.bogus = {"example.org."}
    found = seen("dns_record", name="example.org", type="SOA", resolver=where)
    assert found["authenticated"] is False
    assert isinstance(found["values"], Unobservable)


def test_a_name_server_that_is_silent_or_gone_leaves_everything_unknown(server):
    state, where = server
    state.silent = {"example.org."}
    for resolver in (where, f"127.0.0.1:{free_port()}"):
        assert isinstance(ask("dns_record", name="example.org", type="SOA", resolver=resolver, limit_s=2), Unobservable)
        assert isinstance(ask("dns_zone", domain="example.org", resolver=resolver, limit_s=2), Unobservable)


def test_the_domain_is_the_one_that_the_inventory_declares(server):
    _, where = server
    place = Place("127.0.0.1", domain="example.org")
    assert seen("dns_record", place, type="NS", resolver=where)["values"] == ("ns1.example.org.",)
    for probe in ("dns_record", "dns_zone", "mail_policy"):
        more = {"type": "NS"} if probe == "dns_record" else {}
        found = seen(probe, **more)
        assert isinstance(found["name" if probe == "dns_record" else "domain"], Absent)
        assert [value for value in found.values() if isinstance(value, Unobservable)]


@pytest.mark.parametrize("open_", [False, True])
def test_what_a_name_server_gives_to_strangers_is_seen(server, open_):
    state, where = server
    state.recurses = state.transfers = open_
    found = seen("dns_zone", domain="example.org", resolver=where, port=int(where.rpartition(":")[2]))
    (record,) = found["servers"]
    assert (record["answers"], record["serial"], record["recursion"], record["transfer"]) == (True, 7, open_, open_)
    assert (found["networks"], found["serials_agree"], found["names"]) == (1, True, ("ns1.example.org.",))


def test_mail_policies_are_read_with_everything_they_include(server):
    state, where = server
    state.validates = True
    found = seen("mail_policy", domain="example.org", selectors=("ed", "gone", "none"), fetch=False, resolver=where)
    assert (found["spf_count"], found["spf_all"], found["spf_lookups"]) == (1, "-", 3)
    assert found["spf"] == "v=spf1 include:_spf.example.net -all"
    assert (found["dmarc_policy"], found["dmarc_subdomain_policy"], found["dmarc_percent"]) == ("reject", "quarantine", 100)
    assert found["dmarc_reports"] == ("mailto:a@example.org", "mailto:b@example.org")
    keys = [(key["present"], key["key_bits"], key["revoked"]) for key in found["dkim"]]
    assert keys == [(True, 256, False), (True, Absent("a key: it was revoked"), True), (False, Absent("a key"), Absent("a key"))]
    assert [(each["name"], each["tlsa"]) for each in found["exchangers"]] == [
        ("mail.example.org", True),
        ("mail2.example.org", False),
    ]
    assert (found["networks"], found["tls_reports"]) == (2, ("mailto:tls@example.org",))
    assert isinstance(found["mta_sts_mode"], Absent)


def test_a_domain_below_is_under_the_policy_of_its_organisation(server):
    _, where = server
    found = seen("mail_policy", domain="unit.example.org", fetch=False, resolver=where)
    assert (found["dmarc_policy"], found["spf"]) == ("quarantine", Absent("an SPF record"))


def test_a_policy_that_could_not_be_looked_up_is_not_said_to_be_missing(server):
    state, where = server
    state.silent = {"_dmarc.example.org.", "_spf.example.net."}
    found = seen("mail_policy", domain="example.org", fetch=False, resolver=where, limit_s=20)
    assert isinstance(found["dmarc_policy"], Unobservable)
    assert isinstance(found["spf_lookups"], Unobservable)
    assert isinstance(found["spf_all"], Unobservable)  # what it includes may let everybody send
