"""Addresses as people write them, and which names are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.addresses import Address, check_host, check_port, check_user, parse_address
from secscan.errors import UsageError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("web1", Address("web1")),
        ("web1.example.org:2222", Address("web1.example.org", 2222)),
        ("admin@web1", Address("web1", user="admin")),
        ("admin@corp.example@web1:22", Address("web1", 22, "admin@corp.example")),
        ("ssh://admin@web1:22/", Address("web1", 22, "admin")),
        ("192.0.2.1", Address("192.0.2.1")),
        ("::1", Address("::1")),
        ("2001:db8::7", Address("2001:db8::7")),
        ("[2001:db8::7]:2222", Address("2001:db8::7", 2222)),
        ("ssh://root@[fe80::1%eth0]", Address("fe80::1%eth0", user="root")),
    ],
)
def test_an_address_is_read(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "-oProxyCommand=x", "a b", "web;id", "$(id)", "web\n", "web\x00", "web1:", "web1:0", "web1:65536", "web1:22x", "web1:٢٢",
     "@web1", "-u@web1", "a;b@web1", "web1/path", ".web", "web-", "[::1", "[web]:x", "::g", "fe80::1%", "fe80::1%a;b", "ssh://",
     "x" * 300, "wéb", "::1]"],
)  # fmt: skip
def test_what_could_be_misread_is_refused_with_what_is_allowed(text):
    with pytest.raises(UsageError, match="allowed: ") as caught:
        parse_address(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_a_name_that_passes_holds_nothing_a_shell_reads(text):
    for check in (check_host, check_user, check_port):
        try:
            passed = str(check(text))
        except UsageError:
            continue
        assert not set(passed) & set(" \t\r\n;&|<>()`\"'*?[]{}#~!\0/")
        assert not passed.startswith(("-", "."))
