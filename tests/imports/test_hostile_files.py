"""Files to import are hostile: they are refused with a reason, or become valid assessments, in bounded time and memory."""

import copy
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_files import FILES

from secscan import imports
from secscan.assessments import to_document, validate_document
from secscan.cli import run
from secscan.errors import InputError
from secscan.imports import read_results, xccdf
from secscan.model.assessment import Outcome

XCCDF = "http://checklists.nist.gov/xccdf/1.2"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
REFUSED = {
    "billion laughs": f"<!DOCTYPE x [{LAUGHS}]><x>&l9;</x>",
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "external document type": '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><x/>',
    "cut off": f'<Benchmark xmlns="{XCCDF}"><TestResult><rule-result',
    "no results": f'<Benchmark xmlns="{XCCDF}"/>',
    "another format": "<testsuites/>",
    "unknown encoding": '<?xml version="1.0" encoding="no-such"?><x/>',
    "nested elements": f'<TestResult xmlns="{XCCDF}">' + "<a>" * 100_000,
    "nested lists": "[" * 100_000,
    "nested objects": '{"runs":' + '{"a":' * 100_000,
    "not JSON": "{",
    "a list": "[]",
    "nothing": "",
    "wrong types": '{"runs": {}, "profiles": 3}',
    "empty runs": '{"runs": []}',
    "control characters": "\x00\x01",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_file_of_results_is_refused_with_a_reason(text, tmp_path):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(InputError, match="file"):
        read_results(path, "1.0")


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "SIZE_LIMIT", 10)
    path = tmp_path / "large"
    path.write_text("{" * 11)
    with pytest.raises(InputError, match="larger than"):
        read_results(path, "1.0")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bytes"
    path.write_bytes(b'{"runs": "\xff\xfe"}')
    with pytest.raises(InputError, match="bytes"):
        read_results(path, "1.0")


def test_what_is_not_xccdf_is_thrown_away_while_it_is_read(tmp_path):
    noise = "<n><m>x</m></n>" * 200_000
    path = tmp_path / "noise.xml"
    path.write_text(f'<r>{noise}<TestResult xmlns="{XCCDF}" end-time="2026-01-01T00:00:00"><target>h</target></TestResult></r>')
    tracemalloc.start()
    try:
        (found,) = read_results(path, "1.0")
        assert tracemalloc.get_traced_memory()[1] < 5 * path.stat().st_size
    finally:
        tracemalloc.stop()
    assert found.host.name == "h"


@pytest.mark.parametrize("inside", ["TestResult", "Rule", "Profile"])
def test_more_elements_than_anybody_needs_are_refused(inside, tmp_path, monkeypatch):
    monkeypatch.setattr(xccdf, "_HELD", 1000)
    path = tmp_path / "many.xml"
    path.write_text(f'<Benchmark xmlns="{XCCDF}"><{inside}>{"<a/>" * 1001}</{inside}></Benchmark>')
    with pytest.raises(InputError, match="too many elements"):
        read_results(path, "1.0")


def test_texts_and_names_of_any_length_are_cut(tmp_path):
    huge = "A" * 10_000_000
    path = tmp_path / "huge.sarif"
    result = {"ruleId": huge, "message": {"text": huge}}
    path.write_text(json.dumps({"runs": [{"tool": {"driver": {"name": huge}}, "results": [result]}]}))
    (found,) = read_results(path, "1.0")
    assert len(json.dumps(to_document(found))) < 30_000


HALF = "\ud800"  # as JSON may have it, and no text can be written with it


@pytest.mark.parametrize("name", ["inspec.json", "linter.sarif"])
def test_half_characters_in_any_text_become_whole_ones_and_can_be_written(name, tmp_path):
    def spoil(value):
        if isinstance(value, dict):
            return {key: spoil(each) if key not in {"kind", "status"} else each for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value]
        return f"{value}{HALF}" if isinstance(value, str) else value

    path = tmp_path / name
    path.write_text(json.dumps(spoil(json.loads((FILES / name).read_text()))))
    assert run(["import", str(path), "-o", str(tmp_path / "out"), "--no-history"]) == 0
    (written,) = (tmp_path / "out" / "hosts").iterdir()
    assert HALF not in json.dumps(json.loads(written.read_bytes()), ensure_ascii=False)


def test_a_word_that_the_format_does_not_know_is_an_error_and_no_pass(tmp_path):
    path = tmp_path / "words.xml"
    words = "".join(f'<rule-result idref="r{n}"><result>{word}</result></rule-result>' for n, word in enumerate(["PASS", "ok", ""]))
    path.write_text(f'<TestResult xmlns="{XCCDF}" end-time="never"><target>h</target>{words}</TestResult>')
    (found,) = read_results(path, "1.0")
    assert {result.outcome for result in found.results} == {Outcome.ERROR}
    assert found.started_at == pytest.approx(path.stat().st_mtime)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _places(value, here=()):
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*here, key))


@pytest.mark.parametrize("name", ["inspec.json", "linter.sarif"])
@settings(max_examples=3 * settings().max_examples // 2)
@given(data=st.data())
def test_whatever_stands_in_any_place_the_outcome_is_a_refusal_or_a_valid_assessment(name, data, tmp_path_factory):
    document = json.loads((FILES / name).read_text())
    *parents, last = data.draw(st.sampled_from([place for place in _places(document) if place]))
    changed = copy.deepcopy(document)
    inside = changed
    for key in parents:
        inside = inside[key]
    inside[last] = data.draw(JSON)
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_text(json.dumps(changed), encoding="utf-8")
    try:
        found = read_results(path, "1.0")
    except InputError:
        return
    for assessment in found:
        validate_document(json.loads(json.dumps(to_document(assessment), allow_nan=False)), name)


@settings(max_examples=3 * settings().max_examples // 2)
@given(data=st.data())
def test_whatever_is_cut_from_or_put_into_xml_the_outcome_is_a_refusal_or_a_valid_assessment(data, tmp_path_factory):
    text = (FILES / "openscap_arf.xml").read_text()
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 200)))
    path = tmp_path_factory.mktemp("fuzz") / "arf.xml"
    path.write_text(text[:begin] + data.draw(st.text(max_size=20)) + text[end:], encoding="utf-8", errors="replace")
    try:
        found = read_results(path, "1.0")
    except InputError:
        return
    for assessment in found:
        validate_document(to_document(assessment), "arf.xml")
