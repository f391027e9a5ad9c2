"""What others than we say on standard error, and what nobody foresaw: for machines it is JSON with the id of the run."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from secscan.cli.journal import is_json, note
from secscan.messages import Message

CRASHED = 70  # EX_SOFTWARE of sysexits.h


def listen() -> None:
    """From now on, warnings, logs and broken threads of libraries are lines of ours, as long as machines listen."""
    warnings.showwarning = _warned
    if not isinstance(threading.excepthook, _ThreadBroke):
        threading.excepthook = _ThreadBroke(threading.excepthook)
    root = logging.getLogger()
    if not any(isinstance(handler, _Ear) for handler in root.handlers):
        root.addHandler(_Ear(logging.WARNING))


def tell_crash(error: Exception) -> None:
    """Tell of an exception that is a mistake of ours, with everything that helps to find it."""
    text = Message("secscan itself failed: {kind}: {error}; please report it to us", kind=type(error).__name__, error=str(error))
    shown = "".join(traceback.format_exception(error))
    if is_json():
        note("crashed", text, "error", exit_code=CRASHED, traceback=shown)
    else:
        traceback.print_exception(error)
        note("crashed", text)


class _Ear(logging.Handler):
    """Repeats what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line, or as Python does where people listen."""
        if not is_json():
            if logging.lastResort:
                logging.lastResort.handle(record)
            return
        shown = {"traceback": "".join(traceback.format_exception(record.exc_info[1]))} if record.exc_info else {}
        note("library", f"{record.name}: {record.getMessage()}", record.levelname.lower(), **shown)


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
) -> None:
    if is_json() and file is None:
        note("library", f"{category.__name__}: {message}", "warning", place=f"{filename}:{lineno}")
    else:
        (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))


@dataclass(frozen=True, slots=True)
class _ThreadBroke:
    """Tells of an exception that ended a thread; `otherwise` does where people listen."""

    otherwise: Callable[[threading.ExceptHookArgs], object]

    def __call__(self, broken: threading.ExceptHookArgs) -> None:
        if is_json() and broken.exc_value:
            shown = "".join(traceback.format_exception(broken.exc_value))
            note("library", f"{broken.exc_type.__name__}: {broken.exc_value}", "error", traceback=shown)
        else:
            self.otherwise(broken)
