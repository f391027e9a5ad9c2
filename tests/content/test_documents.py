"""YAML files become plain data with places; nothing is guessed, and no text can crash the parser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from secscan.documents import SIZE_LIMIT, Document, did_you_mean, parse_document, read_document
from secscan.errors import InputError

texts = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=40)
plain_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def problems(text: str) -> list[str]:
    return [str(problem) for problem in parse_document(text, "f.yaml").problems]


@given(plain_data)
def test_what_json_writes_is_read_as_it_was(data: object):
    document = parse_document(json.dumps(data), "f.yaml")
    assert not document.problems
    assert document.data == data


@given(plain_data)
def test_what_yaml_writes_is_read_as_it_was(data: object):
    text = yaml.safe_dump(data, allow_unicode=True)
    document = parse_document(text, "f.yaml")
    assert not document.problems
    assert document.data == yaml.safe_load(text)  # not always `data`: PyYAML's writer loses a "next line" character (U+0085)


@given(texts | st.binary(max_size=60).map(lambda data: data.decode("latin-1")) | st.text("[]{}-:?&*!|>'\"#%@, \na01", max_size=60))
def test_no_text_raises_anything(text: str):
    document = parse_document(text, "f.yaml")
    assert isinstance(document, Document)
    assert document.data is None or not document.problems or document.root is not None


@pytest.mark.parametrize(
    "written",
    [
        "no",
        "yes",
        "on",
        "off",
        "No",
        "TRUE",
        "9.10",
        "1.0",
        "0644",
        "0o644",
        "0x1f",
        "1_000",
        "+5",
        "-0",
        "00",
        "1e3",
        "2026-01-31",
        "12:30:45",
        ".inf",
        "=",
        "1 2",
    ],
)
def test_a_text_stays_as_it_is_written(written: str):
    assert parse_document(f"key: {written}", "f.yaml").data == {"key": written}


@pytest.mark.parametrize(
    ("written", "value"), [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-12", -12)]
)
def test_only_these_words_and_whole_numbers_are_more_than_text(written: str, value: object):
    assert parse_document(f"key: {written}", "f.yaml").data == {"key": value}
    assert parse_document(f"key: '{written}'", "f.yaml").data == {"key": written}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key 'a'", id="a key twice"),
        pytest.param("a: {b: 1, b: 2}\n", "f.yaml:1:11: duplicate key 'b'", id="a key twice in braces"),
        pytest.param("[a]: 1\n", "f.yaml:1:1: a key must be text", id="a list as a key"),
        pytest.param("a: !!str 5\n", "f.yaml:1:4: tags such as tag:yaml.org,2002:str are not used here", id="a tag"),
        pytest.param("a: !!python/object:os.system 'x'\n", "f.yaml:1:4: tags such as", id="a tag on a quoted text"),
        pytest.param("a: !!set {x: null}\n", "f.yaml:1:4: tags such as", id="a tag on a mapping"),
        pytest.param("a: !x [1]\n", "f.yaml:1:4: tags such as !x", id="a tag on a list"),
        pytest.param("a: 1\n--- \nb: 2\n", "not valid YAML", id="two documents"),
        pytest.param("a: 'x\n", "f.yaml:2:1: not valid YAML", id="a quote that is not closed"),
        pytest.param("a:\n\tb: 1\n", "f.yaml:2:1: not valid YAML", id="a tab"),
        pytest.param("a: *nowhere\n", "not valid YAML", id="an alias of nothing"),
        pytest.param("a: &x [*x]\n", "f.yaml:1:4: nested deeper than 40 levels", id="an alias that contains itself"),
        pytest.param("a: \0\n", "not valid YAML", id="a NUL"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str):
    assert problems(text)[0].startswith(told) or told in problems(text)[0]


@pytest.mark.parametrize("bomb", ["[" * 200_000, "- " * 100_000, "? " * 100_000, "{a: " * 50_000, "&a [" * 50_000, "- [" * 100_000])
def test_deep_nesting_is_a_problem_and_not_a_crash(bomb: str):
    assert any("nested deeper than 40" in told or "not valid YAML" in told for told in problems(bomb))


def test_aliases_cannot_unfold_beyond_all_memory():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert problems("\n".join(levels)) == ["f.yaml:1:5: aliases unfold to more than 500000 values"]


def test_ordinary_aliases_are_read():
    assert parse_document("a: &x {b: 1}\nc: *x\n", "f.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


PLACES = "top:\n  - {first: 1, second: [a, b]}\n  - third: |\n      text\n    other: x\n"


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ((), (1, 1)),
        (("top",), (1, 1)),
        (("top", 0), (2, 5)),
        (("top", 0, "second"), (2, 16)),
        (("top", 0, "second", 1), (2, 28)),
        (("top", 1, "third"), (3, 5)),
        (("top", 1, "other"), (5, 5)),
        (("top", 1, "missing"), (3, 5)),
        (("top", 9), (1, 1)),
        (("missing", "deeper"), (1, 1)),
        (("top", 0, "first", "below"), (2, 6)),
        (("top", -1), (1, 1)),
    ],
)
def test_every_path_of_keys_has_the_place_of_its_deepest_part(keys: tuple[str | int, ...], place: tuple[int, int]):
    assert parse_document(PLACES, "f.yaml").at(keys) == place
    assert Document("f.yaml", None, None, text=PLACES).at(keys) == place, "data from a cache have the same places"


def test_files_that_cannot_be_used_are_documents_with_that_problem(tmp_path: Path):
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with (tmp_path / "large.yaml").open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)
    for name, told in (
        ("latin.yaml", "is not UTF-8 text (byte 3)"),
        ("large.yaml", "larger than 8 MiB"),
        ("none.yaml", "cannot be read"),
    ):
        document = read_document(tmp_path / name)
        assert told in str(document.problems[0])
        with pytest.raises(InputError):
            document.raise_problems()


def test_a_slip_of_the_keyboard_is_met_with_a_suggestion():
    assert did_you_mean("rationle", ["rationale", "remediation"]) == " (did you mean 'rationale'?)"
    assert did_you_mean("x" * 1_000_000, ["rationale"]) == ""
