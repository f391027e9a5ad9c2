"""The page: self-contained, inert, whole without scripts, readable by everybody."""

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import samples

from secscan import places
from secscan.assessments import to_document
from secscan.documents import read_document
from secscan.languages import wording
from secscan.model.assessment import CheckText
from secscan.reporters.html import HOSTS_IN_FULL, REPORTER, render, templates
from secscan.reporters.html.pictures import Pictures, bar_widths
from secscan.terms import DOMAINS

SCENES = {
    "one host": samples.one_host,
    "twelve hosts": samples.twelve_hosts,
    "fleet": lambda: list(samples.fleet(HOSTS_IN_FULL + 9)),
    "hostile host": lambda: [to_document(samples.hostile())],
    "hostile fleet": lambda: [to_document(samples.hostile()), *samples.fleet(HOSTS_IN_FULL)],
    "nothing judged": lambda: [to_document(samples.nothing_judged())],
    "not reached": lambda: [to_document(samples.unreachable("lost", "no route to host"))],
    "the same host twice": lambda: samples.one_host() * 2,
    "odd names": lambda: [to_document(samples.assessment(samples.host(name))) for name in ("summary", "a/b c%20#<", "", "北京")],
    "no host": list,
}
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """What a browser would see: elements, addresses, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.ids, self.links, self.open, self.data, self.trouble = Counter(), [], [], [], {}, []
        self.attributes = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given.get("href"))
        if tag == "li" and self.open[-1:] == ["li"]:
            self.open.pop()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag == "ul" and self.open[-1:] == ["li"]:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.trouble.append(tag)

    def handle_data(self, data):
        if self.open:
            self.data.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module", params=SCENES.values(), ids=SCENES)
def text(request):
    return "".join(render(request.param()))


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_every_element_is_closed(page):
    assert page.trouble == []
    assert page.open == []


def test_no_address_is_given_twice_and_every_link_leads_somewhere(page):
    assert [name for name, times in Counter(page.ids).items() if times > 1] == []
    assert [link for link in page.links if not link.startswith("#") or link[1:] not in page.ids] == []


def test_the_page_asks_nobody_for_anything(page, text):
    assert not {"link", "img", "iframe", "object", "base"} & set(page.elements)
    assert not [
        attribute
        for attribute in page.attributes
        if attribute[1] in {"src", "srcset", "style", "action"} or attribute[1].startswith("on")
    ]
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    policy = next(value for tag, name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    for kind, element in (("style-src", "style"), ("script-src", "script")):
        content = "".join(page.data[element]) if element == "style" else re.search(r"<script>(.*)</script>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy


def test_only_our_own_scripts_are_elements(page):
    assert page.elements["script"] <= 2
    assert page.elements["style"] == 1


def test_a_screen_reader_finds_its_way(page):
    assert page.elements["h1"] == page.elements["main"] == page.elements["nav"] == 1
    assert ("html", "lang", "en") in page.attributes
    assert ("html", "dir", "ltr") in page.attributes
    heads = [value for tag, name, value in page.attributes if tag == "th" and name == "scope"]
    assert len(heads) == page.elements["th"]


def test_without_scripts_every_result_is_there_and_no_dead_control_shows():
    text = "".join(render(samples.one_host()))
    assert text.count('<details class="result ') == 12
    assert re.search(r'<form id="filters"[^>]* hidden>', text)
    for document in samples.one_host():
        for check in document["checks"].values():
            assert check["title"] in text


def test_texts_of_a_check_stand_on_the_page_once():
    for scene in (samples.one_host, samples.twelve_hosts):
        text = "".join(render(scene()))
        assert text.count("one guessed password is the whole host") == 1


def test_one_answer_that_serves_two_checks_is_shown_once():
    found = samples.assessment()
    twice = (*found.results[:1], samples.result("auditd_runs", found.results[0].outcome, proofs=(0,)))
    text = "".join(render([to_document(samples.assessment(results=twice))]))
    assert text.count("permitrootlogin yes\n") == 1
    assert "The same answer serves another check" in text


def test_a_result_opens_to_question_answer_finding_and_remedy():
    text = "".join(render(samples.one_host()))
    start = text.index('id="geneva-web-01/sshd_root_login_disabled"')
    result = text[start : text.index("</details>", start)]
    for part in (
        "<b>sshd_option</b> option=PermitRootLogin",
        "permitrootlogin yes",
        "one of &#34;no&#34;",
        "exit 0",
        "as uid 0",
        "20 bytes",
        "Set <code>PermitRootLogin no</code>",
        "AC-6(2)",
        "UNC-IS-01",
        "<code>allowed</code>",
    ):
        assert part in result, part


def test_a_page_with_the_texts_of_three_hundred_checks_of_ours_stays_below_one_and_a_half_megabytes():
    """Two questions a check, of which every other serves several checks: as many as a host of un_minimum has."""
    files = sorted(places.checks().rglob("*.yaml"))[:300]
    read = [read_document(path).data for path in files]
    texts = {
        data["id"]: CheckText(
            data["id"], path.parent.name, data["title"], data["rationale"], data["remediation"]["text"], "hours", "restart",
            {name: tuple(ids) for name, ids in data["references"].items()}, samples.digest(data["id"]),
        )
        for path, data in zip(files, read, strict=True)
    }  # fmt: skip
    seen = {f"attribute_{number}": f"value {number} of the file" for number in range(6)}
    proofs = tuple(samples.proof("file", "file", {"path": f"/etc/{n}"}, f"answer {n}\n" * 12, seen) for n in range(450))
    like = [replace(result, findings=result.findings[:2]) for result in samples.assessment().results]
    results = tuple(
        replace(like[number % 12], check=check, proofs=(number, 300 + number // 2)) for number, check in enumerate(texts)
    )
    page = "".join(render([to_document(samples.assessment(results=results, checks=texts, proofs=proofs))]))
    assert page.count('<details class="result ') == 300
    assert len(page.encode()) < 1_500_000


def test_a_question_that_serves_two_checks_tells_once_what_was_made_of_it():
    found = samples.assessment()
    twice = (*found.results[:1], samples.result("auditd_runs", found.results[0].outcome, proofs=(0,)))
    text = "".join(render([to_document(samples.assessment(results=twice))]))
    assert text.count("<code>source</code>") == 1
    assert text.count("What was made of it</p>") == 1


def test_where_our_checks_were_proposed_is_told_to_nobody():
    texts = {**samples.CHECKS, "auditd_runs": replace(samples.CHECKS["auditd_runs"], references={"un_catalogue": ("LOG-001",)})}
    text = "".join(render([to_document(samples.assessment(checks=texts))]))
    assert "un_catalogue" not in text
    assert "LOG-001" not in text


def test_subject_areas_have_names_and_not_identifiers():
    found = {path.parent.name for path in places.checks().rglob("*.yaml")}
    assert found == set(DOMAINS)
    texts = {name: replace(text, domain="data_protection") for name, text in samples.CHECKS.items()}
    text = "".join(render([to_document(samples.assessment(checks=texts))]))
    assert "Data protection" in text
    assert ">data_protection<" not in text


def test_an_answer_that_was_cut_says_so():
    assert "This is the beginning of 5,400 bytes" in "".join(render(samples.one_host()))


def test_a_large_fleet_page_names_every_host_and_says_what_it_leaves_out():
    documents = list(samples.fleet(HOSTS_IN_FULL + 9))
    text = "".join(render(documents))
    for document in documents:
        assert f"<bdi>{document['host']['name']}</bdi>" in text
    assert "It leaves out raw evidence and whatever passes" in text
    assert "permitrootlogin yes" not in text


def test_the_embedded_data_is_the_outcomes_and_nothing_else():
    documents = list(samples.fleet(HOSTS_IN_FULL + 9))
    text = "".join(render(documents))
    island = json.loads(re.search(r'<script type="application/json" id="island">(.*?)</script>', text)[1])
    assert set(island) == {"checks", "orders", "hosts", "letters", "words"}
    for document, (order, letters) in zip(documents, island["hosts"], strict=True):
        outcomes = [
            (island["checks"][check][0], island["letters"][letter])
            for check, letter in zip(island["orders"][order], letters, strict=True)
        ]
        assert outcomes == [(result["check"], result["outcome"]) for result in document["results"]]


def test_pages_with_every_result_embed_no_data():
    assert "application/json" not in "".join(render(samples.twelve_hosts()))


def test_equal_answers_of_a_fleet_are_told_once_with_their_number():
    text = "".join(render(samples.fleet(HOSTS_IN_FULL + 9)))
    assert text.count("root_login.value: expected one of &#34;no&#34;, got &#34;yes&#34;") == 1


@pytest.mark.parametrize("counts", [[1], [1, 99_999], [1, 1, 1], [5, 1, 9, 4, 1]])
def test_a_bar_is_filled_and_shows_every_outcome(counts):
    widths = bar_widths(counts)
    assert sum(widths) == 1000
    assert min(widths) >= 6


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_picture_of_progress_has_value_earlier_value_and_target_where_they_lie(language):
    drawn = str(Pictures(wording(language)).progress(50.0, 90.0, 25.0, 100.0))
    parts = {
        kind: (int(left), int(width)) for kind, left, width in re.findall(r'class="(\w+)" x="(\d+)" y="\d+" width="(\d+)"', drawn)
    }
    mirrored = language == "ar"
    assert parts["level"] == (500 if mirrored else 0, 500)
    assert parts["earlier"] == (750 if mirrored else 0, 250)
    assert parts["aim"] == ((88 if mirrored else 900), 12)
    unknown = str(Pictures(wording(language)).progress(None, 0.0, None, 0.0))
    assert "level" not in unknown
    assert "earlier" not in unknown


def _schemes():
    style = (places.report_templates() / "html" / "page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    light, dark, print_ = (dict(re.findall(r"--([a-z_-]+): (#[0-9a-f]+)", block)) for block in blocks)
    return {"light": light, "dark": light | dark, "print": light | print_}


def _luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


TEXT_ON = [
    *((text, ground) for text in ("ink", "soft", "accent", "critical", "high", "medium", "low") for ground in ("paper", "panel")),
    *((word, f"{word}-tint") for word in ("fail", "error", "unreachable", "manual", "pass", "other")),
    ("ink", "well"),
    ("soft", "well"),
]


@pytest.mark.parametrize("scheme", _schemes().values(), ids=_schemes())
@pytest.mark.parametrize(("text_colour", "ground"), TEXT_ON)
def test_every_text_has_the_contrast_that_wcag_2_2_aa_asks_for(scheme, text_colour, ground):
    lighter, darker = sorted((_luminance(scheme[text_colour]), _luminance(scheme[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_the_page_needs_no_template_that_was_not_prepared_while_hosts_were_asked():
    templates.environment.cache_clear()
    REPORTER.prepare()
    known = set(templates.environment().cache.keys())
    for scene in ("one host", "twelve hosts", "fleet", "not reached"):
        "".join(render(SCENES[scene]()))
    assert set(templates.environment().cache.keys()) == known
