"""Which trusted certificates the distribution did not bring, with stores of one's own in place of the machine's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_settings_asked import as_root, ask, every_shell

from secscan.model.values import Unobservable

MOZILLA = Path("/usr/share/ca-certificates/mozilla")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
LOCAL = "/usr/local/share/ca-certificates"
pytestmark = [as_root, pytest.mark.skipif(not MOZILLA.is_dir(), reason="needs ca-certificates of Debian")]


@pytest.fixture
def host(tmp_path):
    """Lays a directory of trusted certificates with a whole bundle over this machine's, and no local ones."""
    certs, local = tmp_path / "certs", tmp_path / "local"
    certs.mkdir()
    local.mkdir()
    known = sorted(MOZILLA.glob("*.crt"))
    (certs / "ca-certificates.crt").write_text("".join(path.read_text() for path in known))
    (certs / "one.pem").symlink_to(known[0])
    return {"/etc/ssl/certs": certs, LOCAL: local}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority that nobody approved, as PEM."""
    folder = tmp_path_factory.mktemp("authority")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Stranger -days 9 -keyout k -out c"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return (folder / "c").read_text()


def added(over, shell="dash"):
    _, observed = ask("trust_store", {path: source for path, source in over.items() if Path(path).is_dir()}, shell)
    if isinstance(observed, Unobservable):
        return observed.reason
    return [(record["path"], record["subject"]) for record in observed.attributes["added"]]


@every_shell
def test_those_of_the_distribution_are_not_told(host, shell):
    assert added(host, shell) == []


@every_shell
def test_one_that_was_appended_to_the_bundle_is_told(host, stranger, shell):
    with (host["/etc/ssl/certs"] / "ca-certificates.crt").open("a") as bundle:
        bundle.write(stranger)
    assert added(host, shell) == [(BUNDLE, "CN=Stranger")]


def test_one_in_a_file_or_behind_a_link_is_told_once(host, stranger, tmp_path):
    (tmp_path / "elsewhere").write_text(stranger.replace("\n", "\r\n"))
    (host["/etc/ssl/certs"] / "0a1b2c3d.0").symlink_to(tmp_path / "elsewhere")
    (host["/etc/ssl/certs"] / "zz.pem").write_text(stranger)
    assert added(host) == [("/etc/ssl/certs/0a1b2c3d.0", "CN=Stranger")]


def test_one_that_is_local_is_told_before_the_bundle_holds_it(host, stranger):
    (host[LOCAL] / "corp.crt").write_text(stranger)
    assert added(host) == [(f"{LOCAL}/corp.crt", "CN=Stranger")]


def test_a_file_of_the_distribution_that_was_changed_is_none_of_it(host, stranger, tmp_path):
    changed = tmp_path / "changed"
    changed.write_text(stranger)
    target = min(MOZILLA.glob("*.crt"))
    (host["/etc/ssl/certs"] / "zz.pem").write_text(stranger)
    over = {**host, "/usr/share/ca-certificates/mozilla": tmp_path / "mozilla"}
    (tmp_path / "mozilla").mkdir()
    for path in MOZILLA.glob("*.crt"):
        (tmp_path / "mozilla" / path.name).write_bytes(changed.read_bytes() if path == target else path.read_bytes())
    assert "CN=Stranger" in {subject for _, subject in added(over)}


def test_where_nothing_tells_what_the_distribution_brought_there_is_no_answer(host):
    assert "cannot be told" in added({**host, "/var/lib/dpkg/info": "empty"})


def test_a_certificate_that_is_not_text_is_no_answer(host):
    (host[LOCAL] / "corp.crt").write_bytes(b"0\x82\x01\x00")
    assert "corp.crt holds certificates in a form" in added(host)
