"""Whom Exim sends mail on for, read from the configuration as Exim itself prints it, macros in place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import MASK_AWK, Unreadable, closed_lines, quote, reply, same_for_all
from secscan.syntax.exim import is_table, is_wide, read_statements, relays_for_anybody, resolve

_AWK = f"""{MASK_AWK}
function shown(line) {{ sub(/^[ \\t]+/, "", line); print "| " mask(line) }}
/^begin / {{ section = $2; list = ""; next }}
section == "" && /^(hide )?(domainlist|hostlist)[ \\t]/ {{ sub(/^hide /, ""); shown($0); next }}
section == "" && /^(hide )?acl_smtp_rcpt[ \\t]*=/ {{
  sub(/^hide /, "")
  shown($0)
  wanted = $0
  sub(/^[^=]*=[ \\t]*/, "", wanted)
  next
}}
section != "acl" {{ next }}
/^[ \\t]*[A-Za-z0-9_]+:[ \\t]*$/ {{ list = $1; sub(/:$/, "", list); if (list == wanted) print "list " list; next }}
wanted != "" && list == wanted && NF {{ shown($0) }}
END {{ print "end" }}"""
_SCRIPT = f"""program=''
for name in exim4 exim exim-4; do if [ -z "$program" ] && have $name; then program=$name; fi; done
if [ -z "$program" ]; then printf 'absent\\n'
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: Exim shows its configuration to root only\\n'
elif ! have awk; then printf 'unobservable: there is no awk command\\n'
elif ! told=$("$program" -bP config 2>/dev/null </dev/null) || [ -z "$told" ]; then
  printf 'unobservable: %s -bP config: %s\\n' "$program" "$("$program" -bP config 2>&1 >/dev/null </dev/null | tr '\\n' ' ')"
else printf '%s\\n' "$told" | awk {quote(_AWK)}; fi"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    return Question(_SCRIPT, ("exim4 -bP config (exim -bP config)", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`| hostlist NAME = ...`, `| domainlist ...`, `| acl_smtp_rcpt = LIST`, `list LIST` and its lines after `| `; then `end`."""
    said = reply(answer, "Exim")
    if said:
        return said
    lists: dict[str, str] = {}
    statements: list[str] | None = None
    wanted = ""
    for line in closed_lines(answer):
        match = re.fullmatch(r"\| (?:domainlist|hostlist)(?:_cache)?\s+([A-Za-z0-9_]+)\s*=\s*(.*)", line)
        if line.startswith("list ") and line.removeprefix("list ") == wanted and statements is None:
            statements = []
        elif statements is not None and line.startswith("| "):
            statements.append(line[2:])
        elif match:
            lists[match[1]] = match[2]
        elif line.startswith("| acl_smtp_rcpt"):
            wanted = line.partition("=")[2].strip()
        else:
            raise Unreadable(f"not a line of Exim's configuration: {line[:120]!r}")
    if "relay_from_hosts" not in lists and not wanted:
        raise Unreadable("neither the lists nor the name of the access list")
    hosts = tuple(resolve("relay_from_hosts", lists))
    tables = ", ".join(element for element in hosts if is_table(element) or element.startswith("+"))
    wide: Value = tuple(element for element in hosts if is_wide(element))
    return Observed({
        "anybody": _anybody(wanted, statements),
        "hosts": hosts,
        "wide": Unobservable(f"part of the own hosts stands elsewhere: {tables[:200]}") if tables and not wide else wide,
        "domains": (*resolve("local_domains", lists), *resolve("relay_to_domains", lists)),
    })  # fmt: skip


def _anybody(wanted: str, statements: list[str] | None) -> bool | Unobservable:
    if not wanted:
        return False  # without a list, Exim takes no recipient from the network
    if statements is None:
        return Unobservable(f"the access list for recipients is not in the configuration: {wanted[:120]}")
    return relays_for_anybody(read_statements(statements))


PROBE = Probe(
    name="exim_relay",
    summary="Whom Exim sends mail on for: its own hosts, its domains, and whether its access list refuses the others",
    arguments=(),
    attributes=(
        Attribute(
            "anybody",
            Type.BOOLEAN,
            "the access list takes mail of anybody for any domain; unobservable where it is of a shape that is not judged",
        ),
        Attribute("hosts", Type.LIST, "the hosts whose mail is sent on (relay_from_hosts)"),
        Attribute("wide", Type.LIST, "those of them that stand for everybody or nearly so"),
        Attribute("domains", Type.LIST, "the domains that mail is taken for (local_domains, relay_to_domains)"),
    ),
    ask=ask,
    read=read,
    split=same_for_all,
    example=(
        "| domainlist local_domains = @:localhost\n| domainlist relay_to_domains =\n"
        "| hostlist relay_from_hosts = : 127.0.0.1 : ::::1\n"
        "| acl_smtp_rcpt = acl_check_rcpt\nlist acl_check_rcpt\n| accept\n| hosts = +relay_from_hosts\n| require\n"
        "| domains = +local_domains : +relay_to_domains\n| accept\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
