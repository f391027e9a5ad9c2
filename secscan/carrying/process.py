"""A line to a process on this machine: a shell, `chroot`, `docker exec` or the system's `ssh`."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence

from secscan.carrying.line import Step
from secscan.errors import UnreachableError

_CHUNK = 65_536
_TERM_S = 0.5


class ProcessLine:
    """A process with its own process group, so that what it started ends with it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        if not (process.stdin and process.stdout and process.stderr):
            raise ValueError("a line needs all three streams")
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._poll = select.poll()
        for stream in (process.stdin, process.stdout, process.stderr):
            os.set_blocking(stream.fileno(), False)
        self._open = {self._stdout.fileno(), self._stderr.fileno()}
        for number in self._open:
            self._poll.register(number, select.POLLIN)

    def step(self, to_send: memoryview, wait_s: float) -> Step:
        """See Line."""
        sending = bool(to_send) and not self._stdin.closed
        if sending:
            self._poll.register(self._stdin.fileno(), select.POLLOUT)
        ready = {number for number, _ in self._poll.poll(max(0.0, wait_s) * 1000)}
        sent = self._send(to_send) if sending and self._stdin.fileno() in ready else 0
        if sending and not self._stdin.closed:
            self._poll.unregister(self._stdin.fileno())
        stdout = self._read(self._stdout.fileno()) if self._stdout.fileno() in ready else b""
        stderr = self._read(self._stderr.fileno()) if self._stderr.fileno() in ready else b""
        return Step(sent, stdout, stderr, over=not self._open)

    def end_input(self) -> None:
        """See Line."""
        with contextlib.suppress(OSError):
            self._stdin.close()

    def close(self, wait_s: float) -> int:
        """See Line."""
        try:
            return self._wait(wait_s)
        except subprocess.TimeoutExpired:
            return self._end()
        finally:
            self._hang_up()

    def _wait(self, wait_s: float) -> int:
        status = self._process.wait(wait_s)
        return status if status >= 0 else 128 - status

    def _end(self) -> int:
        self._hang_up()  # root's processes after sudo take no signal from us, but end when their pipes break
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._wait(_TERM_S)
                break
        return -1

    def _hang_up(self) -> None:
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def _send(self, to_send: memoryview) -> int:
        try:
            return os.write(self._stdin.fileno(), to_send[:_CHUNK])
        except BlockingIOError:
            return 0
        except OSError:  # it no longer reads; what it says and its exit status tell why
            self._poll.unregister(self._stdin.fileno())
            self.end_input()
            return len(to_send)

    def _read(self, number: int) -> bytes:
        try:
            data = os.read(number, _CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._open.discard(number)
            self._poll.unregister(number)
        return data


def start_process(words: Sequence[str], environment: Mapping[str, str]) -> ProcessLine:
    """Start a program of this machine, found on the environment's PATH. Raises UnreachableError when it cannot be started."""
    try:
        process = subprocess.Popen(  # noqa: S603 - words are given one by one, no shell takes them apart
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=dict(environment),
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise UnreachableError(f"cannot run {words[0]!r} here: {error.strerror}") from error
    return ProcessLine(process)


def client_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a program of this machine that carries for us may see: all but our own variables, which may hold secrets."""
    return {name: value for name, value in environment.items() if not name.startswith("SECSCAN_")}


def quiet_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a scanned shell on this machine may see of our environment: no secrets that were handed to us in variables."""
    kept = {name: environment[name] for name in ("HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR") if name in environment}
    path = environment.get("PATH", os.defpath)
    return {**kept, "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}
