"""Why a figure is what it is, in the reader's language: a document has reasons in English, made of the sentences below.

What a host says itself, and what nobody has a sentence for, stays English and is marked as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from secscan.inert import for_html
from secscan.messages import mark
from secscan.reporters.html import templates
from secscan.wording import Wording

_BETWEEN = "; "
SENTENCES = (
    mark("there is no restore point"),
    mark("there is no restore point that nobody can change"),
    mark("newest in {repository} on {host}"),
    mark("points that nobody can change"),
    mark("the longest gap of the window"),
    mark("nothing shows whether {repository} can be changed"),
    mark("nothing tells how the log was archived in the past"),
    mark("the server tells that it archived its log, and nobody saw the archive whole"),
    mark("{tool} shows when something changed, a backup or a clean-up"),
    mark("nothing tells whether it is whole"),
    mark("the clock of {host} is not known"),
    mark("the clock is not known: {file}"),
    mark("the site of the data is not declared"),
    mark("the site of {name} is not declared"),
    mark("no data set is declared"),
    mark("{host} was not read"),
    mark("{host} was not asked by {probe}"),
    mark("{host} was not asked about {path}"),
    mark("{host} was not asked for {path}"),
    mark("{host} was not asked how much lies in {path}"),
    mark("{path} on {host} may be any of: {names}"),
    mark("how much of the log has reached {repository} is not known"),
    mark("a client remembers a later backup to {repository} than it holds"),
    mark("{repository} is said to be immutable, and is not: who writes to it can also delete"),
    mark("{repository} is damaged: {count} files do not hold what they should"),
    mark("{repository} has {count} restore points that cannot be counted on"),
    mark("not all of {path} on {host} may be read"),
    mark("what {tool} is told to save does not name {names}"),
    mark("it is told to leave out {names}"),
    mark("{tool} is told to leave out {names}"),
    mark("whether {tool} leaves out some of {path} is not known: {reason}"),
    mark("its pattern {pattern} may fit there"),
    mark("it leaves out by more than names"),
    mark("it takes some of what it leaves out back"),
    mark("a part of the list is not written out"),
    mark("{file} was not read: it is not there, not open to everybody, or large"),
    mark("{file} holds more than plain patterns"),
    mark("it leaves out file systems that are mounted below, and {reason}"),
    mark("how much of it is left out is not told"),
    mark("it is held by fewer than two repositories on different disks"),
    mark("no other host holds it"),
    mark("no other site is known to hold it"),
    mark("no copy is known that nobody can change"),
    mark("{repository} lies on the disk of the data"),
    mark("{repository} lies on {server}, and nothing tells at which site that is"),
    mark("{repository} has {count} errors"),
    mark("nothing tells that {repository} was verified: {reason}"),
    mark("its host has no sha256sum"),
    mark("there is no log of pgbackrest verify of this quarter"),
    mark("its program keeps no record, and no restore of everything from it is recorded"),
    mark("{host} and {name} are one machine by what they tell of themselves"),
    mark("it may be a backup of {names}, as nothing shows whose it is"),
    mark("the clock of {host} is wrong by {time}, and may have been right before"),
    mark("no backup tells how large the database is"),
    mark("{name} does not say which hosts it runs on"),
    mark("nothing tells whether {host} is a virtual machine"),
    mark("where the database {name} lies on {host} is not told"),
    mark("what lies below {name} on {host} is not told"),
    mark("{host} does not tell where it is mounted"),
    mark("{host} does not tell of how many disks {name} is"),
    mark("{host} asks a resolver of its own, and nothing tells which ones that asks"),
    mark("{host} has no /etc/resolv.conf"),
    mark("outage or drill of {day} ({source})"),
    mark("the last restore of {name} failed on {day} ({source})"),
    mark("restore tests, the oldest of {day}, scaled to the whole, and no other step, for none is declared"),
    mark("restore tests, the oldest of {day}, scaled to the whole, and {steps}"),
    mark("how large {names} is, is not known"),
    mark("estimated from size and the rate of earlier restores, and no other step, for none is declared: {reason}"),
    mark("estimated from size and the rate of earlier restores, and {steps}: {reason}"),
    mark("{reason}, and there is no drill and no size and rate to estimate by"),
    mark("{names}: no restore was tested in time"),
    mark("{file}: it is dated in the future"),
    mark("{file}: it finished before it started"),
    mark("{file}: nothing was restored"),
    mark("{file}: no service declares {name}"),
    mark("{file} cannot be read by this user"),
    mark("it cannot be read by this user"),
    mark("only root can look into every usual place"),
    mark("{owner}: {indicator}, {met} of {all}"),
)
"""What reasons are made of, the particular before the general."""
_READ_NOT = mark("{host} was not read: {reason}")
_GENERAL = "{name}: {reason}"  # of a data set, or what a host says
_REASON = "reason"
_VALUE = re.compile(r"\{(\w+)\}")


Write = Callable[[str, str], str]
"""Writes a piece of a reason: what kind of piece it is, `words`, `value` or `english`, and its text."""
_ELEMENTS: Mapping[str, Callable[[str], str]] = {
    "words": templates.for_markup,
    "value": lambda text: f"<bdi>{for_html(text)}</bdi>",
    "english": lambda text: f"<bdi{templates.ENGLISH_MARK}>{for_html(text)}</bdi>",
}


def write_reason(w: Wording, text: str) -> Any:
    """A reason of a document as HTML in the words of a language; every value in it keeps its own direction."""
    return templates.markup(_say(w, text, lambda kind, piece: _ELEMENTS[kind](piece)))


def say_reason(w: Wording, text: str) -> str:
    """The same without any mark, for where no element can stand."""
    return _say(w, text, lambda _, piece: piece)


def _say(w: Wording, text: str, write: Write) -> str:
    if w.language == "en":
        return write("value", text)
    return write("words", w.translate(mark("; "))).join(_clause(w, clause, write) for clause in text.split(_BETWEEN))


def _clause(w: Wording, text: str, write: Write) -> str:
    for pattern, sentence in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return _fill(w, sentence if sentence == _GENERAL else w.translate(sentence), found.groupdict(), write)
    return write("english", text)


def _fill(w: Wording, sentence: str, values: Mapping[str, str], write: Write) -> str:
    """A sentence with its values; a reason among them is said in its own words."""
    return "".join(
        write("words", piece)
        if index % 2 == 0
        else _clause(w, values[piece], write)
        if piece == _REASON
        else write("value", values[piece])
        for index, piece in enumerate(_VALUE.split(sentence))
    )


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each sentence with what finds it and its values, the general ones last."""
    return tuple((re.compile("".join(_pieces(sentence)), re.DOTALL), sentence) for sentence in (*SENTENCES, _READ_NOT, _GENERAL))


def _pieces(sentence: str) -> Iterator[str]:
    for index, piece in enumerate(_VALUE.split(sentence)):
        if index % 2 == 0:
            yield re.escape(piece)
        else:
            yield f"(?P<{piece}>.+?)" if sentence != _GENERAL or piece == _REASON else rf"(?P<{piece}>\S+)"
