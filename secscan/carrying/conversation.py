"""The conversation with a shell: nonce and script in, answers out, within limits, and sudo's question in between.

Outputs are read together, and sending never waits for reading or the other way round, so no amount of either can block it.
"""

from __future__ import annotations

import gzip
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from secscan.carrying.commands import (
    LISTEN,
    LISTEN_PACKED,
    NOT_THERE,
    SHELL,
    asking_sudo_command,
    plain_command,
    sudo_command,
)
from secscan.carrying.line import Line, Step
from secscan.errors import ExchangeError, TargetError
from secscan.model.target import Become, Request

STDERR_LIMIT = 65_536  # bytes kept; more is read and dropped
_GRACE_S = 1.0  # for the rest and the exit status, once the answer is whole
_EXIT_S = 5.0  # for the exit status, once both outputs have ended
_PACK_LEVEL = 6
_SPEECH = 200  # characters of a complaint that are quoted

Receive = Callable[[bytes], bool]
Start = Callable[[str], Line]


@dataclass(frozen=True, slots=True)
class Carried:
    """How a conversation went; `greeted` says whether something was taken as an answer. The rest is as in Exchanged."""

    exit: int
    stderr: bytes = b""
    become: str = ""
    cut_short: str = ""
    greeted: bool = False

    @property
    def complaint(self) -> str:
        """The last thing said on standard error, as one short harmless line."""
        return complaint_in(self.stderr)


def _no_failure_of_its_own(_: Carried) -> TargetError | None:
    return None


@dataclass(frozen=True, slots=True)
class Way:
    """How commands are started here, which words run a shell there, and how the carrier's own failures are told from it.

    `failure` is asked when no collector answered; programs such as ssh and docker have exit statuses of their own. Over a
    network the script goes `packed`, a quarter of its size; the rare host without gzip gets it once more as it is.
    """

    start: Start
    shell: Sequence[str] = SHELL
    failure: Callable[[Carried], TargetError | None] = _no_failure_of_its_own
    packed: bool = False


def carry(way: Way, request: Request, receive: Receive, become: Become | None = None) -> Carried:
    """Run the request's script, as another user where `become` says so.

    When sudo refuses, the script is run once more without it, and `become` of the result says why. Raises ExchangeError when
    no collector ran: a login shell that refuses, or none at all.
    """
    talk = _Talk(way, request, receive, time.monotonic() + request.total_s)
    carried = Carried(NOT_THERE)
    for parcel in _parcels(request.script, packed=way.packed):
        carried = _carry_script(talk, parcel, become)
        if carried.greeted or carried.exit != NOT_THERE:
            break
    return _require_answer(carried)


def carry_pinned(way: Way, request: Request, receive: Receive) -> Carried:
    """Ask a host that has the script already: only the nonce is sent, and the host decides what runs as whom."""
    talk = _Talk(way, request, receive, time.monotonic() + request.total_s)
    return _require_answer(talk.converse(plain_command(way.shell), b""))


def complaint_in(stderr: bytes) -> str:
    """The last line of standard error that says something, without control characters, short."""
    text = "".join(c for c in stderr.decode("utf-8", "replace") if c.isprintable() or c == "\n")
    return next((line.strip()[:_SPEECH] for line in reversed(text.split("\n")) if line.strip()), "")


def _require_answer(carried: Carried) -> Carried:
    if carried.exit != 0 and not carried.greeted and not carried.cut_short:
        ended = f"exit status {carried.exit}" if carried.exit >= 0 else "no exit status"
        raise ExchangeError(f"the host ran no collector: {carried.complaint or 'it said nothing'} ({ended})")
    return carried


def _refusal(spoken: Carried) -> str:
    """Why sudo refused; empty when it did not, or when the connection went away instead."""
    if spoken.become or spoken.greeted or spoken.cut_short or spoken.exit <= 0:
        return spoken.become
    return spoken.complaint or f"sudo ended with exit status {spoken.exit}"


@dataclass(frozen=True, slots=True)
class _Parcel:
    """How a script travels: the words of the shell that takes it there, and its bytes."""

    listen: str
    content: bytes


def _parcels(script: str, *, packed: bool) -> tuple[_Parcel, ...]:
    """The ways to try, in order."""
    plain = _Parcel(LISTEN, script.encode())
    return (_Parcel(LISTEN_PACKED, _pack(script)), plain) if packed else (plain,)


@lru_cache(maxsize=8)
def _pack(script: str) -> bytes:
    """A script as gzip. All hosts of a run have the same one, but for those with parameters of their own."""
    return gzip.compress(script.encode(), _PACK_LEVEL, mtime=0)


def _carry_script(talk: _Talk, parcel: _Parcel, become: Become | None) -> Carried:
    if become is None:
        return _converse_plainly(talk, parcel)
    spoken = _converse_as(talk, parcel, become)
    refusal = _refusal(spoken)
    if not refusal:
        return replace(spoken, become="sudo")
    return replace(_converse_plainly(talk, parcel), become=f"refused: {refusal}")


def _converse_plainly(talk: _Talk, parcel: _Parcel) -> Carried:
    return talk.converse(plain_command(talk.way.shell, parcel.listen), parcel.content)


