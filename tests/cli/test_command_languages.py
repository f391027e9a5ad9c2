"""What commands say in six languages: marked, translated, and put together so that every language reads it as it should."""

from __future__ import annotations

import copy
import io
import json
import re
from collections import Counter
from dataclasses import replace
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from secscan import places
from secscan.cli import language, run
from secscan.cli.memory import open_history
from secscan.errors import SecscanError, UsageError
from secscan.inert import columns
from secscan.languages import LANGUAGES, spoken
from secscan.lines import wrap
from secscan.messages import Message, Title, counted

REPOSITORY = places.checks().parent
TRANSLATED = [code for code in LANGUAGES if code != "en"]
KEYWORDS = {
    **dict.fromkeys(("Message", "say", "phrase", "UsageError", "HistoryError", "EvidenceError", "PluginError")),
    "counted": (1, 2),
    "say_count": (1, 2),
    "restated": (2,),
}


def catalogue(code):
    path = places.locale() / code / "LC_MESSAGES" / "commands.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=code)


def texts_of_the_source():
    methods, options = parse_mapping_cfg(io.StringIO((REPOSITORY / "babel-commands.cfg").read_text(encoding="utf-8")))
    pairs = [(pattern.removeprefix("secscan/"), method) for pattern, method in methods]
    chosen = {pattern.removeprefix("secscan/"): given for pattern, given in options.items()}
    return {message for _, _, message, _, _ in extract_from_dir(REPOSITORY / "secscan", pairs, chosen, KEYWORDS)}


def written(message):
    return [text for text in ((message.string,) if isinstance(message.string, str) else message.string) if text]


def placeholders(text):
    return Counter(f"{name}!{conversion or ''}" for _, name, _, conversion in Formatter().parse(text) if name is not None)


@pytest.fixture(autouse=True)
def english_again():
    yield
    language.begin({})


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_catalogue_of_a_language_has_every_text_of_commands_and_no_other(code):
    source = texts_of_the_source()
    assert len(source) > 400
    messages = {message.id: message for message in catalogue(code) if message.id}
    assert set(messages) == source
    untranslated = [message.id for message in messages.values() if not written(message)]
    assert untranslated == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_of_commands_names_the_same_values_and_is_no_guess(code):
    for message in catalogue(code):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        one = message.id if isinstance(message.id, str) else message.id[1]
        for text in written(message):
            left_out = placeholders(one) - placeholders(text)
            assert not placeholders(text) - placeholders(one), (message.id, text)
            assert not left_out or (code == "ar" and isinstance(message.id, tuple) and set(left_out) == {"count!"}), message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_code_in_a_text_of_commands_is_the_same_code(code):
    for message in catalogue(code):
        if message.id:
            one = message.id if isinstance(message.id, str) else message.id[1]
            for text in written(message):
                assert Counter(re.findall(r"`[^`]+`", text)) == Counter(re.findall(r"`[^`]+`", one)), message.id
                assert Counter(re.findall(r"--[a-z][a-z-]+", text)) == Counter(re.findall(r"--[a-z][a-z-]+", one)), message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_what_is_compiled_of_commands_is_what_is_written(code):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(code))
    path = places.locale() / code / "LC_MESSAGES" / "commands.mo"
    assert path.read_bytes() == compiled.getvalue(), "make messages compiles the catalogues"


