"""What `--help` says in six languages: no text of any command is left out, and the language is the one that was asked for."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys

import click
import pytest
from babel.messages.pofile import read_po
from click.shell_completion import ZshComplete

from secscan import cli, places
from secscan.cli import language
from secscan.inert import columns
from secscan.languages import LANGUAGES, spoken

TRANSLATED = [code for code in LANGUAGES if code != "en"]
CODE = {"  # yaml-language-server: $schema=check.schema.json"}
"""What stands in a help text and is the same in every language."""
FORMATS = "text, html, portal, pdf, json, csv, junit, markdown, sarif, xccdf, hdf, oscal, poam, ocsf, prometheus, nagios."
ENGLISH = {"option", "argument", "file", "missing", "unexpected", "got", "requires", "does", "not", "no", "command", "allowed"}
MISTAKES = {
    "an option without its value": ["scan", "--limit"],
    "a value for a flag": ["scan", "local", "--redact=x"],
    "no option of that name": ["scan", "--lmit", "x"],
    "no command of that name": ["waiver", "nope"],
    "a word too many": ["explain", "local", "check", "more"],
    "words too many": ["explain", "local", "check", "more", "words"],
    "an argument that is missing": ["evaluate"],
    "a file where a folder should be": ["scan", "local", "-o", __file__],
    "a folder that is not there": ["continuity", "--saved", "nowhere"],
    "a folder where a file should be": ["schema", "check", "-o", "."],
    "no word of a choice": ["scan", "local", "--log-format", "yaml"],
    "a number that is too large": ["collect", "local", "-o", "out", "--workers", "1000"],
}


def tree(command, context):
    """Every command with its context, found by click's own means."""
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            yield from tree(child, click.Context(child, info_name=name, parent=context))


TOP = click.Context(cli.secscan, info_name="secscan", **cli.secscan.context_settings)
ALL = {context.command_path: (command, context) for command, context in tree(cli.secscan, TOP)}


def sentences():
    """Every text of every help, as a reader of the code sees them: paragraphs, options, and what lists say of commands."""
    for command, context in ALL.values():
        for paragraph in inspect.cleandoc(command.help).split("\n\n"):
            yield paragraph.removeprefix("\b\n") if paragraph.startswith("\b") else " ".join(paragraph.split())
        for option in command.get_params(context):
            if isinstance(option, click.Option):
                yield " ".join(option.help.split())
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                short = command.get_command(context, name).get_short_help_str(1000).removesuffix(".") + "."
                yield cli.COMMANDS[name] if command is cli.secscan else short


def told(capsys, *words):
    """What a command line says on both streams, and its exit code."""
    code = cli.run(list(words))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture(autouse=True)
