"""Reading the framed answer stream of plan/collector.sh, whatever a host may send.

Every mark begins a line with a nonce that only this scan and this host know, so no file content can imitate one. Memory is
bounded by the limits; what exceeds a limit is dropped and the frame says so. How the bytes are cut into pieces makes no difference.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from secscan.errors import ExchangeError
from secscan.model.evidence import Frame, Part

NOISE_LIMIT = 65_536  # bytes a host may print before the collector's greeting (login banners, rc files)
BATCH_LIMIT = 8 * 2**20  # bytes of one joint answer
STREAM_LIMIT = 64 * 2**20  # bytes of the whole answer, unpacked
COMPLAINT_LIMIT = 16_384
_RECEIVED_LIMIT = STREAM_LIMIT + NOISE_LIMIT
_GREETING_LIMIT = 200
_MARK_LIMIT = 200
_PIECE = 262_144
_MARK = re.compile(
    rb"(B) (\d{1,6}) ([\d.]{0,20})|(P) (\d{1,6}) (\d{1,3})|(E) (\d{1,6}) (\d{1,3}) ([\d.]{0,20})|(Z) (\d{1,6})|(END) (\d{1,6})"
)
_TIME_UP = {124, 137, 143}


@dataclass(slots=True)
class _Open:
    """The frame being received."""

    number: int
    began_s: float
    parts: list[Part] = field(default_factory=list)
    current: bytearray = field(default_factory=bytearray)
    size: int = 0
    stderr: bytearray = field(default_factory=bytearray)
    exit: int = -1
    ended_s: float = -1.0
    in_stderr: bool = False
    fault: str = ""


class FrameReader:
    """Feed it bytes in any pieces; it yields whole frames.

    `calls` maps each batch number that was asked to its number of calls; `watched` maps a number to its time limit in seconds.
    `greeting` becomes the digest of the questions that the collector says it asks, `ended` True at its end mark.
    """

    def __init__(self, nonce: str, calls: Mapping[int, int], watched: Mapping[int, int]) -> None:
        self._mark = b"\n" + nonce.encode() + b" "
        self._calls = calls
        self._watched = watched
        self._buffer = bytearray()
        self._unzip: zlib._Decompress | None = None
        self._open: _Open | None = None
        self._frames: dict[int, Frame] = {}
        self._unpacked = 0
        self._broken = False
        self.ended = False
        self.received = 0
        self.greeting = ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises ExchangeError when the stream cannot be this collector's; nothing more is taken then."""
        room = max(0, _RECEIVED_LIMIT - self.received)
        self.received += len(data)
        if self.ended or self._broken:
            return
        self._broken = True
        self._receive(data[:room])
        if self.received > _RECEIVED_LIMIT and not self.ended:
            raise ExchangeError(f"the host sent more than {STREAM_LIMIT // 2**20} MiB")
        self._broken = False

    def frames(self, reason: str) -> tuple[Frame, ...]:
        """Every frame that was asked for, in order; those that never came, or not whole, with `reason` as their fault."""
        if self._open is not None:
            self._open.fault = self._open.fault or reason
            self._close()
        return tuple(self._frames.get(number) or Frame(number, fault=reason) for number in self._calls)

    def _receive(self, data: bytes) -> None:
        if not self.greeting:
            data = self._greet(data)
        if self._unzip is not None:
            self._inflate(data)
        elif data:
            self._take(data)

    def _greet(self, data: bytes) -> bytes:
        self._buffer += data
        greeting = re.search(re.escape(bytes(self._mark)) + rb"H (gzip|plain) ([0-9a-f]{64})\n", b"\n" + self._buffer)
        if greeting.start() > NOISE_LIMIT if greeting else len(self._buffer) > NOISE_LIMIT + _GREETING_LIMIT:
            raise ExchangeError(f"the host sent {NOISE_LIMIT} bytes without the collector's greeting")
        if not greeting:
            return b""
        rest = bytes(self._buffer[greeting.end() - 1 :])
        self._buffer.clear()
        self.greeting = greeting[2].decode()
        if greeting[1] == b"gzip":
            self._unzip = zlib.decompressobj(wbits=31)
        return rest

    def _inflate(self, data: bytes) -> None:
        assert self._unzip is not None  # noqa: S101 - for the type checker; feed() has looked
        piece = b""
        while (data or len(piece) == _PIECE) and not self.ended and not self._unzip.eof:
            try:
                piece = self._unzip.decompress(data, _PIECE)
            except zlib.error as error:
                raise ExchangeError(f"the answer is not valid gzip: {error}") from error
            self._take(piece)
            data = self._unzip.unconsumed_tail

    def _take(self, data: bytes) -> None:
        room = max(0, STREAM_LIMIT - self._unpacked)
        self._unpacked += len(data)
        self._buffer += data[:room]
        self._follow_marks()
        if self._unpacked > STREAM_LIMIT and not self.ended:
            raise ExchangeError(f"the host sent more than {STREAM_LIMIT // 2**20} MiB unpacked")

    def _follow_marks(self) -> None:
        while not self.ended:
            at = self._buffer.find(self._mark)
            if at < 0:
                self._flush(max(0, len(self._buffer) - len(self._mark)))
                return
            self._flush(at)
            start = len(self._mark)
            stop = self._buffer.find(b"\n", start, start + _MARK_LIMIT)
            if stop < 0 and len(self._buffer) - start < _MARK_LIMIT:
                return
            mark = _MARK.fullmatch(self._buffer[start:stop]) if stop > 0 else None
            if not mark:
                raise ExchangeError("the host sent a mark that the collector does not print")
            words = [group.decode() for group in mark.groups() if group is not None]
            del self._buffer[: stop + 1]
            self._follow(words)

    def _flush(self, upto: int) -> None:
        """Move bytes that cannot be part of a mark into the open frame; what belongs to none is dropped."""
        data = self._buffer[:upto]
        del self._buffer[:upto]
        opened = self._open
        if opened is None or not data:
            return
        if opened.in_stderr:
            opened.stderr += data[: max(0, COMPLAINT_LIMIT - len(opened.stderr))]
            return
        opened.current += data[: max(0, BATCH_LIMIT - opened.size)]
        opened.size += len(data)
        if opened.size > BATCH_LIMIT:
            opened.fault = opened.fault or f"the answer is larger than {BATCH_LIMIT // 2**20} MiB"

    def _follow(self, words: list[str]) -> None:
        kind, number = words[0], int(words[1])
        opened = self._open
        if kind == "END":
            self.ended = opened is None
            if opened is not None:
                raise ExchangeError("the host ended its answer inside a question")
        elif kind == "B":
            if opened is not None or number in self._frames or number not in self._calls:
                raise ExchangeError(f"the host answered question {number} out of turn")
            self._open = _Open(number, _seconds(words[2]))
        elif opened is None or (kind != "P" and number != opened.number):
            raise ExchangeError("the host sent a mark out of turn")
        elif kind == "P":
            self._end_part(opened, number, int(words[2]))
        elif opened.in_stderr != (kind == "Z"):
            raise ExchangeError("the host sent a mark out of turn")
        elif kind == "E":
            opened.exit, opened.ended_s, opened.in_stderr = int(words[2]), _seconds(words[3]), True
        else:
            self._close()

    def _end_part(self, opened: _Open, index: int, status: int) -> None:
        if opened.in_stderr or index >= self._calls[opened.number] or any(part.index == index for part in opened.parts):
            raise ExchangeError(f"the host answered part {index} of question {opened.number} out of turn")
        if not opened.fault:
            opened.parts.append(Part(index, status, bytes(opened.current)))
        opened.current.clear()

    def _close(self) -> None:
        opened = self._open
        assert opened is not None  # noqa: S101 - callers have looked
        limit = self._watched.get(opened.number)
        if limit and opened.exit in _TIME_UP and not opened.fault:
            opened.fault = f"time limit of {limit} s reached on the host"
        elapsed = opened.ended_s - opened.began_s if opened.ended_s >= opened.began_s >= 0 else -1.0
        self._frames[opened.number] = Frame(
            opened.number,
            tuple(opened.parts),
            bytes(opened.current),
            bytes(opened.stderr),
            opened.exit,
            round(elapsed, 2),
            opened.fault,
        )
        self._open = None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0
