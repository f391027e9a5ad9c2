"""What a person is told who made a mistake: one line that says what is wrong, where, and what is allowed instead."""

from __future__ import annotations

import gzip
import json
import os
import socket
from pathlib import Path

import pytest
from small_content import Small, said, write_baseline, write_checks
from transports.servers import free_port, make_key, me, public

INVENTORY = "hosts: [{name: a, transport: local}, {name: b, transport: local}]\n"
FILES = {
    "good.yml": INVENTORY,
    "broken.yml": "hosts: [\n",
    "tabs.yml": "hosts:\n\t- local\n",
    "list.yml": "- local\n",
    "number.yml": "hosts: 5\n",
    "port.yml": "hosts:\n  - name: a\n    port: many\n",
    "key.yml": "hosts:\n  - name: a\n    adress: 192.0.2.1\n",
    "name.yml": "hosts:\n  - name: a;reboot\n",
    "address.yml": "hosts:\n  - {name: a, address: $(reboot)}\n",
    "secret.yml": "hosts:\n  - {name: a, password: hunter2}\n",
    "twice.yml": "hosts:\n  - a\n  - a\n",
    "double.yml": "hosts: [a]\nhosts: [b]\n",
    "parameter.yml": "hosts:\n  - {name: a, transport: local, parameters: {host_says_pas: {limit: 1}}}\n",
    "latin.yml": b"hosts: [caf\xe9]\n",
    "open_password": "hunter2\n",
    "empty_password": "",
    "bad_password": b"\xff\xfe\n",
    "folder/note.txt": "no inventory\n",
    "bare/note.txt": "no content\n",
    "notjson.json": "{",
    "other.json": '{"format": "other/1"}',
    "half.bundle.json.gz": gzip.compress(b"{}")[:10],
    "other.bundle.json.gz": gzip.compress(b"{}"),
    "plain.bundle.json.gz": "not gzip",
}
# words of the command; what the one line on standard error must hold: what, where, what is allowed
WRONG = {
    "no command of that name": ("scn", ["'scn'", "did you mean 'scan'", "allowed: scan, run, plan"]),
    "no option of that name": ("scan local --lmit x", ["--lmit", "--limit", "see secscan scan --help"]),
    "a number that is none": ("runs failing --first 0", ["--first cannot be 0; allowed: 1 to 99999"]),
    "an option without its value": ("scan local --limit", ["--limit", "requires an argument"]),
    "no target": ("scan", ["no target", "allowed: local, HOST, ssh://USER@HOST, or -i INVENTORY"]),
    "no check to explain": ("explain local", ["missing argument 'CHECK'", "see secscan explain --help"]),
    "no evidence": ("evaluate", ["missing argument", "EVIDENCE"]),
    "no folder to collect into": ("collect local", ["missing option", "--output"]),
    "a word too many": ("explain local host_says_pass again", ["unexpected extra argument (again)"]),
    "a host name with a semicolon": ("scan a;reboot", ["'a;reboot'", "allowed: an IP address, or letters, digits"]),
    "a host name with a command": ("scan ssh://$(reboot)", ["'$(reboot)'", "allowed: "]),
    "a host name that is an option": ("scan -- -oProxyCommand=reboot", ["'-oProxyCommand=reboot'", "allowed: "]),
    "a host name with a line end": ("scan a\nb", ["'a\\nb'", "allowed: "]),
    "a user name with a command": ("scan ssh://`reboot`@host", ["'`reboot`'", "allowed: letters, digits"]),
    "an empty host name": ("scan ssh://", ["''", "allowed: "]),
    "a port that is too large": ("scan host:99999", ["99999", "allowed: 1 to 65535"]),
    "a container name with a command": ("scan container://$(reboot)", ["'$(reboot)'", "allowed: "]),
    "a relative chroot": ("scan chroot:srv", ["'chroot:srv'", "allowed: chroot:///DIR"]),
    "a transport that is not there": ("scan telnet://host", ["'telnet'", "allowed: ssh, local, chroot"]),
    "a bundle to replay that is not there": ("scan replay:///nowhere", ["/nowhere", "no such bundle", "allowed: "]),
    "a target named twice": ("scan local local", ["named twice: local", "allowed: each target once"]),
    "no inventory of that name": ("scan -i nowhere.yml", ["no inventory 'nowhere.yml'", "allowed: a secscan inventory"]),
    "an inventory that is not YAML": ("scan -i broken.yml", ["broken.yml:2:1: not valid YAML"]),
    "an inventory with tabs": ("scan -i tabs.yml", ["tabs.yml:2:1: not valid YAML", "token"]),
    "an inventory that is a list": ("scan -i list.yml", ["list.yml:1:1: ", "must be a mapping", "allowed: organization"]),
    "hosts that are a number": ("scan -i number.yml", ["number.yml:1:1: 'hosts' must be a list"]),
    "a port that is a word": ("scan -i port.yml", ["port.yml:3:5: port 'many'", "allowed: 1 to 65535"]),
    "a misspelt key": (
        "scan -i key.yml", ["key.yml:3:5: unknown key 'adress' (did you mean 'address'?)", "allowed: name, address"]),
    "a host of the inventory with a command": ("scan -i name.yml", ["name.yml:2:5: host name 'a;reboot'", "allowed: "]),
    "an address of the inventory with a command": ("scan -i address.yml", ["address.yml:2:", "'$(reboot)'", "allowed: "]),
    "a password in an inventory": ("scan -i secret.yml", ["secret.yml:2:15: secrets do not belong", "allowed: a prompt"]),
    "a host twice in an inventory": ("scan -i twice.yml", ["twice.yml:3:5: duplicate host 'a', first in line 2"]),
    "a key twice in an inventory": ("scan -i double.yml", ["double.yml:2:1: duplicate key 'hosts'"]),
    "an inventory that is not UTF-8": ("scan -i latin.yml", ["latin.yml: is not UTF-8 text (byte 11)"]),
    "a folder without an inventory": ("scan -i folder", ["folder holds no inventory file", "allowed: "]),
    "a parameter for a check that is not there": (
        "scan -i parameter.yml", ["inventory, host a: check 'host_says_pas'", "did you mean", "allowed: host_says_pass"]),
    "a limit of an unknown kind": ("scan -i good.yml --limit sit=x", ["--limit 'sit=x'", "did you mean 'site'", "allowed: HOST"]),
    "a limit that nothing fits": ("scan -i good.yml --limit host=c", ["--limit 'host=c'", "allowed: a, b"]),
    "a baseline that is not there": ("scan local -b tiny_pas", ["'tiny_pas'", "did you mean 'tiny_pass'", "allowed: "]),
    "a baseline that is not there, of a plan": ("plan -b nowhere", ["'nowhere'", "allowed: "]),
    "a content folder that is not there": ("scan local --content nowhere", ["--content nowhere: no such folder", "allowed: "]),
    "a content folder without content": ("scan local --content bare", ["--content bare: has neither checks/ nor baselines/"]),
    "a format that is not there": ("scan local -f htlm", ["'htlm'", "did you mean 'html'", "allowed: csv, "]),
    "a format of a report that is not there": ("report good.yml -f docx", ["'docx'", "allowed: csv, "]),
    "no format at all": ("scan local -f ,", ["--format ','", "allowed: csv, "]),
    "several formats and no folder": ("scan local -f json,html", ["several formats need a folder", "allowed: -o DIR"]),
    "a word that nothing can fail on": ("scan local --fail-on hihg", ["--fail-on", "'hihg'", "allowed: low, medium"]),
    "a time that is no number": ("scan local --timeout soon", ["--timeout", "'soon'", "allowed: 5 to 7200"]),
    "a time that is not a number": ("scan local --connect-timeout nan", ["--connect-timeout", "'nan'", "allowed: 1 to 600"]),
    "a time that is too short": ("scan local --connect-timeout 0", ["--connect-timeout", "0", "allowed: 1 to 600"]),
    "too many workers": ("collect local -o out --workers 1000", ["--workers", "1000", "allowed: 1 to 64"]),
    "an output folder that is a file": ("scan local -o good.yml", ["--output", "good.yml", "is a file"]),
    "an output folder below a file": (
        "scan local -o good.yml/out", ["good.yml/out: cannot be written: Not a directory", "allowed: "]),
    "an output folder that nobody can write": ("scan local -o /proc/1/fd", ["/proc/1/fd: cannot be written", "allowed: "]),
    "a folder to collect into that nobody can write": (
        "collect local -o /proc/1/fd", ["/proc/1/fd: cannot be written", "allowed: "]),
    "a password file that others may read": (
        "scan host --password-file open_password", ["open_password: others may read this SSH password (mode 0644)", "allowed: "]),
    "a password file that is not there": (
        "scan host --password-file nowhere", ["nowhere: cannot be read: No such file", "allowed: "]),
    "a password file that is empty": (
        "scan host --password-file empty_password", ["empty_password: holds no SSH password", "allowed: "]),
    "a password file that is not text": ("scan host --become-password-file bad_password", ["bad_password: is not UTF-8 text"]),
    "evidence that is not there": ("evaluate nowhere", ["nowhere: cannot be read: No such file or directory"]),
    "a folder without evidence": ("evaluate bare", ["no bundle in bare", "allowed: files that end in .bundle.json.gz"]),
    "a bundle that is cut off": ("evaluate half.bundle.json.gz", ["half.bundle.json.gz: cannot be read as a bundle"]),
    "a bundle that is none": ("evaluate other.bundle.json.gz", ["other.bundle.json.gz: not a bundle of format secscan.bundle/1"]),
    "answers that are none": (
        "evaluate plain.bundle.json.gz", ["plain.bundle.json.gz: no collector's greeting", "secscan plan --script"]),
    "one name for two bundles": ("evaluate --name a half.bundle.json.gz good.yml", ["--name", "2 bundles", "allowed: one bundle"]),
    "an assessment that is not there": ("report nowhere", ["nowhere: cannot be read: No such file or directory"]),
    "an assessment that is not JSON": ("report notjson.json", ["notjson.json:1:2: not valid JSON"]),
    "an assessment of another kind": ("report other.json", ["other.json#/format: not an assessment: 'other/1'", "allowed: "]),
    "a folder without assessments": ("report bare", ["no assessment in bare", "allowed: hosts/NAME.json"]),
    "a check that is not there": (
        "explain local host_says_pas", ["'host_says_pas'", "did you mean 'host_says_pass'", "`secscan baseline show tiny_pass`"]),
    "a folder that keeps nothing of a host": (
        "explain local host_says_pass --saved bare", ["bare: keeps no evidence of 'local'", "allowed: "]),
}  # fmt: skip


