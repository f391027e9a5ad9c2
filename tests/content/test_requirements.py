"""Requirements as data: every row kept, every source's state told, every way of being served found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from secscan import places, plugins
from secscan.cli import run
from secscan.content.coverage import Served, cover
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from secscan.content.requirements import Requirement, Verification, read_requirements
from secscan.content.sources import read_catalogues
from secscan.documents import parse_document
from secscan.model.check import Baseline, Check, Effort, Remediation, Selection, Severity, When

SHIPPED, PROBLEMS = read_requirements(source.document() for source in read_catalogues([places.baselines()]))
ROW = """\
requirements:
- id: R-1
  level: 1
  group: a group
  title: A title
  source: {document: A/1, locator: para. 1, verification: seed}
  statement: What must be so.
  check_modes: [ssh]
  applies_to: estate
"""


def read(text: str) -> tuple[dict[str, Requirement], list[str]]:
    found, problems = read_requirements([parse_document(text, "f.yml")])
    return found, [str(problem) for problem in problems]


def test_the_shipped_catalogue_is_whole_and_right():
    assert PROBLEMS == []
    assert len(SHIPPED) == 221
    assert all(parent in SHIPPED for row in SHIPPED.values() for parent in row.parents)


def test_what_was_only_remembered_is_never_told_as_read():
    for row in SHIPPED.values():
        read_it = row.verification in (Verification.SEED, Verification.WEB)
        assert row.verification.meaning.startswith("read") is read_it


def test_a_report_marks_a_requirement_that_was_not_read():
    library = load_library([places.checks()], [places.baselines()], Vocabulary(plugins.probes(), plugins.matchers()), None)
    for name, row in SHIPPED.items():
        unread = not row.parents and row.verification not in (Verification.SEED, Verification.WEB)
        assert library.requirements[name].source.endswith(f"({row.verification.meaning})") is unread


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("verification: seed", "verification: sead", "f.yml:6:45: 'verification' cannot be \"sead\" (did you mean 'seed'?)"),
        ("  level: 1", "  level: 3", "f.yml:3:3: 'level' cannot be 3"),
        ("check_modes: [ssh]", "check_modes: [shh]", "f.yml:8:17: 'check_modes' cannot be \"shh\" (did you mean 'ssh'?)"),
        ("  level: 1", "  level: 1\n  parents: [R-2]", "f.yml:4:13: no requirement is named 'R-2'"),
        ("  level: 1", "  level: 1\n  mappings: {nist_800_53r5: [AC-99]}", "NIST SP 800-53 r5 has no 'AC-99'"),
        ("  statement: What must be so.\n", "", "has no 'statement'"),
        ("  group:", "  grup: x\n  group:", "unknown key 'grup' (did you mean 'group'?)"),
    ],
)
def test_a_wrong_row_is_told_with_its_place(old: str, new: str, problem: str):
    assert read(ROW)[1] == []
    found = read(ROW.replace(old, new))[1]
    assert any(problem in each for each in found), found


def rows(**given: tuple[str, ...]) -> dict[str, Requirement]:
    """Requirements by id, with their parents."""
    text = "requirements:\n" + "".join(
        ROW.removeprefix("requirements:\n").replace("R-1", name).replace("level: 1", f"level: {2 if parents else 1}")
        + (f"  parents: [{', '.join(parents)}]\n" if parents else "")
        for name, parents in given.items()
    )
    found, problems = read(text)
    assert not problems
    return found


def check(name: str, *, attested: bool = False) -> Check:
    remediation = Remediation("", Effort.HOURS, When.RUNTIME)
    return Check(name, "d", "t", Severity.LOW, "r", remediation, {}, {}, (), (), (), (), ("Is it so?",) if attested else ())


def baseline(not_automated: dict[str, str] | None = None, **selected: tuple[str, ...]) -> Baseline:
    """A baseline with checks by name, and the requirements that each serves."""
    selections = tuple(Selection(name, {}, Severity.LOW, requirements) for name, requirements in selected.items())
    return Baseline("b", "B", "", selections, not_automated or {})


def test_each_way_of_being_served_is_found_and_none_is_left_out():
    requirements = rows(a=(), b=("a",), c=("a",), d=(), e=(), f=("d",))
    checks = {name: check(name, attested=name == "asked") for name in ("one", "asked")}
    covered = cover(requirements, [baseline({"e": "why"}, one=("b",), asked=("b", "c"))], checks)
    assert {name: each.served for name, each in covered.items()} == {
        "a": Served.PARTS,
        "b": Served.CHECKS,
        "c": Served.ATTESTATION,
        "d": Served.OPEN,
        "e": Served.NOT_AUTOMATED,
        "f": Served.OPEN,
    }
    assert covered["a"].parts == ("b", "c")
    assert (covered["b"].checks, covered["b"].attested) == (("one",), ("asked",))
    assert covered["e"].reason == "why"


def test_the_coverage_lists_every_requirement_of_the_catalogue(capsys: pytest.CaptureFixture[str]):
    run(["requirement", "coverage", "--json"])
    listed = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in listed] == list(SHIPPED)
    assert all(each["served"] == "open" or each["checks"] or each["attested"] or each["parts"] or each["reason"] for each in listed)


def test_requirements_are_chosen_by_id_group_and_document(capsys: pytest.CaptureFixture[str]):
    assert run(["requirement", "list", "--json", "UNC-IS-07", "ICT Charter"]) == 0
    listed = [each["id"] for each in json.loads(capsys.readouterr().out)]
    assert listed[0] == "UNC-IS-07"
    assert "UNC-2D" in listed
    assert run(["requirement", "show", "UNC-IS-7"]) == 2
    assert "did you mean 'UNC-IS-" in capsys.readouterr().err


def test_a_catalogue_of_ones_own_is_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "baselines" / "requirements"
    folder.mkdir(parents=True)
    (folder / "own.yml").write_text(ROW)
    assert run(["requirement", "show", "R-1", "--content", str(tmp_path)]) == 0
    assert "A/1, para. 1 (read in the source document)" in capsys.readouterr().out
