"""The continuity report: one page from a continuity document, and its pictures."""

from __future__ import annotations

import inspect
import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.continuity import expiry
from secscan.continuity.evidence import Evidence
from secscan.continuity.indicators import measure_indicators
from secscan.inert import visible
from secscan.languages import LANGUAGES, wording
from secscan.reporters.html.continuity import find_gaps, write_continuity
from secscan.reporters.html.continuity.canvas import Canvas
from secscan.reporters.html.continuity.network import draw_network, find_network
from secscan.reporters.html.continuity.reasons import SENTENCES, say_reason, write_reason
from secscan.reporters.html.continuity.speech import ENDINGS, INDICATORS, write_ending, write_figure, write_size, write_span
from secscan.reporters.html.continuity.timeline import WIDTH, draw_timeline
from secscan.reporters.html.continuity.timeline import find_gaps as find_lost
from secscan.wording import ENGLISH

HOUR, DAY, GIB = 3600.0, 86400.0, 2**30
NOW = 1_790_000_000.0
EVIL = "<script>alert('x')</script>\"&\u202e\x1b[31m"
MISSED = {"seconds": None, "never": True, "knowledge": "measured", "verdict": "missed", "why": "there is no restore point"}
MET = {"seconds": 2 * HOUR, "never": False, "knowledge": "measured", "verdict": "met", "why": "newest in far on vault"}
UNKNOWN = {"seconds": None, "never": False, "knowledge": "unknown", "verdict": "unknown", "why": "vault was not read"}


def point(age: float, **told) -> dict:
    return {"time": NOW - age, "integrity": "whole", "doubt": "", **told}


def repository(*points: dict, **told) -> dict:
    return {"id": "far", "host": "vault", "site": "valencia", "fault": "", "notes": [], "points": list(points), **told}


def data_set(*repositories: dict, **told) -> dict:
    figures = {"rpo_now": MET, "worst_gap": MISSED, "site_loss": UNKNOWN, "cyber": UNKNOWN}
    rule = {"copies": 2, "hosts": 2, "off_site": 1, "immutable": 0, "errors": None, "verdict": "unknown", "missing": []}
    return {
        "id": "files", "host": "db1", "paths": ["/srv/erp"], "database": "", "covered": True, "size": GIB, "uncovered": 0,
        "size_fault": "", "held": 0.5, "figures": figures, "rule_32110": rule, "repositories": list(repositories),
        "restore_tests": {"tests": [], "faults": ["db1 was not read"], "notes": []}, **told,
    }  # fmt: skip


def service(*sets: dict, **told) -> dict:
    figures = {"rpo_now": MET, "worst_gap": MISSED, "site_loss": MET, "cyber": UNKNOWN, "rto": MISSED}
    element = {"kind": "host", "name": "db1", "service": "erp", "single": True, "fault": "", "not_its_own": False, "why": ""}
    return {
        "service": "erp", "owner": "Chief", "criticality": "high", "objectives": {"rpo": 4 * HOUR, "rto": 8 * HOUR},
        "depends_on": [], "figures": figures, "own_figures": figures, "limited_by": {}, "size": GIB, "uncovered": 0,
        "data_sets": list(sets), "elements": [element], **told,
    }  # fmt: skip


def document(*services: dict, **told) -> dict:
    hosts = [{"host": "db1", "site": "geneva", "read": True, "why": ""}, {"host": "vault", "site": "", "read": False, "why": ""}]
    indicator = {
        "id": "K5", "title": INDICATORS["K5"], "met": [], "missed": ["erp"], "estimated": [], "unknown": [], "of": ["erp"],
        "numbers": {}, "notes": [], "statements": ["drill-2026"],
        "results": [{"check": "service_recovers_in_time", "subject": "service erp", "outcome": "fail", "disposition": "none"}],
    }  # fmt: skip
    lost = {"service": "erp", "data_set": "files", "live_lost": True, "repositories_lost": [], "loss": UNKNOWN}
    scenarios = [
        {"kind": "host", "name": "db1", "stops": ["erp"], "data_sets": [lost]},
        {"kind": "credentials", "name": "", "stops": ["erp"], "data_sets": [lost]},
    ]
    return {
        "as_of": NOW, "window_s": 7 * DAY, "broken": [], "services": list(services), "hosts": hosts, "losses": [],
        "undeclared": [{"host": "db1", "path": "/home", "size": 5 * GIB}], "ending": [], "indicators": [indicator],
        "scenarios": scenarios, **told,
    }  # fmt: skip


