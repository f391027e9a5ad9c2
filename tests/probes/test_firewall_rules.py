"""What becomes of a packet that no rule names: the reduction of rule sets on the host, with programs that only print."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from secscan.judge.observe import observe
from secscan.model.probe import Answer, Call, Observed
from secscan.model.values import Unobservable
from secscan.probes.firewall import PROBE

ACCEPTING = "type filter hook input priority filter; policy accept;"
DROPPING = "type filter hook input priority filter; policy drop;"
LAST = "\t}\n\tchain last {"
NFT = {
    "a policy of drop": ([DROPPING, 'iif "lo" accept'], "drop", "drop"),
    "no rule at all": ([ACCEPTING], "accept", "accept"),
    "a final reject": ([ACCEPTING, "tcp dport 22 accept", "counter reject with icmpx admin-prohibited"], "reject", "reject"),
    "an accept for all before a drop": ([DROPPING, "accept", "drop"], "accept", "accept"),
    "a drop of IPv4 only": ([ACCEPTING, "meta nfproto ipv4 drop"], "drop", "accept"),
    "a drop of everything but loopback": ([ACCEPTING, 'iifname != "lo" counter packets 7 bytes 420 drop'], "drop", "drop"),
    "a drop with a condition after its log": ([ACCEPTING, 'log prefix "drop " ip saddr 192.0.2.1 drop'], "accept", "accept"),
    "a drop in a comment": ([ACCEPTING, 'tcp dport 22 accept comment "} drop"'], "accept", "accept"),
    "a logged drop": ([ACCEPTING, 'log prefix "in: " level warn flags tcp sequence,options drop'], "drop", "drop"),
    "a jump to a drop": ([ACCEPTING, "jump last", LAST, "drop"], "drop", "drop"),
    "a jump that returns before the drop": ([ACCEPTING, "jump last", LAST, "return", "drop"], "accept", "accept"),
    "a jump with a condition to a drop": ([ACCEPTING, "tcp dport 1 jump last", LAST, "drop"], "accept", "accept"),
    "chains that jump in a circle": ([ACCEPTING, "jump last", LAST, "jump input"], "accept", "accept"),
    "a return of what is for this host before a drop": (
        [ACCEPTING, "jump last", LAST, "fib daddr type local counter return", "drop"],
        "accept",
        "accept",
    ),
    "an accept of what is for this host": ([DROPPING, "fib daddr type local accept"], "accept", "accept"),
    "a return of broadcasts before a drop": (
        [ACCEPTING, "jump last", LAST, "fib daddr type broadcast return", "drop"],
        "drop",
        "drop",
    ),
    "a set that wraps over lines": ([ACCEPTING, "tcp dport { 1, 2,", "     drop, 3 } accept", "drop"], "drop", "drop"),
    "everything by the outer interface": ([DROPPING, 'iifname "eth0" accept'], "accept", "accept"),
    "everything by one of two interfaces": (
        [DROPPING, 'iifname { "eth0", "eth7" } counter packets 1 bytes 2 accept'],
        "accept",
        "accept",
    ),
    "everything by interfaces of a kind": ([DROPPING, 'iifname "eth*" accept'], "accept", "accept"),
    "everything but by an inner interface": ([DROPPING, 'iifname != "docker0" accept'], "accept", "accept"),
    "everything by an inner interface": ([DROPPING, 'iifname "docker0" accept'], "drop", "drop"),
    "everything but by the outer interface": ([DROPPING, 'iifname != "eth0" accept'], "drop", "drop"),
    "a zone of trust for the outer interface": (
        [ACCEPTING, 'iifname "eth0" goto last', "reject with icmpx admin-prohibited", LAST, "jump more", "accept"],
        "accept",
        "accept",
    ),
    "a refusal by the outer interface alone": ([ACCEPTING, 'iifname "eth0" drop'], "accept", "accept"),
    "every new connection": ([DROPPING, "ct state { established, related, new } accept"], "accept", "accept"),
    "every packet that is not invalid": ([DROPPING, "ct state != invalid accept"], "accept", "accept"),
    "connections that are there already": ([DROPPING, "ct state established,related accept"], "drop", "drop"),
    "new connections to a port": ([DROPPING, "ct state new tcp dport 22 accept"], "drop", "drop"),
    "all of TCP": ([DROPPING, "meta l4proto tcp accept"], "accept", "accept"),
    "all ports of TCP": ([DROPPING, "tcp dport 1-65535 accept"], "accept", "accept"),
    "a port of TCP": ([DROPPING, "meta l4proto tcp tcp dport 443 accept"], "drop", "drop"),
    "every sender of IPv4": ([DROPPING, "ip saddr 0.0.0.0/0 accept"], "accept", "accept"),
    "a queue to another program": ([DROPPING, "queue flags bypass to 0"], "accept", "accept"),
    "a chain of another type": (["type nat hook input priority 100; policy accept;", "drop"], "accept", "accept"),
}
REST = '-m comment --comment "the rest -j ACCEPT" -j REJECT --reject-with icmp-port-unreachable'
IPTABLES = {
    "a policy of drop": (":INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT", "drop"),
    "a final reject with a comment": (f":INPUT ACCEPT [0:0]\n-A INPUT {REST}", "reject"),
    "a chain of its own": (":INPUT ACCEPT [0:0]\n:MY - [0:0]\n-A INPUT -j MY\n-A MY -p icmp -j ACCEPT\n-A MY -j DROP", "drop"),
    "everything by the outer interface": (":INPUT DROP [0:0]\n-A INPUT -i eth0 -j ACCEPT", "accept"),
    "everything by interfaces of a kind": (":INPUT DROP [0:0]\n-A INPUT -i eth+ -j ACCEPT", "accept"),
    "everything but by an inner interface": (":INPUT DROP [0:0]\n-A INPUT ! -i docker0 -j ACCEPT", "accept"),
    "everything by an inner interface": (":INPUT DROP [0:0]\n-A INPUT -i docker0 -j ACCEPT", "drop"),
    "all of TCP": (":INPUT DROP [0:0]\n-A INPUT -p tcp -j ACCEPT", "accept"),
    "all ports of TCP": (":INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 1:65535 -j ACCEPT", "accept"),
    "a port of TCP": (":INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "drop"),
    "every new connection": (":INPUT DROP [0:0]\n-A INPUT -i eth0 -p tcp -m state --state NEW,ESTABLISHED -j ACCEPT", "accept"),
    "new connections to a port": (
        ":INPUT DROP [0:0]\n-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT",
        "drop",
    ),
    "a zone of trust for the outer interface": (
        ":INPUT ACCEPT [0:0]\n:MY - [0:0]\n-A INPUT -i eth0 -g MY\n-A INPUT -j REJECT\n-A MY -j ACCEPT",
        "accept",
    ),
    "a queue to another program": (":INPUT DROP [0:0]\n-A INPUT -j NFQUEUE --queue-num 0 --queue-bypass", "accept"),
    "a return of what is for this host before a drop": (
        ":INPUT ACCEPT [0:0]\n:MY - [0:0]\n-A INPUT -j MY\n-A MY -m addrtype --dst-type LOCAL -j RETURN\n-A MY -j DROP",
        "accept",
    ),
    "a target that judges nothing": (":INPUT ACCEPT [0:0]\n-A INPUT -j LOG", "accept"),
}
LIBRARY = """have() { [ -x "$PROGRAMS/$1" ] || case $1 in *tables* | nft) return 1 ;; *) command -v "$1" >/dev/null ;; esac; }
part() { :; }
"""


def asked(tmp_path: Path, programs: dict[str, str]) -> Answer:
    """The firewall question where only these programs exist; nothing of this machine's own rules is read."""
    for name, text in {"id": "echo 0", **programs}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "if_inet6").write_text("00000000000000000000000000000001 01 80 10 80 lo\n")
    (tmp_path / "route").write_text("Iface\tDestination\tGateway\neth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n")
    script = PROBE.ask([{}]).script.replace("/proc/net/route", f"{tmp_path}/route")
    script = script.replace("/etc/", f"{tmp_path}/etc/").replace("/run/systemd", f"{tmp_path}/run/systemd")
    script = script.replace("/proc/modules", "/nowhere").replace("/proc/net/ip", "/nowhere/ip")
    script = script.replace("/proc/net/if_inet6", f"{tmp_path}/if_inet6")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PROGRAMS": str(tmp_path)}
    done = subprocess.run(["sh", "-c", LIBRARY + script], env=environment, capture_output=True, check=False, timeout=60)
    return Answer(done.stdout, done.stderr, done.returncode)


