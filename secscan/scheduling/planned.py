"""What is to be done when, as whom and where: everything that units and cron lines are written from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from secscan.errors import UsageError

MARK = "# Written by `secscan schedule install`"
SHUT_IN = "SECSCAN_SHUT_IN"
"""The variable that tells a run of its sandbox: whoever looked at this machine from there would see another one."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\Z")
_CALENDAR = re.compile(r"[A-Za-z0-9_*:.,/~ +-]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class Planned:
    """A command by the calendar. `on_calendar` is as in systemd.time(7); `user` is empty for the units of one's own manager.

    `writes` are the folders that the command writes in, `sockets` those where ssh keeps the sockets of its connections, and
    `reads` files that must be found. `sees_machine`: it asks this very machine, which must then be seen as it is, and not as a
    sandbox shows it.
    """

    name: str
    on_calendar: str
    command: tuple[str, ...]
    folder: Path
    user: str = ""
    random_delay_s: int = 900
    writes: tuple[Path, ...] = ()
    sockets: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    sees_machine: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError for what would mean something else in the files that are written."""
        if not _NAME.match(self.name):
            raise UsageError("--name cannot be {name!r}; allowed: small letters, digits, _ and -, 61 at most", name=self.name)
        if not _CALENDAR.match(self.on_calendar):
            raise UsageError(
                "--on-calendar cannot be {on_calendar!r}; allowed: daily, *-*-* 02:30, Mon..Fri 22:00, ...",
                on_calendar=self.on_calendar,
            )
        for text in (*self.command, *map(str, (self.folder, *self.writes, *self.sockets)), *self.environment.values()):
            if not text.isprintable():
                raise UsageError("{text!r} cannot stand in a unit; allowed: paths without control characters", text=text)
