"""Parsers of configuration: what a host sends may be anything, and then it is Unreadable or ignored, nothing else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.model.values import Unobservable
from secscan.probing import Unreadable
from secscan.syntax import audit, pam, rsyslog, sshd, sudoers, syslog_ng, syslog_ng_flow, systemd

_SEEDS = (
    'ALL = ( ) : , ! " \\ # NOPASSWD Defaults User_Alias A /bin/sh += @ %x -a always,exit never,task -S -F -w auid>=1000 perm= '
    "action( type= omfwd @@ $ [ ] \x00 é"
)
WORDS = st.sampled_from([*_SEEDS.split(" "), " ", "\t"])
TEXT = st.lists(WORDS | st.text(max_size=6), max_size=25).map("".join).map(lambda text: text.replace("\n", " "))

WORDS_OF_SYSLOG_NG = "source ( s ) ; filter f { } destination d network not and or facility auth level info..err flags final"
PIECES = st.lists(st.sampled_from(tuple(WORDS_OF_SYSLOG_NG.split(" "))), max_size=25).map(" ".join)


@given(st.lists(TEXT, max_size=4))
def test_whatever_sudoers_holds_it_is_parsed_or_unreadable(texts):
    with suppress(Unreadable):
        sudoers.parse_sudoers([f"/etc/sudoers:{number}: {text}" for number, text in enumerate(texts)])


@given(st.lists(TEXT, max_size=4))
def test_whatever_rsyslog_holds_it_is_parsed_or_unreadable(texts):
    with suppress(Unreadable):
        rsyslog.parse_rsyslog([f"/etc/rsyslog.conf:{number}: {text}" for number, text in enumerate(texts)])


@given(st.lists(st.tuples(st.sampled_from(["source s", "filter f", "destination d", "log"]), PIECES), max_size=6))
def test_whatever_syslog_ng_holds_it_is_followed_or_unreadable(statements):
    lines = [f"/etc/syslog-ng.conf:{number}: {head} {{ {text} }}" for number, (head, text) in enumerate(statements)]
    with suppress(Unreadable):
        syslog_ng_flow.follow(syslog_ng.parse_syslog_ng(lines))


@given(TEXT)
def test_whatever_an_audit_rule_holds_it_is_parsed_or_none(text):
    audit.parse_rule(text)


@given(TEXT)
def test_whatever_a_pam_rule_holds_it_is_parsed_or_unreadable(text):
    with suppress(Unreadable):
        pam.parse_rule(f"/etc/pam.d/x: {text}")


@given(TEXT)
def test_whatever_a_setting_of_sshd_holds_it_has_a_name_and_a_value(text):
    name, value = sshd.keyword_and_value(text)
    assert isinstance(name, str)
    assert isinstance(sshd.read_seconds(value), float | Unobservable)


@pytest.mark.parametrize(
    ("rules", "question", "found"),
    [
        (["-w /etc/passwd -p wa"], audit.Question("/etc/passwd", frozenset("wa")), "wa"),
        (["-w /etc -p w"], audit.Question("/etc/passwd", frozenset("wa")), "w"),
        (["-a always,exit -F path=/etc -F perm=wa"], audit.Question("/etc/passwd", frozenset("wa")), ""),
        (["-w /etc/pass -p wa"], audit.Question("/etc/passwd", frozenset("wa")), ""),
        (["-a always,exit -F path=/x -F perm=wa -F uid=5"], audit.Question("/x", frozenset("wa")), ""),
        (["-a always,exit -F path=/x -F perm=wa -F auid>=1000 -F auid!=4294967295"], audit.Question("/x", frozenset("wa")), "wa"),
        (["-a always,exit -F path=/x -F perm=wa -F auid>=5000"], audit.Question("/x", frozenset("wa")), ""),
        (["-w /x -p wa", "-a never,task"], audit.Question("/x", frozenset("wa")), ""),
        (["-w /x -p wa", "-a never,task -F auid>=1000"], audit.Question("/x", frozenset("wa")), ""),
        (["-a always,exit -F path=/x -F perm=wa"], audit.Question("/x", frozenset("wa"), tree=True), ""),
        (["-a always,exit -F arch=b32 -S all -F path=/x -F perm=wa"], audit.Question("/x", frozenset("wa")), ""),
    ],
)
def test_a_rule_counts_only_when_it_records_all_of_it(rules, question, found):
    parsed = [rule for rule in map(audit.parse_rule, rules) if rule]
    assert audit.recorded(question, parsed) == frozenset(found)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("2h 30min", 9000), ("1month", 2629800), ("1.5s", 1.5), ("infinity", float("inf"))]
)
def test_times_are_read_as_systemd_reads_them(text, seconds):
    assert systemd.read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 fortnights", "1h x", "-5"])
def test_what_is_no_time_for_systemd_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        systemd.read_seconds(text)


def test_negated_aliases_turn_their_members_around():
    lines = ["/s:1: User_Alias A = alice, !bob", "/s:2: !A ALL = ALL"]
    (rule,) = sudoers.parse_sudoers(lines).rules
    assert rule.users == ("!alice", "bob")
