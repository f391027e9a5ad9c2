"""Whatever people are to be told arrives at a real mail server, in six languages, and at a web hook: one message a run."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mailbox_server import Mail, mail_server
from small_content import Small, said, write_baseline, write_checks

from secscan.languages import LANGUAGES

SOON = datetime.now(UTC) + timedelta(days=20)
STATEMENT = f"""id: S-1
checks: [plan_is_tested]
scope: organization
statement: The plan was tested
performed_on: {SOON - timedelta(days=40):%Y-%m-%d}
valid_until: {SOON:%Y-%m-%d}
owner: {{name: A}}
approver: {{name: B}}
result: pass
answers: [{{question: Was it tested?, answer: "Yes, all of it"}}]
evidence: [{{file: minutes.txt, sha256: {hashlib.sha256(b"It was.").hexdigest()}}}]
"""
CHECK = """id: plan_is_tested
title: The plan is tested
severity: high
subject: organization
rationale: It is needed here.
remediation: {text: Test it., effort: days, when: runtime}
attest: [Was it tested?]
"""
WAIVER = ("waiver", "add", "first_is_mended", "--justification", "x", "--owner", "a", "--approver", "b", "--any-value",
          "--expires", f"{SOON:%Y-%m-%d}", "--id", "W-1")  # fmt: skip


@pytest.fixture
def mails() -> Iterator[list[Mail]]:
    """What arrived by mail; below the project, `mail-<language>.url` lead there."""
    with mail_server() as (port, arrived):
        for language in LANGUAGES:
            url(f"mail-{language}", f"mailto://127.0.0.1:{port}?to={language}@un.example&from=secscan@un.example&mode=insecure")
        yield arrived


@pytest.fixture
def hooks() -> Iterator[list[dict[str, Any]]]:
    """What arrived at the web hook of `hook.url`."""
    arrived: list[dict[str, Any]] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url("hook", f"json://127.0.0.1:{server.server_address[1]}/")
    yield arrived
    server.shutdown()
    thread.join()
    server.server_close()


def url(name: str, text: str) -> None:
    path = Path(f"{name}.url")
    path.touch(0o600)
    path.write_text(f"{text}\n")


@pytest.fixture
def told(secscan: Callable[..., Any], mails: list[Mail], hooks: list[dict[str, Any]]) -> Callable[..., str]:
    """Runs a command, and gives what everybody was told: the English text, after all of them were compared. Empty for silence."""

    def run(*words: str) -> str:
        mails.clear()
        hooks.clear()
        ended = secscan(*(words or ("run",)))
        assert ended.code in (0, 1, 3), ended.err
        assert "channel" not in ended.err
        assert len(hooks) <= 1, "one message a run, whatever there is to tell"
        assert sorted(to[0].partition("@")[0] for to, _ in mails) == sorted(LANGUAGES) * len(hooks)
        if not hooks:
            return ""
        texts = {to[0].partition("@")[0]: text_of(message) for to, message in mails}
        assert len(set(texts.values())) == len(LANGUAGES), "each in its own language"
        english = f"{hooks[0]['title']}\n{hooks[0]['message']}"
        assert texts["en"].split() == english.split()
        for name in ("first_is_mended", "second_is_mended", "W-1", "S-1", "CN=erp.example.org", "two"):
            assert {name in text for text in texts.values()} == {name in english}, name
        return english

    return run


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return f"{message['Subject']}\n{part.get_content()}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two hosts, two checks that fail as long as a file says so, one that looks at certificates."""
    checks = [
        Small(f"{name}_is_mended", said(f"cat {tmp_path}/{name} || echo mended"), [{"that": "said.output", "contains": "mended"}])
        for name in ("first", "second")
    ]
    looks = {"found": {"probe": "certificate_file", "paths": [f"{tmp_path}/erp.crt"]}}
    content = write_checks(
        tmp_path / "content", *checks, Small("certificates_looked_at", looks, [{"that": "found.count", "at_least": 0}])
    )
    (content / "checks" / "tests" / "plan_is_tested.yaml").write_text(CHECK)
    asked = "first_is_mended, {second_is_mended: {severity: critical}}, certificates_looked_at, plan_is_tested"
    write_baseline(content, "nightly", f"requirements: {{TESTS-1: [{asked}]}}\n")
    Path("statements").mkdir()
    Path("statements/minutes.txt").write_text("It was.")
    hosts(two="{name: two, transport: local}")
    Path("waivers.yml").write_text("waivers: [] # none yet\n")
    channels = [f"mail-{language}, language: {language}" for language in LANGUAGES]
    listed = "".join(f"    - {{name: {each}, severity: low, url_file: {each.split(',')[0]}.url}}\n" for each in [*channels, "hook"])
    Path("secscan.yml").write_text(
        f"inventory: inventory.yml\nbaseline: nightly\ncontent: [{content}]\noutput: out\nformats: [json]\n"
        "history: history.sqlite\nwaivers: [waivers.yml]\nattestations: statements\n"
        f"notify:\n  every: 26h\n  remind: 7d\n  ahead: 30d\n  channels:\n{listed}"
    )
    return tmp_path


def hosts(two: str) -> None:
    Path("inventory.yml").write_text("hosts: [{name: one, transport: local}" + (f", {two}]\n" if two else "]\n"))


def certificate(path: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "erp.example.org")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=400)).not_valid_after(SOON)
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def days_later(days: float) -> None:
    """Everything that was told was told so long ago."""
    path = Path("out/notified.json")

    def older(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: older(each) for name, each in value.items()}
        return value - days * 86400 if isinstance(value, int | float) and value > 1e9 else value

    path.write_text(json.dumps(older(json.loads(path.read_text()))))


def test_everything_that_people_are_to_be_told_arrives_everywhere_and_once(secscan, told, project):
    assert "A run did not happen" in told("notify", "check")
    assert told() == ""
    (project / "first").write_text("broken")
    assert "2 new failures\n" in told()
    assert told() == "", "once"
    (project / "second").write_text("broken")
    assert "second_is_mended" in told()
    days_later(8)
    reminded = told()
    assert "Still failing (2)" in reminded
    assert "second_is_mended" in reminded
    assert "first_is_mended" not in reminded, "only what is critical is told again"
    hosts(two="{name: two, transport: chroot, address: /nowhere}")
    assert "1 host not reached" in told()
    hosts(two="")
    assert "1 host not asked any more" in told()
    assert secscan(*WAIVER).code == 0
    assert "Waiver W-1" in told()
    (Path("statements") / "S-1.yaml").write_text(STATEMENT)
    assert "Statement S-1" in told()
    certificate(project / "erp.crt")
    assert "Certificate CN=erp.example.org on one" in told()
    assert told() == ""


def test_much_news_is_one_message(secscan, told, project):
    assert told() == ""
    for name in ("first", "second"):
        (project / name).write_text("broken")
    certificate(project / "erp.crt")
    (Path("statements") / "S-1.yaml").write_text(STATEMENT)
    hosts(two="{name: two, transport: chroot, address: /nowhere}")
    digest = told()
    assert "2 new failures, 1 host not reached, 2 ends are near or over" in digest


def test_a_run_that_did_not_happen_is_told_by_the_one_that_did_not_miss_it(secscan, told, project, monkeypatch):
    assert told() == ""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 2 * 86400)
    assert "A run did not happen" in told("notify", "check")
    assert told("notify", "check") == ""
