"""Which ports answer, asked from outside: what a firewall lets through and something listens on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import HOST, PORTS, parse_ports

USUAL = (
    "21-23", "25", "53", "69", "79-80", "110-111", "113", "119", "135", "137-139", "143", "161", "179", "389", "427", "443", "445",
    "465", "500", "512-515", "543-544", "548", "554", "587", "631", "636", "873", "902", "989-990", "993", "995", "1025-1029",
    "1080", "1099", "1433", "1521", "1723", "1883", "2049", "2121", "2375-2380", "3000", "3128", "3260", "3306", "3389", "4369",
    "5000", "5432", "5601", "5672", "5900-5902", "5984-5986", "6000-6001", "6379", "6443", "6514", "7001", "8000", "8008-8010",
    "8080-8081", "8086", "8123", "8443", "8500", "8834", "8888", "9000", "9042", "9090-9093", "9100", "9200", "9300", "9418",
    "9443", "10000", "10050-10051", "10250", "10255", "11211", "15672", "27017-27019", "50000",
)  # fmt: skip


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"{call['host'] or 'the target'} TCP ports {' '.join(call['ports'])}" for call in calls))


def read(call: Arguments, answer: Answer) -> Observation:
    """`open PORT ...`, `closed PORT ...`, `silent PORT ...`, `end`; each port that was asked stands in one of them."""
    said = reply(answer, "ports")
    if said:
        return said
    lines = closed_lines(answer)
    if [line.split(" ")[0] for line in lines] != ["open", "closed", "silent"]:
        raise Unreadable("expected the lines open, closed and silent")
    states = [line.split(" ")[1:] for line in lines]
    told = [port for state in states for port in state]
    if not all(re.fullmatch(r"\d{1,5}", port) for port in told) or sorted(map(int, told)) != parse_ports(call["ports"]):
        raise Unreadable("expected each port that was asked once")
    if not states[0] and not states[1]:
        return Unobservable("no port answers at all: the host may be out of the scanner's reach")
    return Observed({"open": tuple(states[0]), "closed": tuple(states[1]), "silent": tuple(states[2])})


PROBE = Probe(
    name="open_port",
    summary="Which TCP ports answer, seen from the scanner",
    arguments=(
        Argument("ports", Type.LIST, "ports and ranges, such as 22 or 8000-8010; else common ones", default=USUAL, pattern=PORTS),
        Argument("host", Type.TEXT, "another host than the target", pattern=HOST),
    ),
    attributes=(
        Attribute("open", Type.LIST, "ports that take connections"),
        Attribute("closed", Type.LIST, "ports where the host says that nothing listens"),
        Attribute("silent", Type.LIST, "ports that do not answer: something drops what is sent there"),
    ),
    ask=ask,
    read=read,
    example="open 22\nclosed " + " ".join(str(port) for port in parse_ports(USUAL) if port != 22) + "\nsilent\nend\n",
    time_limit_s=90,
    outside=True,
)  # fmt: skip