def page(found: dict, language: str = "en") -> str:
    return "".join(write_continuity(found, wording(language)))


WHOLE = document(service(data_set(repository(point(HOUR), point(30 * HOUR)))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_every_language_asks_no_server_and_has_no_script(language):
    written = page(WHOLE, language)
    assert f'lang="{wording(language).language}"' in written
    assert "<script" not in written
    assert not re.search(r"(?:src|href)=\"(?!#)", written)
    assert "url(http" not in written
    assert "default-src 'none'" in unescape(written)


def test_every_link_leads_to_a_place_on_the_page_and_every_place_is_there_once():
    written = page(document(service(data_set(repository()), data_set(id="more")), service(service="mail", depends_on=["erp"])))
    places = re.findall(r'\sid="([^"]*)"', written)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]*)"', written)) <= set(places)


def test_objectives_verdicts_and_how_surely_they_are_known_stand_together():
    written = page(WHOLE)
    for told in ("Not met", "all of it", "measured", "objective 4h", "vault was not read", "service_recovers_in_time"):
        assert told in written


def test_each_indicator_names_its_members_results_and_statements():
    written = page(WHOLE)
    row = written[written.index('id="K5"') :]
    row = row[: row.index("</tr>")]
    for told in ("<code>erp</code>", "service_recovers_in_time", "service erp", "drill-2026"):
        assert told in row


def test_a_service_without_data_of_its_own_has_no_figure_of_a_loss():
    written = page(document(service()))
    assert written.count("no data of its own") == 4
    assert "Data loss now" not in written[written.index('id="service-erp"') :]


def test_names_from_outside_are_harmless_and_visible_everywhere():
    saved = repository(point(HOUR), id=EVIL, host=EVIL, site=EVIL, fault=EVIL)
    data = data_set(saved, id=EVIL, host=EVIL, paths=[EVIL], size_fault=EVIL)
    evil = service(data, service=EVIL, owner=EVIL, depends_on=[EVIL], limited_by={"rto": EVIL})
    hosts = [{"host": EVIL, "site": EVIL, "read": False, "why": EVIL}]
    ending = [{"kind": "certificate", "name": EVIL, "place": EVIL, "ends": None, "fault": EVIL}]
    scenario = {"kind": "site", "name": EVIL, "stops": [EVIL], "data_sets": []}
    losses = [{"kind": "disk", "name": EVIL, "services": [EVIL]}]
    stray = [{"host": EVIL, "path": EVIL, "size": None}]
    told = document(evil, hosts=hosts, ending=ending, scenarios=[scenario], losses=losses, undeclared=stray)
    for language in ("en", "ar"):
        written = page(told, language)
        assert "<script" not in written
        assert "\u202e" not in written
        assert "\x1b" not in written


def test_gaps_are_told_by_size_and_what_is_not_known_first():
    lacking = data_set(id="a", covered=False, uncovered=GIB)
    dark = data_set(id="b", covered=None, uncovered=None, size_fault="db1 was not read")
    gaps = find_gaps(document(service(lacking, dark, data_set(id="c"))))
    assert [(gap.place, gap.size, gap.share) for gap in gaps] == [
        ("b (db1)", None, 0), ("db1:/home", 5 * GIB, 1.0), ("a (db1)", GIB, 0.2),
    ]  # fmt: skip


