"""Which messages syslog-ng sends elsewhere: followed by the words of its files, and tried on the program where it is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from secscan.syntax.syslog_ng import LIST_AWK, parse_syslog_ng
from secscan.syntax.syslog_ng_flow import Sending, follow

COMMON = """@version: 3.38
source s { SYSTEM; };
source other { internal(); };
destination n { network("127.0.0.1" port(PORT)); };
destination f { file("HERE/log"); };
filter a { facility(auth, authpriv); };
filter m { facility(mail); };
"""
PATH = "log { source(s); destination(n); };"
# What the program itself does is tried too: of sshd by auth.info, sudo by authpriv.info and su by authpriv.notice.
REACHED = {
    "a path of the system": (PATH, True),
    "another path before it": (f"log {{ source(s); filter(a); destination(f); }}; {PATH}", True),
    "destination before filter": ("log { source(s); destination(n); filter(m); destination(f); };", True),
    "sign-ins alone": ("log { source(s); filter(a); destination(n); };", True),
    "one facility of them": ("log { source(s); filter { facility(authpriv) and level(info..emerg); }; destination(n); };", True),
    "everything but mail": ("log { source(s); filter { not filter(m) }; destination(n); };", True),
    "a filter and its contrary": (
        "log { source(s); filter(a); destination(n); }; log { source(s); filter { not filter(a) }; destination(n); };", True
    ),
    "mail is final before it": (f"log {{ source(s); filter(m); destination(f); flags(final); }}; {PATH}", True),
    "a final path without its filter": (
        f"log {{ source(s); destination(f); filter(m); flags(final); }}; {PATH}", True
    ),
    "a path that catches all": ("log { destination(n); flags(catchall); }; log { source(s); destination(f); };", True),
    "what no other path took": (
        "log { source(s); destination(n); flags(fallback); }; log { source(s); filter(m); destination(f); };", True),
    "written in the path": ('log { source(s); destination { network("127.0.0.1" port(PORT)); }; };', True),
    "no path": ("log { source(s); destination(f); };", False),
    "a path without a source": ("log { destination(n); }; log { source(s); destination(f); };", False),
    "a path of another source": ("log { source(other); destination(n); }; log { source(s); destination(f); };", False),
    "a filter of mail": ("log { source(s); filter(m); destination(n); };", False),
    "a filter of errors": ("log { source(s); filter { level(err..emerg); }; destination(n); };", False),
    "a filter of one program": ('log { source(s); filter { program("^portal$"); }; destination(n); };', False),
    "sign-ins are final before it": (
        f"log {{ source(s); filter(a); destination(f); flags(final); }}; {PATH}", False
    ),
    "sign-ins are discarded before it": (f"log {{ source(s); filter(a); flags(final); }}; {PATH}", False),
    "all is final before it": (f"log {{ source(s); flags(final); }}; {PATH}", False),
    "others took them": (
        "log { source(s); destination(n); flags(fallback); }; log { source(s); filter(a); destination(f); };", False),
    "commented out": (f"log {{ source(s); destination(f); }}; # {PATH}", False),
}  # fmt: skip
NOT_FOLLOWED = {
    "a text of the message": 'log { source(s); filter { message("session"); }; destination(n); };',
    "a text is discarded": f'log {{ source(s); filter {{ match("x" value("MESSAGE")); }}; flags(final); }}; {PATH}',
    "a pattern": 'log { source(s); filter { program("s(sh|u)"); }; destination(n); };',
    "a parser": "parser p { csv-parser(columns(A)); }; log { source(s); parser(p); destination(n); };",
    "a rewrite before a filter": 'rewrite r { set-facility("mail"); }; log { source(s); rewrite(r); filter(a); destination(n); };',
    "a branch": "log { source(s); if (facility(mail)) { destination(f); } else { destination(n); }; };",
    "a path in a path": "log { source(s); log { filter(a); destination(n); }; };",
    "a filter that is not there": "log { source(s); filter(gone); destination(n); };",
    "filters that name each other":
        "filter x { filter(y); }; filter y { filter(x); }; log { source(s); filter(x); destination(n); };",
    "a source of a block": "source b { my-own(); }; log { source(b); destination(n); };",
    "some of the journal": 'source j { systemd-journal(match("_UID" "0")); }; log { source(j); destination(n); };',
}  # fmt: skip


def written(directory: Path, text: str, system: str = "system()") -> Path:
    file = directory / "syslog-ng.conf"
    (directory / "conf.d").mkdir()
    text = f"{COMMON}@include 'HERE/conf.d/*.conf'\n@@@{text}"
    text = text.replace("SYSTEM", system).replace("HERE", str(directory))
    before, _, after = text.partition("@@@")
    file.write_text(before)
    (directory / "conf.d/paths.conf").write_text(f"{after}\n")
    return file


def listed(file: Path, awk: str = "awk") -> list[str]:
    command = [*awk.split(), "-v", f"main={file}", LIST_AWK]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def sent_by(file: Path, awk: str = "awk") -> Sending:
    lines = listed(file, awk)
    assert not [line for line in lines if line.startswith("fault ")], lines
    found = follow(parse_syslog_ng(lines))
    return next((each for each in reversed(found) if each.reached is not False), found[-1])


@pytest.mark.parametrize("awk", ["awk", "busybox awk", "mawk", "gawk"])
@pytest.mark.parametrize(("text", "reached"), REACHED.values(), ids=REACHED)
def test_what_comes_to_a_receiver_is_told_by_the_paths_before_it(tmp_path, awk, text, reached):
    if not shutil.which(awk.split(maxsplit=1)[0]):
        pytest.skip(f"{awk} is not installed")
    found = sent_by(written(tmp_path, text.replace("PORT", "514")), awk)
    assert (found.reached, found.host, found.driver) == (reached, "127.0.0.1", "network")


@pytest.mark.parametrize("text", NOT_FOLLOWED.values(), ids=NOT_FOLLOWED)
def test_what_cannot_be_followed_is_not_known_and_says_where(tmp_path, text):
    found = sent_by(written(tmp_path, text))
    assert (found.reached, str(tmp_path) in found.doubt) == (None, True)


@pytest.mark.skipif(not shutil.which("syslog-ng"), reason="not installed: syslog-ng-core")
@pytest.mark.parametrize(("text", "reached"), REACHED.values(), ids=REACHED)
def test_syslog_ng_itself_sends_what_is_told(tmp_path, text, reached):
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        file = written(tmp_path, text.replace("PORT", str(receiver.getsockname()[1])), f'unix-dgram("{tmp_path}/log.sock")')
        file.write_text(file.read_text().replace("PORT", str(receiver.getsockname()[1])))
        own = [f"--persist-file={tmp_path}/p", f"--pidfile={tmp_path}/pid", f"--control={tmp_path}/ctl"]
        with subprocess.Popen(["syslog-ng", "-F", "--no-caps", "-f", str(file), *own], stderr=subprocess.DEVNULL) as program:
            try:
                assert received(receiver, tmp_path, 20 if reached else 0.5) is reached
            finally:
                program.terminate()


def received(receiver: socket.socket, directory: Path, limit_s: float) -> bool:
    """Whether what sudo says comes within some seconds after it is said."""
    deadline = time.monotonic() + 20
    while not (directory / "log.sock").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(str(directory / "log.sock"))
        for number, program in ((38, "sshd"), (86, "sudo"), (85, "su")):
            sender.send(f"<{number}>{program}[1]: hello".encode())
    receiver.settimeout(limit_s)
    text = b""
    try:
        connection, _ = receiver.accept()
        with connection:
            connection.settimeout(limit_s)
            while b"sudo[1]" not in text and (part := connection.recv(9999)):
                text += part
    except TimeoutError:
        pass
    return b"sudo[1]" in text


@pytest.mark.parametrize("awk", ["awk", "busybox awk", "mawk", "gawk"])
def test_nothing_of_syslog_ng_leaves_the_host_that_may_be_a_password(tmp_path, awk):
    if not shutil.which(awk.split(maxsplit=1)[0]):
        pytest.skip(f"{awk} is not installed")
    file = tmp_path / "syslog-ng.conf"
    file.write_text(
        "@define key verysecret\npython { key = 'verysecret' };\nblock source x(key('verysecret')) { y(key(\"`key`\")); };\n"
        "template t { template('verysecret'); };\n"
        "destination d { http(url('https://verysecret@h/') password(verysecret) user_name('verysecret')); "
        "network('h' tls(key-file('verysecret'))); program('x --verysecret'); };\n"
        "log { source { sql(password(\"verysecret\")); }; filter { match('verysecret' value('x')); }; };\n"
    )
    lines = listed(file, awk)
    assert "verysecret" not in "".join(lines)
    keys = "network ( h tls ( key-file ( _ ) ) )"
    assert [line.partition(" ")[2] for line in lines] == [
        f"destination d {{ http ( url ( _ ) password ( _ ) user_name ( _ ) ) ; {keys} ; program ( _ ) ; }}",
        "log { source { sql ( password ( _ ) ) ; } ; filter { match ( _ value ( _ ) ) ; } ; }",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('@include "/nowhere/x.conf"', "syslog-ng.conf:1 includes /nowhere/x.conf, which is not found"),
        ("include '$(id)';", "syslog-ng.conf:1 includes a name that is not understood"),
        ('destination d { network("a\n");', "syslog-ng.conf:1 has a text that goes on in the next line, which is not followed"),
        ("`PATHS`", "syslog-ng.conf:1 begins with a word that is made up elsewhere"),
        ("log { source(s);", "syslog-ng.conf:1 does not end"),
    ],
)
def test_files_of_syslog_ng_that_cannot_be_followed_are_told_with_the_line(tmp_path, text, fault):
    (tmp_path / "syslog-ng.conf").write_text(f"{text}\n")
    assert f"fault {tmp_path}/{fault}" in listed(tmp_path / "syslog-ng.conf")


@pytest.mark.parametrize(
    ("system", "reads"),
    [
        ("system()", True),
        ("systemd-journal(prefix('.SDATA.'))", True),
        ("unix-dgram('/dev/log')", False),
        ("systemd-syslog()", False),
    ],
)
def test_what_comes_out_of_the_journal_is_told_apart_from_what_journald_passes_on(tmp_path, system, reads):
    found = sent_by(written(tmp_path, PATH, system))
    assert (found.reached, found.reads_journal) == (True, reads)


@pytest.mark.parametrize("system", ["network(port(514))", "file('/var/log/x')", "unix-dgram('/run/own')", "internal()"])
def test_what_is_not_the_log_of_the_host_is_no_copy_of_it(tmp_path, system):
    assert sent_by(written(tmp_path, PATH, system)).reached is False


def test_a_destination_of_another_driver_is_told_without_a_verdict(tmp_path):
    text = "destination h { http(url('https://logs.example.org')); }; log { source(s); destination(h); };"
    found = sent_by(written(tmp_path, text))
    assert (found.driver, found.host, found.reached) == ("http", None, None)
    assert found.doubt == f"{tmp_path}/conf.d/paths.conf:1 sends by http, which is not followed"
