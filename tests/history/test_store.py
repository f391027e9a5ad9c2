"""The history on a real database: what it answers is what a model that remembers every scan answers."""

from __future__ import annotations

import sqlite3
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from documents import DAY, START, Statuses, document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from secscan.errors import HistoryError, UsageError
from secscan.history.records import Diff, Run
from secscan.history.states import Kind
from secscan.history.store import History
from secscan.history.tables import REVISION, metadata

Hosts = dict[str, Statuses | None]
Present = dict[tuple[str, str], tuple[str, str, str]]
PASS, FAIL, FAIL_B, ERROR = ("pass", "", "1"), ("fail", "a", "1"), ("fail", "b", "1"), ("error", "c", "1")
BLIND = ("error", "manual")


def night(history: History, number: int, hosts: Hosts, baseline: str = "base", folder: str = "", *, part: bool = False) -> Run:
    """One run over hosts; None: not reached."""
    at = START + number * DAY
    run = history.begin(f"run-{number}", baseline, f"{number:064x}", at, len(hosts), folder, partial=part)
    for host, statuses in hosts.items():
        why = "" if statuses is not None else "no route"
        history.record(run, document(host, statuses or {}, at, why, baseline))
    history.finish(run, at + 60)
    return history.run(f"run-{number}")


def kinds(diff: Diff) -> dict[tuple[str, str], Kind]:
    return {(change.host, change.check): change.kind for change in diff.changes}


def test_what_changed_between_two_runs(history: History):
    first = night(history, 1, {"a": {"w": PASS, "x": FAIL, "y": FAIL, "z": PASS, "old": PASS}, "gone": {"x": FAIL}})
    second = night(history, 2, {"a": {"w": FAIL, "x": PASS, "y": FAIL_B, "z": ERROR, "new": FAIL}, "b": {"x": FAIL}})
    diff = history.diff(first, second)
    assert kinds(diff) == {
        ("a", "w"): Kind.NEW,
        ("a", "x"): Kind.FIXED,
        ("a", "y"): Kind.CHANGED_VALUE,
        ("a", "z"): Kind.UNJUDGEABLE,
        ("a", "old"): Kind.CHECK_REMOVED,
        ("a", "new"): Kind.CHECK_ADDED,
        ("b", "x"): Kind.CHECK_ADDED,
    }
    assert (diff.hosts_added, diff.hosts_gone) == (("b",), ("gone",))


def test_a_failure_is_the_same_before_and_after_nights_of_error(history: History):
    nights: list[Statuses] = [
        {"back": FAIL, "other": FAIL, "mended": FAIL, "fine": PASS, "broke": PASS, "dropped": FAIL, "left": FAIL},
        {"back": ERROR, "other": ERROR, "mended": ERROR, "fine": ERROR, "broke": ERROR, "left": ERROR},
        {
            "back": ("error", "d", "1"),
            "other": ERROR,
            "mended": ERROR,
            "fine": ERROR,
            "broke": ERROR,
            "dropped": ERROR,
            "left": ERROR,
        },
        {"back": FAIL, "other": ("fail", "b", "2"), "mended": PASS, "fine": PASS, "broke": FAIL, "dropped": FAIL},
    ]
    runs = [night(history, number, {"a": statuses}) for number, statuses in enumerate(nights)]
    diff = history.diff(runs[2], runs[3])
    assert {check: kind for (_, check), kind in kinds(diff).items()} == {
        "other": Kind.CHANGED_VALUE,
        "mended": Kind.FIXED,
        "fine": Kind.JUDGED_AGAIN,
        "broke": Kind.NEW,
        "dropped": Kind.NEW,
        "left": Kind.CHECK_REMOVED,
    }, "what was asked no more is not what is asked again"
    assert diff.still_failing == 1
    told = {change.check: change for change in diff.changes}
    assert {check for check, change in told.items() if change.failed_before} == {"other", "mended"}
    assert (told["other"].before.outcome, told["other"].failed_before.outcome) == ("error", "fail")
    assert {check for check, change in told.items() if change.content} == {"other"}, "of another version than when it failed"
    again = night(history, 4, {"a": {"back": PASS, "other": FAIL, "mended": FAIL}})
    assert {check: kind for (_, check), kind in kinds(history.diff(runs[3], again)).items()}["back"] is Kind.FIXED
    failing = {each.check: (each.since, each.reopened) for each in history.failing(START + 5 * DAY)}
    assert failing == {"other": (START, 0), "mended": (START + 4 * DAY, 1)}, "since it failed first; and it was mended in between"


