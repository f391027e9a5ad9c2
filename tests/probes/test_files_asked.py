"""The probes of files, asked of files made for the purpose: what is hidden, hostile or secret is treated as such."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from recorded import PROBES, make_call
from test_shell import run

from secscan.judge.observe import observe, split_batch
from secscan.model.probe import Observed
from secscan.model.values import Absent, Unobservable
from secscan.plan.compile import compile_plan
from secscan.probes.certificate_file import NAMING_LINES
from secscan.syntax.backup_commands import (
    BORGMATIC_AWK,
    COMMANDS_AWK,
    DUPLY_AWK,
    FILESET_AWK,
    PATTERNS_AWK,
    RSNAPSHOT_AWK,
    TAKEN_BACK,
    UNDECIDED,
    UNWRITTEN,
)

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
as_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become nobody")


def ask(name, shell=("sh",), **arguments):
    """What one call is answered by this machine: the raw answer and the observation."""
    call = make_call(PROBES[name], arguments)
    batch = next(batch for batch in compile_plan([call], PROBES).batches if batch.probe == name)
    (exhibit,) = split_batch(run(list(shell), batch), PROBES[name], 0)
    return exhibit.answer, observe(PROBES[name], call, exhibit.answer)


@pytest.fixture
def open_path(tmp_path):
    """A directory that everybody may search."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    return tmp_path