@pytest.fixture
def files() -> None:
    """FILES in the folder of the test."""
    for name, text in FILES.items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o644 if name == "open_password" else 0o600)


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_told_in_one_line_before_any_host_is_asked(secscan, tiny, files, mistake):
    line, words = WRONG[mistake]
    chosen = ["--content", tiny("pass")[1]] if "--content" not in line else []
    command, *rest = line.split(" ")
    if command in {"scan", "collect", "plan", "explain", "evaluate"}:
        rest = [*chosen, *(() if "-b" in rest else ("-b", "tiny_pass") if chosen else ()), *rest]
    told = secscan(command, *rest)
    assert (told.code, told.out) == (2, "")
    (complaint,) = told.complaints
    assert complaint.startswith("secscan: ")
    assert [word for word in words if word not in complaint] == []
    assert "Errno" not in complaint
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("check", "id: [", ["own.yaml:2:1: not valid YAML"], id="broken YAML"),
        pytest.param(("title: A check of the tests\n", ""), "", ["own.yaml:1:1: ", "'title'"], id="a check without a title"),
        pytest.param(("probe: command", "probe: comand"), "", ["own.yaml:6:", "\"comand\" (did you mean 'command'?)"],
                     id="unknown probe"),
        pytest.param(("run: echo", "rum: echo"), "", ["own.yaml:6:", "'rum' (did you mean 'run'?)", "allowed: "],
                     id="unknown argument"),
        pytest.param(("said.output", "said.outptu"), "", ["own.yaml:7:", "'outptu' (did you mean 'output'?)"],
                     id="unknown attribute"),
        pytest.param(("contains", "contians"), "", ["own.yaml:7:", "'contians' (did you mean 'contains'?)"], id="unknown matcher"),
        pytest.param(("severity: high", "severity: hihg"), "", ["own.yaml:3:", "\"hihg\" (did you mean 'high'?)"],
                     id="unknown severity"),
        pytest.param(("run: echo good", "run: [echo]"), "", ["own.yaml:6:", "run"], id="a list where text is wanted"),
        pytest.param("baseline", "id: mine\ntitle: Mine\nrequirements: {TESTS-1: [ownn]}\n", ["mine.yaml:3:26: ", "'own'"],
                     id="unknown check"),
        pytest.param("baseline", "id: mine\ntitle: Mine\nrequirements: {TESTS-9: [own]}\n", ["mine.yaml:3:", "'TESTS-9'"],
                     id="unknown requirement"),
        pytest.param("baseline", "id: mine\ntitle: Mine\nextends: [un_minimun]\n", ["mine.yaml:3:", "'un_minimum'"],
                     id="unknown parent"),
    ],
)  # fmt: skip
def test_a_mistake_in_content_is_told_with_its_line_and_what_is_allowed(secscan, name, text, words):
    content = write_checks(
        Path("own"), Small("own", "{said: {probe: command, run: echo good}}", "[{that: said.output, contains: good}]")
    )
    path = content / "checks" / "tests" / "own.yaml"
    write_baseline(content, "mine", "requirements: {TESTS-1: [own]}\n")
    if name == "baseline":
        (content / "baselines" / "mine.yaml").write_text(text)
    elif name == "check":
        path.write_text(text)
    else:
        assert name[0] in path.read_text()
        path.write_text(path.read_text().replace(*name))
    told = secscan("scan", "local", "--content", "own", "-b", "mine")
    assert (told.code, told.out) == (2, "")
    assert len(told.complaints) <= 2, "what follows from a mistake is not told as further mistakes"
    assert any(all(word in line for word in words) for line in told.complaints), told.err


