"""Errors of memory modules as the memory controllers count them (EDAC), corrected and uncorrected, since the host booted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type
from secscan.probing import Unreadable, closed_lines, reply

_LINE = re.compile(r"(mc\d+) uncorrected=(\d{1,12}) corrected=(\d{1,12})")
_SCRIPT = r"""slurp() { value='?'; { IFS= read -r value <"$1"; } 2>/dev/null; }
told=''
if [ ! -d /sys/devices ]; then printf 'unobservable: /sys is not mounted\n'
else
  for controller in /sys/devices/system/edac/mc/mc[0-9]*; do
    if [ ! -d "$controller" ]; then continue; fi
    slurp "$controller/ue_count"; uncorrected=$value
    slurp "$controller/ce_count"
    printf '%s uncorrected=%s corrected=%s\n' "${controller##*/}" "$uncorrected" "$value"
    told=yes
  done
  if [ -n "$told" ]; then printf 'end\n'; else printf 'absent\n'; fi
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """Two files for each memory controller, read by the shell itself."""
    return Question(_SCRIPT, ("/sys/devices/system/edac/mc/*/{ue_count,ce_count}",))


def read(call: Arguments, answer: Answer) -> Observation:
    """`mcN uncorrected=N corrected=N` per controller, then `end`."""
    said = reply(answer, "a memory controller that counts errors")
    if said:
        return said
    controllers: list[Record] = []
    for line in closed_lines(answer):
        match = _LINE.fullmatch(line)
        if not match:
            raise Unreadable(f"not a line about a memory controller: {line[:120]!r}")
        controllers.append({"name": match[1], "uncorrected": int(match[2]), "corrected": int(match[3])})
    if not controllers:
        raise Unreadable("neither a memory controller nor `absent`")
    return Observed({
        "uncorrected": sum(int(str(record["uncorrected"])) for record in controllers),
        "corrected": sum(int(str(record["corrected"])) for record in controllers),
        "controllers": tuple(controllers),
    })  # fmt: skip


PROBE = Probe(
    name="memory_error",
    summary="Memory errors that the hardware has counted since the host booted",
    arguments=(),
    attributes=(
        Attribute("uncorrected", Type.INTEGER, "errors that could not be corrected: wrong data, or a halt"),
        Attribute("corrected", Type.INTEGER, "errors that were corrected"),
        Attribute(
            "controllers",
            Type.RECORDS,
            "one record per memory controller",
            (
                Attribute("name", Type.TEXT, "such as mc0"),
                Attribute("uncorrected", Type.INTEGER, "errors that could not be corrected"),
                Attribute("corrected", Type.INTEGER, "errors that were corrected"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example="mc0 uncorrected=0 corrected=3\nend\n",
)
