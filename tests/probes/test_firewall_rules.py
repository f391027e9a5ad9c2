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
    "a chain of another type": (["type nat hook input priority 100; policy accept;", "drop"], "accept", "accept"),
}
REST = '-m comment --comment "the rest -j ACCEPT" -j REJECT --reject-with icmp-port-unreachable'
IPTABLES = {
    "a policy of drop": (":INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT", "drop"),
    "a final reject with a comment": (f":INPUT ACCEPT [0:0]\n-A INPUT {REST}", "reject"),
    "a chain of its own": (":INPUT ACCEPT [0:0]\n:MY - [0:0]\n-A INPUT -j MY\n-A MY -p tcp -j ACCEPT\n-A MY -j DROP", "drop"),
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
    script = PROBE.ask([{}]).script
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


def test_rules_that_could_not_be_read_are_no_rules_that_accept(tmp_path: Path):
    answer = asked(tmp_path, {"nft": "echo 'Operation not permitted' >&2; exit 1"})
    assert observe(PROBE, Call("firewall", ()), answer) == Unobservable("nft: Operation not permitted")


def test_an_awk_that_fails_is_no_rule_set_that_accepts(tmp_path: Path):
    answer = asked(tmp_path, {"nft": "echo 'table inet x {'", "awk": "exit 2"})
    assert observe(PROBE, Call("firewall", ()), answer) == Unobservable("awk failed")


def test_without_any_tool_nothing_is_concluded(tmp_path: Path):
    observation = observe(PROBE, Call("firewall", ()), asked(tmp_path, {"iptables": "exit 127"}))
    assert isinstance(observation, Unobservable)