def defaults(answer: Answer) -> tuple[object, object]:
    observed = observe(PROBE, Call("firewall", ()), answer)
    assert isinstance(observed, Observed), observed
    return observed.attributes["input_policy_v4"], observed.attributes["input_policy_v6"]


@pytest.mark.parametrize(("rules", "v4", "v6"), NFT.values(), ids=NFT)
def test_the_default_of_an_nftables_chain_is_its_first_verdict_for_all(tmp_path: Path, rules: list[str], v4: str, v6: str):
    lines = "\n".join(line if line == LAST else f"\t\t{line}" for line in rules)
    (tmp_path / "rules").write_text(f"table inet filter {{\n\tchain input {{\n{lines}\n\t}}\n}}\n")
    assert defaults(asked(tmp_path, {"nft": f"cat '{tmp_path}/rules'"})) == (v4, v6)


@pytest.mark.parametrize(("rules", "v4"), IPTABLES.values(), ids=IPTABLES)
def test_the_default_of_an_iptables_chain_is_its_first_verdict_for_all(tmp_path: Path, rules: str, v4: str):
    (tmp_path / "rules").write_text(f"*filter\n{rules}\nCOMMIT\n")
    version = "[ \"$1\" != -V ] || echo 'v1.8.9 (nf_tables)'"
    programs = {"iptables": version, "ip6tables": version}
    programs |= {"iptables-save": f"cat '{tmp_path}/rules'", "ip6tables-save": "printf '*filter\\n'"}
    assert defaults(asked(tmp_path, programs)) == (v4, "accept")