def test_a_dangling_link_is_absent_and_itself_when_not_followed(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    assert isinstance(ask("file", path=str(link))[1], Absent)
    assert ask("file", path=str(link), follow=False)[1].attributes["type"] == "symlink"


def test_a_loop_of_links_is_not_absence(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert isinstance(ask("file", path=str(tmp_path / "a"))[1], Unobservable)


def test_a_link_through_a_directory_that_others_may_write_is_not_safe(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open/inner").symlink_to("/etc/passwd")
    (tmp_path / "link").symlink_to(tmp_path / "open/inner")
    observed = ask("file", path=str(tmp_path / "link"))[1].attributes
    assert observed["target"] == "/etc/passwd"
    assert observed["parents_safe"] is False


@as_root
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("file", {"path": "{0}/hidden/x"}),
        ("file_content", {"path": "{0}/hidden/x"}),
        ("paths", {"patterns": ["{0}/hidden/*"]}),
        ("paths", {"patterns": ["{0}/hidden/x"]}),
        ("paths", {"patterns": ["{0}"], "recursive": True}),
        ("mount", {"path": "{0}/hidden/x"}),
        ("disk_usage", {"path": "{0}/hidden/x"}),
        ("certificate_file", {"paths": ["{0}/hidden/*.pem"]}),
        ("config", {"path": "{0}/hidden/x", "key": "a"}),
        ("config", {"path": "{0}/none", "key": "a", "dropins": ["{0}/hidden"]}),
        ("files", {"kind": "unowned"}),
    ],
)
def test_what_a_user_may_not_see_is_unobservable_never_absent(open_path, name, arguments):
    (open_path / "hidden").mkdir(mode=0o700)
    filled = {
        key: [item.format(open_path) for item in value]
        if isinstance(value, list)
        else value.format(open_path)
        if value is not True
        else value
        for key, value in arguments.items()
    }
    assert isinstance(ask(name, [*NOBODY, "sh"], **filled)[1], Unobservable)


def test_a_name_with_a_line_break_is_not_passed_over(tmp_path):
    (tmp_path / "a\nb").touch()
    assert isinstance(ask("paths", patterns=[f"{tmp_path}/*"])[1], Unobservable)
    assert isinstance(ask("paths", patterns=[str(tmp_path)], recursive=True)[1], Unobservable)


def test_too_many_files_are_not_shortened(tmp_path):
    for number in range(2001):
        (tmp_path / str(number)).touch()
    assert isinstance(ask("paths", patterns=[f"{tmp_path}/*"])[1], Unobservable)
    assert ask("paths", patterns=[f"{tmp_path}/1?"])[1].attributes["count"] == 10


def test_strange_names_are_found_as_they_are(tmp_path):
    names = ["a b", "[x]", "*", "$(id)", "it's", "-rf", "end"]
    for name in names:
        (tmp_path / name).touch()
    observed = ask("paths", patterns=[f"{tmp_path}/*"])[1].attributes["entries"]
    assert sorted(record["path"] for record in observed) == sorted(f"{tmp_path}/{name}" for name in names)


def test_content_that_imitates_the_answer_is_content(tmp_path):
    lines = ["end", "absent", "unobservable: x", "", "| y", "call 0", "refused z", "$(id) `id`"]
    (tmp_path / "f").write_text("\n".join(lines))
    assert ask("file_content", path=str(tmp_path / "f"))[1].attributes["lines"] == tuple(lines)


SECRETS = {
    "password": "db_password = hunter2hunter2",
    "yaml": "password: hunter2hunter2",
    "url": "repository = https://ann:hunter2hunter2@host/x",
    "token": 'export API_TOKEN="hunter2hunter2"',
    "share": "//nas/x /srv cifs user=x,password=hunter2hunter2 0 0",
    "hash": "root:$6$salt$hunter2hunter2:19000:0:99999:7:::",
    "shadow": "root:hunter2hunter2:19000:0:99999:7:::",
    "grub": "password_pbkdf2 root grub.pbkdf2.sha512.10000.hunter2hunter2",
    "key": "-----BEGIN EC PRIVATE KEY-----\nhunter2hunter2",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_stays_on_the_host(tmp_path, secret):
    (tmp_path / "f").write_text(f"{secret}\n")
    path = str(tmp_path / "f")
    assert b"hunter2" not in ask("file_content", path=path)[0].stdout
    assert b"hunter2" not in ask("command", run=f"cat {path}")[0].stdout
    key, separator, _ = secret.partition("=")
    if separator:
        assert b"hunter2" not in ask("config", path=path, key=key.removeprefix("export ").strip())[0].stdout


def test_a_private_key_beside_a_certificate_stays_on_the_host(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    both, key, binary = tmp_path / "both.pem", tmp_path / "key.pem", tmp_path / "key.der"
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(both)], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", str(key), "-outform", "DER", "-out", str(binary)], check=True, capture_output=True)
    secret = key.read_text().splitlines()[1]
    both.write_text(key.read_text() + both.read_text())
    answer, observation = ask("certificate_file", paths=[f"{tmp_path}/*"])
    assert secret.encode() not in answer.stdout
    assert isinstance(observation, Observed)
    (told,) = (record for record in observation.attributes["certificates"] if record["path"] == str(both))
    assert told["subject"] == "CN=x"


def test_a_long_list_of_revoked_certificates_tells_when_the_next_is_due_and_not_who_was_revoked(tmp_path):
    revoked = x509.RevokedCertificateBuilder(7, datetime(2026, 1, 1, tzinfo=UTC)).build()
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    until = datetime(2026, 2, 1, tzinfo=UTC)
    made = x509.CertificateRevocationListBuilder(issuer, datetime(2026, 1, 1, tzinfo=UTC), until, [], [revoked] * 400)
    told = made.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    kinds = {"list.pem": serialization.Encoding.PEM} | ({"list.crl": serialization.Encoding.DER} if shutil.which("openssl") else {})
    for name, encoding in kinds.items():
        (tmp_path / name).write_bytes(told.public_bytes(encoding))
    answer, observation = ask("certificate_file", paths=[f"{tmp_path}/*"])
    assert len(answer.stdout) < len(kinds) * 3000
    lists = observation.attributes["revocation_lists"]
    assert {record["path"] for record in lists} == {str(tmp_path / name) for name in kinds}
    assert {(record["issuer"], record["next_update"]) for record in lists} == {("CN=CA", until.timestamp())}
    assert observation.attributes["certificates"] == ()


@pytest.mark.parametrize(
    "line",
    [
        "    ssl_certificate /srv/tls/site.pem;",
        "SSLCertificateFile\t/srv/tls/site.pem",
        "smtpd_tls_cert_file = /srv/tls/site.pem",
        'ssl.pemfile = "/srv/tls/site.pem"',
        "    bind :443 ssl crt /srv/tls/site.pem",
        "olcTLSCertificateFile: /srv/tls/site.pem",
        "ssl_cert_file = '/srv/tls/site.pem'",
        "ssl_crl_file = '/srv/tls/revoked.crl'",
        "    bind :443 ssl crt /srv/tls/site.pem crl-file /srv/tls/revoked.crl",
        "SSLCARevocationFile /srv/tls/revoked.crl",
    ],
)
def test_lines_that_name_a_certificate_are_found_by_grep(line):
    found = subprocess.run(["grep", "-E", NAMING_LINES], input=f"# nothing\n{line}\n", capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.strip(), found.stderr) == (0, line.strip(), "")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param("kernel.kptr_restrict = 0", "0", id="dots"),
        pytest.param("kernel/kptr_restrict=0", "0", id="slashes"),
        pytest.param("-kernel.kptr_restrict = 0", "0", id="may-fail"),
        pytest.param("- kernel/kptr_restrict = 0", "0", id="both"),
        pytest.param("kernel.kptr/restrict = 0", "2", id="another"),
    ],
)
def test_names_of_kernel_parameters_are_read_as_sysctl_reads_them(tmp_path, line, value):
    (tmp_path / "10.conf").write_text("kernel.kptr_restrict = 2\n")
    (tmp_path / "20.conf").write_text(f"{line}\n")
    wanted = {"path": str(tmp_path / "none"), "dropins": [str(tmp_path)], "key": "kernel.kptr_restrict", "main": "last"}
    _, observation = ask("config", **wanted, style="sysctl")
    assert observation.attributes["value"] == value


