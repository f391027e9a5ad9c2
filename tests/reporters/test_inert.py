"""Whatever a host sends is shown and obeyed by nothing."""

import csv
import html
import io
import json
import sys
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.inert import SPACES, block, columns, for_csv, for_html, for_script, for_xml, prose, shorten, visible

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60) | st.text("=+-@\t\r\n;,'\" \u202e\x1b<>&a1", max_size=20)
FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"


def test_no_character_that_cannot_be_seen_is_left_of_the_whole_of_unicode():
    left = [
        f"U+{code:04X}"
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and chr(code) in visible(chr(code))
    ]
    assert left == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x00\x07\x7f", "␀␇␡"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\u202egnp.exe", "a<U+202E>gnp.exe"),
        ("ze\u200bro", "ze<U+200B>ro"),
        ("a\u2028b", "a<U+2028>b"),
        ("no\u00a0", "no<U+00A0>"),
        ("\ud800", "<U+D800>"),
        ("\u3164", "<U+3164>"),
        ("x\ufe0f", "x<U+FE0F>"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("Москва 北京 القاهرة é", "Москва 北京 القاهرة é"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_name_and_what_can_be_read_stays(sent, shown):
    assert visible(sent) == shown


@given(ANY_TEXT)
def test_visible_text_stays_as_it_is(text):
    assert visible(visible(text)) == visible(text)


@given(ANY_TEXT)
def test_a_block_has_no_control_character_but_line_ends_and_tabs(text):
    assert not {unicodedata.category(character) for character in block(text).replace("\n", "").replace("\t", "")} & {
        "Cc",
        "Cf",
        "Cs",
    }


@given(ANY_TEXT)
def test_html_gives_back_the_visible_text_and_no_markup(text):
    written = for_html(text)
    assert html.unescape(written) == visible(text) or "&" in visible(text)
    assert not set(written) & set("<>\"'")


@given(ANY_TEXT)
def test_xml_reads_back_as_the_visible_text(text):
    assert (ET.fromstring(f"<a>{for_xml(text)}</a>").text or "") == block(text)


@given(ANY_TEXT)
def test_xml_attributes_read_back_as_the_visible_text(text):
    assert ET.fromstring(f'<a b="{for_xml(prose(text))}"/>').get("b") == block(prose(text))


@given(ANY_TEXT)
def test_no_cell_begins_as_a_formula_however_the_line_is_split(text):
    for cell in for_csv(text).split(";"):
        assert cell.startswith("'") or cell.lstrip(" \"'`")[:1] not in set(FORMULA) or not cell


@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_cells_survive_a_spreadsheet_round_trip(texts):
    cells = [for_csv(text) for text in texts]
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    assert next(csv.reader(io.StringIO(line.getvalue(), newline=""))) == cells
    assert line.getvalue().count("\n") == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", '"=1', "\t=1", "\r=1", "a;=1", "\uff1d1", "' \"=1"])
def test_formulas_are_neutralised(text):
    assert for_csv(text) != text


@pytest.mark.parametrize("text", ["plain", "8.2 8.5", "AC-6(2)", "a=b", "3 - 2", "permitrootlogin yes"])
def test_ordinary_cells_are_left_alone(text):
    assert for_csv(text) == text


@given(st.recursive(ANY_TEXT | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=3)))
def test_embedded_json_cannot_end_its_element_and_reads_back(value):
    written = for_script(value)
    assert written.isascii()
    assert not set(written) & set("<>&")
    assert json.loads(written) == _visible(value)


def _visible(value):
    return visible(value) if isinstance(value, str) else [_visible(item) for item in value] if isinstance(value, list) else value


def test_our_own_prose_keeps_typographic_blanks_and_folds_lines():
    assert prose(f"  one\n   two{SPACES[0]}: three ") == f"one two{SPACES[0]}: three"


def test_what_is_cut_says_how_much_is_missing():
    assert shorten("a" * 10_000_000, 3) == "aaa… (9,999,997 more characters)"
    assert shorten("abc", 3) == "abc"


def test_wide_characters_take_two_columns_and_accents_none():
    assert (columns("北京"), columns("e\u0301"), columns("abc")) == (4, 1, 3)
