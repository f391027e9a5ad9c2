"""Messages: short, in six languages, and nothing in them that a service would obey."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from news_items import DAY, NOW, ending, failure

from secscan.languages import LANGUAGES, wording
from secscan.notifying.letter import SUBJECT_LIMIT, Circumstances, inert, write_letter, write_test
from secscan.notifying.news import Digest, Item, Topic
from secscan.wording import ENGLISH

ABOUT = Circumstances("The baseline", "2026-11-21T02:30:00Z", "20261121T023000Z-abcdef", 10, 9, 0.5, 0.75)
HOSTILE = "<!channel> @everyone [gift](http://evil.example) <b>x</b> `rm` *y* _z_ #w ||s|| $(a) {{b}}"
HOSTILE += "\\c\r\nBcc: all@un.example\u202e\x1b[2J\x00"
EVERY_KIND = (
    Item(Topic.RUN, "run-0", name="run-0", ends=NOW),
    failure("one"),
    failure("two", subject="port 443"),
    failure("three", check="old_one", title="Old is gone", fresh=False),
    Item(Topic.UNREACHED, "", host="four", title="connection refused"),
    Item(Topic.GONE, "", host="five"),
    ending("W-1", NOW + DAY),
    ending("S-1", NOW - DAY, Topic.STATEMENT, stage="over"),
    ending("CN=erp.example.org", NOW + DAY, Topic.CERTIFICATE, host="one"),
)


ENGLISH_TEXTS = [
    "A run did not happen", "It is not known", "new failures", "New failures", "were there before", "not reached", "Not asked",
    "Has ended", "Ends soon", "No run has", "Waiver", "Statement", "Hosts reached", "coverage", "High",
]  # fmt: skip


def digest(*news: Item, reminders: tuple[Item, ...] = ()) -> Digest:
    return Digest(news, reminders, {})


def test_a_message_tells_the_run_and_every_kind_of_news_in_few_lines():
    letter = write_letter(digest(*EVERY_KIND, reminders=(failure("six", severity="critical"),)), ABOUT, ENGLISH, 10_000)
    assert letter.subject == (
        "The baseline: A run did not happen, 2 new failures, 2 failures still there, 1 host not reached, "
        "1 host not asked any more, 3 ends are near or over"
    )
    assert letter.body.splitlines() == [
        "The baseline, 2026-11-21 02:30 UTC, 20261121T023000Z-abcdef",
        "Hosts reached: 9 of 10, compliance 50.0%, coverage 75.0%",
        "",
        "A run did not happen (1)",
        "- No run has finished since 2027-01-15 08:00 UTC.",
        "",
        "New failures (2)",
        "- High: Root is refused (root_refused): one, two (port 443)",
        "",
        "Failures that were there before, and not told (1)",
        "- High: Old is gone (old_one): three",
        "",
        "Still failing (1)",
        "- Critical: Root is refused (root_refused): six",
        "",
        "Not reached (1)",
        "- four: connection refused",
        "",
        "Not asked any more (1)",
        "- five",
        "",
        "Has ended (1)",
        "- Statement S-1: 2027-01-14",
        "",
        "Ends soon (2)",
        "- Certificate CN=erp.example.org on one: 2027-01-16",
        "- Waiver W-1: 2027-01-16",
    ]


def test_failures_that_a_change_of_the_content_may_have_caused_stand_by_themselves():
    caused = (failure("one", by_content=True), failure("two"), failure("three", by_content=True, fresh=False))
    letter = write_letter(digest(*caused), ABOUT, ENGLISH, 10_000)
    assert letter.subject == "The baseline: 2 new failures, 1 failure still there"
    assert letter.body.splitlines()[3:] == [
        "New failures (1)",
        "- High: Root is refused (root_refused): two",
        "",
        "New failures of checks that were added or changed (1)",
        "- High: Root is refused (root_refused): one",
        "",
        "Failures that were there before, and not told (1)",
        "- High: Root is refused (root_refused): three",
    ]


def test_the_worst_comes_first_and_what_is_alike_is_one_line():
    items = [failure(f"host{number}") for number in range(9)] + [failure("one", "shell_open", "critical", title="No shell")]
    lines = write_letter(digest(*items), ABOUT, ENGLISH, 10_000).body.splitlines()[4:]
    assert lines == [
        "- Critical: No shell (shell_open): one",
        "- High: Root is refused (root_refused): host0, host1, host2, host3, host4 and 4 more",
    ]


@pytest.mark.parametrize("limit", [200, 1000, 2000, 4096, 30_000])
def test_ten_thousand_failures_are_one_message_of_the_size_that_the_service_takes(limit):
    items = [failure(f"host{number}", f"check_{number % 200}") for number in range(10_000)]
    letter = write_letter(digest(*items), ABOUT, ENGLISH, limit)
    assert len(letter.body) <= limit
    assert len(letter.subject) <= SUBJECT_LIMIT
    assert "10,000 new failures" in letter.subject
    assert "New failures (10,000)" in letter.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_in_the_language_of_the_channel(language):
    words = wording(language, None)
    unknown = Item(Topic.RUN, "unknown", title="no such database")
    letter = write_letter(digest(*EVERY_KIND, unknown), ABOUT, words, 10_000)
    said = f"{letter.subject}\n{letter.body}"
    assert [text for text in ENGLISH_TEXTS if text in said] == (ENGLISH_TEXTS if language == "en" else [])
    assert write_test(ABOUT, words).body
    for name in ("one, two", "four", "five", "W-1", "CN=erp.example.org", "root_refused", "no such database"):
        for part in name.split(", "):
            assert part in letter.body
    if language == "ar":
        assert letter.body.count("\u2068") == letter.body.count("\u2069") > 8


def everywhere(text: str) -> Digest:
    return digest(
        failure(text, subject=text, title=text),
        Item(Topic.UNREACHED, "", host=text, title=text),
        Item(Topic.GONE, "", host=text),
        ending(text, NOW, Topic.CERTIFICATE, host=text),
        ending(text, NOW),
    )


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_that_a_host_says_is_obeyed_by_any_service(language):
    letter = write_letter(everywhere(HOSTILE), Circumstances(HOSTILE, ABOUT.moment, "run-1"), wording(language, None), 100_000)
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject + letter.body
    for text in (letter.subject, letter.body):
        assert not set(text) & set("<>@[]`*#|{}$\\!&~\x1b\x00\u202e")
        assert "://" not in text
        assert not re.search(r"(?<!\w)_|_(?!\w)", text)
    assert {line[:2] for line in letter.body.splitlines()[3:] if line and not line.endswith(")")} == {"- "}


@given(st.text())
def test_an_inert_text_is_one_visible_line_without_signs_of_markup(text):
    shown = inert(text)
    assert len(shown) <= 120 * len("<U+10FFFF>")
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set("<>@[]`*#|{}$\\!&~")
    assert "//" not in shown
    assert inert(shown) == shown or len(text) > 100


def test_check_and_host_names_stay_as_they_are():
    for name in (
        "sshd_root_login_disabled",
        "web-1.example.org",
        "CN=erp,O=UN",
        "10.0.0.1:22",
        "fe80::1%eth0",
        "a (b)",
        "São Tomé",
    ):
        assert inert(name) == name
