"""Bonded network interfaces and the state of their members, as the kernel's bonding driver tells it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply

_BOND = re.compile(r"bond (\S+) up=(yes|no|\?) mode=(\S+)")
_MEMBER = re.compile(r"member (\S+) up=(yes|no|\?) failures=(\d{1,12})")
# A driver that is not told to watch the links (miimon=0) calls all of them up for ever.
# The first `MII Status` is that of the bond; each later one belongs to the member named before it.
_SCRIPT = r"""if [ ! -d /proc/net ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
told=''
for file in /proc/net/bonding/*; do
  if [ ! -e "$file" ]; then continue; fi
  told=yes
  if [ ! -r "$file" ]; then printf 'fault %s cannot be read by this user\n' "$file"; continue; fi
  mode='?' bond='?' member='' state='' watched=yes
  while IFS= read -r line || [ -n "$line" ]; do
    value=${line#*: }
    case $line in
      'Bonding Mode: '*) mode=${value%% *} ;;
      'Slave Interface: '*)
        if [ -z "$member" ]; then printf 'bond %s up=%s mode=%s\n' "${file##*/}" "$bond" "$mode"; fi
        member=$value
        ;;
      'MII Polling Interval (ms): '*) if [ "$value" = 0 ] && [ "$watched" != arp ]; then watched='' bond='?'; fi ;;
      'ARP Polling Interval (ms): '*) if [ "$value" != 0 ]; then watched=arp bond=$state; fi ;;
      'MII Status: '*)
        if [ -z "$watched" ]; then state='?'
        elif [ "$value" = up ]; then state=yes; else state=no; fi
        if [ -z "$member" ]; then bond=$state; fi
        ;;
      'Link Failure Count: '*) printf 'member %s up=%s failures=%s\n' "$member" "$state" "$value" ;;
    esac
  done <"$file"
  if [ -z "$member" ]; then printf 'bond %s up=%s mode=%s\n' "${file##*/}" "$bond" "$mode"; fi
done
if [ -n "$told" ]; then printf 'end\n'; else printf 'absent\n'; fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One file per bond, read by the shell itself."""
    return Question(_SCRIPT, ("/proc/net/bonding/*",))


def read(call: Arguments, answer: Answer) -> Observation:
    """`bond NAME up=yes mode=MODE`, then `member NAME up=yes failures=N` per member; at last `end`."""
    said = reply(answer, "a bond")
    if said:
        return said
    bonds: list[Record] = []
    members: list[Record] = []
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        bond, member = _BOND.fullmatch(line), _MEMBER.fullmatch(line)
        if bond:
            bonds.append({"name": bond[1], "up": _truth(bond[2]), "mode": bond[3], "members": 0, "members_up": 0})
        elif member and bonds:
            last = bonds[-1]
            last["members"] = int(str(last["members"])) + 1
            last["members_up"] = int(str(last["members_up"])) + (member[2] == "yes")
            members.append({"bond": last["name"], "name": member[1], "up": _truth(member[2]), "failures": int(member[3])})
        else:
            raise Unreadable(f"not a line about a bond: {line[:120]!r}")
    if not bonds:
        raise Unreadable("neither a bond nor `absent`")
    return Observed({"bonds": tuple(bonds), "members": tuple(members)})


def _truth(word: str) -> bool | Unobservable:
    return Unobservable("the bond does not tell, or does not watch its links: miimon is 0") if word == "?" else word == "yes"


PROBE = Probe(
    name="bond",
    summary="Bonded network interfaces and whether all their members work",
    arguments=(),
    attributes=(
        Attribute(
            "bonds",
            Type.RECORDS,
            "the bonds",
            (
                Attribute("name", Type.TEXT, "name of the interface"),
                Attribute("up", Type.BOOLEAN, "it carries traffic"),
                Attribute("mode", Type.TEXT, "first word of its mode: fault-tolerance, load, IEEE, adaptive, transmit"),
                Attribute("members", Type.INTEGER, "how many interfaces belong to it"),
                Attribute("members_up", Type.INTEGER, "how many of them have a link"),
            ),
        ),
        Attribute(
            "members",
            Type.RECORDS,
            "the members of all bonds",
            (
                Attribute("bond", Type.TEXT, "the bond"),
                Attribute("name", Type.TEXT, "name of the member"),
                Attribute("up", Type.BOOLEAN, "it has a link"),
                Attribute("failures", Type.INTEGER, "how often it lost its link", passing=True),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example="bond bond0 up=yes mode=fault-tolerance\nmember eno1 up=yes failures=0\nmember eno2 up=yes failures=1\nend\n",
)