def test_drop_ins_are_merged_by_name_and_a_null_link_hides_one(tmp_path):
    for directory in ("etc", "lib"):
        (tmp_path / directory).mkdir()
    (tmp_path / "main").write_text("[A]\nk=main\n[B]\nk=other\n")
    (tmp_path / "lib/10.conf").write_text("[A]\nk = vendor\n")
    (tmp_path / "lib/20.conf").write_text("[A]\nk=hidden\n")
    (tmp_path / "etc/20.conf").symlink_to("/dev/null")
    (tmp_path / "etc/05.conf").write_text("[A]\n; k=comment\nk=early \\\n too\n")
    arguments = {"path": str(tmp_path / "main"), "style": "ini", "section": "A", "key": "k"}
    observed = ask("config", **arguments, dropins=[str(tmp_path / "etc"), str(tmp_path / "lib")])[1].attributes
    assert observed["values"] == ("main", "early  too", "vendor")
    assert observed["source"] == str(tmp_path / "lib/10.conf")


def test_a_command_cannot_print_its_own_exit_status():
    answer, observation = ask("command", run="printf 'x\\nexit 0\\n'; exit 5")
    assert answer.stdout == b"| x\n| exit 0\nexit 5\n"
    assert isinstance(observation, Unobservable)


@pytest.mark.parametrize("awk", ["awk", "busybox awk"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "restic -q -r sftp:r@v:/srv/restic --password-file /p backup /srv/erp /etc",
            ["restic", "target sftp:r@v:/srv/restic", "path /srv/erp", "path /etc"],
        ),
        (
            "ExecStart=/usr/bin/restic backup --verbose '/srv/erp' --exclude /srv/erp/cache",
            ["restic", "path /srv/erp", "exclude /srv/erp/cache"],
        ),
        (
            'borg create --stats "ssh://b:secret@v/srv/borg::erp-{now}" /srv/erp \\\n  /home',
            ["borg", "target ssh://v/srv/borg", "path /srv/erp", "path /home"],
        ),
        ("0 2 * * * root X=hunter2 restic backup /srv; restic forget --prune", ["restic", "path /srv"]),
        ("restic backup --files-from /etc/list", ["restic", "opaque it takes a list from elsewhere"]),
        ("restic backup $PLACES /srv", ["restic", f"opaque {UNWRITTEN}", "path /srv"]),
        ("restic backup .", ["restic", f"opaque {UNWRITTEN}"]),
        ("restic backup /srv/* ", ["restic", f"opaque {UNWRITTEN}"]),
        ("# restic backup /srv", []),
        ("restic snapshots; borg list /srv/borg; tar c /home", []),
        ("borg create repo::a /a && borg create repo::b /b", ["borg", "target repo", "path /a", "borg", "target repo", "path /b"]),
        (
            "restic backup -x --exclude-file=/etc/ex -e '*.tmp' --exclude-caches --limit-upload 100 /",
            ["restic", "bounded", "from /etc/ex", "exclude *.tmp", "path /"],
        ),
        ("restic backup --iexclude=Cache / ", ["restic", f"vague {UNDECIDED}", "path /"]),
        ("restic backup --exclude-larger-than 1G /srv", ["restic", f"vague {UNDECIDED}", "path /srv"]),
        ("restic backup --exclude $LEFT -e '!keep' /srv", ["restic", f"vague {UNWRITTEN}", f"vague {TAKEN_BACK}", "path /srv"]),
        (
            "borg create --exclude-from /etc/ex -e 'home/*/.cache' ::n /",
            ["borg", "from /etc/ex", "exclude home/*/.cache", "path /"],
        ),
        (
            "duplicity full --exclude /srv/tmp /srv sftp://u:secret@h/b",
            ["duplicity", "target sftp://h/b", "exclude /srv/tmp", "path /srv"],
        ),
        (
            "duplicity --include /etc --include /srv --exclude '**' / file:///b",
            ["duplicity", "target file:///b", "path /etc", "path /srv"],
        ),
        (
            "duplicity --include /srv/a --exclude /srv / file:///b",
            ["duplicity", "target file:///b", f"vague {TAKEN_BACK}", "exclude /srv", "path /"],
        ),
        ("duplicity restore file:///b /srv; duplicity remove-older-than 2M file:///b; duplicity file:///b /srv", []),
        (
            "rsync -aHx -e 'ssh -p 22' --exclude=/cache /srv/erp/ b@v:/copies/$(date +%F)",
            ["rsync", "bounded", "exclude /cache", "path /srv/erp/"],
        ),
        ("rsync -aR root@db1:/srv/erp /srv/copies && true", ["rsync", "relative", "remote db1:/srv/erp", "target /srv/copies"]),
        ("rsync -a --filter=._rules /a /b", ["rsync", f"vague {UNDECIDED}", "path /a", "target /b"]),
        ("rsync -an /a /b; rsync --dry-run /a /b; apt install restic rsync duplicity", []),
    ],
)
def test_of_a_command_that_makes_a_backup_only_what_it_saves_is_told(tmp_path, awk, line, told):
    if not shutil.which(awk.split(" ", maxsplit=1)[0]):
        pytest.skip(f"{awk} is not installed")
    script = tmp_path / "job"
    script.write_text(f"#!/bin/sh\n{line}\n")
    said = subprocess.run([*awk.split(), COMMANDS_AWK, str(script)], capture_output=True, text=True, check=True).stdout
    assert [each.removesuffix(f" {script}").removeprefix("source ") for each in said.splitlines()] == told


