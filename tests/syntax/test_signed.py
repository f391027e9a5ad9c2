"""OpenPGP keys and revocation lists: read as GnuPG and openssl read them, and anything else is refused as what it is."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from secscan.model.values import Absent
from secscan.syntax.openpgp import issuers, signing_keys, unarmour
from secscan.syntax.revocation_lists import list_facts

# Made with GnuPG 2.2 at 2025-01-01: a key that signs for two years; the same after it was revoked; one that never ends and only
# certifies, with a key below it that signs for a year; and a signature of the first.
KEY = """mDMEZ3SFgBYJKwYBBAHaRw8BAQdAVsD0aL+TwfsRUYowczV0ak6kAtlr/V8E0Pp7xajMIHa0JUV4YW1wbGUgQXJjaGl2ZSA8
YXJjaGl2ZUBleGFtcGxlLm9yZz6IlgQTFggAPhYhBJj4+pcFq61876n36Qds/umNQYULBQJndIWAAhsDBQkDwmcABQsJCAcC
BhUKCQgLAgQWAgMBAh4BAheAAAoJEAds/umNQYULBk0BANuOxwYea5RVMmD2/7hDPOSxGFwwxjZiVHWycaGwh3N+AP9Oevun
BGAVGYf4MGI9f0V4ZySu/wBbnqRCyaHhy6+XAQ=="""
REVOKED = """mDMEZ3SFgBYJKwYBBAHaRw8BAQdAVsD0aL+TwfsRUYowczV0ak6kAtlr/V8E0Pp7xajMIHaIeAQgFggAIBYhBJj4+pcFq618
76n36Qds/umNQYULBQJndIWAAh0AAAoJEAds/umNQYULW5UBALhFEpcmmp8Jni3vgD5vFA7jIawzTP7WY27fKKrdCFkyAQC5
ryT/wI16Szz0RVb8pjrm7ZKGw/ug44pp+3psoe9FDLQlRXhhbXBsZSBBcmNoaXZlIDxhcmNoaXZlQGV4YW1wbGUub3JnPoiW
BBMWCAA+FiEEmPj6lwWrrXzvqffpB2z+6Y1BhQsFAmd0hYACGwMFCQPCZwAFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
B2z+6Y1BhQsGTQEA247HBh5rlFUyYPb/uEM85LEYXDDGNmJUdbJxobCHc34A/056+6cEYBUZh/gwYj1/RXhnJK7/AFuepELJ
oeHLr5cB"""
BELOW = """mDMEZ3SFgBYJKwYBBAHaRw8BAQdACrgk0kPjcMFGausoMzUK7oYtb0tWdmYdNdkCyWZEO4S0HU9sZCBBcmNoaXZlIDxvbGRA
ZXhhbXBsZS5vcmc+iJAEExYIADgWIQTtgFg1ETPvr0+eIGWUtgw6ry851AUCZ3SFgAIbAQULCQgHAgYVCgkICwIEFgIDAQIe
AQIXgAAKCRCUtgw6ry851KIgAP0dK1ulKzwh4SFs4ZofSu8Z2Eg6k/uHcVRiK/iVmuRNdgD+KhnLjxwfz0pXw1bVATBZCkGn
Wyf317pV6kxb8W9YtwW4MwRndIWAFgkrBgEEAdpHDwEBB0BURVIubG+doawLzdJAwUk4NsA/mAVBZ0gioKx5OBaVYoj1BBgW
CAAmFiEE7YBYNREz769PniBllLYMOq8vOdQFAmd0hYACGwIFCQHhM4AAgQkQlLYMOq8vOdR2IAQZFggAHRYhBHh/S1TlfK8w
8yERHrklmcbkcCOQBQJndIWAAAoJELklmcbkcCOQA98A/RzFVLKfPNSa17i8vwjGazpKQj2BpTg/veMqQCck58ZEAQDiRt2G
Cm7rIeFBysFc7xEqlpB1gkmRVIyv+5TTJJhODusVAP9WbkfB25/bezN7O6oggTlOBCP4lFCg19UcZKHaSfq64AEAhg42/Dx/
jjE2Z9ONAUAui7grTniCk6su+LK4Vrf1rws="""
SIGNATURE = """-----BEGIN PGP SIGNATURE-----

