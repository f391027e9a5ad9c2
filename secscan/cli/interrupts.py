"""Ctrl-C is never lost.

Python raises it between any two instructions of the main thread: in functions too that nobody called and that clear away after an
import or an object, where what is raised is ignored, and in code of others that passes over whatever is raised. The program would
go on, to wait for hosts for a long time. So it comes again until somebody heeds it.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

_AGAIN_S = 1.0  # whoever heeds it does so long before


def keep() -> None:
    """From now on, an interrupt comes again until `heed`. Who ignores them, in the background of a shell, goes on to."""
    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    told = sys.unraisablehook

    def hear(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            told(unraisable)

    sys.unraisablehook = hear


def heed() -> None:
    """Whoever was interrupted ends what it does: the interrupt comes no more."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
    raise KeyboardInterrupt
