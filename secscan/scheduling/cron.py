"""The line for cron, where there is no systemd. Pure."""

from __future__ import annotations

import re
import shlex

from secscan.errors import UsageError
from secscan.scheduling.planned import MARK, Planned

_NAMES = {
    "minutely": "* * * * *",
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * 1",
    "monthly": "0 0 1 * *",
}
_DAYS = {day: number for number, day in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12))
_NEVER = {"2": ("30", "31"), **dict.fromkeys(("4", "6", "9", "11"), ("31",))}  # days that a month does not have
_WRITTEN = re.compile(
    r"(?:(?P<days>[A-Za-z.,]+)\s+)?(?:\*-(?P<month>\*|\d\d?)-(?P<day>\*|\d\d?)\s+)?(?P<hour>\*|\d\d?):(?P<minute>\*|\d\d?)(?::00?)?\Z"
)


def cron_fields(on_calendar: str) -> str:
    """The five fields for an expression of systemd.time(7). Raises UsageError for what cron cannot say.

    >>> cron_fields("Mon..Fri *-*-* 02:30")
    '30 2 * * 1-5'
    """
    if on_calendar.lower() in _NAMES:
        return _NAMES[on_calendar.lower()]
    found = _WRITTEN.match(on_calendar.strip())
    days = _weekdays(found["days"]) if found else None
    if not found or days is None:
        raise _unsayable(on_calendar)
    fields = [_number(found[name], least, most) for name, least, most in _FIELDS]
    if None in fields or (days != "*" and fields[2] != "*"):  # cron takes either of the two days, systemd both
        raise _unsayable(on_calendar)
    if fields[2] in _NEVER.get(str(fields[3]), ()):
        raise _unsayable(on_calendar)
    return " ".join((*map(str, fields), days))


def cron_file(planned: Planned) -> str:
    """A file for /etc/cron.d."""
    head = f"{MARK}, which writes it anew.\nSHELL=/bin/sh\n"
    return "".join((head, *_environment(planned), cron_line(planned, planned.user), "\n"))


def cron_table(planned: Planned) -> str:
    """Lines for a user's own table."""
    return "".join((*_environment(planned), cron_line(planned), "\n"))


def cron_line(planned: Planned, user: str = "") -> str:
    """The line; with the user's name in it for the system's tables."""
    command = f"cd {shlex.quote(str(planned.folder))} && exec {shlex.join(planned.command)}".replace("%", "\\%")
    return " ".join(word for word in (cron_fields(planned.on_calendar), user, command) if word)


def _environment(planned: Planned) -> list[str]:
    return [f"{name}={shlex.quote(value)}\n" for name, value in planned.environment.items()]


def _unsayable(on_calendar: str) -> UsageError:
    allowed = "daily, weekly, 02:30, Mon..Fri 22:00, *-*-01 03:00, ..."
    return UsageError(
        "there is no systemd here, and cron cannot say --on-calendar {on_calendar!r}; allowed: {allowed}",
        on_calendar=on_calendar,
        allowed=allowed,
    )


def _number(written: str | None, least: int, most: int) -> str | None:
    if written is None or written == "*":
        return "*"
    return str(int(written)) if least <= int(written) <= most else None


def _weekdays(written: str | None) -> str | None:
    """`*`, or numbers as cron counts days; None for what are no days."""
    if not written:
        return "*"
    found = []
    for part in written.split(","):
        ends = [_DAYS.get(word[:3].lower()) for word in part.split("..")]
        numbers = [number for number in ends if number is not None]
        if len(numbers) != len(ends) or len(ends) > 2:
            return None
        found += _range(numbers)
    return ",".join(found)


def _range(days: list[int]) -> list[str]:
    """A day, or days from one to another; over the end of the week in two parts, because cron counts to 7, which is Sunday."""
    if len(days) == 1 or days[0] <= days[1]:
        return ["-".join(map(str, days))]
    rest = range(1, days[1] + 1)
    return [f"{days[0]}-7", *(["-".join(map(str, dict.fromkeys((rest[0], rest[-1]))))] if rest else [])]