def test_of_several_chains_the_strictest_decides(tmp_path: Path):
    chain = "table ip {0} {{\n\tchain input {{\n\t\ttype filter hook input priority filter; policy {1};\n\t}}\n}}\n"
    (tmp_path / "rules").write_text(chain.format("a", "accept") + chain.format("b", "drop"))
    assert defaults(asked(tmp_path, {"nft": f"cat '{tmp_path}/rules'"})) == ("drop", "accept")


def test_a_table_that_sleeps_refuses_nothing(tmp_path: Path):
    (tmp_path / "rules").write_text(f"table inet filter {{\n\tflags dormant\n\tchain input {{\n\t\t{DROPPING}\n\t}}\n}}\n")
    assert defaults(asked(tmp_path, {"nft": f"cat '{tmp_path}/rules'"})) == ("accept", "accept")


def test_rules_that_could_not_be_read_are_no_rules_that_accept(tmp_path: Path):
    answer = asked(tmp_path, {"nft": "echo 'Operation not permitted' >&2; exit 1"})
    assert observe(PROBE, Call("firewall", ()), answer) == Unobservable("nft: Operation not permitted")


def test_an_awk_that_fails_is_no_rule_set_that_accepts(tmp_path: Path):
    answer = asked(tmp_path, {"nft": "echo 'table inet x {'", "awk": "exit 2"})
    assert observe(PROBE, Call("firewall", ()), answer) == Unobservable("awk failed")


def test_without_any_tool_nothing_is_concluded(tmp_path: Path):
    observation = observe(PROBE, Call("firewall", ()), asked(tmp_path, {"iptables": "exit 127"}))
    assert isinstance(observation, Unobservable)


@pytest.mark.parametrize(
    ("text", "comes_back"),
    [
        ("table inet filter { chain input { type filter hook input priority 0; policy drop; } }", True),
        ("flush ruleset\ntable inet filter { chain input { type filter hook input priority 0; } }", False),
        ("#include and policy drop are said in a comment only", False),
        ('include "/srv/firewall/*.nft"', True),
        (None, False),
    ],
    ids=["a policy of drop", "as Debian installs it", "a comment", "rules elsewhere", "no file"],
)
def test_a_service_without_any_refusal_to_load_brings_no_firewall_back(tmp_path: Path, text: str | None, comes_back: bool):
    (tmp_path / "rules").write_text(f"table inet filter {{\n\tchain input {{\n\t\t{DROPPING}\n\t}}\n}}\n")
    wants = tmp_path / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(parents=True)
    (wants / "nftables.service").symlink_to("/nowhere")
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    if text is not None:
        (tmp_path / "etc/nftables.conf").write_text(f"#!/usr/sbin/nft -f\n{text}\n")
    observed = observe(PROBE, Call("firewall", ()), asked(tmp_path, {"nft": f"cat '{tmp_path}/rules'"}))
    assert isinstance(observed, Observed)
    assert (observed.attributes["input_policy_v4"], observed.attributes["persistent"]) == ("drop", comes_back)
