"""Seventeen ways in which other scanners have told people that all is well, or has failed, when it was not so.

Each was a real bug of another tool; here each is a claim about this one.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_content import (
    UNPRIVILEGED,
    Small,
    ask,
    bundle_of,
    check_text,
    engine_for,
    only,
    outcomes,
    replay,
    said,
    shell,
    write_baseline,
    write_checks,
)
from transports.servers import make_key, make_server, me, public

from secscan import pipeline, plugins
from secscan.ask.frames import BATCH_LIMIT
from secscan.assessments import to_document
from secscan.bundles import seal
from secscan.cli import run
from secscan.cli.failing import exit_code, parse_fail_on
from secscan.cli.kept import Run
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from secscan.errors import InputError
from secscan.model.target import Become, Target
from secscan.syntax.sudoers import parse_sudoers

SECRET = "hunter2-trap"
ODD_SHELL = f"trap{os.getpid()}"
NEGATIVE = {
    "lacks": [{"that": "file.text", "lacks": "bad"}],
    "none": [{"none": [{"that": "file.text", "contains": "bad"}]}],
    "not_in": [{"that": "file.text", "not_in": ["bad\n"]}],
    "none_matches": [{"none": [{"that": "file.text", "matches": "bad"}]}],
    "none_empty": [{"none": [{"that": "file.lines", "contains": "bad"}, {"that": "file.lines", "contains": "worse"}]}],
}
WRITTEN = {  # as written in a check, as a host prints it, and what YAML 1.1 makes of it
    "version": ("9.10", "9.10", "9.1"),
    "word_no": ("no", "no", "False"),
    "word_on": ("on", "on", "True"),
    "mode": ("0644", "0644", "420"),
    "moment": ("2026-01-31", "2026-01-31", "2026-01-31 00:00:00"),
    "exponent": ("1e3", "1e3", "1000.0"),
    "base_60": ("12:30:00", "12:30:00", "45000"),
    "octal": ("0o17", "0o17", "15"),
}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="secscan-traps-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "good").write_text("good\n")
        (folder / "bad").write_text("bad\n")
        (folder / "nothing").write_text("")
        (folder / "closed").write_text("bad\n")
        (folder / "closed").chmod(0)
        (folder / "shut").mkdir(mode=0)
        (folder / "entries").mkdir()
        for number in range(40):
            (folder / "entries" / str(number)).touch(0o600)
            (folder / "entries" / str(number)).chmod(0o666)
        (folder / ODD_SHELL).symlink_to("/bin/sh")
        (folder / "app.conf").write_text(
            f"password = {SECRET}\nurl = https://backup:{SECRET}@vault/x\n"
            "private_key = /etc/ssl/private/app.key\nuse_password = yes\n"
        )
        yield folder


@pytest.fixture(scope="module")
def content(place: Path) -> Path:
    """Every check of this file."""
    reads = [
        Small(f"{name}_{file}", {"file": {"probe": "file_content", "path": str(place / file)}}, expect)
        for name, expect in NEGATIVE.items()
        for file in ("good", "bad", "closed", "nothing")
    ]
    written = [
        Small(f"written_{name}", said("show"), f"[{{that: said.lines, contains: {text}}}]") for name, (text, *_) in WRITTEN.items()
    ]
    absences = [
        Small(
            f"{probe}_absent_{file.replace('/', '_')}",
            {"file": {"probe": probe, "path": f"{place}/{file}"}},
            [{"that": "file", "absent": True}],
        )
        for probe in ("file", "file_content")
        for file in ("nowhere", "good", "shut/file")
    ]
    two = {"first": {"probe": "command", "run": "one"}, "second": {"probe": "command", "run": "two"}}
    good = [{"that": f"{name}.output", "contains": "good"} for name in two]
    good_file = {"file": {"probe": "file", "path": str(place / "good")}}
    tidy = [{"that": "said.output", "equals": "C,C,,,,,1000\nno tty\n"}]
    same = ("private_key = /etc/ssl/private/app.key", "use_password = yes")
    settings = {"conf": {"probe": "file_content", "path": str(place / "app.conf")}}
    return write_checks(
        place / "content",
        *reads,
        *absences,
        *written,
        Small("both_hold", two, good),
        Small("one_holds", two, [{"any": good}]),
        Small("neither_holds", two, [{"none": good}]),
        Small("applies_when_told", said("show"), [{"that": "said.output", "contains": "good"}],
              'applies_to: {when: [{that: said.output, matches: "relevant"}]}\n'),
        Small("tunable_pattern", said("show"), [{"none": [{"that": "said.output", "matches": {"parameter": "pattern"}}]}],
              "parameters: {pattern: {type: text, default: bad, describe: what must not be printed}}\n"),
        Small("odd_shell_does_not_run", {"found": {"probe": "process", "name": ODD_SHELL}}, [{"that": "found", "absent": True}]),
        Small("odd_shell_runs", {"found": {"probe": "process", "name": ODD_SHELL}}, [{"that": "found", "present": True}]),
        Small("nothing_bad_is_printed", said("show"), [{"that": "said.output", "lacks": "bad"}]),
        Small("every_part_is_privileged", said(
            'true && echo "$FAKE_ROOT"; for word in once; do echo "$FAKE_ROOT"; done; WORD=x printenv FAKE_ROOT'
        ), [{"that": "said.output", "equals": "yes\nyes\nyes\n"}]),
        Small("pipe_hides_failure", said(f"cat {place}/closed | sort"), [{"that": "said.output", "lacks": "bad"}]),
        Small("pipe_finds_nothing", said(f"cat {place}/good | sort"), [{"that": "said.output", "lacks": "bad"}]),
        Small("language_is_plain", said(
            'echo "$LC_ALL,$LANG,${LANGUAGE-},${PAGER-},${TERM-},${GREP_OPTIONS-},$COLUMNS"; [ -t 0 ] || [ -t 1 ] || echo no tty'
        ), tidy),
        Small("system_tools_are_found", said("command -v chroot"), [{"that": "said.output", "contains": "bin/chroot"}]),
        Small("long_list", said("i=0; while [ $i -lt 30000 ]; do echo fine; i=$((i + 1)); done; echo bad"),
              [{"that": "said.output", "lacks": "bad"}]),
        Small("endless_list", said("i=0; while [ $i -lt 60000 ]; do echo fine; i=$((i + 1)); done; echo bad"),
              [{"that": "said.output", "lacks": "bad"}]),
        Small("entries_private", {"found": {"probe": "paths", "patterns": [f"{place}/entries/*"]}},
              [{"each": "found.entries", "expect": [{"that": "mode", "mode_at_most": "0600"}]}]),
        Small("paths_stay_comparable", settings, [{"that": "conf.lines", "contains": line} for line in same]),
        Small("leaves_a_mark", said(f"touch {place}/mark; echo good"), [{"that": "said.output", "contains": "good"}]),
        Small("changed_this_year", good_file, "[{that: file.modified, at_least: 2026-01-31}]"),
        Small("changed_lately", good_file, [{"that": "file.modified", "newer_than": "26h"}]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def engine(content: Path) -> Callable[[str], pipeline.Engine]:
    """The engine for one check, or for a baseline that a test wrote before it asked for the first engine."""
    write_baseline(content, "central", "requirements: {TESTS-1: [leaves_a_mark, nothing_bad_is_printed]}\n")
    write_baseline(
        content,
        "local",
        "extends: [central]\ndrop: [{check: leaves_a_mark, reason: it does harm here, approver: the chief}]\n",
    )
    write_baseline(content, "loose", "requirements: {TESTS-1: [tunable_pattern: {pattern: '('}]}\n")
    first = engine_for(content, "central")

    def make(name: str) -> pipeline.Engine:
        known = name if name in first.library.baselines else f"only_{name}"
        return pipeline.Engine(first.library, first.vocabulary, known, first.limits)

    return make


def trial(text: str, tmp_path: Path) -> str:
    """What the loader says to a check file."""
    (tmp_path / "checks" / "tests").mkdir(parents=True)
    (tmp_path / "checks" / "tests" / "tried.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_library([tmp_path / "checks"], [], Vocabulary(plugins.probes(), plugins.matchers()), None)
    return str(caught.value)


@pytest.mark.parametrize("name", NEGATIVE)
def test_trap_1_a_negative_expectation_passes_only_when_the_file_was_read(engine, name):
    def of(file: str) -> tuple[str, str]:
        return only(ask(engine(f"{name}_{file}"), shell(UNPRIVILEGED)))

    outcome, reason = of("closed")
    assert outcome == "error"
    assert "cannot be read" in reason
    assert of("good")[0] == "pass"
    assert of("bad")[0] == "fail"


@pytest.mark.parametrize(("file", "expected"), [("nowhere", "pass"), ("good", "fail"), ("shut/file", "error")])
@pytest.mark.parametrize("probe", ["file", "file_content"])
def test_trap_1_a_file_is_absent_only_where_its_folder_could_be_looked_into(engine, probe, file, expected):
    assert only(ask(engine(f"{probe}_absent_{file.replace('/', '_')}"), shell(UNPRIVILEGED)))[0] == expected


@pytest.mark.parametrize(
    ("check", "first", "second", "expected"),
    [
        pytest.param("both_hold", "good", None, "error", id="true-and-unasked"),
        pytest.param("both_hold", "good", 127, "error", id="true-and-unknown"),
        pytest.param("both_hold", 127, "bad", "fail", id="unknown-and-false"),
        pytest.param("both_hold", "good", "good", "pass", id="true-and-true"),
        pytest.param("one_holds", 127, "good", "pass", id="unknown-or-true"),
        pytest.param("one_holds", 127, "bad", "error", id="unknown-or-false"),
        pytest.param("neither_holds", 127, "bad", "error", id="neither-unknown-nor-false"),
        pytest.param("neither_holds", 127, "good", "fail", id="neither-unknown-nor-true"),
        pytest.param("neither_holds", "bad", "bad", "pass", id="neither-false-nor-false"),
    ],
)
def test_trap_2_what_is_unknown_never_becomes_a_pass_beside_what_holds(engine, tmp_path, check, first, second, expected):
    made = engine(check)
    assert only(replay(made, bundle_of(made, {"one": first, "two": second}), tmp_path))[0] == expected


def test_trap_2_a_host_to_which_nothing_applies_has_no_score(engine, tmp_path):
    made = engine("applies_when_told")
    tally = replay(made, bundle_of(made, {"show": "nothing to see"}), tmp_path).tally
    assert (tally.counts, tally.compliance, tally.coverage) == ({"not_applicable": 1}, None, 0.0)


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "a{2000}", "[z-a]"])
def test_trap_3_a_pattern_that_does_not_compile_is_refused_when_the_check_is_loaded(tmp_path, pattern):
    check = Small("tried", said("show"), [{"none": [{"that": "said.output", "matches": pattern}]}])
    complaint = trial(check_text(check), tmp_path)
    assert "tried.yaml:7:" in complaint
    assert "regular expression" in complaint


def test_trap_3_a_pattern_from_a_baseline_or_an_inventory_is_refused_as_well(engine):
    target = Target("host", "local", parameters={"tunable_pattern": {"pattern": "("}})
    with pytest.raises(InputError, match="regular expression"):
        pipeline.localise(engine("tunable_pattern"), target)
    with pytest.raises(InputError, match=r"loose\.yaml:3:.*regular expression"):
        _ = engine("loose").rulebook


@pytest.mark.parametrize("check", ["odd_shell_does_not_run", "odd_shell_runs"])
def test_trap_4_where_processes_cannot_be_listed_none_is_said_to_run_or_not_to_run(engine, check):
    outcome, reason = only(ask(engine(check), shell(edit=lambda script: script.replace("/proc", "/nowhere"))))
    assert (outcome, "/nowhere is not mounted" in reason) == ("error", True)


@pytest.mark.parametrize("check", ["nothing_bad_is_printed", "both_hold"])
@pytest.mark.parametrize("lost", ["batch", "part"])
def test_trap_5_a_question_that_was_never_asked_decides_nothing(engine, tmp_path, check, lost):
    made = engine(check)
    whole = bundle_of(made, dict.fromkeys(("show", "one", "two"), "good"))
    assert only(replay(made, whole, tmp_path))[0] == "pass"
    batches = [batch for batch in whole.batches if batch.probe != "command" or lost == "part"]
    emptied = [replace(batch, frame=replace(batch.frame, parts=())) for batch in batches]
    outcome, reason = only(replay(made, replace(whole, batches=tuple(emptied)), tmp_path))
    assert outcome == "error"
    assert "not asked" in reason or "did not answer" in reason


@pytest.mark.parametrize(
    "expect",
    [
        pytest.param("[]", id="nothing"),
        pytest.param("[{that: said.output}]", id="no-matcher"),
        pytest.param("[{that: said.output, lacks:bad}]", id="missing-blank"),
        pytest.param("[{that: said.output, lakcs: bad}]", id="misspelt"),
        pytest.param("[said.output]", id="no-mapping"),
        pytest.param("[{none: []}]", id="none-of-nothing"),
        pytest.param("[{that: sad.output, lacks: bad}]", id="question-nobody-asks"),
    ],
)
def test_trap_5_an_expectation_that_expects_nothing_is_refused_when_the_check_is_loaded(tmp_path, expect):
    complaint = trial(check_text(Small("tried", said("show"), expect)), tmp_path)
    assert "tried.yaml:7:" in complaint


@pytest.mark.parametrize("name", ["lacks", "none", "none_matches"])
def test_trap_6_a_file_without_a_word_is_not_a_file_that_cannot_be_read(engine, name):
    assert only(ask(engine(f"{name}_nothing"), shell(UNPRIVILEGED)))[0] == "pass"
    assert only(ask(engine(f"{name}_closed"), shell(UNPRIVILEGED)))[0] == "error"


def test_trap_6_a_command_that_prints_nothing_is_not_one_that_did_not_run(engine, tmp_path):
    made = engine("nothing_bad_is_printed")
    assert only(replay(made, bundle_of(made, {"show": ""}), tmp_path))[0] == "pass"
    for status in (1, 2, 126, 127):
        assert only(replay(made, bundle_of(made, {"show": status}), tmp_path))[0] == "error"


def test_trap_7_a_condition_that_cannot_be_read_neither_skips_the_check_nor_makes_it_not_applicable(engine, tmp_path):
    made = engine("applies_when_told")
    assessment = replay(made, bundle_of(made, {"show": 126}), tmp_path)
    assert only(assessment) == ("error", "permission denied")
    assert (assessment.tally.compliance, assessment.tally.coverage) == (None, 0.0)
    run_of_one = Run(tmp_path, keep_evidence=False)
    run_of_one.add(run_of_one.write(assessment))
    assert exit_code(run_of_one, parse_fail_on("low")) == 4
    assert only(replay(made, bundle_of(made, {"show": "relevant good"}), tmp_path))[0] == "pass"
    assert only(replay(made, bundle_of(made, {"show": "good"}), tmp_path))[0] == "not_applicable"


def test_trap_8_every_part_of_a_command_runs_as_the_other_user_and_sudo_is_called_once(engine, tmp_path, monkeypatch):
    sudo = tmp_path / "sudo"
    sudo.write_text(
        f'#!/bin/sh\necho called >>{tmp_path}/calls\nwhile [ "$1" != -- ]; do shift; done\nshift\nFAKE_ROOT=yes exec "$@"\n'
    )
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    made = engine("every_part_is_privileged")
    assessment, bundle = pipeline.scan(made, Target("here", "local", become=Become("operator")))
    assert only(assessment)[0] == "pass"
    assert bundle.origin.become == "sudo"
    assert (tmp_path / "calls").read_text() == "called\n"


def test_trap_9_a_failure_at_the_head_of_a_pipe_is_not_an_empty_answer(engine):
    assert only(ask(engine("pipe_hides_failure"), shell(UNPRIVILEGED)))[0] == "error"
    assert only(ask(engine("pipe_finds_nothing"), shell(UNPRIVILEGED)))[0] == "pass"
    without = shell(edit=lambda script: script.replace("for shell in sh bash", "for shell in none-such"))
    outcome, reason = only(ask(engine("pipe_finds_nothing"), without))
    assert (outcome, reason.startswith("no shell here tells")) == ("error", True)


@pytest.mark.parametrize("name", WRITTEN)
def test_trap_10_what_a_check_says_is_compared_as_it_is_written(engine, tmp_path, name):
    made = engine(f"written_{name}")
    _, right, wrong = WRITTEN[name]
    assert only(replay(made, bundle_of(made, {"show": right}), tmp_path))[0] == "pass"
    assert only(replay(made, bundle_of(made, {"show": wrong}), tmp_path))[0] == "fail"


def test_trap_10_a_key_that_stands_twice_is_refused(tmp_path):
    check = check_text(Small("tried", said("show"), "[{that: said.output, lacks: bad, lacks: good}]"))
    assert "duplicate key 'lacks'" in trial(check, tmp_path)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_trap_11_a_day_begins_at_midnight_utc_wherever_scanner_and_host_are(content, place, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        made = engine_for(content, "only_changed_this_year")
        for moment, expected in ((1_769_817_599, "fail"), (1_769_817_600, "pass")):  # 2026-01-31T00:00:00Z is the second
            os.utime(place / "good", (moment, moment))
            assessment = ask(made, shell(environment={"TZ": zone}))
            assert only(assessment)[0] == expected
            assert to_document(assessment)["started_at"].endswith("Z")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_trap_11_evidence_is_judged_by_the_hosts_clock_when_it_was_asked_not_by_todays(engine, place, tmp_path, monkeypatch):
    made = engine("changed_lately")
    os.utime(place / "good", (time.time() - 25 * 3600,) * 2)
    _, bundle = pipeline.scan(made, Target("here", "local"))
    later = time.time() + 400 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    assert only(replay(made, bundle, tmp_path))[0] == "pass"
    monkeypatch.undo()
    os.utime(place / "good", (time.time() - 27 * 3600,) * 2)
    assert only(pipeline.scan(made, Target("here", "local"))[0])[0] == "fail"


def test_trap_12_neither_language_nor_pager_nor_colour_nor_terminal_of_the_account_reaches_a_question(engine):
    hostile = {
        "LC_ALL": "de_DE.UTF-8", "LANG": "fr_FR.UTF-8", "LANGUAGE": "de", "PAGER": "less", "TERM": "xterm-256color",
        "COLUMNS": "20", "GREP_OPTIONS": "--color=always",
    }  # fmt: skip
    assert only(ask(engine("language_is_plain"), shell(environment=hostile))) == ("pass", "")


def test_trap_13_tools_of_the_system_are_found_for_an_account_whose_path_lacks_them(engine):
    assert only(ask(engine("system_tools_are_found"), shell(UNPRIVILEGED, environment={"PATH": "/usr/bin:/bin"}))) == ("pass", "")


def test_trap_14_the_last_of_many_lines_counts_and_what_is_beyond_a_limit_is_an_error(engine):
    assert only(ask(engine("long_list"), shell()))[0] == "fail"
    outcome, reason = only(ask(engine("endless_list"), shell()))
    assert (outcome, "larger than 256 KiB" in reason) == ("error", True)


def test_trap_14_an_answer_beyond_the_limit_of_the_stream_is_an_error(engine):
    made = engine("nothing_bad_is_printed")

    def flooding(script: str) -> str:
        fill = f"show() {{ yes fine | head -c {BATCH_LIMIT + 1}; }}\nsecscan_ask() {{\n  [ $1 != 2 ] || set -- 2 0 show"
        return script.replace("have gzip", "false").replace("secscan_ask() {", fill)

    outcome, reason = only(ask(made, shell(edit=flooding)))
    assert (outcome, reason) == ("error", "the answer is larger than 8 MiB")


def test_trap_14_findings_that_are_not_listed_are_counted(engine):
    (result,) = ask(engine("entries_private"), shell()).results
    assert (result.outcome, len(result.findings), result.findings_total, result.examined) == ("fail", 25, 40, 40)


def test_trap_15_masking_leaves_settings_comparable_and_no_secret_in_any_report_or_bundle(engine, tmp_path):
    made = engine("paths_stay_comparable")
    assessment, bundle = pipeline.scan(made, Target("here", "local"))
    assert only(assessment)[0] == "pass"
    document = to_document(assessment)
    written = {name: "".join(plugins.reporter(name).render(iter([document]))) for name in plugins.reporter_names()}
    written["bundle"] = gzip.decompress(seal(bundle)[1]).decode()
    assert all("app.conf" in written[name] for name in ("html", "json", "bundle"))
    assert [name for name, text in written.items() if SECRET in text] == []


def test_trap_16_a_check_that_a_baseline_drops_is_not_asked(engine, place):
    mark = place / "mark"
    assessment, _ = pipeline.scan(engine("local"), Target("here", "local"))
    assert not mark.exists()
    assert "leaves_a_mark" not in outcomes(assessment)
    assert [(change.check, change.change, change.approver) for change in assessment.changes] == [
        ("leaves_a_mark", "dropped", "the chief")
    ]
    pipeline.scan(engine("central"), Target("here", "local"))
    assert mark.exists(), "the check that was dropped leaves a mark where it is asked"
    mark.unlink()


def test_trap_17_the_collector_does_not_find_itself_among_the_processes(engine, place):
    made = engine("odd_shell_does_not_run")
    assert only(ask(made, shell(shell_name=str(place / ODD_SHELL)))) == ("pass", "")
    with subprocess.Popen([place / ODD_SHELL, "-c", "read -r word"], stdin=subprocess.PIPE) as other:
        assert only(ask(made, shell(shell_name=str(place / ODD_SHELL))))[0] == "fail"
        other.communicate(b"\n")


def test_trap_17_a_scan_is_one_connection_one_sign_in_and_no_failed_attempt(engine, tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = make_key(tmp_path / "id")
    server = make_server(tmp_path / "sshd", f"{public(key)}\n")
    try:
        (tmp_path / "known_hosts").write_text(server.known_line())
        options = {"ssh_config": "none", "identity": str(key), "known_hosts": str(tmp_path / "known_hosts")}
        assessment, _ = pipeline.scan(engine("local"), Target("host", "ssh", "127.0.0.1", server.port, me(), options=options))
        assert assessment.unreachable == ""
        assert [server.log.count(word) for word in ("Connection from", "Accepted publickey", "Starting session", "Failed")] == [
            1,
            1,
            1,
            0,
        ]
    finally:
        server.stop()


def test_trap_17_the_sudo_rule_that_is_offered_pins_one_script_and_no_more(capsys):
    assert run(["plan", "--sudoers"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line and not line.startswith("#")]
    assert re.fullmatch(r'secscan ALL=\(root\) NOPASSWD: sha256:[0-9a-f]{64} (/\S+) ""', lines[-1])
    (rule,) = parse_sudoers([f"/etc/sudoers.d/secscan:{number}: {line}" for number, line in enumerate(lines, 1)]).rules
    assert rule.users == ("secscan",)
    assert rule.command.runas == ("root",)
    assert rule.command.command.endswith('/secscan-collector ""')
