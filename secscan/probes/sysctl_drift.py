"""Kernel parameters that files set at the next start, against what the running kernel says: every key that a file names.

Who applies the files is found out on the host: systemd-sysctl, procps (sysvinit, OpenRC) or busybox (Alpine), and ufw after them.
What this system cannot set at a start, such as the parameters of the machine that a container runs on, is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from secscan.filesystem.entries import LIST_ERRORS
from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.sysctl_files import PATTERN, Line, Run, dotted, is_same, settings
from secscan.syntax.sysctl_start import SCRIPT

_FIELDS = (
    Attribute("setting", Type.TEXT, "the parameter as it runs, such as net.ipv4.ip_forward=1"),
    Attribute("key", Type.TEXT, "its name"),
    Attribute("written", Type.TEXT, "what stands in the file"),
    Attribute("running", Type.TEXT, "what the kernel says"),
    Attribute("file", Type.TEXT, "the file that counts"),
    Attribute("how", Type.TEXT, "differs: the kernel says something else; not read: a start does not read the file"),
)


@dataclass(frozen=True, slots=True)
class _Now:
    """What the kernel says to a key, where it can be read; `own`: a start of this system may set it."""

    own: bool
    readable: bool
    value: str | None


@dataclass(slots=True)
class _Told:
    """An answer, taken apart."""

    runs: list[Run] = field(default_factory=list)
    matches: dict[str, list[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    now: dict[str, _Now] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)

    @property
    def container(self) -> str:
        """What kind of container this is, if one."""
        return "".join(self.others.get("container", ()))


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/etc/sysctl.conf", "/{etc,run,usr/local/lib,usr/lib,lib}/sysctl.d", "/etc/ufw/ufw.conf", "/etc/default/ufw",
               "/etc/ufw/sysctl.conf", "/proc/sys", "/proc/1/mountinfo", "systemd-detect-virt", "awk", "ls", "sort",
               "sed", "stat")  # fmt: skip
    return Question(f"{LIST_ERRORS}\n{SCRIPT}", touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines of files in the order they are applied, `now` lines of the kernel, closed by `end`."""
    said = reply(answer, "kernel parameters")
    if said:
        return said
    told = _take_apart(closed_lines(answer))
    if "idle" in told.others:
        return Absent(f"a start that applies files: a container ({told.container})")
    named = {line.key for run in told.runs for line in run.lines if line.value is not None and not PATTERN.search(line.key)}
    if not {"kernel/ostype", *named} <= set(told.now) and "fault" not in told.others:
        raise Unreadable("what the kernel says is missing")
    return _compare(told)


def _take_apart(lines: Sequence[str]) -> _Told:
    told = _Told()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in {"set", "not", "hidden"}:
            key, _, value = rest.partition("\t")
            told.runs[-1].lines.append(Line(key, None if word == "not" else value, told.others["in"][-1]))
            if word == "hidden":
                told.hidden.add(key)
        elif word == "match":
            pattern, key = rest.split(" ")
            told.matches.setdefault(pattern, []).append(key)
        elif word == "now":
            _take_now(rest, told)
        elif word == "run":
            told.runs.append(Run(rest))
        elif word in {"in", "gone", "fault", "applied", "container", "idle"}:
            told.others.setdefault(word, []).append(rest)
        else:
            raise Unreadable(f"not a line of this answer: {line[:120]!r}")
    return told


def _take_now(line: str, told: _Told) -> None:
    """`MODE UID ro|rw KEY`, then a tab and `hidden` or `=VALUE` where it could be read."""
    mode, owner, mount, rest = line.split(" ", 3)
    key, _, value = rest.partition("\t")
    own = owner == "0" and mount == "rw" and mode[2] == "w" and (not told.container or key.startswith("net/"))
    told.now[key] = _Now(own, mode[1] == "r", value[1:] if value.startswith("=") else None)
    if value == "hidden":
        told.hidden.add(key)


