"""The portal: every page whole, inert and small, every link right, everything within reach without scripts."""

import json
import posixpath
import re
from collections import Counter
from dataclasses import replace
from urllib.parse import unquote

import pytest
import samples
from test_html import Page
from test_summary import organization

from secscan.assessments import to_document, write_document
from secscan.cli import run
from secscan.cli.folder import MARK
from secscan.languages import LANGUAGES, wording
from secscan.model.assessment import Outcome
from secscan.plugins import reporter
from secscan.reporters.html.portal import files
from secscan.reporters.html.portal.addresses import RESULTS_ON_A_PAGE, HostNames, file_name
from secscan.reporters.html.portal.writing import cut_rows
from secscan.wording import ENGLISH

MOST_BYTES = 60_000


def portal(documents, words=ENGLISH):
    return {path: "".join(pieces) for path, pieces in files(documents, words)}


def odd_names():
    names = ("", "a/b c%20#<", "../../etc/passwd", "北京", "index", "CON", "Host", "host", "x" * 300, ".hidden", "a~2")
    return [to_document(samples.assessment(samples.host(name))) for name in names]


def many_checks(hosts=1, checks=300, domains=6):
    """Hosts that are asked more than one page of a subject area can show."""
    return [to_document(_wide(f"host-{number:03}", checks, domains)) for number in range(hosts)]


def _wide(name, checks, domains):
    found = samples.assessment(samples.host(name))
    results, texts = [], {}
    for number in range(checks):
        like = found.results[number % 12]
        check = f"{like.check}_{number}"
        texts[check] = replace(found.checks[like.check], id=check, domain=f"area {number % domains}")
        results.append(replace(like, check=check))
    return replace(found, results=tuple(results), checks=texts)


SCENES = {
    "one host": samples.one_host,
    "fleet": lambda: list(samples.fleet(40)),
    "hostile host": lambda: [to_document(samples.hostile()), *samples.fleet(3)],
    "nothing judged": lambda: [to_document(samples.nothing_judged())],
    "not reached": lambda: [to_document(samples.unreachable("lost", "no route to host"))],
    "the same host twice": lambda: samples.one_host() * 2,
    "odd names": odd_names,
    "many checks": lambda: many_checks(2),
    "no host": list,
}


@pytest.fixture(scope="module", params=SCENES.values(), ids=SCENES)
def pages(request):
    return portal(request.param())


def html(pages):
    return {path: text for path, text in pages.items() if path.endswith(".html")}


def target(path, link):
    file, _, anchor = link.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(file))) if file else path, anchor


def broken(pages):
    """Links that lead nowhere, as (page, link)."""
    parsed = {path: Page(text) for path, text in html(pages).items()}
    ids = {path: set(page.ids) for path, page in parsed.items()}
    for path, page in parsed.items():
        for link in page.links:
            file, anchor = target(path, link)
            if file not in ids or (anchor and anchor not in ids[file]):
                yield path, link


def test_every_page_is_whole(pages):
    for path, text in html(pages).items():
        page = Page(text)
        assert (page.trouble, page.open) == ([], []), path
        assert [name for name, times in Counter(page.ids).items() if times > 1] == [], path
        assert page.elements["h1"] == page.elements["main"] == 1, path
        assert ("html", "lang", "en") in page.attributes
        assert len([name for tag, name, _ in page.attributes if tag == "th" and name == "scope"]) == page.elements["th"], path


def test_every_link_leads_somewhere(pages):
    assert list(broken(pages)) == []


def test_no_page_is_an_orphan(pages):
    """Whoever starts at the summary reaches every page without a script."""
    parsed = {path: Page(text) for path, text in html(pages).items()}
    seen, waiting = set(), ["index.html"]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += [target(path, link)[0] for link in parsed[path].links]
    assert set(parsed) - seen == set()


def test_a_page_asks_nobody_for_anything_but_what_lies_beside_it(pages):
    for path, text in html(pages).items():
        page = Page(text)
        assert not {"img", "iframe", "object", "base", "style"} & set(page.elements), path
        assert not [found for found in page.attributes if found[1] in {"srcset", "style", "action"} or found[1].startswith("on")]
        asked = [value for tag, name, value in page.attributes if (tag, name) in {("script", "src"), ("link", "href")}]
        assert {target(path, value)[0] for value in asked} <= set(pages), path
        assert page.elements["script"] == len([1 for tag, name, _ in page.attributes if (tag, name) == ("script", "src")])
        assert re.search(r"default-src &#39;none&#39;|default-src 'none'", text)
        assert "unsafe" not in text[: text.index("<body>")]