def test_all_mistakes_of_all_files_are_told_at_once_each_in_its_line(secscan):
    content = write_checks(Path("own"), *(Small(f"own_{n}", said("x"), "[{that: said.outptu, contains: good}]") for n in range(3)))
    told = secscan("scan", "local", "--content", content)
    assert told.code == 2
    assert [line.split(":")[1].strip() for line in told.complaints] == [f"own/checks/tests/own_{n}.yaml" for n in range(3)]


@pytest.fixture
def silent() -> int:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def not_reached(secscan, tiny, server, known_hosts):
    """Scans a target together with a good one; the one line that tells why it was not reached."""

    def scan(target: str = "", *options: object) -> str:
        target = target or f"{me()}@127.0.0.1:{server.port}"
        told = secscan(
            "scan", "local", target, *tiny("pass"), "--ssh-config", "none", "--known-hosts", known_hosts, *options, "-o", "out"
        )
        assert told.code == 3
        assert "secscan: local: 1 pass" in told.complaints
        (complaint,) = [line for line in told.complaints if "not reached" in line]
        assert len(told.complaints) == 4, "two hosts, two reports"
        documents = {path.stem: json.loads(path.read_text()) for path in Path("out/hosts").iterdir()}
        assert documents.pop("local")["tally"]["compliance"] == 1.0
        (other,) = documents.values()
        assert other["unreachable"] in complaint
        assert other["tally"]["compliance"] is None
        assert Path("out/report.html").is_file()
        return complaint

    return scan


