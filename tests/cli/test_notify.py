"""People are told what a run found: once, through every channel that works, and no run fails for those that do not."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families
from small_content import Small, said, write_baseline, write_checks

from secscan.cli import telling
from secscan.cli.memory import open_history

TOKEN = "canary-token-5512"


@pytest.fixture
def arrived() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What a web server was sent, by path; `arrived.port` is where it listens, and below /refused it refuses."""

    class Arrived(list[tuple[str, dict[str, Any]]]):
        port = 0

    found = Arrived()

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = self.path.startswith("/refused")
            if not refused:
                found.append((self.path.split("/")[1], body))
            self.send_response(500 if refused else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.port = server.server_address[1]
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Checks that fail as long as a file of the host says so, and one baseline with all of them."""
    expected = [{"that": "said.output", "contains": "mended"}]
    checks = [Small(f"{name}_is_mended", said(f"cat {tmp_path}/{name} || echo mended"), expected) for name in ("first", "second")]
    content = write_checks(tmp_path / "content", *checks)
    write_baseline(content, "nightly", "requirements: {TESTS-1: [first_is_mended, {second_is_mended: {severity: critical}}]}\n")
    return content


@pytest.fixture
def project(content: Path, tmp_path: Path, arrived: Any) -> Path:
    """A project with one channel, `team`."""
    Path("inventory.yml").write_text("hosts: [{name: one, transport: local}]\n")
    url(tmp_path / "team.url", arrived.port, "team")
    path = Path("secscan.yml")
    path.write_text(
        f"inventory: inventory.yml\nbaseline: nightly\ncontent: [{content}]\noutput: out\nformats: [json]\n"
        "history: history.sqlite\n"
        f"notify:\n  channels:\n    - {{name: team, severity: low, url_file: {tmp_path}/team.url}}\n"
    )
    return path


def url(path: Path, port: int, word: str) -> None:
    """A private file with the URL of a channel."""
    path.touch(0o600)
    path.write_text(f"json://127.0.0.1:{port}/{word}/{TOKEN}\n")


def add(project: Path, text: str) -> None:
    """Further lines below `notify:`."""
    project.write_text(project.read_text() + text)


def titles(arrived: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """The subjects, without the name of the baseline."""
    return [body["title"].partition(": ")[2] for _, body in arrived]


def test_a_run_tells_what_is_new_once_and_what_came_back_again(secscan, project, arrived, tmp_path):
    (tmp_path / "first").write_text("broken")
    told = secscan("run")
    assert titles(arrived) == ["1 new failure"]
    assert "first_is_mended" in arrived[0][1]["message"]
    assert "  told channel team: 1 news\n" in told.out
    assert "told" not in secscan("run").out
    (tmp_path / "second").write_text("broken")
    secscan("run")
    (tmp_path / "first").unlink()
    secscan("run")
    (tmp_path / "first").write_text("broken")
    secscan("run")
    assert titles(arrived) == ["1 new failure"] * 3


def test_what_failed_before_anybody_was_told_is_told_as_old_and_what_is_waived_not_at_all(secscan, project, arrived, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).write_text("broken")
    whole = project.read_text()
    project.write_text(whole.partition("notify:")[0])
    secscan("run")
    secscan("waiver", "add", "second_is_mended", "--justification", "x", "--owner", "a", "--approver", "b",
            "--expires", "2999-01-01", "--any-value")  # fmt: skip
    project.write_text(f"waivers: [waivers.yml]\n{whole}")
    secscan("run")
    assert titles(arrived) == ["1 failure still there"]
    assert "second_is_mended" not in arrived[0][1]["message"]


def test_hosts_that_are_lost_are_told_when_they_are_lost_and_not_every_night(secscan, project, arrived):
    inventory = Path("inventory.yml")
    both = inventory.read_text().replace("]", ", {name: two, transport: local}]")
    inventory.write_text(both)
    secscan("run")
    assert arrived == []
    inventory.write_text(both.replace("{name: two, transport: local}", "{name: two, transport: chroot, address: /nowhere}"))
    secscan("run")
    secscan("run")
    inventory.write_text("hosts: [{name: one, transport: local}]\n")
    secscan("run")
    secscan("run")
    assert titles(arrived) == ["1 host not reached", "1 host not asked any more"]
    assert "Hosts reached: 1 of 2" in arrived[0][1]["message"]


def test_a_run_over_a_part_of_the_inventory_tells_nothing_of_the_rest(secscan, project, arrived, tmp_path):
    Path("inventory.yml").write_text("hosts: [{name: one, transport: local}, {name: two, transport: local}]\n")
    (tmp_path / "first").write_text("broken")
    secscan("run")
    secscan("run", "-l", "host=two")
    secscan("run", "one")
    secscan("run")
    assert titles(arrived) == ["2 new failures"]


def test_a_channel_that_fails_fails_no_run_and_is_told_the_next_time(secscan, project, arrived, tmp_path):
    (tmp_path / "first").write_text("broken")
    add(project, f"    - {{name: gone, severity: low, url_file: {tmp_path}/gone.url}}\nprometheus: numbers.prom\n")
    url(tmp_path / "gone.url", arrived.port, "refused")
    told = secscan("run", "--log-format", "json", "--fail-on", "never")
    assert told.code == 0
    assert [channel for channel, _ in arrived] == ["team"]
    events = {event["event"]: event for event in map(json.loads, told.complaints)}
    assert events["channel_failed"]["complaint"] == "was refused with status 500 of HTTP"
    assert events["run_finished"]["told"] == {
        "team": {"news": 1, "complaint": ""}, "gone": {"news": 1, "complaint": "was refused with status 500 of HTTP"},
    }  # fmt: skip
    kept = json.loads(Path("out/notified.json").read_text())["channels"]
    assert kept["gone"]["last"]["complaint"] == "was refused with status 500 of HTTP"
    assert kept["gone"]["last"]["run"] == events["run_finished"]["run"]
    assert (kept["gone"]["told"], kept["team"]["last"]["complaint"]) == ({}, "")
    assert "gone: its last message did not arrive (was refused with status 500 of HTTP; " in secscan("doctor").out
    samples = {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(Path("numbers.prom").read_text())
        for sample in family.samples
        if sample.name == "secscan_run_notifications"
    }
    assert {key[1:]: value for key, value in samples.items()} == {
        ("team", "delivered"): 1, ("team", "lost"): 0, ("gone", "delivered"): 0, ("gone", "lost"): 1,
    }  # fmt: skip
    url(tmp_path / "gone.url", arrived.port, "back")
    assert "channel" not in secscan("run").err
    assert [channel for channel, _ in arrived] == ["team", "back"]
    assert "did not arrive" not in secscan("doctor").out


def test_a_host_that_vanished_while_the_channel_was_down_for_a_week_is_told_when_it_is_back(secscan, project, arrived, tmp_path):
    inventory = Path("inventory.yml")
    one = inventory.read_text()
    inventory.write_text(one.replace("]", ", {name: two, transport: local}]"))
    secscan("run")
    url(tmp_path / "team.url", arrived.port, "refused")
    inventory.write_text(one)
    for _ in range(3):
        secscan("run")
    url(tmp_path / "team.url", arrived.port, "team")
    secscan("run")
    secscan("run")
    assert titles(arrived) == ["1 host not asked any more"]


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file or directory"),
        (lambda path: path.chmod(0o640), "others may read this URL"),
        (lambda path: path.write_text("canary-token-5512 is no URL\n"), "this is no URL that Apprise knows"),
        (lambda path: path.write_text("\n"), "holds no URL"),
    ],
    ids=["missing", "readable by others", "no URL", "empty"],
)
def test_a_channel_without_a_usable_url_is_told_and_the_run_is_whole(secscan, project, arrived, tmp_path, prepare, complaint):
    (tmp_path / "first").write_text("broken")
    prepare(tmp_path / "team.url")
    told = secscan("run", "--fail-on", "never")
    assert told.code == 0
    assert f"channel team: {complaint}" in told.err or complaint in told.err
    assert "  could not tell channel team: 1 news" in told.out
    assert Path("out/report.json").is_file()
    assert TOKEN not in told.out + told.err + Path("out/notified.json").read_text()


def test_a_memory_of_what_was_told_that_is_damaged_is_told_and_everything_is_told_anew(secscan, project, arrived, tmp_path):
    (tmp_path / "first").write_text("broken")
    secscan("run")
    kept = Path("out/notified.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_text("{")
    told = secscan("run", "--fail-on", "never")
    assert told.code == 0
    assert "is not what secscan wrote about what it told" in told.err
    assert titles(arrived) == ["1 new failure", "1 failure still there"]


def test_a_url_stands_in_nothing_that_is_written_shown_or_kept(secscan, project, arrived, tmp_path, monkeypatch):
    (tmp_path / "first").write_text("broken")
    monkeypatch.setenv("CHAT_URL", f"json://127.0.0.1:{arrived.port}/refused/{TOKEN}")
    add(project, "    - {name: chat, severity: low, url_env: CHAT_URL}\n")
    printed = [secscan(*words) for words in (("run",), ("run", "--log-format", "json"), ("config",), ("config", "--json"),
                                             ("notify", "test"), ("notify", "check", "--every", "1d"))]  # fmt: skip
    assert TOKEN not in "".join(told.out + told.err for told in printed)
    assert "CHAT_URL" in printed[2].out
    assert len(arrived) == 2
    for path in (path for path in Path().rglob("*") if path.is_file()):
        assert TOKEN.encode() not in path.read_bytes(), path


def test_certificates_and_waivers_are_told_a_month_before_they_end_a_week_before_and_when_they_are_over(
    secscan, project, arrived, tmp_path, content
):
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "erp.example.org")])

    def certificate(days: float) -> None:
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(1).not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
        (tmp_path / "erp.crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    found = {"found": {"probe": "certificate_file", "paths": [f"{tmp_path}/erp.crt"]}}
    write_checks(content, Small("certificates_looked_at", found, [{"that": "found.count", "at_least": 0}]))
    write_baseline(content, "nightly", "requirements: {TESTS-1: [first_is_mended, certificates_looked_at]}\n")
    secscan("waiver", "add", "first_is_mended", "--justification", "x", "--owner", "a", "--approver", "b", "--any-value",
            "--expires", f"{now + timedelta(days=20):%Y-%m-%d}", "--id", "W-20")  # fmt: skip
    project.write_text(f"waivers: [waivers.yml]\n{project.read_text()}")
    for days in (40, 29.5, 29.5, 6.5, -1.5):
        certificate(days)
        secscan("run")
    assert titles(arrived) == ["1 end is near or over"] * 4
    told = [re.findall(r"(?:Waiver|Certificate) .*", body["message"]) for _, body in arrived]
    assert told[0] == [f"Waiver W-20: {now + timedelta(days=20):%Y-%m-%d}"]
    ends = [line for lines in told[1:] for line in lines]
    assert [re.sub(r": .*", "", line) for line in ends] == ["Certificate CN=erp.example.org on one"] * 3
    assert "Has ended (1)" in arrived[-1][1]["message"]


def runs_at(history: str, *finished_at: float) -> None:
    """Whole runs that ended at these moments."""
    memory = open_history(history)
    for moment in finished_at:
        run = memory.begin(f"run-{moment:.0f}", "nightly", "x", moment - 60, 1, str(Path("out").absolute()))
        memory.finish(run, moment)
    memory.close()


def test_a_run_that_did_not_happen_is_told_by_who_looks_and_by_the_next_run_but_once(secscan, project, arrived):
    add(project, "  every: 26h\n")
    told = secscan("notify", "check")
    assert (told.code, told.out) == (1, "no run has ever finished\n")
    runs_at("history.sqlite", time.time() - 30 * 3600)
    told = secscan("notify", "check")
    assert told.code == 1
    assert told.out.startswith("too long ago: the last run, run-")
    assert secscan("notify", "check").code == 1
    assert secscan("run").code == 0
    assert secscan("notify", "check").code == 0
    assert titles(arrived) == ["A run did not happen"] * 2
    assert "No run has ever finished." in arrived[0][1]["message"]
    assert "No run has finished since 2" in arrived[1][1]["message"]


def test_a_run_tells_that_those_before_it_were_left_out(secscan, project, arrived):
    add(project, "  every: 26h\n")
    runs_at("history.sqlite", time.time() - 3 * 86400)
    secscan("run")
    secscan("run")
    assert titles(arrived)[0].startswith("A run did not happen")
    assert len(arrived) == 1


def test_a_run_that_broke_off_is_none(secscan, project):
    add(project, "  every: 26h\n")
    memory = open_history("history.sqlite")
    memory.begin("run-1", "nightly", "x", time.time() - 60, 1, str(Path("out").absolute()))
    memory.close()
    assert secscan("notify", "check").code == 1


def test_whoever_looks_needs_to_know_how_often_and_where(secscan, project):
    assert "allowed: every: 26h below notify:" in secscan("notify", "check").err
    assert "--every cannot be 'often'" in secscan("notify", "check", "--every", "often").err
    project.unlink()
    assert "allowed: output: DIR" in secscan("notify", "check", "--every", "1d").err
    assert "there is nobody to tell" in secscan("notify", "test").err


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda: Path("history.sqlite").write_bytes(b"nonsense" * 1000), "history.sqlite"),
        (lambda: (shutil.rmtree("out"), Path("out").symlink_to("mount/that/is/not/there")), "out: cannot be written"),
    ],
    ids=["the history is damaged", "the disk of the folder is gone"],
)
def test_whoever_looks_and_can_see_nothing_tells_the_channels_and_not_only_the_terminal(secscan, project, arrived, damage, reason):
    add(project, "  every: 26h\n")
    secscan("run")
    damage()
    said = secscan("notify", "check")
    assert (said.code, said.out) == (2, "")
    assert titles(arrived) == ["It is not known whether runs happen"]
    assert reason in arrived[0][1]["message"]


def test_a_history_that_stays_damaged_is_told_once_and_again_when_it_was_whole_between(secscan, project, arrived):
    add(project, "  every: 26h\n")
    secscan("run")
    whole = Path("history.sqlite").read_bytes()
    for told in (1, 2):
        Path("history.sqlite").write_bytes(b"nonsense" * 1000)
        assert secscan("notify", "check").code == 2
        assert secscan("notify", "check").code == 2
        assert len(arrived) == told
        if told < 2:
            Path("history.sqlite").write_bytes(whole)
            secscan("run")


def test_a_run_that_is_killed_between_sending_and_noting_tells_it_once_more_and_not_again(
    secscan, project, arrived, tmp_path, monkeypatch
):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "first").write_text("broken")
    with monkeypatch.context() as killed:
        killed.setattr(telling, "write_whole", die)
        assert secscan("run").code == 130
    for _ in range(2):
        assert secscan("run").code == 1
    assert len(arrived) == 2
    assert all("first_is_mended" in body["message"] for _, body in arrived)


def test_a_file_system_without_locks_does_not_make_everything_news_every_night(secscan, project, arrived, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / "first").write_text("broken")
    assert secscan("run").code == 1
    assert secscan("run").code == 1
    assert titles(arrived) == ["1 new failure"]


def test_a_failure_that_could_not_be_judged_for_a_night_is_no_news_the_next(secscan, project, arrived, content, tmp_path):
    (tmp_path / "first").write_text("broken")
    secscan("run")
    (tmp_path / "first").unlink()
    (tmp_path / "first").mkdir()  # cat fails, and what it would say is not known
    check = content / "checks" / "tests" / "first_is_mended.yaml"
    check.write_text(check.read_text().replace("|| echo mended", "|| exit 3"))
    assert secscan("run").code == 4
    (tmp_path / "first").rmdir()
    (tmp_path / "first").write_text("broken")
    assert secscan("run").code == 1
    assert titles(arrived) == ["1 new failure"]


def test_a_check_that_is_renamed_is_told_to_nobody_again_and_what_was_waived_stays_waived(
    secscan, project, arrived, content, tmp_path
):
    for name in ("first", "second"):
        (tmp_path / name).write_text("broken")
    secscan("run", "-o", "before")
    given = ("--justification", "j", "--owner", "Ann", "--approver", "Bob", "--expires", "2099-01-01", "--id", "W-1")
    told = secscan("waiver", "add", "second_is_mended", "--saved", "before", *given)
    assert told.code == 0, told.err
    project.write_text("waivers: [waivers.yml]\n" + project.read_text())
    secscan("run")
    arrived.clear()
    for path in list((content / "checks" / "tests").glob("*.yaml")):
        old, new = path.stem, path.stem.replace("mended", "whole")
        path.with_stem(new).write_text(f"{path.read_text().replace(old, new)}formerly: [{old}]\n")
        path.unlink()
        (content / "baselines" / f"only_{old}.yaml").unlink()
    nightly = content / "baselines" / "nightly.yaml"
    nightly.write_text(nightly.read_text().replace("mended", "whole"))
    told = secscan("run")
    assert told.code == 1, told.err
    assert "W-1: 'second_is_mended' is 'second_is_whole' now" in told.err
    assert "one: 2 fail (1 waived)" in told.err
    assert arrived == []
    assert "W-1: 'second_is_mended' is 'second_is_whole' now" in secscan("waiver", "check").out
    assert "is unused" not in told.err


def test_a_test_message_arrives_in_the_language_of_its_channel(secscan, project, arrived, tmp_path):
    add(project, f"    - {{name: bureau, language: fr, url_file: {tmp_path}/team.url}}\n")
    told = secscan("notify", "test")
    assert (told.code, told.out) == (0, "team: delivered\nbureau: delivered\n")
    assert [body["title"] for _, body in arrived] == ["nightly: Test message", "nightly\u00a0: Message d\u2019essai"]
    assert secscan("notify", "test", "bureau").out == "bureau: delivered\n"
    assert "allowed: team, bureau" in secscan("notify", "test", "nobody").err
    os.truncate(tmp_path / "team.url", 0)
    assert secscan("notify", "test").code == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("notify: [team]\n", "'notify' must be a mapping"),
        ("notify: {}\n", "'channels' must be a list of mappings"),
        ("notify: {channels: [{name: a, url: json://canary-1}]}\n", "a channel's URL does not belong into this file"),
        ("notify: {channels: [{name: a}]}\n", "a channel must say where its URL is kept, once"),
        ("notify: {channels: [{name: a, url_env: A, url_file: b}]}\n", "a channel must say where its URL is kept, once"),
        ("notify: {channels: [{url_env: A}]}\n", "a channel must have a name"),
        ('notify: {channels: [{name: "a b", url_env: A}]}\n', "a channel must have a name"),
        ("notify: {channels: [{name: a, url_env: A}, {name: a, url_env: B}]}\n", "two channels are named 'a'"),
        ("notify: {channels: [{name: a, url_env: A, tell: [gossip]}]}\n", "'tell' names what nobody tells"),
        ("notify: {channels: [{name: a, url_env: A, severity: dire}]}\n", "'severity' must be critical or high or medium or low"),
        ("notify: {channels: [{name: a, url_env: A, colour: red}]}\n", "unknown key 'colour'"),
        ("notify: {every: nightly, channels: [{name: a, url_env: A}]}\n", "'every' must be a duration"),
        ("notify: {remind: 0d, channels: [{name: a, url_env: A}]}\n", "'remind' must be a duration"),
        ("notify: {channels: [{name: a, url_env: A, language: xx}]}\n", "no language is named 'xx'"),
    ],
)
def test_wrong_channels_are_told_before_any_host_is_asked(secscan, project, text, complaint):
    head = project.read_text().partition("notify:")[0]
    project.write_text(head + text)
    told = secscan("run")
    assert told.code == 2
    assert complaint in told.err
    assert "canary" not in told.err
    assert not Path("out/hosts").exists()


def test_the_schema_says_the_same_of_channels_as_the_reader(secscan, project):
    schema = Draft202012Validator(json.loads(secscan("schema", "configuration").out))
    good = {"name": "a", "url_env": "A", "tell": ["failures"], "severity": "low", "language": "fr", "terms": "t.yml"}
    assert schema.is_valid({"notify": {"channels": [good], "every": "26h", "remind": "1d12h", "ahead": "30d"}})
    for bad in ({**good, "url": "x"}, {**good, "url_file": "x"}, {"name": "a"}, {**good, "name": "a b"}, {**good, "tell": ["x"]}):
        assert not schema.is_valid({"notify": {"channels": [bad]}})
    assert not schema.is_valid({"notify": {"every": "26h"}})
