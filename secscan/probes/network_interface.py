"""Network interfaces and radios of the host: what is up, what listens to the traffic of others, what sends by radio."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type
from secscan.probing import Unreadable, closed_lines, reply

_INTERFACE = re.compile(r"interface (\S{1,64}) flags=0x([0-9a-fA-F]{1,8}) wireless=(yes|no) member=(bridge|bond|-)")
_RADIO = re.compile(r"radio (\S{1,64}) kind=(\S{1,40}) blocked=(yes|no)")
_UP, _PROMISCUOUS = 0x1, 0x100
_SCRIPT = r"""if [ ! -d /sys/class/net ]; then printf 'unobservable: /sys is not mounted\n'; part 0 0; exit 0; fi
for place in /sys/class/net/*; do
  flags=''
  { IFS= read -r flags <"$place/flags"; } 2>/dev/null
  if [ -z "$flags" ]; then continue; fi # bonding_masters and the like
  wireless=no member=-
  if [ -d "$place/wireless" ] || [ -e "$place/phy80211" ]; then wireless=yes; fi
  if [ -e "$place/brport" ]; then member=bridge; elif [ -e "$place/bonding_slave" ]; then member=bond; fi
  printf 'interface %s flags=%s wireless=%s member=%s\n' "${place##*/}" "$flags" "$wireless" "$member"
done
for place in /sys/class/rfkill/*; do
  kind='' soft='' hard=''
  { IFS= read -r kind <"$place/type" && IFS= read -r soft <"$place/soft" && IFS= read -r hard <"$place/hard"; } 2>/dev/null
  if [ -z "$kind" ]; then continue; fi
  case $soft$hard in 00) blocked=no ;; *) blocked=yes ;; esac
  printf 'radio %s kind=%s blocked=%s\n' "${place##*/}" "$kind" "$blocked"
done
printf 'end\n'
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """A few small files of /sys, read by the shell itself."""
    return Question(_SCRIPT, ("/sys/class/net", "/sys/class/rfkill"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`interface NAME flags=0x1003 wireless=yes|no member=bridge|bond|-`, `radio NAME kind=KIND blocked=yes|no`; then `end`."""
    said = reply(answer, "network interfaces")
    if said:
        return said
    interfaces: list[Record] = []
    radios: list[Record] = []
    for line in closed_lines(answer):
        interface, radio = _INTERFACE.fullmatch(line), _RADIO.fullmatch(line)
        if interface:
            flags = int(interface[2], 16)
            interfaces.append({
                "name": interface[1], "up": bool(flags & _UP), "promiscuous": bool(flags & _PROMISCUOUS),
                "wireless": interface[3] == "yes", "member": interface[4] != "-",
            })  # fmt: skip
        elif radio:
            radios.append({"name": radio[1], "kind": radio[2], "blocked": radio[3] == "yes"})
        else:
            raise Unreadable(f"not a line about an interface: {line[:120]!r}")
    if not interfaces:
        raise Unreadable("not even the loopback interface is there")
    return Observed({"interfaces": tuple(interfaces), "radios": tuple(radios), "count": len(interfaces)})


PROBE = Probe(
    name="network_interface",
    summary="Network interfaces and radios of the host",
    arguments=(),
    attributes=(
        Attribute(
            "interfaces",
            Type.RECORDS,
            "the network interfaces, loopback too",
            (
                Attribute("name", Type.TEXT, "name of the interface"),
                Attribute("up", Type.BOOLEAN, "it is switched on"),
                Attribute("promiscuous", Type.BOOLEAN, "it takes packets that are meant for others"),
                Attribute("wireless", Type.BOOLEAN, "it is a wireless one"),
                Attribute("member", Type.BOOLEAN, "it belongs to a bridge or a bond"),
            ),
        ),
        Attribute(
            "radios",
            Type.RECORDS,
            "devices that send by radio",
            (
                Attribute("name", Type.TEXT, "name of the switch, such as rfkill0"),
                Attribute("kind", Type.TEXT, "wlan, bluetooth, wwan, nfc, ..."),
                Attribute("blocked", Type.BOOLEAN, "it is switched off"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many interfaces"),
    ),
    ask=ask,
    read=read,
    example="interface eno1 flags=0x1003 wireless=no member=-\ninterface lo flags=0x9 wireless=no member=-\nend\n",
)  # fmt: skip
