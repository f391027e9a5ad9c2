"""The rim: one message through one channel, by Apprise. What is secret in a channel's URL is told to nobody, whatever goes wrong.

Apprise logs URLs, and so do the libraries it sends with. Nobody asked for what they log, so their loggers are silent in this
process from the first message on; of a refusal only the status of HTTP is told.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Callable

from secscan.notifying.letter import SUBJECT_LIMIT, Letter

TIMEOUT_S = 30.0
INSTALL = "Apprise is not installed; allowed: pip install 'secscan[notify]'"
_LOUD = ("apprise", "urllib3", "requests", "charset_normalizer", "aiosmtplib", "slixmpp", "paho")
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")
_SHORTEST = 120  # characters; a service that takes fewer is given so many, and cuts them itself

Compose = Callable[[int], Letter]
"""A message in at most so many characters."""


def send(url: str, compose: Compose, timeout_s: float = TIMEOUT_S) -> str:
    """Send a message; why it was not delivered, empty when it was. Never raises, and never takes much longer than the limit."""
    outcome: list[str] = []
    thread = threading.Thread(target=lambda: outcome.append(_send(url, compose)), daemon=True)  # one that hangs ends with us
    thread.start()
    thread.join(timeout_s)
    return outcome[0] if outcome else f"no answer within {timeout_s:g} seconds"


def _send(url: str, compose: Compose) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library of others gives up one day is nothing that our users can mend
            return _deliver(url, compose)
    except ModuleNotFoundError as error:
        return INSTALL if error.name == "apprise" else f"it needs another package: {error.name}"
    except Exception as error:  # noqa: BLE001 - whatever a service's library raises may hold the URL, and must not end a run
        return f"broke: {type(error).__name__}"


def _deliver(url: str, compose: Compose) -> str:
    from apprise import Apprise, AppriseAsset, NotifyFormat  # noqa: PLC0415 - slow to import, and optional

    heard = _listen()
    asset = AppriseAsset()
    asset.http_redirects = False  # they end at a page to sign in, which answers 200 and takes no message; `?redirect=yes` is obeyed
    service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        return "this is no URL that Apprise knows; allowed: https://appriseit.com/services/"
    letter = compose(max(_SHORTEST, service.body_maxlen - (0 if service.title_maxlen else SUBJECT_LIMIT + 2)))
    sender = Apprise()
    sender.add(service)
    if sender.notify(letter.body, title=letter.subject, body_format=NotifyFormat.TEXT):
        return ""
    return f"was refused with status {heard.status} of HTTP" if heard.status else "was not delivered: refused, or not reached"


class _Ear(logging.Handler):
    """Hears what Apprise logs, and keeps nothing of it but a number."""

    status = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Note the status of a refusal."""
        found = _STATUS.search(record.getMessage())
        self.status = found[1] if found else self.status


def _listen() -> _Ear:
    ear = _Ear(logging.WARNING)
    for name in _LOUD:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [ear] if name == "apprise" else [logging.NullHandler()]
        logger.setLevel(logging.WARNING)
    return ear
