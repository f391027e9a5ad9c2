"""One file or directory: mode, owner, size, time, and whether somebody else could replace it by way of its parents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from secscan.filesystem.entries import ENTRY_FIELDS, LIST_ERRORS, PATH, STAT, STAT_FOLLOWING, settle, stat_record
from secscan.filesystem.patterns import split_pattern
from secscan.filesystem.ways import WALK
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply

_HASH_LIMIT = 64  # MiB
_SECTIONS = ("== ways", "== above", "== followed", "== itself", "== sums")


def _paths(calls: Sequence[Arguments], follow: bool) -> list[str]:
    return list(dict.fromkeys(str(call["path"]) for call in calls if call["follow"] is follow))


def _parent(path: str) -> str:
    """What to walk for the directories above a path that is not itself followed."""
    return path.rstrip("/").rpartition("/")[0] + "/."


def ask(calls: Sequence[Arguments]) -> Question:
    """One `stat` for all paths that are followed and the directories above them, one for those that are not."""
    followed, itself = _paths(calls, True), _paths(calls, False)
    walked = list(dict.fromkeys([*followed, *itself, *map(_parent, itself)]))
    hashed = list(dict.fromkeys(str(call["path"]) for call in calls if call["hash"]))
    script = f"""if ! have stat; then printf 'unobservable: there is no stat command\\n'; exit 0; fi
{LIST_ERRORS}
{WALK}
printf '== ways\\n'
for path in {quote(*walked)}; do walk "$path"; done
printf '== above\\n'
set -f
IFS=$nl
{STAT_FOLLOWING} -- $dirs 2>/dev/null
set +f
IFS=" $nl"
printf '== followed\\n'
"""
    if followed:
        script += f"list_errors {STAT_FOLLOWING} -- {quote(*followed)}\n"
    script += "printf '== itself\\n'\n"
    if itself:
        script += f"list_errors {STAT} -- {quote(*itself)}\n"
    script += "printf '== sums\\n'\n"
    if hashed:
        script += f"find -L {quote(*hashed)} -prune -type f -size -{_HASH_LIMIT * 2048 + 1} -exec sha256sum -- {{}} + 2>/dev/null\n"
    return Question(script + "printf 'end\\n'", (*dict.fromkeys([*followed, *itself]), "stat", *(("sha256sum",) if hashed else ())))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """The joint answer as one answer per call: the file's line, where it leads, its parents, its digest, `end`."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    sections = _read_sections(closed_lines(answer))
    ways = {words[1]: words[2:] for words in (line.split("\t") for line in sections["== ways"]) if len(words) > 2}
    above = {str(record["path"]): record for record in map(stat_record, sections["== above"])}
    followed = settle(_paths(calls, True), sections["== followed"])
    itself = settle(_paths(calls, False), sections["== itself"])
    sums = _read_sums(sections["== sums"])
    return [_one(call, answer, (followed if call["follow"] else itself)[str(call["path"])], ways, above, sums) for call in calls]


def _read_sections(lines: Sequence[str]) -> dict[str, list[str]]:
    """Lines by the heading they stand under; Unreadable unless all headings are there."""
    sections: dict[str, list[str]] = {}
    for line in lines:
        if line in _SECTIONS:
            sections[line] = []
        elif sections:
            next(reversed(sections.values())).append(line)
    if tuple(sections) != _SECTIONS:
        raise Unreadable("a part of the answer is missing")
    return sections


def _one(
    call: Arguments, answer: Answer, line: str, ways: Mapping[str, list[str]], known: Mapping[str, Record], sums: Mapping[str, str]
) -> Answer:
    path = str(call["path"])
    lines = [line]
    if not line.startswith(("absent", "unobservable: ")):
        way = ways.get(path)
        if way and way[-1] != "/" + split_pattern(path):
            lines.append(f"target {way[-1]}")
        above = way[:-1] if way and call["follow"] else ways.get(_parent(path))
        lines.append(f"parents {_judge_parents(above, known, stat_record(line)['uid'])}")
        if path in sums:
            lines.append(f"sha256 {sums[path]}")
        lines.append("end")
    return Answer(("\n".join(lines) + "\n").encode(), answer.stderr, answer.exit, answer.fault, answer.uid)


