"""Asking a target from outside while it answers its script: a few threads for each target, each question with its own limit."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from secscan.addresses import check_host, is_address
from secscan.errors import InputError, UsageError
from secscan.model.evidence import Batch, Frame, Part
from secscan.model.inquiry import Inquiry, Place
from secscan.model.target import Target
from secscan.plan.compile import PlannedInquiry
from secscan.syntax.endpoints import HOST_NAME

THREADS = 8  # questions asked of one target at the same time
ANSWER_LIMIT = 2**20
_GRACE_S = 3.0  # what an inquiry may take beyond its limit before it is given up
_OVER_SSH = ("ssh", "openssh")
SEEN_AT = "seen_at"  # an option of the inventory
DOMAIN = "domain"  # a label of the inventory


def place_of(target: Target) -> Place:
    """Where a target is seen from outside: the option `seen_at`, else the address that it is signed in to; never raises."""
    try:
        place = _find_place(target)
    except (UsageError, InputError) as error:
        place = Place(reason=str(error))
    domain = target.labels.get(DOMAIN, "")
    return replace(place, domain=domain) if re.fullmatch(HOST_NAME, domain) else place


def _find_place(target: Target) -> Place:
    said = str(target.options.get(SEEN_AT) or "")
    if said:
        return _named(check_host(said), target.port or 22)
    if target.transport == "local":
        return Place("127.0.0.1")
    if target.transport in ("chroot", "container", "replay"):
        why = f"a target of transport {target.transport} has no address of its own"
        return Place(reason=f"{why}; allowed: the inventory's option {SEEN_AT}, or the argument host")
    if target.transport in _OVER_SSH:
        from secscan.transports.ssh.settings import settings_for  # noqa: PLC0415 - only where something is asked from outside

        settings = settings_for(target)
        if settings.jumps or settings.proxy_command:
            return Place(
                reason=f"{settings.where} is reached through another host; allowed: the inventory's option {SEEN_AT}, or host"
            )
        return _named(settings.host, settings.port, target.address or target.name)
    return _named(check_host(target.address or target.name), target.port or 22)


def _named(address: str, port: int, written: str = "") -> Place:
    """The name that clients use is the address where that is a name; an alias without a dot is none."""
    name = next((text for text in (address, written) if "." in text and not is_address(text)), "")
    return Place(address, name, port)


class Asked:
    """Questions under way. `batches` waits for the rest of them."""

    def __init__(self, inquiries: Sequence[PlannedInquiry], limit_s: float) -> None:
        self._inquiries = inquiries
        self._ends_s = time.monotonic() + limit_s
        self._waiting: queue.SimpleQueue[PlannedInquiry] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._frames: dict[int, Frame] = {}
        self._given_up_s: dict[int, float] = {}  # when a question that has begun is given up
        for inquiry in inquiries:
            self._waiting.put(inquiry)

    def begin(self, target: Target, find: Callable[[str], Inquiry]) -> None:
        """Start the threads. They are daemons: a peer that holds one up never holds up the end of the program."""
        place = place_of(target)
        ask = {name: find(name) for name in dict.fromkeys(inquiry.call.probe for inquiry in self._inquiries)}
        for number in range(min(THREADS, len(self._inquiries))):
            threading.Thread(target=self._serve, args=(place, ask), name=f"outside-{number}", daemon=True).start()

    def _serve(self, place: Place, ask: dict[str, Inquiry]) -> None:
        while time.monotonic() < self._ends_s:
            try:
                planned = self._waiting.get_nowait()
            except queue.Empty:
                return
            began_s = time.monotonic()
            deadline_s = min(began_s + planned.time_limit_s, self._ends_s)
            with self._changed:
                self._given_up_s[planned.number] = deadline_s + _GRACE_S
                self._changed.notify_all()
            frame = _ask_one(planned, ask[planned.call.probe], place, began_s, deadline_s)
            with self._changed:
                self._frames[planned.number] = frame
                self._changed.notify_all()

    def batches(self) -> tuple[Batch, ...]:
        """The answers, in order; a question that has none by its time limit has that as its fault."""
        return tuple(
            Batch(planned.number, planned.call.probe, (planned.call,), "", self._wait_for(planned)) for planned in self._inquiries
        )

    def _wait_for(self, planned: PlannedInquiry) -> Frame:
        with self._changed:
            while planned.number not in self._frames:
                left_s = min(self._given_up_s.get(planned.number, self._ends_s), self._ends_s) + 0.1 - time.monotonic()
                if left_s <= 0:
                    return Frame(planned.number, fault=f"time limit of {planned.time_limit_s} s reached, asked from outside")
                self._changed.wait(left_s)
            return self._frames[planned.number]


def begin(inquiries: Sequence[PlannedInquiry], target: Target, find: Callable[[str], Inquiry], limit_s: float) -> Asked:
    """Begin to ask, at once. `find` gives what asks the questions of a probe, by its name; `limit_s` is for all of them."""
    asked = Asked(inquiries, limit_s)
    if inquiries:
        asked.begin(target, find)
    return asked


def _ask_one(planned: PlannedInquiry, inquiry: Inquiry, place: Place, began_s: float, deadline_s: float) -> Frame:
    try:
        answer = inquiry(planned.call.mapping(), place, deadline_s)
    except Exception as error:  # noqa: BLE001 - peers are hostile: none may stop the asking of the others
        reason = f"could not be asked from outside: {error or type(error).__name__}"
        return Frame(planned.number, fault=reason[:300])
    elapsed_s = round(time.monotonic() - began_s, 2)
    if len(answer) > ANSWER_LIMIT:
        return Frame(planned.number, elapsed_s=elapsed_s, fault=f"the answer is larger than {ANSWER_LIMIT // 2**20} MiB")
    return Frame(planned.number, (Part(0, 0, answer),), exit=0, elapsed_s=elapsed_s)
