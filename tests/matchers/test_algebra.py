"""Matchers keep their algebra for every value, and none of them raises on what a host may send."""

from __future__ import annotations

import math
import shutil
import subprocess
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan import plugins
from secscan.matchers.order import version_key
from secscan.model.matcher import Match, Setting
from secscan.model.values import Absent, Type, read_value

MATCHERS = plugins.matchers()
NOW = 1_767_225_600.0
texts = st.text(max_size=12)
lists = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=5).map(tuple)
modes = st.integers(0, 0o7777)
moments = st.floats(0, 4e9)
VALUES = {
    Type.TEXT: texts,
    Type.VERSION: texts,
    Type.INTEGER: st.integers(),
    Type.NUMBER: st.floats(allow_nan=False),
    Type.BOOLEAN: st.booleans(),
    Type.LIST: st.lists(texts, max_size=5).map(tuple),
    Type.MODE: modes,
    Type.DURATION: st.floats(0, 1e12),
    Type.SIZE: st.integers(0),
    Type.TIMESTAMP: st.floats(allow_nan=False, allow_infinity=False),
    Type.RECORDS: st.just(()),
}


def match(name: str, value: object, operand: object, kind: Type = Type.TEXT) -> Match:
    return MATCHERS[name].test(value, operand, Setting(kind, NOW))


@given(texts, st.lists(texts, max_size=4).map(tuple))
def test_not_in_is_not_in(value: str, operand: tuple[str, ...]):
    assert match("not_in", value, operand).holds is not match("in", value, operand).holds
    assert match("in", value, operand).holds is (value in operand)


@given(modes, st.lists(st.integers(0o100, 0o777).map("{:04o}".format), max_size=4).map(tuple))
def test_in_compares_modes_as_modes(value: int, operand: tuple[str, ...]):
    assert match("in", value, operand, Type.MODE).holds is (value in [int(item, 8) for item in operand])


def test_in_cannot_tell_when_the_list_is_of_another_type():
    assert match("in", 5, ("five",), Type.INTEGER).holds is None
    assert match("not_in", 5, ("five",), Type.INTEGER).holds is None


@given(modes, modes)
def test_mode_at_most_is_bitwise(value: int, operand: int):
    surplus = [bit for bit in range(12) if bit != 9 and value >> bit & 1 and not operand >> bit & 1]
    result = match("mode_at_most", value, operand, Type.MODE)
    assert result.holds is (not surplus)
    assert len(result.extra) == len(surplus)


@given(modes)
def test_mode_at_most_is_no_comparison_of_numbers(value: int):
    assert match("mode_at_most", value, value, Type.MODE).holds
    assert not match("mode_at_most", 0o700, 0o644, Type.MODE).holds
    assert not match("mode_at_most", 0o604, 0o640, Type.MODE).holds


@given(lists, lists)
def test_sets_compare_as_sets(value: tuple[str, ...], operand: tuple[str, ...]):
    assert match("subset_of", value, operand).holds is (set(value) <= set(operand))
    assert match("superset_of", value, operand).holds is (set(value) >= set(operand))
    assert set(match("subset_of", value, operand).extra) == set(value) - set(operand)
    assert set(match("superset_of", value, operand).missing) == set(operand) - set(value)
    assert match("subset_of", value, operand).holds is match("superset_of", operand, value).holds


@given(lists, lists)
def test_lists_are_equal_in_the_same_order_only(value: tuple[str, ...], operand: tuple[str, ...]):
    assert match("equals", value, operand, Type.LIST).holds is (list(value) == list(operand))


@given(lists | texts, st.sampled_from(["a", "b", "zz"]))
def test_lacks_is_not_contains(value: object, operand: str):
    assert match("lacks", value, operand).holds is not match("contains", value, operand).holds


@given(st.none() | texts | lists, st.booleans())
def test_absent_is_not_present(value: object, operand: bool):
    thing = Absent("it") if value is None else value
    assert match("absent", thing, operand).holds is not match("present", thing, operand).holds
    assert match("present", thing, True).holds is (value is not None)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_at_least_and_at_most_meet_in_equality(value: float, operand: float):
    least, most = match("at_least", value, operand, Type.NUMBER).holds, match("at_most", value, operand, Type.NUMBER).holds
    assert least or most
    assert (least and most) is (value == operand)


