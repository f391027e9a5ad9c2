"""Hosts that left the inventory: what the folder of a job shows, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

LOOKS = ("text", "json", "csv", "html", "markdown", "prometheus")


@pytest.fixture
def job(own_content: Path) -> Callable[..., None]:
    """Writes a project of these hosts into the current folder."""

    def write(*hosts: str, baseline: str = "tiny_fail") -> None:
        Path("inventory.yml").write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in hosts))
        Path("secscan.yml").write_text(
            f"inventory: inventory.yml\nbaseline: {baseline}\ncontent: [{own_content}]\noutput: out\nformats: [json]\n"
        )

    return write


def shown() -> list[str]:
    """The hosts that everything reading the folder goes by."""
    return sorted(json.loads(path.read_text())["host"]["name"] for path in Path("out/hosts").iterdir())


def test_a_host_that_left_is_told_as_gone_counts_nowhere_and_is_kept(secscan, job):
    job("stays", "leaves")
    assert secscan("run", "-q").code == 1
    document = Path("out/hosts/leaves.json").read_bytes()
    job("stays")
    said = secscan("run", "-q")
    assert said.complaints == ["secscan: hosts not asked any more: 1; what they said last is in out/gone"]
    assert Path("out/gone/leaves.json").read_bytes() == document, "nothing is deleted"
    assert shown() == ["stays"]
    for look in LOOKS:
        text = secscan("report", "out", "-f", look).out
        assert "stays" in text
        assert ("leaves" in text) == (look in ("text", "json", "html", "markdown")), f"{look}: told as gone where changes are told"
    assert json.loads(secscan("report", "out", "-f", "json").out)["since"]["hosts_gone"] == {"count": 1, "names": ["leaves"]}
    assert secscan("run", "-q").complaints == [], "told once"
    assert "leaves" not in secscan("report", "out", "-f", "text").out
    assert "leaves" in secscan("report", "out/gone", "-f", "text").out, "what it said last can be read as ever"


def test_a_host_that_comes_back_is_gone_no_more(secscan, job):
    job("stays", "leaves")
    secscan("run", "-q")
    job("stays")
    secscan("run", "-q")
    job("stays", "leaves")
    assert secscan("run", "-q").complaints == []
    assert shown() == ["leaves", "stays"]
    assert list(Path("out/gone").iterdir()) == []


@pytest.mark.parametrize("words", [("stays",), ("--limit", "host=stays")], ids=["named", "limited"])
def test_a_look_at_one_host_takes_no_other_away(secscan, job, words):
    job("stays", "other")
    secscan("run", "-q")
    assert secscan("run", "-q", *words).complaints == []
    assert shown() == ["other", "stays"]


def test_hosts_named_without_an_inventory_gather_in_one_folder(secscan, job, tiny):
    job("first")
    Path("secscan.yml").unlink()
    secscan("scan", "-i", "inventory.yml", *tiny("fail"), "-q", "-o", "out", "-f", "json")
    assert secscan("scan", "local", *tiny("fail"), "-q", "-o", "out", "-f", "json").code == 1
    assert len(shown()) == 2


def test_what_other_scanners_evidence_by_hand_and_other_baselines_brought_stays(secscan, job, own_content):
    results = Path(__file__).parents[1] / "imports" / "files"
    job("stays", "other")
    secscan("run", "-q")
    (bundle, *_) = sorted(Path("out/evidence").iterdir())
    imported = next(path for path in sorted(results.iterdir()) if path.suffix == ".sarif")
    assert secscan("import", imported, "-o", "out").code == 0
    assert secscan("evaluate", bundle, "--name", "isolated", "-q", "-o", "out").code == 1
    before = shown()
    job("third", baseline="tiny_pass")
    assert secscan("run", "-q").complaints == []
    assert shown() == sorted([*before, "third"]), "of another baseline: another job, which this one knows nothing of"
    job("stays")
    secscan("run", "-q")
    assert shown() == sorted({*before, "third"} - {"other"})


def test_a_folder_that_cannot_be_made_is_told_and_the_run_is_whole(secscan, job):
    job("stays", "leaves")
    secscan("run", "-q")
    Path("out/gone").write_text("mine")
    job("stays")
    said = secscan("run", "-q")
    assert (said.code, said.complaints) == (1, ["secscan: out/gone: cannot be written: File exists"])
    assert shown() == ["leaves", "stays"]
    assert Path("out/gone").read_text() == "mine"


def test_an_inventory_does_not_drive_the_hosts_of_another_out_of_their_folder(secscan, job):
    job("first", "second")
    assert secscan("run", "-q").code == 1
    Path("inventory.yml").rename("theirs.yml")
    mine, theirs = Path("inventory.yml"), Path("theirs.yml")
    assert secscan("run", "-q", "-i", theirs).code == 1, "an inventory that was renamed is the same"
    job("third")
    told = f"out has the hosts of {theirs.absolute()} by tiny_fail, and a run over inventory.yml would take them for gone; "
    for words in (("run", "-q"), ("scan", "-q"), ("doctor",)):
        said = secscan(*words)
        assert told in said.out + said.err
        assert said.code == (1 if words == ("doctor",) else 2)
    assert shown() == ["first", "second"]
    assert not Path("out/gone").exists()
    assert secscan("run", "-q", "-o", "other").code == 1, "a folder for each"
    assert secscan("run", "-q", "third").code == 1, "a look at one host takes nobody away"
    Path("out/.inventories").unlink()
    assert secscan("run", "-q").code == 1, "the one takes the place of the other"
    assert shown() == ["third"]
    assert mine.exists()


@pytest.mark.parametrize("text", ["", "[]", "nonsense"])
def test_a_note_of_inventories_that_cannot_be_read_stops_no_run(secscan, job, text):
    job("first")
    Path("out").mkdir()
    Path("out/.inventories").write_text(text)
    assert secscan("run", "-q").code == 1
    assert json.loads(Path("out/.inventories").read_text()) == {"tiny_fail": str(Path("inventory.yml").absolute())}


def since() -> dict[str, int]:
    """What the report of the last run says became of hosts."""
    found: dict[str, int] = json.loads(Path("out/report.json").read_text())["summary"]["since"]["hosts"]
    return found


def test_a_host_that_was_renamed_is_one_that_left_and_one_that_came_and_its_address_is_none_of_both(secscan, job):
    job("before", "stays")
    secscan("run", "-q")
    job("after", "stays")
    assert secscan("run", "-q").complaints == ["secscan: hosts not asked any more: 1; what they said last is in out/gone"]
    assert since() == {"added": 1, "gone": 1}
    text = Path("inventory.yml").read_text()
    Path("inventory.yml").write_text(text.replace("name: stays,", "name: stays, address: elsewhere,"))
    assert secscan("run", "-q").complaints == []
    assert shown() == ["after", "stays"]
    assert since() == {}


def test_the_evidence_of_hosts_that_left_counts_in_no_figure_of_services_and_that_is_told(secscan, job):
    job("stays", "leaves")
    secscan("run", "-q")
    job("stays")
    services = "services: [{name: erp, owner: a, criticality: high, rto: 4h, rpo: 24h, hosts: [stays]}]\n"
    Path("inventory.yml").write_text(Path("inventory.yml").read_text() + services)
    secscan("run", "-q")
    for folder in ("out", "out/evidence"):
        said = secscan("continuity", "--saved", folder)
        assert said.complaints[0] == "secscan: hosts with evidence that the inventory does not have: 1; they count for nothing"
        assert "leaves" not in Path("out/continuity.json").read_text()