def _converse_as(talk: _Talk, parcel: _Parcel, become: Become) -> Carried:
    shell = talk.way.shell
    if become.password is None:
        return talk.converse(sudo_command(become.user, shell, parcel.listen), parcel.content)
    word = secrets.token_hex(8)
    sudo = _Sudo(f"secscan-asks-{word}:".encode(), f"secscan-ready-{word}".encode(), become.password)
    command = asking_sudo_command(become.user, sudo.prompt.decode(), sudo.ready.decode(), shell, parcel.listen)
    return talk.converse(command, parcel.content, sudo)


@dataclass(slots=True)
class _Sudo:
    """Sudo's question, and whether it is settled: `ready` has been said, so that what follows reaches the shell."""

    prompt: bytes
    ready: bytes
    password: str = field(repr=False)
    settled: bool = False
    answered: bool = False
    refusal: str = ""
    heard: bytearray = field(default_factory=bytearray)
    asked: bytearray = field(default_factory=bytearray)

    def listen(self, step: Step) -> bytes:
        """What to send now in answer to what was heard: the password, once, or nothing."""
        self.heard += step.stdout
        self.asked += step.stderr
        if self.ready in self.heard:
            self.settled = True
        elif self.prompt in self.asked:
            self.asked.clear()
            if self.answered:
                self.refusal = "the password was not accepted by sudo"
            else:
                self.answered = True
                return f"{self.password}\n".encode()
        del self.heard[: -len(self.ready)], self.asked[: -len(self.prompt)]
        return b""


@dataclass(slots=True)
class _Hearing:
    """What has been heard of the answer."""

    greeting: bytes
    tail: bytes = b"\n"
    greeted: bool = False
    whole: bool = False
    stderr: bytearray = field(default_factory=bytearray)

    def take(self, step: Step, receive: Receive) -> None:
        self.stderr += step.stderr[: max(0, STDERR_LIMIT - len(self.stderr))]
        if not step.stdout or self.whole:
            return
        if not self.greeted:
            text = self.tail + step.stdout
            self.greeted = self.greeting in text
            self.tail = text[-len(self.greeting) :]
        self.whole = receive(step.stdout)


@dataclass(frozen=True, slots=True)
class _Talk:
    """What stays the same for every command of one exchange."""

    way: Way
    request: Request
    receive: Receive
    ends_at: float

    def converse(self, command: str, content: bytes, sudo: _Sudo | None = None) -> Carried:
        """One command from its start to its end, fed with the nonce and what follows it. Whatever happens, the line is closed."""
        message = f"{self.request.nonce}\n".encode() + content
        hearing = _Hearing(f"\n{self.request.nonce} H ".encode())
        line = self.way.start(command)
        status, wait_s = -1, 0.0
        try:
            cut_short = self._send_and_read(line, message, sudo, hearing)
            wait_s = 0.0 if cut_short else self._drain(line, hearing)
        finally:
            status = line.close(wait_s)
        if status < 0 and hearing.greeted and not hearing.whole:
            cut_short = cut_short or "no exit status: the connection broke or the command was killed"
        stderr = bytes(hearing.stderr).replace(sudo.prompt, b"") if sudo else bytes(hearing.stderr)
        heard = (
            hearing.greeted or hearing.whole
        )  # whole without a greeting: it was refused as no answer, and that is the reason to tell
        carried = Carried(status, stderr, sudo.refusal if sudo else "", cut_short, heard)
        failure = None if carried.greeted else self.way.failure(carried)
        if failure is not None:
            raise failure
        return carried

    def _send_and_read(self, line: Line, message: bytes, sudo: _Sudo | None, hearing: _Hearing) -> str:
        """Send and read until the answer is whole or over; why it was cut short, or nothing."""
        to_send = memoryview(b"" if sudo else message)
        idle_s = min(self.request.idle_s, self.request.connect_s) if sudo else self.request.idle_s
        asking, ended = sudo, False
        quiet_at = time.monotonic() + idle_s
        while True:
            if not asking and not to_send and not ended:
                line.end_input()
                ended = True
            now = time.monotonic()
            if now >= min(quiet_at, self.ends_at):
                return self._time_up(asking, idle_s, total=now >= self.ends_at)
            step = line.step(to_send, min(quiet_at, self.ends_at) - now)
            to_send = to_send[step.sent :]
            hearing.take(step, self.receive)
            if hearing.whole or step.over:
                return ""
            if asking:
                to_send = memoryview(bytes(to_send) + asking.listen(step))
                if asking.refusal:
                    return asking.refusal
                if asking.settled:
                    asking, to_send, idle_s = None, memoryview(message), self.request.idle_s
            if step.moved:
                quiet_at = time.monotonic() + idle_s

    def _time_up(self, asking: _Sudo | None, idle_s: float, *, total: bool) -> str:
        if asking:
            asking.refusal = f"sudo neither asked for the password nor started within {idle_s:g} s"
            return asking.refusal
        return f"not finished within {self.request.total_s:g} s" if total else f"not a byte for {idle_s:g} s"

    def _drain(self, line: Line, hearing: _Hearing) -> float:
        """Read what comes after the end mark, for a moment; how long to wait for the exit status."""
        ends_at = time.monotonic() + _GRACE_S
        while hearing.whole and (left_s := ends_at - time.monotonic()) > 0:
            step = line.step(memoryview(b""), left_s)
            hearing.take(step, self.receive)
            if step.over:
                break
        return _GRACE_S if hearing.whole else _EXIT_S
