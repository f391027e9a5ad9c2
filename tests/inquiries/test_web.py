"""Web servers, asked from outside."""

from __future__ import annotations

import time

import pytest
from asked_outside import ask, seen
from peer_servers import HOSTILE, NAME, free_port, over_tls

from secscan.model.values import Absent, Unobservable


def answering(text: str, heard: list[bytes] | None = None):
    """A web server that says the same to everybody."""

    def handle(connection):
        request = connection.recv(65_536)
        if heard is not None:
            heard.append(request)
        connection.sendall(text.replace("\n", "\r\n").encode())

    return handle


GOOD = """HTTP/1.1 200 OK
Server: nginx
Strict-Transport-Security: max-age=31536000; includeSubDomains
Content-Security-Policy: default-src 'self'; frame-ancestors 'none'
X-Content-Type-Options: nosniff
Referrer-Policy: no-referrer
Set-Cookie: SESSIONID=verysecret; Path=/; Secure; HttpOnly; SameSite=Lax
Content-Length: 5

hello"""


def test_headers_and_cookies_are_read_as_browsers_read_them(serve, authority):
    certified = authority.issue()

    def handle(connection):
        with over_tls(certified, connection) as secured:
            answering(GOOD)(secured)

    port = serve(handle)
    found = seen("http_response", port=port, name=NAME)
    assert (found["status"], found["redirect"]) == (200, Absent("a redirect"))
    assert (found["hsts_max_age"], found["hsts_subdomains"]) == (31536000, True)
    assert (found["framing"], found["content_type_options"], found["referrer_policy"]) == ("'none'", "nosniff", "no-referrer")
    assert (found["software"], found["tells_version"]) == (("nginx",), False)
    cookie = {"name": "SESSIONID", "secure": True, "http_only": True, "same_site": "lax", "session": True}
    assert found["cookies"] == (cookie,)
    assert isinstance(found["text"], Unobservable)


def test_what_a_cookie_holds_is_not_kept(serve):
    found = seen("http_response", scheme="http", port=serve(answering(GOOD)))
    assert not [header for header in found["headers"] if "verysecret" in header["value"]]


@pytest.mark.parametrize(
    ("location", "whole"),
    [
        pytest.param("https://other.example.org/x", "https://other.example.org/x", id="whole"),
        pytest.param("//other.example.org/x", "http://other.example.org/x", id="without-scheme"),
        pytest.param("/login", "http://www.example.org:PORT/login", id="path"),
    ],
)
def test_a_redirect_is_told_and_not_followed(serve, location, whole):
    heard: list[bytes] = []
    port = serve(answering(f"HTTP/1.1 301 Moved\nLocation: {location}\nContent-Length: 0\n\n", heard))
    found = seen("http_response", scheme="http", port=port, name=NAME)
    assert (found["status"], found["redirect"]) == (301, whole.replace("PORT", str(port)))
    assert len(heard) == 1
    assert f"Host: {NAME}:{port}\r\n".encode() in heard[0]


def test_a_page_in_pieces_and_a_security_txt_are_read(serve):
    body = "Contact: mailto:a@example.org\r\nExpires: 2030-01-01T00:00:00Z\r\n"
    chunked = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    port = serve(lambda connection: (connection.recv(9999), connection.sendall(chunked.encode())))
    found = seen("http_response", scheme="http", text=True, path="/.well-known/security.txt", port=port)
    assert found["security_contact"] == "mailto:a@example.org"
    assert found["security_expires"] == 1893456000


@pytest.mark.parametrize("behave", HOSTILE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_hostile_peer_is_no_web_server(serve, behave, scheme):
    began = time.monotonic()
    assert isinstance(ask("http_response", scheme=scheme, port=serve(behave), limit_s=2), Unobservable)
    assert isinstance(ask("http_files", scheme=scheme, port=serve(behave), limit_s=2), Unobservable)
    assert time.monotonic() - began < 8


def test_endless_headers_and_too_many_are_no_answer(serve):
    many = "HTTP/1.1 200 OK\n" + "X-A: b\n" * 99 + "X-B: c\n" * 50 + "\n"
    assert isinstance(ask("http_response", scheme="http", port=serve(answering(many))), Unobservable)

    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-A: b\r\n" * 1000)

    assert isinstance(ask("http_response", scheme="http", port=serve(endless)), Unobservable)


def test_a_closed_port_has_no_web_server():
    assert isinstance(ask("http_response", scheme="http", port=free_port()), Absent)


def site(pages: dict[str, str], otherwise: str):
    def handle(connection):
        path = connection.recv(65_536).split()[1].decode()
        status, _, body = pages.get(path, otherwise).partition(" ")
        connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    return handle


def test_published_working_files_are_found_and_their_contents_stay_there(serve):
    pages = {"/.git/HEAD": "200 ref: refs/heads/main\n", "/.env": "200 DB_PASSWORD=hidden\n", "/phpinfo.php": "403 <html>no</html>"}
    found = seen("http_files", scheme="http", port=serve(site(pages, "404 <html>nothing</html>")))
    assert found["published"] == ("/.git/HEAD", "/.env")
    kinds = {record["path"]: record["kind"] for record in found["paths"]}
    assert (kinds["/.git/HEAD"], kinds["/.env"]) == ("git", "settings")


def test_a_site_that_answers_everything_with_its_own_page_publishes_nothing(serve):
    found = seen("http_files", scheme="http", port=serve(site({}, "200 <!doctype html><p>single page</p>")))
    assert found["published"] == ()


def test_old_servers_are_asked_for_their_pages_too(tls_server, authority):
    port = tls_server(authority.issue(), "-tls1", "-cipher", "ALL:@SECLEVEL=0")
    assert seen("http_response", port=port)["status"] == 200
