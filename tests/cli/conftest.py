"""The command line in this process, with a home and content of its own, and servers to sign in to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_content import Small, said, write_baseline, write_checks
from transports.servers import Server, make_key, make_server, public

from secscan.cli import run

KINDS = ("pass", "fail", "error", "manual")
_MANUAL = """id: person_says_manual
title: A person says that it is so
severity: medium
rationale: It is needed here.
remediation: {text: Mend it., effort: minutes, when: runtime}
attest: [Is it so?]
"""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


@pytest.fixture(scope="session")
def own_content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Content with one check for each outcome, a baseline for each and `all_of_them`."""
    content = write_checks(
        tmp_path_factory.mktemp("content"),
        Small("host_says_pass", said("echo good"), [{"that": "said.output", "contains": "good"}]),
        Small("host_says_fail", said("echo bad"), [{"that": "said.output", "contains": "good"}]),
        Small("host_says_error", said("exit 3"), [{"that": "said.output", "lacks": "bad"}]),
    )
    (content / "checks" / "tests" / "person_says_manual.yaml").write_text(_MANUAL)
    for kind in KINDS:
        name = f"{'person' if kind == 'manual' else 'host'}_says_{kind}"
        write_baseline(content, f"tiny_{kind}", f"requirements: {{TESTS-1: [host_says_pass, {name}]}}\n")
    write_baseline(content, "tiny_above", "requirements: {TESTS-1: [host_says_pass, recovery_exercised]}\n")
    write_baseline(
        content, "tiny_all", "requirements: {TESTS-1: [host_says_pass, host_says_fail, host_says_error, person_says_manual]}\n"
    )
    return content


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of content for all tests here."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def clean_surroundings(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests: not their home, keys, agent, settings nor folder."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    for name in [name for name in os.environ if name.startswith(("SECSCAN_", "SSH_")) or name in {"NO_COLOR", "COLUMNS"}]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def secscan(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command in this process. An exception that is not told to the user fails the test by itself."""

    def command(*words: object) -> Said:
        capsys.readouterr()
        code = run([str(word) for word in words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return command


@pytest.fixture
def tiny(own_content: Path) -> Callable[[str], tuple[str, ...]]:
    """The options that choose a baseline of `own_content`."""
    return lambda kind: ("--content", str(own_content), "-b", f"tiny_{kind}")


@pytest.fixture(scope="session")
def client_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that the server lets in."""
    return make_key(tmp_path_factory.mktemp("client") / "id_client")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, client_key: Path) -> Iterator[Server]:
    """An SSH server that takes the key, and asks everybody else for a password."""
    started = make_server(tmp_path_factory.mktemp("server") / "sshd", f"{public(client_key)}\n", PasswordAuthentication="yes")
    yield started
    started.stop()


@pytest.fixture
def known_hosts(server: Server, tmp_path: Path) -> Path:
    """The server's key, in a file."""
    path = tmp_path / "known_hosts"
    path.write_text(server.known_line())
    return path


def without_colour(text: str) -> str:
    """The text without ANSI colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