def test_every_page_is_small_before_its_evidence(pages):
    for path, text in html(pages).items():
        without = re.sub(r'<section class="proof".*?</section>', "", text, flags=re.DOTALL)
        without = re.sub(r'<table class="findings">.*?</table>', "", without, flags=re.DOTALL)
        assert len(without.encode()) < MOST_BYTES, path


def test_no_file_name_asks_too_much_of_a_file_system(pages):
    folded = Counter(path.casefold() for path in pages)
    assert max(folded.values()) == 1
    for path in pages:
        assert re.fullmatch(r"[A-Za-z0-9._/~-]+", path)
        assert ".." not in path.split("/")
        assert max(map(len, path.split("/"))) < 110


def test_every_result_of_every_host_opens_to_its_evidence_and_is_in_the_index():
    documents = list(samples.fleet(12))
    pages = portal(documents)
    index = read_index(pages)
    ids = {path: set(Page(text).ids) for path, text in html(pages).items()}
    for document, (name, folder, site, order, letters) in zip(documents, index["hosts"], strict=True):
        assert (name, index["sites"][site]) == (document["host"]["name"], document["host"]["site"])
        told = []
        for (check, file, anchor), letter in zip(index["orders"][order], letters, strict=True):
            told.append((index["checks"][check][0], index["letters"][letter.lower()], letter.isupper()))
            if not document["unreachable"]:
                assert anchor in ids[f"hosts/{folder}/{index['files'][file]}"]
        assert told == [(found["check"], found["outcome"], found["disposition"] != "none") for found in document["results"]]


def read_index(pages):
    written = pages["assets/index.js"]
    assert written.isascii()
    return json.loads(re.fullmatch(r"const searchIndex = (.*);\n", written)[1])


def test_the_index_has_no_evidence():
    index = read_index(portal(samples.one_host()))
    assert set(index) == {"checks", "sites", "files", "orders", "hosts", "letters", "outcomes", "severities", "decided"}
    assert "permitrootlogin yes" not in json.dumps(index)


def test_one_can_go_from_the_organization_down_to_evidence_and_back_up_from_a_requirement():
    pages = portal(samples.fleet(12))

    def follows(start, *steps):
        path = start
        for step in steps:
            found = [target(path, link)[0] for link in Page(pages[path]).links]
            assert step in found, (path, step)
            path = step

    follows("index.html", "sites.html", "sites/geneva.html", "hosts/geneva-app-04/index.html", "hosts/geneva-app-04/ssh.html")
    follows(
        "requirements.html", "requirements/UNC-IS-01.html", "checks/sshd_root_login_disabled.html", "hosts/geneva-app-04/ssh.html"
    )
    follows("frameworks.html", "frameworks/cis_v8.html", "frameworks/cis_v8/5.4.html", "checks/sshd_root_login_disabled.html")
    evidence = pages["hosts/geneva-app-04/ssh.html"]
    assert "permitrootlogin yes" in evidence
    assert 'id="sshd_root_login_disabled"' in evidence


def test_nothing_that_a_host_sends_is_obeyed_on_any_page():
    pages = portal([to_document(samples.hostile())])
    for path, text in pages.items():
        if path.startswith("assets/") and path != "assets/index.js":
            continue
        assert "<script>alert" not in text, path
        assert not set(text) & set("\x1b\u202e\u200b\u2028\x00\ud800\x9b"), path
        assert len(text) < 200_000, path
    assert re.search(r"9,999,\d\d\d more characters", pages["hosts/evil/ssh.html"])


def test_a_site_that_is_an_attack_is_a_site_like_any_other():
    bad = samples.host("a", site=samples.HOSTILE, labels={"owner": samples.HOSTILE}, criticality=samples.HOSTILE)
    pages = portal([to_document(samples.assessment(bad)), *samples.one_host()])
    assert list(broken(pages)) == []
    for path, text in html(pages).items():
        assert "<script>alert" not in text, path
        assert not set(text) & set("\x1b\u202e\u200b\u2028\x00\x9b"), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_portal_is_whole_in_every_language(language):
    words = wording(language)
    pages = portal([to_document(samples.hostile()), *samples.fleet(12)], words)
    assert list(broken(pages)) == []
    for path, text in html(pages).items():
        page = Page(text)
        assert (page.trouble, page.open) == ([], []), path
        assert ("html", "dir", "rtl" if language == "ar" else "ltr") in page.attributes
        assert len(re.sub(r'<section class="proof".*?</section>', "", text, flags=re.DOTALL).encode()) < MOST_BYTES, path