def drawn(found: dict, rpo: float = 4 * HOUR, language: str = "en") -> ET.Element:
    return ET.fromstring(draw_timeline(found, rpo, NOW, 7 * DAY, wording(language), "a"))


def shapes(picture: ET.Element, kind: str) -> list[ET.Element]:
    return [each for each in picture.iter() if each.get("class") == kind]


def test_the_time_line_shows_whole_doubtful_and_broken_points_by_shape():
    points = (point(HOUR), point(2 * DAY, doubt="the clock is not known"), point(3 * DAY, integrity="broken"), point(8 * DAY))
    picture = drawn(data_set(repository(*points)))
    assert [len(shapes(picture, kind)) for kind in ("whole", "doubtful", "broken")] == [1, 1, 1]
    assert {each.tag for kind in ("whole", "broken") for each in shapes(picture, kind)} == {"circle", "path"}


def test_the_time_line_marks_the_time_without_a_point_within_the_objective_and_the_objective_itself():
    picture = drawn(data_set(repository(point(DAY))), rpo=DAY)
    (gap,) = shapes(picture, "gap")
    (band,) = shapes(picture, "objective")
    width = WIDTH - 48
    assert float(gap.get("width")) == pytest.approx(width * 6 / 7, rel=1e-3)
    assert float(band.get("width")) == pytest.approx(width / 7, rel=1e-3)


def test_the_picture_is_told_in_words():
    picture = drawn(data_set(repository(point(HOUR)), repository(fault="vault was not read", id="near")))
    assert picture.get("role") == "img"
    ids = picture.get("aria-labelledby").split()
    words = {each.get("id"): each.text for each in picture if each.get("id")}
    assert list(words) == ids
    assert "Restore points of files" in words[ids[0]]
    assert "far 1; near not known" in words[ids[1]]


def test_time_runs_the_other_way_where_people_read_from_right_to_left():
    points = data_set(repository(point(HOUR)))
    left, right = (float(shapes(drawn(points, language=each), "whole")[0].get("cx")) for each in ("en", "ar"))
    assert left == pytest.approx(WIDTH - right, abs=0.1)


TIMES = st.lists(st.floats(-1e12, 1e12), max_size=60)


@given(TIMES, st.floats(1, 1e7))
def test_whatever_times_hosts_tell_the_picture_is_sound_and_stays_inside(times, rpo):
    points = [{"time": time, "integrity": "whole", "doubt": ""} for time in times]
    picture = drawn(data_set(repository(*points)), rpo)
    for each in shapes(picture, "whole"):
        assert 0 <= float(each.get("cx")) <= WIDTH
    lost = find_lost(data_set(repository(*points)), rpo, (NOW - 7 * DAY, NOW))
    assert sum(end - begin for begin, end in lost) <= 7 * DAY + 1


def test_thousands_of_points_are_drawn_as_what_can_be_told_apart():
    picture = drawn(data_set(repository(*(point(second * 60.0) for second in range(10_000)))))
    assert len(shapes(picture, "whole")) < 400


def test_the_picture_of_dependencies_marks_what_there_is_only_one_of():
    network = find_network([service(data_set(repository()))], document(service(data_set(repository()))))
    picture = ET.fromstring(draw_network(network, ENGLISH, "a", "erp"))
    assert (list(network.services), network.hosts) == (["erp"], {"db1": True, "vault": False})
    assert list(network.saved) == [("erp", "vault")]
    assert len(shapes(picture, "single")) == 1
    assert "There is only one of: db1." in next(each.text for each in picture if each.tag == "desc")


def test_circles_of_dependencies_are_drawn_and_do_not_hang():
    services = (service(service="a", depends_on=["b"]), service(service="b", depends_on=["a"]))
    assert list(find_network(services[:1], document(*services)).services) == ["a", "b"]


