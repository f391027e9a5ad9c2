"""Six languages: whole, right in form, and marked where a text is English after all."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from string import Formatter

import pytest
import samples
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from test_html import Page

from secscan import __version__, places
from secscan.assessments import to_document
from secscan.errors import InputError, UsageError
from secscan.findings import write_finding
from secscan.inert import columns
from secscan.languages import LANGUAGES, spoken, wording
from secscan.plugins import REPORTERS, reporter
from secscan.reporters import Reporter
from secscan.wording import ENGLISH

REPOSITORY = places.checks().parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
KEYWORDS = {"_": None, "mark": None, "translate_plural": (1, 2)}
FORMS = {"ar": 6, "zh": 1, "fr": 2, "ru": 3, "es": 2}
GOLDEN = REPOSITORY / "tests" / "reporters" / "golden"


def catalogue(language, domain="secscan"):
    path = places.locale() / language / "LC_MESSAGES" / f"{domain}.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def texts_of_the_source():
    methods, options = parse_mapping_cfg(io.StringIO((REPOSITORY / "babel.cfg").read_text(encoding="utf-8")))
    found = set()
    for folder in ("secscan", "report_templates"):
        pairs = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods if pattern.startswith(folder)]
        chosen = {pattern.removeprefix(f"{folder}/"): given for pattern, given in options.items()}
        found |= {message for _, _, message, _, _ in extract_from_dir(REPOSITORY / folder, pairs, chosen, KEYWORDS)}
    return found


def placeholders(text):
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def written(message):
    return (message.string,) if isinstance(message.string, str) else message.string


def render(name, documents, words):
    return "".join(reporter(name).write(documents, words))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_reports_is_translated_and_nothing_else_is(language):
    source = texts_of_the_source()
    assert len(source) > 200
    messages = {message.id: message for message in catalogue(language) if message.id}
    assert set(messages) == source
    assert [message.id for message in messages.values() if not all(text.strip() for text in written(message))] == []


@pytest.mark.parametrize("domain", ["secscan", "content"])
@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_a_guess(language, domain):
    assert [message.id for message in catalogue(language, domain) if message.fuzzy and message.id] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_what_its_text_names(language):
    for message in catalogue(language):
        if isinstance(message.id, tuple):  # Arabic says none, one and two without the number
            least = 0 if language == "ar" else 1
            assert all(least <= placeholders(text)["count"] <= 1 for text in written(message)), message.id
            assert all(set(placeholders(text)) <= {"count"} for text in written(message))
        elif message.id:
            assert placeholders(message.string) == placeholders(message.id), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_code_in_a_translated_text_of_a_check_is_the_same_code(language):
    for message in catalogue(language, "content"):
        if message.id and message.string:
            assert Counter(re.findall(r"`[^`]+`", message.string)) == Counter(re.findall(r"`[^`]+`", message.id)), message.id


@pytest.mark.parametrize("domain", ["secscan", "content"])
@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language, domain):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language, domain))
    path = places.locale() / language / "LC_MESSAGES" / f"{domain}.mo"
    assert path.read_bytes() == compiled.getvalue(), "make messages compiles the catalogues"


@pytest.mark.parametrize("text", ["", " ", "\n"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_says_nothing_says_nothing_in_any_language(language, text):
    for words in (wording(language), spoken(language)):
        assert (words.translate(text).strip(), (words.translate_content(text) or "").strip()) == ("", "")


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_all_its_plural_forms(language):
    assert catalogue(language).num_plurals == FORMS[language]
    assert {len(written(message)) for message in catalogue(language) if isinstance(message.id, tuple)} == {FORMS[language]}


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        ("ru", {1: "1 узел", 2: "2 узла", 5: "5 узлов", 11: "11 узлов", 21: "21 узел", 1234: "1\u00a0234 узла"}),
        ("ar", {0: "لا مضيفات", 1: "مضيف واحد", 2: "مضيفان", 3: "3 مضيفات", 11: "11 مضيفاً", 100: "100 مضيف"}),
        ("fr", {0: "0 hôte", 1: "1 hôte", 2: "2 hôtes"}),
        ("es", {1: "1 equipo", 2: "2 equipos"}),
        ("zh", {1: "1 台主机", 1234: "1,234 台主机"}),
        ("en", {1: "1 host", 1234: "1,234 hosts"}),
    ],
)
def test_hosts_are_counted_as_the_language_counts(language, counts):
    assert {count: wording(language).hosts(count) for count in counts} == counts


@pytest.mark.parametrize(
    ("language", "moment", "rate", "offset"),
    [
        ("en", "2026-11-01 09:00 UTC", "36.3%", "-0.2 s"),
        ("ar", "1 تشرين الثاني/نوفمبر 2026 الساعة 09:00 بالتوقيت العالمي المنسق", "36.3%", "\u22120.2 ث"),
        ("zh", "2026年11月1日 09:00（协调世界时）", "36.3%", "\u22120.2 秒"),
        ("fr", "1 novembre 2026 à 09:00 UTC", "36,3\u00a0%", "\u22120,2 s"),
        ("ru", "1 ноября 2026\u202fг., 09:00 UTC", "36,3\u00a0%", "\u22120,2 с"),
        ("es", "1 de noviembre de 2026, 09:00 UTC", "36,3\u00a0%", "\u22120,2 s"),
    ],
)
def test_days_rates_and_measures_read_as_the_language_writes_them(language, moment, rate, offset):
    words = wording(language)
    assert (words.moment("2026-11-01T09:00:00.250Z"), words.rate(0.3636), words.offset(-0.2)) == (moment, rate, offset)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", ["one_host", "twelve_hosts", "fleet", "hostile"])
def test_a_page_is_whole_in_every_language(language, scene):
    documents = {
        "one_host": samples.one_host,
        "twelve_hosts": samples.twelve_hosts,
        "fleet": lambda: list(samples.fleet(29)),
        "hostile": lambda: [to_document(samples.hostile())],
    }[scene]()
    words = wording(language)
    page = Page(render("html", documents, words))
    assert (page.trouble, page.open) == ([], [])
    assert ("html", "lang", words.language) in page.attributes
    assert ("html", "dir", "rtl" if language == "ar" else "ltr") in page.attributes
    assert [link for link in page.links if not link.startswith("#") or link[1:] not in page.ids] == []


def test_no_bidirectional_control_of_a_host_reaches_a_page_that_mixes_directions():
    text = render("html", [to_document(samples.hostile())], wording("ar"))
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200e\u200f\u061c")
    opened = 0
    for character in re.sub(r"<[^>]*>", "", text):
        opened += {"\u2068": 1, "\u2069": -1}.get(character, 0)
        assert opened >= 0


def test_a_host_cannot_end_the_isolation_of_its_value():
    finding = {"that": "a\u2069b", "matcher": "equals", "expected": "x", "actual": "\u2069\u202eevil", "holds": False, "reason": ""}
    said = write_finding(replace(wording("ar"), isolates=True), finding | {"item": None, "missing": [], "extra": []})
    assert said.count("\u2068") == said.count("\u2069")
    assert "<U+2069><U+202E>evil" in said


def test_a_text_that_nobody_has_translated_is_marked_as_english():
    page = render("html", samples.one_host(), wording("ar"))
    assert '<span lang="en" dir="ltr">Only root has user id 0</span>' in page
    assert "lang=" not in re.sub(r"<html [^>]*>|:lang|\[lang", "", render("html", samples.one_host(), ENGLISH))


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_translated_page_looks_as_it_did_when_somebody_last_looked(language, file_regression):
    text = render("html", samples.one_host(), wording(language)).replace(f"secscan {__version__}", "secscan VERSION")
    file_regression.check(text, fullpath=GOLDEN / f"one_host.{language}.html", encoding="utf-8", newline="")


@pytest.mark.parametrize("name", sorted(set(REPORTERS) - {"html", "markdown", "pdf", "portal", "text"}))
def test_what_programs_read_is_english_always(name):
    stable = [re.sub(r"[0-9a-f-]{36}|\d{4}-\d\d-\d\dT[0-9:.]+Z?(\+00:00)?", "", render(name, samples.one_host(), wording(language)))
              for language in ("en", "ru")]  # fmt: skip
    assert stable[0] == stable[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_report_keeps_its_columns_in_every_language(language):
    for scene in (samples.one_host, samples.twelve_hosts):
        lines = render("text", scene(), wording(language)).splitlines()
        assert max(map(columns, lines)) <= 100


def test_an_organization_says_its_own_words(tmp_path):
    terms = tmp_path / "terms.yml"
    terms.write_text("en: {Waived: Exempted, coverage: reach}\nfr: {Référentiel: Socle minimal}\n", encoding="utf-8")
    english, french = wording("en", terms), wording("fr", terms)
    assert english.translate("Waived") == "Exempted"
    assert english.translate("Coverage") == "Reach"
    assert english.translate("compliance {compliance}, coverage {coverage}") == "compliance {compliance}, reach {coverage}"
    assert english.content("`coverage` is recoverage") == "`coverage` is recoverage"
    assert french.translate("Baseline") == "Socle minimal"
    assert wording("es", terms).translate("Waived") == "Exención"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("de: {a: b}", "'de'"),
        ("fr: nothing", "must be a mapping"),
        ("fr: {a: 3}", "must be replaced by text"),
        ("fr: {'{count}': x}", "must be replaced by text"),
        ("- fr", "must be a mapping of languages"),
    ],
)
def test_a_wrong_file_of_terms_says_what_is_wrong(tmp_path, text, problem):
    terms = tmp_path / "terms.yml"
    terms.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(problem)):
        wording("fr", terms)


def test_an_unknown_language_says_which_there_are():
    with pytest.raises(UsageError, match="ar, zh, en, fr, ru, es"):
        wording("de")


def test_a_plugin_that_knows_no_languages_is_rendered_as_ever():
    plain = Reporter("plain", "plain", "text/plain", "From before", lambda documents: iter(["as ever"]))
    assert "".join(plain.write([], wording("fr"))) == "as ever"