def test_the_road_map_goes_by_risk_and_names_owner_due_date_and_effort():
    pages = portal(samples.one_host())
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", pages["roadmap.html"], re.DOTALL)
    titles = [re.sub("<[^>]*>", "", row.split("</th>")[0]).strip() for row in rows]
    assert titles[:2] == ["Only root has user id 0", "Root cannot sign in over SSH"]
    assert "Security updates are installed within two weeks" not in titles
    accepted = pages["accepted.html"]
    for part in ("Security updates are installed within two weeks", "Head of finance systems", "2026-12-31", "takes minutes"):
        assert part in accepted


def test_the_organization_is_no_host_and_no_site_in_any_figure_and_has_its_page_all_the_same():
    pages = portal([organization(), *samples.three_hosts()])
    assert "Reached: 2 · " in re.sub("<[^>]*>", "", pages["hosts.html"])
    assert "No site named" not in pages["sites.html"]
    weakest = pages["index.html"]
    weakest = weakest[weakest.index("Where it is weakest") :]
    assert "The Organization" not in weakest[: weakest.index("Road map")]
    assert "The Organization" in pages["hosts.html"]
    assert list(broken(pages)) == []


def test_what_a_statement_settles_is_not_held_against_a_control():
    text = "".join(reporter("html").render([organization(), *samples.one_host()]))
    told = re.search(r"<code>CP-4</code> (\d+ / \d+)</li>", text)[1]
    assert told == "0 / 3"  # one is stated not to hold, two are open; two are settled


def test_what_ends_at_midnight_is_told_by_its_last_day():
    """As whoever wrote `expires: 2026-12-31` knows it, and as `secscan waiver list` says it."""
    pages = portal(samples.one_host())
    for path in ("accepted.html", "decisions.html"):
        assert '<time datetime="2026-12-31">2026-12-31</time>' in pages[path]
    assert "31 December" not in portal(samples.one_host(), wording("fr"))["decisions.html"]
    assert "31 décembre 2026" in portal(samples.one_host(), wording("fr"))["decisions.html"]


def test_a_check_on_several_services_of_a_host_counts_failures_and_names_the_host_once():
    names = ("https://a.example.org/", "https://b.example.org/", "https://c.example.org/")
    results = tuple(samples.result("auditd_runs", Outcome.FAIL, name, reason="it is not so") for name in names)
    document = to_document(samples.assessment(samples.host("gate"), results=results, proofs=(), changes=(), waivers={}))
    pages = portal([document, *samples.one_host()])
    row = re.search(r"<tr>.*?auditd_runs.*?</tr>", pages["checks.html"], re.DOTALL)[0]
    assert ">4</td>" in row
    assert "Hosts failing" not in pages["checks.html"] + pages["index.html"] + pages["risks.html"]
    ways = re.search(r'<section class="ways".*?</section>', pages["checks/auditd_runs.html"], re.DOTALL)[0]
    assert ways.count("<bdi>gate</bdi>") == 1
    assert "3 hosts" not in ways


def test_what_people_changed_is_told_in_the_language_of_the_page():
    words = wording("ar")
    changed = portal(samples.one_host(), words)["changes.html"]
    assert words.translate("dropped") in changed
    assert ">dropped" not in changed


def test_hosts_that_answered_alike_are_listed_as_the_language_lists():
    words = wording("zh")
    ways = portal([to_document(samples.assessment(samples.host(name))) for name in ("one", "two")], words)
    assert f"<bdi>one</bdi></a>{words.translate(', ')}<a" in ways["checks/sshd_root_login_disabled.html"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("risks.html", "No check fails."),
        ("checks.html", "Nothing was judged."),
        ("frameworks.html", "No check refers to another framework."),
        ("sites.html", "No host was assessed."),
    ],
)
def test_a_list_of_nothing_says_so_and_shows_no_empty_table(page, said):
    text = portal([])[page]
    assert said in text
    assert "<table" not in text
    assert 'aria-label=""' not in text


def test_the_label_of_a_host_names_the_owner_of_what_is_open():
    owned = samples.host("a", labels={"owner": "Chief, Network Unit"})
    assert "Chief, Network Unit" in portal([to_document(samples.assessment(owned))])["roadmap.html"]


