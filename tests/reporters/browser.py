"""Debian's Chromium without a window, spoken to in its DevTools protocol over two pipes: no driver, no port, no network.

Chromium and axe-core are found where tests/install-tools.sh puts them, or the tests are skipped (see validators.py).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from validators import tool

DEADLINE_S = 60.0
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--hide-scrollbars",
    "--force-color-profile=srgb", "--proxy-server=127.0.0.1:9", "--remote-debugging-pipe",
)  # fmt: skip
_KEYS = {
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    " ": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
}


def axe() -> str:
    """The source of axe-core."""
    return tool("axe-*/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


class Browser:
    """One page of one Chromium."""

    def __init__(self, to_chromium: int, from_chromium: int) -> None:
        self._to, self._from = to_chromium, from_chromium
        self._number = 0
        self._session = ""
        self._buffer = b""
        self._shown: Path | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command. AssertionError when Chromium refuses it."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        waiting = memoryview(json.dumps(message).encode() + b"\0")
        while waiting:
            waiting = waiting[os.write(self._to, waiting) :]
        answer = self._wait("id", self._number)
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file and wait until it and what it loads is there."""
        if path == self._shown:  # another fragment of the same file would load nothing
            self.ask("Page.navigate", url="about:blank")
            self._wait("method", "Page.loadEventFired")
        self._shown = path
        self.requests.clear()
        self.complaints.clear()
        assert "errorText" not in self.ask("Page.navigate", url=path.as_uri() + fragment), path
        self._wait("method", "Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression, of what it promises where it is a promise."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    @contextlib.contextmanager
    def always(self, script: str) -> Iterator[None]:
        """Run a script on every page that is opened, before any of its own."""
        kept = self.ask("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
        try:
            yield
        finally:
            self.ask("Page.removeScriptToEvaluateOnNewDocument", identifier=kept)

    def press(self, key: str) -> None:
        """Press and release a key."""
        self.ask("Input.dispatchKeyEvent", type="keyDown", **_KEYS[key])
        self.ask("Input.dispatchKeyEvent", type="keyUp", **_KEYS[key])

    def colours(self, scheme: str) -> None:
        """What the reader prefers: light or dark."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width: int, height: int = 900) -> None:
        """The size of the window, in CSS pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, path: Path) -> None:
        """What the window shows, as PNG: for people who look into a failure."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def _wait(self, key: str, value: object) -> dict[str, Any]:
        """The next message that says so; what is loaded and what is complained of on the way is noted."""
        limit = time.monotonic() + DEADLINE_S
        while True:
            message = self._next(limit)
            parameters = message.get("params", {})
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            elif message.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
                self.complaints.append(json.dumps(parameters)[:500])
            if message.get(key) == value:
                return message

    def _next(self, limit: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0.0, limit - time.monotonic()))
            assert ready, f"Chromium did not answer within {DEADLINE_S} s"
            piece = os.read(self._from, 1 << 20)
            assert piece, "Chromium has ended"
            self._buffer += piece
        text, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Chromium for as long as it is needed, with a profile of its own. Skips where there is none."""
    program = tool("chromium")
    (their_end, to_chromium), (from_chromium, other_end) = os.pipe(), os.pipe()
    numbers = f"3</dev/fd/{their_end} 4>/dev/fd/{other_end}"  # where Chromium wants its pipes
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" {numbers}', "sh", str(program), *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(their_end, other_end), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        os.close(their_end)
        os.close(other_end)
        try:
            yield Browser(to_chromium, from_chromium)
        finally:
            os.close(to_chromium)
            os.close(from_chromium)
            process.terminate()
            process.wait(timeout=DEADLINE_S)