@given(moments, st.floats(0, 1e9))
def test_a_moment_is_either_older_or_newer_unless_it_lies_in_the_future(value: float, operand: float):
    older, newer = (
        match("older_than", value, operand, Type.TIMESTAMP).holds,
        match("newer_than", value, operand, Type.TIMESTAMP).holds,
    )
    assert (older is None) is (newer is None) is (value - NOW > 300)
    assert older is None or older is not newer


@given(st.data())
def test_no_matcher_raises_on_a_value_of_a_type_that_it_accepts(data: st.DataObject):
    matcher = data.draw(st.sampled_from(sorted(MATCHERS.values(), key=lambda each: each.name)))
    kind = data.draw(st.sampled_from(sorted(matcher.accepts)))
    value = data.draw(VALUES[kind])
    wanted = matcher.operand_type(kind)
    operand = data.draw(st.sampled_from(["a", "^x$", "[0-9]+"]) if matcher.operand.value == "pattern" else VALUES[wanted])
    match = matcher.test(value, operand, Setting(kind, NOW))
    assert match.holds in {True, False, None}
    assert match.holds is not None or match.reason


@pytest.mark.parametrize("name", sorted(MATCHERS))
def test_the_example_of_a_matcher_can_be_read(name: str):
    matcher = MATCHERS[name]
    key, _, written = matcher.example.partition(": ")
    assert key == name
    assert written
    assert matcher.summary[0].islower()
    assert not matcher.summary.endswith(".")


def test_a_regular_expression_takes_linear_time():
    assert match("matches", "a" * 50_000 + "!", "^(a+)+$").holds is False


class TestVersions:
    """Versions are ordered as Debian orders them."""

    SAMPLES = (
        "0",
        "1",
        "1.0",
        "1.00",
        "1.0~rc1",
        "1.0~rc1~x",
        "1.0~",
        "1.0a",
        "1.0+deb12u1",
        "1.0-1",
        "1.0-1~bpo12+1",
        "1.0-2",
        "1.0-10",
        "1.1",
        "1.9",
        "1.10",
        "2",
        "1:0.5",
        "1:0.5-1",
        "10:1",
        "9.2p1-2+deb12u6",
        "9.2p1",
        "9.10",
        "6.1.0-35-amd64",
        "6.1.0-9-amd64",
        "3.0.15-1~deb12u1",
        "1.0.0",
        "1.a",
        "1..0",
        "1+",
        "1.0-",
        "a",
        "1-1-1",
        "1.0-a",
        "1.0-0",
    )

    @pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg is the judge, and it is not here")
    def test_the_order_is_that_of_dpkg(self):
        pairs = [(a, b) for a, b in product(self.SAMPLES, repeat=2) if not {a, b} & {"1.0-", "a", "1.a"}]
        ask = "dpkg --compare-versions $a"
        script = f"while read -r a b; do if {ask} lt $b; then echo -1; elif {ask} eq $b; then echo 0; else echo 1; fi; done"
        told = subprocess.run(
            ["sh", "-c", script], input="".join(f"{a} {b}\n" for a, b in pairs), capture_output=True, text=True, check=True
        )
        for (a, b), order in zip(pairs, told.stdout.split(), strict=True):
            mine = (version_key(a) > version_key(b)) - (version_key(a) < version_key(b))
            assert mine == int(order), (a, b)

    versions = st.text("0123456789abz.+~-:", max_size=8) | st.sampled_from(SAMPLES)

    @given(versions, versions, versions)
    def test_the_order_is_total_and_transitive(self, a: str, b: str, c: str):
        first, second, third = map(version_key, (a, b, c))
        assert (first < second) + (first == second) + (first > second) == 1
        if first <= second <= third:
            assert first <= third

    @pytest.mark.parametrize("hostile", ["1." + "9" * 10_000, "²:1", "٣.1", "1:", ":", "-", "", "\0", "~" * 1000, "😀"])
    def test_no_version_a_host_sends_raises(self, hostile: str):
        assert version_key(hostile) == version_key(hostile)
        assert match("version_at_least", hostile, "0", Type.VERSION).holds in {True, False}


