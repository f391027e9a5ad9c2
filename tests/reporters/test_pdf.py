"""The PDF: whatever the page says, bookmarks, tags and language are there; nothing is fetched, what a host sends is inert."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pypdf
import pytest
import samples

from secscan import plugins
from secscan.assessments import to_document, write_document
from secscan.cli import run
from secscan.errors import UsageError
from secscan.languages import wording
from secscan.reporters.html import pdf


def few(of):
    """A host with its first results."""
    return to_document(replace(of, results=of.results[:5]))


def printed(documents, language="en"):
    return b"".join(plugins.reporter("pdf").write_bytes(documents, wording(language)))


def read(data):
    return pypdf.PdfReader(io.BytesIO(data))


def printed_page(body):
    return read(b"".join(pdf.set_pages([f'<html lang="en"><head><title>t</title></head><body><h1>t</h1>{body}</body></html>'])))


def words(reader):
    return "\n".join(page.extract_text() for page in reader.pages)


def squeezed(text):
    """A text without white space and hyphens of the reader: on paper a long word goes over several lines."""
    return "".join(text.split())


class Seen(HTMLParser):
    """The words of a page that are not for screens alone."""

    VOID = frozenset({"meta", "br", "input", "img", "rect", "path"})
    SCREEN = frozenset({"script", "style", "title", "form", "footer", "svg"})
    KINDS = frozenset({"skip", "here", "unseen"})

    def __init__(self, page):
        super().__init__()
        self.hidden, self.open, self.words = 0, [], set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            hides = tag in self.SCREEN or bool(self.KINDS.intersection((dict(attrs).get("class") or "").split()))
            self.open.append((tag, hides))
            self.hidden += hides

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        while self.open:
            opened, hides = self.open.pop()
            self.hidden -= hides
            if opened == tag:
                return

    def handle_data(self, data):
        if not self.hidden:
            self.words.update(data.split())


def titles(outline):
    for entry in outline:
        yield from titles(entry) if isinstance(entry, list) else [entry.title]


@pytest.fixture(scope="module")
def one():
    return read(printed([few(samples.assessment())]))


def test_the_text_of_results_and_evidence_can_be_read_and_searched(one):
    text = words(one)
    for part in ("Root cannot sign in over SSH", "permitrootlogin yes", "AC-6(2)"):
        assert part in text
    assert f"{len(one.pages)} / {len(one.pages)}" in text


@pytest.mark.parametrize(
    ("documents", "language"),
    [
        *((samples.one_host, language) for language in ("en", "fr", "ru", "es")),
        (samples.three_hosts, "en"),
        (samples.twelve_hosts, "en"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_no_word_of_the_page_is_missing_on_paper(documents, language):
    page = "".join(plugins.reporter("html").write(documents(), wording(language)))
    seen = Seen(page).words
    assert len(seen) > 300
    paper = squeezed(words(read(printed(documents(), language))))
    assert sorted(word for word in seen if word not in paper) == []


def test_every_result_of_a_host_is_there_with_its_texts_values_and_evidence():
    document = samples.one_host()[0]
    paper = squeezed(words(read(printed([document]))))
    for result in document["results"]:
        check = document["checks"][result["check"]]
        told = [
            check["id"],
            check["title"],
            check["rationale"].replace("`", ""),
            check["remedy"].replace("`", ""),
            result["reason"],
        ]
        told += [finding["that"] for finding in result["findings"]]
        for proof in (document["proofs"][index] for index in result["proofs"]):
            told += [*proof["stdout"][:300].splitlines(), proof["stdout_sha256"][:16], *proof["observation"]]
        assert [text for text in told if squeezed(text) not in paper] == [], result["check"]


def test_what_a_screen_alone_needs_is_not_printed(one):
    text = words(one)
    for part in ("Filter the results", "Only what fails", "Link to this result", "Skip to the results"):
        assert part not in text


def test_the_head_of_a_table_is_repeated_on_every_page_of_it():
    rows = "".join(f"<tr><td>{number}</td><td>said</td></tr>" for number in range(200))
    table = f'<table><thead><tr><th scope="col">Column</th><th scope="col">Heading</th></tr></thead><tbody>{rows}</tbody></table>'
    pages = printed_page(table).pages
    assert len(pages) > 3
    assert all("Heading" in page.extract_text() for page in pages)


def test_a_link_leads_to_the_page_on_which_its_target_begins_and_one_to_nothing_is_a_text():
    lines = "<p>line</p>" * 150
    page = f'<p><a href="#far">go</a> <a href="#none">stay</a></p>{lines}<section id="far"><h2>Far</h2>{lines}</section>'
    reader = printed_page(page)
    [link] = [note.get_object() for page in reader.pages for note in page.get("/Annots", ())]
    led = link["/Dest"][0].get_object()
    assert ["Far" in found.extract_text() for found in reader.pages].index(True) > 1
    assert "Far" in next(found for found in reader.pages if found == led).extract_text()
    assert "stay" in words(reader)


def test_contents_name_the_page_of_each_section(one):
    _, sections = one.outline[:2]
    numbers = {entry.title: one.get_destination_page_number(entry) + 1 for entry in sections if not isinstance(entry, list)}
    assert len(numbers) >= 5
    first = squeezed(one.pages[0].extract_text()).replace(".", "")
    assert [name for name, number in numbers.items() if f"{squeezed(name)}{number}" not in first] == []


def test_a_letter_that_no_font_has_is_no_reason_for_no_report():
    reader = printed_page("<p>before \U00010fff after</p>")
    assert "before" in words(reader)
    assert "/StructTreeRoot" in reader.trailer["/Root"]


def test_nothing_that_a_page_says_is_an_instruction_to_the_typesetter():
    said = ['"); #panic("x") //', "\\u{41} \\", '#read("/etc/passwd")', "*a* _b_ $x$ `c` <mark> @d = e", "/* f", "[g] {h}"]
    text = squeezed(words(printed_page("".join(f"<p>{escape(part)}</p><pre>{escape(part)}</pre>" for part in said))))
    assert [part for part in said if text.count(squeezed(part)) != 2] == []


def test_long_words_are_broken_and_read_as_one():
    for word in ("a" * 300, "/".join(["folder"] * 60), "0123456789abcdef" * 12, "ж" * 200, "日" * 200):
        reader = printed_page(f"<table><tr><td>{word}</td><td>{'text ' * 30}</td></tr></table><pre>{word}</pre>")
        assert squeezed(words(reader)).count(word) == 2


def test_sections_and_every_result_have_a_bookmark(one):
    found = list(titles(one.outline))
    for title in ("Summary", "Requirements", "Root cannot sign in over SSH", "Only root has user id 0", "Glossary"):
        assert found.count(title) == 1, title


def test_it_is_tagged_for_screen_readers_and_names_its_title(one):
    catalogue = one.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in catalogue
    assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "geneva-web-01" in one.metadata.title
    assert b"pdfuaid:part" in catalogue["/Metadata"].get_data()


@pytest.mark.parametrize(("language", "name", "part"), [("en", "en", "Summary"), ("ar", "ar", "SSH"), ("zh", "zh-CN", "SSH")])
def test_it_is_in_its_language_with_a_glyph_for_every_letter(language, name, part):
    documents = [to_document(replace(samples.assessment(), results=samples.assessment().results[:1]))]
    reader = read(printed(documents, language))
    assert reader.trailer["/Root"]["/Lang"] == name
    assert part in words(reader)
    fonts = {
        str(font["/BaseFont"]) for page in reader.pages for font in (f.get_object() for f in page["/Resources"]["/Font"].values())
    }
    assert not [font for font in fonts if "lastresort" in font.lower()]


def test_nothing_in_it_leads_outside_or_runs(one):
    found = read(printed([few(samples.hostile())]))
    for reader in (one, found):
        for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values()))):
            try:
                there = reader.get_object(number)
            except pypdf.errors.PdfReadError:
                continue
            if isinstance(there, pypdf.generic.DictionaryObject):
                assert not {"/JS", "/URI", "/Launch", "/EmbeddedFile", "/OpenAction", "/AA", "/GoToR"} & set(there)


def test_what_a_host_sends_is_text_and_nothing_else():
    text = words(read(printed([few(samples.hostile())])))
    assert "alert(1)" in text  # as text
    assert not set(text) & set("\x1b\u202e\u200b")


def test_an_address_that_a_page_names_is_not_fetched(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>SESAME</text></svg>', encoding="utf-8")
    page = f'<html lang="en"><title>t</title><body><p>here</p><img alt="x" src="{secret.as_uri()}"><img alt="y" src="http://127.0.0.1:9/">'
    text = words(read(b"".join(pdf.set_pages([page]))))
    assert "here" in text
    assert "SESAME" not in text


def test_pages_that_are_too_large_for_memory_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(pdf, "PAGE_LIMIT", 100)
    with pytest.raises(UsageError, match="portal"):
        printed([few(samples.assessment())])


def test_several_hosts_are_shown_in_full_up_to_a_number_of_results_and_the_page_says_what_it_leaves_out(monkeypatch):
    assert "more hosts than it can show in full" not in words(read(printed(samples.three_hosts())))
    monkeypatch.setattr(pdf, "RESULTS_IN_FULL", 30)
    text = words(read(printed(samples.three_hosts())))
    assert "more hosts than it can show in full" in squeezed_lines(text)
    assert text.count("Root cannot sign in over SSH") > 2
    assert "more hosts" not in words(read(printed(samples.one_host())))


def squeezed_lines(text):
    return " ".join(text.split())


def saved(folder):
    path = folder / "host.json"
    path.write_text(write_document(few(samples.assessment())), encoding="utf-8")
    return str(path)


def test_without_the_extra_it_says_what_to_install_before_any_host_is_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(plugins, "find_spec", lambda name: None)
    assert run(["report", saved(tmp_path), "-f", "pdf", "-o", str(tmp_path)]) == 2
    assert "pip install 'secscan[pdf]'" in capsys.readouterr().err


def test_an_engine_that_does_not_load_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError, match=r"secscan\[pdf\]"):
        pdf.load_engine()


def test_the_command_writes_the_file_whole_for_its_owner_only(tmp_path):
    assert run(["report", saved(tmp_path), "-f", "pdf", "-o", str(tmp_path)]) == 0
    path = tmp_path / "report.pdf"
    assert path.read_bytes().startswith(b"%PDF-")
    assert path.stat().st_mode & 0o777 == 0o600


def test_standard_output_takes_the_bytes_as_they_are(tmp_path, capfdbinary):
    assert run(["report", saved(tmp_path), "-f", "pdf"]) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.startswith(b"%PDF-")
