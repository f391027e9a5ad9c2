"""Asking one target: one script there, one stream back, sealed as evidence with what was asked and how."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from secscan import __version__
from secscan.ask.frames import FrameReader
from secscan.ask.outside import begin
from secscan.errors import EvidenceError, ExchangeError
from secscan.model.evidence import Batch, Bundle, Frame, Origin
from secscan.model.inquiry import Inquiry
from secscan.model.target import Exchanged, Request, Target, Transport
from secscan.plan.compile import Plan

_ANSWER_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a host may take, in seconds."""

    connect_s: float = 15.0
    idle_s: float = 120.0
    total_s: float = 300.0


def ask_target(
    target: Target, plan: Plan, transport: Transport, content_sha256: str, limits: Limits, inquiry: Callable[[str], Inquiry]
) -> Bundle:
    """All answers of one target: its own, and in the meantime those from outside. `inquiry` finds what asks these, by name.

    Raises TargetError when the target could not be asked; a broken answer is kept as far as it came.
    """
    nonce = secrets.token_hex(16)
    reader = _reader(plan, nonce)
    request = Request(plan.script, nonce, limits.connect_s, limits.idle_s, limits.total_s)
    violations: list[str] = []
    greeted_at: list[float] = []

    def receive(data: bytes) -> bool:
        try:
            reader.feed(data)
        except ExchangeError as error:
            violations.append(str(error))
            return True
        if reader.greeting and not greeted_at:
            greeted_at.append(time.time())
        return reader.ended

    started_at = time.time()
    outside = begin(plan.inquiries, target, inquiry, limits.total_s)
    exchanged = transport(target, request, receive)
    finished_at = time.time()
    reason = _why_not_whole(reader, plan, exchanged, violations)
    if not reader.greeting:
        raise ExchangeError(reason)
    frames = reader.frames(reason)
    told = _told(frames)
    asked_outside = outside.batches()
    origin = Origin(
        target=target.name,
        address=exchanged.address or target.address,
        transport=target.transport,
        user=exchanged.user or target.user,
        become=exchanged.become,
        host_key=exchanged.host_key,
        started_at=round(started_at, 3),
        finished_at=round(time.time() if asked_outside else finished_at, 3),
        uid=int(told.get("uid", -1)),
        hostname=told.get("hostname", ""),
        machine_id=told.get("machine-id", ""),
        clock_offset_s=_clock_offset(told, greeted_at),
        received_bytes=reader.received,
    )
    labels = {
        **target.labels,
        **{name: value for name, value in (("site", target.site), ("criticality", target.criticality)) if value},
    }
    broken_off = "" if reader.ended else reason
    problems = tuple(dict.fromkeys(text for text in (*violations, exchanged.cut_short, broken_off, _refusal(exchanged)) if text))
    bundle = _bundle(origin, plan, frames, content_sha256, problems, tuple(sorted(labels.items())))
    return replace(bundle, batches=(*bundle.batches, *asked_outside)) if asked_outside else bundle


def read_answers(data: bytes, plan: Plan, name: str, content_sha256: str, collected_at: float) -> Bundle:
    """Evidence from the stream that the collector printed when a person ran it by hand. `collected_at` is the file's time."""
    greeting = re.search(rb"(?:^|\n)([0-9a-f]{1,64}) H (?:gzip|plain) [0-9a-f]{64}\n", data[:70_000])
    if not greeting:
        raise EvidenceError(
            "no collector's greeting in the first 64 KiB; allowed: the output of the script that `secscan plan --script` prints"
        )
    reader = _reader(plan, greeting[1].decode())
    problems: list[str] = []
    try:
        reader.feed(data[:_ANSWER_LIMIT])
    except ExchangeError as error:
        problems.append(str(error))
    _same_questions(reader, plan)
    frames = reader.frames(problems[0] if problems else "the answers end early")
    told = _told(frames)
    origin = Origin(
        target=name, address="", transport="by hand", started_at=collected_at, finished_at=collected_at,
        uid=int(told.get("uid", -1)),
        hostname=told.get("hostname", ""), machine_id=told.get("machine-id", ""), received_bytes=len(data),
    )  # fmt: skip
    return _bundle(origin, plan, frames, content_sha256, tuple(problems), ())


def _reader(plan: Plan, nonce: str) -> FrameReader:
    return FrameReader(
        nonce,
        {batch.number: len(batch.calls) for batch in plan.batches},
        {batch.number: batch.time_limit_s for batch in plan.batches},
    )


def _bundle(
    origin: Origin,
    plan: Plan,
    frames: tuple[Frame, ...],
    content_sha256: str,
    problems: tuple[str, ...],
    labels: tuple[tuple[str, str], ...],
) -> Bundle:
    batches = tuple(
        Batch(planned.number, planned.probe, planned.calls, planned.script_sha256, frame)
        for planned, frame in zip(plan.batches, frames, strict=True)
    )
    return Bundle(origin, plan.script_sha256, __version__, content_sha256, batches, problems, labels)


def _why_not_whole(reader: FrameReader, plan: Plan, exchanged: Exchanged, violations: list[str]) -> str:
    """The one reason that every missing answer gets."""
    if reader.greeting:
        _same_questions(reader, plan)
    if violations:
        return violations[0]
    if exchanged.cut_short:
        return exchanged.cut_short
    complaint = " ".join(exchanged.stderr.decode("utf-8", "replace").split())[:200]
    what = "the host ended its answer early" if reader.greeting else "the host did not run the collector"
    return f"{what} (exit status {exchanged.exit}{': ' + complaint if complaint else ''})"


def _same_questions(reader: FrameReader, plan: Plan) -> None:
    if reader.greeting != plan.questions_sha256:
        raise ExchangeError(
            f"the collector on the host asks other questions ({reader.greeting[:12]}) than this plan "
            f"({plan.questions_sha256[:12]}): "
            "install the script that `secscan plan --script` prints now"
        )


def _refusal(exchanged: Exchanged) -> str:
    return f"sudo {exchanged.become}" if exchanged.become.startswith("refused") else ""


def _told(frames: tuple[Frame, ...]) -> dict[str, str]:
    """key=value lines of the platform question, which is always the first; only what is well-formed."""
    if not frames or not frames[0].parts:
        return {}
    text = frames[0].parts[0].stdout[:4096].decode("utf-8", "replace")
    told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value for name, value in told.items() if name not in {"uid", "time"} or re.fullmatch(r"\d{1,11}", value)}


def _clock_offset(told: dict[str, str], greeted_at: list[float]) -> float | None:
    """Host time less scanner time: the host tells whole seconds just after its greeting."""
    if not greeted_at or "time" not in told:
        return None
    return round(int(told["time"]) + 0.5 - greeted_at[0], 1)
