"""What holds for every reporter, whatever it renders."""

import gc
import json
import re
import unicodedata
import weakref
from pathlib import Path

import pytest
import samples

from secscan import __version__
from secscan.assessments import to_document, write_document
from secscan.cli.reports import FORMATS
from secscan.plugins import REPORTERS, reporter, reporter_names

GOLDEN = Path(__file__).parent / "golden"
BUILT_IN = (
    "csv", "hdf", "html", "json", "junit", "markdown", "nagios", "ocsf", "oscal", "pdf", "poam", "portal", "prometheus", "sarif",
    "text", "xccdf",
)  # fmt: skip
FOR_OTHERS = tuple(name for name in BUILT_IN if name != "json")
"""Those that make text for people and programs; `json` is the document itself."""
ONE_FILE = tuple(name for name in BUILT_IN if name not in {"pdf", "portal"})
SCENES = {
    "one_host": samples.one_host,
    "three_hosts": samples.three_hosts,
    "hostile_host": lambda: [to_document(samples.hostile())],
    "nothing_judged": lambda: [to_document(samples.nothing_judged())],
}


def render(name, documents):
    return "".join(reporter(name).render(documents))


def test_every_built_in_reporter_is_found_by_its_name():
    assert set(BUILT_IN) == set(REPORTERS)
    assert set(BUILT_IN) <= set(reporter_names())
    assert {reporter(name).name for name in BUILT_IN} == set(BUILT_IN)


def test_the_command_line_lists_every_built_in_reporter():
    assert set(FORMATS.split(", ")) == set(BUILT_IN)


def test_no_two_reports_have_the_same_file():
    assert len({reporter(name).extension for name in BUILT_IN}) == len(BUILT_IN)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", ONE_FILE)
def test_a_report_looks_as_it_did_when_somebody_last_looked(name, scene, file_regression):
    if (name, scene) == ("json", "hostile_host"):
        pytest.skip("ten million characters are nothing to look at")
    written = render(name, SCENES[scene]()).replace(f"secscan {__version__}", "secscan VERSION")
    file_regression.check(written, fullpath=GOLDEN / f"{scene}.{reporter(name).extension}", encoding="utf-8", newline="")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_saved_document_renders_as_the_fresh_one(name):
    saved = [json.loads(write_document(document)) for document in samples.three_hosts()]
    assert render(name, saved) == render(name, samples.three_hosts())


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name != "ocsf"])  # no events are an empty file
def test_no_hosts_at_all_is_a_report_too(name):
    assert render(name, []).strip()


@pytest.mark.parametrize("name", FOR_OTHERS)
def test_nothing_that_a_host_sends_stays_invisible_or_in_command(name):
    written = render(name, [to_document(samples.hostile())]).removeprefix("\ufeff")
    found = {f"U+{ord(c):04X}" for c in written if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\r\n\t"}
    assert found == set()


@pytest.mark.parametrize(
    "name", sorted(set(FOR_OTHERS) - {"markdown", "nagios", "portal", "prometheus"})
)  # which show no values so long
def test_ten_million_characters_are_cut_and_the_report_says_so(name):
    written = render(name, [to_document(samples.hostile())])
    assert len(written) < 200_000
    assert re.search(r"9,999,\d\d\d more characters", written)


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_reporter_keeps_the_documents_of_a_large_fleet(name):
    alive = weakref.WeakSet()
    most = 0

    def documents():
        nonlocal most
        for number in range(60):
            document = _Hashable(to_document(samples.assessment(samples.host(f"h{number}"))))
            alive.add(document)
            most = max(most, len(alive))
            yield document
            del document

    gc.disable()
    try:
        for _ in reporter(name).render(documents()):
            pass
    finally:
        gc.enable()
    assert most <= 22


class _Hashable(dict):
    """A document whose life can be watched."""

    __hash__ = object.__hash__


@pytest.mark.parametrize("name", ["html", "text"])
def test_a_host_without_verdicts_has_no_percentage(name):
    written = render(name, [to_document(samples.unreachable("lost", "no route to host"))])
    assert "not judged" in written
    assert "no route to host" in written
    assert not re.search(r"compliance\W+\d", written, re.IGNORECASE)


@pytest.mark.parametrize("name", ["html", "text"])
def test_local_changes_to_the_baseline_name_their_approver(name):
    assert "Chief of ICT" in render(name, samples.one_host())
    assert "Chief of ICT" in render(name, samples.twelve_hosts())