def english_again():
    yield
    language.begin({})


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (language.VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_of_every_help_is_in_the_catalogue_and_translated(code):
    path = places.locale() / code / "LC_MESSAGES" / "commands.po"
    catalogue = read_po(io.BytesIO(path.read_bytes()), locale=code)
    asked = set(sentences())
    assert len(asked) > 200
    assert sorted(text for text in asked if text not in catalogue) == []
    assert sorted(text for text in asked if not catalogue[text].string) == []
    same = {text for text in asked if catalogue[text].string == text}
    assert same - CODE - {FORMATS} == set()


@pytest.mark.parametrize("path", [path for path, (command, _) in ALL.items() if isinstance(command, click.Group)])
def test_a_list_of_commands_has_the_whole_sentence_of_each_and_fits_a_terminal(path):
    command, context = ALL[path]
    page = command.get_help(context)
    said = " ".join(page.split())
    assert [name for name in command.list_commands(context) if f"{name} {command.summary(context, name)}" not in said] == []
    assert max(map(columns, page.splitlines())) <= 80


@pytest.mark.parametrize("code", TRANSLATED)
@pytest.mark.parametrize("path", ALL)
def test_a_page_of_help_has_every_option_and_nothing_in_english(code, path):
    command, context = ALL[path]
    english = command.get_help(context)
    language.choose(code)
    page = command.get_help(context)
    for option in command.get_params(context):
        if isinstance(option, click.Option):
            assert option.get_help_record(context)[0] in page
            assert "".join(spoken(code).translate(" ".join(option.help.split())).split()) in "".join(page.split())
    for words in ("Usage:", "Options:", "Commands:", "[default", "required]", "Show this message"):
        assert words not in page, words
    kept = {line.strip() for line in page.splitlines()} & {line.strip() for line in english.splitlines()}
    kept = {line for line in kept if " " in line and not line.startswith(("-", "secscan ", "# ", "130 "))}
    assert [line for line in kept if not set(line.split()) <= set(FORMATS.split())] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_lines_of_help_are_no_wider_than_they_are_in_english(code):
    language.choose(code)
    for command, context in ALL.values():
        lines = command.get_help(context).splitlines()
        assert max(map(columns, lines)) <= 100
        assert [line for line in lines if line != line.rstrip()] == []


def test_help_in_english_is_what_click_writes():
    for command, context in ALL.values():
        if command is not cli.secscan:
            kind = click.Group if isinstance(command, click.Group) else click.Command
            assert command.get_help(context) == kind.get_help(command, context)


@pytest.mark.parametrize(
    "words",
    [
        ["--language", "fr", "--help"],
        ["--help", "--language", "fr"],
        ["--language=fr", "-h"],
        ["--language", "ar", "scan", "--help", "--language=fr"],
        ["scan", "--language", "fr", "--help"],
        ["scan", "--help", "--language", "fr"],
        ["--language", "fr", "waiver", "add", "--help"],
        ["--language", "fr", "waiver", "--help"],
    ],
    ids=" ".join,
)
def test_help_is_in_the_language_that_a_command_line_names_wherever_it_names_it(capsys, words):
    code, out, err = told(capsys, *words)
    assert (code, err) == (0, "")
    assert out.startswith("Utilisation")


def test_what_stands_behind_two_dashes_names_no_language(capsys):
    code, out, _ = told(capsys, "scan", "--help", "--", "--language", "fr")
    assert code == 0
    assert out.startswith("Usage:")


@pytest.mark.parametrize(
    ("environment", "project", "begins"),
    [
        ({}, "", "Usage:"),
        ({"LANG": "fr_FR.UTF-8"}, "", "Utilisation"),
        ({"LANG": "ru_RU.UTF-8", "SECSCAN_LANGUAGE": "fr"}, "", "Utilisation"),
        ({"LANG": "ru_RU.UTF-8"}, "language: fr\n", "Utilisation"),
        ({"SECSCAN_LANGUAGE": "fr"}, "language: ru\n", "Utilisation"),
        ({"LANG": "fr_FR.UTF-8"}, "language: [\n", "Utilisation"),
        ({"LANG": "fr_FR.UTF-8"}, "baseline: un_minimum\n", "Utilisation"),
    ],
)
def test_help_goes_by_the_rule_that_messages_go_by(capsys, monkeypatch, tmp_path, environment, project, begins):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if project:
        (tmp_path / "secscan.yml").write_text(project, encoding="utf-8")
    assert told(capsys, "--help")[1].startswith(begins)


def test_a_language_of_the_command_line_wins_over_the_project(capsys, tmp_path):
    (tmp_path / "secscan.yml").write_text("language: ru\n", encoding="utf-8")
    assert told(capsys, "--help", "--language", "fr")[1].startswith("Utilisation")
    (tmp_path / "other.yml").write_text("language: fr\n", encoding="utf-8")
    assert told(capsys, "--config", "other.yml", "--help")[1].startswith("Utilisation")


def test_a_group_without_a_command_shows_its_help_and_is_a_mistake(capsys):
    for words in ([], ["waiver"]):
        code, out, err = told(capsys, *words)
        assert (code, out) == (2, "")
        assert err.startswith("Usage: secscan")
        assert "\nCommands:\n" in err


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("code", TRANSLATED)
def test_a_mistake_in_a_command_line_is_told_in_the_language_alone(capsys, code, words):
    status, _, english = told(capsys, *words)
    assert status == 2
    status, _, said = told(capsys, "--language", code, *words)
    assert (status, said.count("\n")) == (2, 1)
    given = set(" ".join(words).split()) | ({"option", "argument", "no"} if code in {"fr", "es"} else set())
    left = {word.strip("'\",.;:()\u2068\u2069").lower() for word in said.split()} & ENGLISH
    assert left <= given, (english, said)


def test_a_mistake_is_told_to_machines_in_english_whatever_the_language(capsys):
    words = ["scan", "--log-format", "json", "-b", "nowhere", "--language", "fr", "local", "-o", __file__]
    assert json.loads(told(capsys, *words)[2])["message"].startswith("invalid value for '-o' / '--output': Directory ")


@pytest.mark.parametrize(("words", "begun"), [([], "wai"), (["waiver"], ""), (["waiver", "add"], "--"), (["scan"], "--lang")])
def test_completion_says_what_commands_and_options_do_in_the_language(words, begun):
    completion = ZshComplete(cli.secscan, {}, "secscan", "_SECSCAN_COMPLETE")
    english = {item.value: item.help for item in completion.get_completions(words, begun)}
    language.choose("es")
    spanish = {item.value: item.help for item in completion.get_completions(words, begun)}
    assert english.keys() == spanish.keys() != set()
    assert all(english.values())
    assert not set(english.values()) & set(spanish.values())


def test_english_help_reads_nothing_that_only_other_languages_need():
    script = "import sys; from secscan.cli import run; run(['scan', '--help']); print(*sys.modules, file=sys.stderr)"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert not {"secscan.cli.help", "secscan.languages", "secscan.wording", "babel", "yaml"} & set(done.stderr.split())


def test_every_command_can_tell_its_help_in_another_language():
    assert [path for path, (command, _) in ALL.items() if not isinstance(command, cli.SpokenCommand)] == []
