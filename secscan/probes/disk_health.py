"""What disks say about their own health (SMART), asked by smartctl; a disk that sleeps is not woken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

# A disk of a virtual machine has no health of its own; the host of the machine must be asked.
_SCRIPT = r"""is_virtual() { # NAME
  vendor='' model='' way=''
  { IFS= read -r vendor <"/sys/block/$1/device/vendor"; } 2>/dev/null
  { IFS= read -r model <"/sys/block/$1/device/model"; } 2>/dev/null
  way=$(readlink -f "/sys/block/$1/device")
  case "$vendor $model $way" in
    *QEMU* | *VMware* | *Virtual* | *VBOX* | *Msft* | *'Amazon Elastic'* | *Google* | */virtio* | */vbd-* | *'LIO-ORG'*) return 0 ;;
  esac
  case $1 in vd* | xvd*) return 0 ;; esac
  return 1
}
list_disks() {
  disks=''
  for path in /sys/block/*; do
    name=${path##*/}
    case $name in
      loop* | ram* | zram* | dm-* | md* | sr* | fd* | nbd* | rbd* | drbd* | zd* | mmcblk* | nullb* | nvme*c*n*) continue ;;
    esac
    if [ -e "$path/device" ] && ! is_virtual "$name"; then disks="$disks $name"; fi
  done
}
if [ ! -d /sys/block ]; then printf 'unobservable: /sys is not mounted\n'; part 0 0; exit 0; fi
list_disks
if [ -z "$disks" ]; then printf 'absent\n'
elif ! have smartctl; then printf 'unobservable: there is no smartctl command, and there are disks:%s\n' "$disks"
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: disks answer to root only\n'
else
  for name in $disks; do
    told=$(smartctl --json=c -n standby -H -A "/dev/$name" 2>/dev/null)
    printf 'disk %s %s %s\n' "$name" $? "$(printf '%s' "$told" | tr '\n' ' ')"
  done
  printf 'end\n'
fi
part 0 0"""
_LINE = re.compile(r"disk (\S+) (\d{1,3}) (\{.*\})? *")
_COUNTED = {"reallocated": 5, "pending": 197, "uncorrectable": 198}


def ask(calls: Sequence[Arguments]) -> Question:
    """One `smartctl` per disk."""
    return Question(_SCRIPT, ("/sys/block", "smartctl --json=c -n standby -H -A"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`disk NAME EXIT {...}` per disk, the braces as smartctl prints them; then `end`."""
    said = reply(answer, "a disk that is not virtual")
    if said:
        return said
    disks: list[Record] = []
    for line in closed_lines(answer):
        match = _LINE.fullmatch(line)
        if not match:
            raise Unreadable(f"not a line about a disk: {line[:120]!r}")
        disks.append(_record(match[1], json.loads(match[3]) if match[3] else {}))
    if not disks:
        raise Unreadable("neither a disk nor `absent`")
    return Observed({"disks": tuple(disks), "count": len(disks)})


def _record(name: str, told: Mapping[str, Any]) -> Record:
    messages = [str(message["string"]) for message in told.get("smartctl", {}).get("messages", ())]
    unknown = Unobservable(f"{name}: {'; '.join(messages)[:200] or 'the disk does not tell'}")
    passed = told.get("smart_status", {}).get("passed")
    nvme = told.get("nvme_smart_health_information_log")
    table = told.get("ata_smart_attributes", {}).get("table")
    raw = {entry["id"]: int(entry["raw"]["value"]) for entry in table} if table else {}
    record: Record = {
        "name": name,
        "healthy": passed if isinstance(passed, bool) else unknown,
        **{word: raw.get(number, Absent("a count of them on this disk")) if told else unknown for word, number in _COUNTED.items()},
        **dict.fromkeys(
            ("used_percent", "media_errors", "spare_left"), Absent("a count of them on this disk") if told else unknown
        ),
    }
    if nvme:
        spare = int(nvme["available_spare"]) - int(nvme["available_spare_threshold"])
        record |= {
            "healthy": passed is True and int(nvme["critical_warning"]) == 0,
            "used_percent": int(nvme["percentage_used"]),
            "media_errors": int(nvme["media_errors"]),
            "spare_left": spare,
        }
    elif "scsi_grown_defect_list" in told:
        record["reallocated"] = int(told["scsi_grown_defect_list"])
    elif told and not table:
        tell: Value = unknown
        record |= dict.fromkeys((*_COUNTED, "used_percent", "media_errors", "spare_left"), tell)
    return record


PROBE = Probe(
    name="disk_health",
    summary="What every disk of the host says about its own health",
    arguments=(),
    attributes=(
        Attribute(
            "disks",
            Type.RECORDS,
            "the disks; those of virtual machines are left out, since their host knows",
            (
                Attribute("name", Type.TEXT, "name of the disk, such as sda or nvme0n1"),
                Attribute(
                    "healthy", Type.BOOLEAN, "the disk itself expects no failure; for NVMe there is no critical warning either"
                ),
                Attribute("reallocated", Type.INTEGER, "sectors replaced by spare ones; absent where the disk does not count them"),
                Attribute("pending", Type.INTEGER, "sectors that could not be read and wait to be replaced"),
                Attribute("uncorrectable", Type.INTEGER, "sectors that could be neither read nor replaced"),
                Attribute("used_percent", Type.INTEGER, "NVMe: share of its life that is used; may pass 100"),
                Attribute("media_errors", Type.INTEGER, "NVMe: times that data could not be read"),
                Attribute("spare_left", Type.INTEGER, "NVMe: percent of spare blocks above the disk's own threshold"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many disks were asked"),
    ),
    ask=ask,
    read=read,
    example=(
        'disk sda 0 {"smart_status":{"passed":true},"ata_smart_attributes":{"table":[{"id":5,"raw":{"value":0}},'
        '{"id":197,"raw":{"value":0}},{"id":198,"raw":{"value":0}}]}}\nend\n'
    ),
    time_limit_s=120,
    needs_root=True,
)
