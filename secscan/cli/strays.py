"""What others than we say on standard error: for machines it is JSON with the id of the run, as all else."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

Note = Callable[..., None]
"""Says what happened, as journal.note does."""


def listen(is_json: Callable[[], bool], note: Note) -> None:
    """From now on, warnings, logs and broken threads of libraries are lines of ours, as long as machines listen."""
    listener = _Listener(is_json, note)
    warnings.showwarning = listener.hear_warning
    if getattr(threading.excepthook, "__func__", None) is not _Thread.hear:
        threading.excepthook = _Thread(listener, threading.excepthook).hear
    root = logging.getLogger()
    if not any(isinstance(handler, _Ear) for handler in root.handlers):
        root.addHandler(_Ear(listener))


@dataclass(frozen=True, slots=True)
class _Listener:
    is_json: Callable[[], bool]
    note: Note

    def hear_warning(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
        line: str | None = None,
    ) -> None:  # fmt: skip
        """As warnings.showwarning."""
        if self.is_json() and file is None:
            self.tell(f"{category.__name__}: {message}", "warning", place=f"{filename}:{lineno}")
        else:
            (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))

    def tell(self, text: str, level: str, **facts: Any) -> None:
        """Say it as ours."""
        self.note("library", text, level, **facts)


class _Ear(logging.Handler):
    """Repeats what libraries log."""

    def __init__(self, listener: _Listener) -> None:
        super().__init__(logging.WARNING)
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        """One line, or as Python does where people listen."""
        if self._listener.is_json():
            shown = {"traceback": "".join(traceback.format_exception(record.exc_info[1]))} if record.exc_info else {}
            self._listener.tell(f"{record.name}: {record.getMessage()}", record.levelname.lower(), **shown)
        elif logging.lastResort:
            logging.lastResort.handle(record)


@dataclass(frozen=True, slots=True)
class _Thread:
    """Tells of an exception that ended a thread; `otherwise` does where people listen."""

    listener: _Listener
    otherwise: Callable[[threading.ExceptHookArgs], object]

    def hear(self, broken: threading.ExceptHookArgs) -> None:
        """As threading.excepthook."""
        if self.listener.is_json() and broken.exc_value:
            shown = "".join(traceback.format_exception(broken.exc_value))
            self.listener.tell(f"{broken.exc_type.__name__}: {broken.exc_value}", "error", traceback=shown)
        else:
            self.otherwise(broken)
