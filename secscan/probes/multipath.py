"""Storage that hangs on several paths, as the kernel's device mapper knows them: which work, and which it has given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply

# The kernel names paths by number; /sys knows what they are called.
_SCRIPT = r"""if [ ! -d /sys/block ]; then printf 'unobservable: /sys is not mounted\n'; part 0 0; exit 0; fi
there=''
for uuid in /sys/block/dm-*/dm/uuid; do
  kind=''
  { IFS= read -r kind <"$uuid"; } 2>/dev/null
  case $kind in mpath-*) there=yes ;; esac
done
if [ -z "$there" ]; then printf 'absent\n'
elif ! have dmsetup; then printf 'unobservable: there is storage on several paths, and no dmsetup command\n'
elif ! told=$(dmsetup status --target multipath 2>/dev/null); then
  printf 'unobservable: there is storage on several paths, and only root can ask about it\n'
else
  for number in /sys/dev/block/*; do
    way=$(readlink "$number")
    printf 'device %s %s\n' "${number##*/}" "${way##*/}"
  done
  printf '%s\nend\n' "$told"
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `dmsetup status`."""
    return Question(_SCRIPT, ("/sys/block/dm-*/dm/uuid", "/sys/dev/block", "dmsetup status --target multipath"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`device 8:16 sdb` for each block device, a line of `dmsetup status` for each map, then `end`."""
    said = reply(answer, "storage on several paths")
    if said:
        return said
    names: dict[str, str] = {}
    maps: list[Record] = []
    paths: list[Record] = []
    for line in closed_lines(answer):
        if line.startswith("device "):
            _, number, name = line.split()
            names[number] = name
            continue
        name, colon, status = line.partition(": ")
        if not colon:
            raise Unreadable(f"not a line of dmsetup: {line[:120]!r}")
        found = list(_paths(name, status, names))
        maps.append({"name": name, "paths": len(found), "working": sum(path["working"] is True for path in found)})
        paths += found
    if not maps:
        raise Unreadable("neither storage on several paths nor `absent`")
    return Observed({"maps": tuple(maps), "paths": tuple(paths), "count": len(maps)})


def _paths(name: str, status: str, names: dict[str, str]) -> Iterator[Record]:
    """The paths in a line of `dmsetup status`; source: multipath_status() of the kernel's drivers/md/dm-mpath.c.

    START LENGTH multipath N FEATURE... N HANDLER... GROUPS NEXT, then per group STATE N ARG... PATHS ARGS, and per path
    MAJOR:MINOR A|F FAILURES and ARGS words of its selector.
    """
    words = iter(status.split())

    def take() -> str:
        word = next(words, None)
        if word is None:
            raise Unreadable(f"the line of dmsetup about {name} is cut off")
        return word

    def skip(count: int) -> None:
        for _ in range(count):
            take()

    skip(2)
    if take() != "multipath":
        raise Unreadable(f"{name} is no multipath device")
    skip(int(take()))
    skip(int(take()))
    groups = int(take())
    take()
    for _ in range(groups):
        take()
        skip(int(take()))
        count, details = int(take()), int(take())
        for _ in range(count):
            number, state, failures = take(), take(), int(take())
            if state not in {"A", "F"}:
                raise Unreadable(f"{name}: a path is {state!r}, which is neither A nor F")
            skip(details)
            known = names.get(number, Unobservable(f"/sys knows no device {number}"))
            yield {"map": name, "device": known, "working": state == "A", "failures": failures}


PROBE = Probe(
    name="multipath",
    summary="Storage that hangs on several paths, and the state of each path",
    arguments=(),
    attributes=(
        Attribute(
            "maps",
            Type.RECORDS,
            "the storage, one record each",
            (
                Attribute("name", Type.TEXT, "its name, such as mpatha"),
                Attribute("paths", Type.INTEGER, "how many paths lead to it"),
                Attribute("working", Type.INTEGER, "how many of them work"),
            ),
        ),
        Attribute(
            "paths",
            Type.RECORDS,
            "the paths of all of it",
            (
                Attribute("map", Type.TEXT, "the storage it leads to"),
                Attribute("device", Type.TEXT, "name of the disk that the path is, such as sdb"),
                Attribute("working", Type.BOOLEAN, "the kernel uses it; false: it was given up"),
                Attribute("failures", Type.INTEGER, "how often it was given up since the map was loaded", passing=True),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many maps"),
    ),
    ask=ask,
    read=read,
    example=(
        "device 8:16 sdb\ndevice 8:32 sdc\nmpatha: 0 2097152 multipath 2 0 0 0 2 1 A 0 1 2 8:16 A 0 0 1 E 0 1 2 8:32 A 1 0 1\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