def _judge_parents(directories: Sequence[str] | None, known: Mapping[str, Record], owner: Value) -> str:
    """safe; unsafe: why; or unknown: why. A directory is safe when only root or the owner of the file can rename in it."""
    if directories is None:
        return "unknown: the links on the way could not be followed"
    for directory in directories:
        if directory not in known:
            return f"unknown: {directory} could not be looked at"
        mode, uid = known[directory]["mode"], known[directory]["uid"]
        if uid not in {0, owner}:
            return f"unsafe: {directory} belongs to user id {uid}"
        if isinstance(mode, int) and mode & 0o022 and not mode & 0o1000:
            return f"unsafe: {directory} has mode {mode:04o}"
    return "safe"


def _read_sums(lines: Sequence[str]) -> dict[str, str]:
    r"""Digests by path. GNU sha256sum begins a line with a backslash when it had to write one twice in the name."""
    sums = {}
    for line in lines:
        match = re.fullmatch(r"(\\?)([0-9a-f]{64})  (/.*)", line)
        if match:
            sums[match[3].replace("\\\\", "\\") if match[1] else match[3]] = match[2]
    return sums


def read(call: Arguments, answer: Answer) -> Observation:
    """The file's line, then `target PATH`, `parents safe|unsafe: why|unknown: why`, `sha256 HEX` as they apply, then `end`."""
    said = reply(answer, str(call["path"]))
    if said:
        return said
    first, *rest = closed_lines(answer)
    attributes = stat_record(first)
    if attributes.pop("path") != call["path"]:
        raise Unreadable("an answer about another file")
    facts = dict((line + " ").split(" ", 1) for line in rest)
    attributes["target"] = facts["target"].rstrip() if "target" in facts else Absent("a link on the way")
    parents = facts.get("parents", "unknown: not asked").strip()
    attributes["parents_safe"] = (
        Unobservable(parents.removeprefix("unknown: ")) if parents.startswith("unknown") else parents == "safe"
    )
    reason = f"not a regular file, larger than {_HASH_LIMIT} MiB or not readable" if call["hash"] else "not asked for: hash: true"
    attributes["sha256"] = facts["sha256"].strip() if "sha256" in facts else Unobservable(reason)
    return Observed({attribute.name: attributes[attribute.name] for attribute in PROBE.attributes})


_FIELDS = {field.name: field for field in ENTRY_FIELDS}
PROBE = Probe(
    name="file",
    summary="One file or directory: permissions, owner, size, time",
    arguments=(
        Argument("path", Type.TEXT, "absolute path", required=True, pattern=PATH),
        Argument("follow", Type.BOOLEAN, "tell about what a symbolic link leads to, as programs see it", default=True),
        Argument("hash", Type.BOOLEAN, "also tell the SHA-256 digest of the content", default=False),
    ),
    attributes=(
        *(_FIELDS[name] for name in ("mode", "type", "owner", "group", "uid", "gid", "size", "modified")),
        Attribute("target", Type.TEXT, "where the path really leads when there are symbolic links on the way; absent without any"),
        Attribute(
            "parents_safe",
            Type.BOOLEAN,
            "every directory on the way belongs to root or the file's owner, and nobody else may write in it unless it is sticky",
        ),
        Attribute("sha256", Type.TEXT, f"SHA-256 digest of a regular file of at most {_HASH_LIMIT} MiB, when asked for"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="-rw-r----- 640 0:42 1187 1767225600 root:shadow /etc/shadow\nparents safe\nend\n",
    time_limit_s=60,
    condition="path",
)
