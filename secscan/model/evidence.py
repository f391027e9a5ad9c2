"""Evidence: every answer of one host, with what was asked, when, how and as whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from secscan.model.probe import Answer, Call


@dataclass(frozen=True, slots=True)
class Part:
    """One call's own output inside a joint answer."""

    index: int
    exit: int
    stdout: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """The joint answer to one batch as it came out of the stream. A `fault` says why it is not whole.

    `rest` is what was printed outside any part; `elapsed_s` is the host's own measure, -1 when it has no clock to read.
    """

    number: int
    parts: tuple[Part, ...] = ()
    rest: bytes = b""
    stderr: bytes = b""
    exit: int = -1
    elapsed_s: float = -1.0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One question as it was asked: the calls it serves and the digest of its exact shell text."""

    number: int
    probe: str
    calls: tuple[Call, ...]
    script_sha256: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and how evidence was collected. Times are seconds since the epoch, UTC, by the scanner's clock.

    `clock_offset_s` is host time less scanner time, to about a second plus half a round trip; None when the host told no time.
    """

    target: str
    address: str
    transport: str
    user: str = ""
    become: str = ""  # "", "sudo", or "refused: why"
    host_key: str = ""  # SHA256:... fingerprint
    started_at: float = 0.0
    finished_at: float = 0.0
    uid: int = -1
    hostname: str = ""
    machine_id: str = ""
    clock_offset_s: float | None = None
    received_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """All answers of one target: self-contained, so that any later baseline can be judged on it."""

    origin: Origin
    script_sha256: str
    tool_version: str
    content_sha256: str
    batches: tuple[Batch, ...]
    problems: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    sha256: str = field(default="", compare=False)  # of the canonical form; set when sealed or read


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The raw answer to one call, with the batch it came in."""

    call: Call
    answer: Answer
    batch: int
    script_sha256: str
    elapsed_s: float = -1.0
