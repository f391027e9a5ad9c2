"""RAID controllers in hardware and what they say of their arrays, disks and batteries, asked with the makers' own programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

# Class 0104 of PCI is RAID; what the drivers ahci, vmd and isci serve under it is software, and the probe raid tells it.
# Without `nolog` storcli writes a log file into the directory it is called in.
_SCRIPT = r"""list_controllers() {
  controllers=''
  for device in /sys/bus/pci/devices/*; do
    class='' driver=$(readlink "$device/driver")
    { IFS= read -r class <"$device/class"; } 2>/dev/null
    case $class in 0x0104*) ;; *) continue ;; esac
    driver=${driver##*/}
    case $driver in ahci | vmd | isci) ;; *) controllers="$controllers ${driver:-no-driver}" ;; esac
  done
}
find_tool() { # NAME...: the first that is there, where their packages put them
  for name; do
    for tool in "$(command -v "$name" 2>/dev/null)" "/opt/MegaRAID/storcli/$name" "/opt/MegaRAID/storcli2/$name" \
      "/opt/MegaRAID/perccli/$name" "/opt/smartstorageadmin/ssacli/bin/$name" "/opt/hp/hpssacli/bld/$name"; do
      if [ -n "$tool" ] && [ -x "$tool" ]; then return 0; fi
    done
  done
  return 1
}
ask_storcli() { # WHAT...
  if told=$("$tool" "$@" J nolog 2>/dev/null) || [ -n "$told" ]; then
    printf 'storcli %s\n' "$(printf '%s' "$told" | tr '\r\n' '  ')"
  else printf 'fault %s does not answer\n' "$name"; fi
}
ask_ssacli() {
  if told=$("$tool" ctrl all show config detail 2>/dev/null); then
    printf '%s\n' "$told" | tr -d '\r' | awk '
      { line = $0; sub(/^ */, "", line); sub(/ *$/, "", line) }
      /^[^ ].* in Slot / { print "ssacli controller " line; next }
      line ~ /^Logical Drive: / { print "ssacli volume " substr(line, 16); next }
      line ~ /^physicaldrive [^ ]+$/ { print "ssacli drive " substr(line, 15); next }
      line ~ /^Array: / { print "ssacli array " substr(line, 8); next }
      line ~ /^(Controller Status|Cache Status|Battery\/Capacitor Status|Status|Fault Tolerance): / { print "ssacli | " line }'
  else printf 'fault %s does not answer\n' "$name"; fi
}
if [ ! -d /sys/bus ]; then printf 'unobservable: /sys is not mounted\n'; part 0 0; exit 0; fi
list_controllers
if [ -z "$controllers" ]; then printf 'absent\n'
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: RAID controllers answer to root only\n'
else
  printf 'controllers%s\n' "$controllers"
  case $controllers in
    *megaraid* | *mpt3sas* | *mpi3mr*)
      if find_tool storcli64 storcli perccli64 perccli storcli2; then
        ask_storcli /call show all
        ask_storcli /call/eall/sall show all
      else printf 'fault there is a RAID controller (%s), and neither storcli nor perccli\n' "${controllers# }"; fi
      ;;
  esac
  case $controllers in
    *hpsa* | *smartpqi*)
      if find_tool ssacli hpssacli; then ask_ssacli
      else printf 'fault there is a RAID controller (%s), and no ssacli\n' "${controllers# }"; fi
      ;;
  esac
  printf 'end\n'
