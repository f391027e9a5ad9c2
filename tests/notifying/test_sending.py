"""Messages arrive where they are sent, and what goes wrong is told without what is secret."""

from __future__ import annotations

import logging
import sys
import time

import pytest
from news_items import failure

from secscan.notifying.letter import Circumstances, Letter, write_letter
from secscan.notifying.news import Digest
from secscan.notifying.sending import INSTALL, send
from secscan.wording import ENGLISH

HELLO = Letter("Hello: 1 new failure", "First line\n\n- second & third")


def test_a_mail_arrives_as_it_was_written(mail):
    assert send(mail.url, lambda limit: HELLO) == ""
    ((to, message),) = mail.messages
    assert to == ["officer@un.example"]
    assert message["Subject"] == HELLO.subject
    assert "- second & third" in message.get_body(("plain", "html")).get_content().replace("&amp;", "&")


def test_a_web_hook_gets_subject_and_text(web):
    assert send(web.url, lambda limit: HELLO) == ""
    ((path, body),) = web.messages
    assert path == "/canary-token-9931"
    assert (body["title"], body["message"]) == (HELLO.subject, HELLO.body)


def test_a_mail_in_another_alphabet_arrives_whole(mail):
    assert send(mail.url, lambda limit: Letter("Новые несоответствия", "主机 web1\nمضيف")) == ""
    message = mail.messages[0][1]
    assert message["Subject"] == "Новые несоответствия"
    assert message.get_body(("plain", "html")).get_content().split() == ["主机", "web1", "مضيف"]


def test_a_hostile_host_adds_no_header_and_no_recipient(mail):
    about = Circumstances("base\r\nBcc: all@un.example", "2026-11-21T02:30:00Z", "run-1")
    digest = Digest((failure("web1\r\nBcc: all@un.example\r\n\r\n.\r\nRCPT TO:<all@un.example>", title="x\nTo: y"),), (), {})
    assert send(mail.url, lambda limit: write_letter(digest, about, ENGLISH, limit)) == ""
    ((to, message),) = mail.messages
    assert to == ["officer@un.example"]
    assert message["Bcc"] is None
    assert message.get_all("To") == ["officer@un.example"]
    assert "all\uff20un.example" in str(message["Subject"])


def test_a_message_is_made_as_long_as_the_service_takes():
    asked = []

    def compose(limit: int) -> Letter:
        asked.append(limit)
        raise TimeoutError  # only the limit is wanted: nothing is sent

    send("discord://1234567890/abcdefghijklmnop", compose)
    assert asked == [2000]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("/refused/canary-token-9931", "was refused with status 401 of HTTP"),
        ("/slow/canary-token-9931", "no answer within 1 seconds"),
        ("/moved/canary-token-9931", "was refused with status 302 of HTTP"),  # to a page that takes no message
    ],
)
def test_a_refusal_and_a_silence_are_told_without_the_secret(web, place, why, caplog, capfd):
    started = time.monotonic()
    with caplog.at_level(logging.DEBUG):
        assert send(web.url.replace("/canary-token-9931", place), lambda limit: HELLO, timeout_s=1) == why
    assert time.monotonic() - started < 10
    captured = capfd.readouterr()
    assert "canary" not in caplog.text + captured.out + captured.err


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("json://canary-user:canary-password@127.0.0.1:1/canary-path", "was not delivered: refused, or not reached"),
        (
            "mailto://canary-user:canary-password@127.0.0.1:1?to=a@b.example&from=c@b.example",
            "was not delivered: refused, or not reached",
        ),
        ("nothing://canary-token", "this is no URL that Apprise knows"),
        ("canary-token", "this is no URL that Apprise knows"),
        ("slack://canary", "this is no URL that Apprise knows"),
    ],
)
def test_a_channel_that_cannot_work_is_told_without_the_secret(url, why, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        assert send(url, lambda limit: HELLO).startswith(why)
    captured = capfd.readouterr()
    assert "canary" not in caplog.text + captured.out + captured.err


def test_what_breaks_while_sending_is_told_by_its_kind_alone():
    def broken(_limit: int) -> Letter:
        raise ValueError("json://canary-secret")

    assert send("json://127.0.0.1:1/x", broken) == "broke: ValueError"


def test_without_apprise_it_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert send("json://127.0.0.1:1/x", lambda limit: HELLO) == INSTALL
