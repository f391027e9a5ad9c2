"""What authors of checks and baselines do: list, show, write, prove and record, and be told what is wrong, where."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from secscan import plugins
from secscan.cli import run
from secscan.model.values import Type

CHECK = """\
id: motd_is_short
title: The message of the day is short
severity: low
rationale: A long one is not read.
remediation: {text: Shorten /etc/motd., effort: minutes, when: runtime}
observe:
  motd: {probe: file, path: /etc/motd}
expect:
  - {that: motd.size, at_most: 1KiB}
cases:
  - name: short
    outcome: pass
    motd: "-rw-r--r-- 644 0:0 286 1746802200 root:root /etc/motd\\nparents safe\\nend\\n"
  - name: long
    outcome: fail
    motd: "-rw-r--r-- 644 0:0 9286 1746802200 root:root /etc/motd\\nparents safe\\nend\\n"
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with content of its own, which is the current one."""
    (tmp_path / "checks" / "texts").mkdir(parents=True)
    (tmp_path / "checks" / "texts" / "motd_is_short.yaml").write_text(CHECK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(folder: Path, old: str, new: str) -> None:
    assert old in CHECK
    (folder / "checks" / "texts" / "motd_is_short.yaml").write_text(CHECK.replace(old, new))


def test_a_check_is_found_by_id_pattern_domain_and_path(own: Path, capsys: pytest.CaptureFixture[str]):
    for word in ("motd_is_short", "motd_*", "texts", "checks/texts", "checks/texts/motd_is_short.yaml"):
        assert run(["check", "list", "--content", ".", "--json", word]) == 0
        assert [each["id"] for each in json.loads(capsys.readouterr().out)] == ["motd_is_short"]


def test_a_word_that_names_no_check_is_told_with_what_is_near(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["check", "test", "--content", ".", "motd_is_shrt"]) == 2
    assert "no check is named 'motd_is_shrt' (did you mean 'motd_is_short'?)" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["check", "list"], ["plan"], ["plan", "-b", "web_server"]], ids=" ".join)
def test_what_is_listed_stays_within_eighty_columns(capsys: pytest.CaptureFixture[str], words: list[str]):
    assert run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80 and not line.startswith("  - ")] == []  # an argument is told whole


def test_only_checks_of_a_baseline_are_listed(capsys: pytest.CaptureFixture[str]):
    assert run(["check", "list", "-b", "un_minimum", "--json", "ssh"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {each["domain"] for each in listed} == {"ssh"}
    assert all(Path(each["path"]).is_file() for each in listed)


def test_a_page_tells_what_is_asked_expected_mended_and_mapped(capsys: pytest.CaptureFixture[str]):
    assert run(["check", "show", "kernel_addresses_randomised"]) == 0
    page = capsys.readouterr().out
    for told in ("kernel.randomize_va_space", "equals: '2'", "/etc/sysctl.d", "SI-16 Memory Protection", "fail: switched off"):
        assert told in page
    assert max(map(len, page.splitlines())) <= 130


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  motd: {probe: file", "  mode: {probe: file, path: /x}\n  motd: {probe: file", ":7:3: 'mode' is asked of every host"),
        (
            "observe:",
            "parameters:\n  most: {type: size, default: 1KiB, describe: size}\nobserve:",
            ":7:3: parameter 'most' changes",
        ),
        ("observe:", "references: {nist_800_53: [AC-99]}\nobserve:", ":6:28: NIST SP 800-53 r5 has no 'AC-99'"),
        ("observe:", "references: {nist_csf: [PR.AA-07]}\nobserve:", ":6:25: NIST CSF 2.0 has no 'PR.AA-07' (did you mean"),
        ("observe:", "references: {iso_27001: ['8.35']}\nobserve:", ":6:26: ISO/IEC 27001:2022 Annex A has no '8.35'"),
        ("observe:", "references: {cis_v8: ['18.6']}\nobserve:", ":6:23: CIS Controls v8.1 has no '18.6'"),
        (
            "observe:",
            "references: {ssg: [file_permissions_sudoers]}\nobserve:",
            ":6:20: ComplianceAsCode (0.1.65 to 0.1.82) has no",
        ),
        ("observe:", "references: {cis_v8: ['5.4', '5.4']}\nobserve:", ":6:30: '5.4' stands here twice"),
        ("probe: file,", "probe: flie,", ":7:10: no probe is named \"flie\" (did you mean 'file'?)"),
    ],
)
def test_lint_says_what_is_wrong_at_which_place(own: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, problem: str):
    change(own, old, new)
    assert run(["check", "lint", "--content", "."]) == 2
    assert "checks/texts/motd_is_short.yaml" + problem in capsys.readouterr().err


def test_lint_looks_at_requirements_too(own: Path, capsys: pytest.CaptureFixture[str]):
    folder = own / "baselines" / "requirements"
    folder.mkdir(parents=True)
    (folder / "own.yml").write_text("requirements:\n- {id: R-1, title: T, parents: [R-2]}\n")
    assert run(["check", "lint", "--content", "."]) == 2
    told = capsys.readouterr().err
    assert "baselines/requirements/own.yml:2:33: no requirement is named 'R-2'" in told
    assert "has no 'level', 'group', 'source'" in told


def test_right_content_has_no_problem(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["check", "lint", "--content", "."]) == 0
    assert run(["baseline", "lint"]) == 0
    assert capsys.readouterr().out.startswith("no problem (checks: ")


def test_a_case_that_does_not_hold_is_named_with_file_and_line(own: Path, capsys: pytest.CaptureFixture[str]):
    change(own, " 9286 ", " 928 ")
    assert run(["check", "test", "checks/texts/motd_is_short.yaml"]) == 1
    assert "checks/texts/motd_is_short.yaml:14: case 'long': expected fail, got pass" in capsys.readouterr().out


def test_a_broken_file_of_another_does_not_hide_the_cases_of_mine(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "checks" / "texts" / "broken_one.yaml").write_text("id: [\n")
    assert run(["check", "test", "--content", ".", "motd_is_short"]) == 0
    assert capsys.readouterr().out.startswith("all hold (checks: 1, written cases: 2,")
    assert run(["check", "test", "--content", ".", "texts"]) == 2
    said = capsys.readouterr()
    assert "broken_one.yaml:2:1: not valid YAML" in said.err
    assert said.out.startswith("all hold (checks: 1,")


@pytest.mark.parametrize("name", sorted(plugins.probes()))
def test_a_new_check_of_every_probe_loads_and_lints(own: Path, capsys: pytest.CaptureFixture[str], name: str):
    probe = plugins.probes()[name]
    arguments = [f"--argument={each.name}={_some_value(name, each)}" for each in probe.arguments if each.required]
    assert run(["check", "new", "fresh_one", "--domain", "own", "--probe", name, *arguments]) == 0, capsys.readouterr().err
    assert run(["check", "lint", "checks/own/fresh_one.yaml"]) == 0, capsys.readouterr().err


def _some_value(probe: str, argument) -> str:
    """A value that recorded answers were asked with."""
    for path in sorted((Path(__file__).parents[1] / "probes" / probe).glob("*.yaml")):
        for answer in yaml.safe_load(path.read_text(encoding="utf-8"))["calls"]:
            value = (answer.get("arguments") or {}).get(argument.name)
            if value:
                return ",".join(value) if argument.type is Type.LIST else str(value)
    raise AssertionError(f"{probe} has no recorded answer with {argument.name}")


def test_a_new_check_never_replaces_a_file(own: Path, capsys: pytest.CaptureFixture[str]):
    new = ["check", "new", "motd_is_short", "--domain", "texts", "--probe", "file", "-a", "path=/x"]
    assert run(new) == 2
    assert (own / "checks" / "texts" / "motd_is_short.yaml").read_text() == CHECK
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--probe", "flie"], "did you mean 'file'?"),
        (["--probe", "file"], "probe file must be told: path; allowed: --argument path=VALUE"),
        (["--probe", "file", "-a", "path=relative"], "--argument path=relative: 'path' must match"),
        (["--probe", "file", "-a", "pth=/x"], "probe file has no argument 'pth' (did you mean 'path'?)"),
        (["--probe", "file", "-a", "path"], "has no value; allowed: NAME=VALUE"),
    ],
)
def test_what_a_new_check_cannot_be_made_of_is_told(own: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str):
    assert run(["check", "new", "fresh_one", "--domain", "own", *words]) == 2
    assert told in capsys.readouterr().err
    assert not (own / "checks" / "own").exists()


def test_a_recorded_case_holds_in_the_file_it_is_added_to(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["check", "record", "local", "motd_is_short", "--content", ".", "--case", "this machine", "--write"]) == 0
    assert run(["check", "test", "--content", ".", "--verbose", "motd_is_short"]) == 0
    assert ": this machine\n" in capsys.readouterr().out
    text = (own / "checks" / "texts" / "motd_is_short.yaml").read_text()
    assert text.startswith(CHECK)


def test_a_case_is_recorded_wherever_the_list_of_cases_stands(own: Path, capsys: pytest.CaptureFixture[str]):
    head, cases = CHECK.split("cases:\n")
    change(own, CHECK, "cases:\n" + cases + "\n# about the check\n" + head)
    assert run(["check", "record", "local", "motd_is_short", "--content", ".", "--case", "here", "--write"]) == 0
    text = (own / "checks" / "texts" / "motd_is_short.yaml").read_text()
    assert text.index("name: here") < text.index("# about the check")
    assert run(["check", "test", "--content", ".", "motd_is_short"]) == 0


def test_a_recorded_case_is_printed_as_it_would_be_added(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["check", "record", "local", "motd_is_short", "--content", "."]) == 0
    (case,) = yaml.safe_load(capsys.readouterr().out)
    assert case["outcome"] in ("pass", "fail")
    assert case["motd"].endswith("end\n") or case["motd"] == "absent\n"


def test_baselines_are_listed_and_shown(capsys: pytest.CaptureFixture[str]):
    assert run(["baseline", "list", "--json"]) == 0
    listed = {each["id"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["un_minimum"]["checks"] >= 70
    assert run(["baseline", "show", "un_minimum"]) == 0
    page = capsys.readouterr().out
    assert "`sshd_root_login_disabled` Root cannot sign in over SSH" in page
    assert "## Not automated" in page


def test_a_problem_of_a_baseline_is_told_with_its_place(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "baselines").mkdir()
    (own / "baselines" / "small.yaml").write_text("id: small\ntitle: Small\nrequirements:\n  UNC-IS-18: [motd_is_shrt]\n")
    assert run(["baseline", "lint", "--content", ".", "small"]) == 2
    assert "baselines/small.yaml:4:15: no check is named" in capsys.readouterr().err
    assert run(["baseline", "lint", "smal"]) == 2
    assert "no baseline is named 'smal'" in capsys.readouterr().err


def test_every_probe_and_matcher_is_listed_and_has_a_page(capsys: pytest.CaptureFixture[str]):
    assert run(["probe", "list"]) == 0
    listed = capsys.readouterr().out
    assert max(map(len, listed.splitlines())) <= 80
    for name in (*plugins.probes(), *plugins.matchers()):
        assert f"  {name} " in listed
        assert run(["probe", "show", name]) == 0
        page = capsys.readouterr().out
        assert name in page
        assert max(map(len, page.split("## A raw answer", maxsplit=1)[0].splitlines())) <= 80
    assert run(["probe", "show", "sysctrl"]) == 2
    assert "did you mean 'sysctl'?" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["check", "baseline", "inventory", "assessment", "continuity", "configuration"])
def test_every_schema_is_a_schema_and_can_be_written(own: Path, capsys: pytest.CaptureFixture[str], kind: str):
    assert run(["schema", kind, "-o", "out.json"]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads((own / "out.json").read_text(encoding="utf-8")))
    assert capsys.readouterr().out == ""


def test_init_writes_files_that_are_right_and_keeps_what_is_there(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["init"]) == 0
    for name, kind in (("secscan.yml", "configuration"), ("inventory.yml", "inventory")):
        capsys.readouterr()
        assert run(["schema", kind]) == 0
        jsonschema.validate(yaml.safe_load((own / name).read_text()), json.loads(capsys.readouterr().out))
    (own / "inventory.yml").write_text("hosts: [local]\n")
    assert run(["init"]) == 0
    assert (own / "inventory.yml").read_text() == "hosts: [local]\n"


def test_what_init_has_in_comments_is_right_too(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["init"]) == 0
    for name, kind in (("secscan.yml", "configuration"), ("inventory.yml", "inventory")):
        lines = (own / name).read_text().splitlines()
        body = lines[lines.index("") :]  # below the heading
        text = "\n".join(re.sub(r"^( *)# (?=\w+: |\w+:$|- |  )", r"\1", line) for line in body)
        capsys.readouterr()
        assert run(["schema", kind]) == 0
        jsonschema.validate(yaml.safe_load(text), json.loads(capsys.readouterr().out))


def test_the_project_file_sets_options_and_the_command_line_wins(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "inventory.yml").write_text("hosts: [local]\n")
    (own / "baselines").mkdir()
    (own / "baselines" / "small.yaml").write_text("id: small\ntitle: Small\nrequirements:\n  UNC-IS-18: [motd_is_short]\n")
    (own / "secscan.yml").write_text(
        "inventory: inventory.yml\nbaseline: small\ncontent: [.]\noutput: out\nformats: [json]\nfail_on: [never]\n"
    )
    assert run(["scan", "--quiet"]) == 0
    assert (own / "out" / "report.json").is_file()
    assert run(["scan", "--quiet", "-o", "other", "-f", "csv"]) == 0
    assert (own / "other" / "report.csv").is_file()
    assert not (own / "other" / "report.json").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("workers: 0\n", "secscan.yml:1:1: 'workers' must be a whole number, 1 to 64"),
        ("baselin: x\n", "unknown key 'baselin' (did you mean 'baseline'?)"),
        ("- a\n", "a configuration must be a mapping"),
        ("become: maybe\nformats: html\n", "'formats' must be a list of texts"),
        ("a: [\n", "secscan.yml:2:1: not valid YAML"),
    ],
)
def test_a_wrong_project_file_is_told_with_its_place(own: Path, capsys: pytest.CaptureFixture[str], text: str, told: str):
    (own / "secscan.yml").write_text(text)
    assert run(["plan"]) == 2
    assert told in capsys.readouterr().err


def test_a_project_file_that_others_can_write_is_not_obeyed_unasked(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "secscan.yml").write_text("baseline: nosuch\n")
    (own / "secscan.yml").chmod(0o666)
    assert run(["plan"]) == 0
    assert "was not read, because others can change it" in capsys.readouterr().err
    assert run(["--config", "secscan.yml", "plan"]) == 2
    assert run(["--config", "nosuch.yml", "plan"]) == 2


def test_with_pytest_every_case_is_a_test(own: Path):
    def collected(*words: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            ".",
            "-q",
            "--secscan-content",
            ".",
            *words,
        ]
        return subprocess.run(command, cwd=own, capture_output=True, text=True, check=False)

    done = collected("-v")
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    change(own, " 9286 ", " 928 ")
    done = collected()
    assert "motd_is_short.yaml:14: long: expected fail, got pass" in done.stdout
    assert "1 failed, 2 passed" in done.stdout
    change(own, "probe: file", "probe: flie")
    assert "no probe is named" in collected().stdout