iIoEARYIADIWIQSY+PqXBautfO+p9+kHbP7pjUGFCwUCZ3SFgBQcYXJjaGl2ZUBl
eGFtcGxlLm9yZwAKCRAHbP7pjUGFC8RJAP9VoN4b3eKOqpeKxAp88GACQNmNC9Ue
alcPOLvjwZUC6gD+OYfSo265V0lc69nKkSdLaG9xiK1uIib5Yi3EkfdNVQs=
=7HTp
-----END PGP SIGNATURE-----"""
YEAR_S = 365 * 86400.0
MADE = 1735689600.0


def test_a_key_is_read_with_its_name_and_the_day_on_which_it_ends():
    (key,) = signing_keys(base64.b64decode(KEY))
    assert (key.name, key.fingerprint) == ("Example Archive <archive@example.org>", "98F8FA9705ABAD7CEFA9F7E9076CFEE98D41850B")
    assert (key.ends, key.revoked) == (MADE + 2 * YEAR_S, False)


def test_a_key_that_was_withdrawn_says_so():
    assert [key.revoked for key in signing_keys(base64.b64decode(REVOKED))] == [True]


def test_of_a_key_that_only_certifies_those_below_it_sign_and_each_has_its_own_end():
    (key,) = signing_keys(base64.b64decode(BELOW))
    assert (key.name, key.fingerprint[-16:]) == ("Old Archive <old@example.org>", "B92599C6E4702390")
    assert key.ends == MADE + YEAR_S


def test_several_keys_of_a_ring_are_told_apart():
    ring = base64.b64decode(KEY) + base64.b64decode(BELOW)
    assert [key.name[:3] for key in signing_keys(ring)] == ["Exa", "Old"]


def test_what_strangers_sign_changes_nothing_about_a_key():
    stranger = unarmour(SIGNATURE.splitlines())
    assert list(signing_keys(base64.b64decode(BELOW) + stranger)) == list(signing_keys(base64.b64decode(BELOW)))


def test_a_signature_tells_which_key_made_it():
    (key,) = signing_keys(base64.b64decode(KEY))
    assert issuers(unarmour(SIGNATURE.splitlines())) == {key.key_id}


@given(st.binary(max_size=80) | st.integers(0, 400).map(lambda size: base64.b64decode(BELOW)[:size]))
def test_whatever_a_key_ring_holds_it_is_keys_or_refused(data):
    with suppress(ValueError):
        list(signing_keys(data))
    with suppress(ValueError):
        issuers(data)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_whatever_stands_in_an_armoured_block_it_is_bytes_or_refused(lines):
    with suppress(ValueError):
        unarmour(lines)


def revocation_list(name: str, following: datetime) -> x509.CertificateRevocationList:
    """A list of 200 revoked certificates."""
    issuer = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Örg"), x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
    )
    told = x509.CertificateRevocationListBuilder(issuer, datetime(2026, 1, 1, tzinfo=UTC), following)
    for number in range(1, 201):
        told = told.add_revoked_certificate(x509.RevokedCertificateBuilder(number, datetime(2025, 1, 1, tzinfo=UTC)).build())
    return told.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())


@pytest.mark.parametrize("year", [2026, 2049, 2050])  # from 2050 times are written otherwise
@pytest.mark.parametrize("name", ["Example CA", 'A "special", one + <more>; with \\'])
def test_the_first_kilobytes_of_a_list_tell_who_issued_it_and_when_the_next_is_due(name, year):
    told = revocation_list(name, datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC))
    der = told.public_bytes(serialization.Encoding.DER)
    facts = list_facts(der[:1900])
    assert len(der) > 1900
    assert facts["issuer"] == told.issuer.rfc4514_string()
    assert (facts["issued"], facts["next_update"]) == (1767225600.0, datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp())


def test_a_list_need_not_say_when_the_next_is_due():
    der = bytes.fromhex("301730153000300e310c300a06035504030c034d6178170d3236303130313030303030305a".replace(" ", ""))
    der = bytes([0x30, len(der) + 13, 0x30, len(der) + 11]) + der[4:]
    facts = list_facts(der)
    assert facts["issuer"] == "CN=Max"
    assert isinstance(facts["next_update"], Absent)


@given(st.binary(max_size=60))
def test_whatever_a_list_holds_it_is_read_or_refused(data):
    with suppress(ValueError):
        list_facts(data)
