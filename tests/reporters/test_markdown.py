"""Markdown: what a ticket or a job summary shows."""

import re

import pytest
import samples

from secscan.assessments import to_document
from secscan.inert import for_markdown, for_markdown_code
from secscan.reporters.markdown import render


def written(documents):
    return "".join(render(documents))


def test_compliance_and_coverage_are_always_told_together():
    for documents in (samples.one_host(), samples.twelve_hosts()):
        assert re.match(r"# .*: compliance \d+\.\d%, coverage \d+\.\d%\n", written(documents))


def test_a_host_that_was_not_reached_has_no_percentage():
    assert written([to_document(samples.unreachable("lost", "no route to host"))]).startswith("# `lost`: compliance not judged")


def test_an_accepted_failure_is_listed_as_one_after_the_open_ones():
    rows = [row for row in written(samples.one_host()).splitlines() if row.startswith("| ") and "waived" in row]
    assert len(rows) == 1
    assert "security_updates_installed" in rows[0]


def test_rows_keep_their_columns_whatever_a_host_says():
    for row in written([to_document(samples.hostile())]).splitlines():
        if row.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", row)) == 4


@pytest.mark.parametrize("text", ["`", "``", "a`b", "a``b`", "", "`a`", "|", "a\nb", "\x1b`"])
def test_a_code_span_ends_where_it_should(text):
    span = for_markdown_code(text)
    fence = re.match("`+", span)[0]
    inside = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert fence not in re.findall("`+", inside)
    assert not inside.startswith("`")
    assert not inside.endswith("`")
    assert "\n" not in span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("root_login is `x`", r"root_login is \`x\`"),
        ("<b>", r"\<b\>"),
        ("[a](http://x)", r"\[a\](http://x)"),
        ("_a_ and *b*", r"\_a\_ and \*b\*"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("a | b", r"a \| b"),
        ("&lt;", r"\&lt;"),
        ("A & B, kernel.x = 2", "A & B, kernel.x = 2"),
    ],
)
def test_our_own_writing_means_nothing_as_markdown(text, expected):
    assert for_markdown(text) == expected
