"""What a run found on a host by one baseline is not overwritten by what it finds by another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def job(own_content: Path) -> Callable[..., None]:
    """Writes a project of these hosts into the current folder."""

    def write(*hosts: str, baseline: str = "tiny_fail") -> None:
        Path("inventory.yml").write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in hosts))
        Path("secscan.yml").write_text(
            f"inventory: inventory.yml\nbaseline: {baseline}\ncontent: [{own_content}]\noutput: out\n"
            "formats: [json, portal]\nhistory: history.sqlite\n"
        )

    return write


def contents() -> dict[str, bytes]:
    """Everything that reports are made of, and the reports."""
    found = [*Path("out/hosts").iterdir(), Path("out/report.json"), *Path("out/portal").rglob("*.html")]
    return {str(path): path.read_bytes() for path in found}


def refusal(hosts: str, baseline: str = "tiny_pass", other: str = "tiny_fail") -> str:
    return (
        f"secscan: out has what a run by {other} found on {hosts}, and one by {baseline} would overwrite it; allowed: -o with a "
        f"folder for each baseline, or to move out/hosts away where {baseline} takes the place of {other}"
    )


def test_a_run_by_another_baseline_over_the_same_hosts_is_refused_before_anything_is_asked(secscan, job):
    job("web1", "web2")
    assert secscan("run", "-q").code == 1
    before, known = contents(), secscan("runs", "list").out
    for words in (("run", "-q"), ("scan", "-q"), ("run", "-q", "web1"), ("scan", "web2", "-q", "--no-history")):
        said = secscan(*words, "-b", "tiny_pass")
        assert (said.code, said.complaints) == (
            2,
            [refusal("web1, web2" if len(words) == 2 else words[2 if words[0] == "run" else 1])],
        )
    assert contents() == before
    assert secscan("runs", "list").out == known
    job("web1", "web2", baseline="tiny_pass")
    said = secscan("doctor")
    assert said.code == 1
    assert "out has what a run by tiny_fail found on web1, web2" in " ".join(said.out.split())
    assert secscan("run", "-q", "-o", "other").code == 0, "a folder for each"
    Path("out/hosts").rename("out/before")
    assert secscan("run", "-q").code == 0, "the one takes the place of the other"
    assert secscan("run", "-q", "-b", "tiny_fail").complaints == [refusal("web1, web2", "tiny_fail", "tiny_pass")]


def test_only_the_first_of_many_hosts_are_named(secscan, job):
    job(*(f"web{number}" for number in range(7)))
    secscan("run", "-q")
    assert secscan("run", "-q", "-b", "tiny_pass").complaints == [refusal("web0, web1, web2, web3, web4, ...")]


def test_evidence_is_judged_by_another_baseline_elsewhere(secscan, job, own_content):
    job("web1")
    secscan("run", "-q")
    before = contents()
    words = ("evaluate", "out/evidence", "--content", own_content, "-q", "-f", "json")
    said = secscan(*words, "-b", "tiny_pass", "-o", "out")
    assert (said.code, said.complaints) == (2, [refusal("web1")])
    assert contents() == before
    assert secscan(*words, "-b", "tiny_pass", "-o", "judged").code == 0
    assert secscan(*words, "-b", "tiny_pass", "-o", "judged").code == 0, "what nobody's run found is judged as often as you like"
    assert secscan(*words, "-b", "tiny_fail", "-o", "judged").code == 1
    assert secscan(*words, "-b", "tiny_fail", "-o", "out").code == 1, "by the same baseline it is judged again"


def test_what_the_organization_states_is_not_overwritten_either(secscan, job, own_content):
    check = own_content / "checks" / "tests" / "person_says_manual.yaml"
    text = check.read_text()
    try:
        check.write_text(text + "subject: organization\n")
        job("web1", baseline="tiny_manual")
        secscan("run", "-q")
        assert Path("out/hosts/organization.json").exists()
        job("web2", baseline="tiny_all")
        Path("inventory.yml").rename("theirs.yml")
        assert secscan("run", "-q", "-i", "theirs.yml").complaints == [refusal("organization", "tiny_all", "tiny_manual")]
    finally:
        check.write_text(text)


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{\n"baseline": 7,\n"provenance": [],\n}', '{\n"baseline": {,\n}'])
def test_a_document_that_cannot_be_read_stops_no_run(secscan, job, text):
    job("web1")
    Path("out/hosts").mkdir(parents=True)
    Path("out/hosts/web1.json").write_text(text)
    assert secscan("run", "-q").code == 1
    assert json.loads(Path("out/hosts/web1.json").read_text())["baseline"]["id"] == "tiny_fail"