def test_a_failure_that_is_recorded_again_after_an_error_is_no_news_of_that_run(history: History):
    night(history, 1, {"a": {"x": FAIL}})
    night(history, 2, {"a": {"x": ERROR}})
    run = history.begin("run-3", "base", "0", START + 3 * DAY, 1, "")
    (change,) = history.record(run, document("a", {"x": FAIL}, START + 3 * DAY))
    assert (change.kind, change.before.outcome, change.failed_before.outcome) == (Kind.STILL_FAILING, "error", "fail")


def test_what_else_a_check_says_of_a_host_stays_as_it_is(history: History):
    def found(number: int, outcome: str) -> dict:
        told = document("a", {"x": (outcome, "", "1")}, START + number * DAY)
        (result,) = told["results"]
        told["results"].append({**result, "subject": "a.conf", "outcome": "fail"})
        return told

    for number, outcome in enumerate(["fail", "error", "fail"]):
        run = history.begin(f"run-{number}", "base", "0", START + number * DAY, 1, "")
        changes = history.record(run, found(number, outcome))
        history.finish(run, START + number * DAY + 60)
    assert [(change.subject, change.kind) for change in changes] == [("", Kind.STILL_FAILING)]
    assert {(each.subject, each.since) for each in history.failing(START + 3 * DAY)} == {("", START), ("a.conf", START)}


def test_only_verdicts_that_change_make_something_come_and_go(history: History):
    swinging, restless, blind = [PASS, FAIL] * 3, [FAIL, FAIL_B] * 3, [FAIL, ERROR, FAIL, ERROR, ERROR, FAIL]
    for number, (swings, moves, errs) in enumerate(zip(swinging, restless, blind, strict=True)):
        night(history, number, {"a": {"swinging": swings, "restless": moves, "blind": errs}})
    assert {each.check: each.flapping for each in history.failing(START + 6 * DAY)} == {
        "swinging": True,
        "restless": False,
        "blind": False,
    }


def test_a_change_of_the_check_is_told_apart_from_one_of_the_host(history: History):
    first = night(history, 1, {"a": {"x": ("pass", "", "1"), "y": ("pass", "", "1")}})
    second = night(history, 2, {"a": {"x": ("fail", "a", "2"), "y": ("fail", "a", "1")}})
    assert {change.check: change.content for change in history.diff(first, second).changes} == {"x": True, "y": False}


def test_a_host_that_is_not_reached_moves_no_check_and_nobody_says_that_it_still_fails(history: History):
    first = night(history, 1, {"a": {"x": FAIL, "y": PASS}})
    second = night(history, 2, {"a": None})
    third = night(history, 3, {"a": {"x": FAIL, "y": PASS}})
    diff = history.diff(first, second)
    assert (diff.changes, diff.unreached, diff.still_failing) == ((), ("a",), 0)
    assert history.diff(first, third).still_failing == 1
    assert history.diff(second, third).reached_again == ("a",)
    assert [chapter.status.outcome for chapter in history.story("x", "a")] == ["fail"]


def test_what_a_host_says_when_it_is_reached_at_last_is_no_added_check(history: History):
    night(history, 1, {"known": {"x": PASS}, "other": {"x": PASS}}, baseline="elsewhere")
    night(history, 2, {"known": {"x": PASS}, "late": None, "other": {"x": PASS}})
    silent = night(history, 3, {"known": None, "late": None, "other": {"x": PASS}})
    spoke = night(history, 4, {name: {"x": FAIL, "y": FAIL} for name in ("known", "late", "other")})
    diff = history.diff(silent, spoke)
    assert (diff.reached_again, diff.hosts_added) == (("known",), ("late",))
    told = {(change.host, change.check): change.kind.value for change in diff.with_added_hosts_apart().changes}
    anew = {(host, "x"): "new" for host in ("known", "other")} | {(host, "y"): "check_added" for host in ("known", "other")}
    assert told == anew | {("late", "x"): "host_added", ("late", "y"): "host_added"}


