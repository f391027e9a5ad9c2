"""How one path is mounted, now and after the next start: options, source, and whether it has a file system of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from secscan.filesystem.entries import PATH, classify_complaint
from secscan.filesystem.mounts import MOUNT_FIELDS, TABLE, MountTable, read_table, unescape_mount, unit_name
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable
from secscan.probing import closed_lines, quote, reply


def ask(calls: Sequence[Arguments]) -> Question:
    """The whole table once; a path that is no mount point is resolved, one that is stays untouched (it may hang)."""
    paths = list(dict.fromkeys(str(call["path"]) for call in calls))
    script = f"""{TABLE}
table=$(cat /proc/self/mounts)
for path in {quote(*paths)}; do
  case $table in *" $path "*) continue ;; esac
  if real=$(cd -P -- "$path" 2>/dev/null && pwd -P); then printf 'at\\t%s\\t%s\\n' "$path" "$real"
  elif [ ! -e "$path" ]; then printf 'gone\\t%s\\t%s\\n' "$path" "$(stat -L -- "$path" 2>&1 >/dev/null)"; fi
done
printf 'end\\n'"""
    return Question(script, ("/proc/self/mounts", "/etc/fstab", "systemd mount units", *paths))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """The joint answer as one answer per call: the mount that holds the path and what is configured for it."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    lines = closed_lines(answer)
    resolved = {words[1]: (words[0], words[2]) for words in (line.split("\t") for line in lines) if len(words) == 3}
    paths = [str(call["path"]) for call in calls]
    table = read_table(lines)
    return [_one(path, lines, table, resolved.get(path, ("at", path)), answer) for path in paths]


def _one(path: str, lines: Sequence[str], table: MountTable, found: tuple[str, str], joint: Answer) -> Answer:
    word, rest = found
    if word == "gone":
        own = [classify_complaint(rest)]
    else:
        own = [] if rest == path else [f"at {rest}"]
        mount = table.holding(rest)
        own += _concerning({mount.path, rest}, lines) if mount else []
        own.append("end")
    return Answer(("\n".join(own) + "\n").encode(), joint.stderr, joint.exit, joint.fault, joint.uid)


def _concerning(points: Iterable[str], lines: Iterable[str]) -> list[str]:
    """The lines about any of these mount points, and all about what is hidden."""
    ends = {*points, *(point + "/" for point in points)}
    unit = re.compile(rf"(?:^|/)(?:{'|'.join(sorted(re.escape(unit_name(point)) for point in points))})(?:\.d/|$)")
    own = []
    for line in lines:
        word, _, rest = line.partition(" ")
        columns = rest.split(" ")
        if word in {"mounted", "fstab"}:
            concerns = len(columns) > 1 and unescape_mount(columns[1]) in ends
        else:
            concerns = word == "hidden" or (word in {"unit", "masked", "wanted"} and bool(unit.search(columns[0])))
        if concerns:
            own.append(line)
    return own


def read(call: Arguments, answer: Answer) -> Observation:
    """`mounted` with a line of /proc/mounts, `fstab` with a line of fstab, `at PATH` when links lead elsewhere, then `end`."""
    said = reply(answer, str(call["path"]))
    if said:
        return said
    lines = closed_lines(answer)
    path = next((line.removeprefix("at ") for line in lines if line.startswith("at /")), str(call["path"]))
    path = path.rstrip("/") or "/"
    table = read_table(lines)
    mount = table.holding(path)
    if not mount:
        return Unobservable("the mount that holds it is outside of what this system shows (a chroot)")
    record = table.record(mount, path)
    return Observed({**record, "separate": mount.path == path, "mount_point": mount.path})


PROBE = Probe(
    name="mount",
    summary="How a path is mounted, now and at the next start",
    arguments=(Argument("path", Type.TEXT, "absolute path; need not be a mount point itself", required=True, pattern=PATH),),
    attributes=(
        *MOUNT_FIELDS,
        Attribute("separate", Type.BOOLEAN, "the path is a mount point of its own"),
        Attribute("mount_point", Type.TEXT, "the mount point that holds the path"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="mounted tmpfs /tmp tmpfs rw,nosuid,nodev,noexec 0 0\nfstab tmpfs /tmp tmpfs defaults,nosuid,nodev,noexec\nend\n",
    time_limit_s=30,
    condition="path",
)
