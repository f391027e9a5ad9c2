"""What is told, and what is not: everything once, the worst again, nothing that is known, and nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from news_items import ALL, DAY, NOW, ending, failure, seen

from secscan.errors import InputError
from secscan.notifying.choosing import choose
from secscan.notifying.ledger import Last, Ledger, read_ledger, write_ledger
from secscan.notifying.news import GROUPS, Digest, Item, Key, Seen, Topic


def told_of(*items: Item, at: float = NOW - DAY) -> dict[Key, float]:
    return {item.key: at for item in items}


def test_what_was_not_told_is_told_and_what_was_told_is_not_repeated():
    old, new = failure("one"), failure("two")
    digest = choose([old, new], told_of(old), seen("one", "two"), ALL, NOW)
    assert (digest.news, digest.reminders) == ((new,), ())
    assert digest.told == {old.key: NOW - DAY, new.key: NOW}
    assert not choose([old, new], digest.told, seen("one", "two"), ALL, NOW + DAY)


def test_what_was_mended_is_forgotten_and_told_again_when_it_comes_back():
    item = failure("one")
    mended = choose([], told_of(item), seen("one"), ALL, NOW)
    assert not mended
    assert mended.told == {}
    assert choose([item], mended.told, seen("one"), ALL, NOW + DAY).news == (item,)


@pytest.mark.parametrize(
    "looked",
    [
        seen("two", asked=("one",)),
        seen("two", whole=False),
        seen("one", baseline="other"),
        None,
    ],
    ids=["the host was not reached", "the host was left out", "another baseline was asked", "nobody looked"],
)
def test_what_nobody_looked_at_is_neither_mended_nor_new_afterwards(looked):
    item = failure("one")
    digest = choose([], told_of(item), looked, ALL, NOW)
    assert digest.told == told_of(item)


@pytest.mark.parametrize("unjudged", ["port_closed 443", "port_closed"], ids=["of what it is about", "on the host at all"])
def test_what_could_not_be_judged_is_neither_mended_nor_new_afterwards(unjudged):
    item = failure("one", "port_closed 443")
    other = failure("one", "other")
    looked = replace(seen("one"), unjudged=frozenset({("one", unjudged), ("two", "other"), ("one", "port_closed 80")}))
    assert choose([], told_of(item, other), looked, ALL, NOW).told == told_of(item)


def test_a_host_that_left_the_inventory_is_forgotten_and_told_gone_once():
    gone = Item(Topic.GONE, "", host="one", fresh=True)
    digest = choose([gone], told_of(failure("one")), seen("two"), ALL, NOW)
    assert digest.news == (gone,)
    assert set(digest.told) == {gone.key}
    assert choose([], digest.told, seen("two"), ALL, NOW + DAY).told == digest.told
    assert choose([], digest.told, seen("one", "two"), ALL, NOW + 2 * DAY).told == {}


def test_what_is_mended_and_comes_back_while_a_channel_is_down_is_news_when_it_is_up():
    item, other = failure("one"), failure("two")
    ledger = Ledger({"team": told_of(item)})
    for number, items in enumerate(([other], [item, other])):
        digest = choose(items, ledger.told["team"], seen("one", "two"), ALL, NOW + number)
        ledger = ledger.with_channel("team", digest, Last("run", NOW, "refused"))
    assert choose([item, other], ledger.told["team"], seen("one", "two"), ALL, NOW + DAY).news == (item, other)


def test_a_host_that_left_while_a_channel_was_down_is_told_when_it_is_up_unless_it_came_back():
    gone = Item(Topic.GONE, "", host="one", fresh=True)
    ledger = Ledger().with_channel("team", choose([gone], {}, seen("two"), ALL, NOW), Last("run", NOW, "refused"))
    ledger = read_ledger(write_ledger(ledger), "file")

    def later(looked: Seen | None) -> Digest:
        return choose([], ledger.told["team"], looked, ALL, NOW + DAY, ledger.owed.get("team", frozenset()))

    for nobody in (seen("two", whole=False), None):
        assert not later(nobody)
        ledger = ledger.with_channel("team", later(nobody), None)
    ledger = ledger.with_channel("team", later(seen("two")), Last("run", NOW, "refused"))
    assert later(seen("two")).news == (gone,)
    assert not later(seen("one", "two"))
    assert ledger.with_channel("team", later(seen("one", "two")), None).owed == {}
    assert ledger.with_channel("team", later(seen("two")), Last("run", NOW)).owed == {}


def test_only_what_is_critical_is_told_again_and_only_when_it_is_time():
    worst, bad = failure("one", severity="critical"), failure("two", severity="high")
    told = told_of(worst, bad, at=NOW)
    assert not choose([worst, bad], told, seen("one", "two"), ALL, NOW + 6.9 * DAY)
    digest = choose([worst, bad], told, seen("one", "two"), ALL, NOW + 7 * DAY)
    assert (digest.news, digest.reminders) == ((), (worst,))
    assert digest.told[worst.key] == NOW + 7 * DAY
    assert digest.told[bad.key] == NOW


def test_a_clock_that_was_set_back_reminds_instead_of_falling_silent_for_years():
    worst = failure("one", severity="critical")
    told = told_of(worst, at=NOW + 3650 * DAY)
    digest = choose([worst], told, seen("one"), ALL, NOW)
    assert digest.reminders == (worst,)
    assert not choose([worst], digest.told, seen("one"), ALL, NOW + DAY)


def test_a_channel_is_told_only_what_it_asked_for():
    items = [failure("one", severity="medium"), failure("two", severity="high"), ending("W-1", NOW + DAY)]
    some = replace(ALL, severity_rank=1, topics=frozenset(GROUPS["failures"]))
    digest = choose(items, {}, seen("one", "two"), some, NOW)
    assert digest.news == (items[1],)
    assert set(digest.told) == {items[1].key}


def test_an_end_is_told_anew_at_every_stage_and_forgotten_when_it_is_put_off():
    near, week = ending("W-1", NOW + 10 * DAY), ending("W-1", NOW + 10 * DAY, stage="week")
    digest = choose([week], told_of(near), seen("one"), ALL, NOW)
    assert digest.news == (week,)
    assert set(digest.told) == {week.key}
    assert choose([], digest.told, seen("one"), ALL, NOW).told == {}


def test_a_run_that_did_not_happen_is_told_once_and_then_as_often_as_reminders_are():
    late = Item(Topic.RUN, "run-1", name="run-1", fresh=True, ends=NOW - 2 * DAY)
    first = choose([late], {}, None, ALL, NOW)
    assert first.news == (late,)
    assert not choose([late], first.told, None, ALL, NOW + DAY)
    assert choose([late], first.told, None, ALL, NOW + 7 * DAY).reminders == (late,)
    assert choose([], first.told, seen("one"), ALL, NOW + DAY).told == {}


ITEMS = st.builds(
    failure, st.sampled_from("abc"), st.sampled_from(("x", "y")), st.sampled_from(("critical", "high", "low")), fresh=st.booleans()
)


@given(st.lists(st.tuples(st.lists(ITEMS, max_size=6), st.sets(st.sampled_from("abc")), st.booleans()), max_size=8))
def test_against_a_simple_model_nothing_is_told_twice_while_it_lasts_and_nothing_is_left_untold(nights):
    """The model: what a channel knows is what it was told and nobody has seen mended since. A lost message changes nothing."""
    told: Mapping[Key, float] = {}
    for number, (found, reached, delivered) in enumerate(nights):
        now = NOW + number * 60
        items = {item.key: item for item in found if item.host in reached}
        digest = choose(items.values(), told, seen(*reached, asked=tuple("abc")), ALL, now)
        assert {item.key for item in digest.news} == items.keys() - told.keys()
        assert digest.reminders == ()
        known = {key for key in told if key in items or key[2] not in reached}
        assert digest.told.keys() == known | items.keys()
        told = digest.told if delivered else digest.kept


KEYS = st.tuples(st.sampled_from(Topic), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.dictionaries(KEYS, st.integers(0, 2**33)), max_size=3))
def test_what_was_told_is_read_as_it_was_written(told):
    last = {name: Last("run-1", 1.5, "refused") for name in list(told)[:1]}
    ledger = Ledger({name: {key: float(at) for key, at in entries.items()} for name, entries in told.items()}, last)
    assert read_ledger(write_ledger(ledger), "file") == ledger


DAMAGED = '{"format": "secscan.notified/1", "channels": {"a": {"last": null, "told": %s}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[" * 100_000,
        '{"format": "secscan.notified/2", "channels": {}}',
        DAMAGED % 5,
        DAMAGED % '{"hunch": {"": {"": {"": 1}}}}',
        DAMAGED % '{"run": {"": {"": {"": "x"}}}}',
    ],
)
def test_a_damaged_memory_is_told_with_its_file(text):
    with pytest.raises(InputError, match=r"notified\.json: is not what secscan wrote"):
        read_ledger(text, "notified.json")