fi
part 0 0"""
_STORCLI, _SSACLI = ("megaraid", "mpt3sas", "mpi3mr"), ("hpsa", "smartpqi")
_GOOD_STATES = {"Optl", "Optimal", "OK"}
_GOOD_DRIVES = {"Onln", "Conf", "GHS", "DHS", "UGood", "JBOD"}
_UNTOLD = Unobservable("it told no state")
_STATE = re.compile(r"([^:]{1,60}): (.*)")


def ask(calls: Sequence[Arguments]) -> Question:
    """Two calls of storcli or perccli, one of ssacli, and only for the controllers that they are made for."""
    return Question(
        _SCRIPT,
        (
            "/sys/bus/pci/devices",
            "storcli /call show all J nolog",
            "storcli /call/eall/sall show all J nolog",
            "ssacli ctrl all show config detail",
        ),
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """`controllers DRIVER...`, then `storcli JSON` twice or `ssacli` lines, then `end`."""
    said = reply(answer, "a RAID controller")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    word, *drivers = head.split()
    if word != "controllers" or not drivers:
        raise Unreadable("the answer does not name the controllers")
    unknown = [driver for driver in drivers if not driver.startswith((*_STORCLI, *_SSACLI))]
    if unknown:
        return Unobservable(f"no program is known that asks a RAID controller with the driver {unknown[0]}")
    found = _Found()
    texts: list[str] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest)
        if kind == "storcli":
            _read_storcli(json.loads(rest), found)
        elif kind == "ssacli":
            texts.append(rest)
        else:
            raise Unreadable(f"not a line about a RAID controller: {line[:120]!r}")
    _read_ssacli(texts, found)
    if len(found.controllers) < len(drivers):
        return Unobservable(f"{len(drivers)} RAID controllers are there, and {len(found.controllers)} answered")
    return Observed({
        "controllers": tuple(found.controllers), "volumes": tuple(found.volumes), "drives": tuple(found.drives),
        "count": len(found.controllers),
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """Records of controllers, volumes and drives, as they are read."""

    controllers: list[Record] = field(default_factory=list)
    volumes: list[Record] = field(default_factory=list)
    drives: list[Record] = field(default_factory=list)


def _read_storcli(told: Mapping[str, Any], found: _Found) -> None:
    """`show all` of controllers or of drives; source: Broadcom, "StorCLI Reference Manual"."""
    for controller in told["Controllers"]:
        data = controller.get("Response Data", {})
        number = controller["Command Status"].get("Controller")
        if "Status" in data:
            found.controllers.append(_storcli_controller(f"c{number}", data))
            for volume in data.get("VD LIST", ()):
                found.volumes.append({
                    "controller": f"c{number}", "name": str(volume["DG/VD"]), "level": str(volume["TYPE"]),
                    "state": str(volume["State"]), "healthy": volume["State"] in _GOOD_STATES,
                })  # fmt: skip
            found.drives.extend(_storcli_drive(f"c{number}", drive) for drive in data.get("PD LIST", ()))
        for heading, details in data.items():
            _add_details(found, f"c{number}", heading, details)


def _storcli_controller(name: str, data: Mapping[str, Any]) -> Record:
    state = str(data["Status"]["Controller Status"])
    packs = [*data.get("Cachevault_Info", ()), *data.get("BBU_Info", ())]
    words = [str(pack["State"]) for pack in packs]
    battery: Value = all(word in {"Optimal", "Optl"} for word in words) if words else Absent("a battery")
    return {"name": name, "tool": "storcli", "state": state, "healthy": state in _GOOD_STATES, "battery_good": battery}


def _storcli_drive(controller: str, drive: Mapping[str, Any]) -> Record:
    return {
        "controller": controller, "name": str(drive["EID:Slt"]), "state": str(drive["State"]),
        "healthy": drive["State"] in _GOOD_DRIVES, "failure_expected": Unobservable("the drive's own counters were not told"),
    }  # fmt: skip


def _add_details(found: _Found, controller: str, heading: str, details: object) -> None:
    """What `/cx/eall/sall show all` adds: `Drive /c0/e252/s0 - Detailed Information` has the counters of the drive 252:0."""
    match = re.fullmatch(r"Drive /c\d+/e(\d+)/s(\d+) - Detailed Information", heading)
    if not match or not isinstance(details, dict):
        return
    counters = next((value for name, value in details.items() if name.endswith(" State") and isinstance(value, dict)), None)
    if counters is None:
        return
    expected = int(counters["Predictive Failure Count"]) > 0 or counters["S.M.A.R.T alert flagged by drive"] == "Yes"
    for drive in found.drives:
        if (drive["controller"], drive["name"]) == (controller, f"{match[1]}:{match[2]}"):
            drive["failure_expected"] = expected


def _read_ssacli(lines: Sequence[str], found: _Found) -> None:
    """`controller NAME`, `array NAME`, `volume NAME`, `drive NAME`, and below each its `| KEY: VALUE`."""
    thing: Record = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "controller":
            thing = {
                "name": rest, "tool": "ssacli", "state": _UNTOLD, "healthy": _UNTOLD, "battery_good": Absent("a battery"),
            }  # fmt: skip
            found.controllers.append(thing)
        elif word == "volume":
            thing = _ssacli_part(found, rest, level=_UNTOLD)
            found.volumes.append(thing)
        elif word == "drive":
            thing = _ssacli_part(found, rest, failure_expected=_UNTOLD)
            found.drives.append(thing)
        elif word == "array":
            thing = {}
        else:
            _note(thing, rest)


def _ssacli_part(found: _Found, name: str, **more: Value) -> Record:
    controller = found.controllers[-1]["name"]
    return {"controller": controller, "name": name, "state": _UNTOLD, "healthy": _UNTOLD, **more}


def _note(thing: Record, line: str) -> None:
    match = _STATE.fullmatch(line)
    if not match:
        raise Unreadable(f"not a line of ssacli: {line[:120]!r}")
    key, value = match.groups()
    if key == "Fault Tolerance" and "level" in thing:
        thing["level"] = f"RAID {value}"
    elif key == "Battery/Capacitor Status" and "battery_good" in thing:
        thing["battery_good"] = value == "OK"
    elif key == "Cache Status" and "battery_good" in thing:
        thing["battery_good"] = value in {"OK", "Not Configured"} if thing["battery_good"] is not False else False
    elif (key == "Controller Status" and "battery_good" in thing) or (key == "Status" and "controller" in thing):
        thing["state"], thing["healthy"] = value, value == "OK"
        if "failure_expected" in thing:
            thing["failure_expected"] = value == "Predictive Failure"


PROBE = Probe(
    name="raid_controller",
    summary="RAID controllers in hardware, their arrays, disks and batteries",
    arguments=(),
    attributes=(
        Attribute(
            "controllers",
            Type.RECORDS,
            "the controllers",
            (
                Attribute("name", Type.TEXT, "c0 for storcli, its model and slot for ssacli"),
                Attribute("tool", Type.TEXT, "who told: storcli (perccli speaks the same) or ssacli"),
                Attribute("state", Type.TEXT, "its state in the words of its maker"),
                Attribute("healthy", Type.BOOLEAN, "that state is good"),
                Attribute("battery_good", Type.BOOLEAN, "what keeps the write cache over a power cut is good; absent without one"),
            ),
        ),
        Attribute(
            "volumes",
            Type.RECORDS,
            "the arrays that the operating system sees as disks",
            (
                Attribute("controller", Type.TEXT, "name of its controller"),
                Attribute("name", Type.TEXT, "its number"),
                Attribute("level", Type.TEXT, "RAID1, RAID 5, ..."),
                Attribute("state", Type.TEXT, "Optl, Dgrd, OK, Interim Recovery Mode, ..."),
                Attribute("healthy", Type.BOOLEAN, "it has all its disks"),
            ),
        ),
        Attribute(
            "drives",
            Type.RECORDS,
            "the disks",
            (
                Attribute("controller", Type.TEXT, "name of its controller"),
                Attribute("name", Type.TEXT, "its place: enclosure and slot"),
                Attribute("state", Type.TEXT, "Onln, Rbld, Failed, OK, Predictive Failure, ..."),
                Attribute("healthy", Type.BOOLEAN, "it is in use, spare or unused, and works"),
                Attribute("failure_expected", Type.BOOLEAN, "the disk itself expects to fail"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many controllers"),
    ),
    ask=ask,
    read=read,
    example=(
        "controllers hpsa\nssacli controller Smart Array P440ar in Slot 0 (Embedded)\nssacli | Controller Status: OK\n"
        "ssacli array A\nssacli | Status: OK\nssacli volume 1\nssacli | Fault Tolerance: 1\nssacli | Status: OK\n"
        "ssacli drive 1I:1:1\nssacli | Status: OK\nend\n"
    ),
    time_limit_s=120,
    needs_root=True,
)  # fmt: skip
