"""Calendars in iCalendar (RFC 5545): whole days with a reminder, as any calendar program takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_LINE_OCTETS = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_LINE_ENDS = str.maketrans({"\r": None, "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One day in a calendar. `uid` is the same for the same thing in every calendar, so that a newer one replaces it."""

    uid: str
    day: date
    summary: str
    description: str = ""
    remind_days: int = 30


def write_calendar(title: str, entries: Iterable[Entry], now: float) -> str:
    """The calendar as text. `now` is when it was made, seconds since the epoch."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//secscan//secscan//EN", "METHOD:PUBLISH", f"X-WR-CALNAME:{_text(title)}"]
    for entry in entries:
        lines += _event(entry, stamp)
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _fold(line))


def _event(entry: Entry, stamp: str) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{_text(entry.uid)}", f"DTSTAMP:{stamp}")
    yield f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{entry.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(entry.summary)}"
    if entry.description:
        yield f"DESCRIPTION:{_text(entry.description)}"
    yield from ("TRANSP:TRANSPARENT", "BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(entry.summary)}")
    yield from (f"TRIGGER:-P{entry.remind_days}D", "END:VALARM", "END:VEVENT")


def _text(value: str) -> str:
    """A value of type TEXT (3.3.11): line ends are written as a backslash and n, and no control character is left."""
    plain = value.translate(_LINE_ENDS)
    return "".join(each for each in plain if each in "\n\t" or each.isprintable() or each == " ").translate(_ESCAPES)


def _fold(line: str) -> Iterator[str]:
    """Lines of at most 75 octets (3.1); every further one begins with a blank, and no character is broken."""
    piece, size = "", 0
    for character in line:
        octets = len(character.encode("utf-8", "replace"))
        if size + octets > _LINE_OCTETS:
            yield piece
            piece, size = " ", 1
        piece, size = piece + character, size + octets
    yield piece