def test_the_story_of_a_check(history: History):
    for number, status in enumerate([PASS, FAIL, FAIL, FAIL_B, PASS, FAIL]):
        night(history, number, {"a": {"x": status}})
    story = history.story("x", "a")
    assert [(chapter.run, chapter.status.outcome, chapter.status.fingerprint[:1]) for chapter in story] == [
        ("run-0", "pass", ""),
        ("run-1", "fail", "a"),
        ("run-3", "fail", "b"),
        ("run-4", "pass", ""),
        ("run-5", "fail", "a"),
    ]
    (known,) = history.failing(START + 6 * DAY)
    assert (known.since, known.reopened, known.flapping) == (START + 5 * DAY, 1, True)
    (later,) = history.failing(START + 60 * DAY)
    assert not later.flapping
    with pytest.raises(UsageError, match="nothing is known of 'x' on 'b'"):
        history.story("x", "b")


def test_baselines_scanned_by_turns_do_not_remove_each_others_checks(history: History):
    for number, baseline in enumerate(["one", "two", "one", "two"]):
        run = history.begin(f"run-{number}", baseline, "", START + number * DAY, 1, "")
        changes = history.record(run, document("a", {f"of_{baseline}": FAIL}, START + number * DAY, baseline=baseline))
        assert [change.kind for change in changes] == ([Kind.CHECK_ADDED] if number < 2 else [])


def test_a_difference_tells_nothing_of_other_baselines_and_of_hosts_that_the_later_run_did_not_ask(history: History):
    first = night(history, 1, {"a": {"x": PASS}, "b": {"x": FAIL}}, "one", "/one")
    night(history, 2, {"a": {"y": FAIL}, "b": {"y": FAIL}}, "two", "/two")
    night(history, 3, {"elsewhere": {"x": FAIL}}, "one", "/elsewhere")
    night(history, 4, {"a": {"x": PASS}, "b": {"x": FAIL_B}}, "one", "/one")
    last = night(history, 5, {"a": {"x": FAIL}}, "one", "/one")
    diff = history.diff(first, last)
    assert kinds(diff) == {("a", "x"): Kind.NEW}
    assert (diff.still_failing, diff.hosts_added, diff.hosts_gone) == (0, (), ("b",))


def test_a_run_over_a_part_of_the_inventory_takes_no_host_for_gone_and_none_for_added(history: History):
    both: Hosts = {"a": {"x": PASS}, "b": {"x": FAIL}}
    first = night(history, 1, both)
    part = night(history, 2, {"a": {"x": FAIL}}, part=True)
    last = night(history, 3, both)
    assert [(run.partial, run.whole) for run in (first, part, last)] == [(False, True), (True, False), (False, True)]
    one, two = history.diff(first, part), history.diff(part, last)
    assert (one.hosts_gone, two.hosts_added) == ((), ())
    assert (kinds(one), one.still_failing) == ({("a", "x"): Kind.NEW}, 0)
    assert (kinds(two), two.still_failing) == ({("a", "x"): Kind.FIXED}, 1)


def test_a_run_that_has_not_come_to_its_end_takes_no_host_for_gone(history: History):
    first = night(history, 1, {"a": {"x": PASS}, "b": {"x": PASS}})
    history.record(history.begin("under way", "base", "", START + DAY, 2, ""), document("a", {"x": FAIL}, START + DAY))
    under_way = history.run("under way")
    last = night(history, 3, {"a": {"x": FAIL}, "b": {"x": PASS}})
    assert (history.diff(first, under_way).hosts_gone, history.diff(under_way, last).hosts_added) == ((), ())