def test_a_waiver_that_ends_within_thirty_days_is_marked():
    ending = replace(samples.WAIVERS["W-2026-007"], expires_at=samples.STARTED + 20 * 86400)
    waivers = {"W-2026-007": ending}
    near = portal([to_document(samples.assessment(waivers=waivers))])["decisions.html"]
    assert "ends within 30 days" in near
    assert "ends within 30 days" not in portal(samples.one_host())["decisions.html"]


def test_subject_areas_with_many_results_take_several_pages_and_deep_links_know_which():
    (document,) = many_checks(checks=3 * RESULTS_ON_A_PAGE, domains=1)
    pages = portal([document])
    found = [path for path in pages if path.startswith("hosts/host-000/") and "index" not in path]
    assert len(found) == 3
    last = document["results"][-1]["check"]
    (page,) = [path for path in found if f'id="{last}"' in pages[path]]
    assert f'href="../{page}#{last}"' in pages[f"checks/{last}.html"]


def test_a_result_about_something_else_than_the_host_has_an_address_of_its_own():
    first = samples.result("auditd_runs", Outcome.FAIL, "host")
    second = samples.result("auditd_runs", Outcome.PASS, "https://example.org/")
    pages = portal([to_document(samples.assessment(samples.host("host"), results=(first, second), proofs=()))])
    assert 'id="auditd_runs/https%3A%2F%2Fexample.org%2F"' in pages["hosts/host/logging.html"]
    assert list(broken(pages)) == []


def test_equal_results_of_different_hosts_are_written_alike_but_never_for_another_host():
    documents = [to_document(samples.assessment(samples.host(name))) for name in ("one", "two")]
    documents[1]["proofs"][0]["stdout"] = "permitrootlogin prohibit-password\n"
    pages = portal(documents)
    assert "permitrootlogin yes" in pages["hosts/one/ssh.html"]
    assert "permitrootlogin yes" not in pages["hosts/two/ssh.html"]
    assert "permitrootlogin prohibit-password" in pages["hosts/two/ssh.html"]


def test_rows_are_cut_by_bytes_and_none_is_lost():
    rows = ["é" * 5_000] * 30
    cut = list(cut_rows(rows, 20_000))
    assert [row for listed in cut for row in listed] == rows
    assert max(sum(len(row.encode()) for row in listed) for listed in cut) <= 40_000
    assert len(cut[0]) == 2


def test_hosts_whose_names_differ_only_in_case_have_different_folders():
    names = HostNames()
    given = [names.name(name) for name in ("web", "Web", "WEB", "web~2")]
    assert len({name.casefold() for name in given}) == 4


@pytest.mark.parametrize("text", ["", ".", "..", "index", "NUL", "com1.txt", "a b", "é", "a/../b", "\ud800"])
def test_what_is_no_safe_file_name_gets_one_with_a_digest(text):
    assert re.fullmatch(r"[A-Za-z0-9._-]*-[0-9a-f]{8}", file_name(text))


def saved(folder, names):
    (folder / "hosts").mkdir(parents=True)
    for name in names:
        document = to_document(samples.assessment(samples.host(name)))
        (folder / "hosts" / f"{name}.json").write_text(write_document(document), encoding="utf-8")


def test_the_command_writes_the_portal_below_the_output_folder_and_leaves_nothing_of_an_older_one(tmp_path, capsys):
    saved(tmp_path / "in", ["one", "two"])
    command = ["report", str(tmp_path / "in"), "-f", "portal", "-o", str(tmp_path)]
    assert run(command) == 0
    assert "portal/index.html" in capsys.readouterr().err
    assert (tmp_path / "portal" / "hosts" / "two" / "index.html").is_file()
    assert (tmp_path / "portal").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "portal").rglob("*.html")} == {0o600}
    (tmp_path / "in" / "hosts" / "two.json").unlink()
    assert run(command) == 0
    assert not (tmp_path / "portal" / "hosts" / "two").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, capsys):
    saved(tmp_path / "in", ["one"])
    kept = tmp_path / "portal" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work", encoding="utf-8")
    assert run(["report", str(tmp_path / "in"), "-f", "portal", "-o", str(tmp_path)]) == 2
    assert "did not write" in capsys.readouterr().err
    assert kept.read_text(encoding="utf-8") == "years of work"
    assert not (tmp_path / "portal" / MARK).exists()


def test_without_a_folder_there_is_no_portal(tmp_path, capsys):
    saved(tmp_path / "in", ["one"])
    assert run(["report", str(tmp_path / "in"), "-f", "portal"]) == 2
    assert "-o DIR" in capsys.readouterr().err