def said_by(program: str, *files, **variables) -> list[str]:
    words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    return subprocess.run(
        ["awk", *words, program, *map(str, files)], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_lists_of_borgmatic_and_rsnapshot_are_told_as_they_are_written(tmp_path):
    (tmp_path / "b").write_text(
        "repositories:\n  - path: ssh://u:secret@v/srv/borg\n    label: far\n  - path: /mnt/borg\n"
        "source_directories:\n    - /home  # people\n    - '/srv'\n"
        "exclude_patterns:\n    - '*.pyc'\n    - /home/*/.cache\nexclude_from:\n    - /etc/left\n"
        "one_file_system: true\nkeep_daily: 7\n"
    )
    (tmp_path / "r").write_text(
        "snapshot_root\t/srv/rsnapshot/\n#backup\t/no\tx/\nexclude\t/home/*/tmp\nexclude_file\t/etc/left\none_fs\t1\n"
        "backup\t/home/\tlocalhost/\nbackup\troot@db1:/srv/erp/\tdb1/\n"
    )
    assert said_by(BORGMATIC_AWK, tmp_path / "b")[1:] == [
        "target ssh://v/srv/borg", "target /mnt/borg", "path /home", "path /srv", "exclude *.pyc", "exclude /home/*/.cache",
        "from /etc/left", "bounded",
    ]  # fmt: skip
    assert said_by(RSNAPSHOT_AWK, tmp_path / "r")[1:] == [
        "target /srv/rsnapshot/", "relative", "exclude /home/*/tmp", "from /etc/left", "bounded", "path /home/",
        "remote db1:/srv/erp/",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("exclude_if_present:\n  - .nobackup\n", f"vague {UNDECIDED}"),
        ("exclude_patterns: ['*.o']\n", f"vague {UNDECIDED}"),
        ("exclude_nodump: true\n", f"vague {UNDECIDED}"),
        ("patterns:\n  - R /\n", "opaque it takes a list from elsewhere"),
        ("<<: !include /etc/other.yaml\n", "opaque it takes a list from elsewhere"),
    ],
)
def test_what_borgmatic_does_not_tell_by_names_is_told_as_unknown(tmp_path, line, told):
    (tmp_path / "b").write_text(f"source_directories:\n  - /srv\n{line}")
    assert told in said_by(BORGMATIC_AWK, tmp_path / "b")