def test_what_fails_now_is_told_of_hosts_that_are_still_asked(history: History):
    hosts: Hosts = {"a": {"x": FAIL}, "away": {"x": FAIL}, "left": {"x": FAIL}}
    night(history, 1, hosts)
    night(history, 2, {"a": {"x": FAIL}}, part=True)
    assert [each.host for each in history.failing(START + 3 * DAY)] == ["a", "away", "left"]
    night(history, 3, {"a": {"x": FAIL}, "away": None})
    night(history, 4, {"other": {"y": FAIL}}, "another", "/another")
    assert [each.host for each in history.failing(START + 4 * DAY)] == ["a", "away", "other"]
    broken = history.begin("broken", "base", "", START + 5 * DAY, 3, "")
    history.record(broken, document("new", {"x": FAIL}, START + 5 * DAY))
    assert [each.host for each in history.failing(START + 6 * DAY, 9)] == ["a", "away", "other", "new"]


def test_a_host_is_recorded_once_in_a_run_however_often_it_is_taken_up(history: History):
    run = history.begin("run-1", "base", "", START, 2, "folder")
    assert history.record(run, document("a", {"x": FAIL}))
    again = history.begin("run-1", "base", "", START + 5, 2, "folder")
    assert (again.id, again.started_at, again.finished_at) == (run.id, START, None)
    assert history.recorded(again) == {"a"}
    assert history.record(again, document("a", {"x": PASS})) == []
    assert history.run("latest").recorded == 1


def test_runs_are_found_by_name_and_by_age(history: History):
    with pytest.raises(UsageError, match="the history has no run"):
        history.run("latest")
    one, two = (night(history, number, {"a": {"x": PASS}}) for number in (1, 2))
    assert history.run("latest") == two
    assert history.run_before(two) == one
    assert history.runs() == [one, two]
    with pytest.raises(UsageError, match=r"no run is named 'run-9'; allowed: latest, run-2, run-1, \.\.\."):
        history.run("run-9")
    with pytest.raises(UsageError, match="there is no run before run-1 by baseline base"):
        history.run_before(one)
    with pytest.raises(UsageError, match="run run-1 is not later than run-2"):
        history.diff(two, one)


def test_a_run_is_compared_with_the_last_whole_one_of_its_series_and_the_latest_has_come_to_its_end(history: History):
    whole = night(history, 1, {"a": {"x": PASS}}, "one", "/one")
    night(history, 2, {"a": {"x": PASS}}, "one", "/one", part=True)
    night(history, 3, {"a": {"y": PASS}}, "two", "/one")
    night(history, 4, {"a": {"x": PASS}}, "one", "/two")
    last = night(history, 5, {"a": {"x": PASS}}, "one", "/one")
    history.begin("under way", "one", "", START + 6 * DAY, 1, "/one")
    assert history.run("latest") == last
    assert history.run_before(last) == whole
    assert history.run_before(history.run("under way")) == last


def test_dropping_runs_keeps_what_they_brought(history: History):
    for number, status in enumerate([PASS, FAIL, PASS]):
        night(history, number, {"a": {"x": status}})
    assert history.drop(history.runs()[:2]) == 2
    assert [run.name for run in history.runs()] == ["run-2"]
    assert [chapter.status.outcome for chapter in history.story("x", "a")] == ["pass", "fail", "pass"]


def test_evidence_that_only_forgotten_runs_rest_on_is_told_and_never_what_a_host_said_last(history: History):
    for number, hosts in enumerate((("one", "gone"), ("one",), ("one", "two"))):
        run = history.begin(f"run-{number}", "base", "", START + number * DAY, 2, "/out")
        for host in hosts:
            told = document(host, {"x": PASS}, START + number * DAY)
            told["provenance"]["bundle_sha256"] = f"{host}-{number}" if host != "two" else "one-1"
            history.record(run, told)
    runs = history.runs()
    assert history.evidence_of(runs[:1]) == [("/out", "one-0")]
    assert sorted(history.evidence_of(runs[:2])) == [("/out", "one-0")], "somebody else rests on one-1"
    assert history.evidence_of(runs[1:2]) == []
    assert history.evidence_of([]) == []


outcomes = st.sampled_from([PASS, FAIL, FAIL_B, ERROR, ("manual", "", "1"), ("pass", "", "2"), ("not_applicable", "", "1")])
nights = st.lists(
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.none() | st.dictionaries(st.sampled_from(["x", "y", "z"]), outcomes), min_size=1, max_size=2
    ),
    min_size=2,
    max_size=5,
)


