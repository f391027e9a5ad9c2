"""Ctrl-C is never lost.

Python raises it between any two instructions of the main thread, in functions too that nobody called: what clears away after an
import or an object. What is raised there is shown as ignored, and the program goes on, to wait for hosts for a long time.
"""

from __future__ import annotations

import signal
import sys
import threading

_LATER_S = 0.05  # what clears away is done by then; if not, it is lost and sent again


def keep() -> None:
    """From now on, an interrupt that came where nothing can be raised comes again a moment later."""
    told = sys.unraisablehook

    def hear(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            again = threading.Timer(_LATER_S, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            told(unraisable)

    sys.unraisablehook = hear