def test_a_profile_of_duply_tells_what_its_list_leaves_and_not_its_passwords(tmp_path):
    (tmp_path / "conf").write_text("GPG_PW='secret'\nSOURCE='/srv'\nTARGET='sftp://u:secret@v/b'\n#SOURCE=/no\n")
    (tmp_path / "exclude").write_text("# no\n- /srv/tmp\n/srv/cache\n")
    assert said_by(DUPLY_AWK, tmp_path / "conf", tmp_path / "exclude")[1:] == [
        "target sftp://v/b", "exclude /srv/tmp", "exclude /srv/cache", "path /srv",
    ]  # fmt: skip
    (tmp_path / "exclude").write_text("+ /srv/erp\n+ /etc\n- **\n")
    assert said_by(DUPLY_AWK, tmp_path / "conf", tmp_path / "exclude")[2:] == ["path /srv/erp", "path /etc"]


def test_a_file_set_of_a_director_tells_what_it_includes_and_excludes(tmp_path):
    (tmp_path / "f").write_text(
        'Director { Name = dir; Password = "secret" }\nFileSet {\n  Name = "Full Set"\n  Include {\n    Options {\n'
        "      Signature = MD5\n    }\n    File = /srv # all\n    File = /etc\n  }\n  Exclude {\n    File = /srv/tmp\n  }\n}\n"
        'FileSet { Name = "Other"; Include { Options { OneFS = no; Exclude = yes; WildFile = "*.o" }; File = "</etc/list" } }\n'
    )
    assert said_by(FILESET_AWK, tmp_path / "f", tool="bareos") == [
        "source bareos Full Set", "path /srv", "path /etc", "bounded", "exclude /srv/tmp",
        "source bareos Other", f"vague {UNDECIDED}", "opaque it takes a list from elsewhere",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# no\n/srv/tmp\n- *.o\n\n", ["exclude /srv/tmp", "exclude *.o"]),
        ("+ /srv/a\n", [f"vague {TAKEN_BACK}"]),
        ("/srv\nroot:$y$j9T$x:19000:0:99999:7:::\n", ["vague FILE holds more than plain patterns"]),
    ],
    ids=["patterns", "some taken back", "no patterns"],
)
def test_of_a_list_of_patterns_nothing_leaves_the_host_when_it_holds_anything_else(tmp_path, text, told):
    (tmp_path / "list").write_text(text)
    assert [line.replace(str(tmp_path / "list"), "FILE") for line in said_by(PATTERNS_AWK, tmp_path / "list")] == told