@settings(
    max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(nights)
def test_every_answer_is_what_a_model_with_perfect_memory_tells(url: str, scans: list[Hosts]):
    _empty(url)
    history = History(url)
    remembered: list[Present] = []
    stories: dict[tuple[str, str], list[tuple[float, tuple[str, str]]]] = {}
    present: Present = {}
    runs = []
    for number, hosts in enumerate(scans):
        runs.append(night(history, number, hosts))
        for host, statuses in hosts.items():
            if statuses is not None:
                new = {(host, check): status for check, status in statuses.items()}
                for key in {key for key in present if key[0] == host} | new.keys():
                    if present.get(key) != new.get(key):
                        stories.setdefault(key, []).append((START + number * DAY, new.get(key, ("removed", "", ""))[:2]))
                present = {key: status for key, status in present.items() if key[0] != host} | new
        remembered.append(dict(present))
    for first, second in combinations(range(len(runs)), 2):
        diff = history.diff(runs[first], runs[second])
        reached = {host: statuses for host, statuses in scans[second].items() if statuses is not None}
        before, after = (_of_hosts(remembered[number], reached) for number in (first, second))
        same = {key for key in before.keys() & after.keys() if before[key] == after[key]}
        told = {(change.host, change.check) for change in diff.changes}
        silent = {key for key in before.keys() & after.keys() if before[key][0] == after[key][0] != "fail"}
        failed = {key: failure for key in before if (failure := _hidden(key, remembered[: first + 1], after.get(key)))}
        still = _same_failure(before, after) | _same_failure(failed, after)
        assert told == (before.keys() | after.keys()) - same - silent - still
        assert diff.still_failing == len({key for key in same | still if after[key][0] == "fail"})
        _agree(diff, before, after, failed)
    for (host, check), story in stories.items():
        told_story = [
            (chapter.at, (chapter.status.outcome, chapter.status.fingerprint[:1])) for chapter in history.story(check, host)
        ]
        assert told_story == story
    now = START + 13 * DAY
    failing = {(each.host, each.check): (each.since, each.flapping) for each in history.failing(now)}
    assert failing == {
        key: (_since(stories[key]), _swings(stories[key], now - 14 * DAY) >= 4)
        for key, status in _of_hosts(present, scans[-1]).items()
        if status[0] == "fail"
    }
    assert [each.since for each in history.failing(now, 2)] == sorted(since for since, _ in failing.values())[:2]
    history.close()


def _empty(url: str) -> None:
    """A database without a run."""
    History(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


def _of_hosts(known: Present, hosts: Hosts) -> Present:
    """What is known of the hosts that a run asked."""
    return {key: status for key, status in known.items() if key[0] in hosts}


def _since(story: list[tuple[float, tuple[str, str]]]) -> float:
    """When the last failure of a story began: it goes on while nobody can tell."""
    begun = story[-1][0]
    for at, (outcome, _) in reversed(story):
        if outcome not in ("fail", *BLIND):
            break
        begun = at if outcome == "fail" else begun
    return begun


def _swings(story: list[tuple[float, tuple[str, str]]], start: float) -> int:
    """How often a verdict was another one than that before it, or the first, since a moment."""
    verdicts = [(at, outcome) for at, (outcome, _) in story if outcome not in ("removed", *BLIND)]
    return sum(at >= start and one != other for (_, one), (at, other) in pairwise([(0.0, ""), *verdicts]))


def _agree(diff: Diff, before: Present, after: Present, failed: Present) -> None:
    """Every change is what was and is makes it, and what failed before it could not be judged."""
    for change in diff.changes:
        key = (change.host, change.check)
        assert (change.failed_before is not None) == (key in failed)
        if change.failed_before:
            assert change.kind == {"fail": "changed_value", "pass": "fixed", "not_applicable": "no_longer_applies"}[after[key][0]]
            assert change.failed_before.fingerprint[:1] == failed[key][1]
        elif key in before and after.get(key, ("",))[0] == "fail":
            assert change.kind == ("changed_value" if before[key][0] == "fail" else "new")


def _hidden(key: tuple[str, str], nights: list[Present], after: tuple[str, str, str] | None) -> tuple[str, str, str] | None:
    """What failed before a check could not be judged, on the last of these nights, which has a verdict afterwards."""
    if nights[-1][key][0] not in BLIND or after is None or after[0] in BLIND:
        return None
    known = next((present.get(key) for present in reversed(nights) if key not in present or present[key][0] not in BLIND), None)
    return known if known and known[0] == "fail" else None


def _same_failure(before: dict, after: dict) -> set:
    """Failures with the same value under another version of the check."""
    return {key for key in before.keys() & after.keys() if before[key][:2] == after[key][:2] and before[key][0] == "fail"}


@pytest.mark.parametrize("content", [b"garbage, and long enough to be a header", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path, content: bytes):
    file = tmp_path / "h.sqlite"
    file.write_bytes(content)
    with pytest.raises(HistoryError, match=r"h\.sqlite"):
        History(f"sqlite:///{file}")
    assert file.read_bytes() == content


def test_the_database_of_something_else_is_left_alone(tmp_path: Path):
    file = tmp_path / "h.sqlite"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE theirs (id)")
    with pytest.raises(HistoryError, match="holds tables that are not secscan's"):
        History(f"sqlite:///{file}")


def test_the_story_of_a_run_that_was_taken_up_late_ends_with_what_was_found_last(history: History):
    """The run of the first night broke off, and was resumed when the next one was over."""
    first = history.begin("run-1", "base", "x", START, 2, "")
    history.record(history.begin("run-2", "base", "x", START + DAY, 2, ""), document("one", {"check": PASS}, START + DAY))
    history.record(first, document("one", {"check": FAIL}, START + 2 * DAY))
    third = history.begin("run-3", "base", "x", START + 3 * DAY, 2, "")
    assert history.record(third, document("one", {"check": FAIL}, START + 3 * DAY)) == []
    assert [chapter.status.outcome for chapter in history.story("check", "one")] == ["pass", "fail"]
    assert history.diff(history.run("run-2"), third).changes == ()
    assert [change.kind for change in history.diff(first, history.run("run-2")).changes] == [Kind.FIXED]


def test_a_check_that_is_renamed_keeps_its_story(history: History):
    night(history, 1, {"a": {"old_name": FAIL, "other": PASS}})
    history.rename_checks({"old_name": "new_name", "never_known": "nothing"})
    second = night(history, 2, {"a": {"new_name": FAIL, "other": PASS}})
    assert history.diff(history.run("run-1"), second).changes == ()
    assert [chapter.run for chapter in history.story("new_name", "a")] == ["run-1"]
    assert [(each.check, each.since) for each in history.failing(START + 2 * DAY)] == [("new_name", START + DAY)]
    with pytest.raises(UsageError, match="nothing is known of 'nothing'"):
        history.story("nothing", "a")


def test_a_check_that_takes_the_name_of_one_that_is_known_has_its_own_story(history: History):
    night(history, 1, {"a": {"old_name": FAIL, "new_name": PASS}})
    history.rename_checks({"old_name": "new_name"})
    assert [chapter.status.outcome for chapter in history.story("old_name", "a")] == ["fail"]
    assert [chapter.status.outcome for chapter in history.story("new_name", "a")] == ["pass"]


def test_the_file_is_for_its_owner_only(tmp_path: Path):
    History(f"sqlite:///{tmp_path}/below/h.sqlite").close()
    assert (tmp_path / "below" / "h.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "postgresql+nodriver://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_used_is_told_with_what_can(url: str):
    with pytest.raises(UsageError, match="allowed: sqlite:///PATH or postgresql"):
        History(url)


def test_the_tables_are_what_the_migrations_make(url: str):
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - of this test alone
    from alembic.migration import MigrationContext  # noqa: PLC0415 - as above

    History(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
    engine.dispose()


def test_a_server_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(HistoryError, match="connection"):
        History(f"postgresql+psycopg://postgres:canary@/none?host={tmp_path}")
