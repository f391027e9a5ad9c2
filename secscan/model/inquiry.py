"""Asking from the scanner's side: where a target is seen from outside, and what carries a question there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from secscan.model.probe import Arguments


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target is seen from outside.

    `address` is a name or an IP address, empty when there is none: `reason` says why. `name` is what clients call it, empty when
    it is known by address only. `domain` is the domain that the inventory declares for it, by the label of that name.
    """

    address: str = ""
    name: str = ""
    ssh_port: int = 22
    reason: str = ""
    domain: str = ""


class Inquiry(Protocol):
    """Asks one question over the network and returns the raw answer, in the lines that the probe of the same name reads.

    Plugins register a callable under the entry point `secscan.inquiries`, by the name of its probe.
    """

    def __call__(self, call: Arguments, place: Place, deadline_s: float) -> bytes:
        """The raw answer. `deadline_s` is a moment of time.monotonic; whatever is not known by then is told as such.

        Peers are hostile: it takes a bounded number of bytes from them. What it raises becomes the reason why there is no answer.
        """
        ...
