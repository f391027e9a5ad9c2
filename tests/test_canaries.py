"""No secret that secscan is given, or that lies on a host, is found in anything that it writes, prints, logs or starts."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import importlib
import io
import json
import logging
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring
import pypdf
import pytest
from small_content import Small, said, write_baseline, write_checks
from transports.servers import Server, make_key, make_server, me, public

import secscan
from secscan import plugins
from secscan.cli import run
from secscan.model.target import Target

GIVEN = {
    "password": "canary-sign-in-4711",
    "passphrase": "canary-passphrase-4712",
    "sudo": "canary-sudo-4713",
    "environment": "canary-environment-4714",
}
"""Secrets that secscan is given by those who run it."""
PLANTED = {
    name: f"canary{number}{name.replace('_', '')}Zx9"
    for number, name in enumerate(
        (
            "shadow_hash",
            "group_hash",
            "private_key",
            "host_key",
            "setting",
            "url",
            "cron",
            "repository",
            "log_target",
            "process",
            "output",
        ),
        5000,
    )
}
"""Secrets that lie on the host that is scanned."""
FORMATS = plugins.reporter_names()


def traces(data: bytes, secrets: dict[str, str]) -> set[str]:
    """The names of the secrets that stand in the data, as they are or in base64, compressed or not, or printed in a PDF."""
    if data.startswith(b"\x1f\x8b"):
        return traces(gzip.decompress(data), secrets)
    if data.startswith(b"%PDF"):  # a long word is broken where its line ends
        pages = pypdf.PdfReader(io.BytesIO(data)).pages
        return traces(
            data.replace(b"%PDF", b"") + re.sub(r"\s", "", "".join(page.extract_text() for page in pages)).encode(), secrets
        )
    for packed in re.findall(rb'"base64": ?"([A-Za-z0-9+/=]+)"', data):
        data += base64.b64decode(packed)
    return {
        name
        for name, secret in secrets.items()
        for form in (secret.encode(), *(base64.b64encode(b"x" * n + secret.encode())[4:-4] for n in range(3)))
        if form in data
    }


def found_below(folder: Path, secrets: dict[str, str]) -> dict[str, set[str]]:
    """Which files below a folder hold which secrets."""
    found = {str(path.relative_to(folder)): traces(path.read_bytes(), secrets) for path in folder.rglob("*") if path.is_file()}
    assert found, "nothing was written, so nothing was searched"
    return {name: names for name, names in found.items() if names}


def test_a_secret_is_found_however_it_is_packed():
    for form in (b"a hunter2-long b", gzip.compress(b"hunter2-long"), base64.b64encode(b"..hunter2-long.."),
                 b'{"base64": "' + base64.b64encode(b"\xffhunter2-long") + b'"}'):  # fmt: skip
        assert traces(form, {"it": "hunter2-long"}) == {"it"}
    assert traces(b"hunter3", {"it": "hunter2-long"}) == set()


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and a cache of the test's own, and secrets in the environment that are none of secscan's business."""
    for name in [name for name in os.environ if name.startswith(("SECSCAN_", "SSH_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", GIVEN["environment"])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """One check that prints the whole environment of the shell that answers."""
    return write_checks(
        tmp_path / "content",
        Small("environment_is_told", said("env; id -u"), [{"that": "said.output", "contains": "LC_ALL=C"}]),
    )


def secret_file(folder: Path, name: str) -> Path:
    """A private file with one of the secrets."""
    path = folder / f"given-{name}"
    path.touch(0o600)
    path.write_text(f"{GIVEN[name]}\n")
    return path


FAKE_SUDO = r"""#!/bin/sh
{ printf '%s\n' "$@"; env; } >>"$0.heard"
while [ "$1" != -- ]; do
  case $1 in -S) asks=yes ;; -p) prompt=$2; shift ;; esac
  shift
done
shift
if [ "$asks" ]; then
  printf '%s' "$prompt" >&2
  IFS= read -r password
  if [ "$password" != RIGHT ]; then
    printf '%s' "$prompt" >&2
    IFS= read -r password
    echo 'sudo: 1 incorrect password attempt' >&2
    exit 1
  fi
fi
exec "$@"
"""


@pytest.fixture
def sudo(tmp_path: Path) -> Path:
    """A program that asks as sudo does, takes one password, and writes down its words and its environment."""
    path = tmp_path / "bin" / "sudo"
    path.parent.mkdir()
    path.write_text(FAKE_SUDO.replace("RIGHT", GIVEN["sudo"]))
    path.chmod(0o755)
    return path


@pytest.fixture
def server(tmp_path: Path, sudo: Path) -> Iterator[Server]:
    """A server that takes an encrypted key and has a sudo that asks; the inventory and the options that lead there."""
    key = make_key(tmp_path / "id", passphrase=GIVEN["passphrase"])
    started = make_server(
        tmp_path / "sshd", f"{public(key)}\n", PasswordAuthentication="yes", SetEnv=f"PATH={sudo.parent}:/usr/bin:/bin:/usr/sbin"
    )
    Path("known_hosts").write_text(started.known_line())
    Path("inventory.yml").write_text(
        f"hosts: [{{name: far, address: 127.0.0.1, port: {started.port}, user: {me()}, become: {{user: operator}}}}]\n"
    )
    yield started
    started.stop()


OPTIONS = ("-i", "inventory.yml", "--ssh-config", "none", "--known-hosts", "known_hosts", "--identity", "id")
CHOSEN = ("--content", "content", "-b", "only_environment_is_told")
ALL_FORMATS = ("-f", ",".join(FORMATS))


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """Everything that any library logs, down to the smallest detail."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keep, loggers = Keep(), (logging.getLogger(), logging.getLogger("paramiko"))
    for logger in loggers:
        logger.addHandler(keep)
        logger.setLevel(logging.DEBUG)
    yield lambda: "\n".join(lines)
    for logger in loggers:
        logger.removeHandler(keep)
        logger.setLevel(logging.NOTSET)


@pytest.fixture(params=["file", "environment", "keyring"])
def given(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """All secrets handed over in files, in the environment or in a keyring; the options that say so."""
    if request.param == "keyring":
        monkeypatch.setattr(keyring, "get_password", lambda service, user: GIVEN[user])
        options = (("password", "password"), ("passphrase", "passphrase"), ("become-password", "sudo"))
        return tuple(word for option, name in options for word in (f"--{option}-keyring", f"secscan/{name}"))
    monkeypatch.setenv("SECSCAN_PASSPHRASE", GIVEN["passphrase"])
    if request.param == "environment":
        monkeypatch.setenv("SECSCAN_PASSWORD", GIVEN["password"])
        monkeypatch.setenv("SECSCAN_BECOME_PASSWORD", GIVEN["sudo"])
        return ()
    files = secret_file(tmp_path, "password"), secret_file(tmp_path, "sudo")
    return ("--password-file", str(files[0]), "--become-password-file", str(files[1]))


@pytest.fixture
def told(tmp_path: Path, capfd: pytest.CaptureFixture[str], logged: Callable[[], str]) -> Callable[..., str]:
    """Runs commands; all that they printed and logged, which is also put beside what they wrote into `out`."""

    def commands(*lines: tuple[str, ...], code: int) -> str:
        assert [run(list(line)) for line in lines] == [code] * len(lines)
        printed = "".join(capfd.readouterr()) + logged()
        Path("out").mkdir(exist_ok=True)
        Path("out/told").write_text(printed)
        return printed

    return commands


def ssh_keygen(*words: str) -> None:
    """Run ssh-keygen; it must succeed."""
    subprocess.run(["ssh-keygen", *words], check=True, capture_output=True)


@pytest.mark.usefixtures("content")
@pytest.mark.parametrize("let_in", [True, False], ids=["let-in", "refused"])
def test_passphrase_and_passwords_go_where_they_are_asked_for_and_nowhere_else(told, given, server, sudo, let_in):
    if not let_in:
        ssh_keygen("-q", "-p", "-P", GIVEN["passphrase"], "-N", "another one", "-f", "id")
    printed = told(
        ("scan", *OPTIONS, *given, *CHOSEN, "-o", "out", *ALL_FORMATS),
        ("collect", *OPTIONS, *given, *CHOSEN, "-o", "out/collected"),
        ("explain", "far", "environment_is_told", *OPTIONS, *given, *CHOSEN),
        code=0 if let_in else 3,
    )
    heard = Path(f"{sudo}.heard").read_bytes() if let_in else b""
    assert ("Outcome: pass" if let_in else "wrong passphrase") in printed
    assert heard.count(b"secscan-asks-") == (3 if let_in else 0)
    assert found_below(Path("out"), GIVEN) == {}
    assert found_below(Path("cache"), GIVEN) == {}
    assert traces(heard + server.log.encode(), GIVEN) == set()


PROJECT = f"""
inventory: inventory.yml
baseline: only_environment_is_told
content: [content]
output: out
formats: [{", ".join(FORMATS)}]
reports: [{{formats: [html], directory: out/further}}]
history: out/history.sqlite
prometheus: out/secscan.prom
ssh_config: none
known_hosts: known_hosts
identity: id
"""


@pytest.mark.usefixtures("content", "server")
def test_the_nightly_job_and_what_looks_after_it_repeat_no_secret(told, given):
    Path("secscan.yml").write_text(PROJECT)
    printed = told(
        ("run", *given, "--log-format", "json"), ("run", *given), ("doctor", *given), ("doctor", *given, "--json"),
        ("config", *given), ("config", *given, "--json"), ("schedule", "install", "--on-calendar", "daily", "--print"), code=0,
    )  # fmt: skip
    assert all(word in printed for word in ("run_finished", "by sudo", "become_password", "secscan --config"))
    assert "secscan_run_info" in Path("out/secscan.prom").read_text()
    assert Path("out/further/report.html").is_file()
    assert found_below(Path("out"), GIVEN) == {}
    assert found_below(Path("cache"), GIVEN) == {}


@pytest.mark.parametrize("place", ["postgresql+psycopg://scanner:SECRET@127.0.0.1:1/runs", "mysql://scanner:SECRET@db/runs",
                                   "postgresql://scanner:SECRET@db:port/runs",
                                   "postgresql+psycopg://scan@ner:SECRET@127.0.0.1:1/runs",
                                   "postgresql+psycopg://scanner:SECRET and more@127.0.0.1:1/runs",
                                   "postgresql+psycopg://scanner:half@SECRET@127.0.0.1:1/runs",
                                   "postgresql+psycopg://scanner:half@SECRET/3@127.0.0.1:1/runs",
                                   "postgresql+psycopg://127.0.0.1:1/a?user=b&password=SECRET&sslpassword=SECRET"])  # fmt: skip
def test_the_password_of_a_database_is_shown_by_nothing_that_tells_of_it(told, place):
    place = place.replace("SECRET", GIVEN["password"])
    printed = told(("doctor", "--history", place), code=1)
    printed += told(("config", "--history", place), ("config", "--json", "--history", place), code=0)
    printed += told(("runs", "list", "--history", place), code=2)
    assert "***" in printed
    assert traces(printed.encode(), GIVEN) == set()


@pytest.mark.usefixtures("content")
def test_a_sudo_password_that_is_refused_is_not_repeated_and_the_host_is_asked_without_it(told, sudo, tmp_path, monkeypatch):
    sudo.write_text(sudo.read_text().replace(GIVEN["sudo"], "another"))
    monkeypatch.setenv("PATH", f"{sudo.parent}:{os.environ['PATH']}")
    Path("inventory.yml").write_text("hosts: [{name: here, transport: local, become: {user: operator}}]\n")
    given = ("-i", "inventory.yml", "--become-password-file", str(secret_file(tmp_path, "sudo")))
    printed = told(("scan", *given, *CHOSEN, "-o", "out", *ALL_FORMATS), code=0)
    assert "sudo refused: the password was not accepted by sudo" in printed
    assert found_below(Path("out"), GIVEN) == {}
    assert traces(Path(f"{sudo}.heard").read_bytes(), GIVEN) == set()


@pytest.mark.usefixtures("content", "given")
def test_a_program_that_carries_for_us_sees_none_of_our_secrets(told):
    Path("ssh_config").write_text(f"Host far\n  ProxyCommand sh -c 'env >{Path.cwd()}/seen'\n")
    printed = told(("scan", "far", "--ssh-config", "ssh_config", *CHOSEN, "--connect-timeout", "2"), code=3)
    ours = {name: secret for name, secret in GIVEN.items() if name != "environment"}
    assert "PATH=" in Path("seen").read_text()
    assert traces(Path("seen").read_bytes(), ours) == set()
    assert traces(printed.encode(), GIVEN) == set()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("hosts: [{name: a, password: SECRET}]\n", id="password"),
        pytest.param("hosts: [{name: a, become: {user: root, password: SECRET}}]\n", id="sudo-password"),
        pytest.param("hosts: [{name: a, options: {passphrase: SECRET}}]\n", id="option"),
        pytest.param("defaults: {become_password: SECRET}\nhosts: [a]\n", id="defaults"),
        pytest.param("hosts: [ssh://root:SECRET@a]\n", id="address"),
        pytest.param("all: {hosts: {'127.0.0.1': {ansible_port: 1, ansible_password: SECRET}}}\n", id="ansible-yaml"),
        pytest.param("[web]\na ansible_host=127.0.0.1 ansible_port=1 ansible_become_pass=SECRET\n", id="ansible-ini"),
        pytest.param('{"_meta": {"hostvars": {"127.0.0.1": {"ansible_port": 1, "ansible_ssh_pass": "SECRET"}}}, '
                     '"all": {"hosts": ["127.0.0.1"]}}', id="ansible-json"),
        pytest.param("hosts: [{name: a, address: 'root:SECRET@127.0.0.1'}]\n", id="address-without-scheme"),
        pytest.param("hosts: [{name: 'root:SECRET@a/b'}]\n", id="name"),
        pytest.param("hosts: ['a password=SECRET']\n", id="name-with-settings"),
        pytest.param("root:SECRET@127.0.0.1\n", id="list-of-hosts"),
        pytest.param("[web]\nroot:SECRET@127.0.0.1\n", id="ansible-ini-host"),
        pytest.param("[web]\na ansible_user=root:SECRET ansible_host=127.0.0.1\n", id="ansible-ini-user"),
        pytest.param("[web]\na ansible_password: SECRET\n", id="ansible-ini-no-equals"),
        pytest.param("[web]\na 'ansible_password SECRET'\n", id="ansible-ini-quoted"),
        pytest.param("[web:vars]\nansible_password SECRET\n", id="ansible-ini-variable"),
        pytest.param("[web:vars]\nansible_become_pass: SECRET\n", id="ansible-ini-variable-colon"),
        pytest.param("[web:vars\nansible_password=SECRET\n", id="ansible-ini-open-bracket"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("content")
def test_a_secret_in_an_inventory_is_not_repeated(capfd, text):
    Path("hosts").write_text(text.replace("SECRET", GIVEN["password"]))
    assert run(["scan", "-i", "hosts", *CHOSEN, "-o", "out", *ALL_FORMATS]) in {2, 3}
    Path("out").mkdir(exist_ok=True)
    Path("out/told").write_text("".join(capfd.readouterr()))
    assert "secscan: " in Path("out/told").read_text()
    assert found_below(Path("out"), GIVEN) == {}


def secret_fields() -> Iterator[tuple[str, Any]]:
    """Every field of every record of secscan whose name is that of a secret."""
    for info in pkgutil.walk_packages(secscan.__path__, "secscan."):
        if info.name.endswith(("__main__", ".env")):  # they run when they are imported: a command, Alembic's migrations
            continue
        for thing in vars(importlib.import_module(info.name)).values():
            if isinstance(thing, type) and thing.__module__ == info.name and dataclasses.is_dataclass(thing):
                for field in dataclasses.fields(thing):
                    if re.search("(password|passphrase|secret)(?!_keyring)", field.name):  # a keyring is where it is
                        yield f"{thing.__module__}.{thing.__name__}.{field.name}", field


def test_no_record_shows_a_secret_when_it_is_printed():
    fields = dict(secret_fields())
    assert "secscan.model.target.Target.password" in fields
    assert [name for name, field in fields.items() if field.repr] == []
    target = replace(Target("a"), password=GIVEN["password"], passphrase=GIVEN["passphrase"])
    assert traces(repr(target).encode(), GIVEN) == set()


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n"
"""What a private key looks like; the word inside is what must not be found again."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that hold secrets, to be laid over those of this machine in a mount namespace of the test's own."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + f"canary:x:4242:4242:Canary:{folder}/home:/bin/sh\n")
    (folder / "shadow").write_text("root:*:20000:0:99999:7:::\ncanary:$6$" + PLANTED["shadow_hash"] + "$abc:20000:0:99999:7:::\n")
    (folder / "gshadow").write_text("root:*::\ncanary:" + PLANTED["group_hash"] + "::\n")
    (folder / "home/.ssh").mkdir(parents=True)
    (folder / "home/.ssh/id_ed25519").write_text(KEY.format(PLANTED["private_key"]))
    (folder / "host_key").write_text(KEY.format(PLANTED["host_key"]))
    (folder / "ssl").mkdir()
    (folder / "ssl/canary.key").write_text(KEY.format(PLANTED["private_key"]))
    (folder / "app.conf").write_text(
        f"name = canary-app\npassword = {PLANTED['setting']}\nurl = https://backup:{PLANTED['url']}@vault/x\napi_key={PLANTED['setting']}\n"
    )
    (folder / "cron.d").mkdir()
    (folder / "cron.d/canary").write_text(
        f"0 1 * * * root PGPASSWORD={PLANTED['cron']} pg_dump canary\n"
        f"0 2 * * * root restic -r s3:https://key:{PLANTED['cron']}@vault/canary backup /srv --token {PLANTED['cron']}\n"
    )
    (folder / "sources").mkdir()
    (folder / "sources/canary.list").write_text(f"deb https://canary:{PLANTED['repository']}@mirror.invalid/debian stable main\n")
    (folder / "rsyslog.conf").write_text(
        f'*.* action(type="omelasticsearch" server="canary" uid="x" pwd="{PLANTED["log_target"]}")\n'
    )
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    folder.chmod(0o711)
    return folder


OVER = {
    "passwd": "/etc/passwd",
    "shadow": "/etc/shadow",
    "gshadow": "/etc/gshadow",
    "host_key": "/etc/ssh/ssh_host_ed25519_key",
    "ssl": "/etc/ssl/private",
    "cron.d": "/etc/cron.d",
    "sources": "/etc/apt/sources.list.d",
    "rsyslog.conf": "/etc/rsyslog.conf",
}


@pytest.fixture
def in_a_host_with_secrets(planted: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs a shell text where the planted files lie over those of this machine, beside a process with a secret in its words."""
    private = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*private, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no mount namespaces")
    mounts = "".join(f"mount --bind {planted / name} {place} || exit 90\n" for name, place in OVER.items() if Path(place).exists())
    sleeper = f"{sys.executable} -c 'import sys; sys.stdin.read()' canary-daemon --password={PLANTED['process']}"

    def execute(text: str) -> subprocess.CompletedProcess[bytes]:
        script = f"{mounts}mkfifo {tmp_path}/end\n{sleeper} <{tmp_path}/end &\nexec 9>{tmp_path}/end\n{text}\n"
        return subprocess.run([*private, "sh", "-c", script], capture_output=True, check=False, cwd=tmp_path)

    return execute


def test_no_secret_of_a_host_is_in_anything_that_is_written_about_it(tmp_path, planted, in_a_host_with_secrets):
    asked = {
        "hashes_told": {"who": {"probe": "account"}},
        "settings_told": {"text": {"probe": "file_content", "path": f"{planted}/app.conf"}},
        "key_told": {"text": {"probe": "file_content", "path": f"{planted}/ssl/canary.key"}},
        "value_told": {"text": {"probe": "config", "path": f"{planted}/app.conf", "key": "api_key"}},
        "output_told": {"said": {"probe": "command", "run": f"echo password: {PLANTED['output']}; cat {planted}/app.conf"}},
        "process_told": {"found": {"probe": "process", "name": "python*"}},
        "repositories_told": {"found": {"probe": "repositories"}},
        "jobs_told": {"found": {"probe": "cron"}},
        "logs_told": {"found": {"probe": "rsyslog"}},
    }
    content = write_checks(
        tmp_path / "content", *(Small(name, ask, [{"that": next(iter(ask)), "present": True}]) for name, ask in asked.items())
    )
    write_baseline(content, "canaries", f"extends: [un_minimum]\nrequirements: {{TESTS-1: [{', '.join(asked)}]}}\n")
    write_baseline(content, "few_canaries", f"requirements: {{TESTS-1: [{', '.join(asked)}]}}\n")
    call = f"{sys.executable} -m secscan"
    chosen = f"--content {content} -b canaries"
    large = ",".join(name for name in FORMATS if name != "pdf")  # to read hundreds of pages again takes long
    explained = "".join(
        f"{call} explain local {name} --saved out {chosen}\n" for name in ("settings_told", "output_told", "process_told")
    )
    done = in_a_host_with_secrets(
        f"{call} scan local {chosen} -o out -f {large}\necho scanned $?\n"
        f"{explained}{call} evaluate out/evidence {chosen} -f json\n{call} report out -f html\n"
        f"{call} evaluate out/evidence --content {content} -b few_canaries -o out/printed -f pdf"
    )
    told = done.stdout + done.stderr
    (tmp_path / "out" / "told").write_bytes(told)
    assert b"Traceback" not in told
    assert re.search(rb"\nscanned [14]\n", told), told[-2000:]
    (bundle,) = (tmp_path / "out" / "evidence").iterdir()
    evidence = gzip.decompress(bundle.read_bytes()).decode()
    looked_at = ("canary-app", "mirror.invalid", "pg_dump canary", "canary-daemon", "canary", "password: ***")
    assert [word for word in looked_at if word not in evidence] == [], "what was not looked at proves nothing"
    assert json.loads((tmp_path / "out" / "hosts" / "local.json").read_text())["host"]["uid"] == 0
    secrets = {**PLANTED, **GIVEN}
    assert traces((tmp_path / "out/printed/report.pdf").read_bytes(), {"shown": "canary-app"}) == {"shown"}
    assert found_below(tmp_path / "out", {name: secret for name, secret in secrets.items() if name != "output"}) == {}
    assert evidence.count(PLANTED["output"]) == 1, "a check's own text is told as it is, what it printed is not"
    assert found_below(tmp_path / "cache", {name: secret for name, secret in secrets.items() if name != "output"}) == {}