class TestWritten:
    """Values are read as people write them, and nothing else is."""

    @pytest.mark.parametrize(
        ("kind", "written", "value"),
        [
            (Type.DURATION, "26h", 93600.0),
            (Type.DURATION, "1h30m", 5400.0),
            (Type.DURATION, "0.5s", 0.5),
            (Type.DURATION, "1y", 31557600.0),
            (Type.SIZE, "10GiB", 10 * 2**30),
            (Type.SIZE, "512B", 512),
            (Type.SIZE, "1.5 KiB", 1536),
            (Type.SIZE, "1kB", 1000),
            (Type.SIZE, "999999999999999B", 999_999_999_999_999),
            (Type.MODE, "0640", 0o640),
            (Type.MODE, "4755", 0o4755),
            (Type.MODE, 640, 0o640),
            (Type.INTEGER, "-5", -5),
            (Type.INTEGER, 5, 5),
            (Type.NUMBER, "2.5", 2.5),
            (Type.TIMESTAMP, "1970-01-02", 86400.0),
            (Type.TIMESTAMP, "1970-01-01T01:00:00+01:00", 0.0),
            (Type.TIMESTAMP, "1970-01-01T00:01:00Z", 60.0),
            (Type.TEXT, 7, "7"),
            (Type.LIST, ["a", 1], ("a", "1")),
            (Type.BOOLEAN, True, True),
        ],
    )
    def test_what_is_written_well_is_read(self, kind: Type, written: object, value: object):
        assert read_value(kind, written) == value

    @pytest.mark.parametrize(
        ("kind", "written"),
        [
            *[
                (Type.DURATION, text)
                for text in ("", "5", "h", "5 h", "-5h", "5h ", "1e3s", "٣h", "9" * 400 + "s", "5M", True, None, ["5h"])
            ],
            *[(Type.SIZE, text) for text in ("", "5", "5KB", "-5B", "9" * 400 + "B", "5GiB5B", "nan B", {"a": 1})],
            *[(Type.INTEGER, text) for text in ("1_000", " 5", "5 ", "٣", "5.0", "1e3", "0x10", "9" * 5000, True, "")],
            *[(Type.NUMBER, text) for text in ("nan", "inf", "-inf", "1e999", "1_0", "infinity", ".5", "5.", False)],
            *[(Type.MODE, text) for text in ("64", "0o644", "0888", "u+x", "07777777", -644)],
            *[
                (Type.TIMESTAMP, text)
                for text in ("now", "2026", "20260131", "2026-13-01", "2026-W01-1", "0001-01-01T00:00:00+23:59x", "٢٠٢٦-01-01")
            ],
            *[(Type.LIST, value) for value in ("a", [["a"]], [None], [True], [{}], 5)],
            *[(Type.BOOLEAN, value) for value in ("true", 1, None)],
            (Type.TEXT, True),
            (Type.TEXT, None),
            (Type.TEXT, []),
        ],
    )
    def test_what_is_not_is_a_value_error(self, kind: Type, written: object):
        with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what read_value promises
            read_value(kind, written)

    @given(
        st.sampled_from(sorted(set(Type) - {Type.RECORDS})),
        st.text(max_size=20) | st.text("0123456789.-:TZshdKMGiB ", max_size=20) | st.integers() | st.booleans(),
    )
    def test_nothing_but_value_errors_comes_out_and_every_number_is_finite(self, kind: Type, written: object):
        try:
            value = read_value(kind, written)
        except ValueError:
            return
        if isinstance(value, float):
            assert math.isfinite(value)


@pytest.mark.parametrize(
    ("name", "value", "operand", "holds"),
    [
        ("lacks", "bind_pw=********\n", "secret", None),
        ("lacks", "bind_pw=********\n", "bind_pw", False),
        ("lacks", "bind_pw\n", "secret", True),
        ("lacks", ("a", "b=********"), "c", None),
        ("contains", "bind_pw=********\n", "secret", None),
        ("contains", "bind_pw=********\n", "bind_pw", True),
        ("contains", ("a", "b=********"), "a", True),
        ("matches", "bind_pw=********\n", "secret$", None),
        ("matches", "bind_pw=********\n", r"=\*{8}", True),
        ("matches", "bind_pw\n", "secret", False),
    ],
)
def test_what_was_masked_is_never_told_to_be_absent(name: str, value: object, operand: str, holds: bool | None):
    kind = Type.TEXT if isinstance(value, str) else Type.LIST
    assert match(name, value, operand, kind).holds is holds
