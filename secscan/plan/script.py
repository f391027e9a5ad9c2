"""The one script of a plan, byte for byte the same for the same questions."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from secscan.model.probe import Call


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """Several calls of one probe, asked together."""

    number: int
    probe: str
    calls: tuple[Call, ...]
    script: str
    time_limit_s: int
    touches: tuple[str, ...]

    @property
    def script_sha256(self) -> str:
        """Digest of the exact shell text."""
        return hashlib.sha256(self.script.encode()).hexdigest()


@cache
def _prelude() -> str:
    return resources.files("secscan.plan").joinpath("collector.sh").read_text(encoding="utf-8")


def questions_sha256(batches: Iterable[PlannedBatch]) -> str:
    """Digest of what is asked: the collector tells it in its greeting, so that answers to another plan are never taken."""
    asked = [(batch.number, batch.probe, batch.calls, batch.script, batch.time_limit_s) for batch in batches]
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def write_script(batches: Sequence[PlannedBatch], digest: str) -> str:
    """The whole collector: prelude, one line per question, END mark; packed with gzip where the host has it.

    `digest` is that of the questions, for the greeting.
    """
    questions = "\n".join(
        f"  # {batch.probe}: {len(batch.calls)} question(s), sha256 {batch.script_sha256[:16]}\n"
        f"  secscan_ask {batch.number} {batch.time_limit_s} {shlex.quote(batch.script)}"
        for batch in batches
    )
    return f"""{_prelude()}secscan_main() {{
  exec 3>&1
{questions}
  printf '\\n%s END {len(batches)}\\n' "$secscan_nonce"
}}
if have gzip; then
  printf '\\n%s H gzip {digest}\\n' "$secscan_nonce"
  secscan_main | gzip -1 -c
else
  printf '\\n%s H plain {digest}\\n' "$secscan_nonce"
  secscan_main
fi
"""