def test_the_key_that_the_server_lets_in_is_enough(secscan, tiny, server, known_hosts, client_key):
    target = f"{me()}@127.0.0.1:{server.port}"
    told = secscan("scan", target, *tiny("pass"), "--ssh-config", "none", "--known-hosts", known_hosts, "--identity", client_key)
    assert (told.code, told.complaints) == (0, [f"secscan: 127.0.0.1:{server.port}: 1 pass"])


def test_a_key_file_that_is_not_there_is_named(not_reached):
    assert "key /nowhere/id does not exist" in not_reached("", "--identity", "/nowhere/id")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_a_key_file_that_cannot_be_read_is_named(not_reached, tmp_path):
    key = make_key(tmp_path / "closed")
    key.chmod(0)
    assert f"key {key} cannot be read: Permission denied" in not_reached("", "--identity", key)


def test_a_file_that_holds_no_key_is_named(not_reached):
    Path("junk").write_text("no key")
    assert "key junk cannot be used" in not_reached("", "--identity", "junk")


def test_a_key_that_the_host_does_not_know_is_named_with_what_the_host_allows(not_reached, tmp_path):
    complaint = not_reached("", "--identity", make_key(tmp_path / "stranger"))
    assert f"did not let in {me()}; tried: key " in complaint
    assert "the host allows: publickey, password" in complaint


