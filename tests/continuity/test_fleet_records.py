"""Records of all hosts together: clocks, keys, addresses, and what ends by itself."""

from __future__ import annotations

import pytest
from declared import DAY, NOW, evidence, look, statement, view

from secscan.continuity.expiry import expiry_records
from secscan.continuity.fleet import address_records, clock_records, key_records, opener_records
from secscan.continuity.reading import Look
from secscan.model.attestation import Demand
from secscan.model.values import Absent, Unobservable
from secscan.model.waiver import Waiver


def test_one_clock_that_is_wrong_moves_no_other_clock():
    clocks = clock_records(evidence(view("db1"), view("vault", offset=0.5), view("web1", offset=7200.0)))
    assert {clock["host"]: clock["apart"] for clock in clocks} == {"db1": 0.5, "vault": 0.0, "web1": 7199.5}


def test_a_key_on_two_hosts_is_one_record_with_both():
    keys = look("ssh_host_key", keys=({"path": "/etc/ssh/k", "fingerprint": "SHA256:a"},))
    none = look("certificate_file", certificates=(), count=0, missing=())
    shared = key_records(evidence(view("db1", keys, none), view("vault", keys, none)))
    assert [(key["hosts"], key["count"]) for key in shared] == [(("db1", "vault"), 2)]


def vrrp(holds):
    return look("keepalived", runs=True, instances=({"name": "a", "addresses": ("192.0.2.10",), "holds": holds},), count=1)


def test_an_address_that_two_hosts_hold_is_one_record_with_both():
    (address,) = address_records(evidence(view("db1", vrrp(True)), view("vault", vrrp(True))))
    assert (address["members"], address["holder_count"]) == (("db1", "vault"), 2)


def test_who_holds_an_address_is_not_known_when_one_host_does_not_tell():
    (address,) = address_records(evidence(view("db1", vrrp(True)), view("vault", vrrp(Unobservable("some, not all")))))
    assert isinstance(address["holder_count"], Unobservable)
    *_, unknown = address_records(evidence(view("db1", vrrp(True))))
    assert unknown["members"] == ("vault",)
    assert isinstance(unknown["member_count"], Unobservable)


def test_a_key_of_root_is_one_record_with_all_hosts_that_it_opens():
    def opens(*restricted):
        keys = tuple({"account": "root", "uid": 0, "fingerprint": "SHA256:a", "restricted": each} for each in restricted)
        return look(
            "authorized_keys", keys=(*keys, {"account": "ann", "uid": 1000, "fingerprint": "SHA256:b", "restricted": False})
        )

    (key,) = opener_records(evidence(view("db1", opens(True, True)), view("vault", opens(True, False))))
    assert (key["opens"], key["count"], key["restricted"]) == (("db1", "vault"), 2, False)


def test_what_ends_is_told_once_and_what_could_not_be_looked_at_before_it():
    leaf = {"path": "/etc/a.crt", "subject": "CN=a", "not_after": NOW + DAY}
    told = look("certificate_file", certificates=(leaf,), revocation_lists=(), count=1, missing=())
    *unknown, known = expiry_records(evidence(view("db1", told), services=()))
    assert {(record["kind"], record["place"]) for record in unknown} == {
        ("certificate", "vault"), ("signing key", "vault"), ("signing key", "db1"),
    }  # fmt: skip
    assert all(isinstance(record["ends"], Unobservable) for record in unknown)
    assert (known["name"], known["ends"], known["place"]) == ("CN=a", NOW + DAY, "db1:/etc/a.crt")


def signing_key(**told):
    fields = {"name": "Archive", "fingerprint": "F" * 40, "file": "/k.gpg", "ends": NOW + DAY, "revoked": False, "used": True}
    return {**fields, **told}


def endings(*looks: Look, **more) -> list[tuple[str, str]]:
    """Kinds and names of what is told to end at a known moment."""
    records = expiry_records(evidence(view("db1", *looks), services=(), **more))
    return [(str(record["kind"]), str(record["name"])) for record in records if isinstance(record["ends"], float)]


@pytest.mark.parametrize(
    ("told", "told_of"),
    [
        ({}, True),
        ({"used": Unobservable("nothing that was signed is there to tell")}, True),
        ({"used": False}, False),
        ({"revoked": True}, False),
        ({"ends": Absent("a day on which it ends")}, False),
    ],
    ids=["used", "perhaps used", "not used", "withdrawn", "without end"],
)
def test_a_key_of_packages_is_a_time_bomb_where_something_in_use_was_signed_with_it(told, told_of):
    found = endings(look("signing_keys", keys=(signing_key(**told),), count=1, manager="apt"))
    assert found == ([("signing key", "Archive FFFFFFFFFFFFFFFF")] if told_of else [])


def test_a_list_of_revoked_certificates_ends_when_the_next_one_is_due():
    listed = {"path": "/etc/ssl/a.crl", "issuer": "CN=CA", "issued": NOW, "next_update": NOW + DAY}
    looked = look("certificate_file", certificates=(), revocation_lists=(listed,), count=0, missing=())
    assert endings(looked) == [("CRL", "CN=CA")]


def test_the_signatures_of_a_domain_statements_that_hold_and_waivers_in_force_end_too():
    signed = look("dns_record", name="example.org", signature_expires=NOW + DAY)
    demands = {"recovery_exercised": Demand(())}
    accepted = [
        Waiver(name, "why", "Ann", "Bob", NOW - 2 * DAY, NOW + days * DAY, path="waivers.yml")
        for name, days in (("w1", 3), ("w2", -1))
    ]
    statements = (statement(), statement(id="unsigned", approver=None))
    assert endings(signed, attestations=statements, demands=demands, waivers=tuple(accepted)) == [
        ("DNSSEC signature", "example.org"), ("statement", "recovery_exercised (service erp)"), ("waiver", "w1"),
    ]  # fmt: skip


def test_what_cannot_be_read_has_no_name_of_its_own_and_is_told():
    dark = Unobservable("it cannot be read by this user")
    told = look("certificate_file", certificates=({"path": "/etc/a.crt", "subject": dark, "not_after": dark},), revocation_lists=())
    (record,) = (each for each in expiry_records(evidence(view("db1", told), services=())) if each["place"] == "db1:/etc/a.crt")
    assert (record["name"], record["ends"]) == ("?", dark)