def test_commands_speak_the_languages_that_there_are():
    assert tuple(LANGUAGES) == language.CODES


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "fr_CH.UTF-8"}, "fr"),
        ({"LC_ALL": "", "LC_MESSAGES": "es_CO.UTF-8", "LANG": "fr_FR.UTF-8"}, "es"),
        ({"LC_ALL": "C", "LANG": "fr_FR.UTF-8"}, "en"),
        ({"LC_ALL": "fr_FR.UTF-8", "SECSCAN_LANGUAGE": "ru"}, "ru"),
        ({"LANG": "zh_Hans_CN.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment_unless_somebody_says_otherwise(environment, code):
    language.begin(environment)
    assert language.words().language[:2] == code


def test_a_locale_that_is_not_utf_8_is_answered_in_english(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    language.begin({"LANG": "fr_FR"})
    assert language.say("interrupted") == "interrupted"


def test_a_message_is_plain_english_for_logs_and_json():
    message = Message("{count} of {names!r}; {list}", count=1234, names="a", list=["b", Message("c")])
    assert message == "1234 of 'a'; b, c"
    assert json.dumps({"message": message}) == json.dumps({"message": "1234 of 'a'; b, c"})
    again = copy.deepcopy(message)
    assert (again, again.text, again.values) == (message, message.text, message.values)
    assert counted("{count} run", "{count} runs", 1) == "1 run"


def test_an_error_keeps_its_text_as_it_was_told():
    error = UsageError("no run is named {name!r}; allowed: {allowed}", name="{x}", allowed=["latest"])
    assert str(error) == "no run is named '{x}'; allowed: latest"
    assert str(SecscanError(str(error))) == str(error)
    assert SecscanError(error.message).message is error.message


def test_numbers_lists_and_texts_of_checks_in_a_message_are_of_its_language():
    words = replace(spoken("fr"), translate=lambda text: text, translate_content=lambda text: "Titre" if text == "Title" else None)
    message = Message("{count}: {list}, {title}, {other}", count=1234, list=["a", "b"], title=Title("Title"), other=Title("Other"))
    assert words.message(message) == "1\u202f234: a, b, Titre, Other"


def test_values_keep_their_direction_in_arabic_and_cannot_end_it():
    said = spoken("ar").message(Message("{name!r} / {host}", name="a", host="b\u2069\x1b[31m"))
    assert said == "\u2068'a'\u2069 / \u2068b<U+2069>␛[31m\u2069"


def test_what_a_host_says_is_harmless_in_every_language():
    for code in LANGUAGES:
        language.choose(code)
        assert "\x1b" not in language.say("{host}: {summary}", host="a\x1b[2J", summary="b\u202e")


def test_a_mistake_is_told_in_arabic_without_showing_what_keeps_directions_apart(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "ar")
    open_history(str(tmp_path / "h.sqlite")).close()
    assert run(["history", "a\u202e", "b", "--history", str(tmp_path / "h.sqlite")]) == 2
    said = capsys.readouterr().err
    assert "\u2068'a<U+202E>'\u2069" in said.replace("\\u202e", "<U+202E>")
    assert "<U+2068>" not in said


@pytest.mark.parametrize("width", [20, 80])
def test_a_paragraph_of_wide_characters_stays_in_its_columns(width):
    lines = wrap("主机 " + "豫" * 100 + " end", width, "  ", "    ")
    assert max(map(columns, lines)) <= width
    assert "".join(line.strip() for line in lines).replace(" ", "") == "主机" + "豫" * 100 + "end"


def test_a_command_that_is_told_a_language_speaks_it_and_still_logs_in_english(capsys, tmp_path):
    english = ["history", "a", "b", "--history", str(tmp_path / "h.sqlite")]
    open_history(str(tmp_path / "h.sqlite")).close()
    assert run(english) == 2
    assert capsys.readouterr().err == "secscan: nothing is known of 'a' on 'b'; allowed: a check and a host of an earlier run\n"
    assert run(["--language", "fr", *english]) == 2
    assert run(["--language", "de", *english]) == 2


@pytest.mark.parametrize(
    "words", [["baseline", "list"], ["check", "lint", "sshd_root_*"], ["plan", "-b", "web_server"]], ids=" ".join
)
def test_authors_and_owners_of_hosts_are_told_in_the_language_too(capsys, words):
    assert run(words) == 0
    english = capsys.readouterr().out
    assert run(["--language", "es", *words]) == 0
    said = capsys.readouterr().out
    assert len(said.splitlines()) >= len(english.splitlines())
    assert not re.search(r"\d checks|no problem|is written|questions|asked as|touches:", said)
