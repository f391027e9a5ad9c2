"""Units of ours in systemd: put there and taken away, never those of others."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from secscan.errors import UsageError
from secscan.scheduling.planned import MARK, Planned
from secscan.scheduling.units import service_text, timer_text

_STAMPS = Path("/var/lib/systemd/timers")
_COMMAND_S = 60
_MAIN = ("ExecMainStartTimestamp", "ExecMainCode", "ExecMainStatus")
_SIGNALLED = {"2", "3"}  # CLD_KILLED and CLD_DUMPED of waitid(2)
_ENABLED = {"enabled", "enabled-runtime", "linked", "linked-runtime"}
_OF_SYSTEMD = range(200, 256)  # exit codes of systemd itself, which could not start the program (systemd.exec(5))
_RUNTIME = {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}"}  # where one's own manager listens; su, sudo and cron do not say so
Runner = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def run_command(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; one that is not there ends with 127."""
    try:
        return subprocess.run(  # noqa: S603 - words are given one by one, no shell takes them apart
            words, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=_COMMAND_S, check=False,
            env={**_RUNTIME, **os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
        )  # fmt: skip
    except FileNotFoundError:
        return subprocess.CompletedProcess(words, 127, "", f"{words[0]} is not there")


@dataclass(frozen=True, slots=True)
class Status:
    """How a schedule stands, in systemd's words; moments are as it writes them, empty for none.

    `last` is when the last run began, or could not; `started` says which. `code` is its exit code, or the signal that ended it.
    """

    timer: str
    enabled: bool
    next: str
    loaded: str
    last: str
    service: str
    result: str
    code: int
    started: bool = True
    by_signal: bool = False

    @property
    def never_ran(self) -> bool:
        """Whether the last run came to nothing before secscan began."""
        return not self.started or (not self.by_signal and self.code in _OF_SYSTEMD)

    @property
    def is_well(self) -> bool:
        """Whether a run is due, also after a restart of the machine, can begin, and the last one did not break."""
        return self.timer == "active" and self.enabled and self.loaded == "loaded" and self.service != "failed"


@dataclass(frozen=True, slots=True)
class Manager:
    """One of systemd's managers: the system's or a user's, with the folder that its administrator writes to."""

    folder: Path
    own: bool = False
    run: Runner = run_command
    elsewhere: tuple[Path, ...] = ()

    def install(self, planned: Planned) -> list[Path]:
        """Write both units where they differ and start the timer; which were written. Raises UsageError."""
        texts = {"service": service_text(planned), "timer": timer_text(planned)}
        self._demand_ours(planned.name)
        self._demand_answer()
        self._verify(planned, texts)
        written = []
        for kind, text in texts.items():
            path = self._path(planned.name, kind)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                write_unit(path, text)
                written.append(path)
        if written:
            self._systemctl("daemon-reload")
        self._systemctl("enable", "--now", f"{planned.name}.timer")
        if written:
            self._systemctl("restart", f"{planned.name}.timer")
        return written

    def status(self, name: str) -> Status | None:
        """What systemd says of the timer and of the last run; None when there is no timer of ours. Raises UsageError.

        There is no moment of a run when there was none since the machine started: when a timer went off is kept longer than how
        its run ended, and a new timer that was started twice is said to have gone off.
        """
        if not self._path(name, "timer").exists():
            return None
        self._demand_answer()
        timer = self._show(f"{name}.timer", "ActiveState", "NextElapseUSecRealtime", "UnitFileState")
        service = self._show(f"{name}.service", "LoadState", "ActiveState", "Result", "StateChangeTimestamp", *_MAIN)
        started = service.get("ExecMainStartTimestamp", "")
        result = service.get("Result", "")
        return Status(
            timer=timer.get("ActiveState", ""),
            enabled=timer.get("UnitFileState", "") in _ENABLED,
            next=timer.get("NextElapseUSecRealtime", ""),
            loaded=service.get("LoadState", ""),
            last=started or (service.get("StateChangeTimestamp", "") if result != "success" else ""),
            service=service.get("ActiveState", ""),
            result=result,
            code=int(service.get("ExecMainStatus") or 0),
            started=bool(started),
            by_signal=service.get("ExecMainCode", "") in _SIGNALLED,
        )

    def remove(self, name: str) -> list[Path]:
        """Stop the timer and take everything of it away; which files are gone. A run that is under way comes to its end."""
        self._demand_ours(name)
        paths = [path for kind in ("timer", "service") if (path := self._path(name, kind)).exists()]
        if not paths:
            return []
        self.run((*self._words(), "disable", "--now", f"{name}.timer"))
        self.run((*self._words(), "clean", "--what=state", f"{name}.timer"))  # when it last went off
        for path in paths:
            path.unlink()
        if not self.own:
            (_STAMPS / f"stamp-{name}.timer").unlink(missing_ok=True)  # where systemctl is too old to clean
        self._systemctl("daemon-reload")
        self.run((*self._words(), "reset-failed", f"{name}.timer", f"{name}.service"))
        return paths

    def _demand_answer(self) -> None:
        """Nothing is written where no manager would read it."""
        told = self.run((*self._words(), "show", "--property=Version"))
        if told.returncode:
            raise UsageError(
                "systemd does not answer: {complaint}; allowed for --user: to sign in, or loginctl enable-linger",
                complaint=_complaint(told),
            )

    def _demand_ours(self, name: str) -> None:
        for kind in ("service", "timer"):
            for folder in (self.folder, *self.elsewhere):
                path = folder / f"{name}.{kind}"
                if path.exists() and not (folder == self.folder and is_ours(path)):
                    raise UsageError(
                        "{path} is not a unit that secscan wrote, and stays as it is; allowed: another --name", path=path
                    )

    def _verify(self, planned: Planned, texts: Mapping[str, str]) -> None:
        """Ask systemd-analyze, where it is there, whether the units are right."""
        told = self.run(("systemd-analyze", "calendar", planned.on_calendar))
        if told.returncode not in (0, 127):
            raise UsageError(
                "--on-calendar cannot be {on_calendar!r}: {complaint}; allowed: see systemd.time(7)",
                on_calendar=planned.on_calendar,
                complaint=_complaint(told),
            )
        if "Next elapse: never" in told.stdout:
            raise UsageError(
                "--on-calendar cannot be {on_calendar!r}: that never comes; allowed: see systemd.time(7)",
                on_calendar=planned.on_calendar,
            )
        with tempfile.TemporaryDirectory(prefix="secscan-") as folder:
            paths = [Path(folder) / f"{planned.name}.{kind}" for kind in texts]
            for path, text in zip(paths, texts.values(), strict=True):
                path.write_text(text, encoding="utf-8")
            told = self.run(("systemd-analyze", *(["--user"] if self.own else []), "verify", *map(str, paths)))
        if told.returncode not in (0, 127):
            raise UsageError("systemd does not take the units: {complaint}", complaint=_complaint(told))

    def _show(self, unit: str, *properties: str) -> dict[str, str]:
        told = self.run((*self._words(), "show", unit, f"--property={','.join(properties)}"))
        return dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)

    def _systemctl(self, *words: str) -> None:
        told = self.run((*self._words(), *words))
        if told.returncode:
            raise UsageError("systemctl {command} failed: {complaint}", command=" ".join(words), complaint=_complaint(told))

    def _words(self) -> tuple[str, ...]:
        return ("systemctl", "--user") if self.own else ("systemctl",)

    def _path(self, name: str, kind: str) -> Path:
        return self.folder / f"{name}.{kind}"


def system_manager() -> Manager:
    """The system's manager."""
    places = ("/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
    return Manager(Path("/etc/systemd/system"), elsewhere=tuple(map(Path, places)))


def user_manager() -> Manager:
    """The manager of whoever calls."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = ("/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user")
    return Manager(config / "systemd" / "user", own=True, elsewhere=tuple(map(Path, places)))


def is_booted() -> bool:
    """Whether systemd runs this machine (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def is_ours(path: Path) -> bool:
    """Whether we wrote a file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    except OSError as error:
        raise UsageError("{path}: cannot be read: {reason}", path=path, reason=error.strerror) from error


def write_unit(path: Path, text: str) -> None:
    """A file for everybody to read, whole or not there. Raises UsageError."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise UsageError(
            "{path}: cannot be written: {reason}; allowed: to be root, or --user", path=path, reason=error.strerror
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _complaint(told: subprocess.CompletedProcess[str]) -> str:
    return " ".join((told.stderr or told.stdout).split())[:300]
