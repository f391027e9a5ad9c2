"""From a page to the source of the typesetter: texts are literals, long words may break, columns are as wide as they must be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.reporters.html.columns import Column, widths
from secscan.reporters.html.letters import LONG, first_direction, literal, words
from secscan.reporters.html.paper import Paper

LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPES = {"\\n": "\n", "\\r": "\r", '\\"': '"', "\\\\": "\\"}


def column(*texts, pictures=False, numbers=False):
    made = Column()
    for text in texts:
        made.add(text, pictures, numbers)
    return made


def read_back(parts):
    """What Typst would read: the texts of literals, and a space where one is."""
    return "".join(
        " " if part == "[ ]" else re.sub(r"\\.", lambda found: ESCAPES[found[0]], LITERAL.fullmatch(part)[1])
        for part in parts
        if part != "z"
    )


@given(st.text())
def test_a_literal_is_one_string_whatever_the_text(text):
    assert LITERAL.fullmatch(literal(text))
    assert read_back([literal(text)]) == text


@given(st.text(alphabet="ab1/._-:=日ж", max_size=200))
def test_places_to_break_add_nothing_to_a_text(text):
    assert read_back(words(text, isolated=False)) == text


@pytest.mark.parametrize(
    "word", ["/usr/local/share/ca-certificates", "sshd_root_login_disabled", "0123456789abcdef" * 4, "A" * 100]
)
def test_a_long_word_may_be_broken_before_it_fills_a_narrow_column(word):
    parts = [part for part in words(word, isolated=False) if part != "z"]
    assert len(parts) > 1
    assert max(len(part) - 2 for part in parts) <= 25


@pytest.mark.parametrize("word", ["administration", "Unverschlüsselte", "internationalization."])
def test_a_word_of_a_language_is_not_broken_where_nobody_would(word):
    assert list(words(word, isolated=False)) == [literal(word)]


def test_a_broken_word_stays_in_its_direction_on_a_page_from_right_to_left():
    [part] = words("2026-10-02T00:00:00Z", isolated=True)
    assert part.startswith("isolated(ltr, {")
    assert LONG.fullmatch("2026-10-02T00:00:00Z")


@pytest.mark.parametrize(("text", "direction"), [("12 SSH", "ltr"), ('"مرحبا" SSH', "rtl"), ("12-10", ""), ("", "")])
def test_the_first_letter_that_has_a_direction_gives_it(text, direction):
    assert first_direction(text) == direction


def test_short_columns_are_measured_and_long_ones_share_what_is_left():
    sentences = column("one sentence " * 9), column("another, twice as long " * 12)
    shown = widths([column("High"), *sentences, column("x", pictures=True)], measured=True)
    assert shown[0] == "auto"
    assert shown[1].endswith("fr")
    assert shown[3].endswith("cm")
    assert widths([column("a"), column("b")], measured=True) == ["auto", "auto"]
    assert all(width.endswith("fr") for width in widths([column("a"), column("some text")], measured=False))


def test_a_chinese_letter_takes_the_place_of_two():
    assert column("合规率").longest == column("abcdef").longest


def test_an_element_that_was_left_open_is_there_all_the_same():
    assert '"said"' in Paper('<html lang="en"><body><p>said').source("")


def test_an_item_of_a_list_ends_where_the_next_begins():
    items = '<li class=fail><a href="#c1">one</a><li class=error>two'
    source = Paper(f'<html lang="en"><body><ul class="troubles">{items}</ul></body></html>').source("")
    assert source.count("item(") == 2
    assert source.index('item("fail"') < source.index('item("error"')
