"""The packet filter that is loaded in the kernel now, whoever loaded it: nftables and both kinds of iptables.

What a packet meets that no rule names is found on the host, by secscan/syntax/packet_filters.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_words, reply
from secscan.syntax.packet_filters import READ_IPTABLES, READ_NFT
from secscan.syntax.systemd import SYSTEMD_IS_INIT

_SCRIPT = (
    SYSTEMD_IS_INIT
    + r"""
wanted() {
  if systemd_is_init; then
    [ "$(readlink "/etc/systemd/system/$1.service" 2>/dev/null)" != /dev/null ] || return 1
    set -- "/etc/systemd/system/"*".wants/$1.service" "/etc/systemd/system/"*".requires/$1.service" \
      "/usr/lib/systemd/system/"*".wants/$1.service" "/lib/systemd/system/"*".wants/$1.service" "/etc/rc2.d/S"[0-9][0-9]"$1"
  elif [ -d /etc/runlevels ]; then set -- "/etc/runlevels/"*"/$1"
  else set -- "/etc/rc2.d/S"[0-9][0-9]"$1"; fi
  for link do
    [ ! -e "$link" ] && [ ! -h "$link" ] || return 0
  done
  return 1
}
# interfaces that lead out: those of the default routes, else those with a device
lead_out() {
  outside=$(awk 'FILENAME ~ /6_route$/ { if ($1 ~ /^0+$/ && $2 == "00" && $NF != "lo") print $NF; next }
    $2 == "00000000" && $8 == "00000000" { print $1 }' /proc/net/route /proc/net/ipv6_route 2>/dev/null | sort -u | tr '\n' ' ')
  [ -z "$outside" ] || return 0
  for device in /sys/class/net/*/device; do
    if [ -e "$device" ]; then device=${device%/device}; outside="$outside${device##*/} "; fi
  done
}
# whether a service that starts at boot has anything to load that refuses; a service that was rewritten knows its own files
refuses() {
  [ ! -e "/etc/systemd/system/$1.service" ] && [ ! -e "/etc/systemd/system/$1.service.d" ] || return 0
  case $1 in
    nftables) set -- /etc/nftables.conf /etc/sysconfig/nftables.conf /etc/nftables.nft /var/lib/nftables/* ;;
    netfilter-persistent) set -- /etc/iptables/* /etc/nftables.conf ;;
    iptables | ip6tables) set -- "/etc/sysconfig/$1" /etc/iptables/* "/var/lib/$1/"* ;;
    *) return 0 ;;
  esac
  grep -Eqis '^[^#]*(drop|reject|include)' "$@"
}
# asking for a rule set would load the kernel's module; where it is not loaded, there is no rule set
possible() {
  [ -r /proc/modules ] || return 0
  while read -r module _; do [ "$module" != "$1" ] || return 0; done </proc/modules
  grep -q "/$1\.ko" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}
legacy() {
  # legacy FAMILY NAMES-FILE: only a table that exists is listed, because listing would make it
  grep -qx filter "$2" 2>/dev/null || return 0
  for program in "$3-legacy-save" "$3-save"; do
    have "$program" || continue
    case $program in "$3-save") case $("$3" -V 2>/dev/null) in *nf_tables*) continue ;; esac ;; esac
    if told=$("$program" -t filter 2>/dev/null); then
      printf '%s\n' "$told" | awk -v outside="$outside" -v family="$1" -v source="$program" '@IPTABLES@' ||
        printf 'missed awk failed\n'
      return
    fi
  done
  printf 'missed %s rules of iptables-legacy\n' "$3"
}
modern() {
  if ! possible nf_tables; then printf 'read no nf_tables\n'; return; fi
  if have nft; then
    if told=$(nft -s -t list ruleset 2>/dev/null) || told=$(nft list ruleset 2>/dev/null); then
      printf '%s\n' "$told" | awk -v outside="$outside" '@NFT@' || printf 'missed awk failed\n'
    else printf 'missed nft: %s\n' "$(nft list ruleset 2>&1 >/dev/null | head -n 1)"; fi
    return
  fi
  for program in iptables ip6tables; do
    case $program in iptables) family=ip ;; *) family=ip6 ;; esac
    case $("$program" -V 2>/dev/null) in
      *nf_tables*)
        if told=$("$program-save" -t filter 2>/dev/null); then
          printf '%s\n' "$told" | awk -v outside="$outside" -v family=$family -v source="$program-save" '@IPTABLES@' ||
            printf 'missed awk failed\n'
        else printf 'missed %s-save failed\n' "$program"; fi ;;
      *)
        printf 'missed nft is not installed, so rules of nftables cannot be seen\n'
        return ;;
    esac
  done
}
if [ "$(id -u)" != 0 ]; then printf 'unobservable: the packet filter is shown to root only\n'
elif ! have awk; then printf 'unobservable: awk is missing\n'
elif [ ! -e /proc/self ]; then printf 'unobservable: /proc is not mounted\n' # nft would tell of the kernel around a tree
else
  lead_out
  modern
  legacy ip /proc/net/ip_tables_names iptables
  legacy ip6 /proc/net/ip6_tables_names ip6tables
  if [ -r /proc/net/if_inet6 ] && read -r line </proc/net/if_inet6 && [ -n "$line" ]; then printf 'ipv6 yes\n'
  elif [ -d /proc/net ]; then printf 'ipv6 no\n'; fi
  for name in nftables firewalld ufw netfilter-persistent iptables ip6tables awall shorewall shorewall6 ferm firehol; do
    wanted $name || continue
    [ $name != ufw ] || grep -q '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null || continue
    refuses $name || continue
    printf 'boot %s\n' $name
  done
  printf 'end\n'
fi
part 0 0""".replace("@NFT@", READ_NFT).replace("@IPTABLES@", READ_IPTABLES)
)
_STRICT = {"accept": 0, "reject": 1, "drop": 2}
_LOADERS = {
    "ufw": {"ufw"},
    "firewalld": {"firewalld"},
    "nftables": {"nftables", "netfilter-persistent", "ferm", "firehol"},
    "iptables": {
        "netfilter-persistent",
        "iptables",
        "ip6tables",
        "awall",
        "shorewall",
        "shorewall6",
        "ferm",
        "firehol",
        "nftables",
    },
}
_HOOKS = ("input", "forward", "output")


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments. The rules are reduced on the host to their defaults."""
    touches = ("nft list ruleset", "iptables-save", "ip6tables-save", "iptables-legacy-save",
               "ip6tables-legacy-save", "/proc/modules", "/proc/net/{ip,ip6}_tables_names", "/proc/net/if_inet6",
               "/proc/net/{route,ipv6_route}", "/sys/class/net/*/device", "/etc/nftables.conf", "/etc/iptables",
               "/etc/systemd/system", "/run/systemd/system", "/sbin/init", "/etc/runlevels", "/etc/ufw/ufw.conf",
               "awk")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`chain FAMILY TABLE NAME HOOK RULES V4 V6`, `rules N`, `hint TOOL`, `boot SERVICE`, `ipv6 yes|no`, `read SOURCE`; then `end`.

    A `missed WHY` line means that some rules could not be seen, and then nothing is concluded.
    """
    said = reply(answer, "a packet filter")
    if said:
        return said
    told = closed_words(answer)
    if "missed" in told:
        return Unobservable("; ".join(told["missed"]))
    if "read" not in told:
        raise Unreadable("nothing was asked for its rules")
    chains = [_chain(text) for text in told.get("chain", ())]
    active = any(hook == "input" and (rules or "accept" not in (v4, v6)) for _family, hook, rules, v4, v6 in chains)
    tool = next((name for name in ("firewalld", "ufw", "nftables", "iptables") if name in told.get("hint", ())), "")
    loaders = [name for name in told.get("boot", ()) if name in _LOADERS.get(tool, ())]
    no_tool = Absent("a packet filter that is loaded")
    policies: dict[str, Value] = {}
    for hook in _HOOKS:
        policies[f"{hook}_policy_v4"] = _default(chains, hook, "ip")
        policies[f"{hook}_policy_v6"] = Absent("IPv6 on this host") if told.get("ipv6") == ["no"] else _default(chains, hook, "ip6")
    return Observed(
        {
            "active": active,
            "input_policy_v4": policies.pop("input_policy_v4"),
            "input_policy_v6": policies.pop("input_policy_v6"),
            "tool": tool or no_tool,
            "persistent": bool(loaders) if tool else no_tool,
            "persistent_by": tuple(loaders),
            "rules": sum(int(number) for number in told.get("rules", ())),
            **policies,
        }
    )


def _chain(text: str) -> tuple[str, str, int, str, str]:
    family, _table, _name, hook, rules, v4, v6 = text.split(" ")
    if family not in {"ip", "ip6", "inet"} or hook not in _HOOKS or v4 not in _STRICT or v6 not in _STRICT:
        raise Unreadable(f"not a chain: {text[:120]!r}")
    return family, hook, int(rules), v4, v6


def _default(chains: Sequence[tuple[str, str, int, str, str]], hook: str, family: str) -> str:
    """The strictest default of all chains that a packet of the family passes at the hook."""
    defaults = [v4 if family == "ip" else v6 for of, at, _rules, v4, v6 in chains if at == hook and of in {family, "inet"}]
    return max(defaults, key=lambda word: _STRICT[word], default="accept")


_POLICY = "what happens to {} packets that no rule names: drop, reject or accept (a final rule for all counts)"
PROBE = Probe(
    name="firewall",
    summary="The packet filter loaded in the kernel: defaults for packets no rule names, who loaded it, and whether it comes back",
    arguments=(),
    attributes=(
        Attribute("active", Type.BOOLEAN, "rules or a refusing default for inbound packets are loaded now"),
        Attribute("input_policy_v4", Type.TEXT, _POLICY.format("inbound IPv4")),
        Attribute("input_policy_v6", Type.TEXT, _POLICY.format("inbound IPv6") + "; absent without IPv6"),
        Attribute("tool", Type.TEXT, "ufw, firewalld, nftables or iptables; absent when nothing is loaded"),
        Attribute("persistent", Type.BOOLEAN, "a service that loads such rules starts at boot; absent when nothing is loaded"),
        Attribute("persistent_by", Type.LIST, "the services that load them"),
        Attribute("rules", Type.INTEGER, "how many rules are loaded in all"),
        Attribute("forward_policy_v4", Type.TEXT, _POLICY.format("forwarded IPv4")),
        Attribute("forward_policy_v6", Type.TEXT, _POLICY.format("forwarded IPv6")),
        Attribute("output_policy_v4", Type.TEXT, _POLICY.format("outbound IPv4")),
        Attribute("output_policy_v6", Type.TEXT, _POLICY.format("outbound IPv6")),
    ),
    ask=ask,
    read=read,
    example=(
        "hint nftables\nchain inet filter input input 6 drop drop\nchain inet filter forward forward 0 drop drop\nrules 6\n"
        "read nft\nipv6 yes\nboot nftables\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
