"""What probes share: quoting into shell, and reading raw answers without ever taking silence for an answer.

Shell that a probe prints runs with these functions defined (see plan/collector.sh):
  part INDEX EXIT   ends the output of call INDEX (counted from 0) with its exit status
  have COMMAND      true when the command exists
and three conventional single lines that any call may answer with, read here by `reply`:
  absent                      looked, it is not there
  unobservable: REASON        could not look
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from secscan.model.probe import Answer, Arguments
from secscan.model.values import Absent, Unobservable


class Unreadable(ValueError):
    """An answer that does not have the shape the probe's own shell prints."""


def quote(*words: object) -> str:
    """Words as shell arguments, each quoted."""
    return " ".join(shlex.quote(str(word)) for word in words)


def reply(answer: Answer, what: str = "") -> Absent | Unobservable | None:
    """The conventional one-line replies; None when the answer is something else.

    A non-zero exit with nothing printed is Unobservable: 127 is a missing tool, 126 a refused one.
    """
    if answer.stdout == b"absent\n":
        return Absent(what)
    if answer.stdout.startswith(b"unobservable: ") and answer.stdout.endswith(b"\n") and answer.stdout.count(b"\n") == 1:
        return Unobservable(answer.text[len("unobservable: ") :].strip())
    if not answer.stdout:
        if answer.exit == 0:
            return Unobservable("empty answer" + (f": {answer.complaint}" if answer.complaint else ""))
        reason = {126: "permission denied", 127: "command not found"}.get(answer.exit, f"exit status {answer.exit}")
        return Unobservable(answer.complaint or reason)
    return None


def whole_lines(answer: Answer) -> list[str]:
    """The lines of an answer; Unreadable unless the last one is ended (a cut answer lacks that)."""
    if not answer.stdout.endswith(b"\n"):
        raise Unreadable("the answer is cut off: its last line does not end")
    return answer.text.split("\n")[:-1]


def closed_lines(answer: Answer, closing: str = "end") -> list[str]:
    """The lines before a closing line; Unreadable when that witness is missing.

    Lists are printed with such a witness so that a shortened list is never taken for a short one.
    """
    lines = whole_lines(answer)
    if not lines or lines[-1] != closing:
        raise Unreadable(f"the answer is cut off: its closing line {closing!r} is missing")
    return lines[:-1]


def one_line(answer: Answer) -> str:
    """The only line of an answer; Unreadable when there are more or fewer."""
    lines = whole_lines(answer)
    if len(lines) != 1:
        raise Unreadable(f"expected one line, got {len(lines)}")
    return lines[0]


def same_for_all(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """A splitter for probes whose joint output serves every call whole."""
    return [answer] * len(calls)


def fields(line: str, names: Iterable[str], separator: str | None = None) -> dict[str, str]:
    """The columns of a line by name; Unreadable when there are too few. The last column keeps the rest."""
    wanted = list(names)
    values = line.split(separator, len(wanted) - 1)
    if len(values) != len(wanted):
        raise Unreadable(f"expected {len(wanted)} columns in {line[:120]!r}")
    return dict(zip(wanted, values, strict=True))
