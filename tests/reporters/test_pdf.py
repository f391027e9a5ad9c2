"""The PDF: text, bookmarks, tags and language are there, nothing is fetched, what a host sends is inert, and size is bounded."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

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
    """A host with its first results: setting pages takes a while."""
    return to_document(replace(of, results=of.results[:5]))


def printed(documents, language="en"):
    return b"".join(plugins.reporter("pdf").write_bytes(documents, wording(language)))


def read(data):
    return pypdf.PdfReader(io.BytesIO(data))


def words(reader):
    return "\n".join(page.extract_text() for page in reader.pages)


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


@pytest.mark.parametrize(("language", "name", "part"), [("en", "en", "Summary"), ("ar", "ar", "SSH"), ("zh", "zh-Hans", "SSH")])
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


def saved(folder):
    path = folder / "host.json"
    path.write_text(write_document(few(samples.assessment())), encoding="utf-8")
    return str(path)


def test_without_the_extra_it_says_what_to_install_before_any_host_is_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(plugins, "find_spec", lambda name: None)
    assert run(["report", saved(tmp_path), "-f", "pdf", "-o", str(tmp_path)]) == 2
    assert "pip install 'secscan[pdf]'" in capsys.readouterr().err


def test_an_engine_that_does_not_load_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
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
