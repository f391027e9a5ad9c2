"""A line: one command that runs somewhere, and its three streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """What one look at a line brought. `over` is True when both outputs have ended and everything was read."""

    sent: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    over: bool = False

    @property
    def moved(self) -> bool:
        """Whether anything happened."""
        return bool(self.sent or self.stdout or self.stderr or self.over)


class Line(Protocol):
    """A running command. Nothing here blocks for longer than it is told to."""

    def step(self, to_send: memoryview, wait_s: float) -> Step:
        """Send what can be sent of `to_send` and read what is there; wait at most `wait_s` for anything to happen."""
        ...

    def end_input(self) -> None:
        """End the command's standard input."""
        ...

    def close(self, wait_s: float) -> int:
        """Wait at most `wait_s` for the exit status (-1 when it is not known), then cut whatever is left."""
        ...
