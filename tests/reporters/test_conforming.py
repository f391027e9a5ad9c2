"""The quick look at a document agrees with jsonschema about every document."""

import copy
import json
from functools import cache

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from secscan.assessments import assessment_schema
from secscan.conforming import conformer

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.floats(allow_nan=False), st.text(max_size=3), st.just([]), st.just({}),
    st.sampled_from(["pass", "none", "waived", "high", "2026-11-01T09:00:00Z", "0" * 64]),
)  # fmt: skip


@cache
def both():
    schema = assessment_schema()
    return conformer(schema), Draft202012Validator(schema)


def places(value, path=()):
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, each in below:
        yield from places(each, (*path, key))


DOCUMENT = json.loads(json.dumps(samples.one_host()[0]))
PLACES = [path for path in places(DOCUMENT) if path]


def test_every_sample_conforms():
    quick, _ = both()
    for document in (*samples.twelve_hosts(), *samples.one_host()):
        assert quick(document)


@settings(max_examples=3 * settings().max_examples // 2)
@given(st.sampled_from(PLACES), VALUES, st.sampled_from(["replace", "remove", "add"]))
def test_what_is_changed_anywhere_is_judged_alike(path, value, how):
    document = copy.deepcopy(DOCUMENT)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    if how == "remove":
        del holder[path[-1]]
    elif how == "add" and isinstance(holder, dict):
        holder["something else"] = value
    else:
        holder[path[-1]] = value
    quick, thorough = both()
    if quick(document):
        assert thorough.is_valid(document)
    elif not isinstance(value, float):  # 1.0 is a whole number for jsonschema, which is asked whenever this says no
        assert not thorough.is_valid(document)


@pytest.mark.parametrize(
    "schema", [{"oneOf": []}, {"properties": {"a": {"minLength": 1}}}, {"enum": [1]}, {"$ref": "#/$defs/nothing"}]
)
def test_a_schema_that_says_more_than_is_known_here_is_refused(schema):
    with pytest.raises(ValueError, match="schema"):
        conformer(schema)