def test_a_mirrored_canvas_keeps_names_in_their_own_direction():
    canvas = Canvas(100, 50, mirrored=True)
    canvas.name("label", 10, 20, "db1", 9)
    picture = canvas.picture("k", "a", "t", "d")
    assert 'direction="ltr" x="90" y="20" text-anchor="end"' in picture


def test_spans_sizes_and_what_has_no_end_are_written_for_people():
    assert [write_span(ENGLISH, each) for each in (0, 59, 3600, 93_784, 6 * DAY)] == ["0s", "59s", "1h", "1d 2h", "6d"]
    assert [write_size(ENGLISH, each) for each in (None, 0, 1023, 1536, 5 * GIB)] == ["?", "0 B", "1,023 B", "1.5 KiB", "5.0 GiB"]
    assert (write_figure(ENGLISH, MISSED), write_figure(ENGLISH, MISSED, "rto")) == ("all of it", "never")


def test_every_indicator_is_named_on_the_page_as_in_the_short_form():
    counted = measure_indicators((), Evidence({}, {}, {}, NOW))
    assert {each.id: each.title for each in counted} == INDICATORS


WHYS = (
    "files: newest in far on vault; restic shows when something changed, a backup or a clean-up",
    "db1 was not read: timed out; the site of far is not declared",
    "files: no restore was tested in time, and there is no drill and no size and rate to estimate by",
    "estimated from size and the rate of earlier restores, and detect, decide: files: no restore was tested in time",
    "restore tests, the oldest of 2026-09-14, scaled to the whole, and no other step, for none is declared",
    "db1: b.json: it is dated in the future",
    "Finance: K4, 0 of 2",
)


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_reason_that_is_a_sentence_of_ours_is_said_in_the_language_of_the_page(language):
    w = wording(language)
    for why in WHYS:
        plain = say_reason(w, why)
        assert plain != why
        assert not {"newest", "read", "restore", "tested", "dated", "shows", "of "} & set(re.findall(r"[a-z]+ ?", plain)), plain
    assert 'lang="en"' in write_reason(w, "db1 was not read: timed out"), "what nobody has a sentence for stays English"
    assert write_reason(w, "newest in far on vault").count("<bdi>") == 2


@given(st.text(max_size=30), st.sampled_from(WHYS), st.sampled_from(sorted(LANGUAGES)))
def test_whatever_a_host_says_in_a_reason_is_harmless_and_nothing_of_it_is_lost(said, why, language):
    told = f"db1 was not read: {said}; {why}"
    written = write_reason(wording(language), told)
    assert not re.search(r"<(?!/?bdi)", written)
    assert visible(said).strip() in unescape(re.sub(r"<[^>]*>", "", written)) or "; " in said or ": " in said


def test_every_sentence_finds_itself_whatever_stands_in_it():
    for sentence in SENTENCES:
        text = sentence.format(**dict.fromkeys(re.findall(r"\{(\w+)\}", sentence), "x"))
        assert say_reason(wording("fr"), text) != text, sentence


def test_every_kind_of_what_ends_by_itself_has_words():
    kinds = re.findall(r'_record\("([^"]+)"', inspect.getsource(expiry))
    assert set(kinds) == set(ENDINGS)


@pytest.mark.parametrize(("name", "told"), [("signing key Archive F0 (db1:/k.gpg)", "Archive F0 (db1:/k.gpg)"), ("else", "else")])
def test_what_ends_is_named_with_its_kind_in_the_language_of_the_page(name, told):
    kind, rest = write_ending(wording("fr"), name)
    assert (rest, kind) == (told, "" if name == told else "clé qui signe des paquets")


def test_the_spaces_that_a_language_writes_stay_spaces_in_a_picture():
    written = draw_timeline(data_set(repository(point(HOUR))), 4 * HOUR, NOW, 7 * DAY, wording("fr"), "a")
    assert "U+" not in written
    assert "4\u202fh" in written