def _compare(told: _Told) -> Observation:
    final = settings((run for run in told.runs if run.by != "nobody"), told.matches)
    unread = settings((Run("procps", run.lines) for run in told.runs if run.by == "nobody"), told.matches)
    mine = {key: line for key, line in final.items() if key in told.now and not _why_not(key, line, told)}
    records = [_record(key, line, told, "differs") for key, line in mine.items() if not _holds(key, line, told)]
    records += [
        _record(key, line, told, "not read")
        for key, line in unread.items()
        if key in told.now and not _why_not(key, line, told) and not _is_said(key, line, final)
    ]
    faults = "; ".join(told.others.get("fault", ())[:3])
    if told.container and not mine and not records and not faults:
        return Absent(f"kernel parameters of its own that files name: a container ({told.container})")
    if faults:
        records.append({each.name: Unobservable(faults) for each in _FIELDS})
    answer = told.others.get("applied", [""])[0]
    return Observed({
        "differing": tuple(records),
        "compared": len(mine),
        "applied": answer == "yes" if answer else Unobservable(faults or "what applies files at a start is not known"),
        "not_applied_because": answer.removeprefix("no ") if answer.startswith("no ") else Absent("a reason"),
        "files": tuple(dict.fromkeys(told.others.get("in", ()))),
        "missing": tuple(dict.fromkeys(dotted(key) for key in told.others.get("gone", ()))),
        "not_compared": tuple(
            f"{dotted(key)}: {why}" for key, line in final.items() if key in told.now and (why := _why_not(key, line, told))
        ),
    })  # fmt: skip


def _why_not(key: str, line: Line, told: _Told) -> str:
    """Why a parameter that is there is not compared, if so."""
    if not told.now[key].own:
        return "a start of this system cannot set it"
    if not told.now[key].readable:
        return "can only be written"
    if key in told.hidden or line.key in told.hidden:
        return "a secret, which stays on the host"
    return ""


def _holds(key: str, line: Line, told: _Told) -> bool:
    value = told.now[key].value
    return value is not None and is_same(key, line.value or "", value)


def _is_said(key: str, line: Line, final: dict[str, Line]) -> bool:
    """Whether a file that is read says the same as one that is not."""
    return key in final and is_same(key, line.value or "", final[key].value or "")


def _record(key: str, line: Line, told: _Told, how: str) -> Record:
    value = told.now[key].value
    hidden = Unobservable(f"/proc/sys/{key} cannot be read by this user")
    running = hidden if value is None else " ".join(value.split())
    return {
        "setting": hidden if value is None else f"{dotted(key)}={running}",
        "key": dotted(key),
        "written": line.value or "",
        "running": running,
        "file": line.file,
        "how": how,
    }


PROBE = Probe(
    name="sysctl_drift",
    summary="Kernel parameters that files set at the next start and that run with another value",
    arguments=(),
    attributes=(
        Attribute("differing", Type.RECORDS, "parameters that are not what the files give for the next start", _FIELDS),
        Attribute("compared", Type.INTEGER, "how many parameters the files set that this system has and may set"),
        Attribute("applied", Type.BOOLEAN, "a start of this system applies the files"),
        Attribute("not_applied_because", Type.TEXT, "why it does not"),
        Attribute("files", Type.LIST, "files that were looked at, in the order they are applied"),
        Attribute("missing", Type.LIST, "parameters that files name and the running kernel does not have"),
        Attribute("not_compared", Type.LIST, "parameters that were not compared, each with the reason"),
    ),
    ask=ask,
    read=read,
    example=(
        "applied yes\nrun systemd\nin /etc/sysctl.d/60-hardening.conf\nset kernel/kptr_restrict\t1\nset net/ipv4/ip_forward\t0\n"
        "now -r--r--r-- 0 rw kernel/ostype\t=Linux\nnow -rw-r--r-- 0 rw kernel/kptr_restrict\t=1\n"
        "now -rw-r--r-- 0 rw net/ipv4/ip_forward\t=1\nend\n"
    ),
    time_limit_s=30,
)
