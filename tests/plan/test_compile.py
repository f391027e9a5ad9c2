"""A plan asks each question once, and the same questions give the same script byte for byte."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan import plugins
from secscan.model.probe import Argument, Attribute, Call, Observed, Probe, Question
from secscan.model.values import Type
from secscan.plan import compile as compiling
from secscan.plan.compile import PLATFORM, compile_plan
from secscan.probing import quote


def make_probe(name: str, time_limit_s: int | None = None, padding: int = 0) -> Probe:
    return Probe(
        name,
        name,
        (Argument("word", Type.TEXT, "a word"), Argument("words", Type.LIST, "words", default=())),
        (Attribute("value", Type.TEXT, "it"),),
        lambda calls: Question("\n".join(f"printf %s {quote(call['word'])}; : {'x' * padding}" for call in calls)),
        lambda call, answer: Observed({"value": answer.text}),
        "x\n",
        time_limit_s=time_limit_s,
    )


PROBES = {
    "platform": plugins.probes()["platform"],
    "slow": make_probe("slow", 9),
    "quick": make_probe("quick"),
    "watched": make_probe("watched", 1),
}
words = st.text(max_size=6).filter(lambda text: "\0" not in text)
calls = st.builds(
    lambda probe, word, more: Call.of(probe, {"word": word, "words": more}),
    st.sampled_from(["slow", "quick", "watched"]),
    st.none() | words,
    st.lists(words, max_size=2).map(tuple),
)


@given(st.lists(calls, max_size=12), st.randoms())
def test_the_same_questions_in_any_order_and_number_give_the_same_script(wanted: list[Call], random):
    plan = compile_plan(wanted, PROBES)
    shuffled = [*wanted, *wanted[: len(wanted) // 2], PLATFORM]
    random.shuffle(shuffled)
    again = compile_plan(shuffled, PROBES)
    assert again.script == plan.script
    assert again == plan
    assert again.questions_sha256 == plan.questions_sha256


@given(st.lists(calls, max_size=12))
def test_every_question_is_asked_once_the_platform_first_and_the_watched_last(wanted: list[Call]):
    plan = compile_plan(wanted, PROBES)
    asked = [call for batch in plan.batches for call in batch.calls]
    assert len(asked) == len(set(asked)) == plan.calls
    assert set(asked) == {PLATFORM, *wanted}
    assert plan.batches[0].probe == "platform"
    limits = [batch.time_limit_s > 0 for batch in plan.batches[1:]]
    assert limits == sorted(limits)
    assert [batch.number for batch in plan.batches] == list(range(1, len(plan.batches) + 1))


@given(st.lists(calls, min_size=1, max_size=6), calls)
def test_another_question_is_another_plan(wanted: list[Call], other: Call):
    plan, more = compile_plan(wanted, PROBES), compile_plan([*wanted, other], PROBES)
    assert (plan.questions_sha256 == more.questions_sha256) is (other in wanted)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), min_size=1, max_size=4))
def test_no_argument_breaks_out_of_its_quotes(hostile: list[str]):
    script = "\n".join(f"printf '%s|' {quote(word)}" for word in hostile)
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{word}|" for word in hostile)


@pytest.mark.parametrize("shell", ["dash", "bash"])
@given(words=st.lists(st.text("a'\"\\$`!;&|\n\t ()<>*?[]{}~#%éa", max_size=12), min_size=1, max_size=3))
def test_the_script_of_a_plan_is_a_shell_program_whatever_the_arguments(shell: str, words: list[str]):
    plan = compile_plan([Call.of("quick", {"word": word, "words": ()}) for word in words], PROBES)
    assert subprocess.run([shell, "-n"], input=plan.script.encode(), check=False, capture_output=True).returncode == 0


def test_no_more_than_a_batch_of_calls_is_asked_together():
    many = [Call.of("quick", {"word": str(number), "words": ()}) for number in range(900)]
    assert [len(batch.calls) for batch in compile_plan(many, PROBES).batches] == [1, 400, 400, 100]


def test_a_question_too_long_for_one_argument_is_divided():
    probes = {**PROBES, "long": make_probe("long", 5, padding=1000)}
    many = [Call.of("long", {"word": f"{number:03}", "words": ()}) for number in range(300)]
    batches = compile_plan(many, probes).batches
    assert all(len(batch.script.encode()) <= compiling.SCRIPT_LIMIT for batch in batches)
    assert sum(len(batch.calls) for batch in batches) == 301
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
    assert compile_plan(reversed(many), probes).script == compile_plan(many, probes).script


def test_a_single_question_is_asked_however_long_it_is():
    probes = {**PROBES, "long": make_probe("long", 5, padding=200_000)}
    assert compile_plan([Call.of("long", {"word": "x", "words": ()})], probes).calls == 2


def test_what_is_asked_from_outside_is_numbered_after_the_script_and_always_has_an_end():
    probes = PROBES | {name: replace(make_probe(name, limit), outside=True) for name, limit in (("near", 3), ("far", None))}
    asked = [Call.of(name, {"word": "x", "words": ()}) for name in ("far", "near", "quick")]
    plan = compile_plan(asked, probes)
    assert [batch.number for batch in plan.batches] == [1, 2]
    assert {(each.call.probe, each.time_limit_s) for each in plan.inquiries} == {("far", compiling.INQUIRY_LIMIT_S), ("near", 3)}
    assert [each.number for each in plan.inquiries] == [3, 4]
    assert plan.script == compile_plan(asked[2:], probes).script