def test_a_wrong_password_is_said_to_have_been_tried_and_is_not_repeated(not_reached):
    Path("password").write_text("wrong-hunter2\n")
    Path("password").chmod(0o600)
    complaint = not_reached("", "--password-file", "password")
    assert "tried: password; the host allows: publickey, password" in complaint
    assert "hunter2" not in complaint + "".join(path.read_text() for path in Path("out").glob("report.*"))


def test_a_changed_host_key_is_told_with_its_place_and_how_to_forget_it(not_reached, known_hosts, server, tmp_path, client_key):
    known_hosts.write_text(f"{server.known_as} {public(make_key(tmp_path / 'former'))}\n")
    complaint = not_reached("", "--identity", client_key, "--accept-new")
    assert "changed" in complaint
    assert f"{known_hosts}:1" in complaint
    assert f"ssh-keygen -R '{server.known_as}'" in complaint


def test_an_unknown_host_key_is_told_with_how_to_accept_it(not_reached, known_hosts, client_key):
    known_hosts.write_text("")
    complaint = not_reached("", "--identity", client_key)
    assert "is not known" in complaint
    assert "accept-new" in complaint


def test_a_port_where_nobody_listens_is_named(not_reached):
    port = free_port()
    assert f"no connection to 127.0.0.1 port {port}: connection refused" in not_reached(f"127.0.0.1:{port}")


def test_a_network_without_a_route_is_named(not_reached):
    complaint = not_reached("ssh://[fe80::1]:22")  # a link-local address without its link leads nowhere
    assert "no connection to " in complaint
    assert "fe80::1" in complaint


def test_a_name_that_cannot_be_looked_up_is_named(not_reached):
    name = "x" * 64 + ".invalid"  # a label too long for DNS: no question leaves this machine
    assert f"no connection to {name}: " in not_reached(name)


def test_a_host_that_takes_too_long_is_told_with_the_time_it_had(not_reached, silent):
    complaint = not_reached(f"127.0.0.1:{silent}", "--connect-timeout", "1")
    assert f"127.0.0.1 port {silent} accepted the connection but did not speak SSH within 1 s" in complaint


def test_a_spoilt_bundle_to_replay_is_a_host_that_was_not_reached(not_reached, files):
    assert "half.bundle.json.gz: cannot be read as a bundle" in not_reached("replay:half.bundle.json.gz")


def test_spoilt_evidence_is_named_and_the_rest_is_judged(secscan, tiny, files):
    secscan("scan", "-i", "good.yml", *tiny("pass"), "-o", "out", "-q")
    spoilt, whole = sorted(Path("out/evidence").iterdir())
    spoilt.write_bytes(gzip.compress(gzip.decompress(whole.read_bytes())))
    told = secscan("evaluate", "out/evidence", "half.bundle.json.gz", *tiny("pass"), "-f", "csv")
    assert told.code == 2
    assert f"{spoilt}: the evidence was changed" in told.complaints[0]
    assert "half.bundle.json.gz: cannot be read as a bundle" in told.complaints[1]
    assert len(told.complaints) == 2
    assert told.out.count("host_says_pass") == 1


def test_answers_to_another_plan_are_refused_by_name(secscan, tiny):
    Path("answers").write_bytes(b"\n0123 H plain " + b"a" * 64 + b"\n")
    told = secscan("evaluate", "answers", *tiny("pass"))
    assert told.code == 2
    assert "secscan: answers: the collector on the host asks other questions" in told.complaints[0]


def test_a_report_that_cannot_be_made_whole_is_not_begun(secscan, tiny, files):
    secscan("scan", "-i", "good.yml", *tiny("pass"), "-o", "out", "-q", "-f", "json")
    (Path("out") / "hosts" / "b.json").write_text("{")
    told = secscan("report", "out", "-o", "again", "-f", "html,csv")
    assert (told.code, told.out) == (2, "")
    assert told.complaints == ["secscan: out/hosts/b.json:1:2: not valid JSON: Expecting property name enclosed in double quotes"]
    assert [path for path in Path("again").rglob("*") if path.is_file()] == []
